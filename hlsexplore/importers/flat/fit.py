"""The least multiplier that gives the integers of a step function, proven for every input that can reach it.

A quantizer behind integers is a monotone step function of an integer: result k begins at a threshold T(k). The form
floor(A * v + B) with A = a / 2**f and B = b / 2**f gives the same results for every v from `low` to `high` if and only
if

    a * T(k) + b >= k * 2**f   and   a * (T(k) - 1) + b < k * 2**f

for every k whose threshold lies inside, and the results at both ends are right (or clipped anyway). For a given f these
are linear conditions on the integers a and b; the least f for which they have a solution is found for each channel.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray

MAX_FRACTION = 56
"""Most fraction bits that are tried."""
MAX_PRODUCT = 2.0**61
"""Products of factor and input stay below this, so that they fit int64."""
MAX_THRESHOLDS = 1 << 23
"""Most thresholds of one layer that are looked for."""
MAX_REACH = 1 << 40
"""Largest integer for which a step function is computed exactly in float64, with a factor of 13 bits to spare."""
KEPT = 512
"""Conditions of a channel that are tried first, where there are more; what they let pass is checked with all."""

Whole = NDArray[np.int64]
Steps = Callable[[RealArray], RealArray]
"""A step function of arrays (..., channels) of whole numbers, the same direction in all of a channel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MultiplierFit:
    """A multiplier and a summand for each channel: the result is floor(v * factor + summand), clipped.

    Attributes:
        factor: Factors, multiples of 2**-fraction.
        summand: Summands of the same form.
        fraction: Fraction bits.
    """

    factor: RealArray
    summand: RealArray
    fraction: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """What a fit must reproduce.

    Attributes:
        function: The step function.
        lows: Least input of each channel.
        highs: Largest input of each channel.
        least: Least result; the clip takes care of results below.
        most: Largest result.
    """

    function: Steps
    lows: Whole
    highs: Whole
    least: int
    most: int

    @property
    def num_thresholds(self) -> int:
        """Thresholds of all channels, at most."""
        spans = np.minimum(self.highs - self.lows, self.most - self.least)
        return int(spans.max(initial=0)) * len(self.lows)


def fit(problem: Problem) -> MultiplierFit | None:
    """Find the least fixed-point multiplier, and prove it.

    Args:
        problem: The step function and where it is needed.

    Returns:
        The fit, or None if the problem is too large or none was found.
    """
    reach = int(max(abs(int(problem.lows.min())), abs(int(problem.highs.max()))))
    if reach > MAX_REACH or problem.num_thresholds > MAX_THRESHOLDS:
        return None
    rising = directions(problem)
    conditions = borders(turned(problem, rising))
    factor, summand, fraction = _least(conditions)
    if (fraction < 0).any():
        return None
    found = MultiplierFit(
        factor=np.ldexp(factor * np.where(rising, 1.0, -1.0), -fraction),
        summand=np.ldexp(summand.astype(np.float64), -fraction),
        fraction=int(fraction.max(initial=0)),
    )
    return found if _agrees(problem, conditions, rising, found) else None


def directions(problem: Problem) -> NDArray[np.bool_]:
    """Return which channels rise (or are constant)."""
    ends = np.stack([problem.lows, problem.highs]).astype(np.float64)
    first, last = problem.function(ends)
    return np.asarray(last >= first)


