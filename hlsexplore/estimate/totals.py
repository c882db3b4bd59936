"""Totals of designs: sums of resources, the way layers overlap in time, what connects them.

Everything works on columns, one entry for each design of a sweep; a single design is a column of one. NaN is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.streams import Column, last_end
from hlsexplore.estimate.hls.windows import FIFO_DEPTH_IN_LUT, VITIS_DEPTH_IN_LUT, fifo_lut, fifo_width, vitis_fifo
from hlsexplore.estimate.kinds import MATRIX_OPS, MOVE_OPS, Kind
from hlsexplore.estimate.liveness import live_results, neighbours
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.estimate.technology import Speed, Technology, technology
from hlsexplore.ops import Function
from hlsexplore.report import Figures
from hlsexplore.rtl_plan.netlist.timing import MAX_UNREGISTERED

SUMMED = ("lut", "ff", "dsp", "bram18")
TIMED = ("latency_cycles_min", "latency_cycles_max", "ii_cycles")
AXI_SPREAD = 1.6
"""How the delay of converting a floating-point word, which the AXI wrapper of a stream reads, grows with the device's
lag.

8 cycles a pixel of one channel on Zynq at 5 ns, 4 on UltraScale+ at 3.3 to 4 ns, 6 at 2 ns (five repositories)."""
AXI_CHANNEL = 1.31
"""Cycles of each further channel over those of the first, since the wrapper's loop is not pipelined.

