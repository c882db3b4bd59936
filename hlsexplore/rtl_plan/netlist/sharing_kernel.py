"""Compiled search for common subexpressions of a constant matrix; imported only when a matrix is solved.

A digit of the matrix is a term of a column: an expression (a row, or the sum of two others), a shift and a sign. The
digits of an expression at one shift are two bit planes over the columns, so that the uses of a pattern (a + (b << d)
or a - (b << d)) in all columns are counted by a few population counts. Each column also lists its digits, from which
the patterns of a new expression are counted, since most have digits in few columns. The number of uses of a pattern of
old expressions never grows, so the queue (`sharing_queue.py`) holds the count that was right when a pattern entered it,
and counts again when the pattern comes out.

Nothing here returns arrays or tuples of them in a loop: numba counts references to each, which took half of the time.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from hlsexplore.rtl_plan.netlist.sharing_queue import FLOOR, HAS_DROPPED, empty_queue, pop, push, reopened
from hlsexplore.support.compiled import compiled

LEAST_LIMIT, LIMIT = 1 << 12, 8
"""Patterns that the queue holds, and those more for each digit: eight times as many take as long and save 0.1 %."""
EACH_USE = 8
"""Bits that a use counts as more than it saves: 1 % fewer adders of as many LUTs than without."""
MIN_USES = 2
"""A sum that is used once saves nothing."""
LEVELS = 16
"""Depths that the order of the queue tells apart, and fractions of a use."""
MAX_OVERLAP = 63
"""Bits beyond which the overlap of two operands no longer counts."""
DENSE = 8
"""Digits of listed columns that take the time of one expression in bit planes."""
DIGIT_BITS = 7
"""Bits of a listed digit below its expression: six for the shift, one for the sign."""


@intrinsic  # type: ignore[untyped-decorator]
def _ones(typing_context: Any, word: Any) -> Any:
    """Count the ones of a 64-bit word by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@compiled
def _lowest(word: Any) -> Any:
    """Return the place of the lowest one of a word that has one."""
    return _ones((word & (~word + np.uint64(1))) - np.uint64(1))


@compiled
def _open(open_: Any, room: Any, column: Any) -> None:
    """Mark for each pair of depths whether a column stays shallow enough when two digits of them become one."""
    word, bit = column // 64, np.uint64(1) << np.uint64(column % 64)
    for low in range(open_.shape[0]):
        for high in range(low, open_.shape[0]):
            if room[column] >= (1 << high) - (1 << low):
                open_[low, high, word] |= bit
            else:
                open_[low, high, word] &= ~bit


@compiled
def _uses(planes: Any, spans: Any, pattern: Any, open_: Any, low: Any, high: Any) -> Any:
    """Count the places of a pattern (a, b, distance, is_difference) in columns that can take it."""
    a, b, distance, opposite = pattern
    count = 0
    for shift in range(max(spans[a, 0], spans[b, 0] - distance), min(spans[a, 1], spans[b, 1] - distance) + 1):
        for word in range(planes.shape[3]):
            count += _ones(
                (
                    (planes[a, shift, 0, word] & planes[b, shift + distance, opposite, word])
                    | (planes[a, shift, 1, word] & planes[b, shift + distance, 1 - opposite, word])
                )
                & open_[low, high, word]
            )
    return count


@compiled
def _refresh(planes: Any, spans: Any, row: Any) -> None:
    """Set the span of shifts in which an expression still has digits."""
    low, high = planes.shape[1], -1
    for shift in range(planes.shape[1]):
        for word in range(planes.shape[3]):
            if planes[row, shift, 0, word] | planes[row, shift, 1, word]:
                low, high = min(low, shift), max(high, shift)
    spans[row, 0], spans[row, 1] = low, high


@compiled
def _count_listed(planes: Any, spans: Any, lists: Any, x: Any, counts: Any, touched: Any, met: Any) -> Any:
    """Count the patterns of an expression with itself and those before it, from the lists of its columns.

    Returns:
        How many of `touched` were set, to places of the flat `counts` that are no longer 0.
    """
    (digits, lengths), num_shifts, num_touched = lists, planes.shape[1], 0
    met[: x + 1] = 0
    for is_second in range(2):
        for shift in range(spans[x, 0], spans[x, 1] + 1):
            for sign in range(2):
                for word in range(planes.shape[3]):
                    bits = planes[x, shift, sign, word]
                    while bits:
                        column = 64 * word + _lowest(bits)
                        bits &= bits - np.uint64(1)
                        if not is_second:
                            for place in range(lengths[column]):
                                y = digits[column, place] >> DIGIT_BITS
                                met[y] = min(met[y] + 1, 2)
                            continue
                        for place in range(lengths[column]):
                            digit = digits[column, place]
                            y, other = digit >> DIGIT_BITS, (digit >> 1) & 63
                            if met[y] < MIN_USES or y > x or (y == x and other <= shift):
                                continue
                            at = ((y * (2 * num_shifts) + num_shifts + other - shift) << 1) + ((digit & 1) ^ sign)
                            if not counts[at]:
                                touched[num_touched] = at
                                num_touched += 1
                            counts[at] += 1
    return num_touched


