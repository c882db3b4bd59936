"""Exact matrix products of integers of at most 16 bits, or cut into two parts of them, in one pass with their cast.

Bounds of the actual weights and of the inputs' span decide, as everywhere: every step below is exact in 32 bits. Needs
numba.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import (
    Carrier,
    Span,
    cast_span,
    dtype_for,
    has_numba,
    hold_terms,
    rounding_terms,
    shifted,
)
from hlsexplore.fixed import Fixed, Overflow, Rounding

SIMPLE_ROUNDINGS = (Rounding.TRN, Rounding.RND, Rounding.RND_MIN_INF)
"""Roundings that only add a constant before the shift."""
INT16_BOUND = 1 << 15
INT32_BOUND = 1 << 31
ROWS = 8
"""Rows that a kernel computes at once: with two vectors of sums each, the loads take half as long as the products."""
WIDTHS = (8, 16, 32)
"""Outputs that a kernel computes at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Epilogue:
    """What happens to each sum: the low part's sum plus a bias, put together with the high part's, rounded, held.

    Attributes:
        bias: Biases plus the constant of the rounding, as the kernels read them, shape (chunks, width).
        numbers: int32 terms of `narrow_kernels`: bits to drop of the low part, to lift the high part by, to drop of
            both; lift and mask that wrap; least and largest result; three that only 16-bit sums need.
        span: Span of the results.
        keeps_order: Whether a larger sum never has a smaller result.
    """

    bias: NDArray[np.int32] | NDArray[np.int16]
    numbers: NDArray[np.int32]
    span: Span
    keeps_order: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class CastProduct(ABC):
    """A product whose sums are cast in the same pass.

    Attributes:
        epilogues: Casts planned so far, by type and whether they are rectified.
    """

    epilogues: dict[tuple[Fixed, bool], Epilogue | None] = field(default_factory=dict, repr=False)

    def epilogue(self, type_: Fixed, is_rectified: bool) -> Epilogue | None:
        """Return the cast of sums to a type, or None where 32 bits or one constant do not do.

        Args:
            type_: Type of the results.
            is_rectified: Whether results below 0 become 0.
        """
        if (type_, is_rectified) not in self.epilogues:
            self.epilogues[type_, is_rectified] = self._plan_epilogue(type_, is_rectified)
        return self.epilogues[type_, is_rectified]

    @abstractmethod
    def _plan_epilogue(self, type_: Fixed, is_rectified: bool) -> Epilogue | None: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class NarrowProduct(CastProduct):
    """A planned exact product rows @ weight + bias; equal sums as the wider product that it replaces.

    Attributes:
        weight: Raw weights, int16, shape (n_in, n_out).
        bias: In the units of the sums, int64, shape (n_out,).
        sums: Span of the sums, the bias included.
        cut: Bits of the low part of an input, or 0 where inputs are not cut.
        low: Largest sum of low parts, the bias included.
        high: Largest sum of high parts.
    """

    weight: NDArray[np.int16]
    bias: NDArray[np.int64]
    sums: Span
    cut: int
    low: int
    high: int

    @cached_property
    def packed(self) -> NDArray[np.int16]:
        """Weights as `narrow_kernels.dense` reads them, one segment."""
        return pack(self.weight[None])

    def _plan_epilogue(self, type_: Fixed, is_rectified: bool) -> Epilogue | None:
        bits = self.sums.fraction - type_.fraction
        terms = hold_numbers(type_, bits, is_rectified)
        if terms is None:
            return None
        add = rounding_terms(type_.rounding, bits)[0]
        lift_high = max(self.cut - bits, 0) if self.cut else 0
        drop = min(bits, self.cut) if self.cut else bits
        bounds = self.low + add, self.high << lift_high, (self.low + add >> drop) + (self.high << lift_high) + 1
        if max(bounds) >= INT32_BOUND:
            return None
        ends = (shifted(end, bits, type_.rounding) for end in (self.sums.low, self.sums.high))
        return Epilogue(
            bias=self._packed_bias(add),
            numbers=np.array([drop, lift_high, bits - drop, *terms, 0, 0, 0], np.int32),
            span=cast_span(self.sums, type_),
            keeps_order=type_.overflow is not Overflow.WRAP
            or all(type_.min_raw <= end <= type_.max_raw for end in ends),
        )

    def apply(self, rows: Carrier, epilogue: Epilogue) -> Carrier:
        """Multiply a block and cast.

        Args:
            rows: Integers in floats, shape (num_rows, n_in).
            epilogue: The cast.

        Returns:
            Integers of the epilogue's span, shape (num_rows, n_out).
        """
        from hlsexplore.emulate import narrow_kernels

        out = np.empty((len(rows), self.weight.shape[1]), dtype_for(epilogue.span.magnitude))
        x = np.ascontiguousarray(rows)
        narrow_kernels.dense(x, self.cut, self.packed, epilogue.bias, epilogue.numbers, out)
        return out

    def _packed_bias(self, add: int) -> NDArray[np.int32]:
        """Return the bias plus a constant, int32, shape (chunks, width)."""
        chunks, _, width, _ = self.packed.shape
        bias = np.zeros(chunks * width, np.int32)
        bias[: len(self.bias)] = self.bias + add
        return bias.reshape(chunks, width)