29 of 3 channels on Zynq, 14 to 15 on UltraScale+."""
WORDS_LATENCY, WORDS_LUT, WORDS_FF, WORDS_BRAM = 2.0, 452.0, 793.0, 4.0
"""Cycles beside one for each word, and cells, of a wrapper whose words are the network's own fixed-point numbers behind
AXI-Lite (two networks of one repository, which differ by nothing but a cycle)."""
SINGLE_FIFO_LUT = 12.0
"""LUT of a FIFO of one word of Vivado HLS beside its bits; it has 5 FF (28 LUT of 16, 30 of 18 bits; 4 designs)."""
ENTRY_FROM, TWO_ENTRIES_FROM = 2019.0, 2020.05
"""Versions of Vivado HLS from which one and two processes hand the input of a dataflow region on (2018.3: a memory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Costs of layers, and bits and number of the live elements of their results, shape (layers, designs)."""

    lut: Column
    ff: Column
    dsp: Column
    bram18: Column
    latency_min: Column
    latency_max: Column
    ii: Column
    head: Column
    tail: Column
    visit: Column
    muxes: Column
    mux_lut: Column
    delay_ns: Column
    width: Column
    live: Column


ACTIVATIONS = frozenset(Kind(function) for function in Function if function is not Function.LINEAR)
"""Ops whose results the RTL registers where they come late in a cycle."""
COST_FIELDS = tuple(item.name for item in fields(Columns) if item.name not in ("width", "live"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What does not change from design to design of a sweep.

    Attributes:
        layers: The layers, for their ops and shapes.
        tech: Tool and family.
        budget_ns: Time of a cycle that the scheduler fills.
        io: `parallel` or `stream`.
        flat: Whether the layers are one pipeline.
        axi: Whether a wrapper moves the words of an AXI interface.
        has_float_words: Whether it converts them from and to floating-point numbers.
        sequential: Whether the layers run one after the other and the next input waits.
    """

    layers: tuple[LayerRecord, ...]
    tech: Technology
    budget_ns: float
    io: str
    flat: bool
    axi: bool = False
    has_float_words: bool = True
    sequential: bool = False


def layout_of(design: DesignRecord) -> Layout:
    """Return the layout of a design."""
    flat = not design.is_dataflow
    waits = any(layer.strategy == "resource" and layer.reuse > 1 for layer in design.layers)
    return Layout(
        layers=design.layers,
        tech=technology(design.tool, design.version, design.family, design.cells),
        budget_ns=design.budget_ns,
        io=design.io,
        flat=flat,
        axi=design.axi,
        has_float_words=design.has_float_words,
        sequential=design.waits or (flat and waits and len(design.layers) > 1),
    )


def columns_of(design: DesignRecord, costs: Sequence[Cost]) -> Columns:
    """Return the costs of one design as columns of one."""
    layers = design.layers
    shape = (len(layers), 1)
    values = {
        name: np.array([_number(getattr(cost, name)) for cost in costs], dtype=np.float64).reshape(shape)
        for name in COST_FIELDS
    }
    widths = np.array([float((layer.result or DEFAULT_TYPE).width) for layer in layers]).reshape(shape)
    around = {} if design.is_dataflow else neighbours(design)
    live = np.array([float(live_results(layer, *around.get(layer.name, (None, None)))) for layer in layers])
    return Columns(**values, width=widths, live=live.reshape(shape))


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def figures_at(columns: dict[str, Column], index: int = 0) -> Figures:
    """Return one entry of total columns as figures."""
    values = {name: float(column[index]) for name, column in columns.items()}
    return Figures(**{name: None if np.isnan(value) else value for name, value in values.items()})


def missing_of(layers: Sequence[LayerRecord], costs: Sequence[Cost]) -> tuple[str, ...]:
    """Say what a total leaves out, one sentence for each layer."""
    found = []
    for layer, cost in zip(layers, costs, strict=True):
        lacking = [key for key in (*SUMMED, "latency_max") if getattr(cost, key) is None]
        if lacking:
            what = "any figure" if len(lacking) == 5 else ", ".join(item.removesuffix("_max") for item in lacking)
            found.append(f"layer {layer.name!r} ({layer.called}): no model for {what}; the total leaves it out.")
    return tuple(found)


def total_columns(layout: Layout, columns: Columns, table: Coefficients) -> dict[str, Column]:
    """Add layers up.

    Args:
        layout: What the designs share.
        columns: Costs of their layers, shape (layers, designs).
        table: Fitted coefficients.

    Returns:
        A column for each figure; a resource is NaN where no layer has a figure, timing where any layer lacks one.
    """
    count = columns.lut.shape[1]
    if not layout.layers:
        return {name: np.full(count, np.nan) for name in (*SUMMED, "uram", *TIMED)}
    columns = replace(columns, lut=with_one_price(layout.tech, columns))
    sums = {name: _sum(getattr(columns, name)) for name in SUMMED}
    if layout.tech.is_rtl:
        least, most, interval = _chained(layout, columns)
        lut, ff, bram = _registered_outputs(layout, columns, interval)
    else:
        least, most, interval, breaks = (
            _flat(layout, columns, table) if layout.flat else _dataflow(layout, columns, table)
        )
        lut, ff, bram = _connections(layout, columns, most, breaks, table)
    sums["lut"], sums["ff"], sums["bram18"] = sums["lut"] + lut, sums["ff"] + ff, sums["bram18"] + bram
    timed = np.where(np.isnan(columns.latency_max).any(axis=0), np.nan, 1.0)
    known = np.where(np.isnan(sums["lut"]), np.nan, 0.0)
    whole = {"latency_cycles_min": least * timed, "latency_cycles_max": most * timed, "ii_cycles": interval * timed}
    whole |= {name: sums[name] for name in ("dsp", "bram18")}
    return {**sums, "uram": np.broadcast_to(known, (count,)), **{name: np.round(one) for name, one in whole.items()}}


def mux_price(tech: Technology, columns: Columns) -> Column:
    """LUT of each multiplexer of many inputs, of each layer, shape (layers, designs).

    Vivado HLS gives all those of a design one price.

    It is the price of the last layer's that has any: in 33 designs of 9 repositories, multiplexers of 3 to 256 inputs
    have one price each, that of 10 inputs where a softmax of 10 classes is the last, of 32 where a dense layer is.
    """
    if tech.is_vitis or tech.is_rtl:
        return columns.mux_lut
    price = np.zeros(columns.lut.shape[1])
    for index in range(columns.lut.shape[0]):
        price = np.where(columns.muxes[index] > 0, columns.mux_lut[index], price)
    return np.broadcast_to(price, columns.lut.shape)


def with_one_price(tech: Technology, columns: Columns) -> Column:
    """LUT of each layer with the price of its multiplexers in this design, shape (layers, designs)."""
    found: Column = columns.lut + columns.muxes * (mux_price(tech, columns) - columns.mux_lut)
    return found


def _sum(values: Column) -> Column:
    total: Column = np.nansum(values, axis=0)
    return np.where(np.isnan(values).all(axis=0), np.nan, total)


def _flat(layout: Layout, columns: Columns, table: Coefficients) -> tuple[Column, Column, Column, Column]:
    """Latency of layers called one after the other in a single schedule, and where it breaks the combinational chain.

    A layer with registers starts in a fresh cycle; a combinational one shares the cycle as long as the budget lasts.
    Vivado HLS before 2020 holds the input one cycle more where the first layer has registers and takes one each cycle,
    unless an AXI wrapper feeds it (8 designs); Vitis HLS on 7 series registers the result of each pipelined call (7
    calls of two designs). What leaves a layer with registers is held in a pipeline of one input a cycle, even where the
    next layer chains to it.
    """
    low, high = np.nan_to_num(columns.latency_min), np.nan_to_num(columns.latency_max)
    delay, interval = columns.delay_ns, np.nan_to_num(columns.ii, nan=1.0)
    count = low.shape[1]
    least, most, now = np.zeros(count), np.zeros(count), np.zeros(count)
    breaks = np.zeros(low.shape)
    held, begun, waits = (np.zeros(count, dtype=bool) for _ in range(3))
    for index in range(low.shape[0]):
        works = (low[index] > 0) | (delay[index] > 0)
        staged = low[index] > 0
        fresh = works & np.where(staged, now > 0, now + delay[index] > layout.budget_ns)
        breaks[index] = fresh | (works & held)
        held = np.where(works, staged & (interval[index] <= 1), held)
        begun, waits = begun | works, np.where(begun, waits, works & held)
        least, most = least + fresh + low[index], most + fresh + high[index]
        end = np.full(count, layout.budget_ns) if layout.tech.sizes_sums else np.maximum(delay[index], 0.01)
        after = np.where(staged, end, np.where(fresh, delay[index], now + delay[index]))
        now = np.where(works, after, now)
    extra = np.zeros(count)
    if layout.tech.is_vitis and layout.tech.speed is Speed.SLOW:
        extra = (low > 0).sum(axis=0).astype(np.float64)
    elif not layout.tech.is_vitis and layout.tech.version < 2020 and not layout.axi:
        extra = waits.astype(np.float64)
    least, most = least + extra, most + extra
    if layout.axi:
        moved = _moved(layout, table)
        return least + moved, most + moved, most + moved + 1, breaks
    if layout.sequential:
        return least, most, most, breaks
    return least, most, np.minimum(interval.max(axis=0, initial=1.0), most + 1), breaks


def _moved(layout: Layout, table: Coefficients) -> float:
    """Cycles in which the AXI wrapper of whole tensors reads the input and writes the result."""
    extra = table.of("top", layout.tech.name)["axi_latency"] if layout.has_float_words else WORDS_LATENCY
    return layout.layers[0].n_in + layout.layers[-1].n_out + extra


def _dataflow(layout: Layout, columns: Columns, table: Coefficients) -> tuple[Column, Column, Column, Column]:
    """Latency of processes: one after the other for whole tensors, overlapped for streams."""
    processes = np.array([layer.op not in MOVE_OPS | {Kind.QUANTIZER} for layer in layout.layers], dtype=bool)
    breaks = np.zeros(columns.lut.shape)
    count = columns.lut.shape[1]
    if not processes.any():
        return np.zeros(count), np.zeros(count), np.ones(count), breaks
    if layout.io == "stream":
        return *_streams(layout, columns, processes, table), breaks
    handed = processes.sum() - 1
    least = np.nansum(columns.latency_min[processes], axis=0) + handed
    most = np.nansum(columns.latency_max[processes], axis=0) + handed
    pace = np.nan_to_num(columns.ii, nan=1.0)[processes].max(axis=0)
    if layout.axi:  # the wrapper reads an input, waits for the result and writes it
        moved = _moved(layout, table)
        return least + moved, most + moved, most + moved + 1, breaks
    return least, most, most if layout.sequential else pace, breaks


def _streams(
    layout: Layout, columns: Columns, processes: NDArray[np.bool_], table: Coefficients
) -> tuple[Column, Column, Column]:
    """Latency and pace of overlapped processes."""
    high, interval = np.nan_to_num(columns.latency_max)[processes], np.nan_to_num(columns.ii, nan=1.0)[processes]
    head = columns.head[processes]
    read = _axi_cycles(layout, table) if layout.axi else 0.0
    pace = np.maximum(interval.max(axis=0), read)
    head = np.where(np.isnan(head), high, head)
    starts = np.cumsum(head, axis=0) - head
    if layout.tech.is_vitis:  # a process without a loop of its own takes the next input when it is done
        pace = np.maximum(pace, np.where(interval <= 1, high, 0.0).max(axis=0) + 1)
        most = np.maximum((starts + high).max(axis=0), read)
        return most, most, pace
    tail, visit = columns.tail[processes], columns.visit[processes]
    tail = np.where(np.isnan(tail), np.maximum(high - 1, 0.0), tail)
    pixels = np.array([_pixels(layer) for layer in layout.layers])[processes][:, None]
    paces = np.where(np.isnan(visit), np.floor(high / pixels), visit)
    if read:  # the wrapper is a process before all others
        starts, high, tail = (np.insert(a, 0, first, axis=0) for a, first in ((starts, 0.0), (high, read), (tail, 0.0)))
        paces, visit = np.insert(paces, 0, np.floor(read / pixels[0]), axis=0), np.insert(visit, 0, np.nan, axis=0)
    most = last_end(starts, high, paces, tail, visit)
    least = last_end(starts, high, paces, np.where(np.isnan(visit), tail, 0.0), np.full(visit.shape, np.nan))
    return least, most, pace + (pace > 1)


def _pixels(layer: LayerRecord) -> float:
    """Pixels that a process of a stream takes in or gives out, whichever are more."""
    return float(max(layer.image.in_pixels if layer.image is not None else 1, layer.pixels, 1))


def _chained(layout: Layout, columns: Columns) -> tuple[Column, Column, Column]:
    """Timing of the RTL: the longest path through the layers and one cycle for the registered outputs.

    Of a stream, what each layer delays the next one, and the cycles of the slowest one until its last pixel. Elsewhere
    a layer goes on in the cycle in which its inputs are stable (`rtl_plan.layers.parallel_layer`).
    """
    interval = np.nan_to_num(columns.ii, nan=1.0)
    if layout.io == "stream":
        ends = _path(layout, np.nan_to_num(columns.head))
        most = ends + np.nan_to_num(columns.latency_max - columns.head).max(axis=0) + 1
    else:
        most = _path(layout, np.nan_to_num(columns.latency_max), columns.delay_ns, interval) + 1
    return most, most, interval.max(axis=0)


def _path(layout: Layout, cycles: Column, delay_ns: Column | None = None, interval: Column | None = None) -> Column:
    """Return the cycles of the longest path; with delays, those that layers begun in a full cycle take besides."""
    nothing = np.zeros(cycles.shape[1])
    ends: dict[str, Column] = {}
    stable: dict[str, Column] = {}
    folded = {
        layer.name: (interval[index] > 1 if interval is not None and layer.op == Kind.DENSE else nothing > 0)
        for index, layer in enumerate(layout.layers)
    }
    for index, layer in enumerate(layout.layers):
        sources = [name for name in layer.sources if name in ends]
        start = np.max([ends[name] for name in sources] or [nothing], axis=0)
        end, after = start + cycles[index], nothing
        if delay_ns is not None:
            now = np.max([stable[name] for name in sources] or [nothing], axis=0)
            now = np.where(folded[layer.name], 0.0, now)
            total = now + delay_ns[index]
            full = np.floor(total / layout.budget_ns)
            is_one = (cycles[index] == 0) & (delay_ns[index] <= layout.budget_ns)
            after = np.where(is_one & (full > 0), delay_ns[index], total - full * layout.budget_ns)
            readers = [folded[other.name] for other in layout.layers if layer.name in other.sources]
            is_held = np.all(readers, axis=0) & ~folded[layer.name] if readers else nothing > 0
            if layer.op in ACTIVATIONS:
                is_held = is_held | (after > MAX_UNREGISTERED * layout.budget_ns)
            end, after = end + full + is_held, np.where(is_held, 0.0, after)
        ends[layer.name], stable[layer.name] = end, after
    longest: Column = np.max(list(ends.values()), axis=0)
    return longest


def _registered_outputs(layout: Layout, columns: Columns, interval: Column) -> tuple[Column, Column, Column]:
    """LUT, FF and BRAM of the RTL's top module: output registers and a counter that spaces the inputs."""
    read = {name for layer in layout.layers for name in layer.sources}
    counter = np.where(interval > 1, np.ceil(np.log2(np.maximum(interval, 2))), 0.0)
    ff = counter + 1
    for index, layer in enumerate(layout.layers):
        if layer.name not in read:
            ff = ff + layer.elements * columns.width[index]
    return 1.5 * counter, ff, np.zeros(counter.shape)


def _connections(
    layout: Layout, columns: Columns, latency: Column, breaks: Column, table: Coefficients
) -> tuple[Column, Column, Column]:
    """LUT, FF and BRAM of ports, registers between layers and FIFOs."""
    coefficients = table.of("top", layout.tech.name)
    count = columns.lut.shape[1]
    lut, ff, bram = np.zeros(count), np.zeros(count), np.zeros(count)
    if len(layout.layers) > 1:
        lut += coefficients["control"]
    if layout.axi and layout.io != "stream":
        has_float = layout.has_float_words
        lut += coefficients["axi_lut"] if has_float else WORDS_LUT
        ff += coefficients["axi_ff"] if has_float else WORDS_FF
        bram += 0.0 if has_float else WORDS_BRAM
    for index, layer in enumerate(layout.layers[:-1]):
        if layout.io == "stream":
            added = _fifo(layer, columns.width[index], layout.tech, coefficients["fifo_bits"])
            lut, ff, bram = lut + added[0], ff + added[1], bram + added[2]
        elif not layout.flat and layer.op not in MOVE_OPS:
            known = ~np.isnan(columns.lut[index])  # a layer without a model may keep its tensor in a memory
            one_lut, one_ff = _channel(columns.width[index], layout, coefficients)
            lut, ff = lut + known * one_lut * layer.elements, ff + known * one_ff * layer.elements
    held = _held_input(layout, coefficients["fifo_bits"])
    ff, bram = ff + held[0], bram + held[1]
    if layout.flat and layout.io != "stream":  # what layers of a stream hand on waits in FIFOs
        ff += _ports(layout) + coefficients["stage_ff"] * _stage_bits(layout, columns, breaks)
    return lut, ff, bram


def _channel(width: Column, layout: Layout, coefficients: Mapping[str, float]) -> tuple[Column, Column]:
    """LUT and FF of an element that one process hands to the next: in a region of Vitis HLS a FIFO of two words.

    Processes that wait for each other (`sequential`, 31 designs) have none.
    """
    if layout.tech.is_vitis and not layout.sequential:
        lut, ff, _ = vitis_fifo(width, VITIS_DEPTH_IN_LUT, layout.tech)
        return lut, ff
    word = coefficients["channel_words"] * width + coefficients["channel_ff"]
    return np.full(width.shape, coefficients["channel_lut"]), word


def _held_input(layout: Layout, most_bits: float) -> tuple[float, float]:
    """FF and block RAM of what holds the input of a dataflow region of whole tensors in Vivado HLS.

    The input is one word. A process before the first layer hands it on through a FIFO of two words, from 2020.1 on two
    such processes: ceil(bits / 18) blocks and bits + 10 FF each (1,400 bits; 4,704, 12,544 and 49,152 of one developer;
    256 bits stay in LUTs). A recurrent layer reads the port itself (4 designs); a dense layer with reuse holds the word
    twice more (two networks).
    """
    first, processes = layout.layers[0], sum(layer.op not in (*MOVE_OPS, Kind.QUANTIZER) for layer in layout.layers)
    bits = _input_bits(first)
    if layout.flat or layout.io == "stream" or layout.tech.is_vitis or layout.tech.is_rtl:
        return 0.0, 0.0
    if processes < 2 or first.op not in MATRIX_OPS or layout.tech.version < ENTRY_FROM or 2 * bits <= most_bits:
        return 0.0, 0.0
    count = 2 if layout.tech.version >= TWO_ENTRIES_FROM else 1
    copies = 2 * (first.op == Kind.DENSE and first.strategy == "resource" and first.reuse > 1)
    return count * (bits + 10.0) + copies * bits, count * float(ceil(bits / 18))


def _stage_bits(layout: Layout, columns: Columns, breaks: Column) -> Column:
    """Bits that cross a cycle boundary between two layers; what is constant or unread has no registers."""
    total = np.zeros(columns.lut.shape[1])
    bits = np.zeros(columns.lut.shape[1])
    for index, layer in enumerate(layout.layers):
        if index:
            total += breaks[index] * bits
        if layer.op not in (Kind.QUANTIZER, *MOVE_OPS):
            bits = columns.live[index] * columns.width[index]
    return total


def _ports(layout: Layout) -> float:
    """Registers at the ports: the input is held; a single layer of the resource strategy holds its output."""
    first = layout.layers[0]
    if len(layout.layers) > 1 or first.strategy != "resource" or first.op not in MATRIX_OPS:
        return _input_bits(first) + 2
    return first.n_out * (first.result or DEFAULT_TYPE).width + 2 if first.reuse == 1 else 0.0


def _fifo(layer: LayerRecord, width: Column, tech: Technology, most_bits: float) -> tuple[Column, Column, Column]:
    """A FIFO for each channel (Vivado HLS) or for a pixel (Vitis HLS), as deep as the image."""
    depth = layer.pixels
    if tech.is_vitis:
        return vitis_fifo(layer.channels * width, depth, tech)
    in_memory = (depth >= FIFO_DEPTH_IN_LUT) & (width * depth > most_bits)
    bram = np.where(in_memory, np.ceil(width / fifo_width(depth)) * np.ceil(depth / 16384), 0.0)
    in_ram = fifo_lut(depth)
    short_lut, short_ff = (SINGLE_FIFO_LUT + width, 5.0) if depth == 1 else (34.0, 9.0)
    found = np.where(in_memory, in_ram, short_lut), np.where(in_memory, 34.0, short_ff), bram
    return found[0] * layer.channels, found[1] * layer.channels, found[2] * layer.channels


def _axi_cycles(layout: Layout, table: Coefficients) -> float:
    """Cycles in which the AXI wrapper of a stream reads one input."""
    first = layout.layers[0]
    pixels, channels = (first.image.in_pixels, first.image.in_channels) if first.image is not None else (1, first.n_in)
    delay = table.of("top", layout.tech.name)["axi_ns"] * layout.tech.lag**AXI_SPREAD
    one = 1.0 + np.ceil(delay / layout.budget_ns)
    return pixels * float(round(one * (1 + AXI_CHANNEL * (channels - 1)))) + 1.0


def _input_bits(layer: LayerRecord) -> float:
    width = (layer.input or DEFAULT_TYPE).width
    if layer.input_bits is not None and layer.image is None:
        return float(sum(layer.input_bits))
    if layer.image is not None:
        return float(layer.image.in_pixels * layer.image.in_channels * width)
    return float(layer.n_in * width)
