"""The data paths of feeds: from the beats of a stream to the operands of the arithmetic."""

from collections.abc import Callable

from hlsexplore.rtl_plan.netlist.cells import CellCode
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule
from hlsexplore.rtl_plan.stream.feed import Feed, FeedKind
from hlsexplore_hls.rtl.control import Control
from hlsexplore_hls.rtl.modules import bus_width, input_name
from hlsexplore_hls.rtl.nets import Writer, clocked, join, literal, select, vector

Operands = tuple[list[str], list[str]]
"""Statements, and an expression for each operand bus of the arithmetic."""


def feed_lines(feed: Feed, control: Control) -> Operands:
    """Write the data path of a feed.

    Args:
        feed: The feed.
        control: Its control.
    """
    return _WRITERS[feed.kind](feed, control)


def _direct(feed: Feed, control: Control) -> Operands:
    return [], [input_name(index) for index in range(len(feed.inputs))]


def _choose(feed: Feed, control: Control) -> Operands:
    flags = join(list(reversed(control.takes)))
    return [], [*(input_name(index) for index in range(len(feed.inputs))), flags]


def _collect(feed: Feed, control: Control) -> Operands:
    count, bits = feed.walk.columns.length, feed.pixel_bits
    total = count * bits
    lines = [f"  // {count} beats side by side, the first one lowest", f"  reg {vector(total)}beats;"]
    return [*lines, *clocked([f"    beats <= {_shifted('beats', total, bits, 'in_data')};"], "go")], ["beats"]


def _split(feed: Feed, control: Control) -> Operands:
    count, bits = feed.walk.columns.length, feed.pixel_bits
    part = bits // count
    later = join([literal(0, part), select("rest", bits, part, bits - part)])
    lines = [f"  // a beat in {count} parts, the lowest one first", f"  reg {vector(bits)}rest;"]
    lines += clocked([f"    rest <= {control.takes[0]} ? in_data : {later};"], "go")
    return lines, [select("rest", bits, 0, part)]


def _buffer(feed: Feed, control: Control) -> Operands:
    taken, width = feed.walk.columns.takes[0].count, feed.inputs[0].width
    total, size = taken * feed.pixel_bits, len(feed.elements) * width
    part = size // feed.walk.columns.issue.count
    moved = [
        literal(0, width) if element < 0 else select("beats", total, element * width, width)
        for element in feed.elements
    ]
    rows = ",\n".join(f"    {text}" for text in reversed(moved))
    lines = [
        f"  // all {taken} beats side by side, then their elements in the new order, beat by beat",
        f"  reg {vector(total)}beats;",
        *clocked([f"    beats <= {_shifted('beats', total, feed.pixel_bits, 'in_data')};"], f"go & {control.takes[0]}"),
        f"  wire {vector(size)}moved = {{",
        f"{rows}",
        "  };",
        f"  reg {vector(size)}rest;",
        f"  wire is_moving = column == {literal(taken, max(1, (feed.walk.columns.length - 1).bit_length()))};",
    ]
    later = "rest" if part == size else join([literal(0, part), select("rest", size, part, size - part)])
    lines += clocked([f"    rest <= is_moving ? moved : {later};"], "go & issue")
    return lines, [select("rest", size, 0, part)]


def _reduce(feed: Feed, control: Control) -> Operands:
    """Write the registers of a reduction and its step."""
    loop = feed.loop
    if loop is None:
        return [], []
    tensor, count = feed.inputs[0], len(feed.starts)
    lines = ["  // registers of all channels; the first beat starts from fixed values"]
    names: dict[int, str] = {}
    widths = [cell.width for cell in loop.cells[:count]]
    for channel, (width, start) in enumerate(zip(widths, feed.starts, strict=True)):
        lines.append(f"  reg {vector(width)}acc{channel};")
        lines.append(f"  wire {vector(width)}from{channel} = {control.first} ? {literal(start, width)} : acc{channel};")
        names[channel] = f"from{channel}"
    for cell in loop.cells:
        if cell.code is CellCode.INPUT and cell.data[0] >= count:
            channel = cell.data[0] - count
            first = channel * tensor.width
            text = select("in_data", bus_width(tensor), first, cell.width)
            lines.append(f"  wire {vector(cell.width)}x{channel} = {text};")
            names[cell.data[0]] = f"x{channel}"
    cells = len(loop.cells)
    at_once = NetSchedule(stages=(0,) * cells, latency_cycles=0, arrival_ns=0.0, last_use=(0,) * cells)
    writer = Writer(net=loop, planned=at_once, inputs=names, prefix="a")
    writer.write()
    updates = [f"    acc{channel} <= {writer.output(channel, width)};" for channel, width in enumerate(widths)]
    registers = join([f"acc{channel}" for channel in reversed(range(count))])
    return [*lines, *writer.lines, *clocked(updates, "go")], [registers]


