"""Result types that hold every value exactly, between the quantizers that a model gives.

Frameworks that train quantised networks compute in floating point between their quantizers: products, sums and averages
are as good as exact there. So a design that is to give the same numbers carries them in types that lose nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2, prod

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, RawArray, RealArray, quantize
from hlsexplore.graph import Node, Shape
from hlsexplore.ops import (
    MOVES,
    Activation,
    Affine,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    Lookup,
    Merge,
    MergeFunction,
    Pad,
    Pool,
    Quantize,
)

REAL_BITS = 16
"""Fraction bits beyond its inputs' of an average that nothing rounds: float32 has about as many."""
SPARE_BITS = 2
"""Fraction bits of an average beyond what one rounding of it needs, so that up to four of them may be added before."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Integers from `low` to `high` with `fraction` bits right of the binary point: what a tensor can hold.

    Data that no cast has met yet may lie beyond; `overflow` says what becomes of it.
    """

    low: int
    high: int
    fraction: int
    overflow: Overflow = Overflow.WRAP

    @classmethod
    def of(cls, type_: Fixed) -> "Reach":
        """Return what a type can hold."""
        return cls(-(1 << (type_.width - 1)) if type_.signed else 0, type_.max_raw, type_.fraction)

    def lifted(self, fraction: int) -> "Reach":
        """Return the same with more fraction bits."""
        shift = fraction - self.fraction
        return Reach(self.low << shift, self.high << shift, fraction, self.overflow)

    def with_zero(self) -> "Reach":
        """Return the same with 0."""
        return Reach(min(self.low, 0), max(self.high, 0), self.fraction, self.overflow)

    def type(self) -> Fixed:
        """Return the least type that holds it."""
        low, high = min(self.low, 0), max(self.high, 0)
        bits = max((-low - 1).bit_length() if low else 0, high.bit_length()) + (low < 0)
        width = max(bits, 1)
        return Fixed(width, width - self.fraction, signed=low < 0, overflow=self.overflow)


