"""The body of a module whose multipliers are shared: counter, weight memory, multipliers, accumulators."""

from hlsexplore.structure.folded import Folded
from hlsexplore.structure.plan import LayerPlan
from hlsexplore.structure.schedule import Schedule
from hlsexplore_hls.rtl.nets import Writer, extended, literal, select, vector


def folded_body(plan: LayerPlan, folded: Folded) -> list[str]:
    """Write the statements of a folded product.

    Cycles: the inputs are captured in cycle 0; step s selects its inputs and weights in cycle 1 + s, and its products
    enter the accumulators `step_latency_cycles` later.
    """
    lines = _control(folded)
    lines += _operands(plan, folded)
    products, lane_lines = _multipliers(plan, folded)
    lines += lane_lines
    front = Writer(net=folded.front, planned=folded.front_schedule, inputs=products)
    front.write()
    lines += ["", "  // sums of one step", *front.lines]
    summands, registers, summand_lines = _summands(folded, front)
    lines += summand_lines
    lines += _clocked([*front.registers, *registers])
    lines += _accumulators(folded, summands)
    return [*lines, *_results(plan, folded)]


def _clocked(statements: list[str]) -> list[str]:
    return ["  always @(posedge clk) begin", *statements, "  end"] if statements else []


def _control(folded: Folded) -> list[str]:
    """Write the step counter and the markers that travel along with a step."""
    bits = max(1, (folded.steps - 1).bit_length())
    last = literal(folded.steps - 1, bits)
    delay = folded.step_latency_cycles - 1
    lines = [
        f"  // steps 0 to {folded.steps - 1}; a new input may come in the cycle of the last step",
        "  reg busy;",
        f"  reg {vector(bits)}step;",
        f"  wire is_last = busy & (step == {last});",
        "  always @(posedge clk)",
        "    if (rst) busy <= 1'b0;",
        "    else busy <= in_valid | (busy & ~is_last);",
        "  always @(posedge clk)",
        f"    step <= in_valid ? {literal(0, bits)} : step + {literal(1, bits)};",
    ]
    if folded.outputs_per_slot == 1:
        lines += _marker("first", f"step == {literal(0, bits)}", delay)
    else:
        lines += _turns(folded)
        lines += _marker("first", f"row == {literal(0, _bits(folded.steps_per_turn))}", delay)
        lines += _marker("store", "busy & is_row_last", folded.step_latency_cycles + folded.end_schedule.latency_cycles)
    return lines + _marker("done", "is_last", folded.latency_cycles - folded.steps, is_reset=True)


def _bits(count: int) -> int:
    """Bits of a counter with `count` values."""
    return max(1, (count - 1).bit_length())


def _turns(folded: Folded) -> list[str]:
    """Write the counters of the row in a turn and of the turn."""
    rows, turns = _bits(folded.steps_per_turn), _bits(folded.outputs_per_slot)
    return [
        f"  reg {vector(rows)}row;",
        f"  reg {vector(turns)}turn;",
        f"  wire is_row_last = row == {literal(folded.steps_per_turn - 1, rows)};",
        "  always @(posedge clk) begin",
        f"    row <= (in_valid | is_row_last) ? {literal(0, rows)} : row + {literal(1, rows)};",
        f"    turn <= in_valid ? {literal(0, turns)} : is_row_last ? turn + {literal(1, turns)} : turn;",
        "  end",
        *_marker("turn_added", "turn", folded.step_latency_cycles - 1, turns),
    ]


def _marker(name: str, source: str, cycles: int, width: int = 1, is_reset: bool = False) -> list[str]:
    """Write a condition or counter that arrives some cycles later."""
    total = cycles * width
    shift = source if cycles == 1 else f"{{{select(f'{name}_delay', total, 0, total - width)}, {source}}}"
    reset = f"    if (rst) {name}_delay <= {literal(0, total)};\n    else " if is_reset else "    "
    return [
        f"  reg {vector(total)}{name}_delay;",
        "  always @(posedge clk)",
        f"{reset}{name}_delay <= {shift};",
        f"  wire {vector(width)}{name} = {select(f'{name}_delay', total, total - width, width)};",
    ]


