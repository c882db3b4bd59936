"""Compiled matrix products and convolutions of integers of at most 16 bits, or cut into two parts of them, with a cast.

Imported only when such a layer runs. Arguments are planned by `narrow`.
"""

from typing import Any

import numpy as np
from numba import njit

from hlsexplore.emulate.narrow import ROWS
from hlsexplore.emulate.vectors import (
    dot8,
    dot16,
    dot32,
    largest8,
    requantize8,
    requantize16,
    requantize32,
    rounded16,
    rounded32,
    rounded64,
    rounded_requantize16,
    rounded_requantize32,
    rounded_requantize64,
    unsigned16,
    unsigned32,
    unsigned64,
)
from hlsexplore.support.compiled import compiled

TILE = 64
"""Rows that are cut into parts together: both parts stay in the first-level cache."""


@njit(inline="always")  # type: ignore[untyped-decorator]
def _dot(x: Any, x_step: Any, offsets: Any, segments: Any, steps: Any, weight: Any, width: Any, out: Any) -> None:
    """Multiply a block by one chunk of weights; all but the numbers are addresses.

    Args:
        x: Its first row.
        x_step: Bytes to the next row.
        offsets: int64 bytes from a row's first element to each segment.
        segments: Number of them.
        steps: Pairs of each segment.
        weight: int16, shape (segments * steps, width, 2).
        width: Outputs of a chunk.
        out: int32 sums, shape (ROWS, width).
    """
    if width == 8:
        dot8(x, x_step, offsets, segments, steps, weight, out)
    elif width == 16:
        dot16(x, x_step, offsets, segments, steps, weight, out)
    else:
        dot32(x, x_step, offsets, segments, steps, weight, out)


@njit(inline="always")  # type: ignore[untyped-decorator]
def _requantize(
    sums: Any, tops: Any, bias: Any, numbers: Any, rows: Any, out: Any, place: Any, width: Any, count: Any
) -> None:
    """Cast the sums of a block.

    Args:
        sums: Address of the sums of low parts, int32, shape (rows, width).
        tops: Address of those of high parts.
        bias: Address of the chunk's biases, int32.
        numbers: Address of the terms, int32; see `narrow.Epilogue`.
        rows: Rows of the block.
        out: Array of the results.
        place: Bytes to the first of them.
        width: Outputs of a chunk.
        count: Results of a row.
    """
    if width == 8:
        requantize8(sums, tops, bias, numbers, rows, out, place, count)
    elif width == 16:
        requantize16(sums, tops, bias, numbers, rows, out, place, count)
    else:
        requantize32(sums, tops, bias, numbers, rows, out, place, count)


@njit  # type: ignore[untyped-decorator]
def cut_row(values: Any, bits: Any, low: Any, high: Any) -> Any:
    """Cut integers in floats into their lowest bits, with a sign, and the rest; leave them whole where `bits` is 0.

    Returns:
        Whether any rest is not 0.
    """
    if bits == 0:
        for i in range(values.shape[0]):
            low[i] = np.int16(np.int32(values[i]))
        return False
    # A shift that is known to be below 32 is done in 32 bits.
    half, shift, seen = np.int32(1 << (bits - 1)), np.int32(bits & 31), np.int32(0)
    for i in range(values.shape[0]):
        value = np.int32(values[i])
        rest = np.int32(np.int32(value + half) >> shift)
        low[i] = np.int16(np.int32(value - np.int32(rest << shift)))
        high[i] = np.int16(rest)
        seen = np.int32(seen | rest)
    return seen != 0


