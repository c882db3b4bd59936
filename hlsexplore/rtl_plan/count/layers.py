"""LUTs, flip-flops, DSP blocks and block RAMs of a planned layer, as Yosys maps its Verilog.

Adders, registers, weight memories and multipliers are counted bit by bit from the plan; wide gates and comparisons
by rules. Nothing is fitted. LUTs are those of Xilinx 7 series and UltraScale; on ECP5, multiplexers and accumulators
take more of them.
"""

from collections import defaultdict
from math import ceil
from typing import assert_never

from hlsexplore.report import Figures
from hlsexplore.rtl_plan.count.blocks import DSP48E1, Blocks
from hlsexplore.rtl_plan.count.scan import scan_figures
from hlsexplore.rtl_plan.count.soft import soft_products
from hlsexplore.rtl_plan.folded import Folded
from hlsexplore.rtl_plan.layer_plan import Bank, InTurn, LayerPlan, Parallel, Recurrence, Scan, SharedStep, Wires
from hlsexplore.rtl_plan.netlist.adders import Bits, adder_luts, first_added_bit, net_bits
from hlsexplore.rtl_plan.netlist.cells import VIEWS, CellCode, NetCell, Value, bits_of, counter_bits, make_cell
from hlsexplore.rtl_plan.netlist.needs import live, needed
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import NetSchedule
from hlsexplore.rtl_plan.netlist.ternary import ternary_luts
from hlsexplore.rtl_plan.netlist.timing import is_block_table
from hlsexplore.rtl_plan.tensor import BusTensor

SRL_CYCLES = 3
"""A chain of this many registers or more becomes a shift register in one LUT a bit (xilinx_srl -minlen 3)."""
MERGED_MASK_BITS = 8
"""Bits of a mask that arithmetic follows: it merges with the LUTs behind it and costs one for about so many bits."""
DSP_REGISTERS = 2
"""Registers of an operand inside a DSP48E1 (A1 and A2, B1 and B2; UG479)."""
BRAM18_BITS = 36
"""Widest word of an 18 kbit block RAM used as a ROM (7 series memory resources user guide UG473)."""
BRAM18_WORDS = 512
NARROW_EXTREME_LUTS = 8.6
"""LUTs of four inputs for each bit of a comparison and a choice on ECP5 (16 and 24 bits)."""
SHORT_ROM_STEPS = 8
"""Up to this many steps Yosys sees the weights' registers as plain ones and moves them into the DSP blocks; with more
it makes a ROM of them, whose registers stay outside (measured with 7, 8, 9, 12, 15 and 16 steps, flip-flops exact)."""


def layer_figures(plan: LayerPlan, blocks: Blocks = DSP48E1) -> Figures:
    """Count what a layer's module takes.

    Args:
        plan: The planned layer.
        blocks: Cells that are counted.
    """
    lut, ff, dsp, bram = _of_body(plan, blocks)
    return Figures(
        lut=lut,
        ff=ff,
        dsp=dsp,
        bram18=bram,
        latency_cycles_min=plan.latency_cycles,
        latency_cycles_max=plan.latency_cycles,
        ii_cycles=plan.ii_cycles,
    )


def _of_body(plan: LayerPlan, blocks: Blocks) -> tuple[int, int, int, int]:
    """Count the LUTs, flip-flops, DSP blocks and block RAMs of what a layer computes with."""
    body = plan.body
    match body:
        case Parallel():
            return _parallel(plan, body.net, body.schedule, blocks)
        case Folded():
            return _folded(plan, body, blocks)
        case Scan():
            return _scanned(plan, body, blocks)
        case Recurrence():
            return _recurrent(body, blocks)
        case Bank():
            parts = [_resources(part, blocks) for part in body.parts]
            lut, ff, dsp, bram = (sum(found) for found in zip(*parts, strict=True))
            return lut, ff, dsp, bram
        case SharedStep():
            return _shared_step(body, blocks)
        case InTurn():
            return _in_turn(plan, body, blocks)
        case Wires():
            return 0, 0, 0, 0
        case _:
            assert_never(body)


