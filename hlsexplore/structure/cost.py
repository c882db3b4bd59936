"""What cells cost on an FPGA with 6-input LUTs and carry chains, as Yosys maps them for Xilinx 7 series.

Rules, each from how the mapping works: a bit of an adder whose operand bits are both variable takes one LUT beside its
carry chain, one with a constant bit takes none, or an inverter where a subtraction inverts it.
"""

from typing import NamedTuple

from hlsexplore.structure.netlist import Cell, Code, Net, Value


class Bit(NamedTuple):
    """One bit: a position of a cell that is no view (or -1 for a constant), and whether it is inverted (or one)."""

    value: Value
    position: int
    inverted: bool

    @property
    def is_constant(self) -> bool:
        """Whether the bit never changes."""
        return self.value < 0


def bit_of(net: Net, value: Value, position: int) -> Bit:
    """Trace a bit through views to the cell that makes it; positions above the width are the sign or zero."""
    cell = net.cells[value]
    match cell.code:
        case Code.CONST:
            return Bit(-1, 0, bool(cell.low >> position & 1))
        case Code.SHIFT:
            place = position - cell.data[0]
            return bit_of(net, cell.args[0], place) if place >= 0 else Bit(-1, 0, False)
        case Code.INVERT:
            mask = cell.data[0]
            if position >= min(cell.data[1], cell.width):
                return Bit(-1, 0, False)
            bit = bit_of(net, cell.args[0], position)
            return bit._replace(inverted=bit.inverted ^ bool(mask >> position & 1))
        case Code.SLICE:
            first, width, signed = cell.data
            if position >= width and not signed:
                return Bit(-1, 0, False)
            return bit_of(net, cell.args[0], first + min(position, width - 1))
        case Code.JOIN:
            shift = cell.data[1]
            return (
                bit_of(net, cell.args[0], position) if position < shift else bit_of(net, cell.args[1], position - shift)
            )
        case _:
            if position >= cell.width:
                return Bit(value, cell.width - 1, False) if cell.low < 0 else Bit(-1, 0, False)
            return Bit(value, position, False)


def adder_luts(net: Net, cell: Cell, width: int) -> tuple[int, int]:
    """Count the LUTs and the inverters of the lowest `width` bits of an adder or subtractor."""
    (a, b), (shift_a, shift_b, subtract) = cell.args, cell.data
    first = 0 if subtract and shift_a else max(shift_a, shift_b)
    luts = inverters = 0
    for position in range(first, width):
        x = bit_of(net, a, position - shift_a) if position >= shift_a else Bit(-1, 0, False)
        y = bit_of(net, b, position - shift_b) if position >= shift_b else Bit(-1, 0, False)
        if x.is_constant and y.is_constant:
            continue
        if x.is_constant or y.is_constant:
            inverters += x.inverted ^ y.inverted ^ subtract
        else:
            luts += 1
    return luts, inverters


def net_adder_luts(net: Net) -> tuple[int, int]:
    """Count LUTs and inverters of all live adders of a net."""
    need = net.needed()
    found = [adder_luts(net, cell, need[i]) for i, cell in enumerate(net.cells) if cell.code is Code.ADD and need[i]]
    return sum(luts for luts, _ in found), sum(inverters for _, inverters in found)
