"""Casts inside an accumulator: what happens to each single product and each partial sum (docs/ir.md, section Dense)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import (
    INT64_SAFE,
    Carrier,
    Span,
    convert,
    has_numba,
    hold_terms,
    repays_kernel,
    rounding_terms,
)
from hlsexplore.fixed import Fixed, _overflow_exact, overflow_raw, round_shift
from hlsexplore.fixed import _round_exact as round_exact


@dataclass(frozen=True, slots=True)
class Events:
    """Numbers of casts of one kind, and of what they lost.

    Attributes:
        num_values: Casts.
        num_out: Casts of a value out of range.
        num_underflowed: Values other than 0 in range that became 0.
        num_rounded: Values in range that lost fraction bits.
    """

    num_values: int = 0
    num_out: int = 0
    num_underflowed: int = 0
    num_rounded: int = 0

    def __add__(self, other: "Events") -> "Events":
        """Return the events of both."""
        return Events(
            self.num_values + other.num_values,
            self.num_out + other.num_out,
            self.num_underflowed + other.num_underflowed,
            self.num_rounded + other.num_rounded,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InnerCasts:
    """The casts of a matrix product whose products and partial sums are cast one by one.

    Attributes:
        weight: Raw weights, int64 or object, shape (n_in, n_out).
        bias: Raw bias in the accumulator type, shape (n_out,).
        products: Span of single products; its fraction is at least the accumulator's.
        accum: Accumulator type.
        order: Order of accumulation, or None for ascending.
        is_lossless: Whether bounds prove that no cast loses anything.
        num_terms: Products of each output, where `weight` holds more than those: zeros between channels.
    """

    weight: NDArray[Any]
    bias: NDArray[Any]
    products: Span
    accum: Fixed
    order: NDArray[np.intp] | None
    is_lossless: bool
    num_terms: int

    def count(self, rows: Carrier) -> tuple[Events, Events]:
        """Count what happens to single products and to partial sums.

        Args:
            rows: Raw inputs, shape (num_rows, n_in).
        """
        casts = len(rows) * self.weight.shape[1] * self.num_terms
        if self.is_lossless:
            return Events(casts), Events(casts)
        if has_numba() and repays_kernel(rows) and self._fits_int64():
            out, under, rounded, sums = self._count_kernel(rows)
        else:
            out, under, rounded, sums = self._count_numpy(rows)
        return Events(casts, out, under, rounded), Events(casts, sums)

    @property
    def _bits(self) -> int:
        return self.products.fraction - self.accum.fraction

    def _fits_int64(self) -> bool:
        fits = self.weight.dtype != object and self._bits < 61 and self.accum.width < 62
        return fits and self.products.magnitude + (1 << self._bits) < INT64_SAFE

    def _count_kernel(self, rows: Carrier) -> tuple[int, ...]:
        from hlsexplore.emulate import kernels

        weight = self.weight if self.order is None else self.weight[self.order]
        counts = kernels.count_casts(
            kernels.transposed(rows, self.order, np.int64),
            np.ascontiguousarray(weight, dtype=np.int64),
            np.ascontiguousarray(self.bias, dtype=np.int64),
            (rounding_terms(self.accum.rounding, self._bits), self._bits),
            hold_terms(self.accum),
        )
        return tuple(int(number) for number in counts)

    def _count_numpy(self, rows: Carrier) -> tuple[int, ...]:
        """Accumulate input by input: exact for every width."""
        accum, kind = self.accum, np.dtype(np.int64 if self._fits_int64() else object)
        inputs, weight = convert(rows, kind), convert(self.weight, kind)
        low, high = accum.min_raw, accum.max_raw
        hold = _holder(accum, kind)
        acc: Carrier = np.broadcast_to(convert(self.bias, kind), (len(rows), weight.shape[1]))
        out = under = rounded = sums = 0
        for i in range(weight.shape[0]) if self.order is None else self.order.tolist():
            product = inputs[:, i, None] * weight[i]
            value = _rounded(product, self._bits, accum)
            is_out = np.asarray((value < low) | (value > high), dtype=bool)
            is_lost = np.asarray(product != value << self._bits, dtype=bool) & ~is_out
            out, rounded = out + int(is_out.sum()), rounded + int(is_lost.sum())
            under += int((is_lost & np.asarray(value == 0, dtype=bool)).sum())
            total = acc + hold(value)
            sums += int(np.asarray((total < low) | (total > high), dtype=bool).sum())
            acc = hold(total)
        return out, under, rounded, sums


def _rounded(values: Carrier, bits: int, accum: Fixed) -> Carrier:
    """Drop fraction bits by the accumulator's rounding."""
    if bits == 0:
        return values
    if values.dtype != object:
        return round_shift(values, bits, accum.rounding)
    rounded: Carrier = np.frompyfunc(lambda value: round_exact(value, bits, accum.rounding), 1, 1)(values)
    return rounded


def _holder(accum: Fixed, kind: np.dtype[Any]) -> Callable[[Carrier], Carrier]:
    """Return the overflow handling of a type on int64 or Python integers."""
    if kind.kind != "O":
        return lambda values: overflow_raw(values, accum)
    exact = np.frompyfunc(lambda value: _overflow_exact(value, accum), 1, 1)
    return lambda values: np.asarray(exact(values))
