"""The top module of a streaming design: instances of the layers, joined by beats with valid and ready."""

from collections.abc import Mapping

from hlsexplore.rtl_plan.stream.plan import StreamLayer, StreamPlan
from hlsexplore.rtl_plan.walk import beats_of
from hlsexplore_hls.names import comment
from hlsexplore_hls.rtl.modules import HEAD, TAIL, bus_width, describe, element_bits, has_clock, input_name
from hlsexplore_hls.rtl.nets import vector
from hlsexplore_hls.rtl.stream_layer import port_name


def stream_top(plan: StreamPlan, top: str, names: Mapping[str, str]) -> str:
    """Write the top module.

    Each input has the ports `in_<input>`, `in_<input>_valid` and `in_<input>_ready`, each output likewise. A beat is
    one position with all channels, element i at bits [i * width +: width] in the type of the design; it moves in a
    cycle in which valid and ready are 1.

    Args:
        plan: The design.
        top: Identifier of the module.
        names: Identifier of each node.
    """
    head = (
        f"// Model '{comment(plan.design.graph.name)}' on streams. At full speed: latency {plan.latency_cycles} "
        f"cycles, a new sample every {plan.ii_cycles}."
    )
    lines = [HEAD + head, f"module {top} (", ",\n".join(_ports(plan, names)), ");"]
    stages: dict[int, list[StreamLayer]] = {}
    for layer in plan.layers:
        stages.setdefault(layer.stage, []).append(layer)
    read = {source for layer in plan.layers for source in layer.sources}
    for node in plan.design.graph.inputs:
        if node.name not in read:
            lines.append(f"  assign in_{names[node.name]}_ready = 1'b1;  // nothing reads this input")
    for layer in plan.layers:
        lines += _instance(plan, layer, stages[layer.stage], top, names)
    for name in plan.design.graph.outputs:
        lines += _output(plan, name, names)
    return "\n".join([*lines, "endmodule", TAIL])


def beat_bits(plan: StreamPlan, name: str) -> int:
    """Bits of a beat of an input or output, in the type of the design."""
    return beats_of(plan.design.graph[name].shape)[1] * plan.design.result_type(name).width


def _ports(plan: StreamPlan, names: Mapping[str, str]) -> list[str]:
    ports = ["  input  wire clk", "  input  wire rst"]
    for node in plan.design.graph.inputs:
        bus = f"in_{names[node.name]}"
        ports += [f"  input  wire {bus}_valid", f"  output wire {bus}_ready"]
        note = describe(plan.beats[node.name])
        ports.append(f"  input  wire {vector(beat_bits(plan, node.name))}{bus}  /* {note} */")
    for name in plan.design.graph.outputs:
        bus, (positions, size) = f"out_{names[name]}", beats_of(plan.design.graph[name].shape)
        ports += [f"  output wire {bus}_valid", f"  input  wire {bus}_ready"]
        note = f"{positions} beats of {size} x {plan.design.result_type(name)}"
        ports.append(f"  output wire {vector(beat_bits(plan, name))}{bus}  /* {note} */")
    return ports


def _wire(plan: StreamPlan, source: str, reader: str, port: int, names: Mapping[str, str]) -> str:
    """Return the name of the beats that go from a module, or an input of the design, to a reader."""
    for layer in plan.layers:
        if layer.node.name == source and (reader, port) in layer.readers:
            index = layer.readers.index((reader, port))
            return names[source] if len(layer.readers) == 1 else f"{names[source]}_{index}_q"
    return f"in_{names[source]}"


def _instance(
    plan: StreamPlan, layer: StreamLayer, stage: list[StreamLayer], top: str, names: Mapping[str, str]
) -> list[str]:
    """Write an instance of a layer and the wires behind it."""
    name = names[layer.node.name]
    is_head, is_tail = layer.feed is not None, bool(layer.depths)
    lines = ["", f"  // {comment(layer.node.name)} ({layer.node.kind}), stage {layer.stage}"]
    width = vector(bus_width(layer.core.output))
    has_ports = is_head or is_tail or has_clock(layer.core)
    connections = [".clk(clk)", ".rst(rst)"] if has_ports else []
    is_fork = layer.sources == (layer.node.name,)
    for index, source in enumerate(layer.sources):
        wire = f"in_{name}" if is_fork else _wire(plan, source, layer.node.name, index, names)
        if has_ports:
            connections.append(f".{port_name('in_valid', index)}({wire}_valid)")
        if is_head:
            connections.append(f".{port_name('in_ready', index)}({wire}_ready)")
        connections.append(f".{input_name(index)}({wire})")
    if len(stage) > 1 and (is_head or is_tail):
        stage_name = names[stage[0].node.name]
        if is_head:
            lines.append(f"  wire {stage_name}_room, {stage_name}_promise;")
        connections += [f".room({stage_name}_room)", f".promise({stage_name}_promise)"]
    for index, (reader, port) in enumerate(layer.readers):
        wire = _wire(plan, layer.node.name, reader, port, names)
        lines += [f"  wire {width}{wire};", f"  wire {wire}_valid{f', {wire}_ready' if is_tail else ''};"]
        if has_ports:
            connections.append(f".{port_name('out_valid', index)}({wire}_valid)")
        else:
            source = _wire(plan, layer.sources[0], layer.node.name, 0, names)
            lines.append(f"  assign {wire}_valid = {source}_valid;")
        if is_tail:
            connections.append(f".{port_name('out_ready', index)}({wire}_ready)")
        connections.append(f".{port_name('out_data', index)}({wire})")
    return [*lines, f"  {top}_{name} {name}_layer ({', '.join(connections)});"]


def _output(plan: StreamPlan, name: str, names: Mapping[str, str]) -> list[str]:
    """Write an output: its elements extended to the type of the design."""
    origin, bus = plan.origins[name], f"out_{names[name]}"
    wire = _wire(plan, origin, name, -1, names)
    tensor, width = plan.beats[name], plan.design.result_type(name).width
    elements = [part for index in reversed(range(tensor.size)) for part in element_bits(wire, tensor, index, width)]
    return [
        "",
        f"  assign {bus}_valid = {wire}_valid;",
        f"  assign {wire}_ready = {bus}_ready;",
        f"  assign {bus} = {{{', '.join(elements)}}};",
    ]
