"""Numbers as reports write them; anything else is unknown."""

import re

_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:\s*ns)?")
MAX_CELLS = 64


def number(text: str | None) -> float | None:
    """Read a number, or None for `-`, `undef`, `?`, `~0` and everything else that is none.

    Examples:
        >>> number(" 85140"), number("4.371 ns"), number("~0"), number("undef"), number(None)
        (85140, 4.371, None, None, None)
    """
    found = _NUMBER.fullmatch((text or "").strip())
    if found is None or len(found.group(1)) > 18:
        return None
    value = float(found.group(1))
    return int(value) if value.is_integer() else value


def cells(line: str) -> list[str] | None:
    """Split a line of a text table at its bars, or return None when it is none."""
    text = line.strip()
    if not text.startswith("|") or not text.endswith("|") or len(text) < 2:
        return None
    parts = [part.strip() for part in text[1:-1].split("|")]
    return parts if len(parts) <= MAX_CELLS else None
