"""Compiled search for common subexpressions of a constant matrix; imported only when a matrix is solved.

A digit of the matrix is a term of a column: an expression (a row, or the sum of two others), a shift and a sign. The
digits of an expression at one shift are two bit planes over the columns, so that the uses of a pattern (a + (b << d)
or a - (b << d)) in all columns are counted by a few population counts. The number of uses of a pattern of old
expressions never grows, so the queue holds the count that was right when a pattern entered it, and counts again when
the pattern comes out.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from hlsexplore.support.compiled import compiled

MIN_USES = 2
"""A sum that is used once saves nothing."""
LEVELS = 16
"""Depths that the order of the queue tells apart, and fractions of a use."""
MAX_OVERLAP = 63
"""Bits beyond which the overlap of two operands no longer counts."""
MAX_SCORE = 1 << 22
"""Scores that the queue tells apart."""


@intrinsic  # type: ignore[untyped-decorator]
def _ones(typing_context: Any, word: Any) -> Any:
    """Count the ones of a 64-bit word by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@compiled
def _with_room(room: Any, cost: Any, word: Any) -> Any:
    """Return the columns of a word that stay shallow enough when their bound grows by `cost`."""
    if cost == 0:
        return ~np.uint64(0)
    found = np.uint64(0)
    for column in range(64 * word, min(64 * word + 64, len(room))):
        if room[column] >= cost:
            found |= np.uint64(1) << np.uint64(column - 64 * word)
    return found


@compiled
def _uses(planes: Any, spans: Any, pattern: Any, room: Any, cost: Any) -> Any:
    """Count the places of a pattern (a, b, distance, is_difference) in columns that can take it."""
    a, b, distance, opposite = pattern
    count = 0
    open_words = np.empty(planes.shape[3], dtype=np.uint64)
    for word in range(planes.shape[3]):
        open_words[word] = _with_room(room, cost, word)
    for shift in range(max(spans[a, 0], spans[b, 0] - distance), min(spans[a, 1], spans[b, 1] - distance) + 1):
        for word in range(planes.shape[3]):
            count += _ones(
                (
                    (planes[a, shift, 0, word] & planes[b, shift + distance, opposite, word])
                    | (planes[a, shift, 1, word] & planes[b, shift + distance, 1 - opposite, word])
                )
                & open_words[word]
            )
    return count


@compiled
def _refresh(planes: Any, spans: Any, masks: Any, row: Any) -> None:
    """Set the columns and the span of shifts in which an expression still has digits."""
    low, high = planes.shape[1], -1
    masks[row, :] = np.uint64(0)
    for shift in range(planes.shape[1]):
        for word in range(planes.shape[3]):
            both = planes[row, shift, 0, word] | planes[row, shift, 1, word]
            masks[row, word] |= both
            if both:
                low, high = min(low, shift), max(high, shift)
    spans[row, 0], spans[row, 1] = low, high


@compiled
def _meets(masks: Any, x: Any, y: Any, least: Any) -> Any:
    """Tell whether two expressions have digits in at least so many columns in common."""
    for word in range(masks.shape[1]):
        least -= _ones(masks[x, word] & masks[y, word])
        if least <= 0:
            return True
    return False


@compiled
def _count_pairs(planes: Any, spans: Any, x: Any, y: Any, counts: Any) -> None:
    """Count the patterns of two expressions: counts[opposite, shift of y - shift of x + number of shifts]."""
    middle = planes.shape[1]
    counts[:, middle + spans[y, 0] - spans[x, 1] : middle + spans[y, 1] - spans[x, 0] + 1] = 0
    for s in range(spans[x, 0], spans[x, 1] + 1):
        for word in range(planes.shape[3]):
            plus, minus = planes[x, s, 0, word], planes[x, s, 1, word]
            if not plus | minus:
                continue
            for t in range(spans[y, 0], spans[y, 1] + 1):
                other_plus, other_minus = planes[y, t, 0, word], planes[y, t, 1, word]
                if (plus | minus) & (other_plus | other_minus):
                    counts[0, middle + t - s] += _ones((plus & other_plus) | (minus & other_minus))
                    counts[1, middle + t - s] += _ones((plus & other_minus) | (minus & other_plus))


@compiled
def _merge(planes: Any, spans: Any, pattern: Any, new: Any, room: Any, cost: Any) -> None:
    """Replace every place of a pattern, in columns that can take it, by a digit of the new expression."""
    a, b, distance, opposite = pattern
    for shift in range(max(spans[a, 0], spans[b, 0] - distance), min(spans[a, 1], spans[b, 1] - distance) + 1):
        other = shift + distance
        for word in range(planes.shape[3]):
            open_ = _with_room(room, cost, word)
            plus = planes[a, shift, 0, word] & planes[b, other, opposite, word] & open_
            minus = planes[a, shift, 1, word] & planes[b, other, 1 - opposite, word] & open_
            if plus | minus:
                for column in range(64 * word, min(64 * word + 64, len(room))):
                    if (plus | minus) >> np.uint64(column - 64 * word) & np.uint64(1):
                        room[column] -= cost
                left = ~(plus | minus)
                for sign in range(2):
                    planes[a, shift, sign, word] &= left
                    planes[b, other, sign, word] &= left
                planes[new, shift, 0, word], planes[new, shift, 1, word] = plus, minus


@compiled
def _grown(entries: Any) -> Any:
    """Return a table of entries with twice the room."""
    larger = np.empty((2 * entries.shape[0], entries.shape[1]), dtype=np.int32)
    larger[: entries.shape[0]] = entries
    return larger


