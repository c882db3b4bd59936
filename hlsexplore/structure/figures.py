"""LUTs, flip-flops, DSP blocks and block RAMs of a planned layer, as Yosys maps its Verilog to Xilinx 7 series.

Adders, registers, weight memories and multipliers are counted bit by bit from the plan; wide gates and comparisons
by rules. Nothing is fitted.
"""

from collections import defaultdict
from math import ceil

from hlsexplore.report import Figures
from hlsexplore.structure.cost import adder_luts
from hlsexplore.structure.folded import Folded
from hlsexplore.structure.layers import LayerPlan
from hlsexplore.structure.netlist import VIEWS, Cell, Code, Net, Value, bits_of
from hlsexplore.structure.schedule import Schedule
from hlsexplore.structure.timing import is_block_table

SRL_CYCLES = 3
"""A chain of this many registers or more becomes a shift register in one LUT a bit (xilinx_srl -minlen 3)."""
DSP_WIDTHS = (25, 18)
"""Operand bits of a DSP48E1, both signed (7 series DSP48E1 user guide UG479)."""
BRAM18_BITS = 36
"""Widest word of an 18 kbit block RAM used as a ROM (7 series memory resources user guide UG473)."""
BRAM18_WORDS = 512
SHORT_ROM_STEPS = 8
"""Up to this many steps Yosys sees the weights' registers as plain ones and moves them into the DSP blocks; with more
it makes a ROM of them, whose registers stay outside (measured with 7, 8, 9, 12, 15 and 16 steps, flip-flops exact)."""


def layer_figures(plan: LayerPlan) -> Figures:
    """Count what a layer's module takes.

    Args:
        plan: The planned layer.
    """
    lut, ff, dsp, bram = 0, 0, 0, 0
    if plan.net is not None and plan.schedule is not None:
        lut, ff, dsp, bram = _parallel(plan, plan.net, plan.schedule)
    elif plan.folded is not None:
        lut, ff, dsp, bram = _folded(plan, plan.folded)
    return Figures(
        lut=lut,
        ff=ff,
        dsp=dsp,
        bram18=bram,
        latency_cycles_min=plan.latency_cycles,
        latency_cycles_max=plan.latency_cycles,
        ii_cycles=plan.ii_cycles,
    )


def _parallel(plan: LayerPlan, net: Net, planned: Schedule) -> tuple[int, int, int, int]:
    lut, dsp, bram = net_logic(net, planned)
    ff, srl = net_registers(net, planned)
    if plan.output.is_held:
        # A register with enable and reset: the reset is one gate for each masked element.
        alive = net.live()
        lut += sum(1 for number, cell in enumerate(net.cells) if alive[number] and cell.code is Code.RELU)
    return lut + srl, ff + plan.latency_cycles, dsp, bram


def net_logic(net: Net, planned: Schedule) -> tuple[int, int, int]:
    """Count LUTs, DSP blocks and block RAMs of a net's cells."""
    need = net.needed()
    lut = dsp = bram = 0
    for number, cell in enumerate(net.cells):
        if not need[number] or cell.code in VIEWS:
            continue
        args = [net.cells[arg] for arg in cell.args]
        if cell.code is Code.ADD:
            lut += sum(adder_luts(net, cell, need[number]))
        elif cell.code is Code.MUL:
            dsp += dsp_blocks(args[0], args[1])
        elif is_block_table(cell):
            bram += bram_blocks(cell.width, len(cell.data))
        elif not _is_reset(planned, number, cell):
            lut += _gates(cell, args, need[number])
    return lut, dsp, bram


def _is_reset(planned: Schedule, number: Value, cell: Cell) -> bool:
    """Whether a mask is the reset of the register behind it."""
    return cell.code is Code.RELU and planned.last_use[number] > planned.stages[number]


def _gates(cell: Cell, args: list[Cell], bits: int) -> int:
    match cell.code:
        case Code.CLIP | Code.ZERO_OUTSIDE:
            tested = max(args[0].width - cell.width, 0) + 1
            sides = int(args[0].high > cell.data[1]) + int(args[0].low < cell.data[0])
            return bits + sides * ceil(tested / 5)
        case Code.RELU | Code.MUX:
            return bits
        case Code.LESS:
            return ceil(max(arg.width for arg in args) / 2) + 1
        case Code.MAX | Code.MIN:
            return ceil(max(arg.width for arg in args) / 2) + 1 + bits
        case Code.ROUND:
            return ceil((cell.data[0] + 1) / 5) if cell.data[0] > 1 else 0
        case Code.ROM:
            return cell.width
        case Code.AND | Code.NOT:
            return 1
        case _:
            return 0


