"""Poolings: trees of comparisons or adders over a window, of a tensor at once or of a stream."""

from dataclasses import replace
from math import ceil, log2

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.streams import ProcessTiming, call_timing, loop_timing
from hlsexplore.estimate.hls.windows import LINE_BUFFER_FF, LINE_BUFFER_LUT, tap_fifos
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import Image, LayerRecord
from hlsexplore.estimate.technology import Speed, Technology

CHAIN_STEP_NS = 1.26
GLOBAL_TAIL = 3.0
"""Cycles that a global pooling adds behind a longer process (3 poolings of 3 pixels)."""
DIVISION_LUT, DIVISION_FF = 466.0, 749.0
"""LUT and FF of a division by a window that is no power of two (4 poolings)."""
CHANNEL_LUT = 18.0
"""LUT of a channel's handshake, reading and writing (36 poolings)."""
READ_WRITE = 2.0
"""Cycles of a turn of the loop over the pixels beside those of the comparisons."""
START_LAG = 1.35
"""Lag of Kintex UltraScale; slower devices add a delay (`start_ns`) before the tree for each unit of theirs beyond it.

With `level_ns`, that of a comparison, a choice and a multiplexer that fetches the other value, depths of 30 of 36 loops
of 7 repositories, 2 to 11 cycles at 2.5 to 25 ns, are exact."""
NARROW_DELAY = 0.35
"""Share of a level's delay that does not shrink with the compared values' width, below 16 bits (5 poolings of 4
bits)."""
ENCODED_CYCLES = 2.0
"""More cycles of a turn of the encoded variant (one repository)."""
ALIVE = 3.0
"""Values of a window that wait in registers at most, over its size."""


def pooling_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate a pooling: trees of comparisons or adders; a division where the window's size is no power of two."""
    image = layer.image or Image(in_width=layer.n_in, in_channels=1, out_width=1, out_channels=1)
    is_global, average = layer.op == Kind.GLOBAL_POOLING, layer.op == Kind.AVERAGE_POOLING
    window = image.in_pixels if is_global else image.window
    if is_global and not p.is_stream and p.tech.is_vitis and not average:
        return _chain(image.out_channels * (window - 1), window - 1)
    cost = _logic(layer, image, window, average, p)
    if not p.is_stream:
        return cost
    division = cost.latency_max or 0.0
    timing = _timing(layer, image, p, division)
    control = p.of("pooling")["control"] * (1.0 if image.rank == 2 else 0.5)
    lut = (cost.lut or 0.0) + control + (0.0 if p.tech.is_vitis else CHANNEL_LUT) * image.out_channels
    ff, bram = cost.ff or 0.0, 0.0
    if is_global:
        ff += (layer.input or DEFAULT_TYPE).width * image.out_channels + 300
    else:
        added = _window(layer, image, window, p)
        lut, ff, bram = lut + added[0], ff + added[1], added[2]
    return replace(cost, lut=lut, ff=p.of("pooling")["ff"] * ff, bram18=bram, **timing, ii=timing["latency_max"])


