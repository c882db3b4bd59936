"""One Verilog module for each layer of a streaming design (docs/rtl.md, section Streams)."""

from collections.abc import Mapping

from hlsexplore.rtl_plan.layer_plan import Wires
from hlsexplore.rtl_plan.stream.feed import Feed, FeedKind
from hlsexplore.rtl_plan.stream.plan import StreamLayer
from hlsexplore_hls.names import comment
from hlsexplore_hls.rtl.control import control
from hlsexplore_hls.rtl.feeds import feed_lines
from hlsexplore_hls.rtl.modules import HEAD, TAIL, bus_width, describe, has_clock, input_name, layer_module
from hlsexplore_hls.rtl.nets import vector
from hlsexplore_hls.rtl.queue import queue_module


def stream_module(layer: StreamLayer, name: str, tables: Mapping[tuple[int, ...], str]) -> str:
    """Write the module of a layer and those inside of it: its arithmetic and its queues.

    The module that begins a stage takes beats: `in_valid`, `in_ready`, `in_data`; it starts a computation, and says so
    with `promise`, only while there is `room` for the result. The module that ends a stage holds the queues and gives
    beats: `out_valid`, `out_ready`, `out_data` (`out_valid_1`, ... for further readers). In between, `in_valid` and
    `out_valid` mark data that nothing can stop.

    Args:
        layer: What to write.
        name: Identifier of the module.
        tables: Module of each lookup table, by its entries.
    """
    if layer.feed is None and not layer.depths:
        return layer_module(layer.core, name, tables)
    lines = [HEAD + _title(layer), *_header(layer, name)]
    operands = [input_name(index) for index in range(len(layer.core.inputs))]
    valid = "in_valid"
    if layer.feed is not None:
        text, operands, valid = _feed(layer, layer.feed)
        lines += text
    core = f"{name}_core"
    text, valid = _core(layer, core, operands, valid)
    lines += text
    if _waits(layer):
        lines += _waiting()
    else:
        lines += _queues(layer, name, valid) if layer.depths else _results(valid)
    parts = ["\n".join([*lines, "endmodule", TAIL])]
    if not isinstance(layer.core.body, Wires):
        parts.append(layer_module(layer.core, core, tables))
    for depth in sorted(set(layer.depths)) if not _waits(layer) else ():
        parts.append(queue_module(f"{name}_queue{depth}", depth, bus_width(layer.core.output)))
    return "\n".join(parts)


def port_name(name: str, index: int) -> str:
    """Name of a port for one of several inputs or readers."""
    return name if index == 0 else f"{name}_{index}"


def _title(layer: StreamLayer) -> str:
    parts = [f"// Layer '{comment(layer.node.name)}' ({layer.node.kind}) on a stream of positions."]
    feed = layer.feed
    if feed is not None:
        walk = feed.walk
        pace = layer.core.ii_cycles
        size = f"{walk.rows.length} x {walk.columns.length}" if walk.rows.length > 1 else str(walk.columns.length)
        parts.append(
            f"// {_how(feed)}. A sample takes {size} positions"
            + (
                f", each{'' if feed.kind is FeedKind.ACCUMULATE else ' that issues'} {pace} cycles."
                if pace > 1
                else "."
            )
        )
    for index, ((reader, port), depth) in enumerate(zip(layer.readers, layer.depths, strict=False)):
        where = "the design's output" if port < 0 else f"'{comment(reader)}'"
        how = "from the registers" if _waits(layer) else f"through a queue of {depth} beats"
        parts.append(f"// {port_name('out', index)} goes to {where} {how}.")
    return "\n".join(parts)


def _how(feed: Feed) -> str:
    """Tell in words how a feed works."""
    match feed.kind:
        case FeedKind.WINDOW:
            rows, columns = feed.reach
            lines = f", {feed.line_pixels} pixels wait between two of its rows" if rows > 1 else ""
            return f"A window of {rows} x {columns} slides over the image{lines}"
        case FeedKind.COLLECT:
            return f"{feed.walk.columns.length} beats become one"
        case FeedKind.SPLIT:
            return f"A beat becomes {feed.walk.columns.length}"
        case FeedKind.BUFFER:
            return "The whole tensor is collected and leaves in another order"
        case FeedKind.ACCUMULATE:
            return "All beats run into the accumulators"
        case FeedKind.REDUCE:
            return "All beats run into registers, channel by channel"
        case FeedKind.CHOOSE:
            return "Beats come from one input after another"
        case _:
            return "Each result is computed from a beat of each input"


