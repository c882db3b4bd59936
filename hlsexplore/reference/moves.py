"""Layers that only move elements, for arrays of any dtype (docs/ir.md, section Moves)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.ops import Crop, Pad, Permute, Reshape, Upsample


def mover(node: Node) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return the function that moves elements of (samples, *shape) arrays of any dtype."""
    op, shape = node.op, node.shape
    match op:
        case Reshape():
            return lambda x: x.reshape(x.shape[0], *shape)
        case Permute():
            axes = (0, *(axis + 1 for axis in op.axes))
            return lambda x: np.ascontiguousarray(x.transpose(axes))
        case Pad():
            pads = ((0, 0), *(op.padding if op.rank == 2 else op.padding[1:]), (0, 0))
            return lambda x: np.pad(x, pads)
        case Crop():
            crops = op.cropping if op.rank == 2 else op.cropping[1:]
            return lambda x: np.ascontiguousarray(
                x[(slice(None), *(slice(a, x.shape[i + 1] - b) for i, (a, b) in enumerate(crops)))]
            )
        case Upsample():
            rows, columns = op.size
            if op.rank == 1:
                return lambda x: x.repeat(columns, axis=1)
            return lambda x: x.repeat(rows, axis=1).repeat(columns, axis=2)
        case _:
            raise NoModelError(f"layer {node.name!r}: {node.kind!r} does not only move elements.")
