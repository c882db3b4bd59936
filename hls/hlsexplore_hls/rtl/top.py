"""The top module: instances of the layers, delays between branches, the rate of inputs, registered outputs."""

from collections.abc import Mapping

from hlsexplore.rtl_plan.layer_plan import LayerPlan
from hlsexplore.rtl_plan.plan import DesignPlan
from hlsexplore.rtl_plan.tensor import BusTensor
from hlsexplore_hls.names import comment
from hlsexplore_hls.rtl.modules import HEAD, TAIL, bus_width, element_bits, has_clock, input_name
from hlsexplore_hls.rtl.nets import join, literal, select, vector


def top_module(plan: DesignPlan, top: str, names: Mapping[str, str]) -> str:
    """Write the top module.

    Ports: `in_<input>` and `out_<output>` buses, element i at bits [i * width +: width] in the type of the design;
    an input is taken in a cycle with `in_valid` and `in_ready`, and `out_valid` marks its output.

    Args:
        plan: The design.
        top: Identifier of the module.
        names: Identifier of each node.
    """
    design = plan.design
    lines = [
        HEAD + f"// Model '{comment(design.graph.name)}': latency {plan.latency_cycles} cycles, "
        f"a new input every {plan.ii_cycles}.",
        f"module {top} (",
        ",\n".join(_ports(plan, names)),
        ");",
        *_rate(plan.ii_cycles),
    ]
    available: dict[str, int] = {}
    for node in design.graph.inputs:
        name, tensor = names[node.name], plan.tensors[node.name]
        taken = port_elements(f"in_{name}", tensor, design.result_type(node.name).width)
        lines += ["", f"  wire {vector(bus_width(tensor))}{name} = {taken};", f"  wire {name}_valid = taken;"]
        available[node.name] = 0
    for layer in plan.layers:
        lines += _instance(plan, layer, top, names, available)
    lines += _outputs(plan, names, available)
    return "\n".join([*lines, "endmodule", TAIL])


def port_elements(port: str, tensor: BusTensor, width: int) -> str:
    """Return an expression of a tensor's bus from a port whose elements may be wider.

    Args:
        port: Name of the port.
        tensor: The tensor.
        width: Bits of an element of the port.
    """
    if tensor.width == width:
        return port
    places = reversed(range(tensor.size))
    return join([select(port, tensor.size * width, place * width, tensor.width) for place in places])


def output_width(plan: DesignPlan, name: str) -> int:
    """Bits of the bus of an output, in the type of the design."""
    return plan.tensors[name].size * plan.design.result_type(name).width


def _ports(plan: DesignPlan, names: Mapping[str, str]) -> list[str]:
    design = plan.design
    ports = ["  input  wire clk", "  input  wire rst", "  input  wire in_valid", "  output wire in_ready"]
    for node in design.graph.inputs:
        type_ = design.result_type(node.name)
        note = f"{node.num_elements} x {type_}"
        ports.append(f"  input  wire {vector(node.num_elements * type_.width)}in_{names[node.name]}  /* {note} */")
    ports.append("  output reg  out_valid")
    for name in design.graph.outputs:
        type_ = design.result_type(name)
        note = f"{plan.tensors[name].size} x {type_}"
        ports.append(f"  output reg  {vector(output_width(plan, name))}out_{names[name]}  /* {note} */")
    return ports


def _rate(ii_cycles: int) -> list[str]:
    """Write when an input is taken: at most every `ii_cycles` cycles."""
    if ii_cycles == 1:
        return ["  assign in_ready = 1'b1;", "  wire taken = in_valid;"]
    bits = (ii_cycles - 1).bit_length()
    return [
        f"  // an input every {ii_cycles} cycles at most",
        f"  reg {vector(bits)}wait_cycles;",
        f"  assign in_ready = wait_cycles == {literal(0, bits)};",
        "  wire taken = in_valid & in_ready;",
        "  always @(posedge clk)",
        f"    if (rst) wait_cycles <= {literal(0, bits)};",
        f"    else if (taken) wait_cycles <= {literal(ii_cycles - 1, bits)};",
        f"    else if (~in_ready) wait_cycles <= wait_cycles - {literal(1, bits)};",
    ]


