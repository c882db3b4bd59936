"""Renders the Tcl scripts of the vendor's tools; nothing but checked words ever gets into one."""

import re

from hlsexplore.errors import ToolError
from hlsexplore_hls.templates import template

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./\-]{0,255}")


def word(text: str) -> str:
    """Return a text that stands for itself in Tcl: letters, digits, `_`, `-`, `.` and `/`.

    Raises:
        ToolError: If it holds anything else.

    Examples:
        >>> word("rtl/net_top.v")
        'rtl/net_top.v'
    """
    if not _WORD.fullmatch(text) or ".." in text.split("/"):
        raise ToolError(f"{text!r} cannot be written into a script. Use letters, digits, '_', '-', '.' and '/' only.")
    return text


def render(name: str, **values: object) -> str:
    """Render a template of `hlsexplore_hls/tools/templates`; all texts must be words.

    Args:
        name: File of the template.
        **values: What it needs: numbers, texts, or sequences of texts.

    Raises:
        ToolError: If a text is no word.
    """
    for value in values.values():
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str):
                word(text)
    return template("tools", name).render(values)