@compiled
def dense(x: Any, cut: Any, weight: Any, bias: Any, numbers: Any, out: Any) -> None:
    """Multiply rows by a matrix and cast.

    Args:
        x: Integers in floats, shape (rows, n_in).
        cut: Bits of the low part of an input, or 0.
        weight: int16, shape (chunks, pairs, width, 2).
        bias: int32, shape (chunks, width).
        numbers: int32 terms of the cast; see `narrow.Epilogue`.
        out: Floats, shape (rows, n_out).
    """
    rows, n_in, n_out = x.shape[0], x.shape[1], out.shape[1]
    chunks, pairs, width = weight.shape[0], weight.shape[1], weight.shape[2]
    flat, padded, step, size = x.reshape(-1), 2 * pairs, 4 * pairs, 4 * pairs * width
    low, high = np.zeros(TILE * padded, np.int16), np.zeros(TILE * padded, np.int16)
    sums, tops = np.empty((ROWS, width), np.int32), np.empty((ROWS, width), np.int32)
    nothing = np.zeros((ROWS, width), np.int32)
    offsets, none_at = np.zeros(1, np.int64), nothing.ctypes.data
    weights, biases, terms, origin = weight.ctypes.data, bias.ctypes.data, numbers.ctypes.data, offsets.ctypes.data
    lows, highs, sums_at, tops_at = low.ctypes.data, high.ctypes.data, sums.ctypes.data, tops.ctypes.data
    for start in range(0, rows, TILE):
        count = min(TILE, rows - start)
        has_high = False
        if padded == n_in:
            has_high = cut_row(flat[start * n_in : (start + count) * n_in], cut, low, high)
        else:
            for r in range(count):
                has_high |= cut_row(x[start + r], cut, low[r * padded :], high[r * padded :])
        for first in range(0, count, ROWS):
            for chunk in range(chunks):
                at, part, begin = weights + chunk * size, first * step, chunk * width
                _dot(lows + part, step, origin, 1, pairs, at, width, sums_at)
                if has_high:
                    _dot(highs + part, step, origin, 1, pairs, at, width, tops_at)
                place = ((start + first) * n_out + begin) * out.itemsize
                done, here = min(ROWS, count - first), min(width, n_out - begin)
                _requantize(
                    sums_at, tops_at if has_high else none_at, biases + 4 * begin, terms, done, out, place, width, here
                )
    # The arrays behind the addresses live until here.
    offsets[0] = low[0] = high[0] = sums[0, 0] = tops[0, 0] = nothing[0, 0] = 0


@njit  # type: ignore[untyped-decorator]
def _fill(image: Any, cut: Any, geometry: Any, low: Any, high: Any) -> Any:
    """Cut an image into the parts of a padded one; rows of padding above, columns to the left, elements of a row.

    Returns:
        Whether any high part is not 0.
    """
    top, left, line, channels = geometry
    if image.shape[1] == line:
        return cut_row(image.reshape(-1), cut, low[top * line :], high[top * line :])
    has_high = False
    for r in range(image.shape[0]):
        first = (top + r) * line + left * channels
        has_high |= cut_row(image[r], cut, low[first:], high[first:])
    return has_high


@compiled
def convolve(x: Any, cut: Any, weight: Any, bias: Any, numbers: Any, geometry: Any, offsets: Any, out: Any) -> None:
    """Convolve images and cast.

    Args:
        x: Integers in floats, shape (samples, height, width, channels).
        cut: Bits of the low part of an input, or 0.
        weight: int16, shape (chunks, segments * pairs, width, 2).
        bias: int32, shape (chunks, width).
        numbers: int32 terms of the cast; see `narrow.Epilogue`.
        geometry: Rows of padding above, columns of it to the left, padded height and width, strides down and right.
        offsets: int64 bytes from a window's first element to each segment.
        out: Floats, shape (samples, out_height, out_width, filters).
    """
    top, left, tall, wide, down, right = geometry
    samples, height, columns, channels = x.shape
    out_height, out_width, filters = out.shape[1:]
    chunks, segments, width = weight.shape[0], offsets.shape[0], weight.shape[2]
    pairs, size, line = weight.shape[1] // segments, 4 * weight.shape[1] * width, wide * channels
    slack = (ROWS * right + 2) * channels + 2
    low, high = np.zeros(tall * line + slack, np.int16), np.zeros(tall * line + slack, np.int16)
    sums, tops = np.empty((ROWS, width), np.int32), np.empty((ROWS, width), np.int32)
    nothing = np.zeros((ROWS, width), np.int32)
    images, rows = x.reshape(samples, height, columns * channels), out.reshape(-1, filters)
    weights, biases, terms, origin = weight.ctypes.data, bias.ctypes.data, numbers.ctypes.data, offsets.ctypes.data
    lows, highs, sums_at, tops_at = low.ctypes.data, high.ctypes.data, sums.ctypes.data, tops.ctypes.data
    none_at = nothing.ctypes.data
    for s in range(samples):
        has_high = _fill(images[s], cut, (top, left, line, channels), low, high)
        for r in range(out_height):
            for c in range(0, out_width, ROWS):
                part, done = 2 * (r * down * line + c * right * channels), min(ROWS, out_width - c)
                for chunk in range(chunks):
                    at, begin = weights + chunk * size, chunk * width
                    _dot(lows + part, 2 * right * channels, origin, segments, pairs, at, width, sums_at)
                    if has_high:
                        _dot(highs + part, 2 * right * channels, origin, segments, pairs, at, width, tops_at)
                    place = (((s * out_height + r) * out_width + c) * filters + begin) * out.itemsize
                    here = min(width, filters - begin)
                    _requantize(
                        sums_at,
                        tops_at if has_high else none_at,
                        biases + 4 * begin,
                        terms,
                        done,
                        rows,
                        place,
                        width,
                        here,
                    )
    # The arrays behind the addresses live until here.
    low[0] = high[0] = sums[0, 0] = tops[0, 0] = nothing[0, 0] = 0


