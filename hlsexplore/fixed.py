"""Fixed-point types and casts: the `ap_fixed` arithmetic that every executor shares (docs/ir.md, section Types)."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import ConfigError, quoted

MAX_WIDTH = 1024
"""Widest type that `ap_fixed` accepts by default (AP_INT_MAX_W, Vitis HLS user guide UG1399)."""

INT64_BITS = 63
"""Magnitude bits of the int64 that holds raw integers; wider types are computed with Python integers."""

RawArray = NDArray[np.int64]
"""Raw integers; for types wider than 63 bits an object array of Python integers."""
RealArray = NDArray[np.float64]


class Rounding(StrEnum):
    """What happens to dropped fraction bits (`ap_q_mode`)."""

    TRN = "TRN"
    TRN_ZERO = "TRN_ZERO"
    RND = "RND"
    RND_CONV = "RND_CONV"
    RND_ZERO = "RND_ZERO"
    RND_INF = "RND_INF"
    RND_MIN_INF = "RND_MIN_INF"


class Overflow(StrEnum):
    """What happens to values out of range (`ap_o_mode`)."""

    WRAP = "WRAP"
    SAT = "SAT"
    SAT_ZERO = "SAT_ZERO"
    SAT_SYM = "SAT_SYM"


_MODE = r"\s*(?:AP_)?([A-Z_]{1,12})\s*"
_MODES = rf"(?:,{_MODE}(?:,{_MODE}(?:,\s*(\d{{1,4}})\s*)?)?)?"
_PATTERN = re.compile(rf"\s*(?:ap_)?(u?)fixed\s*<\s*(\d{{1,4}})\s*,\s*(-?\d{{1,4}})\s*{_MODES}>\s*", re.ASCII)
_INT_PATTERN = re.compile(r"\s*(?:ap_)?(u?)int\s*<\s*(\d{1,4})\s*>\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed-point type in `ap_fixed` order; a raw integer v stands for the value v * 2**-fraction.

    A `Fixed` is always valid; construction fails otherwise.

    Attributes:
        width: All bits, the sign included, 1 to 1024.
        integer: Bits left of the binary point, the sign included; may be negative or exceed the width.
        signed: Two's complement when true.
        rounding: Rounding of dropped fraction bits.
        overflow: Treatment of values out of range.

    Examples:
        >>> Fixed(16, 6).step
        0.0009765625
        >>> str(Fixed(8, 2, rounding="RND", overflow="SAT"))
        'fixed<8,2,RND,SAT>'
    """

    width: int
    integer: int
    signed: bool = True
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        """Check the fields and normalise plain strings to modes.

        Raises:
            ConfigError: If a field is out of range or names no mode.
        """
        for name, value in (("width", self.width), ("integer", self.integer)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise ConfigError(f"a fixed-point type needs an integer for {name!r}, not {quoted(value)}.")
            object.__setattr__(self, name, int(value))
        if not 1 <= self.width <= MAX_WIDTH:
            raise ConfigError(f"a fixed-point type needs a width of 1 to {MAX_WIDTH} bits, not {quoted(self.width)}.")
        if abs(self.integer) > MAX_WIDTH:
            raise ConfigError(
                f"a fixed-point type needs integer bits of -{MAX_WIDTH} to {MAX_WIDTH}, not {quoted(self.integer)}."
            )
        for name, kind in (("rounding", Rounding), ("overflow", Overflow)):
            try:
                object.__setattr__(self, name, kind(getattr(self, name)))
            except ValueError:
                valid = ", ".join(mode.value for mode in kind)
                raise ConfigError(f"unknown {name} mode {quoted(getattr(self, name))}. Valid modes: {valid}.") from None

    @classmethod
    def parse(cls, text: "str | Fixed") -> "Fixed":
        """Read `fixed<16,6>`, `ufixed<8,0,RND,SAT>`, `ap_fixed<16,6,AP_RND,AP_SAT>`, `int<8>` or `uint<1>`.

        hls4ml writes a fifth field, the saturation bits, which must be 0: `fixed<16,6,TRN,WRAP,0>`.

        Args:
            text: The type as text, or a `Fixed`, which is returned as it is.

        Raises:
            ConfigError: If the text is no such type.

        Examples:
            >>> Fixed.parse("ufixed<6,0,RND_CONV,SAT>").signed
            False
        """
        return text if isinstance(text, Fixed) else _parse(text if isinstance(text, str) else quoted(text))

    @property
    def fraction(self) -> int:
        """Bits right of the binary point, width - integer; negative when the type counts in steps above 1."""
        return self.width - self.integer

    @property
    def step(self) -> float:
        """Distance between two neighbouring values, 2**-fraction."""
        return 2.0**-self.fraction

    @property
    def min_raw(self) -> int:
        """Smallest raw integer that the type can hold (SAT_SYM: that saturation produces)."""
        if not self.signed:
            return 0
        return -(1 << (self.width - 1)) + (1 if self.overflow is Overflow.SAT_SYM and self.width > 1 else 0)

    @property
    def max_raw(self) -> int:
        """Largest raw integer."""
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1

    @property
    def low(self) -> float:
        """Smallest real value."""
        return float(self.min_raw) * self.step

    @property
    def high(self) -> float:
        """Largest real value."""
        return float(self.max_raw) * self.step

    @property
    def fits_int64(self) -> bool:
        """Whether every raw integer of the type fits an int64."""
        return self.width <= (INT64_BITS + 1 if self.signed else INT64_BITS)

    def with_modes(self, rounding: Rounding | str | None = None, overflow: Overflow | str | None = None) -> "Fixed":
        """Return the same width and point with other modes."""
        return replace(
            self,
            rounding=self.rounding if rounding is None else Rounding(rounding),
            overflow=self.overflow if overflow is None else Overflow(overflow),
        )

    def __str__(self) -> str:
        """Print the way it is parsed; default modes are left out."""
        modes = ""
        if self.overflow is not Overflow.WRAP:
            modes = f",{self.rounding},{self.overflow}"
        elif self.rounding is not Rounding.TRN:
            modes = f",{self.rounding}"
        return f"{'' if self.signed else 'u'}fixed<{self.width},{self.integer}{modes}>"

    def __repr__(self) -> str:
        """Print Python that rebuilds the type."""
        return f"Fixed.parse({str(self)!r})"


@lru_cache(maxsize=4096)
def _parse(text: str) -> Fixed:
    if match := _INT_PATTERN.fullmatch(text):
        return Fixed(int(match[2]), int(match[2]), signed=not match[1])
    if match := _PATTERN.fullmatch(text):
        if int(match[6] or 0):  # ap_fixed's N: bits that stay at their limit when a value wraps
            raise ConfigError(
                f"{quoted(text.strip())} keeps {match[6]} saturation bits when a value wraps, which is not supported. "
                "Leave the fifth field out, or 0."
            )
        rounding, overflow = match[4] or Rounding.TRN, match[5] or Overflow.WRAP
        return Fixed(int(match[2]), int(match[3]), not match[1], rounding, overflow)  # type: ignore[arg-type]
    is_cut = "<" in text and ">" not in text
    raise ConfigError(
        f"{quoted(text)} is not a fixed-point type. Write fixed<WIDTH,INTEGER> or "
        "ufixed<WIDTH,INTEGER,ROUNDING,OVERFLOW>, such as fixed<16,6> or ufixed<8,0,RND,SAT>."
        + (" In a YAML list in brackets it needs quotes: ['fixed<16,6>']." if is_cut else "")
    )


def quantize(x: ArrayLike, type_: Fixed) -> RawArray:
    """Cast real values to raw integers of a type, exactly as `ap_fixed` does from a double.

    Args:
        x: Finite real values, any shape.
        type_: The type to cast to.

    Returns:
        Raw integers, the shape of `x`; dtype int64, or object (Python integers) if the type exceeds 63 bits.

    Raises:
        ConfigError: If a value is NaN or infinite.

    Examples:
        >>> quantize([0.3, -0.3, 5.0], Fixed.parse("fixed<4,2>"))
        array([ 1, -2,  4])
    """
    values = np.asarray(x, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ConfigError(f"cannot cast NaN or infinity to {type_}. Remove such values first.")
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.ldexp(values, type_.fraction)
    is_exact = type_.fraction >= 0 or np.array_equal(np.ldexp(scaled, -type_.fraction), values)  # no bit fell off
    if type_.fits_int64 and is_exact and np.isfinite(scaled).all() and (np.abs(scaled) < 2.0**62).all():
        return overflow_raw(_round_float(scaled, type_.rounding), type_)
    flat = [_cast_exact(value, type_) for value in values.ravel().tolist()]
    return _pack(flat, values.shape, type_)


def requantize(raw: NDArray[Any], fraction: int, type_: Fixed) -> RawArray:
    """Cast raw integers with a given number of fraction bits to a type: first round, then overflow.

    Args:
        raw: Raw integers, any shape, int64 or object.
        fraction: Fraction bits of `raw`; negative allowed.
        type_: The type to cast to.

    Returns:
        Raw integers of `type_`, the shape of `raw`. Exact for every width: wide cases use Python integers.

    Examples:
        >>> requantize(np.array([5, -5]), 2, Fixed.parse("fixed<8,7,RND,SAT>"))
        array([ 3, -2])
    """
    shift = type_.fraction - fraction
    if raw.dtype != object and type_.fits_int64:
        if shift == 0:
            return overflow_raw(raw, type_)
        if shift < 0 and -shift < INT64_BITS - 1:
            magnitude = int(max(abs(int(raw.max(initial=0))), abs(int(raw.min(initial=0)))))
            if magnitude < 1 << 62 and magnitude + (1 << -shift) < 1 << 62:
                return overflow_raw(round_shift(raw, -shift, type_.rounding), type_)
        if shift > 0:
            magnitude = int(max(abs(int(raw.max(initial=0))), abs(int(raw.min(initial=0)))))
            if magnitude.bit_length() + shift <= INT64_BITS - 1:
                return overflow_raw(np.left_shift(raw, shift), type_)
            if type_.overflow is Overflow.WRAP and shift < INT64_BITS:
                return overflow_raw(np.left_shift(raw, shift), type_)
    flat = [_requantize_exact(int(value), shift, type_) for value in raw.ravel().tolist()]
    return _pack(flat, raw.shape, type_)


def to_real(raw: NDArray[Any], type_: Fixed) -> RealArray:
    """Turn raw integers of a type into real values (exact up to 53 bits).

    Examples:
        >>> to_real(np.array([3]), Fixed(4, 2))
        array([0.75])
    """
    return np.ldexp(raw.astype(np.float64), -type_.fraction)


def least_type(values: RealArray) -> Fixed:
    """Return the least type that holds some values exactly.

    Raises:
        ConfigError: If it would be wider than any type.

    Examples:
        >>> str(least_type(np.array([0.75, -2.0])))
        'fixed<4,2>'
    """
    some = values[values != 0]
    if not some.size:
        return Fixed(1, 1, signed=False)
    mantissa, exponent = np.frexp(some)
    whole = (mantissa * 2.0**53).astype(np.int64)
    zeros = np.log2((whole & -whole).astype(np.float64)).astype(np.int64)
    fraction = int((53 - zeros - exponent).max())
    low, high = (_raw_of(float(end), fraction) for end in (some.min(), some.max()))
    is_signed = low < 0
    bits = max((-low - 1).bit_length() if low < 0 else 0, max(high, 0).bit_length()) + is_signed
    return Fixed(bits, bits - fraction, signed=is_signed)


def _raw_of(value: float, fraction: int) -> int:
    """Return a multiple of 2^-fraction as a raw integer, however large."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator << max(fraction, 0)) // (denominator << max(-fraction, 0))


def round_shift(raw: RawArray, bits: int, rounding: Rounding) -> RawArray:
    """Drop `bits` > 0 fraction bits of int64 raw integers by a rounding mode.

    The caller makes sure that `raw` plus half a step does not leave int64.
    """
    half = 1 << (bits - 1)
    bias: RawArray | int
    match rounding:
        case Rounding.TRN:
            bias = 0
        case Rounding.TRN_ZERO:
            bias = np.where(raw < 0, (1 << bits) - 1, 0)
        case Rounding.RND:
            bias = half
        case Rounding.RND_MIN_INF:
            bias = half - 1
        case Rounding.RND_ZERO:
            bias = np.where(raw < 0, half, half - 1)
        case Rounding.RND_INF:
            bias = np.where(raw < 0, half - 1, half)
        case Rounding.RND_CONV:
            bias = half - 1 + ((raw >> bits) & 1)
    rounded: RawArray = (raw + bias) >> bits if rounding is not Rounding.TRN else raw >> bits
    return rounded


def overflow_raw(raw: RawArray, type_: Fixed) -> RawArray:
    """Bring int64 raw integers, already on the type's grid, into the type's range by its overflow mode."""
    held: RawArray = raw
    match type_.overflow:
        case Overflow.WRAP if type_.width <= INT64_BITS:
            if type_.signed:
                lift = INT64_BITS + 1 - type_.width
                held = (raw << lift) >> lift
            else:
                held = raw & ((1 << type_.width) - 1)
        case Overflow.SAT | Overflow.SAT_SYM:
            held = np.clip(raw, type_.min_raw, type_.max_raw)
        case Overflow.SAT_ZERO:
            held = np.where((raw < type_.min_raw) | (raw > type_.max_raw), 0, raw)
        case _:
            pass
    return held


def _round_float(scaled: RealArray, rounding: Rounding) -> RawArray:
    """Round float64 values with magnitude below 2**62 to integers, exactly (floor and the difference are exact)."""
    low = np.floor(scaled)
    rest = scaled - low
    match rounding:
        case Rounding.TRN:
            up = np.zeros(scaled.shape, dtype=bool)
        case Rounding.TRN_ZERO:
            up = (scaled < 0) & (rest > 0)
        case Rounding.RND:
            up = rest >= 0.5
        case Rounding.RND_MIN_INF:
            up = rest > 0.5
        case Rounding.RND_ZERO:
            up = (rest > 0.5) | ((rest == 0.5) & (scaled < 0))
        case Rounding.RND_INF:
            up = (rest > 0.5) | ((rest == 0.5) & (scaled >= 0))
        case Rounding.RND_CONV:
            up = (rest > 0.5) | ((rest == 0.5) & (np.mod(low, 2.0) == 1.0))
    rounded: RawArray = low.astype(np.int64) + up
    return rounded


def _cast_exact(value: float, type_: Fixed) -> int:
    numerator, denominator = value.as_integer_ratio()
    return _requantize_exact(numerator, type_.fraction - (denominator.bit_length() - 1), type_)


def _requantize_exact(raw: int, shift: int, type_: Fixed) -> int:
    """Cast one Python integer; shift is the number of fraction bits gained (negative: dropped)."""
    return _overflow_exact(raw << shift if shift >= 0 else _round_exact(raw, -shift, type_.rounding), type_)


def _round_exact(raw: int, bits: int, rounding: Rounding) -> int:
    half = 1 << (bits - 1)
    match rounding:
        case Rounding.TRN:
            bias = 0
        case Rounding.TRN_ZERO:
            bias = (1 << bits) - 1 if raw < 0 else 0
        case Rounding.RND:
            bias = half
        case Rounding.RND_MIN_INF:
            bias = half - 1
        case Rounding.RND_ZERO:
            bias = half if raw < 0 else half - 1
        case Rounding.RND_INF:
            bias = half - 1 if raw < 0 else half
        case Rounding.RND_CONV:
            bias = half - 1 + ((raw >> bits) & 1)
    return (raw + bias) >> bits


def _overflow_exact(raw: int, type_: Fixed) -> int:
    low, high = type_.min_raw, type_.max_raw
    match type_.overflow:
        case Overflow.WRAP:
            return (raw - low) % (1 << type_.width) + low
        case Overflow.SAT | Overflow.SAT_SYM:
            return min(max(raw, low), high)
        case Overflow.SAT_ZERO:
            return raw if low <= raw <= high else 0


def _pack(flat: list[int], shape: tuple[int, ...], type_: Fixed) -> RawArray:
    if type_.fits_int64:
        return np.array(flat, dtype=np.int64).reshape(shape)
    packed = np.empty(len(flat), dtype=object)
    packed[:] = flat
    return packed.reshape(shape)
