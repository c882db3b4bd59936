"""How far reports lie from estimates: intervals by class of design, from repositories that the fit never saw."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import exp, log

from hlsexplore.estimate.record import MATRIX_OPS, RECURRENT_OPS, DesignRecord
from hlsexplore.report import Bounds, Figures

LEVELS = (80, 95)
FIGURE_NAMES = ("lut", "ff", "dsp", "bram18", "latency_cycles_min", "latency_cycles_max", "ii_cycles")
WIDE = (0.25, 0.5, 2.0, 4.0)
"""Ratios used for a class without measured designs."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the tool's figure lies: (estimate + 1) * ratio - 1, give or take a number of units.

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
        return max((value + 1) * low - 1 - extra, 0.0), (value + 1) * high - 1 + extra


Spreads = Mapping[str, Mapping[str, Spread]]


RTL_STREAM: Mapping[str, Spread] = {
    "lut": Spread((0.83, 0.9, 1.11, 1.2)),
    "ff": Spread((0.65, 0.8, 1.4, 1.6)),
    "dsp": Spread((0.95, 1.0, 1.0, 1.05), (0.5, 1.0)),
    "bram18": Spread((0.95, 1.0, 1.0, 1.05), (1.0, 3.0)),
    "latency_cycles_min": Spread((0.8, 0.9, 1.1, 1.25), (1.0, 4.0)),
    "latency_cycles_max": Spread((0.8, 0.9, 1.1, 1.25), (1.0, 4.0)),
    "ii_cycles": Spread((0.95, 1.0, 1.0, 1.05), (0.5, 1.0)),
}
"""Of streaming RTL: 36 designs of six bundled networks against their plans (`benchmarks/estimator_streams.py`)."""


@lru_cache(maxsize=1)
def shipped_spreads() -> Spreads:
    """Return the spreads that come with the package: class of design -> figure -> spread."""
    found: dict[str, dict[str, Spread]] = {}
    for file in ("intervals.toml", "rtl.toml"):
        data = tomllib.loads(files("hlsexplore.estimate").joinpath(file).read_text(encoding="utf-8"))
        for name, figures in data.get("classes", {}).items():
            found[name] = {key: _spread(item) for key, item in figures.items()}
    return found | {"rtl_stream": RTL_STREAM}


def _spread(item: Mapping[str, list[float]]) -> Spread:
    low95, low80, high80, high95 = item["ratios"]
    units = item.get("units", [0.0, 0.0])
    return Spread((low95, low80, high80, high95), (units[0], units[1]))


def class_of(design: DesignRecord) -> str:
    """Name the class of designs that share an error: by interface, reuse, and what is known of the weights."""
    if design.tool == "yosys":
        if design.io == "stream":
            return "rtl_stream"
        reused = any(layer.reuse > 1 for layer in design.layers if layer.op == "dense")
        return "rtl_folded" if reused else "rtl_unrolled"
    if not design.verified:
        return "unverified"
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


Residual = tuple[str, str, str, float, float]
"""Class of design, figure, repository, estimate, report."""

POOLS = {
    "unrolled": ("unrolled", "shared", "single_unrolled"),
    "shared": ("unrolled", "shared", "single_shared"),
    "unweighted": ("unweighted", "unrolled"),
    "resource": ("resource", "stream"),
    "recurrent": ("stream", "parallel_image", "unrolled"),
    "quantizers": ("quantizers", "unrolled"),
}
"""Classes whose designs are looked at too where a class has designs of fewer than three repositories."""
FEW_REPOSITORIES = 3
LEAST_WIDTH = {"lut": (0.03, 0.08), "ff": (0.05, 0.12)}
"""Smallest half width of the logarithm of an interval at 80 % and 95 %, however well the designs at hand agree."""
LEAST_STREAM_CYCLES = (0.02, 0.08)
"""The same of the timing of streams, whose rule was found on the reports that it is measured on."""
LEAST_GUESSED_DSP = (0.05, 0.12)
"""The same of DSP blocks where weights are unknown."""
LEAST_UNMEASURED = (0.4, 1.1)
"""The same of every figure where a class has no design of its own: 1.5 and 3 times as much or as little."""
UNITS = {"lut": (0.0, 0.0), "ff": (0.0, 0.0), "dsp": (0.5, 1.0), "bram18": (1.0, 3.0)}
CYCLE_UNITS, RTL_CYCLE_UNITS = (1.0, 4.0), (0.5, 1.0)
"""Blocks and cycles added on both sides: what a different start of one process or one memory more makes."""
FEW_MARGIN = (1.5, 2.0)
"""Factors on the half width at 80 % and 95 % where a class has designs of fewer than three repositories."""
UNVERIFIED = Spread((1 / 60, 1 / 6, 3.0, 12.0), (2.0, 8.0))
"""Of a design whose description was not checked against its report (5 designs of 2 repositories)."""
CLASSES = (
    "single_unrolled",
    "single_shared",
    "single_resource",
    "unrolled",
    "shared",
    "resource",
    "unweighted",
    "quantizers",
    "parallel_image",
    "stream",
    "recurrent",
)