@compiled
def _merge(planes: Any, spans: Any, pattern: Any, new: Any, lists: Any, depths: Any, rooms: Any) -> None:
    """Replace every place of a pattern, in columns that can take it, by a digit of the new expression."""
    a, b, distance, opposite = pattern
    room, open_ = rooms
    low, high = min(depths[a], depths[b]), max(depths[a], depths[b])
    for shift in range(max(spans[a, 0], spans[b, 0] - distance), min(spans[a, 1], spans[b, 1] - distance) + 1):
        other = shift + distance
        for word in range(planes.shape[3]):
            for sign in range(2):
                crossed = sign ^ opposite
                found = planes[a, shift, sign, word] & planes[b, other, crossed, word] & open_[low, high, word]
                planes[a, shift, sign, word] &= ~found
                planes[b, other, crossed, word] &= ~found
                planes[new, shift, sign, word] = found
                while found:
                    column = 64 * word + _lowest(found)
                    found &= found - np.uint64(1)
                    _drop(lists, column, (((a << 6) + shift) << 1) + sign)
                    _drop(lists, column, (((b << 6) + other) << 1) + crossed)
                    lists[0][column, lists[1][column]] = (((new << 6) + shift) << 1) + sign
                    lists[1][column] += 1
                    if high > low:
                        room[column] -= (1 << high) - (1 << low)
                        _open(open_, room, column)


@compiled
def _drop(lists: Any, column: Any, digit: Any) -> None:
    """Take a digit out of a column's list."""
    digits, lengths = lists
    for place in range(lengths[column]):
        if digits[column, place] == digit:
            lengths[column] -= 1
            digits[column, place] = digits[column, lengths[column]]
            return


