"""Types of single elements of a tensor: each its own sign and widths, all with one rounding and one overflow mode.

This is what HGQ2 trains: a width for every element, 0 bits where training found that an element does not matter
(docs/ir.md, section Element types).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, Overflow, RawArray, RealArray, Rounding, quantize, requantize

MAX_BITS = 512
"""Largest magnitude of integer and fraction bits of an element, so that every hull is a valid `Fixed`."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthSpread:
    """How the widths of some elements spread.

    Attributes:
        num_elements: All elements.
        num_zeros: Elements without bits, which are always 0.
        low: Smallest width of the others in bits, 0 if there are none.
        median: Median width of the others in bits.
        high: Largest width in bits.
        num_bits: Bits of all elements together.
    """

    num_elements: int
    num_zeros: int
    low: int
    median: float
    high: int
    num_bits: int

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.num_zeros == self.num_elements:
            return "no bits"
        zeros = f", {self.num_zeros} of {self.num_elements} without" if self.num_zeros else ""
        if self.low == self.high:
            return f"{self.high} bits each{zeros}"
        return f"{self.low} to {self.high} bits, median {self.median:g}{zeros}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ElementTypes:
    """A fixed-point type for each element of a tensor. It is always valid; construction fails otherwise.

    An element whose type holds only 0 is stored as unsigned with 0 integer and 0 fraction bits: a width of 0 or below,
    and one signed bit with SAT_SYM, whose limits are both 0.

    Attributes:
        signed: Two's complement where true; broadcastable to the tensor's shape without the batch axis.
        integer: Bits left of the binary point, the sign included.
        fraction: Bits right of it; integer + fraction is the width.
        rounding: Rounding of dropped fraction bits, of all elements.
        overflow: Treatment of values out of range, of all elements.
    """

    signed: NDArray[np.bool_]
    integer: NDArray[np.int16]
    fraction: NDArray[np.int16]
    rounding: Rounding = Rounding.TRN
    overflow: Overflow = Overflow.WRAP
    _hull: Fixed = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the fields, bring the arrays to one shape and zeros to one form.

        Raises:
            ConfigError: If the shapes do not fit, a number of bits is no integer or too large, or a mode is unknown.
        """
        modes = Fixed(1, 1, rounding=self.rounding, overflow=self.overflow)
        object.__setattr__(self, "rounding", modes.rounding)
        object.__setattr__(self, "overflow", modes.overflow)
        signed, integer, fraction = _common(self.signed, self.integer, self.fraction)
        width = integer + fraction
        empty = (width <= 0) | ((width == 1) & signed & (self.overflow is Overflow.SAT_SYM))
        for name, values, dtype in (
            ("signed", signed & ~empty, np.bool_),
            ("integer", np.where(empty, 0, integer), np.int16),
            ("fraction", np.where(empty, 0, fraction), np.int16),
        ):
            array = np.ascontiguousarray(values, dtype=dtype)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "_hull", _hull_of(self))

    @classmethod
    def uniform(cls, type_: Fixed) -> "ElementTypes":
        """Return one type for all elements.

        Examples:
            >>> str(ElementTypes.uniform(Fixed.parse("ufixed<6,2,RND,SAT>")).hull())
            'ufixed<6,2,RND,SAT>'
        """
        return cls(
            signed=np.array(type_.signed),
            integer=np.array(type_.integer, np.int16),
            fraction=np.array(type_.fraction, np.int16),
            rounding=type_.rounding,
            overflow=type_.overflow,
        )

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, ElementTypes) and self.content() == other.content()

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.content())

    def content(self) -> tuple[object, ...]:
        """Return all of it as a key: equal types have equal keys."""
        arrays = (self.signed.tobytes(), self.integer.tobytes(), self.fraction.tobytes())
        return (self.signed.shape, *arrays, str(self.rounding), str(self.overflow))

    @property
    def shape(self) -> Shape:
        """Shape of the arrays, which broadcasts to the tensor's."""
        return self.signed.shape

    @property
    def width(self) -> NDArray[np.int16]:
        """Bits of each element, 0 where it is always 0."""
        return self.integer + self.fraction

    @property
    def is_uniform(self) -> bool:
        """Whether all elements have one type that holds more than 0."""
        arrays = (self.signed, self.integer, self.fraction)
        return bool(self.width.ravel()[0]) and all((array == array.ravel()[0]).all() for array in arrays)

    def hull(self) -> Fixed:
        """Return the least type that holds every value of every element, with the elements' modes.

        Examples:
            >>> types = ElementTypes(signed=[True, False], integer=[2, 3], fraction=[4, 0])
            >>> str(types.hull())
            'fixed<8,4>'
        """
        return self._hull

    def trimmed(self, bits: int) -> "ElementTypes":
        """Return the types with some fraction bits less, in each element; those without bits left become 0."""
        return self if bits == 0 else replace(self, fraction=self.fraction - np.int16(min(bits, 2 * MAX_BITS)))

    def broadcast_to(self, shape: Shape) -> "ElementTypes":
        """Return the types with arrays of a tensor's full shape.

        Raises:
            ConfigError: If they do not broadcast to it.
        """
        try:
            return self.moved(lambda array: np.broadcast_to(array, shape))
        except ValueError:
            raise ConfigError(f"types of shape {self.shape} do not fit a tensor of shape {shape}.") from None

    def per_channel(self) -> "ElementTypes | None":
        """Return the types of one position, with arrays of shape (channels,), or None where positions differ."""
        rows = self.moved(lambda array: array.reshape(-1, array.shape[-1] if array.ndim else 1))
        arrays = (rows.signed, rows.integer, rows.fraction)
        return rows.moved(lambda array: array[0]) if all((array == array[:1]).all() for array in arrays) else None

    def moved(self, function: Callable[[NDArray[Any]], NDArray[Any]]) -> "ElementTypes":
        """Return the types with each array changed by one function that moves elements."""
        return replace(
            self, signed=function(self.signed), integer=function(self.integer), fraction=function(self.fraction)
        )

    def groups(self, shape: Shape) -> Iterator[tuple[Fixed, NDArray[np.bool_]]]:
        """Iterate over the types that occur, each with the elements that have it; elements without bits are left out.

        Args:
            shape: The tensor's shape without the batch axis.
        """
        full = self.broadcast_to(shape)
        rows = np.stack([full.signed.ravel(), full.integer.ravel(), full.fraction.ravel()], axis=1).astype(np.int64)
        kinds, place = np.unique(rows, axis=0, return_inverse=True)
        for index, (is_signed, integer, fraction) in enumerate(kinds.tolist()):
            if integer + fraction > 0:
                type_ = Fixed(integer + fraction, integer, bool(is_signed), self.rounding, self.overflow)
                yield type_, (place.ravel() == index).reshape(shape)

    def limits(self, shape: Shape) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
        """Return the lowest and highest value of each element, and its trailing zeros, as raw integers of the hull.

        Args:
            shape: The tensor's shape without the batch axis.

        Returns:
            Two arrays of that shape, int64 or Python integers, and how many low bits of each element are always 0.
        """
        fraction = self._hull.fraction
        dtype = np.int64 if self._hull.fits_int64 else object
        low, high = np.zeros(shape, dtype), np.zeros(shape, dtype)
        zeros = np.zeros(shape, np.int64)
        for type_, mask in self.groups(shape):
            lift = fraction - type_.fraction
            low[mask], high[mask] = type_.min_raw << lift, type_.max_raw << lift
            zeros[mask] = lift
        return low, high, zeros

    def spread(self, shape: Shape) -> WidthSpread:
        """Return how the widths spread over a tensor of a shape."""
        width = np.broadcast_to(self.width, shape)
        some = width[width > 0]
        return WidthSpread(
            num_elements=width.size,
            num_zeros=width.size - some.size,
            low=int(some.min(initial=MAX_BITS * 2)) if some.size else 0,
            median=float(np.median(some)) if some.size else 0.0,
            high=int(some.max(initial=0)),
            num_bits=int(some.sum()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for files."""
        return {
            "signed": self.signed.astype(int).tolist(),
            "integer": self.integer.tolist(),
            "fraction": self.fraction.tolist(),
            "rounding": str(self.rounding),
            "overflow": str(self.overflow),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "ElementTypes":
        """Read what `to_dict` returned.

        Raises:
            ConfigError: If a field is missing or wrong.
        """
        try:
            return cls(
                signed=np.asarray(data["signed"], dtype=bool),
                integer=np.asarray(data["integer"]),
                fraction=np.asarray(data["fraction"]),
                rounding=data["rounding"],
                overflow=data["overflow"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"these are no types of elements ({error}). Export the project again.") from None


def quantize_elements(x: ArrayLike, types: ElementTypes) -> RawArray:
    """Cast real values to the types of their elements, exactly.

    Args:
        x: Finite real values, shape (samples, *shape).
        types: Types that broadcast to the shape.

    Returns:
        Raw integers of the hull, the shape of `x`; dtype int64, or object if the hull exceeds 63 bits.

    Examples:
        >>> types = ElementTypes(signed=[True, False], integer=[2, 3], fraction=[4, 0], rounding="RND")
        >>> quantize_elements([[0.3, 2.5], [-0.3, 9.0]], types)
        array([[ 5, 48],
               [-5, 16]])
    """
    values: RealArray = np.asarray(x, dtype=np.float64)
    return _each(values, types, lambda some, type_: quantize(some, type_))


def requantize_elements(raw: NDArray[Any], fraction: int, types: ElementTypes) -> RawArray:
    """Cast raw integers with some fraction bits to the types of their elements; returns as `quantize_elements`."""
    return _each(raw, types, lambda some, type_: requantize(some, fraction, type_))


def _each(values: NDArray[Any], types: ElementTypes, cast: Callable[[NDArray[Any], Fixed], RawArray]) -> RawArray:
    """Cast the elements of each type, and bring them to the hull's fraction bits."""
    hull = types.hull()
    out: RawArray = np.zeros(values.shape, np.int64 if hull.fits_int64 else object)
    for type_, mask in types.groups(values.shape[1:]):
        some = cast(values[:, mask], type_)
        out[:, mask] = (some if hull.fits_int64 else some.astype(object)) << (hull.fraction - type_.fraction)
    return out


def _common(
    signed: ArrayLike, integer: ArrayLike, fraction: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    arrays = []
    for name, values in (("signed", signed), ("integer", integer), ("fraction", fraction)):
        array = np.asarray(values)
        if array.dtype.kind not in ("b" if name == "signed" else "iu") or not array.size:
            raise ConfigError(f"types of elements need an array for {name!r}, not {str(values)[:60]}.")
        if name != "signed" and int(np.abs(array.astype(np.int64)).max()) > 3 * MAX_BITS:
            raise ConfigError(f"types of elements need -{MAX_BITS} to {MAX_BITS} bits for {name!r}.")
        arrays.append(array)
    try:
        flags, before, behind = np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ConfigError(f"the arrays of types of elements have shapes that do not fit: {shapes}.") from None
    return flags.astype(bool), before.astype(np.int64), behind.astype(np.int64)


def _hull_of(types: ElementTypes) -> Fixed:
    some = types.width > 0
    if not some.any():
        return Fixed(1, 1, False, types.rounding, types.overflow)
    is_signed = bool(types.signed.any())
    integer = int((types.integer + (is_signed & ~types.signed))[some].max())
    fraction = int(types.fraction[some].max())
    if max(abs(integer), abs(fraction)) > MAX_BITS:
        raise ConfigError(
            f"an element with {integer} integer or {fraction} fraction bits is too wide: {MAX_BITS} is the limit."
        )
    return Fixed(integer + fraction, integer, is_signed, types.rounding, types.overflow)
