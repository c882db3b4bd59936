"""Matrix products with fixed-point accumulators: exact where nothing is lost, product by product where something is.

Specification: docs/ir.md, section Dense. A `PlannedProduct` is planned once for the spans of its operands and then
applied to blocks of rows.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import (
    INT64_SAFE,
    Carrier,
    Span,
    cast,
    clipped_span,
    convert,
    dtype_for,
    has_numba,
    repays_kernel,
    requantize_carrier,
    rounding_terms,
    shifted,
)
from hlsexplore.emulate.inner import InnerCasts
from hlsexplore.emulate.narrow import SIMPLE_ROUNDINGS, NarrowProduct, plan_narrow
from hlsexplore.emulate.narrow_rounded import RoundedProduct, plan_rounded
from hlsexplore.fixed import Fixed, Overflow, requantize

SMALL_PRODUCT = 1_000_000
"""Multiplications up to which OpenBLAS does not pack its operands (0.3.30, dgemm_small_kernel_permit_skylakex.c).

Measured on products of 2,048 rows with 16 x 64 to 400 x 32 weights: 0.7 to 0.5 of the time of one call.
"""
MIN_PART = 32
"""Rows below which calls cost more than packing."""


class Route(StrEnum):
    """How a product is computed."""

    EXACT = "exact"
    ROUNDED = "rounded"
    SEQUENTIAL = "sequential"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedProduct:
    """A planned product rows @ weight + bias in an accumulator type.

    Attributes:
        route: `exact`: one matrix product; `rounded`: each product rounded, wrapped once; `sequential`: each
            product and each partial sum cast, in order.
        weight: Weights, (n_in, n_out): in the dtype of the matrix product, or int64/object.
        bias: In the units of `sums` (exact) or of the accumulator, shape (n_out,).
        sums: Span of exact sums, or of the accumulator.
        products: Span of single products.
        accum: Accumulator type, or None for full precision.
        order: Order of accumulation, or None for ascending.
        span: Span of what `apply` returns.
        inner: Its casts one by one, for `trace`; None without an accumulator type.
        narrow: The same exact sums of narrow integers, or None.
        rounded: The same sums of rounded products of narrow integers, or None.
    """

    route: Route
    weight: NDArray[Any]
    bias: NDArray[Any]
    sums: Span
    products: Span
    accum: Fixed | None
    order: NDArray[np.intp] | None
    span: Span
    inner: InnerCasts | None = None
    narrow: NarrowProduct | None = None
    rounded: RoundedProduct | None = None

    def apply(self, rows: Carrier) -> Carrier:
        """Multiply a block.

        Args:
            rows: Inputs, shape (num_rows, n_in).

        Returns:
            Accumulators with the integers of `span`, shape (num_rows, n_out).
        """
        if self.route is not Route.EXACT:
            return _apply_kernel(self, rows) if has_numba() and _fits_kernel(self) else _apply_numpy(self, rows)
        acc = multiply_rows(convert(rows, self.weight.dtype), self.weight)
        if self.accum is not None and self.span is not self.sums:
            return requantize_carrier(acc, self.sums, self.accum, owned=True, offset=self.bias)
        if self.bias.any():
            acc += self.bias
        return acc

    def apply_cast(self, rows: Carrier, type_: Fixed, is_rectified: bool = False) -> Carrier:
        """Multiply a block and cast the accumulators to a result type.

        Args:
            rows: Inputs, shape (num_rows, n_in).
            type_: Type of the result.
            is_rectified: Whether results below 0 become 0.

        Returns:
            Integers of the type, shape (num_rows, n_out).
        """
        if self.route is Route.EXACT and (self.accum is None or self.span is self.sums):
            if self.narrow is not None and repays_kernel(rows):
                epilogue = self.narrow.epilogue(type_, is_rectified)
                if epilogue is not None:
                    return self.narrow.apply(rows, epilogue)
            sums = multiply_rows(convert(rows, self.weight.dtype), self.weight)
            return requantize_carrier(sums, self.sums, type_, owned=True, offset=self.bias, is_rectified=is_rectified)
        if self.rounded is not None:
            epilogue = self.rounded.epilogue(type_, is_rectified)
            if epilogue is not None:
                return self.rounded.apply(rows, epilogue)
        return requantize_carrier(self.apply(rows), self.span, type_, owned=True, is_rectified=is_rectified)


def multiply_rows(rows: Carrier, weight: NDArray[Any]) -> Carrier:
    """Return rows @ weight, in parts that are small enough for BLAS to skip its copies of the operands.

    Args:
        rows: Shape (num_rows, n_in).
        weight: The same dtype, shape (n_in, n_out).
    """
    most = SMALL_PRODUCT // max(weight.size, 1)
    part = 1 << max(most.bit_length() - 1, 0)
    if rows.dtype == object or part < MIN_PART or len(rows) <= part or not rows.flags.c_contiguous:
        whole: Carrier = rows @ weight
        return whole
    out: Carrier = np.empty((len(rows), weight.shape[1]), rows.dtype)
    split = len(rows) - len(rows) % part
    parts = out[:split].reshape(-1, part, weight.shape[1])
    np.matmul(rows[:split].reshape(-1, part, weight.shape[0]), weight, out=parts)
    np.matmul(rows[split:], weight, out=out[split:])
    return out


def plan_product(
    weight: NDArray[Any],
    weight_fraction: int,
    bias: NDArray[Any] | None,
    bias_fraction: int,
    source: Span,
    accum: Fixed | None,
    order: NDArray[np.intp] | None = None,
) -> PlannedProduct:
    """Plan a product.

    Args:
        weight: Raw weights, shape (n_in, n_out), int64 or object.
        weight_fraction: Fraction bits of them.
        bias: Raw bias, shape (n_out,), or None.
        bias_fraction: Fraction bits of it.
        source: Span of the inputs; 0 (padding) counts as possible.
        accum: Accumulator type, or None for the exact sum.
        order: Order in which inputs are accumulated, or None for ascending.
    """
    source = source.with_zero()
    zeros = _trailing_zeros(weight)
    weight = weight >> zeros
    fraction = source.fraction + weight_fraction - zeros
    if bias is None:
        bias = np.zeros(weight.shape[1], dtype=np.int64)
    if accum is None:
        return _plan_exact(weight, fraction, bias, bias_fraction, source, None)
    bias = requantize(bias, bias_fraction, accum)
    inner = _plan_inner(weight, fraction, bias, source, accum, order)
    if fraction <= accum.fraction:
        exact = _plan_exact(weight, fraction, bias, accum.fraction, source, accum)
        is_inside = exact.sums.fits(accum)
        if accum.overflow is Overflow.WRAP or is_inside:
            return replace(exact, inner=replace(inner, is_lossless=is_inside))
    return replace(_plan_rounded(weight, fraction, bias, source, accum, order), inner=inner)


def _plan_inner(
    weight: NDArray[Any], fraction: int, bias: NDArray[Any], source: Span, accum: Fixed, order: NDArray[np.intp] | None
) -> InnerCasts:
    if fraction < accum.fraction:
        weight, fraction = _lift(weight, accum.fraction - fraction), accum.fraction
    return InnerCasts(
        weight=weight,
        bias=bias,
        products=_product_span(weight, fraction, source),
        accum=accum,
        order=order,
        is_lossless=False,
        num_terms=weight.shape[0],
    )


def _plan_exact(
    weight: NDArray[Any], fraction: int, bias: NDArray[Any], bias_fraction: int, source: Span, accum: Fixed | None
) -> PlannedProduct:
    """Plan one exact matrix product; `sums` bounds every partial sum in every order."""
    zeros = min(_trailing_zeros(bias), bias_fraction - fraction) if bias.any() and bias_fraction > fraction else None
    common = fraction if zeros is None else bias_fraction - max(zeros, 0)
    weight = _lift(weight, common - fraction)
    bias = _lift(bias, common - bias_fraction) if bias.any() else bias
    low, high = _partial_bounds(weight, bias, source)
    magnitude = max(_exact_abs_sum(weight) * source.magnitude + _top(bias), source.magnitude, _top(weight))
    dtype = dtype_for(magnitude)
    sums = Span(common, low, high)
    span = sums
    if accum is not None and not sums.fits(accum):
        lift = accum.fraction - common
        span = clipped_span(Span(accum.fraction, low << lift, high << lift), accum)
    return PlannedProduct(
        route=Route.EXACT,
        weight=np.ascontiguousarray(convert(weight, dtype)),
        bias=convert(bias, dtype),
        sums=sums,
        products=_product_span(weight, fraction, source),
        accum=accum,
        order=None,
        span=span,
        narrow=plan_narrow(weight, bias, source, sums),
    )


def _plan_rounded(
    weight: NDArray[Any], fraction: int, bias: NDArray[Any], source: Span, accum: Fixed, order: NDArray[np.intp] | None
) -> PlannedProduct:
    if fraction < accum.fraction:
        weight, fraction = _lift(weight, accum.fraction - fraction), accum.fraction
    bits = fraction - accum.fraction
    sums = _rounded_bounds(weight, bias, source, bits, accum)
    is_free = accum.overflow is Overflow.WRAP or sums.fits(accum)
    span = clipped_span(sums, accum)
    if order is not None and not is_free:
        weight = weight[order]
    return PlannedProduct(
        route=Route.ROUNDED if is_free else Route.SEQUENTIAL,
        weight=weight,
        bias=bias,
        sums=sums,
        products=_product_span(weight, fraction, source),
        accum=accum,
        order=None if is_free else order,
        span=span,
        rounded=plan_rounded(weight, bias, source, bits, accum, span) if is_free else None,
    )


def _apply_numpy(product: PlannedProduct, rows: Carrier) -> Carrier:
    """Accumulate input by input with vectorised casts: exact for every width."""
    accum = product.accum
    if accum is None:
        raise ValueError("a rounded product needs an accumulator type")
    shape = (rows.shape[0], product.weight.shape[1])
    kind = dtype_for(max(product.products.magnitude, _top(product.weight)))
    weight, inputs = convert(product.weight, kind), convert(rows, kind)
    if product.order is not None:
        inputs = inputs[:, product.order]
    is_free = product.route is Route.ROUNDED
    unwrapped = accum.with_modes(overflow=Overflow.WRAP)
    full = Span.of(accum)
    wide = dtype_for(max(product.sums.magnitude, 2 * full.magnitude))
    acc = np.broadcast_to(convert(product.bias, wide), shape).copy()
    for i in range(weight.shape[0]):
        if is_free:
            part = _rounded(inputs[:, i, None] * weight[i], product.products, unwrapped)
            acc += convert(part, wide)
            continue
        part, _ = cast(inputs[:, i, None] * weight[i], product.products, accum, owned=True)
        acc += convert(part, wide)
        acc = convert(cast(acc, Span(accum.fraction, 2 * full.low, 2 * full.high), accum, owned=True)[0], wide)
    return cast(acc, product.sums, accum, owned=True)[0] if is_free else acc


def _rounded(values: Carrier, span: Span, accum: Fixed) -> Carrier:
    """Round products to the accumulator's grid without overflow handling."""
    bits = span.fraction - accum.fraction
    top = max(abs(shifted(span.low, bits, accum.rounding)), abs(shifted(span.high, bits, accum.rounding)))
    roomy = Fixed(max(top.bit_length() + 1, 1), max(top.bit_length() + 1, 1) - accum.fraction, rounding=accum.rounding)
    return cast(values, span, roomy, owned=True)[0]