def spreads_from(residuals: Sequence[Residual], classes: Sequence[str] = CLASSES) -> dict[str, dict[str, Spread]]:
    """Derive intervals from estimates whose repositories the fit did not see.

    Repositories, not rows, are exchangeable: each has the same weight, and the quantiles are those of split conformal
    prediction with as many points as there are repositories. Where that asks for more than the largest error seen, the
    largest is taken with a margin.

    Args:
        residuals: Estimates and reports.
        classes: Classes of designs to derive intervals for.
    """
    found: dict[str, dict[str, Spread]] = {}
    for name in classes:
        own = [item for item in residuals if item[0] == name]
        items = own
        few = len({item[2] for item in own}) < FEW_REPOSITORIES and name in POOLS
        if few:
            items = [item for item in residuals if item[0] in POOLS[name]]
        found[name] = {}
        for figure in FIGURE_NAMES:
            errors: dict[str, list[float]] = {}
            for _, _, repository, value, truth in (item for item in items if item[1] == figure):
                errors.setdefault(repository, []).append(log((truth + 1) / (value + 1)))
            if errors:
                margins = FEW_MARGIN if few else (1.0, 1.0)
                least = _least_width(name, figure) if own else LEAST_UNMEASURED
                found[name][figure] = _spread_of(errors, name, figure, margins, least)
    return found if classes is not CLASSES else found | {"unverified": dict.fromkeys(FIGURE_NAMES, UNVERIFIED)}


def _least_width(name: str, figure: str) -> tuple[float, float]:
    if name == "stream" and "cycles" in figure:
        return LEAST_STREAM_CYCLES
    return LEAST_WIDTH.get(figure, LEAST_GUESSED_DSP if (name, figure) == ("unweighted", "dsp") else (0.0, 0.0))


def _spread_of(
    errors: Mapping[str, list[float]],
    name: str,
    figure: str,
    margins: tuple[float, float],
    least: tuple[float, float],
) -> Spread:
    inner, outer = (
        max(margin * _half_width(errors, level / 100), floor)
        for level, margin, floor in zip(LEVELS, margins, least, strict=True)
    )
    inner = min(inner, outer)
    units = UNITS.get(figure, RTL_CYCLE_UNITS if name.startswith("rtl_") else CYCLE_UNITS)
    return Spread((exp(-outer), exp(-inner), exp(inner), exp(outer)), units)


def _half_width(errors: Mapping[str, list[float]], level: float) -> float:
    """Half width of the logarithm of an interval: the weighted conformal quantile of the absolute errors."""
    count = len(errors)
    sizes = sorted((abs(item), 1 / len(items)) for items in errors.values() for item in items)
    if count == 1:
        rows = len(sizes)
        wanted = min(1.0, level * (rows + 1) / rows)
        return 1.25 * _quantile(sizes, wanted)
    wanted = level * (count + 1) / count
    if wanted >= 1:
        return sizes[-1][0] * (1.1 if level < 0.9 else 1.5)
    return _quantile(sizes, wanted)


def _quantile(sizes: Sequence[tuple[float, float]], level: float) -> float:
    total, reached = sum(weight for _, weight in sizes), 0.0
    for size, weight in sizes:
        reached += weight
        if reached >= level * total - 1e-9:
            return size
    return sizes[-1][0]
