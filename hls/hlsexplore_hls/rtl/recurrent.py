"""The body of a module of a recurrent layer: its states, and the arithmetic of a step."""

from hlsexplore.rtl_plan.layer_plan import LayerPlan, Recurrence, SharedStep
from hlsexplore.rtl_plan.tensor import BusTensor
from hlsexplore_hls.rtl.nets import join, literal, repeat, select, vector


def recurrent_body(plan: LayerPlan, recurrence: Recurrence, name: str) -> list[str]:
    """Write the statements of a recurrent layer.

    Cycles: the input of a step may come as soon as the states of the step before are in their registers, one cycle
    after the arithmetic. After the last step of a sequence they are zero again.

    Args:
        plan: The layer.
        recurrence: Its step and states.
        name: Identifier of its module; that of the step begins with it.
    """
    step = recurrence.step
    width = step.output.width
    total = step.output.size * width
    bits = max(1, (recurrence.steps - 1).bit_length())
    lines = [f"  reg {vector(bits)}place;  // step of the sequence", f"  wire {vector(total)}next;", "  wire done;"]
    operands = [".in_data(in_data)"]
    states = []
    for index, (tensor, place) in enumerate(zip(recurrence.states, recurrence.places, strict=True)):
        lines.append(f"  reg {vector(tensor.size * tensor.width)}state{index};")
        operands.append(f".in_data_{index + 1}(state{index})")
        taken = [_element(step.output, place + unit, tensor.width) for unit in range(tensor.size)]
        states.append((f"state{index}", tensor.size * tensor.width, join(list(reversed(taken)))))
    clocked = ".clk(clk), .rst(rst), .in_valid(in_valid), .out_valid(done), " if step.latency_cycles else ""
    if not step.latency_cycles:
        lines.append("  assign done = in_valid;")
    lines.append(f"  {name}_step step ({clocked}{', '.join(operands)}, .out_data(next));")
    zero = literal(0, bits)
    lines += [
        f"  wire is_last = place == {literal(recurrence.steps - 1, bits)};",
        "  always @(posedge clk)",
        f"    if (rst) place <= {zero};",
        f"    else if (done) place <= is_last ? {zero} : place + {literal(1, bits)};",
    ]
    for state, size, text in states:
        lines += [
            "  always @(posedge clk)",
            f"    if (rst | (done & is_last)) {state} <= {literal(0, size)};",
            f"    else if (done) {state} <= {text};",
        ]
    own = plan.output.width
    results = [select("next", total, unit * width, own) for unit in range(plan.output.size)]
    return [
        *lines,
        f"  assign out_valid = done{'' if recurrence.is_sequence else ' & is_last'};",
        f"  assign out_data = {join(list(reversed(results)))};",
    ]


PRODUCTS = ("from_input", "from_state")
"""Names of the products of a step, and ends of their modules' names."""


def shared_body(shared: SharedStep, name: str) -> list[str]:
    """Write the statements of a step with shared multipliers: two products, then what follows.

    The product that is there first waits in a register for the other one. The states stay until the step is done.

    Args:
        shared: The parts.
        name: Identifier of the step's module; those of the parts begin with it.
    """
    lines: list[str] = []
    operands: list[str] = []
    valid = ""
    for index, (product, part, wait) in enumerate(zip(shared.products, PRODUCTS, shared.waits, strict=True)):
        size = product.output.size * product.output.width
        source = "in_data" if index == 0 else f"in_data_{index}"
        lines += [f"  wire {vector(size)}{part};", f"  wire {part}_valid;"]
        ports = f".clk(clk), .rst(rst), .in_valid(in_valid), .in_data({source})"
        lines.append(f"  {name}_{part} {part}_product ({ports}, .out_valid({part}_valid), .out_data({part}));")
        if wait:
            lines += [
                f"  reg {vector(size)}{part}_kept;",
                "  always @(posedge clk)",
                f"    if ({part}_valid) {part}_kept <= {part};",
            ]
        operands.append(f"{part}_kept" if wait else part)
        valid = valid if wait else f"{part}_valid"
    states = [f"in_data_{index + 1}" for index in range(len(shared.gates.inputs) - 2)]
    inputs = [f".in_data{f'_{index}' if index else ''}({text})" for index, text in enumerate((*operands, *states))]
    if shared.gates.latency_cycles:
        clocked = f".clk(clk), .rst(rst), .in_valid({valid}), .out_valid(out_valid), "
    else:
        clocked = ""
        lines.append(f"  assign out_valid = {valid};")
    return [*lines, f"  {name}_gates gates ({clocked}{', '.join(inputs)}, .out_data(out_data));"]


def _element(tensor: BusTensor, index: int, width: int) -> str:
    """Return an element of the step's outputs in the width of a state."""
    first, own, total = index * tensor.width, min(tensor.width, width), tensor.size * tensor.width
    text = select("next", total, first, own)
    if own == width:
        return text
    sign = select("next", total, first + own - 1, 1) if tensor.signed else "1'b0"
    return join([repeat(sign, width - own), text])
