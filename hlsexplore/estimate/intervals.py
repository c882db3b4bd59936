"""How far reports lie from estimates: intervals by class of design, from estimates that left something out."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from math import ceil, exp, floor, log

from hlsexplore.estimate.kinds import MATRIX_OPS, POOLING_OPS, RECURRENT_OPS, Kind
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.support import FEW_REPOSITORIES
from hlsexplore.report import Bounds, Figures

LEVELS = (80, 95)
FIGURE_NAMES = ("lut", "ff", "dsp", "bram18", "latency_cycles_min", "latency_cycles_max", "ii_cycles")
LEAST = {"ii_cycles": 1.0}
"""Smallest value of a figure; 0 for others."""
WIDE = (0.583, 0.75, 1.333, 1.715)
"""Ratios used for a class without measured designs."""

Ratios = tuple[float, float, float, float]
"""Report over estimate at the lower 95 %, lower 80 %, upper 80 %, upper 95 % end."""


@dataclass(frozen=True, slots=True)
class ErrorSpread:
    """Where the tool's figure lies: (estimate + 1) * ratio - 1, give or take a number of units.

    Attributes:
        ratios: Report over estimate at the lower 95 %, lower 80 %, upper 80 %, upper 95 % end.
        units: Added on both sides at 80 % and 95 %.
        novel: The ratios where a layer is of a kind that was measured in fewer than three repositories; None: the same.
    """

    ratios: Ratios
    units: tuple[float, float] = (0.0, 0.0)
    novel: Ratios | None = None

    def bounds(self, value: float, level: int) -> tuple[float, float]:
        """Return the interval around an estimate."""
        low, high = (self.ratios[1], self.ratios[2]) if level == LEVELS[0] else (self.ratios[0], self.ratios[3])
        extra = self.units[0] if level == LEVELS[0] else self.units[1]
        return max((value + 1) * low - 1 - extra, 0.0), (value + 1) * high - 1 + extra

    def for_repositories(self, count: int) -> "ErrorSpread":
        """Return the spread that holds where the least known kind of layer was measured in so many repositories."""
        return self if self.novel is None or count >= FEW_REPOSITORIES else replace(self, ratios=self.novel)


Spreads = Mapping[str, Mapping[str, ErrorSpread]]


RTL_STREAM: Mapping[str, ErrorSpread] = {
    "lut": ErrorSpread((0.83, 0.9, 1.11, 1.2)),
    "ff": ErrorSpread((0.65, 0.8, 1.4, 1.6)),
    "dsp": ErrorSpread((0.95, 1.0, 1.0, 1.05), (0.5, 1.0)),
    "bram18": ErrorSpread((0.95, 1.0, 1.0, 1.05), (1.0, 3.0)),
    "latency_cycles_min": ErrorSpread((0.8, 0.9, 1.1, 1.25), (1.0, 4.0)),
    "latency_cycles_max": ErrorSpread((0.8, 0.9, 1.1, 1.25), (1.0, 4.0)),
    "ii_cycles": ErrorSpread((0.95, 1.0, 1.0, 1.05), (0.5, 1.0)),
}
"""Of streaming RTL: 36 designs of six bundled networks against their plans (`benchmarks/estimator_streams.py`)."""


@lru_cache(maxsize=1)
def shipped_spreads() -> Spreads:
    """Return the spreads that come with the package: class of design -> figure -> spread."""
    found: dict[str, dict[str, ErrorSpread]] = {}
    for file in ("intervals.toml", "rtl.toml"):
        data = tomllib.loads(files("hlsexplore.estimate").joinpath(file).read_text(encoding="utf-8"))
        for name, figures in data.get("classes", {}).items():
            found[name] = {key: _spread(item) for key, item in figures.items()}
    return found | {"rtl_stream": RTL_STREAM}


def _spread(item: Mapping[str, list[float]]) -> ErrorSpread:
    units = item.get("units", [0.0, 0.0])
    novel = _four(item["novel"]) if "novel" in item else None
    return ErrorSpread(_four(item["ratios"]), (units[0], units[1]), novel)


def _four(values: Sequence[float]) -> Ratios:
    low95, low80, high80, high95 = values
    return low95, low80, high80, high95


def class_of(design: DesignRecord) -> str:
    """Name the class of designs that share an error: by interface, reuse, and what is known of the weights."""
    if design.tool == "yosys":
        if design.io == "stream":
            return "rtl_stream"
        reused = any(layer.reuse > 1 for layer in design.layers if layer.op == Kind.DENSE)
        return "rtl_folded" if reused else "rtl_unrolled"
    if not design.verified:
        return "unverified"
    matrices = [layer for layer in design.layers if layer.op in MATRIX_OPS]
    if any(layer.op in RECURRENT_OPS for layer in design.layers):
        return "recurrent"
    if design.io == "stream":
        return "stream"
    if any(layer.op == Kind.QUANTIZER for layer in design.layers):
        return "quantizers"
    resource = any(layer.strategy == "resource" and layer.reuse > 1 for layer in matrices)
    single = len(design.layers) == 1 and len(matrices) == 1 and matrices[0].op == Kind.DENSE
    if single:
        return "single_resource" if resource else "single_shared" if matrices[0].reuse > 1 else "single_unrolled"
    if any(layer.op != Kind.DENSE for layer in matrices) or any(layer.op in POOLING_OPS for layer in design.layers):
        return "parallel_image"
    if resource:
        return "resource" if len(design.layers) <= TWO_LAYERS else "resource_network"
    if any(layer.constants is None for layer in matrices):
        return "unweighted"
    return "shared" if any(layer.reuse > 1 for layer in matrices) else "unrolled"


def bounds_of(
    figures: Figures, name: str, spreads: Spreads, repositories: Mapping[str, int] | None = None
) -> tuple[Bounds, ...]:
    """Return the intervals of figures, in whole numbers around each.

    Args:
        figures: Estimates.
        name: Class of the design.
        spreads: Measured spreads.
        repositories: By figure, repositories in which the design's least known kind of layer was measured; None:
            enough.
    """
    known, counts = spreads.get(name, {}), repositories or {}
    found = []
    for level in LEVELS:
        lower: dict[str, float] = {}
        upper: dict[str, float] = {}
        for key in FIGURE_NAMES:
            value = getattr(figures, key)
            if value is not None:
                spread = known.get(key) or ErrorSpread(WIDE, (0.5, 1.0))
                ends = spread.for_repositories(counts.get(key, FEW_REPOSITORIES)).bounds(value, level)
                lower[key], upper[key] = whole_ends(key, value, *ends)
        found.append(Bounds(level=level, lower=Figures(**lower), upper=Figures(**upper)))
    return tuple(found)


def whole_ends(key: str, value: float, low: float, high: float) -> tuple[float, float]:
    """Return the first and the last whole number in an interval that a figure can have, and those around its value."""
    least = floor(min(LEAST.get(key, 0.0), value))
    return float(max(min(ceil(low - 1e-9), floor(value)), least)), float(max(floor(high + 1e-9), ceil(value)))


def whole_bounds(bounds: Sequence[Bounds], figures: Figures) -> tuple[Bounds, ...]:
    """Return intervals in whole numbers that hold the figures, after something moved either."""
    found = []
    for item in bounds:
        ends = {
            key: whole_ends(key, value, low, high)
            for key in FIGURE_NAMES
            if (value := getattr(figures, key)) is not None
            and (low := getattr(item.lower, key)) is not None
            and (high := getattr(item.upper, key)) is not None
        }
        lower, upper = ({key: end[side] for key, end in ends.items()} for side in (0, 1))
        found.append(replace(item, lower=replace(item.lower, **lower), upper=replace(item.upper, **upper)))
    return tuple(found)


Residual = tuple[str, str, str, float, float]
"""Class of design, figure, repository, estimate, report."""
FirstSight = tuple[bool, str, str, float]
"""Whether a design was one pipeline of dense layers, figure, repository, logarithm of report over estimate."""

NEIGHBOURS = 0.5
"""Weight of the other classes' repositories beside one of a class's own, where it has fewer than three."""
LEAST_WIDTH = {"lut": (0.03, 0.08), "ff": (0.05, 0.12)}
"""Smallest half width of the logarithm of an interval at 80 % and 95 %, however well the designs at hand agree."""
LEAST_TIMING = (0.01, 0.05)
"""The same of cycles, whose rules were found on the reports that they are measured on."""
LEAST_GUESSED_DSP = (0.05, 0.12)
"""The same of DSP blocks where weights are unknown."""
LEAST_NOVEL = {"lut": (0.1, 0.25), "ff": (0.15, 0.4), "dsp": (0.0, 0.1), "bram18": (0.0, 0.15)}
LEAST_NOVEL_TIMING = (0.05, 0.32)
"""The same where a layer is of an unseen kind: what leaving kinds out shows over all classes (docs/estimates.md)."""
LARGEST_WIDTH = 0.52
"""Largest half width: an interval of more than a factor of three tells nothing."""
LARGEST_RTL = 1.1
"""The same of our RTL, whose plan tells more: a third to three times; one memory placed elsewhere decides."""
LARGEST_LEVEL = 0.975
"""Largest quantile that few repositories ask for, beside which one far report would decide."""
ALONE = 1.25
"""Margin on the widths of a class that one repository alone has, and of which every design agrees."""
UNITS = {"dsp": (0.0, 0.5), "bram18": (0.5, 1.0)}
CYCLE_UNITS, RTL_CYCLE_UNITS = (0.0, 0.5), (0.5, 1.0)
"""Blocks and cycles added on both sides: what a different start of one process or one memory more makes."""
TWO_LAYERS = 2
EXACT = ("single_unrolled", "single_shared", "single_resource", "resource")
"""Classes of one or two dense layers, whose cycles and blocks are exact in every measured design."""
FLAT = ("unrolled", "shared", "unweighted")
"""Classes of networks that are one pipeline of dense layers and activations."""
UNVERIFIED = ErrorSpread((1 / 14, 1 / 4, 3.0, 8.0), (1.0, 2.0))
"""Of a design whose description was not checked against its report: all but the cycles of one of 5 designs."""
CLASSES = (
    "single_unrolled",
    "single_shared",
    "single_resource",
    "unrolled",
    "shared",
    "resource",
    "resource_network",
    "unweighted",
    "quantizers",
    "parallel_image",
    "stream",
    "recurrent",
)


def spreads_from(
    residuals: Sequence[Residual],
    classes: Sequence[str] = CLASSES,
    novel: Sequence[Residual] | None = None,
    first: Sequence[FirstSight] = (),
) -> dict[str, dict[str, ErrorSpread]]:
    """Derive intervals from estimates that left something out.

    Repositories, not rows, are exchangeable: each has the same weight, and the quantiles are those of split conformal
    prediction with as many points as there are repositories. Where that asks for more than the largest error seen, the
    largest is taken.

    Args:
        residuals: Estimates and reports, each by a fit that never saw its repository.
        classes: Classes of designs to derive intervals for.
        novel: The same by fits that never saw the design's rarest kind of layer; None: no such widths.
        first: Errors of networks of repositories that no rule had seen when they were estimated. Leaving a repository
            out cannot show these, because the rules were written with it in view; an interval of a network is at least
            as wide as they ask for.
    """
    found: dict[str, dict[str, ErrorSpread]] = {}
    for name in classes:
        found[name] = {}
        for figure in FIGURE_NAMES:
            seen = _errors_of(residuals, name, figure)
            if seen is None:
                continue
            unseen = None if novel is None else _errors_of(novel, name, figure)
            spread = _spread_of(name, figure, seen, unseen)
            new = [item for item in first if item[0] == (name in FLAT) and item[1] == figure]
            found[name][figure] = spread if name in EXACT else _at_first_sight(spread, new)
    return found if classes is not CLASSES else found | {"unverified": dict.fromkeys(FIGURE_NAMES, UNVERIFIED)}


def _errors_of(residuals: Sequence[Residual], name: str, figure: str) -> tuple["Errors", int] | None:
    """Errors beyond the units that every interval has, weighted by repository; how many of them the class has."""
    errors: dict[tuple[bool, str], list[float]] = {}
    own = {item[2] for item in residuals if item[0] == name and item[1] == figure}
    is_exact, is_rtl = name in EXACT, name.startswith("rtl_")
    if is_rtl and not own:
        return None
    takes_others = len(own) < FEW_REPOSITORIES and not is_rtl and not (is_exact and own)
    for class_, key, repository, value, truth in residuals:
        is_near = takes_others and class_ != "unverified" and (class_ in EXACT) == is_exact
        if key == figure and (class_ == name or is_near):
            errors.setdefault((class_ == name, repository), []).append(_excess(name, figure, value, truth))
    if not errors:
        return None
    others = max(len(errors) - len(own), 1)
    weights = {key: 1.0 if key[0] else NEIGHBOURS * max(len(own), 1) / others for key in errors}
    return Errors(errors, weights), len(own)


def _excess(name: str, figure: str, value: float, truth: float) -> float:
    """Logarithm of report over estimate, less the units that the interval has anyway at 95 %."""
    units = _units(name, figure)[1]
    distance = max(abs(truth - value) - units, 0.0)
    return log((value + (distance if truth > value else -distance) + 1) / (value + 1))


def _units(name: str, figure: str) -> tuple[float, float]:
    if figure in ("lut", "ff") or (name in EXACT and figure != "bram18"):
        return 0.0, 0.0
    return UNITS.get(figure, RTL_CYCLE_UNITS if name.startswith("rtl_") else CYCLE_UNITS)


def _spread_of(name: str, figure: str, seen: tuple["Errors", int], unseen: tuple["Errors", int] | None) -> ErrorSpread:
    is_timing = "cycles" in figure
    least = LEAST_WIDTH.get(figure, (0.0, 0.0))
    if is_timing and name not in EXACT:
        least = LEAST_TIMING
    if (name, figure) == ("unweighted", "dsp"):
        least = LEAST_GUESSED_DSP
    own = _ends(*seen, least, name)
    if unseen is None:
        return ErrorSpread(own, _units(name, figure))
    more = LEAST_NOVEL_TIMING if is_timing else LEAST_NOVEL[figure]
    errors, repositories = unseen
    if name in EXACT and figure not in LEAST_WIDTH and repositories:
        more = (0.0, 0.0)
    elif name not in EXACT and repositories < 2:
        more = (more[0], LARGEST_WIDTH)
    wide = _ends(errors, repositories, more, name)
    return ErrorSpread(own, _units(name, figure), _hull(own, wide))


def _at_first_sight(spread: ErrorSpread, first: Sequence[FirstSight]) -> ErrorSpread:
    """Return a spread no narrower than the errors of repositories that were new when they were estimated."""
    errors: dict[tuple[bool, str], list[float]] = {}
    for _, _, repository, size in first:
        errors.setdefault((True, repository), []).append(size)
    if not errors:
        return spread
    sizes = Errors(errors, dict.fromkeys(errors, 1.0))
    inner, outer = (min(sizes.half_width(level / 100), LARGEST_WIDTH) for level in LEVELS)
    ends = exp(-outer), exp(-inner), exp(inner), exp(outer)
    novel = None if spread.novel is None else _hull(spread.novel, ends)
    return replace(spread, ratios=_hull(spread.ratios, ends), novel=novel)


def _hull(one: Ratios, other: Ratios) -> Ratios:
    """Return the ends that hold both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _ends(errors: "Errors", repositories: int, least: tuple[float, float], name: str) -> Ratios:
    """Ratios at the ends of both intervals."""
    margin = ALONE if repositories == 1 and name in EXACT else 1.0
    largest = LARGEST_RTL if name.startswith("rtl_") else LARGEST_WIDTH
    inner, outer = (
        min(max(margin * errors.half_width(level / 100), floor_), largest)
        for level, floor_ in zip(LEVELS, least, strict=True)
    )
    inner = min(inner, outer)
    return exp(-outer), exp(-inner), exp(inner), exp(outer)


@dataclass(frozen=True, slots=True)
class Errors:
    """Logarithms of report over estimate by repository (of the class itself or of another), and their weights."""

    sizes: Mapping[tuple[bool, str], list[float]]
    weights: Mapping[tuple[bool, str], float]

    def _weighted(self) -> list[tuple[float, float]]:
        return [(item, self.weights[key] / len(items)) for key, items in self.sizes.items() for item in items]

    def half_width(self, level: float) -> float:
        """Half width of an interval around 0: the weighted conformal quantile of the absolute errors."""
        count = sum(self.weights.values())
        sizes = sorted((abs(item), weight) for item, weight in self._weighted())
        wanted = min(level * (count + 1) / count, max(LARGEST_LEVEL, level))
        total, reached = sum(weight for _, weight in sizes), 0.0
        for size, weight in sizes:
            reached += weight
            if reached >= wanted * total - 1e-9:
                return size
        return sizes[-1][0]