def _header(layer: StreamLayer, name: str) -> list[str]:
    is_head, is_tail = layer.feed is not None, bool(layer.depths)
    ports = ["  input  wire clk", "  input  wire rst"]
    inputs = layer.feed.inputs if layer.feed is not None else layer.core.inputs
    for index, tensor in enumerate(inputs):
        ports.append(f"  input  wire {port_name('in_valid', index)}")
        if is_head:
            ports.append(f"  output wire {port_name('in_ready', index)}")
        ports.append(f"  input  wire {vector(bus_width(tensor))}{input_name(index)}  /* {describe(tensor)} */")
    if is_head and not is_tail:
        ports += ["  input  wire room", "  output wire promise"]
    if is_tail and not is_head:
        ports += ["  output wire room", "  input  wire promise"]
    output = layer.core.output
    for index in range(max(len(layer.depths), 1)):
        ports.append(f"  output wire {port_name('out_valid', index)}")
        if is_tail:
            ports.append(f"  input  wire {port_name('out_ready', index)}")
        ports.append(
            f"  output wire {vector(bus_width(output))}{port_name('out_data', index)}  /* {describe(output)} */"
        )
    return [f"module {name} (", ",\n".join(ports), ");"]


def _feed(layer: StreamLayer, feed: Feed) -> tuple[list[str], list[str], str]:
    """Write control and data path; return also the operands and their valid."""
    ports = range(len(feed.inputs))
    valids = tuple(port_name("in_valid", index) for index in ports)
    readys = tuple(port_name("in_ready", index) for index in ports)
    accumulates = feed.kind is FeedKind.ACCUMULATE
    made = control(feed.walk, layer.core.ii_cycles, valids, readys, _waits(layer), accumulates)
    lines = ["  wire room, promise;"] if layer.depths else []
    lines += [*made.lines, ""]
    text, operands = feed_lines(feed, made)
    lines += text
    if not feed.is_registered or _waits(layer):
        return lines, operands, "go" if accumulates else "promise"
    lines += ["  reg issued;", "  always @(posedge clk)", "    if (rst) issued <= 1'b0;", "    else issued <= promise;"]
    return lines, operands, "issued"


def _core(layer: StreamLayer, core: str, operands: list[str], valid: str) -> tuple[list[str], str]:
    """Write the instance of the arithmetic; return also the valid of its result."""
    plan = layer.core
    lines = ["", f"  wire {vector(bus_width(plan.output))}result;"]
    if isinstance(plan.body, Wires):
        return [*lines, f"  assign result = {operands[0]};"], valid
    connections = [f".{input_name(index)}({operand})" for index, operand in enumerate(operands)]
    if has_clock(plan):
        lines.append("  wire result_valid;")
        connections = [".clk(clk)", ".rst(rst)", f".in_valid({valid})", *connections, ".out_valid(result_valid)"]
        valid = "result_valid"
    return [*lines, f"  {core} core ({', '.join([*connections, '.out_data(result)'])});"], valid


def _waits(layer: StreamLayer) -> bool:
    return layer.waits and bool(layer.depths)


def _waiting() -> list[str]:
    """Write the end of a stage whose results wait in its own registers."""
    return [
        "",
        "  reg waiting;  // the registers hold a result that has not been read",
        "  always @(posedge clk)",
        "    if (rst) waiting <= 1'b0;",
        "    else if (promise) waiting <= 1'b1;",
        "    else if (out_ready) waiting <= 1'b0;",
        "  assign room = ~waiting;",
        "  assign out_valid = waiting;",
        "  assign out_data = result;",
    ]


def _results(valid: str) -> list[str]:
    return [f"  assign out_valid = {valid};", "  assign out_data = result;"]


def _queues(layer: StreamLayer, name: str, valid: str) -> list[str]:
    count = len(layer.depths)
    lines: list[str] = [""]
    if count > 1:
        lines.append(f"  wire {vector(count)}rooms;")
        lines.append("  assign room = &rooms;")
    for index, depth in enumerate(layer.depths):
        room = f"rooms[{index}]" if count > 1 else "room"
        connections = [".clk(clk)", ".rst(rst)", f".room({room})", ".promise(promise)"]
        connections += [f".put({valid})", ".put_data(result)"]
        connections += [f".{port}({port_name(port, index)})" for port in ("out_valid", "out_ready", "out_data")]
        lines.append(f"  {name}_queue{depth} queue_{index} ({', '.join(connections)});")
    return lines
