"""The top module of an XLS project: instances of the layers, delays between branches, the rate of inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.rtl_plan.lower.moves import source_elements
from hlsexplore_hls.names import comment
from hlsexplore_hls.rtl.nets import literal, vector
from hlsexplore_hls.rtl.top import shift_register
from hlsexplore_hls.xls.compiler import Compiled
from hlsexplore_hls.xls.layers import LayerText


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The top module and what is known about it.

    Attributes:
        text: The Verilog.
        latency_cycles: Cycles from an input to its output.
        ii_cycles: Cycles between two inputs.
        starts: Cycle in which each layer takes its input.
    """

    text: str
    latency_cycles: int
    ii_cycles: int
    starts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A layer and the module that XLS made of it."""

    layer: LayerText
    compiled: Compiled


def bus_bits(design: Design, name: str) -> int:
    """Bits of a tensor as one bus."""
    return prod(design.graph[name].shape) * design.result_type(name).width


def top_module(design: Design, top: str, names: Mapping[str, str], built: Mapping[str, Built]) -> Top:
    """Write the top module, with the ports of the flow `rtl`.

    Args:
        design: The design.
        top: Identifier of the module.
        names: Identifier of each node.
        built: The layers that are modules, by name; the others are wires.
    """
    graph = design.graph
    ready, starts = {node.name: 0 for node in graph.inputs}, {}
    for node in graph.layers:
        starts[node.name] = max(ready[source] for source in node.inputs)
        latency = built[node.name].compiled.latency_cycles if node.name in built else 0
        ready[node.name] = starts[node.name] + latency
    last = max(ready[name] for name in graph.outputs)
    ii_cycles = max((item.layer.reuse for item in built.values()), default=1)
    delayed: set[str] = set()
    lines = [*_head(design, top, names, last, ii_cycles), *_rate(ii_cycles)]
    for source in graph.inputs:
        name = names[source.name]
        lines += [f"  wire {vector(bus_bits(design, source.name))}{name} = in_{name};", f"  wire {name}_valid = taken;"]
    for node in graph.layers:
        lines.append(f"\n  // {comment(node.name)} ({node.kind}): cycles {starts[node.name]} to {ready[node.name]}")
        wires = []
        for source_name in node.inputs:
            cycles = starts[node.name] - ready[source_name]
            more, wire = _later(design, names[source_name], source_name, cycles, delayed)
            lines += more
            wires.append(wire)
        is_module = node.name in built
        write = (
            _instance(design, node, names, built[node.name], wires) if is_module else _wires(design, node, names, wires)
        )
        lines += write
    for name in graph.outputs:
        more, wire = _later(design, names[name], name, last - ready[name], delayed)
        lines += [*more, f"  assign out_{names[name]} = {wire};"]
        valid = f"{wire}_valid"
    lines += [f"  assign out_valid = {valid};", "endmodule", "`default_nettype wire", ""]
    return Top(text="\n".join(lines), latency_cycles=last, ii_cycles=ii_cycles, starts=starts)


def _head(design: Design, top: str, names: Mapping[str, str], latency: int, ii_cycles: int) -> list[str]:
    ports = ["input  wire clk", "input  wire rst", "input  wire in_valid", "output wire in_ready"]
    for node in design.graph.inputs:
        ports.append(f"input  wire {vector(bus_bits(design, node.name))}in_{names[node.name]}")
    ports.append("output wire out_valid")
    ports += [f"output wire {vector(bus_bits(design, name))}out_{names[name]}" for name in design.graph.outputs]
    return [
        "`default_nettype none",
        "",
        f"// Model '{comment(design.graph.name)}', compiled by XLS: latency {latency} cycles, "
        f"a new input every {ii_cycles}.",
        f"module {top} (",
        ",\n".join(f"  {port}" for port in ports),
        ");",
    ]


def _rate(ii_cycles: int) -> list[str]:
    """Write when an input is taken: every `ii_cycles` cycles at most, and as many after a reset, for the procs."""
    if ii_cycles == 1:
        return ["  assign in_ready = 1'b1;", "  wire taken = in_valid;"]
    bits = (ii_cycles - 1).bit_length()
    full, zero, one = literal(ii_cycles - 1, bits), literal(0, bits), literal(1, bits)
    return [
        f"  reg {vector(bits)}wait_cycles;",
        f"  assign in_ready = wait_cycles == {zero};",
        "  wire taken = in_valid & in_ready;",
        "  always @(posedge clk)",
        f"    if (rst | taken) wait_cycles <= {full};",
        f"    else if (~in_ready) wait_cycles <= wait_cycles - {one};",
    ]


def _later(design: Design, wire: str, name: str, cycles: int, delayed: set[str]) -> tuple[list[str], str]:
    """Return the statements that delay a tensor, unless they are there already, and its wire."""
    if cycles == 0:
        return [], wire
    later, width = f"{wire}_after{cycles}", bus_bits(design, name)
    if later in delayed:
        return [], later
    delayed.add(later)
    return [
        f"  wire {vector(width)}{later};",
        f"  wire {later}_valid;",
        *shift_register(later, wire, width, cycles, False),
        *shift_register(f"{later}_valid", f"{wire}_valid", 1, cycles, True),
    ], later


def _instance(design: Design, node: Node, names: Mapping[str, str], item: Built, wires: list[str]) -> list[str]:
    name, module = names[node.name], item.layer.name
    lines = [f"  wire {vector(bus_bits(design, node.name))}{name};", f"  wire {name}_valid;"]
    if item.layer.reuse == 1:
        ports = [f".{port}({wire})" for port, wire in zip(item.layer.arguments, wires, strict=True)]
        ports = [f".in_valid({wires[0]}_valid)", *ports, f".out_valid({name}_valid)", f".out({name})"]
    else:
        # The input is taken whenever it comes, because it comes no faster than `in_ready` of the top allows.
        ports = [
            f".{module}__data({wires[0]})",
            f".{module}__data_valid({wires[0]}_valid)",
            f".{module}__data_ready()",
            f".{module}__result({name})",
            f".{module}__result_valid({name}_valid)",
            f".{module}__result_ready(1'b1)",
        ]
    return [*lines, f"  {module} {name}_layer (.clk(clk), .rst(rst),", f"    {', '.join(ports)});"]


def _wires(design: Design, node: Node, names: Mapping[str, str], wires: list[str]) -> list[str]:
    """Write a layer that only moves elements."""
    name, (source,), width = names[node.name], wires, design.result_type(node.name).width
    shape, bits = design.graph[node.inputs[0]].shape, bus_bits(design, node.name)
    total = prod(shape) * width
    places = source_elements(node, shape).tolist()
    parts = [
        literal(0, width)
        if place < 0
        else source
        if total == 1
        else f"{source}[{(place + 1) * width - 1}:{place * width}]"
        for place in reversed(places)
    ]
    value = source if places == list(range(len(places))) and bits == total else f"{{{', '.join(parts)}}}"
    return [f"  wire {vector(bits)}{name} = {value};", f"  wire {name}_valid = {source}_valid;"]
