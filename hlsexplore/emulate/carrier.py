"""Integer-valued arrays in the cheapest dtype that holds them exactly, and casts between fixed-point types on them.

A carrier is an array of integers in float32, float64, int64 or object (Python integers). A `Span` says which
integers may occur; every choice of dtype is made from spans, never from data, so a result never depends on the
dtype it was computed in (docs/ir.md, section Types).
"""

import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding, quantize, requantize
from hlsexplore.fixed import _round_exact as round_exact

Carrier = NDArray[Any]

KERNEL_ELEMENTS = 1 << 16
"""Smaller arrays do not repay loading compiled kernels, about half a second; numpy computes the same integers."""

FLOAT32_EXACT = 1 << 24
"""Integers up to here are exact in float32 (IEEE 754)."""
FLOAT64_EXACT = 1 << 53
"""Integers up to here are exact in float64 (IEEE 754)."""
MAX_EXPONENT = 900
"""Powers of two up to here, times integers below 2**64, are normal float64 numbers."""
FLOAT32_SHIFT = 120
"""Most bits that float32 gains by a product: zeros may gain more."""
INT64_SAFE = 1 << 62
"""Bound below which int64 arithmetic of one more addition cannot overflow."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which raw integers may occur: `low` to `high`, with `fraction` bits right of the binary point."""

    fraction: int
    low: int
    high: int

    @classmethod
    def of(cls, type_: Fixed) -> "Span":
        """Return the span of all values of a type."""
        return cls(type_.fraction, min(type_.min_raw, 0), type_.max_raw)

    @property
    def magnitude(self) -> int:
        """Largest absolute integer."""
        return max(abs(self.low), abs(self.high))

    def fits(self, type_: Fixed) -> bool:
        """Say whether a type holds all of it; the type's fraction must be at least as fine."""
        lift = type_.fraction - self.fraction
        return type_.min_raw <= self.low << lift and self.high << lift <= type_.max_raw

    def hull(self, other: "Span") -> "Span":
        """Return the span that holds both; the fractions must be equal."""
        return Span(self.fraction, min(self.low, other.low), max(self.high, other.high))

    def with_zero(self) -> "Span":
        """Return the span widened to hold 0."""
        return Span(self.fraction, min(self.low, 0), max(self.high, 0))


def dtype_for(magnitude: int) -> np.dtype[Any]:
    """Return the cheapest dtype that holds integers of this magnitude exactly."""
    if magnitude <= FLOAT32_EXACT:
        return np.dtype(np.float32)
    if magnitude <= FLOAT64_EXACT:
        return np.dtype(np.float64)
    return np.dtype(np.int64) if magnitude < 1 << 63 else np.dtype(object)


