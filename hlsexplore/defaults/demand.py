"""How fine types must be: the rounding that each tensor may have before what reads it notices.

A layer that mixes values (a product, a normalisation, a sum) may be off by a share of the spread of its results,
channel by channel: batch norms and outputs of different sizes need finer values than the largest channel tells. Layers
that pass values on ask for what their readers ask for. Where the model itself rounds, the share is one of its step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf, log2, sqrt
from typing import assert_never

import numpy as np

from hlsexplore.defaults.exact import rounding_step
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    TABLE_FUNCTIONS,
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    MergeFunction,
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
    weights,
)
from hlsexplore.reference.observe import Observed, Seen

FINE_BITS = 6
"""A type of W bits asks for errors below 2**-(W - 6) of a spread: what it has below the sign and 5 integer bits."""
SETTLED_BITS = 6
"""Values that a quantizer of the model rounds may be off by 2**-6 of its step: one in some ten crosses a threshold."""
SETTLED_WEIGHT_BITS = 17
"""Weights before it that the model does not quantise (batch norms) may move a value by 2**-17 of its step, so that
ten thousands of values are what the model computes, all of them."""
NO_SPREAD = 1e-9
"""A spread below this share of the values is the rounding of float64: a constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What readers ask of a network's tensors.

    Attributes:
        fractions: Fraction bits by layer and tensor key (`result`, weights); tensors without a demand are left out.
    """

    fractions: Mapping[tuple[str, str], int]

    def of(self, name: str, key: str) -> int:
        """Return the fraction bits that a tensor should have; very few where nothing asks for any."""
        return self.fractions.get((name, key), -(1 << 10))


def find_demand(graph: Graph, values: Observed, width: int, settled: frozenset[str]) -> Demand:
    """Return how fine the types of a network should be.

    Args:
        graph: The network.
        values: What its values are like.
        width: Bits of a usual type.
        settled: Nodes behind which the model itself rounds (`exact.settled`).
    """
    share = 2.0 ** -(width - FINE_BITS)
    allowed = {node.name: inf for node in graph}
    fractions: dict[tuple[str, str], int] = {}
    for node in reversed(graph.nodes):
        seen = values.results[node.name]
        if node.name in graph.outputs:
            allowed[node.name] = min(allowed[node.name], share * _least(seen))
        if isinstance(node.op, Recurrent):
            sums = share * _spread(values.inner[node.name]["accum"])
            allowed[node.name] = min(allowed[node.name], _worst(sums, _norms(node.op.recurrent_kernel)))
        _note(fractions, node.name, "result", allowed[node.name] * sqrt(3.0))
        goal = _goal(node, seen, allowed[node.name], share, node.name in settled)
        is_rounded = node.name in settled or rounding_step(node) is not None
        care = 2.0 ** (SETTLED_BITS - SETTLED_WEIGHT_BITS) if is_rounded else 1.0
        for key, error in _weight_errors(node, values, goal, share).items():
            _note(fractions, node.name, key, error * care * sqrt(12.0))
        for name, error in zip(node.inputs, _source_errors(node, values, goal, share), strict=True):
            allowed[name] = min(allowed[name], error)
    return Demand(fractions=fractions)


def _note(fractions: dict[tuple[str, str], int], name: str, key: str, step: float) -> None:
    """Note the fraction bits whose step is at most this one."""
    if 0.0 < step < inf:
        fractions[name, key] = ceil(-log2(step))


def _goal(node: Node, seen: Seen, allowed: float, share: float, is_settled: bool) -> RealArray:
    """Return the error that a node's values may have before they are cast, for each channel."""
    step = rounding_step(node)
    if step is not None:
        return np.array([step * 2.0**-SETTLED_BITS])
    if is_settled or not isinstance(node.op, Dense | Conv | DepthwiseConv | Affine | Merge | Dot | LayerNorm):
        return np.array([allowed])
    return share * _spread(seen)


def _spread(seen: Seen) -> RealArray:
    """Return the spread of each channel; infinite where it is constant and nothing is to be told apart."""
    is_constant = seen.spread <= NO_SPREAD * np.sqrt(seen.square)
    return np.where(is_constant, inf, seen.spread)


