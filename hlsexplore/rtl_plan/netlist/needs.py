"""Which bits of a net anything depends on."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from hlsexplore.rtl_plan.netlist.cells import CellCode, NetCell, Value
from hlsexplore.rtl_plan.netlist.net import Net

_known: WeakKeyDictionary[Net, tuple[int, tuple[Value, ...], tuple[int, ...]]] = WeakKeyDictionary()
"""What was found for a net with so many cells and these outputs: a plan asks several times."""


def live(net: Net) -> list[bool]:
    """Tell for each cell whether an output depends on any of its bits."""
    return [bits > 0 for bits in needed(net)]


def needed(net: Net) -> tuple[int, ...]:
    """Count the low bits of each cell that anything depends on; 0 for cells that nothing reads."""
    size, outputs = len(net.cells), tuple(net.outputs)
    known = _known.get(net)
    if known is None or known[:2] != (size, outputs):
        known = _known[net] = size, outputs, tuple(_needed(net))
    return known[2]


def _needed(net: Net) -> list[int]:
    need = [0] * len(net.cells)
    for output in net.outputs:
        need[output] = net.cells[output].width
    for number in range(len(net.cells) - 1, -1, -1):
        if need[number]:
            cell = net.cells[number]
            for arg, bits in zip(cell.args, _asked(cell, need[number], net.cells), strict=True):
                need[arg] = max(need[arg], min(bits, net.cells[arg].width))
    return need


def _asked(cell: NetCell, bits: int, cells: Sequence[NetCell]) -> list[int]:
    """Return how many low bits of each argument the low `bits` bits of a cell depend on."""
    match cell.code:
        case CellCode.ADD | CellCode.JOIN:
            low = bits if cell.code is CellCode.ADD else min(bits, cell.data[1])
            return [max(low - cell.data[0], 0), max(bits - cell.data[1], 0)]
        case CellCode.SHIFT:
            return [max(bits - cell.data[0], 0)]
        case CellCode.SLICE:
            return [cell.data[0] + min(bits, cell.data[1])]
        case CellCode.INVERT:
            return [bits]
        case CellCode.MUX:
            return [1, bits, bits]
        case _:
            return [cells[arg].width for arg in cell.args]
