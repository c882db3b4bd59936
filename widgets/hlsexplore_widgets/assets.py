"""The browser side of the panels: ES modules and style sheets, put together without a build step."""

import re
from functools import cache
from importlib.resources import files

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./((?:vendor/)?[a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def module(name: str) -> str:
    """Return an ES module in one text: what it imports from beside it is written in front, each module once.

    Browser, editor and `node --test` use the files as they are; a widget has to be a single module.

    Args:
        name: File in `static/`, such as `layers.js`.
    """
    return "".join(_EXPORT.sub("", _IMPORT.sub("", _text(item))) for item in _order(name, ()))


@cache
def style(*names: str) -> str:
    """Return the base style sheet and some more, in one text.

    Args:
        *names: Files in `static/` without their ending, such as `layers`.
    """
    return "\n".join(_text(f"{name}.css") for name in ("base", *names))


def _order(name: str, above: tuple[str, ...]) -> list[str]:
    """Files that a module needs, itself last, each once."""
    found: list[str] = []
    for item in _IMPORT.findall(_text(name)):
        if item not in above:
            found += [part for part in _order(item, (*above, name)) if part not in found]
    return [*found, name]


@cache
def _text(name: str) -> str:
    return files("hlsexplore_widgets").joinpath("static", name).read_text(encoding="utf-8")
