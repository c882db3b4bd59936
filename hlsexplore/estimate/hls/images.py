"""Layers that slide a window over an image: convolutions, poolings, paddings."""

from dataclasses import replace
from math import ceil, log2

import numpy as np

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.products import matrix_cost
from hlsexplore.estimate.hls.streams import Timing, call_timing, loop_timing
from hlsexplore.estimate.record import Image, LayerRecord
from hlsexplore.estimate.technology import MEMORY_BITS_IN_LUT, Speed, Technology, block_rams

FIFO_BITS_IN_LUT = 600
CHAIN_STEP_NS = 1.26
VISIT_HEAD = 8.0
"""Cycles beside the product's until the first pixel of a convolution in the resource strategy leaves (2 regions)."""
FAST_NS = 3.3
"""Time of a cycle below which a comparison of a pooling takes more than one (2 loops)."""
PADDING_TAIL = 3.0
"""Cycles that a padding of one dimension adds behind a longer process (5 paddings)."""
GLOBAL_TAIL = 3.0
"""Cycles that a global pooling adds behind a longer process (3 poolings of 3 pixels)."""
LINE_BUFFER_LUT = 32.0
LINE_BUFFER_FF = 64.0
"""A line buffer of one channel is priced so, whatever its length up to a row of 64 (shift registers in LUTs)."""