def _fits_kernel(product: PlannedProduct) -> bool:
    accum = product.accum
    bits = product.products.fraction - (accum.fraction if accum else 0)
    return (
        accum is not None
        and accum.fits_int64
        and 0 <= bits < 62
        and product.products.magnitude + (1 << bits) < INT64_SAFE
        and _top(product.weight) < INT64_SAFE
        and (accum.overflow is Overflow.WRAP or accum.width < 62)
    )


def _apply_kernel(product: PlannedProduct, rows: Carrier) -> Carrier:
    from hlsexplore.emulate import kernels

    accum = product.accum
    if accum is None:
        raise ValueError("a rounded product needs an accumulator type")
    bits = product.products.fraction - accum.fraction
    terms = rounding_terms(accum.rounding, bits)
    small = (
        product.route is Route.ROUNDED
        and bits < 31
        and product.products.magnitude + (1 << bits) < 1 << 31
        and (accum.width <= 32 or product.sums.magnitude < 1 << 31)
        and max(_top(product.weight), _top(product.bias)) < 1 << 31
    )
    kind: type[np.signedinteger[Any]] = np.int32 if small else np.int64
    x = kernels.transposed(rows, product.order, kind)
    weight = np.zeros((x.shape[0], product.weight.shape[1]), dtype=kind)
    weight[: product.weight.shape[0]] = product.weight
    bias = product.bias.astype(kind)
    out = np.empty((weight.shape[1], x.shape[1]), dtype=dtype_for(product.span.magnitude))
    lift = max((32 if small else 64) - accum.width, 0) if not product.sums.fits(accum) else 0
    if product.route is Route.SEQUENTIAL:
        to_zero = accum.overflow is Overflow.SAT_ZERO
        kernels.sum_saturating(x, weight, bias, terms, bits, accum.min_raw, accum.max_raw, to_zero, out)
    elif small and accum.rounding in SIMPLE_ROUNDINGS:
        kernels.sum_simple32(x, weight, bias, np.int32(terms[0]), np.int32(bits), np.int32(lift), out)
    elif small:
        kernels.sum_general32(x, weight, bias, terms, np.int32(bits), np.int32(lift), out)
    else:
        kernels.sum_general(x, weight, bias, terms, bits, lift, out)
    result = out.T
    if accum.signed or product.route is Route.SEQUENTIAL or product.sums.fits(accum):
        return result
    return np.mod(result, 1 << accum.width) if result.dtype.kind == "f" else result & ((1 << accum.width) - 1)