def _shared_step(step: SharedStep, blocks: Blocks) -> tuple[int, int, int, int]:
    """Count the two products, what follows, and the register of the product that waits for the other one."""
    waiting = [part.output for part, wait in zip(step.products, step.waits, strict=True) if wait]
    parts = [_resources(part, blocks) for part in (*step.products, step.gates)]
    lut, ff, dsp, bram = (sum(found) for found in zip(*parts, strict=True))
    return lut, ff + sum(tensor.size * tensor.width for tensor in waiting), dsp, bram


def _in_turn(plan: LayerPlan, body: InTurn, blocks: Blocks) -> tuple[int, int, int, int]:
    """Count the copies; each bit of a result is that of the copy that is done, two inputs of a LUT for each copy."""
    lut, ff, dsp, bram = (body.copies * count for count in _resources(body.core, blocks))
    bits = counter_bits(body.copies)
    joining = plan.output.size * plan.output.width * ceil((2 * body.copies - 1) / (blocks.lut_inputs - 1))
    return lut + joining + 2 * bits, ff + bits, dsp, bram


def _resources(plan: LayerPlan, blocks: Blocks) -> tuple[int, int, int, int]:
    found = layer_figures(plan, blocks)
    return int(found.lut or 0), int(found.ff or 0), int(found.dsp or 0), int(found.bram18 or 0)


def _recurrent(recurrence: Recurrence, blocks: Blocks) -> tuple[int, int, int, int]:
    """Count a step, the states, and the counter of the steps."""
    lut, ff, dsp, bram = _resources(recurrence.step, blocks)
    bits = max(1, (recurrence.steps - 1).bit_length())
    states = sum(tensor.size * tensor.width for tensor in recurrence.states)
    return lut + bits + 2, ff + states + bits, dsp, bram


def _scanned(plan: LayerPlan, scan: Scan, blocks: Blocks) -> tuple[int, int, int, int]:
    lut, ff = scan_figures(scan, plan.output.size * plan.output.width)
    own = _resources(scan.core, blocks)
    return lut + scan.copies * own[0], ff + scan.copies * own[1], scan.copies * own[2], scan.copies * own[3]


def _parallel(plan: LayerPlan, net: Net, planned: NetSchedule, blocks: Blocks) -> tuple[int, int, int, int]:
    lut, dsp, bram = net_logic(net, planned, blocks)
    ff, srl = net_registers(net, planned, blocks)
    if plan.output.is_held:
        # A register with enable and reset: the reset is one gate for each masked element.
        alive = live(net)
        lut += sum(1 for number, cell in enumerate(net.cells) if alive[number] and cell.code is CellCode.RELU)
    return lut + srl, ff + plan.latency_cycles, dsp, bram


def net_logic(net: Net, planned: NetSchedule, blocks: Blocks) -> tuple[int, int, int]:
    """Count LUTs, DSP blocks and block RAMs of a net's cells."""
    need, ends, bits = needed(net), _ends(net), net_bits(net)
    ternary = planned.ternary if blocks.has_wide_luts else {}
    inner = {joined.inner for joined in ternary.values()}
    lut = dsp = bram = 0
    for number, cell in enumerate(net.cells):
        if not need[number] or cell.code in VIEWS or number in inner:
            continue
        args = [net.cells[arg] for arg in cell.args]
        if number in ternary:
            lut += ternary_luts(ternary[number], bits, need[number])
        elif cell.code is CellCode.ADD:
            lut += _adder_luts(cell, bits, need[number], blocks)
        elif cell.code is CellCode.MUL:
            widths = operand_bits(args[0]), operand_bits(args[1])
            if sum(widths) < blocks.product_bits:
                lut += narrow_product_luts(sum(widths), min(widths))
            else:
                dsp, lut = dsp + blocks.count(*widths), lut + blocks.join_luts(*widths)
        elif is_block_table(cell):
            bram += bram_blocks(cell.width, len(cell.data))
        elif cell.code is CellCode.RELU and number not in ends:
            lut += ceil(need[number] / MERGED_MASK_BITS)
        elif not _is_reset(net, planned, number):
            lut += _gates(cell, args, need[number], blocks)
    return lut, dsp, bram


def _adder_luts(cell: NetCell, bits: list[Bits], width: int, blocks: Blocks) -> int:
    """Count the LUTs of an adder: a LUT joins the bits of two operands, and where it is narrow, a chain takes all."""
    if blocks.has_wide_luts:
        return sum(adder_luts(cell, bits, width))
    return 2 * ceil(max(width - first_added_bit(cell), 0) / 2)