@compiled
def _score(count: Any, a: Any, b: Any, distance: Any, facts: Any, deeper: Any) -> Any:
    """Rate a pattern: the bits that its uses save, somewhat more for deeper expressions, which then grow on.

    An adder takes a LUT for each bit in which both operands overlap; of equal savings the deeper pattern comes first.
    """
    depths, reach = facts
    top = min(np.log2(reach[a] + 1.0), np.log2(reach[b] + 1.0) + distance)
    overlap = min(MAX_OVERLAP, max(1, int(np.ceil(top)) - distance))
    depth = max(depths[a], depths[b])
    return int(LEVELS * overlap * (count + deeper * depth)) + min(LEVELS - 1, depth)


@compiled
def _push(queue: Any, state: Any, score: Any, pattern: Any) -> Any:
    """Put a pattern into the queue and return the queue, which may have grown; state is [free, used, best]."""
    entries, heads = queue
    if state[0] >= 0:
        entry, state[0] = state[0], entries[state[0], 4]
    else:
        if state[1] == entries.shape[0]:
            entries = _grown(entries)
        entry, state[1] = state[1], state[1] + 1
    for index in range(4):
        entries[entry, index] = pattern[index]
    score = min(score, heads.shape[0] - 1)
    entries[entry, 4], heads[score] = heads[score], entry
    state[2] = max(state[2], score)
    return entries, heads


@compiled
def _pop(queue: Any, state: Any) -> Any:
    """Take the best entry from the queue: a, b, distance, is_difference and the score that it had; a < 0: none."""
    entries, heads = queue
    while state[2] > 0:
        entry = heads[state[2]]
        if entry < 0:
            state[2] -= 1
            continue
        heads[state[2]] = entries[entry, 4]
        entries[entry, 4], state[0] = state[0], entry
        return (entries[entry, 0], entries[entry, 1], entries[entry, 2], entries[entry, 3]), state[2]
    return (np.int32(-1), np.int32(-1), np.int32(0), np.int32(0)), 0


@compiled
def _push_pairs(queue: Any, state: Any, pair: Any, spans: Any, counts: Any, facts: Any, deeper: Any) -> Any:
    """Queue the patterns of two expressions that are used often enough; return the queue, which may be a larger one."""
    (x, y), zero = pair, counts.shape[1] // 2
    for distance in range(1 if x == y else spans[y, 0] - spans[x, 1], spans[y, 1] - spans[x, 0] + 1):
        a, b = (x, y) if distance >= 0 else (y, x)
        for opposite in range(2):
            count = counts[opposite, zero + distance]
            if count >= MIN_USES:
                score = _score(count, a, b, abs(distance), facts, deeper)
                queue = _push(queue, state, score, (a, b, abs(distance), opposite))
    return queue


@compiled
def share(planes: Any, facts: Any, num_rows: Any, room: Any, deeper: Any, stop: Any) -> Any:
    """Replace the pattern that saves most by an expression of its own, until no pattern is used twice.

    Args:
        planes: uint64 bit planes of the digits, shape (expressions, shifts, 2 for plus and minus, words of columns);
            the first `num_rows` expressions are the rows, the others are empty and get filled. Left as what remains.
        facts: Two arrays of shape (expressions,), filled in for the new ones: int64 adders before an expression, and
            float64 largest minus smallest value of it.
        num_rows: Rows of the matrix.
        room: int64, shape (columns,): how much the sum of 2**depth over a column's digits may grow. A tree of them is
            at most log2 of that sum deep (Kraft's inequality). Used up in place.
        deeper: Uses that a pattern counts as more for each adder before it.
        stop: int64, shape (1,): ends the search, without a result, once it is not 0.

    Returns:
        int32 array (new expressions, 4): a, b, distance, is_difference of each, in order.
    """
    depths, reach = facts
    num_shifts, words = planes.shape[1], planes.shape[3]
    spans = np.empty((planes.shape[0], 2), dtype=np.int64)
    masks = np.zeros((planes.shape[0], words), dtype=np.uint64)
    for row in range(num_rows):
        _refresh(planes, spans, masks, row)
    counts = np.zeros((2, 2 * num_shifts + 1), dtype=np.int64)
    made = np.empty((planes.shape[0] - num_rows, 4), dtype=np.int32)
    queue = np.empty((1 << 16, 5), dtype=np.int32), np.full(MAX_SCORE, -1, dtype=np.int64)
    state = np.array([-1, 0, 0], dtype=np.int64)
    fresh, size = 0, num_rows
    while True:
        for x in range(fresh, size):
            # an expression with one digit a column meets another one once in a column
            least = MIN_USES if spans[x, 0] == spans[x, 1] else 1
            for y in range(x + 1 if not stop[0] else 0):
                if _meets(masks, x, y, least):
                    _count_pairs(planes, spans, x, y, counts)
                    queue = _push_pairs(queue, state, (x, y), spans, counts, facts, deeper)
        fresh = size
        if stop[0]:
            return made[:0].copy()
        pattern, before = _pop(queue, state)
        while pattern[0] >= 0:
            a, b = pattern[0], pattern[1]
            cost = abs((1 << depths[a]) - (1 << depths[b]))
            count = _uses(planes, spans, pattern, room, cost)
            score = _score(count, a, b, pattern[2], facts, deeper)
            if count >= MIN_USES and score >= before:
                break
            if count >= MIN_USES:
                queue = _push(queue, state, score, pattern)
            pattern, before = _pop(queue, state)
        if pattern[0] < 0 or size == planes.shape[0]:
            return made[: size - num_rows].copy()
        for index in range(4):
            made[size - num_rows, index] = pattern[index]
        _merge(planes, spans, pattern, size, room, cost)
        depths[size] = max(depths[a], depths[b]) + 1
        reach[size] = reach[a] + reach[b] * 2.0 ** pattern[2]
        for changed in (pattern[0], pattern[1], np.int32(size)):
            _refresh(planes, spans, masks, changed)
        size += 1
