"""Layers that slide a window over an image by a matrix product at each position, and paddings."""

from dataclasses import replace
from math import ceil

import numpy as np

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.products import matrix_cost
from hlsexplore.estimate.hls.streams import ProcessTiming, call_timing, loop_timing
from hlsexplore.estimate.hls.windows import LINE_BUFFER_FF, LINE_BUFFER_LUT, tap_fifos
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import Image, LayerRecord
from hlsexplore.estimate.technology import MEMORY_BITS_IN_LUT, Technology, block_rams

VITIS_SHIFT = 4.0
"""Cycles in which Vitis HLS reads a pixel, shifts it into the window and decides whether a product is due."""
VISIT_HEAD = 8.0
"""Cycles beside the product's until the first pixel of a convolution in the resource strategy leaves (2 regions)."""
PADDING_TAIL = 3.0
"""Cycles that a padding of one dimension adds behind a longer process (5 paddings)."""
POINTWISE = "pointwise"
"""Name of the variant of a convolution of one tap that has all its positions at once."""


def convolution_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate a convolution: its matrix product at one position, and what brings the windows to it."""
    image = layer.image or Image(in_width=1, in_channels=1, out_width=1, out_channels=layer.n_out)
    is_looped = p.is_stream and layer.strategy == "latency" and not p.tech.is_vitis
    core = matrix_cost(layer, p, lead_ns=p.of("convolution")["lead_ns"] * p.tech.lag if is_looped else 0.0)
    if layer.op == Kind.DEPTHWISE_CONV2D:
        core = _depthwise(core)
    if p.is_stream:
        return _streamed(layer, image, core, p)
    return _parallel(layer, image, core, p)


def _depthwise(core: Cost) -> Cost:
    """A depthwise matrix serves one channel; the product of a position uses every channel's."""
    return replace(core, rules=core.rules - {"dsp"}, notes=(*core.notes, "depthwise: few measured designs"))


def _streamed(layer: LayerRecord, image: Image, core: Cost, p: Pricing) -> Cost:
    source, accum = layer.input or DEFAULT_TYPE, layer.accum or DEFAULT_TYPE
    coefficients, channels = p.of("convolution"), image.in_channels
    lines = (image.kernel_height - 1) * channels
    scale = 1.0 if image.rank == 2 else 0.6
    lut = coefficients["control"] * scale + coefficients["output"] * image.out_channels + LINE_BUFFER_LUT * lines
    window = image.window * channels * source.width
    ff = coefficients["control_ff"] * scale + coefficients["window_ff"] * window + LINE_BUFFER_FF * lines
    ff += image.out_channels * accum.width
    ff += (
        layer.n_in * source.width * (layer.strategy == "latency" and layer.reuse > 1)
    )  # the window waits for its turns
    bram = 0.0
    if image.in_width * source.width >= MEMORY_BITS_IN_LUT and lines:
        bram += lines * block_rams(image.in_width, source.width)
    if layer.implementation == "encoded":
        added = tap_fifos(image.window * channels, image.out_pixels, source.width)
        lut, ff, bram = lut + added[0], ff + added[1], bram + added[2]
    timing = _stream_timing(layer, image, core, p)
    interval = timing["latency_max"]
    if p.tech.is_vitis and layer.strategy != "resource":
        interval = image.in_pixels * ((core.latency_max or 0.0) + 2.0)
    return replace(
        core,
        model="convolution",
        lut=None if core.lut is None else core.lut + lut,
        ff=None if core.ff is None else core.ff + ff,
        bram18=None if core.bram18 is None else core.bram18 + bram,
        **timing,
        ii=interval,
        delay_ns=0.0,
        rules=core.rules & {"dsp"},
    )


def _stream_timing(layer: LayerRecord, image: Image, core: Cost, p: Pricing) -> ProcessTiming:
    """Cycles of the loop over the pixels.

    In the latency strategy with reuse 1 a pipeline, in Vivado HLS one pixel a cycle. Where multipliers are shared,
    Vivado HLS takes a pixel when the one before is done, or each `reuse` cycles where those are fewer: the lesser of
    product + `gap` and reuse, times the pixels, and 2 (27 loops of 3 repositories, all exact). A window of one pixel
    needs no
    call: its product takes a pixel each of its intervals.
    """
    product, coefficients = core.latency_max or 0.0, p.of("convolution")
    if layer.strategy == "resource":
        return _visited(layer, image, core, p.tech)
    if p.tech.is_vitis:
        return loop_timing(image.in_pixels, coefficients["start"] + product + 1, product + 2.0)
    if layer.reuse == 1:
        return loop_timing(image.in_pixels, coefficients["start"] + product)
    visit = min(product + coefficients["gap"], layer.reuse) if image.window > 1 else core.ii or 1.0
    cycles = image.in_pixels * visit + 2.0
    return ProcessTiming(latency_min=cycles, latency_max=cycles, head=visit + 2, tail=product, visit=visit)