def _ends(net: Net) -> set[Value]:
    """Return the cells that make the bits of the outputs, behind views."""
    found: set[Value] = set()
    pending = list(net.outputs)
    while pending:
        value = pending.pop()
        if value not in found:
            found.add(value)
            pending += net.cells[value].args if net.cells[value].code in VIEWS else ()
    return found


def _is_reset(net: Net, planned: NetSchedule, number: Value) -> bool:
    """Whether a mask, or a choice between a value and 0, is the reset of the register behind it."""
    cell = net.cells[number]
    masks = cell.code is CellCode.RELU or (
        cell.code is CellCode.MUX
        and any(net.cells[arg].code is CellCode.CONST and not net.cells[arg].low for arg in cell.args)
    )
    return masks and planned.last_use[number] > planned.stages[number]


def _gates(cell: NetCell, args: list[NetCell], bits: int, blocks: Blocks) -> int:
    match cell.code:
        case CellCode.CLIP | CellCode.ZERO_OUTSIDE:
            tested = max(args[0].width - cell.width, 0) + 1
            sides = int(args[0].high > cell.data[1]) + int(args[0].low < cell.data[0])
            return bits + sides * ceil(tested / (blocks.lut_inputs - 1))
        case CellCode.RELU | CellCode.MUX:
            return bits
        case CellCode.LESS if args[1].code is CellCode.CONST and not args[1].low:
            return 0
        case CellCode.LESS:
            return max(arg.width for arg in args)
        case CellCode.MAX | CellCode.MIN if not blocks.has_wide_luts:
            return round(NARROW_EXTREME_LUTS * bits)
        case CellCode.MAX | CellCode.MIN:
            return max(arg.width for arg in args) + 1 + bits
        case CellCode.ROUND:
            return ceil((cell.data[0] + 1) / (blocks.lut_inputs - 1)) if cell.data[0] > 1 else 0
        case CellCode.ROM:
            return cell.width
        case CellCode.AND | CellCode.NOT:
            return 1
        case _:
            return 0