@compiled
def _listed(planes: Any, num_rows: Any, num_columns: Any) -> Any:
    """List the digits of each column."""
    lengths = np.zeros(num_columns, dtype=np.int64)
    digits = np.empty((num_columns, 0), dtype=np.int32)
    for is_final in range(2):
        lengths[:] = 0
        for row in range(num_rows):
            for shift in range(planes.shape[1]):
                for sign in range(2):
                    for column in range(num_columns):
                        if planes[row, shift, sign, column // 64] >> np.uint64(column % 64) & np.uint64(1):
                            if is_final:
                                digits[column, lengths[column]] = (((row << 6) + shift) << 1) + sign
                            lengths[column] += 1
        if not is_final:
            digits = np.empty((num_columns, lengths.max()), dtype=np.int32)
    return digits, lengths


@compiled
def _score(count: Any, overlap: Any, depth: Any, deeper: Any) -> Any:
    """Rate a pattern: the bits that its uses save and some more each, and for deeper expressions, which then grow on.

    An adder takes a LUT for each bit in which both operands overlap; of equal savings the deeper pattern comes first.
    """
    bits = EACH_USE + min(MAX_OVERLAP, max(1, int(np.ceil(overlap))))
    return int(LEVELS * bits * (count + deeper * depth)) + min(LEVELS - 1, depth)


@compiled
def _queue_dense(search: Any, x: Any) -> None:
    """Queue the patterns of an expression with itself and those before it, from the bit planes of all."""
    queue, state, planes, spans, (depths, widths), deeper = search
    num_shifts = planes.shape[1]
    counts = np.zeros((2 * num_shifts + 1, 2), dtype=np.int64)
    for y in range(x + 1):
        first, last = spans[y, 0] - spans[x, 1], spans[y, 1] - spans[x, 0]
        for s in range(spans[x, 0], spans[x, 1] + 1):
            for word in range(planes.shape[3]):
                plus, minus = planes[x, s, 0, word], planes[x, s, 1, word]
                if not plus | minus:
                    continue
                for t in range(s + 1 if x == y else spans[y, 0], spans[y, 1] + 1):
                    other_plus, other_minus = planes[y, t, 0, word], planes[y, t, 1, word]
                    counts[num_shifts + t - s, 0] += _ones((plus & other_plus) | (minus & other_minus))
                    counts[num_shifts + t - s, 1] += _ones((plus & other_minus) | (minus & other_plus))
        for distance in range(first, last + 1):
            for opposite in range(2):
                count = counts[num_shifts + distance, opposite]
                counts[num_shifts + distance, opposite] = 0
                if count >= MIN_USES:
                    a, b = (x, y) if distance >= 0 else (y, x)
                    overlap = min(widths[a] - abs(distance), widths[b])
                    score = _score(count, overlap, max(depths[a], depths[b]), deeper)
                    if score >= state[FLOOR]:
                        push(queue, state, score, (a, b, abs(distance), opposite))
                    else:
                        state[HAS_DROPPED] = 1


@compiled
def _queue_listed(search: Any, lists: Any, x: Any, scratch: Any) -> None:
    """Queue the patterns of an expression with itself and those before it, from the lists of its columns."""
    queue, state, planes, spans, (depths, widths), deeper = search
    (counts, touched, met), num_shifts = scratch, planes.shape[1]
    for index in range(_count_listed(planes, spans, lists, x, counts, touched, met)):
        at = touched[index]
        count = counts[at]
        counts[at] = 0
        if count >= MIN_USES:
            y, distance = (at >> 1) // (2 * num_shifts), (at >> 1) % (2 * num_shifts) - num_shifts
            a, b = (x, y) if distance >= 0 else (y, x)
            overlap = min(widths[a] - abs(distance), widths[b])
            score = _score(count, overlap, max(depths[a], depths[b]), deeper)
            if score >= state[FLOOR]:
                push(queue, state, score, (a, b, abs(distance), at & 1))
            else:
                state[HAS_DROPPED] = 1


@compiled
def _queue_all(search: Any, lists: Any, x: Any, scratch: Any) -> None:
    """Queue the patterns of an expression with itself and those before it, the way that takes fewer steps."""
    _, _, planes, spans, _, _ = search
    steps = 0
    for shift in range(spans[x, 0], spans[x, 1] + 1):
        for word in range(planes.shape[3]):
            steps += _ones(planes[x, shift, 0, word] | planes[x, shift, 1, word])
    mean = 0
    for column in range(len(lists[1])):
        mean += lists[1][column]
    if steps * mean > DENSE * (x + 1) * len(lists[1]):
        _queue_dense(search, x)
    elif steps > 1:
        _queue_listed(search, lists, x, scratch)


@compiled
def _opened(room: Any, lengths: Any, words: Any) -> Any:
    """Return for each pair of depths the columns that stay shallow enough when two digits of them become one."""
    top = 2
    for column in range(len(room)):
        while 1 << (top - 1) < room[column] + lengths[column]:
            top += 1
    open_ = np.zeros((top, top, words), dtype=np.uint64)
    for column in range(len(room)):
        _open(open_, room, column)
    return open_


@compiled
def share(planes: Any, facts: Any, num_rows: Any, room: Any, deeper: Any, stop: Any) -> Any:
    """Replace the pattern that saves most by an expression of its own, until no pattern is used twice.

    Args:
        planes: uint64 bit planes of the digits, shape (expressions, shifts, 2 for plus and minus, words of columns);
            the first `num_rows` expressions are the rows, the others are empty and get filled. Left as what remains.
        facts: Two arrays of shape (expressions,), filled in for the new ones: int64 adders before an expression, and
            float64 binary logarithm of the number of its values.
        num_rows: Rows of the matrix.
        room: int64, shape (columns,): how much the sum of 2**depth over a column's digits may grow. A tree of them is
            at most log2 of that sum deep (Kraft's inequality). Used up in place.
        deeper: Uses that a pattern counts as more for each adder before it.
        stop: int64, shape (1,): ends the search, without a result, once it is not 0.

    Returns:
        int32 array (new expressions, 4): a, b, distance, is_difference of each, in order.
    """
    depths, widths = facts
    spans = np.empty((planes.shape[0], 2), dtype=np.int64)
    for row in range(num_rows):
        _refresh(planes, spans, row)
    lists = _listed(planes, num_rows, len(room))
    open_ = _opened(room, lists[1], planes.shape[3])
    counts = np.zeros(planes.shape[0] * 4 * planes.shape[1], dtype=np.int32)
    scratch = counts, np.empty(counts.size, dtype=np.int32), np.zeros(planes.shape[0], dtype=np.int8)
    made = np.empty((planes.shape[0] - num_rows, 4), dtype=np.int32)
    queue, state = empty_queue(LEAST_LIMIT + LIMIT * lists[1].sum())
    search = queue, state, planes, spans, facts, deeper
    fresh, size = 0, num_rows
    while size < planes.shape[0]:
        for x in range(fresh, size if not stop[0] else 0):
            _queue_all(search, lists, x, scratch)
        fresh = size
        if stop[0]:
            return made[:0].copy()
        pattern, before = pop(queue, state)
        if pattern[0] < 0:
            if not reopened(state):
                break
            fresh = 0
            continue
        a, b, distance = pattern[0], pattern[1], pattern[2]
        low, high = min(depths[a], depths[b]), max(depths[a], depths[b])
        count = _uses(planes, spans, pattern, open_, low, high)
        score = _score(count, min(widths[a] - distance, widths[b]), high, deeper)
        if count < MIN_USES:
            continue
        if score < before:
            push(queue, state, score, pattern)
            continue
        for index in range(4):
            made[size - num_rows, index] = pattern[index]
        _merge(planes, spans, pattern, size, lists, depths, (room, open_))
        depths[size] = high + 1
        widths[size] = np.log2(2.0 ** widths[a] + (2.0 ** widths[b] - 1.0) * 2.0**distance)
        for changed in (a, b, np.int32(size)):
            _refresh(planes, spans, changed)
        size += 1
    return made[: size - num_rows].copy()
