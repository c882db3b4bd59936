"""Layers of this project's streaming RTL, for sweeps: the arithmetic of one pixel, and what brings pixels to it.

The feeds follow the generator (`rtl_plan/stream/feed.py`): windows in registers, lines in shift registers or block
RAMs, the groups of a dense layer's input side by side; a queue of a few places before each feed. Queues' depths and the
exact timing follow from the whole plan only: ask for `level="plan"` where they matter.
"""

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, relu_bits, unknown
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.record import Image, LayerRecord
from hlsexplore.rtl_plan.count.blocks import WIDE_LUT
from hlsexplore.rtl_plan.count.stream import queue_resources, window_resources

QUEUE_PLACES = 8
"""Places of a queue; plans have 2 to 40."""
STAGE_CYCLES = 2.0
"""Cycles of a stage beside its arithmetic: the feed's register and the queue's; shared multipliers have the former."""
CONTROL_LUT, CONTROL_FF = 16.0, 10.0
"""Counters and conditions of a walk (8 x 8 to 30 x 30 pixels)."""


def rtl_stream(layer: LayerRecord, parallel: Callable[[LayerRecord], Cost]) -> Cost:
    """Estimate a layer that takes a pixel at a time.

    Args:
        layer: The layer.
        parallel: The cost of a layer whose whole tensor is there at once.

    Returns:
        Its cost; `latency_max` is the time of one sample, `head` what it delays the others.
    """
    if layer.op == Kind.GLOBAL_POOLING:
        return unknown(f"{layer.called} on a stream")
    is_product = layer.op in (Kind.CONV1D, Kind.CONV2D, Kind.DENSE)
    window = layer.image if layer.image is not None and layer.image.window > 1 else None
    one = replace(layer, pixels=1, parallel=1, dsp_budget=layer.dsp_budget // max(layer.parallel, 1))
    copies = min(layer.parallel, layer.reuse) if is_product else 1
    if is_product:
        one = replace(one, op=Kind.DENSE, channels=layer.n_out, image=None, is_held=copies == 1)
    core = parallel(one)
    if core.lut is None or core.ff is None:
        return unknown(f"{layer.called} on a stream")
    pace = float(ceil(layer.reuse / copies)) if is_product else 1.0
    cycles = _pixels_in(layer) + layer.pixels * (pace - 1.0)
    lut = ff = bram = 0.0
    if copies > 1:  # copies take windows in turn; each bit of a result is that of the copy that is done
        core = _copied(core, copies)
        lut += layer.n_out * (layer.result or DEFAULT_TYPE).width * ceil((2 * copies - 1) / (WIDE_LUT - 1))
    fill = core.latency_max or 0.0
    if window is not None or (is_product and (layer.packets > 1 or pace > 1)):
        lut, ff, bram = _stage(layer, window)
        fill += STAGE_CYCLES if window is not None or pace == 1 else 1.0
    if layer.op == Kind.RELU:  # a mask in front of a queue, where a register's reset does not do it
        source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
        lut += layer.channels * relu_bits(source, target)
        fill = 0.0
    return replace(
        core,
        lut=(core.lut or 0.0) + lut,
        ff=(core.ff or 0.0) + ff,
        bram18=(core.bram18 or 0.0) + bram,
        latency_min=cycles - pace + fill,
        latency_max=cycles - pace + fill,
        ii=max(cycles, 1.0),
        head=fill,
        rules=core.rules & {"dsp"},
        notes=(*core.notes, "queues and timing of a stream are those of its plan"),
    )


def _copied(core: Cost, copies: int) -> Cost:
    """Return the cost of some copies of a layer's arithmetic."""
    return replace(
        core,
        lut=copies * (core.lut or 0.0),
        ff=copies * (core.ff or 0.0),
        dsp=copies * (core.dsp or 0.0),
        bram18=copies * (core.bram18 or 0.0),
    )


def _pixels_in(layer: LayerRecord) -> float:
    """Pixels, or groups of elements, that a layer takes in for a sample, its padding included."""
    if layer.image is None:
        return float(max(layer.packets, layer.pixels))
    return float(layer.image.padded_pixels)


def _stage(layer: LayerRecord, window: Image | None) -> tuple[float, float, float]:
    """LUT, FF and block RAMs of the queue and the feed before the arithmetic."""
    width = (layer.input or DEFAULT_TYPE).width
    size = layer.image.in_channels if layer.image is not None else ceil(layer.n_in / max(layer.packets, 1))
    queue = queue_resources(QUEUE_PLACES, size * width)
    lut, ff, bram = queue[0] + CONTROL_LUT, queue[1] + CONTROL_FF, 0.0
    if window is not None:
        more = _window(window, width)
        lut, ff, bram = lut + more[0], ff + more[1], float(more[2])
    elif layer.op == Kind.DENSE and layer.packets > 1 and layer.reuse == 1:
        ff += layer.n_in * width
    return lut, ff, bram


def _window(image: Image, width: int) -> tuple[int, int, int]:
    """LUT, FF and block RAMs of a window that slides over lines of pixels; with padding, each pixel has a flag."""
    reach = (image.kernel_height, image.kernel_width)
    line = max(image.padded_width - image.kernel_width, 0) if image.kernel_height > 1 else 0
    return window_resources(reach, line, image.in_channels * width + any(image.padding))
