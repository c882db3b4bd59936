"""Compiled casts of float carriers and softmax in one pass each; imported only for blocks that repay loading them."""

from typing import Any

import numpy as np
from numba import njit

from hlsexplore.support.compiled import compiled

TILE = 256
"""Samples computed together: a tile of every class stays in the first-level cache."""


@compiled
def requantize_values(values: Any, offset: Any, is_rint: Any, wraps: Any, numbers: Any) -> None:
    """Cast integers in floats in place; every step must be exact in their dtype.

    A single array is read and written, so that the compiler knows that nothing overlaps and uses vectors.

    Args:
        values: float32 or float64, shape (rows, columns).
        offset: Added to every row first, shape (columns,), or None.
        is_rint: Whether ties go to even; else `floor` of the value plus `add`.
        wraps: Whether to wrap before the clip.
        numbers: (scale, add, first, base, inverse, turn, low, high) in the dtype of `values`: v * scale + add is
            rounded, raised to at least `first`, reduced to [base, base + turn) where it wraps, clipped to [low, high].
    """
    scale, add, first, base, inverse, turn, low, high = numbers
    for r in range(values.shape[0]):
        row = values[r]
        if wraps and is_rint:
            for i in range(row.shape[0]):
                v = row[i] if offset is None else row[i] + offset[i]
                v = max(np.rint(v * scale), first)
                v = v - np.floor((v - base) * inverse) * turn
                row[i] = min(max(v, low), high)
        elif wraps:
            for i in range(row.shape[0]):
                v = row[i] if offset is None else row[i] + offset[i]
                v = max(np.floor(v * scale + add), first)
                v = v - np.floor((v - base) * inverse) * turn
                row[i] = min(max(v, low), high)
        elif is_rint:
            for i in range(row.shape[0]):
                v = row[i] if offset is None else row[i] + offset[i]
                row[i] = min(max(max(np.rint(v * scale), first), low), high)
        else:
            for i in range(row.shape[0]):
                v = row[i] if offset is None else row[i] + offset[i]
                row[i] = min(max(max(np.floor(v * scale + add), first), low), high)


@compiled
def requantize_columns(values: Any, out: Any, is_rint: Any, wraps: Any, numbers: Any, terms: Any) -> None:
    """Cast integers in floats, each column to a type of its own; every step must be exact in the dtype of `out`.

    Args:
        values: float32 or float64, shape (rows, columns).
        out: Results, the same shape.
        is_rint: As in `requantize_values`.
        wraps: As in `requantize_values`.
        numbers: (add, first): v * scale + add is rounded, from the larger of v and `first`.
        terms: (scale, low, inverse, turn, high, lift) of each column: rounded values are reduced to [low, low + turn)
            where they wrap, clipped to [low, high], and multiplied by lift.
    """
    scale, low, inverse, turn, high, lift = terms
    add, first = numbers
    for r in range(values.shape[0]):
        row, to = values[r], out[r]
        for i in range(row.shape[0]):
            v = max(row[i], first) * scale[i]
            v = np.rint(v) if is_rint else np.floor(v + add)
            if wraps:
                v = v - np.floor((v - low[i]) * inverse[i]) * turn[i]
            to[i] = min(max(v, low[i]), high[i]) * lift[i]


@compiled
def requantize_rows(values: Any, out: Any, is_rint: Any, wraps: Any, numbers: Any, terms: Any) -> None:
    """Cast as `requantize_columns` does, each row to a type of its own."""
    add, first = numbers
    for r in range(values.shape[0]):
        row, to = values[r], out[r]
        scale, low, inverse, turn, high, lift = (
            terms[0][r],
            terms[1][r],
            terms[2][r],
            terms[3][r],
            terms[4][r],
            terms[5][r],
        )
        for i in range(row.shape[0]):
            v = max(row[i], first) * scale
            v = np.rint(v) if is_rint else np.floor(v + add)
            if wraps:
                v = v - np.floor((v - low) * inverse) * turn
            to[i] = min(max(v, low), high) * lift


@compiled
def quantize(x: Any, is_rint: Any, wraps: Any, numbers: Any, out: Any) -> None:
    """Cast real values whose size in units of the last bit is below 2**52, or of any size where they are clipped.

    Args:
        x: float64, shape (count,).
        is_rint: As in `requantize_values`.
        wraps: As in `requantize_values`.
        numbers: As in `requantize_values`, float64.
        out: float32 or float64, shape (count,).
    """
    scale, add, _, base, inverse, turn, low, high = numbers
    if wraps and is_rint:
        for i in range(x.shape[0]):
            v = np.rint(x[i] * scale)
            out[i] = v - np.floor((v - base) * inverse) * turn
    elif wraps:
        for i in range(x.shape[0]):
            v = np.floor(x[i] * scale + add)
            out[i] = v - np.floor((v - base) * inverse) * turn
    elif is_rint:
        for i in range(x.shape[0]):
            out[i] = np.rint(min(max(x[i] * scale, low), high))
    else:
        for i in range(x.shape[0]):
            out[i] = np.floor(min(max(x[i] * scale, low), high) + add)


