"""No file above 500 lines, no function above 60: what grows beyond has parts with names of their own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("hlsexplore", "hls", "widgets", "tests", "benchmarks", "scripts", "findings")
MAX_FILE = 500
MAX_FUNCTION = 60
"""Lines of a function, its docstring included."""
SUFFIXES = (".py", ".js", ".h", ".j2", ".v")
MADE = ("node_modules", "golden", "vendor", "data", "simulation_headers")
"""Folders with what others or programs wrote."""

JS_FUNCTION = re.compile(
    r"^(?P<indent> *)(?!(?:if|for|while|switch|catch|with)\b)"
    r"(?:(?:export )?(?:async )?function\b.*|(?:async )?\w+\([^;]*\) |(?:export )?(?:const|let) (?P<name>\w+) = .*=> )\{$"
)
"""The first line of a function, a method or an arrow with a name; the formatter ends it with a brace as far in."""


def sources(*suffixes: str) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and not set(path.relative_to(ROOT).parts) & set(MADE):
                yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_is_longer_than_500_lines() -> None:
    found = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*SUFFIXES)}
    assert len(found) > 500, "the walk over the tree finds no files"
    assert {path: count for path, count in found.items() if count > MAX_FILE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    found = {}
    for path in sources(".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                found[f"{name(path)}:{node.lineno} {node.name}"] = node.end_lineno - node.lineno + 1
    assert len(found) > 3000, "the walk over the tree finds no functions"
    assert {place: count for place, count in found.items() if count > MAX_FUNCTION} == {}


def js_functions(text: str) -> Iterator[tuple[int, int]]:
    """Yield the first line of each function of a JavaScript text, and how many it has."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if (found := JS_FUNCTION.match(line)) is not None:
            end = re.compile(found["indent"] + r"\}[;,)]*$")
            yield at + 1, next(index for index in range(at, len(lines)) if end.match(lines[index])) - at + 1


def test_no_function_of_the_browser_side_is_longer_than_60_lines() -> None:
    found = {}
    for path in sources(".js"):
        for line, count in js_functions(path.read_text(encoding="utf-8")):
            found[f"{name(path)}:{line}"] = count
    assert len(found) > 200, "the walk over the tree finds no functions"
    assert {place: count for place, count in found.items() if count > MAX_FUNCTION} == {}


def test_functions_of_javascript_are_found() -> None:
    text = """export function a(x) {
  if (x) {
    y();
  }
}
class B {
  async c({ d }) {
    const e = (f) => {
      g(f);
    };
  }
}
"""
    assert list(js_functions(text)) == [(1, 5), (7, 5), (8, 3)]
