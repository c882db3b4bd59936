"""Arithmetic on whole carriers, and sums in an accumulator type (docs/ir.md, sections Pooling, Dot and LayerNorm)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hlsexplore.emulate.carrier import Carrier, Span, cast, convert, dtype_for
from hlsexplore.fixed import Fixed, Overflow


def accumulate(terms: Sequence[Carrier], span: Span, accum: Fixed) -> Carrier:
    """Return acc after acc = cast(acc + term, accum) for each term, from 0.

    Args:
        terms: Integers of `span`, equal shapes.
        span: What each term may be.
        accum: Type of the accumulator.
    """
    count = len(terms)
    total = Span(span.fraction, min(span.low, 0) * count, max(span.high, 0) * count)
    if span.fraction <= accum.fraction and (accum.overflow is Overflow.WRAP or total.fits(accum)):
        return cast(exact_sum(terms, total), total, accum, owned=True)[0]
    full = Span.of(accum)
    fraction = max(full.fraction, span.fraction)
    lift_acc, lift_term = fraction - full.fraction, fraction - span.fraction
    step = Span(
        fraction,
        (full.low << lift_acc) + min(span.low << lift_term, 0),
        (full.high << lift_acc) + max(span.high << lift_term, 0),
    )
    dtype = dtype_for(step.magnitude)
    acc = convert(terms[0] * 0, dtype)
    for term in terms:
        added = scale_up(acc, lift_acc, dtype) + scale_up(term, lift_term, dtype)
        acc = convert(cast(added, step, accum, owned=True)[0], dtype)
    return acc


def tree(terms: Sequence[Carrier], combine: Callable[[Carrier, Carrier], Carrier]) -> Carrier:
    """Combine terms by a balanced tree whose left side has the largest power of two below the number of terms."""
    if len(terms) == 1:
        return terms[0]
    left = 1 << ((len(terms) - 1).bit_length() - 1)
    return combine(tree(terms[:left], combine), tree(terms[left:], combine))


def exact_sum(terms: Sequence[Carrier], total: Span) -> Carrier:
    """Return the exact sum, whose span is `total`."""
    dtype = dtype_for(total.magnitude)
    acc: Carrier = terms[0].astype(dtype) if terms[0].dtype.kind != "f" else convert(terms[0], dtype).copy()
    for term in terms[1:]:
        acc += convert(term, dtype)
    return acc


def scale_up(values: Carrier, bits: int, dtype: np.dtype[Any]) -> Carrier:
    """Return values * 2**bits in a dtype that holds them."""
    values = convert(values, dtype)
    if not bits:
        return values
    if dtype.kind == "f":
        scaled: Carrier = values * dtype.type(2.0**bits)
        return scaled
    lifted: Carrier = values << bits
    return lifted


def product_span(a: Span, b: Span) -> Span:
    """Return the span of products."""
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return Span(a.fraction + b.fraction, min(corners), max(corners))


def multiply_carriers(a: Carrier, span_a: Span, b: Carrier, span_b: Span) -> Carrier:
    """Return the full-precision product, whose span is `product_span`."""
    dtype = dtype_for(max(product_span(span_a, span_b).magnitude, span_a.magnitude, span_b.magnitude))
    result: Carrier = convert(a, dtype) * convert(b, dtype)
    return result


def sum_span(a: Span, b: Span) -> Span:
    """Return the span of sums in the finer of the two units."""
    fraction = max(a.fraction, b.fraction)
    la, lb = fraction - a.fraction, fraction - b.fraction
    return Span(fraction, (a.low << la) + (b.low << lb), (a.high << la) + (b.high << lb))


def add_carriers(a: Carrier, span_a: Span, b: Carrier, span_b: Span) -> Carrier:
    """Return the full-precision sum, whose span is `sum_span`."""
    total = sum_span(span_a, span_b)
    lifts = total.fraction - span_a.fraction, total.fraction - span_b.fraction
    widest = max(total.magnitude, span_a.magnitude << lifts[0], span_b.magnitude << lifts[1])
    dtype = dtype_for(widest)
    result: Carrier = scale_up(a, lifts[0], dtype) + scale_up(b, lifts[1], dtype)
    return result


def negated(span: Span) -> Span:
    """Return the span of -x."""
    return Span(span.fraction, -span.high, -span.low)