@njit  # type: ignore[untyped-decorator]
def _join(sums: Any, tops: Any, bias: Any, drop: Any, lift: Any) -> None:
    """Add biases to the sums of low parts and put those of high parts to them, in place."""
    drop, lift = np.int32(drop & 31), np.int32(lift & 31)
    for i in range(bias.shape[0]):
        value = np.int32(np.int32(sums[i] + bias[i]) >> drop)
        sums[i] = np.int32(value + np.int32(tops[i] << lift))


@njit(inline="always")  # type: ignore[untyped-decorator]
def _largest(sums: Any, row_size: Any, vector: Any, size: Any, count: Any) -> None:
    """Keep the largest sums of windows at the start of the first row.

    Args:
        sums: Address of the rows of sums that windows cover.
        row_size: Bytes of a row.
        vector: Bytes of the sums of one place, a multiple of 32.
        size: Height and width of a window.
        count: Windows.
    """
    for c in range(count):
        for v in range(0, vector, 32):
            first = sums + c * size[1] * vector + v
            largest8(sums + c * vector + v, first, row_size, vector, size[0], size[1])


@compiled
def convolve_largest(
    x: Any, cut: Any, weight: Any, bias: Any, numbers: Any, geometry: Any, offsets: Any, size: Any, out: Any
) -> None:
    """Convolve images, keep the largest sum of each pooling window, and cast.

    Args:
        x: As in `convolve`, and so are `cut`, `weight` and `offsets`.
        cut: See `x`.
        weight: See `x`.
        bias: int32, shape (chunks, ROWS * width): each chunk repeated.
        numbers: int32 terms of the cast, of sums that are put together already where inputs are cut.
        geometry: As in `convolve`, then bits to drop of the low part and to lift the high part by, and neighbouring
            windows whose sums a row of a block holds, 0 where a block must not run on into the next row of windows.
        offsets: See `x`.
        size: Height and width of a pooling window, which are its strides too.
        out: Floats, shape (samples, pooled_height, pooled_width, filters).
    """
    top, left, tall, wide, down, right, drop, lift, shift = geometry
    samples, height, columns, channels = x.shape
    out_height, out_width, filters = out.shape[1:]
    chunks, segments, together = weight.shape[0], offsets.shape[0], weight.shape[2]
    pairs, weight_size, line = weight.shape[1] // segments, 4 * weight.shape[1] * together, wide * channels
    width, step, covered = together // max(shift, 1), 2 * max(shift, right) * channels, ROWS * max(shift, 1)
    if shift > 0:
        groups, blocks, row_size = 1, (size[0] * wide + covered - 1) // covered, 4 * wide * width
    else:
        groups, blocks = size[0], (out_width * size[1] + ROWS - 1) // ROWS
        row_size = 4 * blocks * ROWS * width
    slack = (ROWS * max(right, shift) + 2 + wide) * channels + 2
    low, high = np.zeros(tall * line + slack, np.int16), np.zeros(tall * line + slack, np.int16)
    sums, tops = np.empty((groups * blocks, ROWS * together), np.int32), np.empty(ROWS * together, np.int32)
    zeros, nothing = np.zeros(ROWS * together, np.int32), np.zeros((out_width + ROWS) * width, np.int32)
    images, rows = x.reshape(samples, height, columns * channels), out.reshape(-1, filters)
    weights, biases, terms, origin = weight.ctypes.data, bias.ctypes.data, numbers.ctypes.data, offsets.ctypes.data
    lows, highs, sums_at, tops_at = low.ctypes.data, high.ctypes.data, sums.ctypes.data, tops.ctypes.data
    none_at, vector = nothing.ctypes.data, 4 * width
    for s in range(samples):
        has_high = _fill(images[s], cut, (top, left, line, channels), low, high)
        for r in range(out_height):
            for chunk in range(chunks):
                at, begin = weights + chunk * weight_size, chunk * width
                for group in range(groups):
                    for c in range(blocks):
                        part = 2 * (r * size[0] + group) * down * line + c * ROWS * step
                        place = group * blocks + c
                        _dot(
                            lows + part, step, origin, segments, pairs, at, together, sums_at + place * covered * vector
                        )
                        if has_high:
                            _dot(highs + part, step, origin, segments, pairs, at, together, tops_at)
                        if cut:
                            _join(sums[place], tops if has_high else zeros, bias[chunk], drop, lift)
                _largest(sums_at, row_size, vector, size, out_width)
                offset = none_at if cut else biases + 4 * ROWS * begin
                place, here = ((s * out_height + r) * out_width * filters + begin) * out.itemsize, filters - begin
                _requantize(sums_at, none_at, offset, terms, out_width, rows, place, width, min(width, here))
    # The arrays behind the addresses live until here.
    low[0] = high[0] = sums[0, 0] = tops[0] = nothing[0] = 0