def _visited(layer: LayerRecord, image: Image, core: Cost, tech: Technology) -> ProcessTiming:
    """Cycles of a convolution in the resource strategy, which visits one pixel after the other.

    The product is a loop of its own; behind a longer and slower process only its depth counts.
    """
    shift, close = _pixel_cycles(layer, image, tech)
    product = (core.latency_min or 0.0) if layer.reuse > 1 else 0.0
    depth = product - layer.reuse
    is_called = (image.rank == 2 or tech.is_vitis) and tech.version >= 2020 and layer.implementation != "encoded"
    visit = shift + close + product
    return ProcessTiming(
        latency_min=image.in_pixels * shift + is_called,
        latency_max=image.in_pixels * visit + is_called,
        head=depth + VISIT_HEAD,
        tail=max(depth, 0.0),
        visit=visit,
    )


def _pixel_cycles(layer: LayerRecord, image: Image, tech: Technology) -> tuple[float, float]:
    """Cycles of a pixel in the resource strategy: to shift it in, and to start and end the product of a full window.

    Exact for 14 convolutions of four repositories; the window is shifted column by column. From 2020.1 on, the
    product of a two-dimensional window is a call. Vitis HLS shifts a whole window at once, in a call of its own (two
    convolutions of one design, 4 and 15 cycles a pixel with reuse 9).
    """
    if tech.is_vitis and layer.implementation != "encoded":
        return VITIS_SHIFT, 0.0
    if layer.implementation == "encoded":
        return 2.0 + (image.stride_width > 1), 2.0
    if image.rank == 1:
        return image.kernel_width + 3.0, 1.0
    return (image.kernel_width + 1.0, 1.0) if tech.version < 2020 else (image.kernel_width + 2.0, 2.0)


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


def _parallel(layer: LayerRecord, image: Image, core: Cost, p: Pricing) -> Cost:
    """A convolution of a whole tensor: the product at some positions at once, the others after another.

    One of a single tap in hls4ml's pointwise variant has all positions at once, whatever the partitions it names, takes
    an input every `reuse` cycles and lasts as long as one product (two repositories).
    """
    coefficients = p.of("parallel_convolution")
    source, result = layer.input or DEFAULT_TYPE, layer.result or DEFAULT_TYPE
    is_pointwise = layer.implementation == POINTWISE
    at_once = image.out_pixels if is_pointwise else max(1, min(layer.parallel, image.out_pixels))
    rounds = ceil(image.out_pixels / at_once)
    inside = _inside(image) if rounds == 1 else 1.0
    inputs = image.in_pixels * image.in_channels * source.width
    outputs = image.out_pixels * image.out_channels * result.width
    held = coefficients["ff"] * (inputs + outputs) * (rounds > 1)
    choose = coefficients["select"] * layer.n_in * image.out_pixels * source.width if rounds > 1 else 0.0
    least, most, interval = _loop(layer, core, rounds)
    if is_pointwise:
        least = most = core.latency_max or 0.0
        interval = float(layer.reuse)
    return Cost(
        model="parallel_convolution",
        lut=None if core.lut is None else core.lut * at_once * inside + choose,
        ff=None if core.ff is None else core.ff * at_once * inside + held,
        dsp=None if core.dsp is None else float(round(core.dsp * at_once * inside)),
        bram18=core.bram18,
        latency_min=least,
        latency_max=most,
        ii=interval,
        muxes=core.muxes * at_once * inside,
        mux_lut=core.mux_lut,
        rules=core.rules & {"dsp"},
        notes=core.notes,
    )


def _loop(layer: LayerRecord, core: Cost, rounds: int) -> tuple[float, float, float]:
    """Fewest and most cycles and pace of a loop over the positions.

    At full pace it starts again at once and waits a cycle at most; a slower one is done before the next image.
    """
    pace = 1.0
    if layer.reuse > 1:
        pace = max(core.ii or 1.0, min(layer.reuse, (core.latency_max or 0.0) + 2))
    is_rewound = pace == 1.0
    latency = rounds * pace + (core.latency_max or 0.0) + 1
    return latency, latency + is_rewound, float(rounds) if is_rewound else latency + 1


def padding_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate zero padding of a stream: counters and one multiplexer a channel."""
    coefficients, image = p.of("padding"), layer.image
    if not p.is_stream or image is None:
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
    timing = _padding_timing(image, p.tech)
    return Cost(
        model="padding",
        lut=coefficients["control"] + coefficients["channel"] * image.in_channels * (0.15 if p.tech.is_vitis else 1.0),
        ff=coefficients["ff"],
        dsp=0.0,
        bram18=0.0,
        **timing,
        ii=timing["latency_max"],
        rules=frozenset({"dsp", "bram18"}),
    )


def _padding_timing(image: Image, tech: Technology) -> ProcessTiming:
    """Cycles of a streamed padding, exact for 11 of two repositories.

    Sides of one pixel are written in passing, others in loops of their own. The loops of two dimensions are nested, and
    Vivado HLS does not see that the last pixels are written early: all cycles count behind a longer process (3
    paddings of one region).
    """
    if tech.is_vitis or image.rank == 2:
        cycles = image.out_pixels + (2.0 if tech.is_vitis else 3.0)
        return ProcessTiming(latency_min=cycles, latency_max=cycles, head=1.0 + tech.is_vitis, tail=cycles)
    _, _, left, right = image.padding
    cycles = image.in_width + 1.0 + sum(side + 1 for side in (left, right) if side > 1)
    return ProcessTiming(latency_min=cycles, latency_max=cycles, head=1.0, tail=PADDING_TAIL)
