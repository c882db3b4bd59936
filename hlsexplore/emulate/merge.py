"""Plans of layers that join tensors: merges, concatenation and inner products (docs/ir.md, section Merges)."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from hlsexplore.emulate.accumulate import (
    accumulate,
    add_carriers,
    multiply_carriers,
    negated,
    product_span,
    scale_up,
    sum_span,
)
from hlsexplore.emulate.carrier import Carrier, Span, cast, cast_span, convert, dtype_for
from hlsexplore.emulate.step import PlanContext, Probe, Step, cast_probed, result_step
from hlsexplore.fixed import Fixed, Rounding, quantize
from hlsexplore.ops import Concatenate, Dot, Merge, MergeFunction

RECIPROCAL = Fixed(18, 0, signed=False, rounding=Rounding.RND)
"""Type of 1/n in an average of n tensors; exact where n is a power of two."""


def build_merge(context: PlanContext, op: Merge) -> Step:
    """Plan an elementwise function of several tensors: full precision from left to right, one cast."""
    match op.function:
        case MergeFunction.MULTIPLY:
            return _build_multiply(context)
        case MergeFunction.MAXIMUM | MergeFunction.MINIMUM:
            return _build_extreme(context, op.function is MergeFunction.MAXIMUM)
        case MergeFunction.ADD | MergeFunction.SUBTRACT | MergeFunction.AVERAGE:
            return _build_sum(context, op.function)
        case _:
            assert_never(op.function)


def _build_sum(context: PlanContext, function: MergeFunction) -> Step:
    is_difference, is_average = function is MergeFunction.SUBTRACT, function is MergeFunction.AVERAGE
    spans = [negated(s) if is_difference and i else s for i, s in enumerate(context.spans)]
    total = spans[0]
    for span in spans[1:]:
        total = sum_span(total, span)
    factor = int(quantize(np.float64(1.0 / len(spans)), RECIPROCAL))
    reciprocal = Span(RECIPROCAL.fraction, factor, factor)
    scaled = product_span(total, reciprocal)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        acc, reached = inputs[0].copy(), spans[0]
        for x, span in zip(inputs[1:], spans[1:], strict=True):
            acc, reached = add_carriers(acc, reached, -x if is_difference else x, span), sum_span(reached, span)
        return multiply_carriers(acc, total, np.asarray(float(factor)), reciprocal) if is_average else acc

    return result_step(context, compute, scaled if is_average else total)


def _build_multiply(context: PlanContext) -> Step:
    spans = context.spans
    total = spans[0]
    for span in spans[1:]:
        total = product_span(total, span)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        acc, reached = inputs[0].copy(), spans[0]
        for x, span in zip(inputs[1:], spans[1:], strict=True):
            acc, reached = multiply_carriers(acc, reached, x, span), product_span(reached, span)
        return acc

    return result_step(context, compute, total)


def _build_extreme(context: PlanContext, is_maximum: bool) -> Step:
    fraction = max(span.fraction for span in context.spans)
    lifts = [fraction - span.fraction for span in context.spans]
    lows = [span.low << lift for span, lift in zip(context.spans, lifts, strict=True)]
    highs = [span.high << lift for span, lift in zip(context.spans, lifts, strict=True)]
    pick = max if is_maximum else min
    dtype = dtype_for(max(abs(value) for value in (*lows, *highs)))

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        scaled = [scale_up(x, lift, dtype) for x, lift in zip(inputs, lifts, strict=True)]
        best = scaled[0].copy()
        for x in scaled[1:]:
            best = np.maximum(best, x) if is_maximum else np.minimum(best, x)
        return best

    return result_step(context, compute, Span(fraction, pick(lows), pick(highs)))


def build_concatenate(context: PlanContext, op: Concatenate) -> Step:
    """Plan a concatenation: each tensor is cast to the result type."""
    type_ = context.config.types["result"]
    spans = [cast_span(span, type_) for span in context.spans]
    whole = Span(type_.fraction, min(s.low for s in spans), max(s.high for s in spans))
    dtype = dtype_for(whole.magnitude)

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        parts = [
            convert(cast_probed(x.copy(), span, type_, "result", probe), dtype)
            for x, span in zip(inputs, context.spans, strict=True)
        ]
        return np.concatenate(parts, axis=op.axis + 1)

    # A cast that gained no bits keeps its units: all parts have the result type's.
    return Step(run=run, span=whole, type=type_)


def build_dot(context: PlanContext, op: Dot) -> Step:
    """Plan an inner product: each product is cast to the accumulator, then added."""
    accum = context.config.types["accum"]
    products = product_span(*context.spans)
    terms = cast_span(products, accum)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        full = multiply_carriers(inputs[0], context.spans[0], inputs[1], context.spans[1])
        rounded = cast(full, products, accum, owned=True)[0]
        acc = accumulate([rounded[..., i] for i in range(rounded.shape[-1])], terms, accum)
        return acc[..., None]

    return result_step(context, compute, Span.of(accum))
