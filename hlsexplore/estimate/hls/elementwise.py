"""Layers that treat each element alone: activations, casts, batch normalisation, merges and table functions."""

from math import ceil

import numpy as np

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import Integers, bit_length, csd_digits, shift_add_count
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, free, is_rounding, is_saturating, unknown
from hlsexplore.estimate.hls.streams import Timing, call_timing, loop_timing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Speed, Technology, block_rams
from hlsexplore.fixed import Fixed, Overflow

_CHANGE_WIDTH = 8
SHARED_SOFTMAX_TAIL = 2.0
"""Cycles that a softmax which shares multipliers adds behind a longer process: what it calls counts as a step (one)."""
UNSTABLE_CYCLES = 4.0
"""Cycles that a softmax saves on 7 series which does not look for the largest input first (one of 9, others of 13)."""
SHARED_SOFTMAX_CYCLES = 2.5
"""More cycles of a streamed softmax for each cycle between two vectors (one design: 10 cycles, 25 more)."""


def cast_lut(source: Fixed, target: Fixed, tech: Technology) -> float:
    """LUT to cast one element: a rounding adder, comparisons for the range and two multiplexers."""
    lut = 0.0
    if is_rounding(source, target):
        lut += tech.adder(target.width) + 4
    if is_saturating(source, target):
        lut += 2 * tech.compare(min(_CHANGE_WIDTH, source.width)) + 2 * tech.select(target.width) + 4
    return lut


def elementwise_cost(
    layer: LayerRecord, tech: Technology, io: str, table: Coefficients, live: int | None = None
) -> Cost:
    """Estimate relu and its kin, linear, merges: per-element logic, times the elements computed at once.

    Args:
        layer: The layer.
        tech: Tool and family.
        io: `parallel` or `stream`.
        table: Fitted coefficients.
        live: Elements that something reads and that are not constant.
    """
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    element = _element(layer, source, target, tech)
    if element is None:
        return unknown(layer.op)
    lut, dsp = element
    coefficients = table.of("elementwise", tech.name)
    at_once = layer.channels if io == "stream" else layer.elements
    used = at_once if live is None or io == "stream" else min(live, at_once)
    lut *= used
    timing = call_timing(0.0)
    ff = 0.0
    if io == "dataflow":
        lut, ff = lut + 9.0 * at_once, float(at_once * target.width)
    if io == "stream":
        lut += coefficients["stream_lut"] * at_once + 60
        ff = coefficients["stream_ff"] * at_once + 10
        timing = _stream_timing(layer, source, target, tech)
    if lut == 0 and io == "parallel":
        return free("elementwise")
    return Cost(
        model="elementwise",
        lut=lut,
        ff=ff,
        dsp=float(dsp * used),
        bram18=0.0,
        **timing,
        ii=float(layer.pixels) if io == "stream" else 1.0,
        delay_ns=_delay_ns(layer, source, target, tech),
        rules=frozenset({"bram18", "ii"} | ({"dsp"} if not dsp else set())),
    )


