"""One Verilog module for each layer."""

from collections.abc import Mapping
from typing import assert_never

from hlsexplore.rtl_plan.folded import Folded
from hlsexplore.rtl_plan.layer_plan import Bank, InTurn, LayerPlan, Parallel, Recurrence, Scan, SharedStep, Wires
from hlsexplore.rtl_plan.netlist.cells import bits_of, counter_bits
from hlsexplore.rtl_plan.tensor import BusTensor
from hlsexplore_hls.names import comment
from hlsexplore_hls.rtl.folded import folded_body
from hlsexplore_hls.rtl.nets import Writer, clocked, join, literal, repeat, select, ternary_module, vector
from hlsexplore_hls.rtl.recurrent import PRODUCTS, recurrent_body, shared_body
from hlsexplore_hls.rtl.scan import scan_body

HEAD = "`default_nettype none\n\n"
TAIL = "\n`default_nettype wire\n"


def layer_module(plan: LayerPlan, name: str, tables: Mapping[tuple[int, ...], str]) -> str:
    """Write the module of a layer.

    Its ports are `clk`, `rst`, `in_valid`, `out_valid` (where it has registers) and the buses `in_data` (`in_data_1`,
    ... for further inputs) and `out_data`; element i of a bus is at bits [i * width +: width].

    Args:
        plan: What to write.
        name: Identifier of the module.
        tables: Module of each lookup table, by its entries.
    """
    body, inner = plan.body, list[str]()
    match body:
        case Recurrence():
            lines, how = recurrent_body(plan, body, name), f"a step every {body.pace} cycles"
            inner = [layer_module(body.step, f"{name}_step", tables)]
        case Scan():
            lines = scan_body(plan, body, name, has_clock(body.core))
            how = f"{body.copies} of {body.copies * body.steps} positions at once"
            inner = [layer_module(body.core, f"{name}_core", tables)]
        case Bank():
            lines, how = _bank(plan, body, name), f"{len(body.parts)} parts side by side"
            inner = [layer_module(part, f"{name}_part{index}", {}) for index, part in enumerate(body.parts)]
        case SharedStep():
            lines, how = shared_body(body, name), "shared multipliers, then the gates"
            inner = [layer_module(part, f"{name}_{end}", {}) for part, end in zip(body.products, PRODUCTS, strict=True)]
            inner.append(layer_module(body.gates, f"{name}_gates", tables))
        case InTurn():
            lines, how = _in_turn(plan, body, name), f"{body.copies} copies in turn"
            inner = [layer_module(body.core, f"{name}_copy", tables)]
        case Folded():
            lines = folded_body(plan, body)
            how = f"{body.num_multipliers} multipliers, each used {body.steps} times"
        case Parallel():
            lines, how = _parallel_body(plan, body, name, tables), "fully parallel"
            inner = [ternary_module(f"{name}_add3")] if body.schedule.ternary else []
        case Wires():
            lines, how = ["  assign out_data = in_data;"], "wires only"
        case _:
            assert_never(body)
    text = "\n".join([HEAD + _title(plan, how), *_header(plan, name), *lines, "endmodule", TAIL])
    return "\n".join([text, *inner])


def _bank(plan: LayerPlan, bank: Bank, name: str) -> list[str]:
    """Write the inside of a module of several parts, each of which computes some of the outputs."""
    source, width = plan.inputs[0], plan.output.width
    lines = ["  wire [" + f"{len(bank.parts) - 1}:0] valids;"] if len(bank.parts) > 1 else ["  wire valids;"]
    results: list[str] = []
    valid = ""
    for index, (part, elements) in enumerate(zip(bank.parts, bank.elements, strict=True)):
        own = part.inputs[0].width
        taken = [select("in_data", bus_width(source), element * source.width, own) for element in elements]
        wire = f"part{index}"
        flag = f"valids[{index}]" if len(bank.parts) > 1 else "valids"
        lines += ["", f"  wire {vector(bus_width(part.output))}{wire};"]
        connections = f".in_data({join(list(reversed(taken)))}), .out_valid({flag}), .out_data({wire})"
        lines.append(f"  {name}_{wire} {wire}_layer (.clk(clk), .rst(rst), .in_valid(in_valid), {connections});")
        late = plan.latency_cycles - part.latency_cycles
        total = bus_width(part.output)
        for cycle in range(late):
            lines += [f"  reg {vector(total)}{wire}_d{cycle + 1};"]
            lines += clocked([f"    {wire}_d{cycle + 1} <= {wire}{f'_d{cycle}' if cycle else ''};"])
        settled = f"{wire}_d{late}" if late else wire
        valid = valid if late else flag
        size = part.output.width
        for place in range(part.output.size):
            element = select(settled, total, place * size, size)
            sign = select(settled, total, place * size + size - 1, 1) if part.output.signed else "1'b0"
            results.append(join([repeat(sign, width - size), element]) if width > size else element)
    lines += ["", f"  assign out_valid = {valid};", *assign_bus("out_data", results)]
    return lines


def _in_turn(plan: LayerPlan, body: InTurn, name: str) -> list[str]:
    """Write the inside of a module of copies that take inputs in turn; the results come in the same order."""
    bits, width = counter_bits(body.copies), bus_width(plan.output)
    first, last = literal(0, bits), literal(body.copies - 1, bits)
    lines = [
        f"  reg {vector(bits)}turn;  // the copy that takes the next input",
        "  always @(posedge clk)",
        f"    if (rst) turn <= {first};",
        f"    else if (in_valid) turn <= turn == {last} ? {first} : turn + {literal(1, bits)};",
        f"  wire {vector(body.copies)}valids;",
    ]
    results = []
    for index in range(body.copies):
        taken = f"in_valid & turn == {literal(index, bits)}"
        ports = f".clk(clk), .rst(rst), .in_valid({taken}), .in_data(in_data)"
        lines.append(f"  wire {vector(width)}copy{index};")
        lines.append(f"  {name}_copy copy{index}_layer ({ports}, .out_valid(valids[{index}]), .out_data(copy{index}));")
        results.append(f"({repeat(f'valids[{index}]', width)} & copy{index})")
    return [*lines, "  assign out_valid = |valids;", f"  assign out_data = {' | '.join(results)};"]