@compiled
def softmax(
    x: Any, is_stable: Any, exp: Any, inverse: Any, terms: Any, is_rint: Any, wraps: Any, numbers: Any, out: Any
) -> None:
    """Compute a softmax of each row by tables; every step of sums and indices must be exact in 32 bits.

    Args:
        x: Raw logits, integers in floats, shape (rows, classes).
        is_stable: Whether to subtract each row's largest logit.
        exp: int32 entries in the accumulator type, shape (2**bits,).
        inverse: float64 entries, shape (2**bits,).
        terms: int32 numbers; see `softmax._Kernel`.
        is_rint: As in `requantize_values`, for the products.
        wraps: As in `requantize_values`.
        numbers: As in `requantize_values`, float64.
        out: Results of any dtype, shape (rows, classes).
    """
    reach, drop, last, inverse_drop = terms[0], np.int32(terms[1] & 31), terms[2], np.int32(terms[3] & 31)
    up, add, negative, odd, down = np.int32(terms[4] & 31), terms[5], terms[6], terms[7], np.int32(terms[8] & 31)
    # Numbers, not parts of the array: stores into tiles could change what is read from memory.
    to_accum = np.int32(terms[9] & 31), terms[10], terms[11], terms[12], terms[13] != 0
    to_sum = np.int32(terms[14] & 31), terms[15], terms[16], terms[17], terms[18] != 0
    sign = np.int32(31)
    (rows, classes), flat = x.shape, x.reshape(-1)
    entries, sums = np.empty((classes, TILE), np.int32), np.empty((classes, TILE), np.int32)
    products, factor, top = np.empty((classes, TILE)), np.empty(TILE), np.empty(TILE, np.int32)
    for start in range(0, rows, TILE):
        count = min(TILE, rows - start)
        for c in range(classes):
            for r in range(count):
                entries[c, r] = np.int32(flat[(start + r) * classes + c])
        top[:count] = entries[0, :count]
        for c in range(1, classes):
            for r in range(count):
                top[r] = max(top[r], entries[c, r])
        for c in range(classes):
            if is_stable:
                for r in range(count):
                    entries[c, r] = np.int32(min(np.int32(top[r] - entries[c, r]), reach) >> drop)
            else:
                for r in range(count):
                    entries[c, r] = np.int32(np.int32(entries[c, r] >> drop) & reach)
            for r in range(count):  # an index without a sign is not looked at for one
                entries[c, r] = sums[c, r] = exp[np.uint32(entries[c, r])]
        _add_in_tree(sums, count, to_accum)
        for r in range(count):
            v = np.int32(sums[0, r] << up)
            v = np.int32(np.int32(v + add) + np.int32(np.int32(v >> sign) & negative))
            v = np.int32(np.int32(v + np.int32(np.int32(np.int32(sums[0, r] << up) >> down) & odd)) >> down)
            factor[r] = inverse[np.uint32(np.int32(np.int32(_hold32(v, to_sum) >> inverse_drop) & last))]
        for c in range(classes):
            for r in range(count):
                products[c, r] = entries[c, r] * factor[r]
        requantize_values(products[:, :count], None, is_rint, wraps, numbers)
        for r in range(count):
            for c in range(classes):
                out[start + r, c] = products[c, r]


@njit  # type: ignore[untyped-decorator]
def _add_in_tree(sums: Any, count: Any, to_accum: Any) -> None:
    """Add int32 rows into the first: neighbours, level by level; the last of an odd number waits."""
    left = sums.shape[0]
    while left > 1:
        for pair in range(left // 2):
            for r in range(count):
                sums[pair, r] = _hold32(np.int32(sums[2 * pair, r] + sums[2 * pair + 1, r]), to_accum)
        if left % 2:
            sums[left // 2] = sums[left - 1]
        left = (left + 1) // 2


@njit  # type: ignore[untyped-decorator]
def _hold32(v: Any, terms: Any) -> Any:
    """Bring one int32 into a type's range: lift and mask that wrap, least and largest value, whether others are 0."""
    lift, mask, low, high, zeroes = terms
    v = np.int32(np.int32(np.int32(v << lift) >> lift) & mask)
    inside = min(max(v, low), high)
    return np.int32(0) if zeroes and v != inside else inside


@njit  # type: ignore[untyped-decorator]
def hold(v: Any, terms: Any) -> Any:
    """Bring one int64 into a type's range by `carrier.hold_terms`."""
    lift, mask, low, high, zeroes = terms
    v = ((v << lift) >> lift) & mask
    if zeroes:
        return v if low <= v <= high else 0
    return min(max(v, low), high)
