"""Softmax: the largest input, exponentials and one reciprocal from tables, a product for each element."""

from math import ceil, log2

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.streams import ProcessTiming, call_timing
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import MEMORY_BITS_IN_LUT, Speed, block_rams
from hlsexplore.fixed import Fixed, Overflow

READS = 2.0
"""Cycles to read the two tables; every stage of logic adds one (26 softmaxes of 9 repositories)."""
SPREAD = 1.9
"""How the delays of a softmax grow with the device's lag: 4.5 times on Zynq over UltraScale+."""
TURN_CYCLES = 2.5
"""Cycles of a softmax that shares multipliers, for each cycle between two vectors (13 softmaxes, 2 to 10 cycles)."""
HIDDEN_STAGES = 0.8
"""Share of the logic's stages that such a softmax adds to them."""
SHARED_TAIL = 2.0
"""Cycles that a softmax which shares multipliers adds behind a longer process: what it calls counts as a step (one)."""
MAX_WAITING = 12.0
"""Cycles for which an element of 18 bits waits in registers at most (8 softmaxes of 12 to 20 cycles)."""
TRIMMED = 2024.0
"""Version of Vitis HLS from which exponentials, at most 1, are trimmed to 11 of 18 bits (two designs)."""
UNIT_BITS = 11
"""Bits of such an exponential (the same two designs)."""


def softmax_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate softmax over the last axis: of a stream one pixel at a time.

    In streams hls4ml shares products and tables: ceil(n / reuse) products, a vector in n / that many cycles.
    """
    count = layer.channels
    if layer.implementation == "argmax":
        return _argmax(layer, p)
    table_type = layer.table or Fixed(18, 8)
    entry, saturates = table_type.width, table_type.overflow is not Overflow.WRAP
    groups = 1 if p.is_stream else layer.pixels
    limit = ceil(count / layer.reuse) if p.is_stream else count
    pace = ceil(count / limit)
    multiply, is_legacy = p.tech.multiplier_dsp(entry, entry), layer.implementation == "legacy"
    timing, stages = _timing(layer, p, pace, saturates)
    lut, ff = _logic(layer, p, limit, pace, stages, entry, saturates)
    return Cost(
        model="softmax",
        lut=groups * lut,
        ff=groups * ff,
        dsp=0.0 if is_legacy else float(groups * limit * multiply),
        bram18=float(groups * _blocks(layer, p, entry, pace, is_legacy)),
        **timing,
        ii=float(pace * layer.pixels) if p.is_stream else 1.0,
        muxes=float(layer.implementation != "latency" and p.is_stream),
        mux_lut=p.tech.mux(count),
        rules=frozenset({"dsp", "bram18"}),
    )


def _argmax(layer: LayerRecord, p: Pricing) -> Cost:
    """The place of the largest input: comparisons alone."""
    count = layer.channels * (1 if p.is_stream else layer.pixels)
    return Cost(
        model="softmax",
        lut=count * (p.tech.compare((layer.input or DEFAULT_TYPE).width) + 4),
        ff=0.0,
        dsp=0.0,
        bram18=0.0,
        **call_timing(0.0),
        rules=frozenset({"dsp", "bram18"}),
    )


def _timing(layer: LayerRecord, p: Pricing, pace: int, saturates: bool) -> tuple[ProcessTiming, float]:
    """Cycles, and the stages of logic: the largest input and its difference, the sum, the product.

    A softmax that does not look for the largest input first (`latency`, `legacy`) starts with the table.
    """
    coefficients = p.of("softmax")
    slow = p.tech.lag**SPREAD
    levels = ceil(log2(layer.channels)) if layer.channels > 1 else 0
    pick = coefficients["pick_ns"] * levels + coefficients["start_ns"]
    total = (coefficients["sum_ns"] + coefficients["saturate_ns"] * saturates) * levels
    stages = p.stages(slow * total) + p.stages(slow * coefficients["scale_ns"])
    if layer.implementation not in ("latency", "legacy"):
        stages += p.stages(slow * pick)
    if pace > 1:
        depth = round(TURN_CYCLES * pace + HIDDEN_STAGES * stages - 1)
        cycles = (layer.pixels - 1.0) * pace + depth + 1
        return ProcessTiming(latency_min=cycles, latency_max=cycles, head=depth + 1.0, tail=SHARED_TAIL), stages
    cycles = READS + stages
    if not p.is_stream:
        return call_timing(cycles), stages
    cycles += 4.0 if p.tech.is_vitis else 1.0
    whole = cycles + (layer.pixels - 1.0)
    return ProcessTiming(latency_min=whole, latency_max=whole, head=cycles, tail=max(cycles - 1, 0.0)), stages


def _logic(
    layer: LayerRecord, p: Pricing, limit: int, pace: int, stages: float, entry: int, saturates: bool
) -> tuple[float, float]:
    """LUT and FF: comparisons, differences, sums and casts of each element, what waits, how products are shared."""
    coefficients, count = p.of("softmax"), layer.channels
    element = coefficients["element"] + coefficients["saturated"] * entry * saturates
    if p.is_stream and not p.tech.is_vitis:
        element += coefficients["stream"] + coefficients["shared"] * (limit / count) * (pace > 1)
    waiting = min(READS + stages - 1, MAX_WAITING)
    if pace > 1:
        waiting = coefficients["turns"] + min(0.5 * stages, 4.0)
    return element * count, coefficients["ff"] * count * entry * waiting


def _blocks(layer: LayerRecord, p: Pricing, entry: int, pace: int, is_legacy: bool) -> int:
    """Block RAMs of the tables: a block is read twice a cycle.

    Vitis HLS takes one for each element on 7 series (n = 2, 3, 5, 6, 10, 16) and two for a table of 18 bits on
    UltraScale+ (four repositories).
    """
    count, tech = layer.channels, p.tech
    size = min(layer.table_size, 1 << max((layer.input or DEFAULT_TYPE).width - 1, 1))
    one = block_rams(size, entry) if size * entry >= MEMORY_BITS_IN_LUT else 0
    whole = block_rams(layer.table_size, entry)
    if is_legacy:
        return _legacy_tables(count) * one
    if not tech.is_vitis:
        return ceil(count / (2 * pace)) * one + whole
    if tech.speed is Speed.SLOW:
        return count * one
    exponential = one * (1 if tech.version >= TRIMMED and entry > UNIT_BITS else 2)
    return ceil(count / 2) * exponential + 2 * whole


def _legacy_tables(count: int) -> int:
    """Copies of the tables of the oldest softmax: exponentials of all differences of two inputs, then n inverses.

    1 / sum_j exp(x_j - x_i) needs no product; a table in block RAM is read twice a cycle (all 18 blocks of one report,
    6 classes, 2018.2).
    """
    return ceil(count * (count - 1) / 2) + ceil(count / 2)