def convolution_cost(layer: LayerRecord, tech: Technology, io: str, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate a convolution: its matrix product at one position, and what brings the windows to it."""
    image = layer.image or Image(in_width=1, in_channels=1, out_width=1, out_channels=layer.n_out)
    core = matrix_cost(layer, tech, budget_ns, table)
    if layer.op == "depthwise_conv2d":
        core = _depthwise(layer, core)
    if io == "stream":
        return _streamed(layer, image, core, tech, table)
    return _parallel(layer, image, core, tech, table)


def _depthwise(layer: LayerRecord, core: Cost) -> Cost:
    """A depthwise matrix serves one channel; the product of a position uses every channel's."""
    return replace(core, rules=core.rules - {"dsp"}, notes=(*core.notes, "depthwise: few measured designs"))


def _streamed(layer: LayerRecord, image: Image, core: Cost, tech: Technology, table: Coefficients) -> Cost:
    source, accum = layer.input or DEFAULT_TYPE, layer.accum or DEFAULT_TYPE
    coefficients = table.of("convolution", tech.name)
    channels = image.in_channels
    lines = (image.kernel_height - 1) * channels
    scale = 1.0 if image.rank == 2 else 0.6
    lut = coefficients["control"] * scale + coefficients["output"] * image.out_channels + LINE_BUFFER_LUT * lines
    window = image.window * channels * source.width
    ff = coefficients["control_ff"] * scale + coefficients["window_ff"] * window + LINE_BUFFER_FF * lines
    ff += image.out_channels * accum.width
    bram = 0.0
    if image.in_width * source.width >= MEMORY_BITS_IN_LUT and lines:
        bram += lines * block_rams(image.in_width, source.width)
    if layer.implementation == "encoded":
        added = _tap_fifos(image.window * channels, image.out_pixels, source.width)
        lut, ff, bram = lut + added[0], ff + added[1], bram + added[2]
    product = core.latency_max or 0.0
    if layer.strategy == "resource":
        timing = _visited(layer, image, core, tech)
        interval = timing["latency_max"]
    else:
        pace = product + 2.0 if tech.is_vitis else 1.0
        timing = loop_timing(image.in_pixels, coefficients["start"] + product + 1, pace)
        interval = image.in_pixels * pace if tech.is_vitis else timing["latency_max"]
    return Cost(
        model="convolution",
        lut=None if core.lut is None else core.lut + lut,
        ff=None if core.ff is None else core.ff + ff,
        dsp=core.dsp,
        bram18=None if core.bram18 is None else core.bram18 + bram,
        **timing,
        ii=interval,
        rules=core.rules & {"dsp"},
        notes=core.notes,
    )


def _visited(layer: LayerRecord, image: Image, core: Cost, tech: Technology) -> Timing:
    """Cycles of a convolution in the resource strategy, which visits one pixel after the other.

    The product is a loop of its own; behind a longer and slower process only its depth counts.
    """
    shift, close = _pixel_cycles(layer, image, tech)
    product = (core.latency_min or 0.0) if layer.reuse > 1 else 0.0
    depth = product - layer.reuse
    is_called = image.rank == 2 and tech.version >= 2020 and layer.implementation != "encoded"
    visit = shift + close + product
    return Timing(
        latency_min=image.in_pixels * shift + is_called,
        latency_max=image.in_pixels * visit + is_called,
        head=depth + VISIT_HEAD,
        tail=max(depth, 0.0),
        visit=visit,
    )


def _pixel_cycles(layer: LayerRecord, image: Image, tech: Technology) -> tuple[float, float]:
    """Cycles of a pixel in the resource strategy: to shift it in, and to start and end the product of a full window.

    Exact for 14 convolutions of four repositories; the window is shifted column by column. From 2020.1 on, the
    product of a two-dimensional window is a call.
    """
    if layer.implementation == "encoded":
        return 2.0 + (image.stride_width > 1), 2.0
    if image.rank == 1:
        return image.kernel_width + 3.0, 1.0
    return (image.kernel_width + 1.0, 1.0) if tech.version < 2020 else (image.kernel_width + 2.0, 2.0)


def _tap_fifos(taps: int, depth: int, width: int) -> tuple[float, float, float]:
    """LUT, FF and BRAM of the FIFOs of the encoded variant: one for each element of the window, an image deep."""
    if depth * width >= FIFO_BITS_IN_LUT:
        return 43.0 * taps, 36.0 * taps, float(taps * ceil(width / 18))
    return (88.0 * taps, 82.0 * taps, 0.0) if depth > 16 else (28.0 * taps, 5.0 * taps, 0.0)


def _inside(image: Image) -> float:
    """Share of the taps of all windows that lie inside the image; products with its zero padding vanish."""
    top, _, left, _ = image.padding
    share = 1.0
    for size, places, taps, stride, before in (
        (image.in_height, image.out_height, image.kernel_height, image.stride_height, top),
        (image.in_width, image.out_width, image.kernel_width, image.stride_width, left),
    ):
        read = np.arange(places)[:, None] * stride + np.arange(taps) - before
        share *= float(np.mean((read >= 0) & (read < size)))
    return share


def _parallel(layer: LayerRecord, image: Image, core: Cost, tech: Technology, table: Coefficients) -> Cost:
    coefficients = table.of("parallel_convolution", tech.name)
    source, result = layer.input or DEFAULT_TYPE, layer.result or DEFAULT_TYPE
    at_once = max(1, min(layer.parallel, image.out_pixels))
    rounds = ceil(image.out_pixels / at_once)
    inside = _inside(image) if rounds == 1 else 1.0
    inputs = image.in_pixels * image.in_channels * source.width
    outputs = image.out_pixels * image.out_channels * result.width
    held = coefficients["ff"] * (inputs + outputs) * (rounds > 1)
    choose = coefficients["select"] * image.in_pixels * image.in_channels if rounds > 1 else 0.0
    pace = 1.0
    if layer.reuse > 1:
        pace = max(core.ii or 1.0, min(layer.reuse, (core.latency_max or 0.0) + 2))
    # A loop at full pace starts again at once and waits a cycle at most; a slower one is done before the next image.
    is_rewound = pace == 1.0
    latency = rounds * pace + (core.latency_max or 0.0) + 1
    return Cost(
        model="parallel_convolution",
        lut=None if core.lut is None else core.lut * at_once * inside + choose,
        ff=None if core.ff is None else core.ff * at_once * inside + held,
        dsp=None if core.dsp is None else float(round(core.dsp * at_once * inside)),
        bram18=core.bram18,
        latency_min=latency,
        latency_max=latency + is_rewound,
        ii=float(rounds) if is_rewound else latency + 1,
        rules=core.rules & {"dsp"},
        notes=core.notes,
    )


def pooling_cost(layer: LayerRecord, tech: Technology, io: str, budget_ns: float, table: Coefficients) -> Cost:
    """Estimate a pooling: trees of comparisons or adders; a division where the window's size is no power of two."""
    image = layer.image or Image(in_width=layer.n_in, in_channels=1, out_width=1, out_channels=1)
    source = layer.input or DEFAULT_TYPE
    average = "average" in layer.op
    window = image.window if "global" not in layer.op else image.in_pixels
    channels = image.out_channels
    at_once = channels if io == "stream" else channels * image.out_pixels
    step = tech.compare(source.width) + tech.select(source.width)
    if average:
        step = tech.chained_adder(source.width) if window > 2 else tech.adder(source.width)
    coefficients = table.of("pooling", tech.name)
    steps = 1 if io == "stream" and "global" in layer.op else window - 1
    lut = at_once * steps * step
    if average and window > 2:
        lut += at_once * 7
    if "global" in layer.op and io != "stream" and tech.is_vitis and not average:
        return _chain(layer, at_once * steps, tech, steps)
    divides = average and (window & (window - 1) != 0 or (any(image.padding) and not tech.is_vitis))
    ff = bram = 0.0
    timing = call_timing(source.width + 5.0 if divides else 0.0)
    if divides:
        lut += 466.0 * at_once
        ff += 749.0 * at_once
    if io == "stream":
        lines = (image.kernel_height - 1) * channels
        lut += (
            coefficients["control"] * (1.0 if image.rank == 2 else 0.5)
            + LINE_BUFFER_LUT * lines
            + (0 if tech.is_vitis else 20) * channels
        )
        ff += window * channels * source.width * (0.0 if "global" in layer.op else 1.0) + LINE_BUFFER_FF * lines + 300
        ff += channels * source.width
        timing = _pool_timing(layer, image, tech, budget_ns, timing["latency_max"])
        if layer.implementation == "encoded":
            added = _tap_fifos(window * channels, image.out_pixels, source.width)
            lut, ff, bram = lut + added[0], ff + added[1], added[2]
    return Cost(
        model="pooling",
        lut=lut,
        ff=coefficients["ff"] * ff,
        dsp=0.0,
        bram18=bram,
        **timing,
        ii=timing["latency_max"] if io == "stream" else 1.0,
        delay_ns=ceil(log2(max(window, 2))) * (1.0 if tech.speed == "fast" else 2.5),
        rules=frozenset({"dsp"}),
    )


def _pool_timing(layer: LayerRecord, image: Image, tech: Technology, budget_ns: float, division: float) -> Timing:
    """Cycles of a streamed pooling: a loop over the pixels, deeper for large windows and fast clocks (9 of 10)."""
    if "global" in layer.op:
        cycles = image.in_pixels + (3.0 if tech.is_vitis else 1.0) + division
        return call_timing(cycles, tail=GLOBAL_TAIL)
    levels = log2(max(image.window, 4)) - 2
    depth = 3.0 if tech.is_vitis else 4.0 + 2.5 * levels + 2.0 * (budget_ns < FAST_NS)
    return loop_timing(image.in_pixels, depth + division, _pool_pace(image, tech, budget_ns))


def _pool_pace(image: Image, tech: Technology, budget_ns: float) -> float:
    """Cycles of a pixel: on 7 series a window of two dimensions takes two where the clock is fast (5 of 6 poolings)."""
    return 2.0 if image.rank == 2 and tech.speed is Speed.SLOW and not tech.is_vitis and budget_ns < 6 else 1.0


def _chain(layer: LayerRecord, comparisons: int, tech: Technology, steps: int) -> Cost:
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


def padding_cost(layer: LayerRecord, tech: Technology, io: str, table: Coefficients) -> Cost:
    """Estimate zero padding of a stream: counters and one multiplexer a channel."""
    coefficients = table.of("padding", tech.name)
    image = layer.image
    if io != "stream" or image is None:
        rules = frozenset({"dsp", "bram18"})
        return Cost(
            model="padding",
            lut=0.0,
            ff=0.0,
            dsp=0.0,
            bram18=0.0,
            **call_timing(0.0),
            rules=rules,
        )
    timing = _padding_timing(image, tech)
    return Cost(
        model="padding",
        lut=coefficients["control"] + coefficients["channel"] * image.in_channels * (0.15 if tech.is_vitis else 1.0),
        ff=coefficients["ff"],
        dsp=0.0,
        bram18=0.0,
        **timing,
        ii=timing["latency_max"],
        rules=frozenset({"dsp", "bram18"}),
    )


def _padding_timing(image: Image, tech: Technology) -> Timing:
    """Cycles of a streamed padding, exact for 11 of two repositories.

    Sides of one pixel are written in passing, others in loops of their own. The loops of two dimensions are nested, and
    Vivado HLS does not see that the last pixels are written early: all cycles count behind a longer process (3
    paddings of one region).
    """
    if tech.is_vitis or image.rank == 2:
        cycles = image.out_pixels + (2.0 if tech.is_vitis else 3.0)
        return Timing(latency_min=cycles, latency_max=cycles, head=1.0 + tech.is_vitis, tail=cycles)
    _, _, left, right = image.padding
    cycles = image.in_width + 1.0 + sum(side + 1 for side in (left, right) if side > 1)
    return Timing(latency_min=cycles, latency_max=cycles, head=1.0, tail=PADDING_TAIL)