def hold_numbers(type_: Fixed, bits: int, is_rectified: bool) -> tuple[int, int, int, int] | None:
    """Return the terms of a cast's overflow handling in 32 bits, or None where those or one constant do not do.

    Args:
        type_: Type of the results.
        bits: Fraction bits that the cast drops.
        is_rectified: Whether results below 0 become 0.

    Returns:
        Lift and mask that wrap, least and largest result.
    """
    if not 0 <= bits < 31 or type_.rounding not in SIMPLE_ROUNDINGS or type_.width > 31:
        return None
    if type_.overflow is Overflow.SAT_ZERO:
        return None
    lift, mask, least, most, _ = hold_terms(type_)
    return max(lift - 32, 0), mask, max(least, 0) if is_rectified else least, most


def plan_narrow(weight: NDArray[Any], bias: NDArray[Any], source: Span, sums: Span) -> NarrowProduct | None:
    """Plan a product, or return None where its operands are too wide.

    Args:
        weight: Integers, shape (n_in, n_out).
        bias: Integers in the units of the sums, shape (n_out,).
        source: Span of the inputs.
        sums: Span of the sums, the bias included.
    """
    source = source.with_zero()
    if (
        not has_numba()
        or not weight.size
        or weight.dtype == object
        or not -INT16_BOUND <= weight.min() <= weight.max() < INT16_BOUND
    ):
        return None
    offset = int(np.abs(bias).max(initial=0))
    total = int(np.abs(weight.astype(np.int64)).sum(axis=0).max())
    if offset >= INT32_BOUND or source.magnitude >= INT32_BOUND:
        return None
    for cut in (0, *range(16, 7, -1)):
        half = 1 << cut >> 1
        low = half if cut else source.magnitude
        parts = (source.low + half >> cut, source.high + half >> cut)
        high = max(map(abs, parts)) if cut else 0
        if min(parts) < -INT16_BOUND or max(parts) >= INT16_BOUND or source.magnitude + half >= INT32_BOUND:
            continue
        if total * low + offset < INT32_BOUND and total * high < INT32_BOUND:
            return NarrowProduct(
                weight=weight.astype(np.int16),
                bias=bias.astype(np.int64),
                sums=sums,
                cut=cut,
                low=total * low + offset,
                high=total * high,
            )
    return None


def chunk_width(n_out: int, widths: Sequence[int]) -> int:
    """Return how many outputs a kernel computes at once: the least width that holds all, or the largest one."""
    return next((width for width in widths if n_out <= width), widths[-1])


def pack(segments: NDArray[np.int16]) -> NDArray[np.int16]:
    """Lay weights out as vectors of pairs.

    Args:
        segments: Shape (segments, n, n_out); each segment reads n consecutive inputs.

    Returns:
        Shape (chunks, segments * pairs, width, 2), zeros where there is no weight.
    """
    count, n, n_out = segments.shape
    width = chunk_width(n_out, WIDTHS)
    pairs, chunks = -(-n // 2), -(-n_out // width)
    padded = np.zeros((count, 2 * pairs, chunks * width), np.int16)
    padded[:, :n, :n_out] = segments
    ordered = padded.reshape(count * pairs, 2, chunks, width).transpose(2, 0, 3, 1)
    return np.ascontiguousarray(ordered)