def _top(raw: NDArray[Any]) -> int:
    return max(abs(int(raw.max(initial=0))), abs(int(raw.min(initial=0))))


def _trailing_zeros(raw: NDArray[Any]) -> int:
    """Common factor of two of all integers, as an exponent; 0 when all are zero."""
    union = 0
    if raw.dtype == object:
        for value in raw.ravel().tolist():
            union |= abs(value)
    else:
        union = int(np.bitwise_or.reduce(raw, axis=None, initial=0))
    return (union & -union).bit_length() - 1 if union else 0


def _lift(raw: NDArray[Any], bits: int) -> NDArray[Any]:
    """Shift left exactly (right where negative: only zeros are dropped)."""
    if bits <= 0:
        return raw >> -bits
    return raw << bits if _top(raw).bit_length() + bits < 62 else raw.astype(object) << bits


def _exact_abs_sum(weight: NDArray[Any]) -> int:
    """Largest sum of absolute weights of an output, exactly."""
    if weight.dtype != object and _top(weight) * weight.shape[0] >= INT64_SAFE:
        weight = weight.astype(object)
    return int(np.abs(weight).sum(axis=0).max(initial=0))


def _partial_bounds(weight: NDArray[Any], bias: NDArray[Any], source: Span) -> tuple[int, int]:
    """Bounds of every partial sum of every output, in any order, the bias included."""
    bound = _top(weight) * weight.shape[0] * max(source.magnitude, 1) + _top(bias)
    exact = weight.astype(object) if bound >= INT64_SAFE else weight
    positive, negative = np.maximum(exact, 0).sum(axis=0), np.minimum(exact, 0).sum(axis=0)
    # With 0 within the source each term reaches from low to high through 0.
    high = positive * source.high + negative * source.low + np.maximum(bias, 0)
    low = positive * source.low + negative * source.high + np.minimum(bias, 0)
    return min(int(low.min()), 0), max(int(high.max()), 0)


def _rounded_bounds(weight: NDArray[Any], bias: NDArray[Any], source: Span, bits: int, accum: Fixed) -> Span:
    """Bounds of every partial sum of rounded products."""
    low, high = _partial_bounds(weight, bias * 0, source)
    slack = weight.shape[0] if bits else 0
    top, bottom = max(int(bias.max(initial=0)), 0), min(int(bias.min(initial=0)), 0)
    return Span(accum.fraction, (low >> bits) - slack + bottom, -(-high >> bits) + slack + top)


def _product_span(weight: NDArray[Any], fraction: int, source: Span) -> Span:
    corners = [int(w) * x for w in (weight.min(initial=0), weight.max(initial=0)) for x in (source.low, source.high)]
    return Span(fraction, min(*corners, 0), max(*corners, 0))