def net_registers(net: Net, planned: NetSchedule, blocks: Blocks) -> tuple[int, int]:
    """Count flip-flops and shift registers (in LUTs) between the cycles of a net, bit by bit."""
    reads: dict[Value, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    need = needed(net)
    for output in net.outputs:
        _read(net, output, (1 << need[output]) - 1, planned.latency_cycles, reads)
    for number, cell in enumerate(net.cells):
        if not need[number] or cell.code in VIEWS:
            continue
        time = planned.stages[number] - is_block_table(cell)
        # The registers before a multiplication are those of the DSP block, where it has them.
        inside = DSP_REGISTERS if cell.code is CellCode.MUL and blocks.holds_registers else 0
        for arg, bits in zip(cell.args, _arg_bits(net, cell, need[number]), strict=True):
            _read(net, arg, (1 << bits) - 1, time - min(inside, time - planned.stages[arg]), reads)
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


def _arg_bits(net: Net, cell: NetCell, bits: int) -> list[int]:
    widths = [net.cells[arg].width for arg in cell.args]
    if cell.code is CellCode.ADD:
        return [max(min(bits - shift, width), 0) for shift, width in zip(cell.data[:2], widths, strict=True)]
    if cell.code is CellCode.MUX:
        return [1, *(min(bits, width) for width in widths[1:])]
    return widths


def _read(net: Net, value: Value, mask: int, time: int, reads: dict[Value, dict[int, int]]) -> None:
    """Note that some bits of a value are read in a cycle, at the cells that make them."""
    cell = net.cells[value]
    if not mask or cell.code is CellCode.CONST:
        return
    if cell.code is CellCode.SHIFT:
        bits = cell.data[0]
        _read(net, cell.args[0], mask >> bits if bits > 0 else mask << -bits, time, reads)
    elif cell.code is CellCode.INVERT:
        _read(net, cell.args[0], mask & ((1 << min(cell.data[1], cell.width)) - 1), time, reads)
    elif cell.code is CellCode.SLICE:
        first, width, _ = cell.data
        _read(net, cell.args[0], (mask & ((1 << width) - 1)) << first, time, reads)
    elif cell.code is CellCode.JOIN:
        shift = cell.data[1]
        _read(net, cell.args[0], mask & ((1 << shift) - 1), time, reads)
        _read(net, cell.args[1], mask >> shift, time, reads)
    else:
        inside = mask & ((1 << cell.width) - 1)
        if cell.low < 0 and mask >> cell.width:
            inside |= 1 << (cell.width - 1)
        reads[value][time] |= inside


def operand_bits(cell: NetCell) -> int:
    """Return the bits of a signed operand; an unsigned one takes a bit for its sign."""
    return cell.width + (not cell.signed)


def bram_blocks(width: int, words: int) -> int:
    """Count the 18 kbit blocks of a ROM: wide words for few entries, narrow ones for many."""
    deep = max(1, ceil(words / BRAM18_WORDS))
    return ceil(width * deep / BRAM18_BITS)


def _folded(plan: LayerPlan, folded: Folded, blocks: Blocks) -> tuple[int, int, int, int]:
    source = plan.inputs[0]
    rom_lut, rom_ff, bram = _weight_memory(folded, blocks)
    lut, ff = rom_lut, rom_ff
    # Operands: a multiplexer for each group, registers for its delay, and the inputs where they are not held outside.
    inputs = 0 if folded.is_held else source.size * source.width
    outside = [
        operand_registers(folded.delay(group), folded.is_soft, blocks, source.width) for group in range(folded.groups)
    ]
    lut, ff = lut + sum(luts for luts, _ in outside), ff + inputs + sum(registers for _, registers in outside)
    lut += folded.groups * source.width * blocks.mux_luts(folded.steps_per_turn)
    front_lut, _, _ = net_logic(folded.front, folded.front_schedule, blocks)
    front_ff, front_srl = net_registers(folded.front, folded.front_schedule, blocks)
    end_lut, _, _ = net_logic(folded.end, folded.end_schedule, blocks)
    end_ff, end_srl = net_registers(folded.end, folded.end_schedule, blocks)
    lut += front_lut + front_srl + end_lut + end_srl
    ff += front_ff + end_ff
    is_whole = is_whole_product(blocks, *_operands(folded, source))
    bits = _accumulator_bits(folded, is_whole)
    lut += bits * (1 if blocks.has_wide_luts else 2) + _loop_gates(folded, blocks)
    ff += bits
    if folded.loop_registered:
        ff += sum(folded.front.cells[output].width for output in folded.front.outputs)
    ff -= _registers_in_blocks(folded, is_whole)
    if folded.turns > 1:
        ff += folded.slots * folded.turns * plan.output.width
    control_lut, control_ff = _control(folded)
    lut, ff = lut + control_lut, ff + control_ff
    product_lut, product_ff, dsp = _block_products(folded, source, blocks)
    if folded.is_soft:
        soft_lut, soft_ff = soft_products(folded, source.width)
        product_lut, product_ff = product_lut + soft_lut, product_ff + soft_ff
    return lut + product_lut, ff + product_ff, dsp, bram


def operand_registers(delay: int, is_soft: bool, blocks: Blocks, width: int) -> tuple[int, int]:
    """Count the LUTs (shift registers) and flip-flops of an operand that comes some cycles later than the first.

    Its last two registers move into the blocks that read it, where these have some.
    """
    if is_soft or blocks.holds_registers:
        return 0, max(delay - 1, 0) * width
    if delay + 1 >= SRL_CYCLES and blocks.has_wide_luts:
        return width, 0
    return 0, (delay + 1) * width


def _operands(folded: Folded, source: BusTensor) -> tuple[int, int]:
    """Bits of the signed operands of a product: weight and input."""
    weight = make_cell(CellCode.CONST, (), (), *_weight_range(folded))
    return operand_bits(weight), operand_bits(make_cell(CellCode.CONST, (), (), source.low, source.high))


def is_whole_product(blocks: Blocks, a_bits: int, b_bits: int) -> bool:
    """Whether a product with its registers and the adder behind it is inside one block."""
    return blocks.holds_registers and blocks.count(a_bits, b_bits) == 1


def _block_products(folded: Folded, source: BusTensor, blocks: Blocks) -> tuple[int, int, int]:
    """Count LUTs and flip-flops of the products outside of the blocks, and the blocks."""
    operands = _operands(folded, source)
    widths = [bits_of(*lane) for group in folded.lanes for lane in group][: folded.in_blocks]
    wide = [width for width in widths if width >= blocks.product_bits]
    lut = sum(narrow_product_luts(width, folded.weight_bits) for width in widths if 1 < width < blocks.product_bits)
    lut += len(wide) * blocks.join_luts(*operands)
    is_whole = is_whole_product(blocks, *operands)
    ff = 0 if is_whole else folded.multiply_cycles * sum(blocks.loose_bits(*operands, width) for width in wide)
    if (folded.multiply_cycles > 1 or not is_whole) and not folded.is_soft:
        chain_lut, chain_ff = _loose_chains(folded)
        lut, ff = lut + chain_lut, ff + chain_ff
    return lut, ff, len(wide) * blocks.count(*operands)


def narrow_product_luts(width: int, weight_bits: int) -> int:
    """Count the LUTs of a product that is too narrow for a DSP block, as Yosys multiplies in logic."""
    return round(0.6 * width * weight_bits)


def _accumulator_bits(folded: Folded, is_whole: bool) -> int:
    """Count the bits of the accumulators in logic that the results depend on.

    A single multiplier with one register accumulates inside its DSP block.
    """
    need = needed(folded.end)
    bits = {cell.data[0]: need[number] for number, cell in enumerate(folded.end.cells) if cell.code is CellCode.INPUT}
    is_alone = folded.groups == 1 and folded.product.dropped <= 0 and all(len(own) == 1 for own in folded.summands)
    if is_alone and is_whole and _has_free_register(folded) and not folded.loop_registered:
        return 0
    return sum(bits.values())


def _has_free_register(folded: Folded) -> bool:
    """Whether DSP blocks have a register left behind their adder."""
    return folded.multiply_cycles == 1 and not folded.is_soft


def _registers_in_blocks(folded: Folded, is_whole: bool) -> int:
    """Count the flip-flops of sums that are registered directly behind the DSP blocks, and so inside them."""
    if not is_whole or not _has_free_register(folded):
        return 0
    front, planned = folded.front, folded.front_schedule
    direct = set(front.outputs) if folded.loop_registered else set()
    found = 0
    for number, cell in enumerate(front.cells):
        if cell.code is CellCode.INPUT and (planned.last_use[number] > 0 or number in direct):
            found += cell.width
    return found


def _loose_chains(folded: Folded) -> tuple[int, int]:
    """Count LUTs and flip-flops of chains in logic: the second register of a product takes the place of the sum."""
    lut = ff = 0
    for group in range(folded.groups if folded.chain > 1 else 0):
        bits = sum(bits_of(*span) for span in folded.sums[group // folded.chain])
        lut += bits if group % folded.chain else 0
        ff += bits if group % folded.chain + 1 < folded.chain else 0
    return lut, ff


def _loop_gates(folded: Folded, blocks: Blocks) -> int:
    cells = [(cell, [folded.loop.cells[arg] for arg in cell.args]) for cell in folded.loop.cells]
    return sum(
        _gates(cell, args, cell.width, blocks)
        for cell, args in cells
        if cell.code in (CellCode.CLIP, CellCode.ZERO_OUTSIDE)
    )


def _weight_range(folded: Folded) -> tuple[int, int]:
    weight = folded.product.weight
    return int(weight.min()), int(weight.max())


def _weight_memory(folded: Folded, blocks: Blocks) -> tuple[int, int, int]:
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
        lut += len(variable) * blocks.rom_luts(folded.steps)
        is_inside = folded.steps <= SHORT_ROM_STEPS and not folded.is_soft and blocks.holds_registers
        ff += 0 if is_inside else len(variable)
    return lut, ff, bram


def _control(folded: Folded) -> tuple[int, int]:
    bits = max(1, (folded.steps - 1).bit_length())
    delay = folded.step_latency_cycles - 1
    done = folded.latency_cycles - folded.steps + (1 if folded.is_held else 0)
    addresses = folded.chain + folded.late
    return 2 * bits + 3, bits * addresses + delay + done + 2