def _instance(
    plan: DesignPlan, layer: LayerPlan, top: str, names: Mapping[str, str], available: dict[str, int]
) -> list[str]:
    """Write an instance of a layer and the delays of the inputs that come too early."""
    node = layer.node
    name = names[node.name]
    start = max(plan.starts[source] for source in node.inputs)
    lines = ["", f"  // {comment(node.name)} ({node.kind}): cycles {start} to {start + layer.latency_cycles}"]
    connections: list[str] = []
    valid = ""
    for index, source in enumerate(node.inputs):
        delay_lines, wire = _at(plan, source, start, names, available)
        lines += delay_lines
        connections.append(f".{input_name(index)}({wire})")
        valid = valid or f"{wire}_valid"
    tensor = plan.tensors[node.name]
    lines += [f"  wire {vector(bus_width(tensor))}{name};", f"  wire {name}_valid;"]
    if has_clock(layer):
        connections = [".clk(clk)", ".rst(rst)", f".in_valid({valid})", *connections, f".out_valid({name}_valid)"]
    else:
        lines.append(f"  assign {name}_valid = {valid};")
    connections.append(f".out_data({name})")
    available[node.name] = plan.starts[node.name]
    return [*lines, f"  {top}_{name} {name}_layer ({', '.join(connections)});"]


def _at(
    plan: DesignPlan, source: str, cycle: int, names: Mapping[str, str], available: dict[str, int]
) -> tuple[list[str], str]:
    """Return the wire of a tensor as it is in a later cycle, and the statements that delay it."""
    delay = cycle - plan.starts[source]
    name = names[source]
    if delay == 0:
        return [], name
    delayed = f"{name}_d{cycle}"
    if available.get(delayed) is not None:
        return [], delayed
    available[delayed] = cycle
    width = bus_width(plan.tensors[source])
    return [
        f"  wire {vector(width)}{delayed};",
        f"  wire {delayed}_valid;",
        *shift_register(delayed, name, width, delay, False),
        *shift_register(f"{delayed}_valid", f"{name}_valid", 1, delay, True),
    ], delayed


def shift_register(name: str, source: str, width: int, cycles: int, is_reset: bool) -> list[str]:
    """Write the registers that delay `source` by some cycles, and the assignment to the wire `name`."""
    total = width * cycles
    older = f"{{{name}_r[{total - width - 1}:0], {source}}}" if cycles > 1 else source
    reset = f"if (rst) {name}_r <= {literal(0, total)}; else " if is_reset else ""
    part = f"{name}_r[{total - 1}:{total - width}]" if total > 1 else f"{name}_r"
    return [
        f"  reg {vector(total)}{name}_r;",
        f"  always @(posedge clk) {reset}{name}_r <= {older};",
        f"  assign {name} = {part};",
    ]


def _outputs(plan: DesignPlan, names: Mapping[str, str], available: dict[str, int]) -> list[str]:
    """Write the output registers, elements extended to the types of the design."""
    lines: list[str] = []
    updates: list[str] = []
    last = plan.latency_cycles - 1
    valid = ""
    for name in plan.design.graph.outputs:
        delay_lines, wire = _at(plan, name, last, names, available)
        lines += delay_lines
        valid = f"{wire}_valid"
        tensor = plan.tensors[name]
        width = plan.design.result_type(name).width
        elements = [part for index in reversed(range(tensor.size)) for part in element_bits(wire, tensor, index, width)]
        updates.append(f"    out_{names[name]} <= {{{', '.join(elements)}}};")
    return [
        *lines,
        "",
        "  always @(posedge clk)",
        "    if (rst) out_valid <= 1'b0;",
        f"    else out_valid <= {valid};",
        "  always @(posedge clk) begin",
        *updates,
        "  end",
    ]
