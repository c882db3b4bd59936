"""Cells of netlists: what each computes from its arguments, and the exact range of its value."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import Rounding

Value = int
"""Number of a cell in its net."""


class CellCode(StrEnum):
    """What a cell computes from its arguments a, b, c and its data."""

    INPUT = "input"
    """Element data[0] of the input tensors without its lowest data[1] bits, which are 0."""
    CONST = "const"
    """The constant data[0]."""
    ADD = "add"
    """(a << data[0]) + (b << data[1]), or minus when data[2]."""
    JOIN = "join"
    """a + (b << data[1]) where a, not negative, has at most data[1] bits: wires only."""
    INVERT = "invert"
    """The lowest data[1] bits of a, those in the mask data[0] inverted; not negative: other cells absorb inverters."""
    SHIFT = "shift"
    """a << data[0], or floor(a / 2**-data[0]) when negative: wires only."""
    SLICE = "slice"
    """Bits [data[0], data[0] + data[1]) of a, two's complement when data[2]: wires only."""
    ROUND = "round"
    """The bit that rounding mode data[1] adds when data[0] bits of a are dropped."""
    CLIP = "clip"
    """a limited to [data[0], data[1]]."""
    ZERO_OUTSIDE = "zero_outside"
    """a, or 0 when it is outside [data[0], data[1]]."""
    RELU = "relu"
    """max(a, 0)."""
    MAX = "max"
    """max(a, b)."""
    MIN = "min"
    """min(a, b)."""
    LESS = "less"
    """1 when a < b, else 0."""
    MUX = "mux"
    """b when a is not 0, else c."""
    AND = "and"
    """a and b, both one bit."""
    NOT = "not"
    """1 when a is 0, else 0."""
    MUL = "mul"
    """a * b, both variable."""
    ROM = "rom"
    """data[a]: a table with an entry for each value of the unsigned a."""


VIEWS = frozenset({CellCode.SHIFT, CellCode.SLICE, CellCode.JOIN, CellCode.INVERT})
"""Cells that are other cells' bits in another place."""

WIRES = VIEWS | {CellCode.INPUT, CellCode.CONST}
"""Cells that need no logic."""


class NetCell(NamedTuple):
    """One cell (`make_cell`): its code, arguments, data, the range of its value, and the bits of that with a sign."""

    code: CellCode
    args: tuple[Value, ...]
    data: tuple[Any, ...]
    low: int
    high: int
    width: int

    @property
    def signed(self) -> bool:
        """Whether the value can be negative."""
        return self.low < 0


def make_cell(code: CellCode, args: tuple[Value, ...], data: tuple[Any, ...], low: int, high: int) -> NetCell:
    """Return a cell with the width of its range; a constant zero has one bit."""
    return NetCell(code, args, data, low, high, bits_of(low, high))


def counter_bits(count: int) -> int:
    """Bits of a counter with `count` values."""
    return max(1, (count - 1).bit_length())


def bits_of(low: int, high: int) -> int:
    """Count the bits that hold every integer from low to high, with a sign bit only if low is negative.

    Examples:
        >>> bits_of(0, 7), bits_of(-8, 7), bits_of(-1, 8), bits_of(-4, -4)
        (3, 4, 5, 3)
    """
    if low < 0:
        return max((-low - 1).bit_length(), max(high, 0).bit_length()) + 1
    return max(high.bit_length(), 1)


def round_up(value: int, bits: int, rounding: Rounding) -> int:
    """Return 1 when dropping `bits` > 0 bits by a rounding mode gives floor + 1, else 0.

    Examples:
        >>> [round_up(value, 1, Rounding.RND_CONV) for value in (1, 2, 3)]
        [0, 0, 1]
    """
    rest, half = value & ((1 << bits) - 1), 1 << (bits - 1)
    match rounding:
        case Rounding.TRN:
            return 0
        case Rounding.TRN_ZERO:
            return int(value < 0 and rest > 0)
        case Rounding.RND:
            return int(rest >= half)
        case Rounding.RND_MIN_INF:
            return int(rest > half)
        case Rounding.RND_ZERO:
            return int(rest > half or (rest == half and value < 0))
        case Rounding.RND_INF:
            return int(rest > half or (rest == half and value >= 0))
        case Rounding.RND_CONV:
            return int(rest > half or (rest == half and (value >> bits) & 1))


def objects(values: Sequence[Any]) -> NDArray[Any]:
    """Return an array of Python integers, which numpy makes no narrower."""
    packed = np.empty(len(values), dtype=object)
    packed[:] = values
    return packed
