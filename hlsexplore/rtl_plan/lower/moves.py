"""Layers that only move elements: which element of the input each output is (docs/ir.md, section Moves)."""

import numpy as np
from numpy.typing import NDArray

from hlsexplore.graph import Node, Shape
from hlsexplore.ops import Crop, Pad, Permute, Reshape, Upsample
from hlsexplore.rtl_plan.lower.layer import LoweredLayer, refuse
from hlsexplore.rtl_plan.netlist.cells import Value

Move = Reshape | Permute | Pad | Crop | Upsample
"""Ops that only move elements."""


def source_elements(node: Node, shape: Shape) -> NDArray[np.int64]:
    """Return the input element of each output element, row-major; -1 for a zero.

    Args:
        node: A layer that only moves elements.
        shape: Shape of its input.
    """
    index = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    op = node.op
    match op:
        case Reshape():
            return index.ravel()
        case Permute():
            return index.transpose(op.axes).ravel()
        case Pad():
            pads = (*(op.padding if op.rank == 2 else op.padding[1:]), (0, 0))
            return np.pad(index, pads, constant_values=-1).ravel()
        case Crop():
            crops = op.cropping if op.rank == 2 else op.cropping[1:]
            return index[tuple(slice(a, index.shape[i] - b) for i, (a, b) in enumerate(crops))].ravel()
        case Upsample():
            rows, columns = op.size
            if op.rank == 1:
                return index.repeat(columns, axis=0).ravel()
            return index.repeat(rows, axis=0).repeat(columns, axis=1).ravel()
        case _:
            raise refuse(node)


def lower_move(layer: LoweredLayer, op: Move) -> list[Value]:
    """Add the wires of a layer that only moves elements."""
    values = layer.values[0]
    elements = source_elements(layer.node, layer.inputs[0].shape).tolist()
    return [values[element] if element >= 0 else layer.net.const(0) for element in elements]