def prescribe_results(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Give every node that computes exactly, from inputs that are known, a result type that loses nothing.

    Args:
        nodes: Nodes in topological order; results that have a type keep it.
    """
    return _walk(nodes)[0]


def reach_of(nodes: Sequence[Node], name: str) -> Reach | None:
    """Return what a node's result can hold, or None where it is a real number.

    Args:
        nodes: Nodes in topological order.
        name: One of them.
    """
    return _walk(nodes)[1][name]


def _walk(nodes: Sequence[Node]) -> tuple[tuple[Node, ...], dict[str, Reach | None]]:
    """Return the nodes with their types, and what each result can hold."""
    readers: dict[str, list[Node]] = {}
    for node in nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    reaches: dict[str, Reach | None] = {}
    shapes = {node.name: node.shape for node in nodes}
    found = []
    for node in nodes:
        fixed = _with_average(node, readers, reaches) if _is_average(node) else node
        reach = _reach(fixed, [reaches[name] for name in node.inputs], [shapes[name] for name in node.inputs])
        given = fixed.types.get("result")
        if given is not None:
            reach = Reach.of(given)
            if isinstance(node.op, Input):
                reach = replace(reach, overflow=given.overflow)
        elif reach is not None and not isinstance(node.op, (*MOVES, Quantize)):
            fixed = replace(fixed, types={**fixed.types, "result": reach.type()})
        reaches[node.name] = reach
        found.append(fixed)
    return tuple(found), reaches


def _reach(node: Node, inputs: Sequence[Reach | None], shapes: Sequence[Shape]) -> Reach | None:
    """Return what a node computes from inputs that can hold this; None where it does not compute exactly."""
    op = node.op
    if isinstance(op, Quantize):
        return Reach.of(op.types.hull())
    if isinstance(op, Lookup):
        return Reach(int(op.entries.min()), int(op.entries.max()), op.type.fraction)
    known = [item for item in inputs if item is not None]
    if not known or len(known) < len(inputs):
        return None
    match op:
        case Dense() | Conv() | DepthwiseConv():
            return _product_reach(node, known[0])
        case Affine():
            return _affine_reach(node, op, known[0])
        case Activation():
            return _function_reach(node, op, known[0])
        case Merge():
            return _merge_reach(op.function, known)
        case Concatenate():
            fraction = max(item.fraction for item in known)
            lifted = [item.lifted(fraction) for item in known]
            overflow = max((item.overflow for item in known), key=lambda mode: mode is not Overflow.WRAP)
            return Reach(min(item.low for item in lifted), max(item.high for item in lifted), fraction, overflow)
        case Dot():
            product = _merge_reach(MergeFunction.MULTIPLY, known)
            count = shapes[0][-1]
            return None if product is None else Reach(product.low * count, product.high * count, product.fraction)
        case Pool():
            if not op.average:
                return known[0]
            accum = node.types.get("accum")
            return None if accum is None else known[0].with_zero().lifted(accum.fraction)
        case Pad():
            return known[0].with_zero()
        case _:
            return known[0] if isinstance(op, MOVES) else None


def _raw(node: Node, key: str, values: RealArray | None) -> tuple[RawArray, int] | None:
    """Return weights as Python integers with their fraction bits; None where the model gives them no type."""
    if values is None:
        return np.zeros(1, dtype=object), 0
    type_ = node.types.get(key)
    return None if type_ is None else (quantize(values, type_).astype(object), type_.fraction)


def _product_reach(node: Node, source: Reach) -> Reach | None:
    op = node.op
    if not isinstance(op, Dense | Conv | DepthwiseConv):
        return None
    weight, bias = _raw(node, "weight", op.kernel), _raw(node, "bias", op.bias)
    if weight is None or bias is None:
        return None
    kernel = weight[0].reshape(-1, *(op.kernel.shape[-2:] if isinstance(op, DepthwiseConv) else op.kernel.shape[-1:]))
    source = source.with_zero()
    above, below = np.maximum(kernel, 0).sum(axis=0).ravel(), np.minimum(kernel, 0).sum(axis=0).ravel()
    low, high = above * source.low + below * source.high, above * source.high + below * source.low
    return _shifted(low, high, source.fraction + weight[1], bias)


def _affine_reach(node: Node, op: Affine, source: Reach) -> Reach | None:
    weight, bias = _raw(node, "weight", op.kernel), _raw(node, "bias", op.bias)
    if weight is None or bias is None:
        return None
    ends = np.stack([weight[0] * source.low, weight[0] * source.high])
    return _shifted(ends.min(axis=0), ends.max(axis=0), source.fraction + weight[1], bias)


def _shifted(low: RawArray, high: RawArray, fraction: int, bias: tuple[RawArray, int]) -> Reach:
    """Add a bias to ranges by channel, and return the range of all."""
    fine = max(fraction, bias[1])
    offset = bias[0] << (fine - bias[1])
    return Reach(
        int(((low << (fine - fraction)) + offset).min()), int(((high << (fine - fraction)) + offset).max()), fine
    )


def _function_reach(node: Node, op: Activation, source: Reach) -> Reach | None:
    match op.function:
        case Function.LINEAR:
            return source
        case Function.RELU if op.max_value is None:
            return Reach(max(source.low, 0), max(source.high, 0), source.fraction, source.overflow)
        case Function.RELU | Function.HARD_TANH:
            top = 1.0 if op.max_value is None else op.max_value
            fine = max(source.fraction, _fraction_bits(top))
            lifted, limit = source.lifted(fine), int(top * 2.0**fine)
            floor = -limit if op.function is Function.HARD_TANH else 0
            return Reach(min(max(lifted.low, floor), limit), min(max(lifted.high, floor), limit), fine, source.overflow)
        case Function.LEAKY_RELU if "weight" in node.types:
            slope = int(quantize(np.float64(op.alpha), node.types["weight"]))
            fine = source.fraction + max(node.types["weight"].fraction, 0)
            ends = [min(source.low, 0) * slope << max(-node.types["weight"].fraction, 0), 0]
            high = max(source.high, 0) << (fine - source.fraction)
            return Reach(min(ends), max(*ends, high), fine)
        case _:
            return None


def _fraction_bits(value: float) -> int:
    """Count the fraction bits of a number."""
    return max(int(float(value).as_integer_ratio()[1]).bit_length() - 1, 0)


def _merge_reach(function: MergeFunction, inputs: Sequence[Reach]) -> Reach | None:
    if function is MergeFunction.MULTIPLY:
        total = inputs[0]
        for item in inputs[1:]:
            corners = [a * b for a in (total.low, total.high) for b in (item.low, item.high)]
            total = Reach(min(corners), max(corners), total.fraction + item.fraction)
        return total
    fraction = max(item.fraction for item in inputs)
    lifted = [item.lifted(fraction) for item in inputs]
    lows, highs = [item.low for item in lifted], [item.high for item in lifted]
    match function:
        case MergeFunction.MAXIMUM:
            return Reach(max(lows), max(highs), fraction)
        case MergeFunction.MINIMUM:
            return Reach(min(lows), min(highs), fraction)
        case MergeFunction.SUBTRACT:
            return Reach(lows[0] - sum(highs[1:]), highs[0] - sum(lows[1:]), fraction)
        case MergeFunction.AVERAGE:
            halvings = len(inputs).bit_length() - 1
            return Reach(sum(lows), sum(highs), fraction + halvings) if len(inputs) == 1 << halvings else None
        case _:
            return Reach(sum(lows), sum(highs), fraction)


def _is_average(node: Node) -> bool:
    return isinstance(node.op, Pool) and node.op.average and "accum" not in node.types


def _with_average(node: Node, readers: Mapping[str, Sequence[Node]], reaches: Mapping[str, Reach | None]) -> Node:
    """Give an average an accumulator so fine that every rounding behind it is that of the real quotient.

    A quotient of an integer by n differs from every multiple of 2**-m, unless it is one, by 2**-m / n at least, with m
    of the dividend or of the rounding; a quotient cut off below that stays on the same side of it.
    """
    source, op = reaches[node.inputs[0]], node.op
    if source is None or not isinstance(op, Pool):
        return node
    count = prod(op.size)
    bits = ceil(log2(count))
    if count == 1 << bits and not any(map(any, op.padding)):
        fraction = source.fraction + bits
    else:
        grids = [grid for reader in readers.get(node.name, ()) for grid in _grids(reader, readers)]
        fine = max(source.fraction, max(grids) + 1) if grids else source.fraction + REAL_BITS
        fraction = fine + bits + SPARE_BITS
    sums = source.with_zero().lifted(fraction)
    accum = Reach(sums.low * count, sums.high * count, fraction).type()
    return replace(node, types={**node.types, "accum": accum})


def _grids(node: Node, readers: Mapping[str, Sequence[Node]]) -> list[int]:
    """Return the fraction bits of the casts that a value meets first, at a node or behind it."""
    if isinstance(node.op, Quantize):
        return [int(node.op.types.hull().fraction)]
    if isinstance(node.op, Lookup):
        return [node.op.source.fraction]
    if "result" in node.types:
        return [node.types["result"].fraction]
    return [grid for reader in readers.get(node.name, ()) for grid in _grids(reader, readers)]