def _least(seen: Seen) -> float:
    return float(_spread(seen).min(initial=inf))


def _worst(goal: RealArray, gain: RealArray | float) -> float:
    """Return the least of goal / gain."""
    with np.errstate(divide="ignore", invalid="ignore"):
        error = goal / gain
    return float(np.nan_to_num(error, nan=inf, posinf=inf).min(initial=inf))


def _source_errors(node: Node, values: Observed, goal: RealArray, share: float) -> list[float]:
    """Return the error that each input of a node may have."""
    op = node.op
    sources = [values.results[name] for name in node.inputs]
    match op:
        case Dense() | Conv() | DepthwiseConv():
            return [_worst(goal, _gains(op))]
        case Affine() | Requantize():
            return [_worst(goal, np.abs(op.kernel))]
        case PRelu():
            return [_worst(goal, max(float(np.abs(op.kernel).max(initial=1.0)), 1.0))]
        case Merge() if op.function is MergeFunction.MULTIPLY:
            sizes = [np.sqrt(source.square) for source in sources]
            return [
                _worst(goal, np.prod([s for k, s in enumerate(sizes) if k != i], axis=0)) for i in range(len(sizes))
            ]
        case Dot():
            return [_worst(goal, sqrt(float(sources[1 - i].square.sum()))) for i in (0, 1)]
        case LayerNorm():
            return [share * sqrt(max(values.norms[node.name][0], 0.0)) or inf]
        case Softmax():
            return [values.gaps[node.name] * SOFTMAX_SHARE or inf]
        case Recurrent():
            return [_worst(share * _spread(values.inner[node.name]["accum"]), _norms(op.kernel))]
        case Activation() if op.function in TABLE_FUNCTIONS:
            return [share * _least(sources[0])]
        case Clip():
            return [_worst(goal, max(abs(op.slope), 1.0))]
        case Activation() | Merge() | Concatenate() | Pool() | Quantize() | Lookup():
            return [float(goal.min(initial=inf)) for _ in sources]
        case Input() | Reshape() | Permute() | Pad() | Crop() | Upsample():
            return [float(goal.min(initial=inf)) for _ in sources]
        case _:
            assert_never(op)


SOFTMAX_SHARE = 2.0**-7
"""Error of logits, of the tenth percentile of the distance between the two largest: no more than one decision in a
thousand lies that close."""


def _gains(op: Dense | Conv | DepthwiseConv) -> RealArray:
    """Return the gain of independent errors of the inputs, for each output channel."""
    if isinstance(op, DepthwiseConv):
        return _norms(op.kernel.reshape(-1, op.kernel.shape[2] * op.kernel.shape[3]))
    return _norms(op.kernel)


def _norms(kernel: RealArray) -> RealArray:
    """Return the Euclidean norm of the weights of each output channel (the last axis)."""
    norms: RealArray = np.sqrt(np.square(kernel).reshape(-1, kernel.shape[-1]).sum(axis=0))
    return norms


def _weight_errors(node: Node, values: Observed, goal: RealArray, share: float) -> dict[str, float]:
    """Return the error that each weight of a node may have, by tensor key."""
    op = node.op
    if not weights(op):
        return {}
    squares = values.results[node.inputs[0]].square
    size: RealArray | float
    match op:
        case Dense():
            size = sqrt(float(squares.sum()))
        case Conv():
            size = sqrt(op.kernel.shape[0] * op.kernel.shape[1] * float(squares.sum()))
        case DepthwiseConv():
            size = np.sqrt(squares * op.kernel.shape[0] * op.kernel.shape[1]).repeat(op.kernel.shape[3])
        case Affine() | PRelu() | Requantize():
            size = np.sqrt(squares)
        case Recurrent():
            goal, size = share * _spread(values.inner[node.name]["accum"]), sqrt(float(squares.sum()))
        case _:
            size = 1.0
    errors = {"weight": _worst(goal, size), "bias": _worst(goal, 1.0)}
    if isinstance(op, Recurrent):
        back = sqrt(float(values.results[node.name].square.sum()))
        errors |= {"recurrent_weight": _worst(goal, back), "recurrent_bias": errors["bias"]}
    return errors
