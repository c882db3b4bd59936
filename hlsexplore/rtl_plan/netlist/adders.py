"""What adders cost on an FPGA with 6-input LUTs and carry chains, as Yosys maps them for Xilinx 7 series.

Rules, each from how the mapping works: a bit of an adder whose operand bits are both variable takes one LUT beside its
carry chain, one with a constant bit takes none, or an inverter where a subtraction inverts it.
"""

from typing import NamedTuple

from hlsexplore.rtl_plan.netlist.cells import CellCode, NetCell
from hlsexplore.rtl_plan.netlist.net import Net


class Bits(NamedTuple):
    """All bits of a value at once, as integers without end: a negative one goes on with ones.

    Attributes:
        variable: The bits that some cell makes; the others never change.
        ones: Variable bits that are inverted on the way from that cell, and constant bits that are one.
    """

    variable: int
    ones: int


def net_bits(net: Net) -> list[Bits]:
    """Trace the bits of every cell through views to the cells that make them; above the width come sign or zeros."""
    found: list[Bits] = []
    for cell in net.cells:
        found.append(_bits(cell, found))
    return found


def _bits(cell: NetCell, known: list[Bits]) -> Bits:
    match cell.code:
        case CellCode.CONST:
            return Bits(0, cell.low)
        case CellCode.SHIFT:
            variable, ones = known[cell.args[0]]
            bits = cell.data[0]
            return Bits(variable << bits, ones << bits) if bits > 0 else Bits(variable >> -bits, ones >> -bits)
        case CellCode.INVERT:
            variable, ones = known[cell.args[0]]
            inside = (1 << min(cell.data[1], cell.width)) - 1
            return Bits(variable & inside, (ones ^ cell.data[0]) & inside)
        case CellCode.SLICE:
            first, width, signed = cell.data
            variable, ones = (_low_bits(bits >> first, width, signed) for bits in known[cell.args[0]])
            return Bits(variable, ones)
        case CellCode.JOIN:
            (low, low_ones), (high, high_ones) = (known[arg] for arg in cell.args)
            shift = cell.data[1]
            inside = (1 << shift) - 1
            return Bits(low & inside | high << shift, low_ones & inside | high_ones << shift)
        case _:
            return Bits(-1 if cell.low < 0 else (1 << cell.width) - 1, 0)


def _low_bits(bits: int, width: int, signed: bool) -> int:
    """Keep some low bits; the top one goes on when signed."""
    kept = bits & ((1 << width) - 1)
    return kept - (1 << width) if signed and kept >> (width - 1) else kept


def adder_luts(cell: NetCell, bits: list[Bits], width: int) -> tuple[int, int]:
    """Count the LUTs and the inverters of the lowest `width` bits of an adder or subtractor.

    Args:
        cell: The adder.
        bits: The bits of every cell of its net.
        width: Bits of the sum that anything reads.
    """
    (a, b), (shift_a, shift_b, subtract) = cell.args, cell.data
    first = first_added_bit(cell)
    if width <= first:
        return 0, 0
    counted = (1 << width) - (1 << first)
    x, y = bits[a], bits[b]
    x_variable, y_variable = x.variable << shift_a, y.variable << shift_b
    inverted = x.ones << shift_a ^ y.ones << shift_b
    luts = x_variable & y_variable & counted
    inverters = (x_variable ^ y_variable) & (~inverted if subtract else inverted) & counted
    return luts.bit_count(), inverters.bit_count()


def first_added_bit(cell: NetCell) -> int:
    """Return the lowest bit of an adder's or subtractor's sum that is not a bit of an operand as it is."""
    shift_a, shift_b, subtract = cell.data
    return 0 if subtract and shift_a else max(shift_a, shift_b)
