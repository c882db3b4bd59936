"""Gather what the documentation is built from into one folder: pages, notebooks, and a page of the API for each room.

    python scripts/docs_source.py build

The pages of `docs/` stay where they are read on GitHub too; the reference is written from the tree, so that no module
can be forgotten. `make docs` runs this and then mkdocs.
"""

import ast
import shutil
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "hlsexplore": ROOT / "hlsexplore",
    "hlsexplore_hls": ROOT / "hls" / "hlsexplore_hls",
    "hlsexplore_widgets": ROOT / "widgets" / "hlsexplore_widgets",
}
NAV = {
    "Guides": ("explorer", "cli", "importers", "defaults", "compression", "search", "hls4ml"),
    "Reference": ("ir", "emulator", "estimates", "cpp", "rtl", "tools", "coverage", "glossary"),
    "Development": ("CONTRIBUTING", "architecture", "adding", "CHANGELOG"),
}
"""Pages of each part of the site; the others of `docs/` follow under the last one."""
LOOSE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Pages of the repository's root."""


def main() -> int:
    """Write the folder anew."""
    if len(sys.argv) != 2:
        print(f"usage: python {sys.argv[0]} FOLDER", file=sys.stderr)  # noqa: T201
        return 2
    target = Path(sys.argv[1]) / "docs-source"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "docs", target)
    shutil.copytree(ROOT / "notebooks", target / "notebooks", ignore=shutil.ignore_patterns("*.npz", ".ipynb_*"))
    for name in LOOSE:
        # Links of the root's pages into docs/ are links beside them here.
        text = (
            (ROOT / name)
            .read_text(encoding="utf-8")
            .replace("](docs/adr)", "](adr/0001-layout.md)")
            .replace("](docs/", "](")
        )
        (target / ("index.md" if name == "README.md" else name)).write_text(text, encoding="utf-8")
    for package, folder in PACKAGES.items():
        write_reference(package, folder, target / "reference" / package)
    config = {"INHERIT": str(ROOT / "mkdocs.yml"), "nav": navigation(target)}
    (target.parent / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return 0


def navigation(target: Path) -> list[dict[str, object]]:
    """Return the parts of the site with their pages.

    Args:
        target: The folder with all pages.
    """
    named = {f"{name}.md" for names in NAV.values() for name in names}
    others = [path.name for path in sorted(target.glob("*.md")) if path.name not in {*named, "index.md"}]
    parts: list[dict[str, object]] = [{"Start": "index.md"}]
    parts += [{part: [f"{name}.md" for name in names]} for part, names in NAV.items()]
    parts[-1] = {"Development": [*(f"{name}.md" for name in NAV["Development"]), *others, *_below(target, "adr")]}
    parts.insert(2, {"Notebooks": _below(target, "notebooks")})
    parts.append({"API": [{name: _below(target, f"reference/{name}")} for name in PACKAGES]})
    return parts


def _below(target: Path, folder: str) -> list[str]:
    paths = sorted((target / folder).glob("*"))
    return [path.relative_to(target).as_posix() for path in paths if path.suffix in (".md", ".ipynb")]


def write_reference(package: str, folder: Path, target: Path) -> None:
    """Write a page for each room of a package: its modules with their docstrings.

    Args:
        package: Import name.
        folder: Its files.
        target: Folder for the pages.
    """
    target.mkdir(parents=True)
    for room, modules in sorted(rooms(package, folder).items()):
        title = room or package
        parts = [f"# {title}", *(f"::: {module}" for module in modules)]
        (target / f"{title}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def rooms(package: str, folder: Path) -> dict[str, list[str]]:
    """Return the modules of each room: a folder of the package, or a file of its top.

    Args:
        package: Import name.
        folder: Its files.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        words = path.relative_to(folder).with_suffix("").parts
        if words[-1] == "__main__" or not has_text(path):
            continue
        module = ".".join([package, *(word for word in words if word != "__init__")])
        found.setdefault("" if words == ("__init__",) else words[0], []).append(module)
    return found


def has_text(path: Path) -> bool:
    """Whether a module says anything: a package file without content has no place of its own."""
    return bool(ast.parse(path.read_text(encoding="utf-8")).body)


if __name__ == "__main__":
    sys.exit(main())
