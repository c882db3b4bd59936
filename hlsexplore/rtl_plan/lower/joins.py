"""Layers that join tensors, as cells (docs/ir.md, section Merges)."""

from typing import assert_never

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize
from hlsexplore.ops import Concatenate, Dot, Merge, MergeFunction
from hlsexplore.rtl_plan.lower.layer import LoweredLayer, aligned
from hlsexplore.rtl_plan.lower.matmul import signed_products
from hlsexplore.rtl_plan.netlist.casts import cast, overflow
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.sums import Term, sum_terms

RECIPROCAL = Fixed(18, 0, signed=False, rounding=Rounding.RND)
"""Type of 1/n in an average of n tensors."""


def lower_merge(layer: LoweredLayer, op: Merge) -> list[Value]:
    """Add an elementwise function of several tensors: full precision from left to right, one cast."""
    return [_merge(layer, op.function, list(values)) for values in zip(*layer.values, strict=True)]


def _merge(layer: LoweredLayer, function: MergeFunction, values: list[Value]) -> Value:
    net, fractions = layer.net, [tensor.fraction for tensor in layer.inputs]
    if function is MergeFunction.MULTIPLY:
        product = values[0]
        for value in values[1:]:
            product = net.multiply(product, value)
        return layer.finish(product, sum(fractions))
    same, fraction = aligned(net, values, fractions)
    match function:
        case MergeFunction.MAXIMUM | MergeFunction.MINIMUM:
            best = same[0]
            for value in same[1:]:
                best = net.max(best, value) if function is MergeFunction.MAXIMUM else net.min(best, value)
            return layer.finish(best, fraction)
        case MergeFunction.SUBTRACT:
            terms = [Term(same[0]), *(Term(value, negative=True) for value in same[1:])]
            return layer.finish(sum_terms(net, terms), fraction)
        case MergeFunction.AVERAGE:
            factor = int(quantize(1.0 / len(values), RECIPROCAL))
            total = sum_terms(net, [Term(value) for value in same])
            return layer.finish(signed_products(net, total, {factor})[factor], fraction + RECIPROCAL.fraction)
        case MergeFunction.ADD:
            return layer.finish(sum_terms(net, [Term(value) for value in same]), fraction)
        case _:
            assert_never(function)


def lower_concatenate(layer: LoweredLayer, op: Concatenate) -> list[Value]:
    """Add a concatenation: each tensor is cast to the result."""
    parts = []
    for tensor, values in zip(layer.inputs, layer.values, strict=True):
        cells = np.array([layer.finish(value, tensor.fraction) for value in values], dtype=np.int64)
        parts.append(cells.reshape(tensor.shape))
    return [int(value) for value in np.concatenate(parts, axis=op.axis).ravel()]


def lower_dot(layer: LoweredLayer, op: Dot) -> list[Value]:
    """Add an inner product: each product is cast to the accumulator, then added."""
    net, accum = layer.net, layer.config.types["accum"]
    fraction = sum(tensor.fraction for tensor in layer.inputs)
    pairs = zip(*layer.values, strict=True)
    terms = [cast(net, net.multiply(a, b), fraction, accum) for a, b in pairs]
    if accum.overflow is Overflow.WRAP:
        total = overflow(net, sum_terms(net, [Term(term) for term in terms]), accum)
    else:
        total = terms[0]
        for term in terms[1:]:
            total = overflow(net, net.add(total, term), accum)
    return [layer.finish(total, accum.fraction)]