def turned(problem: Problem, rising: NDArray[np.bool_]) -> Problem:
    """Return the problem in which every channel rises: falling ones read -v."""
    sign = np.where(rising, 1.0, -1.0)
    lows, highs = np.where(rising, problem.lows, -problem.highs), np.where(rising, problem.highs, -problem.lows)
    return Problem(
        function=lambda v: problem.function(v * sign), lows=lows, highs=highs, least=problem.least, most=problem.most
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Borders:
    """Conditions on a and b, shape (conditions, channels); those that a channel lacks are repeated ones.

    Attributes:
        at: Inputs where a result must have been reached.
        reached: That result.
        before: Inputs where a result must not have been reached.
        missed: That result.
        slope: Approximate factor of each channel.
    """

    at: Whole
    reached: Whole
    before: Whole
    missed: Whole
    slope: RealArray


def thresholds(problem: Problem) -> tuple[Whole, NDArray[np.bool_]]:
    """Return the least inputs that reach each result of a rising step function, by bisection.

    Returns:
        Thresholds of the results from the second one on, and which channels have them, both (results, channels).
    """
    first, last = problem.function(np.stack([problem.lows, problem.highs]).astype(np.float64)).astype(np.int64)
    count = max(int((last - first).max(initial=0)), 0)
    wanted = first + 1 + np.arange(count, dtype=np.int64)[:, None]
    low = np.broadcast_to(problem.lows, wanted.shape).copy()
    high = np.broadcast_to(problem.highs, wanted.shape).copy()
    while (high - low > 1).any():  # f(low) < wanted <= f(high)
        middle = (low + high) >> 1
        is_reached = problem.function(middle.astype(np.float64)) >= wanted
        high = np.where(is_reached, middle, high)
        low = np.where(is_reached, low, middle)
    return high, wanted <= last


def borders(problem: Problem) -> Borders:
    """Return the conditions that the thresholds of all results and channels are."""
    first, last = problem.function(np.stack([problem.lows, problem.highs]).astype(np.float64)).astype(np.int64)
    high, exists = thresholds(problem)
    wanted = first + 1 + np.arange(len(high), dtype=np.int64)[:, None]
    at = np.where(exists, high, problem.lows)
    reached = np.where(exists, wanted, first)
    before = np.where(exists, high - 1, problem.highs)
    missed = np.where(exists, wanted, last + 1)
    free_low, free_high = first <= problem.least, last >= problem.most
    # A result at the lower limit may be anything below it, one at the upper limit anything above.
    at = np.vstack([at, problem.lows])
    reached = np.vstack([np.where(exists, reached, _far(first, free_low, -1)), _far(first, free_low, -1)])
    before = np.vstack([before, problem.highs])
    missed = np.vstack([np.where(exists, missed, _far(last + 1, free_high, 1)), _far(last + 1, free_high, 1)])
    spread = np.maximum((problem.highs - problem.lows).astype(np.float64), 1.0)
    return Borders(at=at, reached=reached, before=before, missed=missed, slope=(last - first) / spread)


FAR = 1 << 16
"""Distance of a condition that is none, in results."""


def _far(values: Whole, is_free: NDArray[np.bool_], sign: int) -> Whole:
    return np.where(is_free, values + sign * FAR, values)


def _least(borders: Borders) -> tuple[Whole, Whole, Whole]:
    """Find the least fraction bits, and factor and summand with them, for each channel; -1 where there are none."""
    channels = borders.at.shape[1]
    factor, summand = np.zeros(channels, dtype=np.int64), np.zeros(channels, dtype=np.int64)
    fraction = np.full(channels, -1, dtype=np.int64)
    near, slope = _nearest(borders)
    reach = float(max(np.abs(borders.at).max(initial=1), np.abs(borders.before).max(initial=1)))
    for bits in range(MAX_FRACTION + 1):
        waiting = np.flatnonzero((fraction < 0) & (np.ldexp(slope + 1e-9, bits) * reach < MAX_PRODUCT))
        if not waiting.size:
            break
        a, low, high = _climbed(_take(near, waiting), slope[waiting], bits)
        promising = high >= low
        channels_left, a = waiting[promising], a[promising]
        if not channels_left.size:
            continue
        low, high = _room(_take(borders, channels_left), a, bits)
        good = high >= low
        found = channels_left[good]
        own = _take(borders, found)
        factor[found], fraction[found] = _simplest(own, a[good], bits), bits
        summand[found] = roundest(*_room(own, factor[found], bits))
    return factor, summand, fraction


def _nearest(borders: Borders) -> tuple[Borders, RealArray]:
    """Return the conditions that are nearest to the best line, and its slope."""
    count = len(borders.at)
    if count <= KEPT:
        return borders, _best_slope(borders)
    every = np.linspace(0, count - 1, KEPT).astype(np.intp)
    every = np.repeat(every[:, None], borders.at.shape[1], axis=1)
    for _ in range(2):
        slope = _best_slope(_rows(borders, every))
        low, high = borders.reached - slope * borders.at, borders.missed - slope * borders.before
        tight = np.concatenate([np.argsort(-low, axis=0)[: KEPT // 2], np.argsort(high, axis=0)[: KEPT // 2]])
        every = np.concatenate([tight, np.full((1, borders.at.shape[1]), count - 1)])
    return _rows(borders, every), slope


def _rows(borders: Borders, rows: NDArray[np.intp]) -> Borders:
    """Return some conditions of each channel."""
    at, reached, before, missed = (
        np.take_along_axis(getattr(borders, name), rows, axis=0) for name in ("at", "reached", "before", "missed")
    )
    return Borders(at=at, reached=reached, before=before, missed=missed, slope=borders.slope)


def _take(borders: Borders, channels: NDArray[np.intp]) -> Borders:
    return Borders(
        at=borders.at[:, channels],
        reached=borders.reached[:, channels],
        before=borders.before[:, channels],
        missed=borders.missed[:, channels],
        slope=borders.slope[channels],
    )


def _room(borders: Borders, factor: Whole, bits: int) -> tuple[Whole, Whole]:
    """Return the least and largest summand with which factors fulfil all conditions; none if the first is larger."""
    low = ((borders.reached << bits) - factor * borders.at).max(axis=0)
    high = ((borders.missed << bits) - 1 - factor * borders.before).min(axis=0)
    return low, high


def _best_slope(borders: Borders) -> RealArray:
    """Return the factor with the most room around it, in real numbers: the room is concave in the factor."""
    at, before = borders.at.astype(np.float64), borders.before.astype(np.float64)
    reached, missed = borders.reached.astype(np.float64), borders.missed.astype(np.float64)

    def room(slope: RealArray) -> RealArray:
        found: RealArray = (missed - slope * before).min(axis=0) - (reached - slope * at).max(axis=0)
        return found

    low = np.zeros_like(borders.slope)
    high = np.broadcast_to((borders.missed - borders.reached).max(axis=0) + 2.0 * FAR, low.shape).copy()
    for _ in range(200):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        is_right = room(first) < room(second)
        low, high = np.where(is_right, first, low), np.where(is_right, high, second)
    best: RealArray = (low + high) / 2
    return best


def _climbed(borders: Borders, slope: RealArray, bits: int) -> tuple[Whole, Whole, Whole]:
    """Return the whole factor with the most room, and the room: it is concave, so a climb ends at the best."""
    factor = np.rint(np.ldexp(slope, bits)).astype(np.int64)
    low, high = _room(borders, factor, bits)
    for step in (1, -1, 1, -1):
        for _ in range(4):
            trial = np.maximum(factor + step, 0)
            trial_low, trial_high = _room(borders, trial, bits)
            is_better = trial_high - trial_low > high - low
            if not is_better.any():
                break
            factor = np.where(is_better, trial, factor)
            low, high = np.where(is_better, trial_low, low), np.where(is_better, trial_high, high)
    return factor, low, high


def _simplest(borders: Borders, factor: Whole, bits: int) -> Whole:
    """Return the factor with the fewest shifted summands, and of those the least, that fulfils all conditions.

    Factors that do are an interval around a given one, because the room is concave in the factor.
    """
    low, high = (_edge(borders, factor, bits, sign) for sign in (-1, 1))
    best, cost = low.copy(), _digits(low)
    for shift in range(1, int(high.max(initial=1)).bit_length() + 1):
        step = np.int64(1) << shift
        trial = -(-low // step) * step
        digits = np.where(trial <= high, _digits(trial), MANY)
        best, cost = np.where(digits < cost, trial, best), np.minimum(digits, cost)
    return best


MANY = 99
"""More digits than any factor has."""


def _edge(borders: Borders, factor: Whole, bits: int, sign: int) -> Whole:
    """Return the last factor in one direction that fulfils all conditions, at most twice the given one."""
    good, bad = factor.copy(), 2 * factor + 1 if sign > 0 else np.full_like(factor, -1)
    while (np.abs(bad - good) > 1).any():
        middle = (good + bad) // 2
        low, high = _room(borders, middle, bits)
        is_good = high >= low
        good, bad = np.where(is_good, middle, good), np.where(is_good, bad, middle)
    return good


def _digits(values: Whole) -> Whole:
    """Count the digits that are not 0 in canonical signed-digit form, one more than a product needs adders."""
    digits: Whole = np.bitwise_count((3 * values) ^ values).astype(np.int64)
    return digits


def roundest(low: Whole, high: Whole) -> Whole:
    """Return the number from `low` to `high` with the most zeros at its end."""
    found = low.copy()
    for bits in range(62):
        step = np.int64(1) << bits
        rounded = -(-low // step) * step
        found = np.where(rounded <= high, rounded, found)
        if (rounded > high).all():
            break
    return found


def _agrees(problem: Problem, borders: Borders, rising: NDArray[np.bool_], found: MultiplierFit) -> bool:
    """Compare fit and function at both sides of every threshold and at both ends, which is everywhere."""
    sign = np.where(rising, 1, -1)
    places = np.vstack([borders.at, borders.before, problem.lows * sign, problem.highs * sign]) * sign
    wanted = np.clip(problem.function(places.astype(np.float64)), problem.least, problem.most)
    scale = np.ldexp(1.0, found.fraction)
    product = places * np.rint(found.factor * scale).astype(np.int64) + np.rint(found.summand * scale).astype(np.int64)
    got = np.clip(product >> found.fraction, problem.least, problem.most)
    return bool((got == wanted).all())