def _logic(layer: LayerRecord, image: Image, window: int, average: bool, p: Pricing) -> Cost:
    """LUT, FF and cycles of the arithmetic of all windows that are computed at once."""
    source = layer.input or DEFAULT_TYPE
    is_global = layer.op == Kind.GLOBAL_POOLING
    at_once = image.out_channels * (1 if p.is_stream else image.out_pixels)
    steps = 1 if p.is_stream and is_global else window - 1
    divides = average and (window & (window - 1) != 0 or (any(image.padding) and not p.tech.is_vitis))
    muxes, mux_lut = 0.0, 0.0
    if average:
        lut = steps * (p.tech.chained_adder(source.width) if window > 2 else p.tech.adder(source.width))
        lut += 7.0 * (window > 2)
    elif p.is_stream and not is_global and not p.tech.is_vitis:
        lut = _search(layer, window, p.tech)
        muxes = float(at_once * max(window // 2 - 1, 0)) if layer.implementation != "encoded" else 0.0
        mux_lut = p.tech.mux(window)
    else:
        lut = steps * (p.tech.compare(source.width) + p.tech.select(source.width))
    lut = at_once * (lut + DIVISION_LUT * divides) + muxes * mux_lut
    return Cost(
        model="pooling",
        lut=lut,
        ff=p.of("pooling")["ff"] * at_once * DIVISION_FF * divides,
        dsp=0.0,
        bram18=0.0,
        **call_timing(source.width + 5.0 if divides else 0.0),
        ii=1.0,
        muxes=muxes,
        mux_lut=mux_lut,
        delay_ns=ceil(log2(max(window, 2))) * (1.0 if p.tech.speed is Speed.FAST else 2.5),
        rules=frozenset({"dsp"}),
    )


def _search(layer: LayerRecord, window: int, tech: Technology) -> float:
    """LUT of one channel's search for the largest value of a window, which Vivado HLS keeps by its place.

    A comparison for each other element; choices of half the values and of their places (36 poolings).
    """
    source, accum = layer.input or DEFAULT_TYPE, layer.accum or layer.input or DEFAULT_TYPE
    compared = _compared(layer)
    places = (window - 2) * (log2(window) + 3) / 2 if window > 2 else 0.0
    return (window - 1) * tech.compare(compared) + max(window / 4, 1) * (source.width + accum.width) + places


NARROW = 6
"""Width up to which the window keeps its own type; wider ones take the accumulator's (38 poolings)."""


def _compared(layer: LayerRecord) -> int:
    """Bits of a comparison."""
    source, accum = layer.input or DEFAULT_TYPE, layer.accum or layer.input or DEFAULT_TYPE
    return max(source.width, accum.width) if source.width > NARROW else source.width


def _window(layer: LayerRecord, image: Image, window: int, p: Pricing) -> tuple[float, float, float]:
    """LUT, FF and block RAM that bring the windows of a stream: lines, the window, what waits between stages."""
    source, channels = layer.input or DEFAULT_TYPE, image.out_channels
    lines = (image.kernel_height - 1) * channels
    stages = _depth(image, layer, p) - READ_WRITE
    held = (window - image.kernel_height) + min(stages * log2(max(window, 2)) / 4, ALIVE) * window
    if p.tech.is_vitis:
        held = window + 1
    lut, ff = LINE_BUFFER_LUT * lines, LINE_BUFFER_FF * lines + held * channels * source.width + 175
    if layer.implementation != "encoded":
        return lut, ff, 0.0
    added = tap_fifos(window * channels, image.out_pixels, source.width)
    return lut + added[0], ff + added[1], added[2]


def _depth(image: Image, layer: LayerRecord, p: Pricing) -> float:
    """Cycles of one turn of the loop over the pixels."""
    if p.tech.is_vitis:
        return 3.0
    levels, lag = log2(max(image.window, 2)), p.tech.lag
    share = NARROW_DELAY + (1 - NARROW_DELAY) * min(_compared(layer), 16) / 16
    coefficients = p.of("pooling")
    delay = coefficients["level_ns"] * lag * levels * share + coefficients["start_ns"] * max(lag - START_LAG, 0.0)
    return READ_WRITE + p.stages(delay) + ENCODED_CYCLES * (layer.implementation == "encoded")


def _timing(layer: LayerRecord, image: Image, p: Pricing, division: float) -> ProcessTiming:
    """Cycles of a streamed pooling: a loop over the pixels, deeper for large windows and fast clocks."""
    if layer.op == Kind.GLOBAL_POOLING:
        cycles = image.in_pixels + (3.0 if p.tech.is_vitis else 1.0) + division
        return call_timing(cycles, tail=GLOBAL_TAIL)
    return loop_timing(image.in_pixels, _depth(image, layer, p) + division, _pace(image, p))


def _pace(image: Image, p: Pricing) -> float:
    """Cycles of a pixel: on Zynq a window of two dimensions takes two where the clock is fast (6 of 7 poolings)."""
    is_slow = p.tech.speed is Speed.SLOW and not p.tech.is_quick and not p.tech.is_vitis
    return 2.0 if image.rank == 2 and is_slow and p.budget_ns < 6 else 1.0


def _chain(comparisons: int, steps: int) -> Cost:
    """A global maximum of whole tensors in Vitis HLS: one comparison after the other, pipelined (one design)."""
    stages = float(ceil(steps * CHAIN_STEP_NS / (0.73 * 5.0)))
    return Cost(
        model="pooling",
        lut=67.0 * comparisons,
        ff=110.0 * comparisons if stages else 0.0,
        dsp=0.0,
        bram18=0.0,
        latency_min=stages,
        latency_max=stages,
        ii=1.0,
        rules=frozenset({"dsp", "bram18"}),
    )