def net_registers(net: Net, planned: Schedule) -> tuple[int, int]:
    """Count flip-flops and shift registers (in LUTs) between the cycles of a net, bit by bit."""
    reads: dict[Value, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    need = net.needed()
    for output in net.outputs:
        _read(net, output, (1 << need[output]) - 1, planned.latency_cycles, reads)
    for number, cell in enumerate(net.cells):
        if not need[number] or cell.code in VIEWS:
            continue
        time = planned.stages[number] - is_block_table(cell)
        for arg, bits in zip(cell.args, _arg_bits(net, cell, need[number]), strict=True):
            _read(net, arg, (1 << bits) - 1, time, reads)
    ff = srl = 0
    for value, times in reads.items():
        last = planned.stages[value]
        masks = sorted(times.items())
        for index, (time, _) in enumerate(masks):
            later = 0
            for _, mask in masks[index:]:
                later |= mask
            gap, bits = time - last, later.bit_count()
            if gap >= SRL_CYCLES:
                srl += bits
            elif gap > 0:
                ff += gap * bits
            last = max(last, time)
    return ff, srl


def _arg_bits(net: Net, cell: Cell, bits: int) -> list[int]:
    widths = [net.cells[arg].width for arg in cell.args]
    if cell.code is Code.ADD:
        return [max(min(bits - shift, width), 0) for shift, width in zip(cell.data[:2], widths, strict=True)]
    if cell.code is Code.MUX:
        return [1, *(min(bits, width) for width in widths[1:])]
    return widths


def _read(net: Net, value: Value, mask: int, time: int, reads: dict[Value, dict[int, int]]) -> None:
    """Note that some bits of a value are read in a cycle, at the cells that make them."""
    cell = net.cells[value]
    if not mask or cell.code is Code.CONST:
        return
    if cell.code is Code.SHIFT:
        bits = cell.data[0]
        _read(net, cell.args[0], mask >> bits if bits > 0 else mask << -bits, time, reads)
    elif cell.code is Code.INVERT:
        _read(net, cell.args[0], mask & ((1 << min(cell.data[1], cell.width)) - 1), time, reads)
    elif cell.code is Code.SLICE:
        first, width, _ = cell.data
        _read(net, cell.args[0], (mask & ((1 << width) - 1)) << first, time, reads)
    elif cell.code is Code.JOIN:
        shift = cell.data[1]
        _read(net, cell.args[0], mask & ((1 << shift) - 1), time, reads)
        _read(net, cell.args[1], mask >> shift, time, reads)
    else:
        inside = mask & ((1 << cell.width) - 1)
        if cell.low < 0 and mask >> cell.width:
            inside |= 1 << (cell.width - 1)
        reads[value][time] |= inside


def dsp_blocks(a: Cell, b: Cell) -> int:
    """Count the DSP blocks of a multiplier; an unsigned operand takes a bit for its sign."""
    wide, narrow = sorted((cell.width + (not cell.signed) for cell in (a, b)), reverse=True)
    return min(
        ceil(wide / DSP_WIDTHS[0]) * ceil(narrow / DSP_WIDTHS[1]),
        ceil(wide / DSP_WIDTHS[1]) * ceil(narrow / DSP_WIDTHS[0]),
    )


def bram_blocks(width: int, words: int) -> int:
    """Count the 18 kbit blocks of a ROM: wide words for few entries, narrow ones for many."""
    deep = max(1, ceil(words / BRAM18_WORDS))
    return ceil(width * deep / BRAM18_BITS)


def _folded(plan: LayerPlan, folded: Folded) -> tuple[int, int, int, int]:
    source = plan.inputs[0]
    rom_lut, rom_ff, bram = _weight_memory(folded)
    lut, ff = rom_lut, rom_ff
    # Operands: a multiplexer for each group, registers for its delay, and the inputs where they are not held outside.
    inputs = 0 if folded.is_held else source.size * source.width
    # The last two registers of an operand move into the DSP blocks that read it.
    delays = sum(max(folded.delay(group) - 1, 0) for group in range(folded.groups))
    ff += inputs + delays * source.width
    lut += folded.groups * source.width * mux_luts(folded.steps_per_turn)
    front_lut, _, _ = net_logic(folded.front, folded.front_schedule)
    front_ff, front_srl = net_registers(folded.front, folded.front_schedule)
    end_lut, _, _ = net_logic(folded.end, folded.end_schedule)
    end_ff, end_srl = net_registers(folded.end, folded.end_schedule)
    lut += front_lut + front_srl + end_lut + end_srl
    ff += front_ff + end_ff
    lane_width = [bits_of(*lane) for group in folded.lanes for lane in group]
    is_alone = folded.groups == 1 and folded.product.dropped <= 0 and all(len(own) == 1 for own in folded.summands)
    is_in_dsp = is_alone and not folded.is_soft
    if not is_in_dsp:
        bits = _accumulator_bits(folded)
        lut += bits + _loop_gates(folded)
        ff += bits
        if folded.loop_registered:
            ff += sum(folded.front.cells[output].width for output in folded.front.outputs)
    if folded.turns > 1:
        ff += folded.slots * folded.turns * plan.output.width
    control_lut, control_ff = _control(folded)
    if folded.is_soft:
        soft_lut, soft_ff = _soft_products(folded, source.width)
        return lut + control_lut + soft_lut, ff + control_ff + soft_ff, 0, bram
    weight = Cell(Code.CONST, (), (), *_weight_range(folded))
    operand = Cell(Code.CONST, (), (), source.low, source.high)
    dsp = folded.num_multipliers * dsp_blocks(weight, operand) if max(lane_width) > 1 else 0
    return lut + control_lut, ff + control_ff, dsp, bram


def _soft_products(folded: Folded, source_bits: int) -> tuple[int, int]:
    """Count the LUTs and registers of products in LUTs: equal ones of a group, and equal low digits, exist once."""
    late, bits = folded.multiply_cycles > 1, max(folded.weight_bits + (_weight_range(folded)[0] >= 0), 2)
    first, reach = bits - 2, source_bits + 2 if bits > 3 else source_bits
    lut = ff = 0
    for group, of_slots in enumerate(folded.lanes):
        lanes: dict[tuple[int, ...], int] = {}
        for slot, (low, high) in enumerate(of_slots):
            words = tuple(folded.weight(step, group, slot) for step in range(folded.steps))
            if any(words):
                lanes[words] = bits_of(low, high)
        lut += sum(max(width - first, 0) if first else min(width, source_bits + 1) for width in lanes.values())
        ff += sum(max(width - first, 0) for width in lanes.values())
        for place in range(first):
            masks = {tuple(word & ((2 << place) - 1) for word in words) for words in lanes}
            lut, ff = lut + len(masks - {(0,) * folded.steps}), ff + len(masks - {(0,) * folded.steps})
        digits: dict[tuple[int, ...], int] = {}
        for words, width in lanes.items():
            digit = tuple(word & ((1 << first) - 1) for word in words)
            digits[digit] = max(digits.get(digit, 0), width) if any(digit) else 0
        lut += sum(max(min(width, reach) - first, 0) for width in digits.values())
        lut += source_bits + 1 if bits > 3 else 0
        ff += source_bits + (source_bits + (source_bits + 1 if bits > 3 else 0) if late else 0)
    return lut, ff


def _accumulator_bits(folded: Folded) -> int:
    """Count the bits of all accumulators that the results depend on."""
    need = folded.end.needed()
    return sum(need[number] for number, cell in enumerate(folded.end.cells) if cell.code is Code.INPUT)


def _loop_gates(folded: Folded) -> int:
    cells = [(cell, [folded.loop.cells[arg] for arg in cell.args]) for cell in folded.loop.cells]
    return sum(_gates(cell, args, cell.width) for cell, args in cells if cell.code in (Code.CLIP, Code.ZERO_OUTSIDE))


def _weight_range(folded: Folded) -> tuple[int, int]:
    weight = folded.product.weight
    return int(weight.min()), int(weight.max())


def _weight_memory(folded: Folded) -> tuple[int, int, int]:
    """Count LUTs, flip-flops and block RAMs of the weights: equal columns of bits are stored once."""
    bram = lut = ff = 0
    for delay in range(min(folded.chain, folded.groups)):
        own = [group for group in range(folded.groups) if folded.delay(group) == delay]
        if folded.is_block_rom:
            bram += bram_blocks(len(own) * folded.slots * folded.weight_bits, folded.steps)
            continue
        columns: set[tuple[int, ...]] = set()
        for group in own:
            for slot in range(folded.slots):
                words = [folded.weight(step, group, slot) for step in range(folded.steps)]
                columns |= {tuple(word >> bit & 1 for word in words) for bit in range(folded.weight_bits)}
        variable = [column for column in columns if 0 < sum(column) < len(column)]
        lut += len(variable) * max(1, ceil(folded.steps / 64))
        ff += 0 if folded.steps <= SHORT_ROM_STEPS and not folded.is_soft else len(variable)
    return lut, ff, bram


def mux_luts(inputs: int) -> int:
    """Count the LUTs of a multiplexer of one bit: 4 inputs a LUT, two of them joined by a MUXF7, these by LUTs."""
    if inputs <= 4:
        return int(inputs > 1)
    return ceil(inputs / 4) + (mux_luts(ceil(inputs / 8)) if inputs > 8 else 0)


def _control(folded: Folded) -> tuple[int, int]:
    bits = max(1, (folded.steps - 1).bit_length())
    delay = folded.step_latency_cycles - 1
    done = folded.latency_cycles - folded.steps + (1 if folded.is_held else 0)
    addresses = folded.chain + (folded.multiply_cycles - 1 if folded.is_soft else 0)
    return 2 * bits + 3, bits * addresses + delay + done + 2