@njit(inline="always")  # type: ignore[untyped-decorator]
def rounded_block(x: Any, x_step: Any, origin: Any, n_in: Any, weight: Any, width: Any, out: Any, how: Any) -> None:
    """Sum up the rounded products of a block and one chunk of weights; all but the numbers are addresses.

    Args:
        x: Its first row, int16.
        x_step: Bytes to the next row.
        origin: An int64 of 0.
        n_in: Inputs.
        weight: int16, shape (n_in, width).
        width: Outputs of a chunk.
        out: int16 sums modulo 2**16, shape (ROWS, width).
        how: Bits to drop of each product, and whether inputs may be negative.
    """
    bits, signed = how
    if not signed:
        if width == 16:
            unsigned16(x, x_step, origin, 1, n_in, weight, out, bits)
        elif width == 32:
            unsigned32(x, x_step, origin, 1, n_in, weight, out, bits)
        else:
            unsigned64(x, x_step, origin, 1, n_in, weight, out, bits)
    elif width == 16:
        rounded16(x, x_step, origin, 1, n_in, weight, out, bits)
    elif width == 32:
        rounded32(x, x_step, origin, 1, n_in, weight, out, bits)
    else:
        rounded64(x, x_step, origin, 1, n_in, weight, out, bits)


@compiled
def dense_rounded(x: Any, weight: Any, bias: Any, how: Any, numbers: Any, out: Any) -> None:
    """Multiply rows by a matrix, each product rounded down, the sums modulo 2**16, and cast.

    Args:
        x: Integers of at most 16 bits in floats, shape (rows, n_in).
        weight: int16, shape (chunks, n_in, width).
        bias: int16, shape (chunks, width).
        how: Bits to drop of each product, and whether inputs may be negative.
        numbers: int32 terms of the cast; see `narrow_rounded`.
        out: Floats, shape (rows, n_out).
    """
    rows, n_in, n_out = x.shape[0], x.shape[1], out.shape[1]
    chunks, width = weight.shape[0], weight.shape[2]
    flat, low, sums = x.reshape(-1), np.zeros(TILE * n_in, np.int16), np.empty((ROWS, width), np.int16)
    offsets = np.zeros(1, np.int64)
    weights, biases, terms, origin = weight.ctypes.data, bias.ctypes.data, numbers.ctypes.data, offsets.ctypes.data
    lows, sums_at = low.ctypes.data, sums.ctypes.data
    for start in range(0, rows, TILE):
        count = min(TILE, rows - start)
        cut_row(flat[start * n_in : (start + count) * n_in], 0, low, low)
        for first in range(0, count, ROWS):
            for chunk in range(chunks):
                begin = chunk * width
                at = weights + 2 * begin * n_in
                rounded_block(lows + 2 * first * n_in, 2 * n_in, origin, n_in, at, width, sums_at, how)
                place = ((start + first) * n_out + begin) * out.itemsize
                done, here, offset = min(ROWS, count - first), min(width, n_out - begin), biases + 2 * begin
                if width == 16:
                    rounded_requantize16(sums_at, sums_at, offset, terms, done, out, place, here)
                elif width == 32:
                    rounded_requantize32(sums_at, sums_at, offset, terms, done, out, place, here)
                else:
                    rounded_requantize64(sums_at, sums_at, offset, terms, done, out, place, here)
    # The arrays behind the addresses live until here.
    offsets[0] = low[0] = sums[0, 0] = 0
