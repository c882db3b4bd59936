"""The body of a module whose multipliers are shared: counter, weight memory, multipliers, accumulators."""

from itertools import pairwise

from hlsexplore.rtl_plan.folded import Folded, join_levels
from hlsexplore.rtl_plan.layer_plan import LayerPlan
from hlsexplore.rtl_plan.netlist.cells import CellCode, bits_of, counter_bits
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule
from hlsexplore.rtl_plan.tensor import BusTensor
from hlsexplore_hls.rtl.nets import Writer, clocked, extended, join, literal, select, vector
from hlsexplore_hls.rtl.soft import Multiplied, multiples, product_text


def folded_body(plan: LayerPlan, folded: Folded) -> list[str]:
    """Write the statements of a folded product.

    Cycles: with held inputs, step s selects its inputs and weights in cycle s, else one later, since the inputs are
    captured first; its products enter the accumulators `step_latency_cycles - 1` cycles after that. Inputs that come in
    several beats take their share of the steps each, whenever they come.
    """
    source = plan.inputs[0]
    lines = _control(folded, folded.beats)
    lines += _operands(source, folded, folded.beats)
    products, lane_lines = _soft_products(source, folded) if folded.is_soft else _multipliers(source, folded)
    lines += lane_lines
    front = Writer(net=folded.front, planned=folded.front_schedule, inputs=products)
    front.write()
    lines += ["", "  // sums of one step", *front.lines]
    summands, registers, summand_lines = _summands(folded, front)
    lines += summand_lines
    lines += clocked([*front.registers, *front.last_registers, *registers])
    lines += _accumulators(folded, summands, folded.beats)
    return [*lines, *_results(plan, folded)]


def _control(folded: Folded, beats: int) -> list[str]:
    """Write the counters of the steps and the markers that travel along with a step."""
    bits = counter_bits(folded.steps)
    lines = [
        f"  // steps 0 to {folded.steps - 1}; a new input may come in the cycle of the last step"
        if not folded.is_held
        else f"  // steps 0 to {folded.steps - 1}, the first one in the cycle of the input",
        f"  reg {vector(bits)}step;",
        f"  wire is_last = step == {literal(folded.steps - 1, bits)};",
    ]
    if folded.is_held:
        lines.append("  wire start = in_valid;")
    else:
        lines += [
            "  reg start;",
            "  always @(posedge clk)",
            "    if (rst) start <= 1'b0;",
            "    else start <= in_valid;",
        ]
    lines += _activity(folded, beats)
    lines += [
        "  always @(posedge clk)",
        f"    if (rst) step <= {literal(0, bits)};",
        f"    else if (active) step <= is_last ? {literal(0, bits)} : step + {literal(1, bits)};",
    ]
    delay = folded.step_latency_cycles - 1
    if folded.turns == 1:
        lines += _marker("first", f"step == {literal(0, bits)}", delay)
        lines += _marker("adds", "active", delay) if beats > 1 else []
    else:
        lines += _turns(folded)
        lines += _marker("first", f"row == {literal(0, counter_bits(folded.steps_per_turn))}", delay)
        lines += _marker(
            "store", "active & is_row_last", folded.step_latency_cycles + folded.end_schedule.latency_cycles
        )
    waited = folded.latency_cycles - folded.steps + (1 if folded.is_held else 0)
    return lines + _marker("done", "active & is_last", waited, is_reset=True)


def _activity(folded: Folded, beats: int) -> list[str]:
    """Write in which cycles a step is done: all of them after an input, or those of a beat after each beat."""
    steps = folded.steps // beats
    if steps == 1:
        return ["  wire active = start;"]
    end, lines = "is_last", []
    if beats > 1:
        bits = counter_bits(steps)
        zero, one = literal(0, bits), literal(1, bits)
        end = "is_beat_end"
        lines = [
            f"  reg {vector(bits)}part;  // step of a beat",
            f"  wire is_beat_end = part == {literal(steps - 1, bits)};",
            "  always @(posedge clk)",
            f"    if (rst) part <= {zero};",
            f"    else if (active) part <= is_beat_end ? {zero} : part + {one};",
        ]
    return [
        "  reg busy;",
        "  wire active = start | busy;",
        *lines,
        "  always @(posedge clk)",
        "    if (rst) busy <= 1'b0;",
        f"    else busy <= active & ~{end};",
    ]


