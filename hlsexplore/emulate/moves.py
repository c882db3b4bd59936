"""Plans of layers that only move elements (docs/ir.md, section Moves)."""

from collections.abc import Callable, Sequence

import numpy as np

from hlsexplore.emulate.carrier import Carrier, Span
from hlsexplore.emulate.step import Context, Probe, Step
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.ops import Crop, Pad, Permute, Reshape, Upsample


def build_move(context: Context) -> Step:
    """Plan a layer that moves elements and keeps their type."""
    move = mover(context.node)
    span = context.spans[0].with_zero() if isinstance(context.node.op, Pad) else context.spans[0]

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        return move(inputs[0])

    return Step(run=run, span=Span(span.fraction, span.low, span.high), type=context.types[0])


def mover(node: Node) -> Callable[[Carrier], Carrier]:
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
