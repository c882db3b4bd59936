"""From the HLS report to what logic synthesis leaves of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import exp, hypot, log

from hlsexplore.estimate.intervals import LARGEST_WIDTH, whole_bounds
from hlsexplore.estimate.kinds import MATRIX_OPS, RECURRENT_OPS
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.estimate.technology import Speed, technology
from hlsexplore.fixed import Overflow
from hlsexplore.report import Bounds, Figures, Report

LOGIC_TOOL = "vivado"
"""Tool of estimates and reports after logic synthesis."""
RESOURCES = ("lut", "ff", "dsp", "bram18")


@dataclass(frozen=True, slots=True)
class Ratio:
    """What logic synthesis leaves of LUT, beside multiplexers and shifts of tensors, and of registers."""

    lut: float
    ff: float


RATIOS: Mapping[tuple[str, str, bool], Ratio] = {
    ("stream", "latency", True): Ratio(0.59, 0.86),
    ("stream", "latency", False): Ratio(0.46, 0.68),
    ("stream", "resource", True): Ratio(0.62, 0.72),
    ("stream", "resource", False): Ratio(0.46, 0.62),
    ("parallel", "latency", True): Ratio(0.44, 0.94),
    ("parallel", "latency", False): Ratio(0.52, 0.48),
    ("parallel", "resource", True): Ratio(0.58, 0.97),
    ("parallel", "resource", False): Ratio(0.64, 0.95),
}
"""Medians by interface, strategy and whether multipliers are shared: 29 designs of 7 repositories whose reports are at
hand, agreeing with 25 others (stream latency .59 and .86, .46 and .68, parallel latency .52 and .48)."""
UNROLLED_FF = 0.9
"""What it leaves of an unrolled pipeline's registers on UltraScale and UltraScale+ (.76, .95 and .97 of three designs);
7 series has registers within multipliers, which the DSP blocks take in."""
SATURATING = 0.5
"""More of it: saturating sums are choices that synthesis merges (.24 and .32 in place of .62; two designs)."""
MULTIPLEXER = 0.1
"""What it leaves of multiplexers that Vivado HLS prices alike, whatever their size (14 designs of 2 repositories)."""
SHIFT = 0.15
"""What it leaves of shifts that pick a step out of a whole tensor (3 recurrent designs)."""
SHALLOW_REUSE = 20
"""Words below which a weight memory becomes logic: of 64 blocks with 2 to 9 words 0 to 1 is left, of 852 with 30 all
but 286, of those with 36 and more nearly all (10 designs)."""
SHALLOW_BLOCKS, DEEP_BLOCKS, FIFO_BLOCKS = 0.03, 0.9, 0.67
"""Blocks that are left of shallow and of deep weight memories, and of FIFOs of a stream (12 become 8)."""
SHALLOW_FF = 0.7
"""Registers that are left beside shallow weight memories, over those beside deep ones (.49 to .64 and .78 to .82)."""
WIDTHS = {"lut": (0.2, 0.4), "ff": (0.2, 0.45), "dsp": (0.03, 0.1), "bram18": (0.2, 0.4)}
"""Half widths of the logarithm of the ratios themselves at 80 % and 95 %; 14 % is the floor of a constant ratio of
LUT."""


def after_synthesis(report: Report, design: DesignRecord) -> Report:
    """Predict Vivado's utilisation after logic synthesis from an estimate of the HLS report.

    Args:
        report: An estimate, with the LUT of multiplexers and shifts in its details.
        design: What it is an estimate of.

    Returns:
        A report of the tool `vivado`: resources scaled by the measured ratios, intervals widened by their spread,
        timing unchanged.
    """
    ratio = ratio_of(design)
    layers = {
        layer.name: _layer(report.layers[layer.name], layer, ratio, report.details.get(layer.name, {}))
        for layer in design.layers
        if layer.name in report.layers
    }
    total = _total(report, layers, ratio, design)
    return replace(
        report,
        tool=LOGIC_TOOL,
        total=total,
        layers=layers,
        bounds=_widened(report.bounds, report.total, total),
        layer_bounds={
            name: _widened(items, report.layers[name], layers[name]) for name, items in report.layer_bounds.items()
        },
        provenance={key: "fitted" if key in RESOURCES else value for key, value in report.provenance.items()},
    )


def ratio_of(design: DesignRecord) -> Ratio:
    """Return the ratios of a design: by its interface, and the strategy and reuse of its matrix products."""
    products = [layer for layer in design.layers if layer.op in MATRIX_OPS | RECURRENT_OPS]
    is_resource = any(layer.strategy == "resource" for layer in products)
    found = RATIOS[
        "stream" if design.io == "stream" else "parallel",
        "resource" if is_resource else "latency",
        any(layer.reuse > 1 for layer in products),
    ]
    speed = technology(design.tool, design.version, design.family, design.cells).speed
    if design.io != "stream" and not is_resource and found.ff < UNROLLED_FF and speed is not Speed.SLOW:
        found = replace(found, ff=UNROLLED_FF)
    saturates = any(layer.accum is not None and layer.accum.overflow is not Overflow.WRAP for layer in products)
    is_shallow = is_resource and all(layer.reuse < SHALLOW_REUSE for layer in products)
    return Ratio(found.lut * (SATURATING if saturates else 1.0), found.ff * (SHALLOW_FF if is_shallow else 1.0))


def _layer(figures: Figures, layer: LayerRecord, ratio: Ratio, details: Mapping[str, float]) -> Figures:
    """Scale a layer: logic and registers by the design's ratios, multiplexers, shifts and memories by their own."""
    values = {item.name: getattr(figures, item.name) for item in fields(Figures)}
    if values["lut"] is not None:
        muxes, shifts = (min(details.get(key, 0.0), values["lut"]) for key in ("multiplexer_lut", "shift_lut"))
        rest = max(values["lut"] - muxes - shifts, 0.0)
        values["lut"] = ratio.lut * rest + MULTIPLEXER * muxes + SHIFT * shifts
    if values["ff"] is not None:
        values["ff"] *= ratio.ff
    if values["bram18"] is not None and layer.strategy == "resource" and layer.op in MATRIX_OPS | RECURRENT_OPS:
        values["bram18"] *= SHALLOW_BLOCKS if 1 < layer.reuse < SHALLOW_REUSE else DEEP_BLOCKS
    return Figures(**values)


