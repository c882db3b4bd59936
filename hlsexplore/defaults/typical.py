"""Typical magnitudes of a network's values, from its weights alone: no data, no types.

Inputs are taken as standardised features (mean square 1), values as uncorrelated with mean 0. The figures only place
binary points and size tables of default designs; with data at hand `propose_types` looks at real values instead.
"""

from math import prod
from typing import assert_never

import numpy as np

from hlsexplore.fixed import to_real
from hlsexplore.graph import Graph
from hlsexplore.ops import (
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    MergeFunction,
    Op,
    Pad,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Reshape,
    Softmax,
    Upsample,
)

REACH = 6.0
"""Values beyond this many times the typical magnitude are taken as never occurring."""
_BOUNDED = frozenset(
    {
        Function.SIGMOID,
        Function.HARD_SIGMOID,
        Function.TANH,
        Function.HARD_TANH,
        Function.SOFTSIGN,
        Function.BINARY_TANH,
        Function.TERNARY_TANH,
    }
)


def typical_squares(graph: Graph) -> dict[str, float]:
    """Return the typical mean square of every node's values, by name."""
    found: dict[str, float] = {}
    for node in graph:
        squares = [found[name] for name in node.inputs]
        size = prod(graph.input_shapes(node)[0]) if node.inputs else 1
        found[node.name] = _square(node.op, squares, size)
    return found


def _square(op: Op, squares: list[float], size: int) -> float:
    match op:
        case Input():
            return 1.0
        case Lookup():
            return float(np.mean(np.square(to_real(op.entries, op.type))))
        case Dense() | Conv() | DepthwiseConv():
            axes = tuple(range(op.kernel.ndim - (2 if isinstance(op, DepthwiseConv) else 1)))
            offset = 0.0 if op.bias is None else float(np.mean(op.bias**2))
            return float(np.sum(op.kernel**2, axis=axes).mean()) * squares[0] + offset
        case Affine():
            return float(np.mean(op.kernel**2)) * squares[0] + float(np.mean(op.bias**2))
        case Requantize():
            square = float(np.mean(op.kernel**2)) * squares[0] + float(np.mean(op.bias**2))
            return min(square, max(op.low**2, op.high**2))
        case LayerNorm():
            return float(np.mean(op.kernel**2 + op.bias**2))
        case Softmax() | Recurrent():
            return 1.0
        case Activation() if op.function in _BOUNDED:
            return min(squares[0], 1.0)
        case Merge():
            return _merged(op.function, squares)
        case Concatenate():
            return max(squares)
        case Dot():
            return size * squares[0] * squares[1]
        case (
            Activation() | Clip() | Quantize() | PRelu() | Pool() | Reshape() | Permute() | Pad() | Crop() | Upsample()
        ):
            return squares[0]
        case _:
            assert_never(op)


def _merged(function: MergeFunction, squares: list[float]) -> float:
    match function:
        case MergeFunction.ADD | MergeFunction.SUBTRACT:
            return sum(squares)
        case MergeFunction.MULTIPLY:
            return prod(squares)
        case MergeFunction.MAXIMUM | MergeFunction.MINIMUM | MergeFunction.AVERAGE:
            return max(squares)
        case _:
            assert_never(function)
