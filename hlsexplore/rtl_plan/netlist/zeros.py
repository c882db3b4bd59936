"""Low bits of a net's values that are always 0: they need no wire, no register and no adder."""

from hlsexplore.rtl_plan.netlist.cells import Cell, Code, Value
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
    if cell.code in (Code.SHIFT, Code.SLICE, Code.RELU, Code.ZERO_OUTSIDE, Code.CLIP):
        return _zeros(cell, [known_zeros(net, cell.args[0])])
    return 0


def trailing_zeros(value: int) -> int:
    """Count the trailing zeros of an integer.

    Examples:
        >>> trailing_zeros(12), trailing_zeros(-8), trailing_zeros(0) == ALL
        (2, 3, True)
    """
    return (value & -value).bit_length() - 1 if value else ALL


def _zeros(cell: Cell, args: list[int]) -> int:
    data: tuple[int, ...] = cell.data
    match cell.code:
        case Code.CONST:
            return trailing_zeros(data[0])
        case Code.ADD | Code.JOIN:
            return min(args[0] + data[0], args[1] + data[1])
        case Code.SHIFT:
            return max(args[0] + data[0], 0)
        case Code.INVERT:
            return min(args[0], trailing_zeros(data[0]))
        case Code.SLICE:
            return max(args[0] - data[0], 0)
        case Code.CLIP:
            return min(args[0], trailing_zeros(data[0]), trailing_zeros(data[1]))
        case Code.ZERO_OUTSIDE | Code.RELU:
            return args[0]
        case Code.MAX | Code.MIN:
            return min(args)
        case Code.MUX:
            return min(args[1:])
        case Code.MUL:
            return sum(args)
        case Code.ROM:
            return min(map(trailing_zeros, data))
        case _:
            return 0
