"""Layers of this project's streaming RTL, for sweeps: the arithmetic of one pixel, and what brings pixels to it.

The feeds follow the generator (`structure/feed.py`): windows in registers, lines in shift registers or block RAMs, the
groups of a dense layer's input side by side; queues of a few places behind each layer. Queues' depths and the exact
timing follow from the whole plan only: ask for `level="plan"` where they matter.
"""

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, unknown
from hlsexplore.estimate.record import Image, LayerRecord
from hlsexplore.structure.feed import BLOCK_LINE_BITS, BLOCK_LINE_PIXELS
from hlsexplore.structure.figures import BRAM18_BITS, BRAM18_WORDS, SRL_CYCLES
from hlsexplore.structure.stream_figures import SRL_PLACES, queue_resources

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
    is_product = layer.op in ("conv1d", "conv2d", "dense")
    is_window = layer.image is not None and layer.image.window > 1 and "global" not in layer.op
    one = replace(layer, pixels=1, parallel=1)
    if is_product:
        one = replace(one, op="dense", channels=layer.n_out, image=None, is_held=True)
    core = parallel(one)
    if core.lut is None or core.ff is None:
        return unknown(f"{layer.op} on a stream")
    pace = float(layer.reuse) if is_product else 1.0
    cycles = _pixels_in(layer) + layer.pixels * (pace - 1.0)
    lut = ff = bram = 0.0
    fill = core.latency_max or 0.0
    if is_window or "global" in layer.op or (is_product and (layer.packets > 1 or pace > 1)):
        lut, ff, bram = _stage(layer, is_window)
        fill += STAGE_CYCLES if is_window or pace == 1 else 1.0
    if layer.op == "relu":  # a mask in front of a queue, where a register's reset does not do it
        source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
        lut += layer.channels * min(source.width - source.signed, target.width - target.signed)
        fill = 0.0
    return replace(
        core,
        lut=core.lut + lut,
        ff=core.ff + ff,
        bram18=(core.bram18 or 0.0) + bram,
        latency_min=cycles - pace + fill,
        latency_max=cycles - pace + fill,
        ii=max(cycles, 1.0),
        head=fill,
        rules=core.rules & {"dsp"},
        notes=(*core.notes, "queues and timing of a stream are those of its plan"),
    )


def _pixels_in(layer: LayerRecord) -> float:
    """Pixels, or groups of elements, that a layer takes in for a sample, its padding included."""
    if layer.image is None:
        return float(max(layer.packets, layer.pixels))
    top, bottom, left, right = layer.image.padding
    return float((layer.image.in_height + top + bottom) * (layer.image.in_width + left + right))


def _stage(layer: LayerRecord, is_window: bool) -> tuple[float, float, float]:
    """LUT, FF and block RAMs of the queue and the feed before the arithmetic."""
    width = (layer.input or DEFAULT_TYPE).width
    size = layer.image.in_channels if layer.image is not None else ceil(layer.n_in / max(layer.packets, 1))
    lut, ff = queue_resources(QUEUE_PLACES, size * width)
    if is_window and layer.image is not None:
        more = _window(layer.image, width)
        return lut + more[0], ff + more[1], more[2]
    collected = layer.n_in * width if layer.op == "dense" and layer.packets > 1 and layer.reuse == 1 else 0.0
    return lut + CONTROL_LUT, ff + CONTROL_FF + collected, 0.0


def _window(image: Image, width: int) -> tuple[float, float, float]:
    """LUT, FF and block RAMs of a window that slides over lines of pixels."""
    _, _, left, right = image.padding
    bits, rows = image.in_channels * width + any(image.padding), image.kernel_height
    line = max(image.in_width + left + right - image.kernel_width, 0) if rows > 1 else 0
    lut, ff, bram = CONTROL_LUT, image.window * bits + CONTROL_FF, 0.0
    if line >= BLOCK_LINE_PIXELS and line * bits >= BLOCK_LINE_BITS:
        bram = float((rows - 1) * ceil(bits / BRAM18_BITS) * ceil(line / BRAM18_WORDS))
    elif line >= SRL_CYCLES:
        lut += (rows - 1) * bits * ceil(line / SRL_PLACES)
    else:
        ff += (rows - 1) * bits * line
    return lut, ff, bram
