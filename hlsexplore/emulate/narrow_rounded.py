"""Products of 16-bit integers that are each rounded down and summed up in an accumulator of at most 16 bits that wraps.

A sum modulo 2**16 of the bits that are kept of each product is the accumulator, in any order. Needs numba.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import Carrier, Span, cast_span, dtype_for, has_numba, rounding_terms
from hlsexplore.emulate.narrow import INT16_BOUND, CastProduct, Epilogue, chunk_width, hold_numbers
from hlsexplore.fixed import Fixed, Overflow, Rounding

WIDTHS = (16, 32, 64)
"""Outputs that a kernel computes at once."""
MAX_BITS = 16
"""Bits that a kernel drops of a product at most."""
MAX_GAIN = 14
"""Fraction bits that a cast of accumulators gains at most: 31 bits hold the results."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundedProduct(CastProduct):
    """A planned product rows @ weight + bias, each product rounded down.

    Attributes:
        weight: Raw weights, int16, shape (n_in, n_out).
        bias: In the units of the accumulator, int16, shape (n_out,).
        signed: Whether inputs may be negative; else they may have 16 bits without a sign.
        bits: Bits to drop of each product.
        accum: Type of the accumulator.
        span: Span of the accumulators.
    """

    weight: NDArray[np.int16]
    bias: NDArray[np.int16]
    signed: bool
    bits: int
    accum: Fixed
    span: Span

    @cached_property
    def packed(self) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Weights, shape (chunks, n_in, width), and biases, shape (chunks, width), with zeros where there are none."""
        n_in, n_out = self.weight.shape
        width = chunk_width(n_out, WIDTHS)
        chunks = -(-n_out // width)
        weight, bias = np.zeros((n_in, chunks * width), np.int16), np.zeros(chunks * width, np.int16)
        weight[:, :n_out], bias[:n_out] = self.weight, self.bias
        ordered = np.ascontiguousarray(weight.reshape(n_in, chunks, width).transpose(1, 0, 2))
        return ordered, bias.reshape(chunks, width)

    def _plan_epilogue(self, type_: Fixed, is_rectified: bool) -> Epilogue | None:
        bits = self.span.fraction - type_.fraction
        drop, gain, wrap = max(bits, 0), max(-bits, 0), 32 - self.accum.width
        terms = hold_numbers(type_, drop, is_rectified)
        if terms is None or gain > MAX_GAIN:
            return None
        add = rounding_terms(type_.rounding, drop)[0]
        return Epilogue(
            bias=self.packed[1],
            numbers=np.array([drop, 0, 0, *terms, wrap, wrap - gain, add], np.int32),
            span=cast_span(self.span, type_),
            keeps_order=False,
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
        weight, bias = self.packed[0], epilogue.bias
        narrow_kernels.dense_rounded(
            np.ascontiguousarray(rows), weight, bias, (self.bits, self.signed), epilogue.numbers, out
        )
        return out


def plan_rounded(
    weight: NDArray[Any], bias: NDArray[Any], source: Span, bits: int, accum: Fixed, span: Span
) -> RoundedProduct | None:
    """Plan a product, or return None where it takes more than 16 bits or another rounding.

    Args:
        weight: Integers, shape (n_in, n_out).
        bias: Integers in the units of the accumulator, shape (n_out,).
        source: Span of the inputs; those that are never negative may have 16 bits without a sign.
        bits: Bits to drop of each product.
        accum: Type of the accumulator.
        span: Span of the accumulators.
    """
    if not has_numba() or not weight.size or weight.dtype == object or accum.rounding is not Rounding.TRN:
        return None
    if accum.overflow is not Overflow.WRAP or not accum.signed or accum.width > 16 or not 1 <= bits <= MAX_BITS:
        return None
    signed = source.high < INT16_BOUND
    lows, highs = (int(weight.min()), source.low if signed else 0), (int(weight.max()), source.high if signed else 0)
    if min(lows) < -INT16_BOUND or max(highs) >= INT16_BOUND:
        return None
    if not signed and (source.low < 0 or source.high >= 2 * INT16_BOUND):
        return None
    return RoundedProduct(
        weight=weight.astype(np.int16), bias=bias.astype(np.int16), signed=signed, bits=bits, accum=accum, span=span
    )