def _total(report: Report, layers: Mapping[str, Figures], ratio: Ratio, design: DesignRecord) -> Figures:
    """Add the layers up, and what connects them."""
    shares = {"lut": ratio.lut, "ff": ratio.ff, "dsp": 1.0, "bram18": FIFO_BLOCKS if design.io == "stream" else 1.0}
    values = {}
    for key, share in shares.items():
        value = getattr(report.total, key)
        if value is None:
            continue
        before, after = (sum(getattr(item, key) or 0.0 for item in of.values()) for of in (report.layers, layers))
        values[key] = after + share * (value - before)
    return replace(report.total, **{key: max(value, 0.0) for key, value in values.items()})


def _widened(bounds: tuple[Bounds, ...], before: Figures, after: Figures) -> tuple[Bounds, ...]:
    """Move intervals with the figures and widen them by what is not known of the ratios."""
    found = []
    for item in bounds:
        ends: list[dict[str, float]] = [{}, {}]
        for key in RESOURCES:
            middle, value, own = (getattr(of, key) for of in (before, after, item.lower))
            if middle is None or value is None or own is None:
                continue
            more = WIDTHS[key][item.level == 95]
            for side, end in enumerate((own, getattr(item.upper, key))):
                width = min(hypot(log((end + 1) / (middle + 1)), more), LARGEST_WIDTH)
                ends[side][key] = max((value + 1) * exp(width if side else -width) - 1, 0.0)
        found.append(replace(item, lower=replace(item.lower, **ends[0]), upper=replace(item.upper, **ends[1])))
    return whole_bounds(found, after)
