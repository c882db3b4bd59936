"""No file above 500 lines, no function above 60: what grows beyond has parts with names of their own."""

import ast
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
