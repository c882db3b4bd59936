"""Compiled kernels for matrix products whose every product is rounded; imported only when such a layer runs.

Roundings are given by `carrier.rounding_terms`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.cast_kernels import hold
from hlsexplore.support.compiled import compiled

TILE = 256
"""Rows computed together: an accumulator tile stays in the first-level cache."""


@compiled
def sum_simple32(x: Any, w: Any, bias: Any, add: Any, bits: Any, lift: Any, out: Any) -> None:
    """Sum of rounded products modulo 2**32, for roundings that only add a constant.

    Args:
        x: int32 inputs, shape (n_in padded to a multiple of 4, rows).
        w: int32 weights, shape (n_in padded, n_out).
        bias: int32, shape (n_out,).
        add: int32 constant of the rounding.
        bits: int32 bits to drop, below 32.
        lift: int32 bits to shift up and down again, which wraps the sum.
        out: Results of any dtype, shape (n_out, rows).
    """
    rows = x.shape[1]
    acc = np.empty(TILE, dtype=np.int32)
    shift = np.int32(bits & 31)
    for start in range(0, rows, TILE):
        count = min(TILE, rows - start)
        for o in range(w.shape[1]):
            acc[:] = bias[o]
            for i in range(0, w.shape[0], 4):
                w0, w1, w2, w3 = w[i, o], w[i + 1, o], w[i + 2, o], w[i + 3, o]
                x0 = x[i, start : start + count]
                x1 = x[i + 1, start : start + count]
                x2 = x[i + 2, start : start + count]
                x3 = x[i + 3, start : start + count]
                for r in range(count):
                    p0 = np.int32(np.int32(np.int32(x0[r] * w0) + add) >> shift)
                    p1 = np.int32(np.int32(np.int32(x1[r] * w1) + add) >> shift)
                    p2 = np.int32(np.int32(np.int32(x2[r] * w2) + add) >> shift)
                    p3 = np.int32(np.int32(np.int32(x3[r] * w3) + add) >> shift)
                    acc[r] = np.int32(acc[r] + p0 + p1 + p2 + p3)
            for r in range(count):
                out[o, start + r] = np.int32(np.int32(acc[r] << lift) >> lift)


@compiled
def sum_general(x: Any, w: Any, bias: Any, terms: Any, bits: Any, lift: Any, out: Any) -> None:
    """Sum of rounded products modulo 2**64 for every rounding; int64 arrays shaped as in `sum_simple32`."""
    rows = x.shape[1]
    acc = np.empty(TILE, dtype=np.int64)
    add, negative, odd = terms
    for start in range(0, rows, TILE):
        count = min(TILE, rows - start)
        for o in range(w.shape[1]):
            acc[:] = bias[o]
            for i in range(w.shape[0]):
                weight = w[i, o]
                inputs = x[i, start : start + count]
                for r in range(count):
                    p = inputs[r] * weight
                    acc[r] += (p + add + ((p >> 63) & negative) + ((p >> bits) & odd)) >> bits
            for r in range(count):
                out[o, start + r] = (acc[r] << lift) >> lift


@compiled
def sum_general32(x: Any, w: Any, bias: Any, terms: Any, bits: Any, lift: Any, out: Any) -> None:
    """Sum of rounded products modulo 2**32 for every rounding; int32 arrays shaped as in `sum_simple32`."""
    rows = x.shape[1]
    acc = np.empty(TILE, dtype=np.int32)
    add, negative, odd = np.int32(terms[0]), np.int32(terms[1]), np.int32(terms[2])
    shift = np.int32(bits & 31)
    for start in range(0, rows, TILE):
        count = min(TILE, rows - start)
        for o in range(w.shape[1]):
            acc[:] = bias[o]
            for i in range(w.shape[0]):
                weight = w[i, o]
                inputs = x[i, start : start + count]
                for r in range(count):
                    p = np.int32(inputs[r] * weight)
                    sign = np.int32(np.int32(p >> np.int32(31)) & negative)
                    low = np.int32(np.int32(p >> shift) & odd)
                    q = np.int32(np.int32(np.int32(p + add) + sign) + low)
                    acc[r] = np.int32(acc[r] + np.int32(q >> shift))
            for r in range(count):
                out[o, start + r] = np.int32(np.int32(acc[r] << lift) >> lift)


@compiled
def sum_saturating(
    x: Any, w: Any, bias: Any, terms: Any, bits: Any, low: Any, high: Any, to_zero: Any, out: Any
) -> None:
    """Sum of rounded products where each product and each partial sum is clipped, or zeroed, in the order of the rows.

    int64 arrays shaped as in `sum_simple32`; `low` and `high` are the accumulator's range.
    """
    rows = x.shape[1]
    acc = np.empty(TILE, dtype=np.int64)
    add, negative, odd = terms
    for start in range(0, rows, TILE):
        count = min(TILE, rows - start)
        for o in range(w.shape[1]):
            acc[:] = bias[o]
            for i in range(w.shape[0]):
                weight = w[i, o]
                inputs = x[i, start : start + count]
                if to_zero:
                    for r in range(count):
                        p = inputs[r] * weight
                        p = (p + add + ((p >> 63) & negative) + ((p >> bits) & odd)) >> bits
                        p = p if low <= p <= high else 0
                        total = acc[r] + p
                        acc[r] = total if low <= total <= high else 0
                else:
                    for r in range(count):
                        p = inputs[r] * weight
                        p = (p + add + ((p >> 63) & negative) + ((p >> bits) & odd)) >> bits
                        p = min(max(p, low), high)
                        acc[r] = min(max(acc[r] + p, low), high)
            for r in range(count):
                out[o, start + r] = acc[r]


@compiled
def convolve32(x: Any, w: Any, bias: Any, planes: Any, epilogue: Any, out: Any) -> None:
    """Convolve on 32-bit integers that cannot overflow, and cast; one run of samples a tap.

    Args:
        x: int32 images, shape (planes, samples); a plane is one element of an image.
        w: int32 weights, shape (filters, taps).
        bias: int32, shape (filters,).
        planes: Plane numbers (taps, first of each filter, rows of windows, columns of windows), all relative.
        epilogue: int32 (add, bits, lift, low, high), as in `direct.Epilogue`.
        out: Results of any dtype, shape (out_height * out_width * filters, samples).
    """
    taps, first, rows, columns = planes
    add, bits, lift, low, high = epilogue
    bits, lift = np.int32(bits & 31), np.int32(lift & 31)
    samples, num_taps, filters = x.shape[1], w.shape[1], w.shape[0]
    grouped = num_taps - num_taps % 8
    acc = np.empty(TILE, dtype=np.int32)
    for start in range(0, samples, TILE):
        count = min(TILE, samples - start)
        end = start + count
        target = 0
        for row in rows:
            for column in columns:
                for o in range(filters):
                    base, offset = row + column + first[o], bias[o]
                    for r in range(count):
                        acc[r] = offset
                    for k in range(0, grouped, 8):
                        w0, w1, w2, w3 = w[o, k], w[o, k + 1], w[o, k + 2], w[o, k + 3]
                        w4, w5, w6, w7 = w[o, k + 4], w[o, k + 5], w[o, k + 6], w[o, k + 7]
                        x0, x1 = x[base + taps[k], start:end], x[base + taps[k + 1], start:end]
                        x2, x3 = x[base + taps[k + 2], start:end], x[base + taps[k + 3], start:end]
                        x4, x5 = x[base + taps[k + 4], start:end], x[base + taps[k + 5], start:end]
                        x6, x7 = x[base + taps[k + 6], start:end], x[base + taps[k + 7], start:end]
                        for r in range(count):
                            p0, p1 = np.int32(x0[r] * w0), np.int32(x1[r] * w1)
                            p2, p3 = np.int32(x2[r] * w2), np.int32(x3[r] * w3)
                            p4, p5 = np.int32(x4[r] * w4), np.int32(x5[r] * w5)
                            p6, p7 = np.int32(x6[r] * w6), np.int32(x7[r] * w7)
                            acc[r] = np.int32(acc[r] + np.int32(np.int32(p0 + p1 + p2 + p3) + p4 + p5 + p6 + p7))
                    for k in range(grouped, num_taps):
                        weight, inputs = w[o, k], x[base + taps[k], start:end]
                        for r in range(count):
                            acc[r] = np.int32(acc[r] + np.int32(inputs[r] * weight))
                    results = out[target, start:end]
                    for r in range(count):
                        value = np.int32(np.int32(acc[r] + add) >> bits)
                        value = np.int32(np.int32(value << lift) >> lift)
                        results[r] = min(max(value, low), high)
                    target += 1


@compiled
def count_casts(x: Any, w: Any, bias: Any, rounds: Any, holds: Any) -> Any:
    """Count what is lost where each product and each partial sum is cast, in the order of the rows.

    Args:
        x: int64 inputs, shape (n_in or more, rows).
        w: int64 weights, shape (n_in, n_out).
        bias: int64, shape (n_out,).
        rounds: Terms of `carrier.rounding_terms`, and the bits that they drop.
        holds: Terms of `carrier.hold_terms`, unpacked.

    Returns:
        Numbers of products out of range, products in range that became 0, products in range that lost bits, and
        partial sums out of range.
    """
    (add, negative, odd), bits = rounds
    lift, mask, low, high, zeroes = holds
    acc = np.empty(TILE, dtype=np.int64)
    out, under, rounded, sums = 0, 0, 0, 0
    for start in range(0, x.shape[1], TILE):
        count = min(TILE, x.shape[1] - start)
        for o in range(w.shape[1]):
            acc[:] = bias[o]
            for i in range(w.shape[0]):
                weight, inputs = w[i, o], x[i, start : start + count]
                for r in range(count):
                    p = inputs[r] * weight
                    q = (p + add + ((p >> 63) & negative) + ((p >> bits) & odd)) >> bits
                    inside = (q >= low) & (q <= high)
                    lost = inside & (q << bits != p)
                    out += not inside
                    rounded += lost
                    under += lost & (q == 0)
                    total = acc[r] + hold(q, (lift, mask, low, high, zeroes))
                    sums += (total < low) | (total > high)
                    acc[r] = hold(total, (lift, mask, low, high, zeroes))
    return out, under, rounded, sums


def transposed(rows: NDArray[Any], order: NDArray[np.intp] | None, dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """Return inputs as (n_in padded to a multiple of 4, rows) integers, in accumulation order."""
    columns = rows.T if order is None else rows.T[order]
    padded = np.zeros((-(-columns.shape[0] // 4) * 4, columns.shape[1]), dtype=dtype)
    np.copyto(padded[: columns.shape[0]], columns, casting="unsafe")
    return padded
