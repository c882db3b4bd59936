"""A queue by whole scores for the compiled search for shared sums, which forgets the lowest ones when it is full.

Entries of one score are a linked list. When more than the limit wait, lists are dropped from the lowest score on until
half of the entries are free, and nothing below that floor is taken any more. Once all entries above it came out, the
search counts its patterns anew (`reopened`): by then most of those that were dropped are used no longer.
"""

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hlsexplore.support.compiled import compiled

MAX_SCORE = 1 << 20
"""Scores that the queue tells apart."""
FREE, USED, BEST, WAITING, FLOOR, HAS_DROPPED = range(6)
"""Places in the state: first free entry, entries ever used, a score that is not below any, entries that wait, least
score that is taken, and whether a pattern was dropped."""


@intrinsic  # type: ignore[untyped-decorator]
def _highest(typing_context: Any, word: Any) -> Any:
    """Return the place of the highest one of a 64-bit word that is not 0, by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (word,) = arguments
        return builder.sub(word.type(63), builder.ctlz(word, cgutils.false_bit))

    return types.int64(types.uint64), generate


@compiled
def empty_queue(limit: Any) -> Any:
    """Return a queue of at most `limit` patterns and its state."""
    state = np.zeros(6, dtype=np.int64)
    state[FREE] = -1
    entries, heads = np.empty((limit, 5), dtype=np.int32), np.full(MAX_SCORE, -1, dtype=np.int32)
    return (entries, heads, np.zeros(MAX_SCORE // 64, dtype=np.uint64)), state


@compiled
def _forget(queue: Any, state: Any) -> None:
    """Drop the patterns of the lowest scores, half of all, and take nothing as low any more."""
    entries, heads, filled = queue
    while state[WAITING] > entries.shape[0] // 2:
        score = state[FLOOR]
        entry = heads[score]
        while entry >= 0:
            after = entries[entry, 4]
            entries[entry, 4], state[FREE] = state[FREE], entry
            entry = after
            state[WAITING] -= 1
        heads[score] = -1
        filled[score >> 6] &= ~(np.uint64(1) << np.uint64(score & 63))
        state[FLOOR] += 1
    state[HAS_DROPPED] = 1


@compiled
def push(queue: Any, state: Any, score: Any, pattern: Any) -> None:
    """Put a pattern (a, b, distance, is_difference) into the queue unless its score is too low."""
    entries, heads, filled = queue
    score = min(score, heads.shape[0] - 1)
    if state[WAITING] == entries.shape[0]:
        _forget(queue, state)
    if score < state[FLOOR]:
        state[HAS_DROPPED] = 1
        return
    if state[FREE] >= 0:
        entry, state[FREE] = state[FREE], entries[state[FREE], 4]
    else:
        entry, state[USED] = state[USED], state[USED] + 1
    for index in range(4):
        entries[entry, index] = pattern[index]
    entries[entry, 4], heads[score] = heads[score], entry
    filled[score >> 6] |= np.uint64(1) << np.uint64(score & 63)
    state[BEST] = max(state[BEST], score >> 6)
    state[WAITING] += 1


@compiled
def pop(queue: Any, state: Any) -> Any:
    """Take a pattern of the best score, and the score that it had when it entered; the first number is -1: none."""
    entries, heads, filled = queue
    if state[WAITING]:
        while not filled[state[BEST]]:
            state[BEST] -= 1
        score = (state[BEST] << 6) + _highest(filled[state[BEST]])
        entry = heads[score]
        heads[score] = entries[entry, 4]
        if heads[score] < 0:
            filled[score >> 6] &= ~(np.uint64(1) << np.uint64(score & 63))
        entries[entry, 4], state[FREE] = state[FREE], entry
        state[WAITING] -= 1
        return (entries[entry, 0], entries[entry, 1], entries[entry, 2], entries[entry, 3]), score
    return (np.int32(-1), np.int32(-1), np.int32(0), np.int32(0)), np.int64(0)


@compiled
def reopened(state: Any) -> Any:
    """Let an empty queue take every score again; whether any was dropped before."""
    had, state[HAS_DROPPED], state[FLOOR], state[BEST] = state[HAS_DROPPED], 0, 0, 0
    return had