def _turns(folded: Folded) -> list[str]:
    """Write the counters of the row in a turn and of the turn."""
    rows, turns = counter_bits(folded.steps_per_turn), counter_bits(folded.turns)
    return [
        f"  reg {vector(rows)}row;",
        f"  reg {vector(turns)}turn;",
        f"  wire is_row_last = row == {literal(folded.steps_per_turn - 1, rows)};",
        "  always @(posedge clk)",
        f"    if (rst) row <= {literal(0, rows)};",
        f"    else if (active) row <= is_row_last ? {literal(0, rows)} : row + {literal(1, rows)};",
        "  always @(posedge clk)",
        f"    if (rst) turn <= {literal(0, turns)};",
        f"    else if (active & is_row_last) turn <= is_last ? {literal(0, turns)} : turn + {literal(1, turns)};",
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


def _operands(tensor: BusTensor, folded: Folded, beats: int) -> list[str]:
    """Write the inputs, the operand of each group and the weight memories."""
    total = tensor.size * tensor.width
    if folded.is_held:
        lines = [f"  wire {vector(total)}held = in_data;"]
    else:
        lines = ["", "  // inputs, held for all steps", f"  reg {vector(total)}held;"]
        lines.append("  always @(posedge clk) if (in_valid) held <= in_data;")
    lines += ["", "  // input of each group"]
    for group in range(folded.groups):
        lines += _operand(tensor, folded, group, beats)
    for delay in range(min(folded.chain, folded.groups)):
        lines += _weights(folded, delay)
    return lines


def _operand(tensor: BusTensor, folded: Folded, group: int, beats: int) -> list[str]:
    """Write the input of a group: selected by the step, then delayed as its place in a chain asks for."""
    width, rows = tensor.width, folded.rows[: len(folded.rows) // beats]
    parts = [select("held", tensor.size * width, row[group] * width, width) for row in rows]
    names = [
        f"x{group}" if cycle == folded.delay(group) else f"x{group}_{cycle}" for cycle in range(folded.delay(group) + 1)
    ]
    lines = [f"  reg {vector(width)}{name};" for name in names]
    if len(rows) == 1:
        lines += clocked([f"    {names[0]} <= {parts[0]};"])
    else:
        bits = counter_bits(len(rows))
        counter = "part" if beats > 1 else "step" if folded.turns == 1 else "row"
        lines.append(f"  always @(posedge clk) case ({counter})")
        lines += [f"    {literal(step, bits)}: {names[0]} <= {part};" for step, part in enumerate(parts[:-1])]
        lines += [f"    default: {names[0]} <= {parts[-1]};", "  endcase"]
    return lines + clocked([f"    {now} <= {before};" for before, now in pairwise(names)])


def _weights(folded: Folded, delay: int) -> list[str]:
    """Write the memory with the weights of the groups of one delay."""
    bits, own = counter_bits(folded.steps), [group for group in range(folded.groups) if folded.delay(group) == delay]
    # Products in LUTs whose inputs first become multiples read their weights a cycle later.
    delay_cycles = delay + folded.late
    name, address = f"weights{delay}", "step" if delay_cycles == 0 else f"step_{delay_cycles}"
    total = len(own) * folded.slots * folded.weight_bits
    lines = ["", f"  // weights of the groups {', '.join(map(str, own))}"]
    if delay_cycles:
        before = "step" if delay_cycles == 1 else f"step_{delay_cycles - 1}"
        lines += [f"  reg {vector(bits)}{address};", f"  always @(posedge clk) {address} <= {before};"]
    words = [f"{total}'h{_word(folded, step, own):x}" for step in range(folded.steps)]
    if not folded.is_block_rom:
        lines += [f"  reg {vector(total)}{name};", f"  always @(posedge clk) case ({address})"]
        lines += [f"    {literal(step, bits)}: {name} <= {word};" for step, word in enumerate(words[:-1])]
        return [*lines, f"    default: {name} <= {words[-1]};", "  endcase"]
    memory = f"memory{delay}"
    lines += [f'  (* rom_style = "block" *) reg {vector(total)}{memory} [0:{(1 << bits) - 1}];', "  initial begin"]
    lines += [f"    {memory}[{step}] = {word};" for step, word in enumerate(words)]
    lines += [f"    {memory}[{step}] = {total}'h0;" for step in range(folded.steps, 1 << bits)]
    return [*lines, "  end", f"  reg {vector(total)}{name};", f"  always @(posedge clk) {name} <= {memory}[{address}];"]


def _word(folded: Folded, step: int, groups: list[int]) -> int:
    word = 0
    for group in reversed(groups):
        for slot in reversed(range(folded.slots)):
            word = word << folded.weight_bits | folded.weight(step, group, slot) & ((1 << folded.weight_bits) - 1)
    return word


def _multipliers(tensor: BusTensor, folded: Folded) -> tuple[dict[int, str], list[str]]:
    """Write the multipliers and chains; return the names of their results by input of the front net."""
    lines = ["", "  // multipliers" if folded.chain == 1 else "  // multipliers, chained as DSP blocks are"]
    registers: list[str] = []
    names: dict[int, str] = {}
    is_signed = int(folded.product.weight.min()) < 0
    for group in range(folded.groups):
        rank = group // folded.chain * folded.chain
        for slot in range(folded.slots):
            low, high = folded.lanes[group][slot]
            width = bits_of(low, high)
            place = (group // folded.chain) * folded.slots + slot
            total = len(range(folded.delay(group), folded.groups, folded.chain)) * folded.slots * folded.weight_bits
            weight = select(f"weights{folded.delay(group)}", total, place * folded.weight_bits, folded.weight_bits)
            factor = join(extended(f"x{group}", tensor.width, tensor.signed, 0, width))
            scale = _resized(weight, folded, place, folded.delay(group), total, width, is_signed)
            text = f"$signed({factor}) * $signed({scale})"
            for cycle in range(folded.multiply_cycles):
                last = cycle + 1 == folded.multiply_cycles
                name = f"p{group}_{slot}" if last else f"m{group}_{slot}"
                lines.append(f"  reg {vector(width)}{name};")
                registers.append(f"    {name} <= {text};")
                text = name
            if folded.chain == 1:
                names[group * folded.slots + slot] = text
                continue
            sum_low, sum_high = folded.sums[group // folded.chain][slot]
            size = bits_of(sum_low, sum_high)
            grown = join(extended(text, width, low < 0, 0, size))
            total_text = f"{grown} + c{group - 1}_{slot}" if group > rank else grown
            if folded.delay(group) + 1 == folded.chain:
                lines.append(f"  wire {vector(size)}c{group}_{slot} = {total_text};")
            else:
                lines.append(f"  reg {vector(size)}c{group}_{slot};")
                registers.append(f"    c{group}_{slot} <= {total_text};")
            names[(group // folded.chain) * folded.slots + slot] = f"c{group}_{slot}"
    lines += _short_chains(folded, names)
    return names, lines + clocked(registers)


def _soft_products(tensor: BusTensor, folded: Folded) -> tuple[dict[int, str], list[str]]:
    """Write products of which some are made of LUTs; return the names of their results by input of the front net."""
    lines = ["", "  // products in LUTs: each digit of two bits of a weight chooses a multiple of the input"]
    registers: list[str] = []
    names: dict[int, str] = {}
    bits, is_signed = folded.weight_bits, int(folded.product.weight.min()) < 0
    total, cycles = folded.num_multipliers * bits, folded.multiply_cycles - folded.late
    for group, of_slots in enumerate(folded.lanes):
        widest = max(bits_of(*lane) for lane in of_slots)
        operand = join(extended(f"x{group}", tensor.width, tensor.signed, 0, widest))
        texts, updates = multiples(f"x{group}", operand, widest, bits + (not is_signed), folded.late > 0)
        lines += texts
        registers += updates
        held = f"x{group}_held" if folded.late else f"x{group}"
        if folded.late and group * folded.slots < folded.in_blocks:
            lines.append(f"  reg {vector(tensor.width)}{held};")
            registers.append(f"    {held} <= x{group};")
        for slot, lane in enumerate(of_slots):
            index, width, name = group * folded.slots + slot, bits_of(*lane), f"p{group}_{slot}"
            places = [select("weights0", total, index * bits + bit, 1) for bit in range(bits)]
            digits = places if is_signed else [*places, "1'b0"]
            if index < folded.in_blocks:
                factor = join(extended(held, tensor.width, tensor.signed, 0, width))
                weight = select("weights0", total, index * bits, bits)
                scale = _resized(weight, folded, index, 0, total, width, is_signed)
                texts, text, taken = [], f"$signed({factor}) * $signed({scale})", 0
            else:
                source = Multiplied(name=f"x{group}", width=widest, bits=tensor.width, is_signed=tensor.signed)
                texts, updates, text = product_text(name, source, digits, width)
                registers, taken = registers + updates, join_levels(len(digits))
            lines += texts
            for cycle in range(taken, cycles):
                stage = name if cycle + 1 == cycles else f"{name}_late{cycle}"
                lines.append(f"  reg {vector(width)}{stage};")
                registers.append(f"    {stage} <= {text};")
                text = stage
            names[index] = text
    return names, lines + clocked(registers)


def _short_chains(folded: Folded, names: dict[int, str]) -> list[str]:
    """Write the registers that bring a last, shorter chain to the cycle of the others."""
    missing = -folded.groups % folded.chain - 1
    if missing < 1:
        return []
    lines: list[str] = []
    index = len(folded.sums) - 1
    for slot in range(folded.slots):
        width = bits_of(*folded.sums[index][slot])
        before = names[index * folded.slots + slot]
        for cycle in range(missing):
            name = f"d{cycle}_{slot}"
            lines += [f"  reg {vector(width)}{name};", f"  always @(posedge clk) {name} <= {before};"]
            before = name
        names[index * folded.slots + slot] = before
    return lines


def _resized(weight: str, folded: Folded, place: int, delay: int, total: int, width: int, is_signed: bool) -> str:
    bits = folded.weight_bits
    if width <= bits:
        return select(f"weights{delay}", total, place * bits, width)
    top = select(f"weights{delay}", total, place * bits + bits - 1, 1)
    return f"{{{{{width - bits}{{{top}}}}}, {weight}}}" if is_signed else f"{{{literal(0, width - bits)}, {weight}}}"


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


def _accumulators(folded: Folded, summands: dict[int, str], beats: int) -> list[str]:
    """Write one step of the accumulation of every slot."""
    lines = ["", "  // accumulators; the first step of an output starts from its bias"]
    names = dict(summands)
    cells = {cell.data[0]: cell for cell in folded.loop.cells if cell.code is CellCode.INPUT}
    for slot in range(folded.slots):
        width = cells[slot].width
        lines.append(f"  reg {vector(width)}acc{slot};")
        lines += _start_table(folded, slot, width)
        lines.append(f"  wire {vector(width)}from{slot} = first ? {_start(folded, slot, width)} : acc{slot};")
        names[slot] = f"from{slot}"
    count = len(folded.loop.cells)
    zero = NetSchedule(stages=(0,) * count, latency_cycles=0, arrival_ns=0.0, last_use=(0,) * count)
    loop = Writer(net=folded.loop, planned=zero, inputs=names, prefix="a")
    loop.write()
    updates = [f"    acc{slot} <= {loop.output(slot, cells[slot].width)};" for slot in range(folded.slots)]
    return [*lines, *loop.lines, *clocked(updates, "adds" if beats > 1 else "")]


def _starts(folded: Folded, slot: int) -> list[int]:
    return [folded.starts[folded.output(slot, turn)] for turn in range(folded.turns)]


def _start(folded: Folded, slot: int, width: int) -> str:
    starts = _starts(folded, slot)
    return literal(starts[0], width) if len(set(starts)) == 1 else f"start{slot}"


def _start_table(folded: Folded, slot: int, width: int) -> list[str]:
    """Write the start values of a slot's turns, if they differ."""
    starts = _starts(folded, slot)
    if len(set(starts)) == 1:
        return []
    bits = counter_bits(folded.turns)
    entries = [
        f"    {literal(turn, bits)}: start{slot} = {literal(start, width)};" for turn, start in enumerate(starts)
    ]
    default = f"    default: start{slot} = {literal(starts[-1], width)};"
    return [f"  reg {vector(width)}start{slot};", "  always @* case (turn_added)", *entries[:-1], default, "  endcase"]


def _results(plan: LayerPlan, folded: Folded) -> list[str]:
    names = {slot: f"acc{slot}" for slot in range(folded.slots)}
    end = Writer(net=folded.end, planned=folded.end_schedule, inputs=names, prefix="e")
    end.write()
    lines = ["", "  // results", *end.lines, *clocked([*end.registers, *end.last_registers])]
    width = plan.output.width
    results = [end.output(slot, width) for slot in range(folded.slots)]
    if folded.turns == 1:
        bus = ",\n".join(f"    {text}" for text in reversed(results))
        return [*lines, "  assign out_valid = done;", "  assign out_data = {", bus, "  };"]
    for slot, result in enumerate(results):
        total = folded.turns * width
        lines.append(f"  reg {vector(total)}y{slot};")
        lines += clocked([f"    y{slot} <= {{{result}, {select(f'y{slot}', total, width, total - width)}}};"], "store")
    bus = ", ".join(f"y{slot}" for slot in reversed(range(folded.slots)))
    return [*lines, "  assign out_valid = done;", f"  assign out_data = {{{bus}}};"]