def bus_width(tensor: BusTensor) -> int:
    """Bits of a tensor's bus."""
    return tensor.size * tensor.width


def element_bits(wire: str, tensor: BusTensor, index: int, width: int) -> list[str]:
    """Return the bits of an element in a type's width, highest first."""
    first, own = index * tensor.width, min(tensor.width, width)
    total = bus_width(tensor)
    part = wire if total == 1 else f"{wire}[{first + own - 1}:{first}]"
    if own == width:
        return [part]
    top = wire if total == 1 else f"{wire}[{first + own - 1}]"
    sign = f"{{{width - own}{{{top}}}}}" if tensor.signed else literal(0, width - own)
    return [sign, part]


def input_name(index: int) -> str:
    """Name of a layer's input bus."""
    return "in_data" if index == 0 else f"in_data_{index}"


def describe(tensor: BusTensor) -> str:
    """Tell a bus' format in words."""
    kind = "signed" if tensor.signed else "unsigned"
    return f"{tensor.size} x {tensor.width} bit {kind}, {tensor.fraction} fraction bits"


def has_clock(plan: LayerPlan) -> bool:
    """Whether the module has registers, and so the ports clk, rst and valid."""
    return plan.latency_cycles > 0 or isinstance(plan.body, Recurrence)


def _title(plan: LayerPlan, how: str) -> str:
    shape = " x ".join(map(str, plan.inputs[0].shape)), " x ".join(map(str, plan.output.shape))
    return (
        f"// Layer '{comment(plan.node.name)}' ({plan.node.kind}): {shape[0]} -> {shape[1]}, {how}.\n"
        f"// Latency {plan.latency_cycles} cycles, a new input every {plan.ii_cycles}."
    )


def _header(plan: LayerPlan, name: str) -> list[str]:
    ports: list[str] = []
    if has_clock(plan):
        ports += ["  input  wire clk", "  input  wire rst", "  input  wire in_valid"]
    for index, tensor in enumerate(plan.inputs):
        ports.append(f"  input  wire {vector(bus_width(tensor))}{input_name(index)}  /* {describe(tensor)} */")
    if has_clock(plan):
        ports.append("  output wire out_valid")
    ports.append(f"  output wire {vector(bus_width(plan.output))}out_data  /* {describe(plan.output)} */")
    return [f"module {name} (", ",\n".join(ports), ");"]


def _parallel_body(plan: LayerPlan, body: Parallel, name: str, tables: Mapping[tuple[int, ...], str]) -> list[str]:
    net, planned = body.net, body.schedule
    lines, names = input_wires(plan.inputs, {cell.data[0] for cell in net.cells if cell.code == "input"})
    writer = Writer(net=net, planned=planned, inputs=names, tables=tables, adder=f"{name}_add3")
    writer.write()
    lines += writer.lines
    if has_clock(plan):
        lines += valid_pipeline(plan.latency_cycles)
    if plan.output.is_held:
        enable = "in_valid" if plan.latency_cycles == 1 else f"valid[{plan.latency_cycles - 2}]"
        lines += ["  // the outputs stay until the next ones", *clocked(writer.last_registers, enable)]
        lines += clocked(writer.registers)
    else:
        lines += clocked([*writer.registers, *writer.last_registers])
    width = plan.output.width
    outputs = [writer.output(index, width) for index in range(len(net.outputs))]
    return [*lines, *assign_bus("out_data", outputs)]


def input_wires(inputs: tuple[BusTensor, ...], used: set[int]) -> tuple[list[str], dict[int, str]]:
    """Write a wire for each used input element; return the lines and the wires' names by element."""
    lines: list[str] = []
    names: dict[int, str] = {}
    element = 0
    for port, tensor in enumerate(inputs):
        for index in range(tensor.size):
            if element in used:
                (low, high), zeros = tensor.ranges[index], tensor.known_zeros[index]
                width = bits_of(low >> zeros, high >> zeros)
                names[element] = f"x{element}"
                first = index * tensor.width + zeros
                bits = f"[{first + width - 1}:{first}]" if bus_width(tensor) > 1 else ""
                lines.append(f"  wire {vector(width)}x{element} = {input_name(port)}{bits};")
            element += 1
    return lines, names


def valid_pipeline(cycles: int) -> list[str]:
    """Write the shift register that tells when the outputs belong to an input."""
    shift = (
        f"{{valid[{cycles - 2}:0], in_valid}}" if cycles > 2 else "{valid[0], in_valid}" if cycles == 2 else "in_valid"
    )
    return [
        f"  reg {vector(cycles)}valid;",
        "  always @(posedge clk)",
        f"    if (rst) valid <= {cycles}'d0;",
        f"    else valid <= {shift};",
        f"  assign out_valid = valid{f'[{cycles - 1}]' if cycles > 1 else ''};",
    ]


def assign_bus(name: str, elements: list[str]) -> list[str]:
    """Write a bus from its elements, the first one lowest."""
    rows = ",\n".join(f"    {text}" for text in reversed(elements))
    return [f"  assign {name} = {{", rows, "  };"]