def _operands(plan: LayerPlan, folded: Folded) -> list[str]:
    """Write the captured inputs, the operand of each group and the weight memory."""
    tensor = plan.inputs[0]
    width, bits = tensor.width, max(1, (folded.steps - 1).bit_length())
    lines = ["", "  // inputs, held for all steps", f"  reg {vector(tensor.size * width)}held;"]
    lines += ["  always @(posedge clk) if (in_valid) held <= in_data;", "", "  // input and weights of the step"]
    rows = folded.rows
    select_bits = max(1, (len(rows) - 1).bit_length())
    turn = "step" if folded.outputs_per_slot == 1 else "row"
    for group in range(folded.groups):
        parts = [_element(row[group], width, tensor.size) for row in rows]
        lines.append(f"  reg {vector(width)}x{group};")
        if len(rows) == 1:
            lines.append(f"  always @(posedge clk) x{group} <= {parts[0]};")
            continue
        lines.append(f"  always @(posedge clk) case ({turn})")
        lines += [f"    {literal(step, select_bits)}: x{group} <= {part};" for step, part in enumerate(parts[:-1])]
        lines += [f"    default: x{group} <= {parts[-1]};", "  endcase"]
    return lines + _weights(folded, bits)


def _element(index: int, width: int, size: int) -> str:
    if width * size == 1:
        return "held"
    return f"held[{index}]" if width == 1 else f"held[{index * width + width - 1}:{index * width}]"


def _weights(folded: Folded, bits: int) -> list[str]:
    total = folded.num_multipliers * folded.weight_bits
    words = []
    for step in range(folded.steps):
        word = 0
        for lane in reversed(range(folded.num_multipliers)):
            group, slot = divmod(lane, folded.slots)
            word = word << folded.weight_bits | folded.weight(step, group, slot) & ((1 << folded.weight_bits) - 1)
        words.append(f"{total}'h{word:x}")
    if not folded.is_block_rom:
        lines = [f"  reg {vector(total)}weights;", "  always @(posedge clk) case (step)"]
        lines += [f"    {literal(step, bits)}: weights <= {word};" for step, word in enumerate(words[:-1])]
        return [*lines, f"    default: weights <= {words[-1]};", "  endcase"]
    lines = [f'  (* rom_style = "block" *) reg {vector(total)}memory [0:{folded.steps - 1}];', "  initial begin"]
    lines += [f"    memory[{step}] = {word};" for step, word in enumerate(words)]
    return [*lines, "  end", f"  reg {vector(total)}weights;", "  always @(posedge clk) weights <= memory[step];"]


def _multipliers(plan: LayerPlan, folded: Folded) -> tuple[dict[int, str], list[str]]:
    """Write the multipliers; return the names of their products by lane."""
    tensor = plan.inputs[0]
    lines = ["", "  // multipliers"]
    registers: list[str] = []
    names: dict[int, str] = {}
    cells = {cell.data[0]: cell for cell in folded.front.cells if cell.code == "input"}
    for lane in range(folded.num_multipliers):
        group, slot = divmod(lane, folded.slots)
        width = cells[lane].width
        first = lane * folded.weight_bits
        weight = f"weights[{first + folded.weight_bits - 1}:{first}]"
        factor = f"{{{', '.join(extended(f'x{group}', tensor.width, tensor.signed, 0, width))}}}"
        scale = f"{{{', '.join(_sign_extended(weight, folded, first, width))}}}"
        product = f"$signed({factor}) * $signed({scale})"
        for cycle in range(folded.multiply_cycles):
            name = f"p{lane}" if cycle + 1 == folded.multiply_cycles else f"p{lane}_{cycle}"
            lines.append(f"  reg {vector(width)}{name};")
            registers.append(f"    {name} <= {product};")
            product = name
        names[lane] = product
    return names, lines + _clocked(registers)


def _sign_extended(weight: str, folded: Folded, first: int, width: int) -> list[str]:
    is_signed = int(folded.product.weight.min()) < 0
    bits = folded.weight_bits
    if width <= bits:
        return [f"weights[{first + width - 1}:{first}]"]
    return [f"{{{width - bits}{{weights[{first + bits - 1}]}}}}" if is_signed else literal(0, width - bits), weight]


