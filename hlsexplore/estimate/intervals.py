"""How far reports lie from estimates: intervals by class of design, from repositories that the fit never saw."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from hlsexplore.estimate.record import MATRIX_OPS, RECURRENT_OPS, DesignRecord
from hlsexplore.report import Bounds, Figures

LEVELS = (80, 95)
FIGURE_NAMES = ("lut", "ff", "dsp", "bram18", "latency_cycles_min", "latency_cycles_max", "ii_cycles")
WIDE = (0.25, 0.5, 2.0, 4.0)
"""Ratios used for a class without measured designs."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the tool's figure lies: ratio * estimate, give or take a number of units.

    Attributes:
        ratios: Report over estimate at the lower 95 %, lower 80 %, upper 80 %, upper 95 % end.
        units: Added on both sides at 80 % and 95 %.
    """

    ratios: tuple[float, float, float, float]
    units: tuple[float, float] = (0.0, 0.0)

    def bounds(self, value: float, level: int) -> tuple[float, float]:
        """Return the interval around an estimate."""
        low, high = (self.ratios[1], self.ratios[2]) if level == LEVELS[0] else (self.ratios[0], self.ratios[3])
        extra = self.units[0] if level == LEVELS[0] else self.units[1]
        return max(value * low - extra, 0.0), value * high + extra


Spreads = Mapping[str, Mapping[str, Spread]]


@lru_cache(maxsize=1)
def shipped_spreads() -> Spreads:
    """Return the spreads that come with the package: class of design -> figure -> spread."""
    text = files("hlsexplore.estimate").joinpath("intervals.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return {name: {key: _spread(item) for key, item in figures.items()} for name, figures in data["classes"].items()}


def _spread(item: Mapping[str, list[float]]) -> Spread:
    low95, low80, high80, high95 = item["ratios"]
    units = item.get("units", [0.0, 0.0])
    return Spread((low95, low80, high80, high95), (units[0], units[1]))


def class_of(design: DesignRecord) -> str:
    """Name the class of designs that share an error: by interface, reuse, and what is known of the weights."""
    matrices = [layer for layer in design.layers if layer.op in MATRIX_OPS]
    if any(layer.op in RECURRENT_OPS for layer in design.layers):
        return "recurrent"
    if design.io == "stream":
        return "stream"
    if any(layer.op == "quantizer" for layer in design.layers):
        return "quantizers"
    resource = any(layer.strategy == "resource" and layer.reuse > 1 for layer in matrices)
    single = len(design.layers) == 1 and len(matrices) == 1 and matrices[0].op == "dense"
    if single:
        return "single_resource" if resource else "single_shared" if matrices[0].reuse > 1 else "single_unrolled"
    if any(layer.op != "dense" for layer in matrices) or any("pool" in layer.op for layer in design.layers):
        return "parallel_image"
    if resource:
        return "resource"
    if any(layer.constants is None for layer in matrices):
        return "unweighted"
    return "shared" if any(layer.reuse > 1 for layer in matrices) else "unrolled"


def bounds_of(figures: Figures, name: str, spreads: Spreads) -> tuple[Bounds, ...]:
    """Return the intervals of figures.

    Args:
        figures: Estimates.
        name: Class of the design.
        spreads: Measured spreads.
    """
    known = spreads.get(name, {})
    found = []
    for level in LEVELS:
        lower: dict[str, float] = {}
        upper: dict[str, float] = {}
        for key in FIGURE_NAMES:
            value = getattr(figures, key)
            if value is not None:
                spread = known.get(key) or Spread(WIDE, (2.0, 8.0))
                lower[key], upper[key] = spread.bounds(value, level)
        found.append(Bounds(level=level, lower=Figures(**lower), upper=Figures(**upper)))
    return tuple(found)