def _stream_timing(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> Timing:
    """Cycles of a loop over the pixels: one deep in Vitis HLS; two in Vivado HLS, more on 7 series (11 loops).

    A single pixel is a call of one cycle, of two where 7 series compare (11 calls).
    """
    compares = tech.speed is Speed.SLOW and not tech.is_vitis and layer.op != "linear"
    if layer.pixels == 1:
        return call_timing(1.0 + compares, is_pipelined=True)
    if tech.is_vitis:
        return loop_timing(layer.pixels, 1.0)
    return loop_timing(layer.pixels, 2.0 + compares + (compares and is_rounding(source, target)))


def _delay_ns(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> float:
    """Time of one element's comparison, choice and cast (45 activations of 12 designs); a cast alone takes none."""
    casts = is_rounding(source, target) or is_saturating(source, target)
    if layer.op == "linear" and not casts:
        return 0.0
    if tech.speed is Speed.SLOW:
        return 4.1 if casts else 2.5
    if tech.is_vitis:
        return 2.2 if casts else 1.1
    return 1.23 if casts else 0.97


def _element(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int] | None:
    """LUT and DSP of one element; None for a function without a formula."""
    cast = cast_lut(source, target, tech)
    width = target.width
    op = layer.op
    if op == "linear":
        return cast, 0
    if op in ("relu", "thresholded_relu"):
        return tech.compare(source.width) + tech.select(min(width, source.width - 1)) + cast, 0
    if op in ("leaky_relu", "prelu"):
        blocks, product = _slope(layer, source, tech)
        sign = 0.0 if op == "leaky_relu" else tech.compare(source.width)
        choice = 3.0 if op == "leaky_relu" and not product else tech.select(width)
        return sign + choice + cast + product, blocks
    if op in ("hard_sigmoid", "hard_tanh"):
        return 2 * tech.compare(source.width) + 2 * tech.select(width) + tech.adder(source.width) + cast, 0
    if op in ("binary_tanh", "ternary_tanh"):
        return tech.compare(source.width) + 2, 0
    if op in ("maximum", "minimum"):
        return tech.compare(source.width) + tech.select(width) + cast, 0
    if op == "multiply":
        blocks = tech.multiplier_dsp(source.width, source.width)
        return (tech.dsp_lut() if blocks else tech.soft_multiplier(source.width)) + cast, blocks
    if op in ("add", "subtract", "average"):
        return max(len(layer.sources) - 1, 1) * tech.adder(source.width + 1) + cast, 0
    return None


def _slope(layer: LayerRecord, source: Fixed, tech: Technology) -> tuple[int, float]:
    """DSP and LUT of a product with a constant slope; an unknown slope counts as a power of two."""
    if layer.constants is None:
        return 0, 0.0
    slope = layer.constants.weight.reshape(-1)[:1]
    if csd_digits(slope)[0] >= 3:
        blocks = tech.multiplier_dsp(source.width, int(bit_length(slope)[0]) + 1)
        return blocks, tech.dsp_lut() if blocks else tech.soft_multiplier(source.width)
    return 0, float(shift_add_count(slope)[0]) * tech.adder(source.width)


def batchnorm_cost(layer: LayerRecord, tech: Technology, io: str, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate x * scale + bias for each element: a multiplier for each constant, an adder, a cast."""
    source, weight = layer.input or DEFAULT_TYPE, layer.weight or DEFAULT_TYPE
    target, coefficients = layer.result or DEFAULT_TYPE, table.of("batchnorm", tech.name)
    at_once = layer.channels if io == "stream" else layer.elements
    dsp, lut = _scales(layer, source, weight, tech, at_once)
    exact = Fixed(min(source.width + weight.width, 64), min(source.integer + weight.integer, 64))
    lut += coefficients["adder"] * at_once * tech.adder(min(target.width + 7, exact.width)) + at_once * cast_lut(
        exact, target, tech
    )
    slow = tech.multiply_ns + tech.level_ns > budget_ns
    steps = 3.0 if slow and tech.speed == "slow" else 1.0 if slow else 0.0
    ff = steps * coefficients["ff"] * at_once * (source.width + target.width) + (dsp * 59.0 if steps >= 3 else 0.0)
    timing = call_timing(steps, is_pipelined=True)
    if io == "stream":
        lut += table.of("elementwise", tech.name)["stream_lut"] * at_once + 60
        ff += at_once * target.width
        if layer.pixels > 1:
            timing = loop_timing(layer.pixels, max(steps + 3, 4.0) if not tech.is_vitis else max(steps, 1.0))
    return Cost(
        model="batchnorm",
        lut=lut,
        ff=ff,
        dsp=float(dsp),
        bram18=0.0,
        **timing,
        ii=float(layer.pixels) if io == "stream" else 1.0,
        delay_ns=tech.multiply_ns if not steps else 0.0,
        rules=frozenset({"bram18"} | ({"dsp"} if layer.constants is not None else set())),
    )


def _scales(layer: LayerRecord, source: Fixed, weight: Fixed, tech: Technology, at_once: int) -> tuple[int, float]:
    """DSP and LUT of the scales: multipliers from three digits on, as in a product with a matrix."""
    if layer.constants is None:
        blocks = tech.multiplier_dsp(source.width, weight.width)
        return blocks * at_once, at_once * (tech.dsp_lut() if blocks else tech.soft_multiplier(source.width))
    scale = layer.constants.weight.reshape(-1)
    digits = csd_digits(scale)
    bits = bit_length(scale) + (scale < 0)
    dsp, lut = 0, 0.0
    for size, count in zip(*_counts(bits[digits >= 3]), strict=True):
        blocks = tech.multiplier_dsp(source.width, size)
        dsp += blocks * count
        lut += count * (tech.dsp_lut() if blocks else tech.soft_multiplier(max(source.width, size)))
    shifts = int((digits == 2).sum())
    lut += shifts * tech.adder(source.width + 2)
    factor = at_once / max(scale.size, 1)
    return round(dsp * factor), lut * factor


def _counts(values: Integers) -> tuple[list[int], list[int]]:
    found, counts = np.unique(values, return_counts=True)
    return found.tolist(), counts.tolist()


def table_cost(layer: LayerRecord, tech: Technology, io: str, table: Coefficients) -> Cost:
    """Estimate sigmoid, tanh, elu and the like: index arithmetic and a table, one copy for two elements."""
    coefficients = table.of("table", tech.name)
    at_once = layer.channels if io == "stream" else layer.elements
    entry = (
        min((layer.table or Fixed(18, 8)).width, 10) if layer.op == "sigmoid" else (layer.table or Fixed(18, 8)).width
    )
    copies = ceil(at_once / 2)
    steps = coefficients["latency"] + (io == "stream")
    if io == "stream" and layer.op == "sigmoid" and tech.name == "vivado_hls.fast":
        steps += 1  # it scales the index and clips it on both sides (one call)
    several = io == "stream" and layer.pixels > 1
    return Cost(
        model="table",
        lut=coefficients["element"] * (0.5 if layer.op == "elu" else 1.0) * at_once,
        ff=coefficients["ff"] * at_once * max(steps / 2, 1),
        dsp=0.0,
        bram18=float(copies * block_rams(layer.table_size, entry)),
        **(loop_timing(layer.pixels, steps - 1) if several else call_timing(steps, is_pipelined=True)),
        ii=float(layer.pixels) if io == "stream" else 1.0,
        rules=frozenset({"dsp"}),
    )


def _legacy_tables(count: int) -> int:
    """Copies of the tables of the oldest softmax: exponentials of all differences of two inputs, then n inverses.

    1 / sum_j exp(x_j - x_i) needs no product; a table in block RAM is read twice a cycle (all 18 blocks of one report,
    6 classes, 2018.2).
    """
    return ceil(count * (count - 1) / 2) + ceil(count / 2)


def softmax_cost(layer: LayerRecord, tech: Technology, io: str, table: Coefficients) -> Cost:
    """Estimate softmax: a tree of maxima, exponentials and an inverse from tables, n products.

    Entries that saturate make the sum saturate: 36 LUT, 18 FF of an element of 18 bits and a cycle (7 reports).
    In streams hls4ml shares products and tables: ceil(n / reuse) products, a vector in n / that many cycles.
    """
    coefficients = table.of("softmax", tech.name)
    count = layer.channels
    if layer.implementation == "argmax":
        lut = count * (tech.compare((layer.input or DEFAULT_TYPE).width) + 4)
        rules = frozenset({"dsp", "bram18"})
        return Cost(
            model="softmax",
            lut=lut,
            ff=0.0,
            dsp=0.0,
            bram18=0.0,
            **call_timing(0.0),
            rules=rules,
        )
    table_type = layer.table or Fixed(18, 8)
    entry = table_type.width
    saturating = table_type.overflow is not Overflow.WRAP
    size = min(layer.table_size, 1 << max((layer.input or DEFAULT_TYPE).width - 1, 1))
    one = block_rams(size, entry) if size * entry >= 1024 else 0
    inverse = block_rams(layer.table_size, entry) * (2 if tech.is_vitis and tech.speed != "slow" else 1)
    multiply, is_legacy = tech.multiplier_dsp(entry, entry), layer.implementation == "legacy"
    limit = ceil(count / layer.reuse) if io == "stream" else count
    pace = max(1, count // limit)
    is_slow = tech.speed is Speed.SLOW and not tech.is_vitis
    steps = coefficients["latency"] - UNSTABLE_CYCLES * (is_slow and layer.implementation == "latency")
    steps += (io == "stream") * (4 if tech.is_vitis else 1 - is_slow)
    if saturating and not tech.is_vitis and not is_slow:
        steps += 1
    if pace > 1:
        steps += SHARED_SOFTMAX_CYCLES * pace
    return Cost(
        model="softmax",
        lut=(coefficients["element"] + 2 * entry * saturating) * count
        + (30.0 * count if io == "stream" and not tech.is_vitis else 0.0),
        ff=(coefficients["ff"] + entry * saturating) * count,
        dsp=0.0 if is_legacy else float(limit * multiply),
        bram18=float(_legacy_tables(count) * one if is_legacy else ceil(count / (2 * pace)) * one + inverse),
        **call_timing(steps, tail=SHARED_SOFTMAX_TAIL if pace > 1 else None),
        ii=float(pace),
        rules=frozenset({"dsp", "bram18"}),
    )