def _window(feed: Feed, control: Control) -> Operands:
    """Write the rows of a window, the newest pixel of the newest row highest, and the lines between them."""
    rows, columns = feed.reach
    bits = feed.pixel_bits
    total = columns * bits
    lines = _pixel(feed, control.takes[0])
    entering = "pixel"
    for row in reversed(range(rows)):
        lines.append(f"  reg {vector(total)}window{row};" + ("  // newest row" if row == rows - 1 and rows > 1 else ""))
        lines += clocked([f"    window{row} <= {_shifted(f'window{row}', total, bits, entering)};"], "go")
        leaving = select(f"window{row}", total, 0, bits)
        if row:
            text, entering = _line(feed, row, leaving)
            lines += text
    data = bits - feed.has_flags
    taps = [select(f"window{row}", total, column * bits, data) for row, column in feed.taps]
    operands = [join(list(reversed(taps)))]
    if feed.has_flags:
        flags = [select(f"window{row}", total, column * bits + data, 1) for row, column in feed.taps]
        operands.append(join(list(reversed(flags))))
    return lines, operands


def _pixel(feed: Feed, take: str) -> list[str]:
    """Write the pixel that enters the window: a beat, or zeros for padding."""
    bits = feed.pixel_bits
    data = bits - feed.has_flags
    if take == "1'b1":
        return [f"  wire {vector(bits)}pixel = in_data;"]
    masked = f"{take} ? in_data : {literal(0, data)}"
    if feed.has_flags:
        masked = f"{{{take}, {masked}}}"
    return ["  // zeros where the walk is outside of the image", f"  wire {vector(bits)}pixel = {masked};"]


def _line(feed: Feed, row: int, leaving: str) -> tuple[list[str], str]:
    """Write the pixels that wait between a row and the one above; return also the pixel that enters that one."""
    count, bits = feed.line_pixels, feed.pixel_bits
    if count == 0:
        return [], leaving
    name, total = f"line{row}", count * bits
    if not feed.is_block_line:
        text = f"    {name} <= {_shifted(name, total, bits, leaving)};"
        return [f"  reg {vector(total)}{name};  // {count} pixels", *clocked([text], "go")], select(
            name, total, 0, bits
        )
    place = max(1, (count - 1).bit_length())
    last, zero = literal(count - 1, place), literal(0, place)
    lines = [
        f"  // {count} pixels in a block RAM; the place of the oldest one is read a position ahead and written then",
        f'  (* ram_style = "block" *) reg {vector(bits)}{name} [0:{count - 1}];',
        f"  reg {vector(place)}{name}_place;",
        f"  wire {vector(place)}{name}_next = {name}_place == {last} ? {zero} : {name}_place + {literal(1, place)};",
        "  always @(posedge clk)",
        f"    if (rst) {name}_place <= {zero};",
        f"    else if (go) {name}_place <= {name}_next;",
        f"  reg {vector(bits)}{name}_oldest;",
        *clocked([f"    {name}[{name}_place] <= {leaving};", f"    {name}_oldest <= {name}[{name}_next];"], "go"),
    ]
    return lines, f"{name}_oldest"


def _shifted(name: str, total: int, bits: int, entering: str) -> str:
    """Return a register shifted down by `bits`, with new bits on top."""
    return entering if total == bits else f"{{{entering}, {select(name, total, bits, total - bits)}}}"


_WRITERS: dict[FeedKind, Callable[[Feed, Control], Operands]] = {
    FeedKind.DIRECT: _direct,
    FeedKind.ACCUMULATE: _direct,
    FeedKind.CHOOSE: _choose,
    FeedKind.WINDOW: _window,
    FeedKind.COLLECT: _collect,
    FeedKind.SPLIT: _split,
    FeedKind.BUFFER: _buffer,
    FeedKind.REDUCE: _reduce,
}
