"""Numbers that users and files give: numpy's count as Python's, truth values do not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import ConfigError, DataError, quoted

_KINDS = {"c": "complex numbers", "U": "texts", "S": "texts", "M": "dates", "m": "durations", "V": "records"}


def whole(value: object, what: str, low: int, high: int | None = None) -> int:
    """Return a whole number, Python's or numpy's.

    Args:
        value: What came.
        what: What it is, for the message.
        low: Smallest allowed value.
        high: Largest allowed value; None for no limit.

    Raises:
        ConfigError: If it is no whole number (True and False are none), or out of range.

    Examples:
        >>> whole(np.int64(3), "the seed", 0)
        3
    """
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    number = int(value) if isinstance(value, int | np.integer) and is_whole else None
    if number is None or number < low or (high is not None and number > high):
        span = f"of {low} or above" if high is None else f"from {low} to {high}"
        raise ConfigError(f"{what} must be a whole number {span}, not {quoted(value)}.")
    return number


def plain(value: Any) -> Any:
    """Return data with numpy's numbers and arrays, and ranges, as Python's numbers and lists.

    Examples:
        >>> plain({"weight": np.arange(4, 7), "clock_ns": (np.float32(2.5),)})
        {'weight': [4, 5, 6], 'clock_ns': [2.5]}
    """
    match value:
        case np.ndarray() | np.generic():
            return value.tolist()
        case Mapping():
            return {plain(key): plain(item) for key, item in value.items()}
        case list() | tuple() | range():
            return [plain(item) for item in value]
    return value


HUGE = 1e140
"""Squares and sums of values up to this stay in the range of float64."""


def squarable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values for statistics that square and add them: those beyond `HUGE`, which no type holds, count as that.

    Examples:
        >>> squarable(np.array([2.0, -1e300])).tolist()
        [2.0, -1e+140]
    """
    if not values.size or max(float(values.max()), -float(values.min())) <= HUGE:
        return values
    return np.clip(values, -HUGE, HUGE)


def real_array(values: ArrayLike, what: str) -> NDArray[Any]:
    """Return samples as an array of real numbers: floats, integers or truth values.

    Args:
        values: An array, or nested lists of numbers.
        what: What they are, for messages.

    Raises:
        DataError: If they are something else, such as complex numbers, texts, objects or lists of unequal lengths.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(f"{what}: some values are masked. Remove such samples, or fill them: x.filled(0.0).")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"{what}: this is no array of numbers ({quoted(str(error))}).") from None
    if array.dtype.kind not in "fiub":
        kind = _KINDS.get(array.dtype.kind, "Python objects")
        raise DataError(f"{what}: real numbers are needed, not {kind} ({array.dtype}). Convert them first.")
    return array
