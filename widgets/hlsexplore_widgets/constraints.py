"""What trials must meet to be shown, as the user writes it: `lut < 50000, accuracy > 97 %, fits`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.estimate.devices import Device
from hlsexplore.study.selection import parse_condition

FITS = "fits"
RESOURCES = ("lut", "ff", "dsp", "bram18", "uram")
ALIASES = {
    "bram": "bram18",
    "latency": "latency_cycles",
    "cycles": "latency_cycles",
    "ii": "ii_cycles",
    "interval": "ii_cycles",
}
_PARTS = re.compile(r";|,(?!\d{3}(?!\d))|\band\b")
_PERCENT = re.compile(r"([-+]?[0-9.]+)\s*%\s*$")
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A condition on a figure of trials, or that they fit the part.

    Attributes:
        text: The condition such as `lut<50000`, or `fits`.
    """

    text: str


def parse_constraints(text: str, names: Sequence[str]) -> tuple[Constraint, ...]:
    """Read conditions that are separated by commas, semicolons or `and`.

    Args:
        text: What the user wrote; counts may have separators of thousands, shares may be in percent.
        names: Figures that trials have.

    Raises:
        ConfigError: If a condition cannot be read or names an unknown figure.

    Examples:
        >>> [item.text for item in parse_constraints("LUT < 50,000, accuracy >= 97 % and fits", ["lut", "accuracy"])]
        ['lut < 50000', 'accuracy >= 0.97', 'fits']
    """
    return tuple(Constraint(text=_plain(part, names)) for part in _PARTS.split(text) if part.strip())


def met(
    constraints: Sequence[Constraint], columns: Mapping[str, NDArray[Any]], part: Device | None
) -> NDArray[np.bool_]:
    """Say which trials meet all conditions; those whose figure is not known do not.

    Args:
        constraints: The conditions.
        columns: Figures of all trials by name.
        part: What `fits` means; None meets everything.
    """
    mask = np.ones(len(columns["number"]), dtype=bool)
    for constraint in constraints:
        if constraint.text == FITS:
            for name in RESOURCES if part is not None else ():
                budget = getattr(part, name, None)
                if budget is not None and name in columns:
                    mask &= ~(columns[name] > budget)
            continue
        name, compare, bound = parse_condition(constraint.text)
        mask &= compare(columns[name], bound) & ~np.isnan(columns[name].astype(np.float64))
    return mask


def _plain(part: str, names: Sequence[str]) -> str:
    """Return a condition as `parse_condition` reads it."""
    text = part.strip()
    if text.lower() == FITS:
        return FITS
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = _PERCENT.sub(lambda found: f"{float(found[1]) / 100:.10g}", text)
    word = _NAME.match(text)
    if word is None:
        raise ConfigError(f"{part.strip()!r} is no condition. Write one like 'lut < 50000', or 'fits'.")
    name = ALIASES.get(word[1].lower(), word[1] if word[1] in names else word[1].lower())
    if name not in names:
        raise ConfigError(f"{unknown_name('figure', word[1], names, 'These trials')} Or write 'fits'.")
    text = f"{name}{text[word.end() :]}"
    parse_condition(text)
    return text
