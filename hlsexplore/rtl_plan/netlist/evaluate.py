"""Netlists in numpy: what a net computes, for tests of whatever builds nets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import NoModelError
from hlsexplore.rtl_plan.netlist.cells import CellCode, NetCell, Value, objects, round_up


def evaluate(cells: Sequence[NetCell], outputs: Sequence[Value], inputs: NDArray[Any]) -> NDArray[Any]:
    """Run a net.

    Args:
        cells: Every cell, each after its arguments.
        outputs: The cells that leave the net.
        inputs: Integers, shape (samples, inputs).

    Returns:
        Python integers in an object array, shape (samples, outputs).
    """
    columns = inputs.astype(object)
    values: list[NDArray[Any]] = []
    for cell in cells:
        values.append(_evaluate(cell, [values[arg] for arg in cell.args], columns))
    result = np.empty((len(columns), len(outputs)), dtype=object)
    for column, output in enumerate(outputs):
        result[:, column] = values[output]
    return result


def _evaluate(cell: NetCell, args: list[Any], inputs: NDArray[Any]) -> Any:
    data = cell.data
    match cell.code:
        case CellCode.INPUT:
            return inputs[:, data[0]] >> data[1]
        case CellCode.CONST:
            return np.array([data[0]] * len(inputs), dtype=object)
        case CellCode.ADD | CellCode.JOIN:
            a, b = args[0] << data[0], args[1] << data[1]
            return a - b if data[2] else a + b
        case CellCode.INVERT:
            return (args[0] & ((1 << data[1]) - 1)) ^ data[0]
        case CellCode.SHIFT:
            return args[0] << data[0] if data[0] > 0 else args[0] >> -data[0]
        case CellCode.SLICE:
            first, width, signed = data
            kept = (args[0] >> first) & ((1 << width) - 1)
            return np.where(kept >> (width - 1), kept - (1 << width), kept) if signed else kept
        case CellCode.ROUND:
            return objects([round_up(value, data[0], data[1]) for value in args[0]])
        case CellCode.CLIP:
            return np.minimum(np.maximum(args[0], data[0]), data[1])
        case CellCode.ZERO_OUTSIDE:
            return np.where((args[0] < data[0]) | (args[0] > data[1]), 0, args[0])
        case CellCode.RELU:
            return np.maximum(args[0], 0)
        case CellCode.MAX:
            return np.maximum(args[0], args[1])
        case CellCode.MIN:
            return np.minimum(args[0], args[1])
        case CellCode.LESS:
            return objects([int(a < b) for a, b in zip(*args, strict=True)])
        case CellCode.MUX:
            return objects([b if a else c for a, b, c in zip(*args, strict=True)])
        case CellCode.AND:
            return args[0] & args[1]
        case CellCode.NOT:
            return 1 - args[0]
        case CellCode.MUL:
            return args[0] * args[1]
        case CellCode.ROM:
            return objects([data[value] for value in args[0]])
    raise NoModelError(f"no numpy model of the cell {cell.code!r}.")