def _summands(folded: Folded, front: Writer) -> tuple[dict[int, str], list[str], list[str]]:
    """Write the values that enter the accumulators; return their names, clocked statements and declarations."""
    names: dict[int, str] = {}
    registers: list[str] = []
    lines: list[str] = []
    for position, value in enumerate(folded.front.outputs):
        width = folded.front.cells[value].width
        text = front.output(position, width)
        name = f"s{position}"
        if folded.loop_registered:
            lines.append(f"  reg {vector(width)}{name};")
            registers.append(f"    {name} <= {text};")
        else:
            lines.append(f"  wire {vector(width)}{name} = {text};")
        names[folded.slots + position] = name
    return names, registers, lines


def _accumulators(folded: Folded, summands: dict[int, str]) -> list[str]:
    """Write one step of the accumulation of every slot."""
    lines = ["", "  // accumulators; the first step of an output starts from its bias"]
    names = dict(summands)
    cells = {cell.data[0]: cell for cell in folded.loop.cells if cell.code == "input"}
    for slot in range(folded.slots):
        width = cells[slot].width
        lines.append(f"  reg {vector(width)}acc{slot};")
        lines += _start_table(folded, slot, width)
        lines.append(f"  wire {vector(width)}from{slot} = first ? {_start(folded, slot, width)} : acc{slot};")
        names[slot] = f"from{slot}"
    zero = Schedule(
        stages=(0,) * len(folded.loop.cells),
        latency_cycles=0,
        arrival_ns=0.0,
        last_use=(0,) * len(folded.loop.cells),
    )
    loop = Writer(net=folded.loop, planned=zero, inputs=names, prefix="a")
    loop.write()
    updates = [f"    acc{slot} <= {loop.output(slot, cells[slot].width)};" for slot in range(folded.slots)]
    return [*lines, *loop.lines, *_clocked(updates)]


def _start(folded: Folded, slot: int, width: int) -> str:
    starts = [folded.product.bias[folded.output(slot, turn)] for turn in range(folded.outputs_per_slot)]
    if len(set(starts)) == 1:
        return literal(starts[0], width)
    return f"start{slot}"


def _start_table(folded: Folded, slot: int, width: int) -> list[str]:
    """Write the biases of a slot's turns."""
    starts = [folded.product.bias[folded.output(slot, turn)] for turn in range(folded.outputs_per_slot)]
    if len(set(starts)) == 1:
        return []
    bits = _bits(folded.outputs_per_slot)
    entries = [f"    {literal(turn, bits)}: start{slot} = {literal(start, width)};" for turn, start in enumerate(starts)]
    default = f"    default: start{slot} = {literal(starts[-1], width)};"
    return [f"  reg {vector(width)}start{slot};", "  always @* case (turn_added)", *entries[:-1], default, "  endcase"]


def _results(plan: LayerPlan, folded: Folded) -> list[str]:
    names = {slot: f"acc{slot}" for slot in range(folded.slots)}
    end = Writer(net=folded.end, planned=folded.end_schedule, inputs=names, prefix="e")
    end.write()
    lines = ["", "  // results", *end.lines, *_clocked(end.registers)]
    width = plan.output.width
    results = [end.output(slot, width) for slot in range(folded.slots)]
    if folded.outputs_per_slot == 1:
        bus = ",\n".join(f"    {text}" for text in reversed(results))
        return [*lines, "  assign out_valid = done;", "  assign out_data = {", bus, "  };"]
    turns = folded.outputs_per_slot
    for slot, result in enumerate(results):
        total = turns * width
        lines.append(f"  reg {vector(total)}y{slot};")
        lines.append(f"  always @(posedge clk) if (store) y{slot} <= {{{result}, y{slot}[{total - 1}:{width}]}};")
    bus = ", ".join(f"y{slot}" for slot in reversed(range(folded.slots)))
    return [*lines, "  assign out_valid = done;", f"  assign out_data = {{{bus}}};"]
