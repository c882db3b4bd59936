"""Low bits of a net's values that are always 0: they need no wire, no register and no adder."""

from hlsexplore.rtl_plan.netlist.cells import CellCode, NetCell, Value
from hlsexplore.rtl_plan.netlist.net import Net

ALL = 1 << 16
"""Trailing zeros of the constant 0."""


def output_zeros(net: Net) -> tuple[int, ...]:
    """Count the low bits of each output that are known to be 0; none of a constant, whose range says more."""
    known: list[int] = []
    for cell in net.cells:
        known.append(_zeros(cell, [known[arg] for arg in cell.args]))
    cells = [net.cells[output] for output in net.outputs]
    return tuple(0 if cell.low == cell.high else known[output] for cell, output in zip(cells, net.outputs, strict=True))


def known_zeros(net: Net, value: Value) -> int:
    """Count the low bits of a value that are known to be 0, as far as the shifts right before it tell."""
    cell = net.cells[value]
    if cell.code in (CellCode.SHIFT, CellCode.SLICE, CellCode.RELU, CellCode.ZERO_OUTSIDE, CellCode.CLIP):
        return _zeros(cell, [known_zeros(net, cell.args[0])])
    return 0


def trailing_zeros(value: int) -> int:
    """Count the trailing zeros of an integer.

    Examples:
        >>> trailing_zeros(12), trailing_zeros(-8), trailing_zeros(0) == ALL
        (2, 3, True)
    """
    return (value & -value).bit_length() - 1 if value else ALL


def _zeros(cell: NetCell, args: list[int]) -> int:
    data: tuple[int, ...] = cell.data
    match cell.code:
        case CellCode.CONST:
            return trailing_zeros(data[0])
        case CellCode.ADD | CellCode.JOIN:
            return min(args[0] + data[0], args[1] + data[1])
        case CellCode.SHIFT:
            return max(args[0] + data[0], 0)
        case CellCode.INVERT:
            return min(args[0], trailing_zeros(data[0]))
        case CellCode.SLICE:
            return max(args[0] - data[0], 0)
        case CellCode.CLIP:
            return min(args[0], trailing_zeros(data[0]), trailing_zeros(data[1]))
        case CellCode.ZERO_OUTSIDE | CellCode.RELU:
            return args[0]
        case CellCode.MAX | CellCode.MIN:
            return min(args)
        case CellCode.MUX:
            return min(args[1:])
        case CellCode.MUL:
            return sum(args)
        case CellCode.ROM:
            return min(map(trailing_zeros, data))
        case _:
            return 0
