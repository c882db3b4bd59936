"""What the modules of a streaming design take: their arithmetic, feeds, control and queues, counted from the plan."""

from dataclasses import replace
from math import ceil

from hlsexplore.ops import Pair
from hlsexplore.report import Figures
from hlsexplore.rtl_plan.count.blocks import DSP48E1, Blocks
from hlsexplore.rtl_plan.count.layers import BRAM18_BITS, BRAM18_WORDS, SRL_CYCLES, layer_figures, net_logic
from hlsexplore.rtl_plan.folded import Folded
from hlsexplore.rtl_plan.layer_plan import LayerPlan
from hlsexplore.rtl_plan.netlist.cells import counter_bits
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule
from hlsexplore.rtl_plan.stream.feed import Feed, FeedKind, is_block_line
from hlsexplore.rtl_plan.stream.plan import StreamLayer
from hlsexplore.rtl_plan.walk import Walk, WalkAxis

SRL_PLACES = 32
"""Places of the shift register in one LUT (7 series CLB user guide UG474)."""
RAM_PLACES = (32, 64)
RAM_BITS = (6, 3)
"""Bits of each place in the four LUTs of a RAM32M and a RAM64M (7 series CLB user guide UG474)."""
QUEUE_LUTS = 4
"""Gates of a queue beside its counters and places: room, valid, and the enables of the counters."""


def stream_layer_figures(layer: StreamLayer, blocks: Blocks = DSP48E1) -> Figures:
    """Count what the module of a streaming layer takes.

    Args:
        layer: The planned layer.
        blocks: Cells that are counted.
    """
    core = layer_figures(layer.core, blocks)
    lut, ff, bram = int(core.lut or 0), int(core.ff or 0), int(core.bram18 or 0)
    if layer.feed is not None:
        more = _feed(layer.feed, blocks)
        control = _control(layer.feed.walk, layer.core.ii_cycles)
        lut, ff, bram = lut + more[0] + control[0], ff + more[1] + control[1] + layer.feed.is_registered, bram + more[2]
    lut -= _spared_luts(layer.core, blocks)
    width = layer.core.output.size * layer.core.output.width
    for depth in () if layer.waits else layer.depths:
        queue = queue_resources(depth, width)
        lut, ff = lut + queue[0], ff + queue[1]
    return replace(
        core,
        lut=lut,
        ff=ff,
        bram18=bram,
        latency_cycles_min=layer.latency_cycles,
        latency_cycles_max=layer.latency_cycles,
        ii_cycles=layer.ii_cycles,
    )


def _spared_luts(core: LayerPlan, blocks: Blocks) -> int:
    """Count the LUTs of multiplexers over a whole input that a product of one beat at a time does not have."""
    folded = core.body
    if not isinstance(folded, Folded) or folded.beats == 1:
        return 0
    spared = blocks.mux_luts(folded.steps) - blocks.mux_luts(folded.steps // folded.beats)
    return folded.groups * core.inputs[0].width * spared


def queue_resources(depth: int, width: int) -> tuple[int, int]:
    """Count LUTs and flip-flops of a queue: its places in distributed RAM, and three counters.

    Examples:
        >>> queue_resources(4, 12)
        (21, 9)
    """
    index = 0 if depth <= RAM_PLACES[0] else 1
    banks = ceil(depth / RAM_PLACES[index])
    places = 4 * ceil(width / RAM_BITS[index]) * banks + (width * ceil((banks - 1) / 3) if banks > 1 else 0)
    bits = depth.bit_length()
    return places + 3 * bits + QUEUE_LUTS, 3 * bits


def window_resources(reach: Pair, line_pixels: int, bits: int) -> tuple[int, int, int]:
    """Count LUTs, flip-flops and block RAMs of a window and of the lines that wait between its rows.

    Args:
        reach: Rows and columns of the window.
        line_pixels: Pixels that wait between two rows.
        bits: Bits of a pixel.

    Examples:
        >>> window_resources((3, 3), 61, 8)
        (32, 72, 0)
    """
    lines, window = reach[0] - 1, reach[0] * reach[1] * bits
    if is_block_line(line_pixels, bits):
        blocks = lines * ceil(bits / BRAM18_BITS) * ceil(line_pixels / BRAM18_WORDS)
        return 0, window + lines * (line_pixels - 1).bit_length(), blocks
    if line_pixels >= SRL_CYCLES:
        return lines * bits * ceil(line_pixels / SRL_PLACES), window, 0
    return 0, window + lines * bits * line_pixels, 0


def _feed(feed: Feed, blocks: Blocks) -> tuple[int, int, int]:
    """Count LUTs, flip-flops and block RAMs of a feed's data path."""
    bits = feed.pixel_bits
    match feed.kind:
        case FeedKind.WINDOW:
            return window_resources(feed.reach, feed.line_pixels, bits)
        case FeedKind.COLLECT:
            return 0, feed.buffer_bits, 0
        case FeedKind.SPLIT:
            return bits, bits, 0
        case FeedKind.BUFFER:
            return len(feed.elements) * feed.inputs[0].width, feed.buffer_bits, 0
        case FeedKind.REDUCE if feed.loop is not None:
            return _reduce_luts(feed.loop, len(feed.starts), blocks), feed.buffer_bits, 0
        case _:
            return 0, 0, 0


def _reduce_luts(loop: Net, registers: int, blocks: Blocks) -> int:
    """Count the logic of a reduction's step; the start value is the registers' reset."""
    count = len(loop.cells)
    at_once = NetSchedule(stages=(0,) * count, latency_cycles=0, arrival_ns=0.0, last_use=(0,) * count)
    return net_logic(loop, at_once, blocks)[0] + sum(loop.cells[index].width for index in range(registers))


def _control(walk: Walk, pace: int) -> tuple[int, int]:
    """Count LUTs and flip-flops of a walk's counters and conditions."""
    lut, ff = 2, 0
    for axis in (walk.columns, walk.rows):
        bits = counter_bits(axis.length) if axis.length > 1 else 0
        lut, ff = lut + bits + ceil(bits / 3), ff + bits
        extra = _conditions(axis)
        lut, ff = lut + extra[0], ff + extra[1]
    if pace > 1:
        lut, ff = lut + counter_bits(pace) + 1, ff + counter_bits(pace)
    return lut, ff


def _conditions(axis: WalkAxis) -> tuple[int, int]:
    """Count LUTs and flip-flops of the conditions of an axis: comparisons, and counters where places are apart."""
    lut = ff = 0
    for pattern in (*axis.takes, axis.issue):
        if pattern.flags(axis.length).all():
            continue
        lut += 1
        if pattern.step > 1 and pattern.count > 1:
            bits = counter_bits(max(pattern.first + 1, pattern.step))
            lut, ff = lut + bits, ff + bits
    return lut, ff