def narrow_dtype(span: Span, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the narrowest dtype that can keep integers of a span, for memory and not for arithmetic.

    Args:
        span: What may occur.
        dtype: Dtype that they have.

    Examples:
        >>> narrow_dtype(Span(0, -128, 127), np.dtype(np.float64))
        dtype('int8')
    """
    for kind in (np.int8, np.int16, np.int32):
        limits = np.iinfo(kind)
        if limits.bits < 8 * dtype.itemsize and limits.min <= span.low and span.high <= limits.max:
            return np.dtype(kind)
    return dtype


def as_carrier(raw: NDArray[Any], magnitude: int) -> Carrier:
    """Convert integers to the cheapest dtype that holds this magnitude."""
    return convert(raw, dtype_for(magnitude))


def convert(values: Carrier, dtype: np.dtype[Any]) -> Carrier:
    """Convert a carrier to another dtype that can hold its integers."""
    if values.dtype == dtype:
        return values
    if dtype.kind == "O" and values.dtype.kind == "f":
        return values.astype(np.int64).astype(object)
    return values.astype(dtype)


def to_raw(values: Carrier, type_: Fixed) -> NDArray[Any]:
    """Convert a carrier to raw integers: int64, or object when the type exceeds it."""
    return convert(values, np.dtype(np.int64) if type_.fits_int64 else np.dtype(object))


def to_float(values: Carrier, fraction: int) -> RealArray:
    """Convert a carrier to real values (rounded once where 53 bits do not hold them)."""
    real: RealArray = values.astype(np.float64)
    if abs(fraction) <= MAX_EXPONENT:
        real *= 2.0**-fraction  # a power of two: exact, and much faster than ldexp
    else:
        real = np.ldexp(real, -fraction)
    real += 0.0  # no negative zeros
    return real


def quantize_carrier(x: RealArray, type_: Fixed) -> Carrier:
    """Cast real values to a type, as `fixed.quantize`, but to a carrier and fast.

    Args:
        x: Finite float64 values.
        type_: Type to cast to.
    """
    is_clipped = type_.overflow in (Overflow.SAT, Overflow.SAT_SYM)
    is_plain = type_.rounding in _REAL_ROUNDING and type_.width <= 52 and 0 <= type_.fraction < MAX_EXPONENT
    dtype = dtype_for(Span.of(type_).magnitude)
    # Where values are clipped no bound of the data is needed: the ends are integers, clipping first changes nothing.
    if not is_plain or not (is_clipped or _largest(x) * 2.0**type_.fraction < 2.0**52):
        return convert(quantize(x, type_), dtype)
    passed = _plan_pass(-type_.fraction, type_, True, _FLOAT64, is_real=True)
    if passed is not None and x.flags.c_contiguous and repays_kernel(x):
        from hlsexplore.emulate import cast_kernels

        out: Carrier = np.empty(x.shape, dtype)
        cast_kernels.quantize(x.reshape(-1), *passed, out.reshape(-1))
        return out
    with np.errstate(over="ignore"):
        scaled = x * 2.0**type_.fraction
    if is_clipped:
        np.clip(scaled, float(type_.min_raw), float(type_.max_raw), out=scaled)
    _REAL_ROUNDING[type_.rounding](scaled, out=scaled)
    return convert(scaled if is_clipped else _overflow(scaled, type_), dtype)


def _largest(x: RealArray) -> float:
    return max(float(x.max()), -float(x.min())) if x.size else 0.0


_REAL_ROUNDING: dict[Rounding, Any] = {Rounding.TRN: np.floor, Rounding.TRN_ZERO: np.trunc, Rounding.RND_CONV: np.rint}
"""Roundings of real values that one exact float instruction does; the others go the exact way."""


def cast(values: Carrier, span: Span, type_: Fixed, owned: bool = False) -> tuple[Carrier, Span]:
    """Cast integers to a type: first round, then overflow.

    Args:
        values: Integers within `span`.
        span: What may occur, with the fraction bits.
        type_: Type to cast to.
        owned: Whether `values` may be overwritten.

    Returns:
        The integers of `type_`, and their span.
    """
    return requantize_carrier(values, span, type_, owned), _plan_cast(span, type_).result


def requantize_carrier(
    values: Carrier,
    span: Span,
    type_: Fixed,
    owned: bool = False,
    offset: Carrier | None = None,
    is_raised: bool = False,
    is_rectified: bool = False,
) -> Carrier:
    """Add an offset, cast, and drop negative values: in one pass where there is numba.

    Args:
        values: Integers that are within `span` after the offset is added.
        span: What may occur, with the fraction bits.
        type_: Type to cast to.
        owned: Whether `values` may be overwritten.
        offset: Integers to add along the last axis, in the dtype of `values`, or None.
        is_raised: Whether values below 0 count as 0.
        is_rectified: Whether results below 0 become 0.
    """
    plan = _plan_cast(span, type_)
    dtype = _FLOAT32 if plan.fits_float32 and values.dtype != _FLOAT64 else _FLOAT64
    is_plain = offset is None and not is_raised and not is_rectified
    if plan.is_float and is_plain and plan.bits == 0 and not plan.is_outside:
        return convert(values, dtype)
    if plan.is_float and repays_kernel(values):
        passed = _plan_pass(plan.bits, type_, plan.is_outside, dtype, is_raised, is_rectified)
        if passed is not None:
            return _requantize_pass(values, dtype, owned, offset, passed)
    if offset is not None:
        values, owned = values + offset, True
    if is_raised:
        values, owned = rectify(values), True
    if not plan.is_float:
        raw = convert(values, np.dtype(np.int64) if span.magnitude < INT64_SAFE else np.dtype(object))
        values = as_carrier(requantize(raw, span.fraction, type_), plan.result.magnitude)
        return rectify(values) if is_rectified else values
    if values.dtype != dtype:
        values, owned = values.astype(dtype), True
    if plan.bits != 0:
        values, owned = _round(values, plan.bits, type_.rounding, owned), True
    values = _overflow(values, type_, owned) if plan.is_outside else values
    return rectify(values) if is_rectified else values


def rectify(values: Carrier) -> Carrier:
    """Return max(values, 0)."""
    if values.dtype.kind != "f":
        return np.maximum(values, 0)
    # A clip is twice as fast as a maximum with a scalar (numpy 2.4).
    result: Carrier = np.clip(values, values.dtype.type(0), values.dtype.type(np.inf))
    return result


Passed = tuple[bool, bool, tuple[Any, ...]]
"""How `cast_kernels.requantize_values` casts: `is_rint`, `wraps` and `numbers`."""


def _requantize_pass(
    values: Carrier, dtype: np.dtype[Any], owned: bool, offset: Carrier | None, passed: Passed
) -> Carrier:
    """Do all that `requantize_carrier` does in place, or on a copy, on the elements in the order of memory."""
    from hlsexplore.emulate import cast_kernels

    if offset is not None and not values.flags.c_contiguous:
        values, owned, offset = values + offset, True, None
    values = values.astype(dtype) if values.dtype != dtype or not owned else values
    flat = values.ravel(order="K")
    if flat.base is None:  # not one run of memory, so that this was a copy
        values = values.copy(order="K")
        flat = values.ravel(order="K")
    rows = flat.reshape(1, -1) if offset is None else flat.reshape(-1, len(offset))
    cast_kernels.requantize_values(rows, None if offset is None else convert(offset, dtype), *passed)
    return values


def plan_pass_of(span: Span, type_: Fixed) -> Passed | None:
    """Return how the kernels cast integers of a span in doubles, or None if they cannot.

    Args:
        span: What may occur, with the fraction bits.
        type_: Type to cast to.
    """
    plan = _plan_cast(span, type_)
    return _plan_pass(plan.bits, type_, plan.is_outside, _FLOAT64) if plan.is_float else None


@lru_cache(maxsize=4096)
def _plan_pass(
    bits: int,
    type_: Fixed,
    is_outside: bool,
    dtype: np.dtype[Any],
    is_raised: bool = False,
    is_rectified: bool = False,
    is_real: bool = False,
) -> Passed | None:
    """Return the arguments of `cast_kernels.requantize_values`, or None if it has no such mode.

    Args:
        bits: Fraction bits to drop; negative: to gain.
        type_: Type to cast to.
        is_outside: Whether values may be out of its range.
        dtype: Floats to compute in.
        is_raised: As in `requantize_carrier`.
        is_rectified: As in `requantize_carrier`.
        is_real: Whether values have fractions whatever `bits` is.
    """
    rounds = bits > 0 or is_real
    has_rounding = type_.rounding in (Rounding.TRN, Rounding.RND, Rounding.RND_CONV)
    if (rounds and not has_rounding) or (is_outside and type_.overflow is Overflow.SAT_ZERO):
        return None
    wraps = is_outside and type_.overflow is Overflow.WRAP
    clips = is_outside and not wraps
    numbers = (
        2.0**-bits,
        0.5 if rounds and type_.rounding is Rounding.RND else 0.0,
        0.0 if is_raised else -np.inf,
        float(type_.min_raw) if wraps else 0.0,
        2.0**-type_.width if wraps else 0.0,
        2.0**type_.width if wraps else 0.0,
        max(type_.min_raw if clips else -np.inf, 0.0 if is_rectified else -np.inf),
        float(type_.max_raw) if clips else np.inf,
    )
    return rounds and type_.rounding is Rounding.RND_CONV, wraps, tuple(dtype.type(number) for number in numbers)


def repays_kernel(values: Carrier) -> bool:
    """Whether there are compiled kernels, and some are loaded already or worth it."""
    return has_numba() and (values.size >= KERNEL_ELEMENTS or any(name in sys.modules for name in _KERNELS))


_KERNELS = tuple(
    f"hlsexplore.emulate.{name}" for name in ("cast_kernels", "kernels", "narrow_kernels", "recurrent_kernels")
)


def hold_terms(type_: Fixed) -> tuple[int, int, int, int, bool]:
    """Return the terms of overflow handling on int64 of a type below 62 bits, for `cast_kernels`."""
    wraps = type_.overflow is Overflow.WRAP
    lift = 64 - type_.width if wraps and type_.signed else 0
    mask = (1 << type_.width) - 1 if wraps and not type_.signed else -1
    return lift, mask, type_.min_raw, type_.max_raw, type_.overflow is Overflow.SAT_ZERO


def rounding_terms(rounding: Rounding, bits: int) -> tuple[int, int, int]:
    """Return (add, negative, odd) such that every rounding that drops `bits` >= 0 bits is one formula on integers.

    p -> (p + add + (p < 0 ? negative : 0) + (odd & p >> bits)) >> bits.
    """
    if bits == 0:
        return 0, 0, 0
    half = 1 << (bits - 1)
    match rounding:
        case Rounding.TRN:
            return 0, 0, 0
        case Rounding.TRN_ZERO:
            return 0, (1 << bits) - 1, 0
        case Rounding.RND:
            return half, 0, 0
        case Rounding.RND_MIN_INF:
            return half - 1, 0, 0
        case Rounding.RND_ZERO:
            return half - 1, 1, 0
        case Rounding.RND_INF:
            return half, -1, 0
        case Rounding.RND_CONV:
            return half - 1, 0, 1


@cache
def has_numba() -> bool:
    """Whether compiled kernels can be used."""
    return find_spec("numba") is not None


_FLOAT32: np.dtype[Any] = np.dtype(np.float32)
_FLOAT64: np.dtype[Any] = np.dtype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CastPlan:
    """What a cast takes: dropped bits, spans after rounding and at the end, and which floats hold every step."""

    bits: int
    after: Span
    result: Span
    is_outside: bool
    is_float: bool
    fits_float32: bool


@lru_cache(maxsize=4096)
def _plan_cast(span: Span, type_: Fixed) -> _CastPlan:
    """Plan a cast once: on small blocks this arithmetic takes longer than the cast."""
    bits = span.fraction - type_.fraction
    low, high = shifted(span.low, bits, type_.rounding), shifted(span.high, bits, type_.rounding)
    after = Span(type_.fraction, low, high)
    need = span.magnitude + (1 << (bits - 1)) if bits > 0 else max(span.magnitude, after.magnitude)
    is_outside = _outside(after, type_)
    if is_outside:
        need = max(need, after.magnitude + (1 << type_.width))
    return _CastPlan(
        bits=bits,
        after=after,
        result=clipped_span(after, type_),
        is_outside=is_outside,
        is_float=need < FLOAT64_EXACT and abs(bits) <= 1000,
        fits_float32=need <= FLOAT32_EXACT and bits >= -FLOAT32_SHIFT,
    )


def cast_span(span: Span, type_: Fixed) -> Span:
    """Return the span that `cast` returns, without values."""
    bits = span.fraction - type_.fraction
    low, high = shifted(span.low, bits, type_.rounding), shifted(span.high, bits, type_.rounding)
    return clipped_span(Span(type_.fraction, low, high), type_)


def shifted(value: int, bits: int, rounding: Rounding) -> int:
    """Drop `bits` fraction bits of one integer (gain them when negative)."""
    return round_exact(value, bits, rounding) if bits > 0 else value << -bits


def clipped_span(span: Span, type_: Fixed) -> Span:
    """Return the span after overflow handling."""
    if not _outside(span, type_):
        return span
    full = Span(type_.fraction, type_.min_raw, type_.max_raw)
    if type_.overflow is Overflow.WRAP:
        return full
    low, high = min(max(span.low, full.low), full.high), max(min(span.high, full.high), full.low)
    return (
        Span(type_.fraction, min(low, 0), max(high, 0))
        if type_.overflow is Overflow.SAT_ZERO
        else Span(type_.fraction, low, high)
    )


def _outside(span: Span, type_: Fixed) -> bool:
    return span.low < type_.min_raw or span.high > type_.max_raw


def _round(values: Carrier, bits: int, rounding: Rounding, owned: bool) -> Carrier:
    """Drop fraction bits of float carriers; the caller checked that every step is exact."""
    scaled: Carrier = np.multiply(values, values.dtype.type(2.0**-bits), out=values if owned else None)
    return scaled if bits < 0 else round_scaled(scaled, rounding)


def round_scaled(scaled: Carrier, rounding: Rounding) -> Carrier:
    """Round floats to integers in place; every step must be exact in their dtype."""
    half = scaled.dtype.type(0.5)
    match rounding:
        case Rounding.TRN:
            np.floor(scaled, out=scaled)
        case Rounding.TRN_ZERO:
            np.trunc(scaled, out=scaled)
        case Rounding.RND:
            np.add(scaled, half, out=scaled)
            np.floor(scaled, out=scaled)
        case Rounding.RND_MIN_INF:
            np.subtract(scaled, half, out=scaled)
            np.ceil(scaled, out=scaled)
        case Rounding.RND_CONV:
            np.rint(scaled, out=scaled)
        case Rounding.RND_ZERO:
            np.copysign(np.ceil(np.abs(scaled) - half), scaled, out=scaled)
        case Rounding.RND_INF:
            np.copysign(np.floor(np.abs(scaled) + half), scaled, out=scaled)
    return scaled


def _overflow(values: Carrier, type_: Fixed, owned: bool = True) -> Carrier:
    """Handle overflow of float carriers."""
    kind = values.dtype.type
    low, high = kind(type_.min_raw), kind(type_.max_raw)
    out = values if owned else None
    result: Carrier
    match type_.overflow:
        case Overflow.WRAP:
            turns = np.subtract(values, low) if type_.signed else values.copy()
            turns *= kind(2.0**-type_.width)
            np.floor(turns, out=turns)
            turns *= kind(2.0**type_.width)
            result = np.subtract(values, turns, out=out)
        case Overflow.SAT | Overflow.SAT_SYM:
            # One clip is four times as fast as a minimum and a maximum with scalars (numpy 2.4).
            result = np.clip(values, low, high, out=out)
        case Overflow.SAT_ZERO:
            result = np.where((values < low) | (values > high), kind(0), values)
    return result
