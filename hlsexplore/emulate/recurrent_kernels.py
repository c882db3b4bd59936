"""A GRU of 16-bit integers over all steps of a block of samples, compiled; imported only when such a layer runs."""

from typing import Any

import numpy as np

from hlsexplore.emulate.narrow import ROWS
from hlsexplore.emulate.narrow_kernels import cut_row, rounded_block
from hlsexplore.support.compiled import compiled


@compiled
def _address(array: Any) -> Any:
    """Address of an array's first element."""
    return array.ctypes.data


@compiled
def _places(part: Any, padded: Any, width: Any) -> Any:
    """Places of a gate's sums (0: z, 1: r, 2: candidate) for each row and unit among those of all chunks."""
    found = np.empty(ROWS * padded, np.int64)
    for r in range(ROWS):
        for unit in range(padded):
            column = part * padded + unit
            found[r * padded + unit] = column // width * (ROWS * width) + r * width + column % width
    return found


@compiled
def _reset(
    from_x: Any,
    from_h: Any,
    both: Any,
    of_state: Any,
    resets: Any,
    places: Any,
    wrap: Any,
    add: Any,
    drop: Any,
    last: Any,
) -> None:
    """Let the reset gates act on the product of the state; places are the addresses of the activation's table."""
    for k in range(places.shape[0]):
        value = np.int32(np.int32(from_h[k]) + np.int32(of_state[k]))
        value = np.int32(np.int32(value << wrap) >> wrap)
        value = np.int32(np.int32(np.int32(value * resets[k]) + add) >> drop)
        value = np.int32(value + np.int32(np.int32(from_x[k]) + np.int32(both[k])))
        places[k] = np.int32(np.int32(value - np.int32(of_state[k])) & last)


@compiled
def _new_state(
    new: Any,
    z: Any,
    state: Any,
    one: Any,
    lift_new: Any,
    lift_old: Any,
    add: Any,
    drop: Any,
    lift: Any,
    mask: Any,
    least: Any,
    most: Any,
) -> None:
    """Mix candidates and old states by the gates z, and cast."""
    for i in range(state.shape[0]):
        value = np.int32(np.int32(new[i] * np.int32(one - z[i])) << lift_new)
        value = np.int32(value + np.int32(np.int32(z[i] * np.int32(state[i])) << lift_old))
        value = np.int32(np.int32(value + add) >> drop)
        value = np.int32(np.int32(np.int32(value << lift) >> lift) & mask)
        state[i] = min(max(value, least), most)


@compiled
def gru(x: Any, is_reversed: Any, products: Any, biases: Any, tables: Any, numbers: Any, out: Any) -> None:
    """Compute a GRU whose reset gate works on the product of its state.

    Args:
        x: Integers of at most 16 bits in floats, shape (samples, steps, channels).
        is_reversed: Whether the last step comes first.
        products: For the inputs and for the state: weights, int16, shape (chunks, n_in, width), and how to round. Gates
            stand in the order z, r, candidate, each padded to a multiple of 16 columns.
        biases: int16 sum of both products' biases, and those of the state's product, shape (chunks * ROWS * width,):
            for each row of a chunk.
        tables: int16 results of the gates and of the activation for each accumulator modulo 2**bits.
        numbers: 32 - bits of an accumulator; (add, drop) of the reset product; (one, lift of the new state, lift of the
            old one); (add, drop, lift, mask, least, most) of the new state's cast.
        out: Floats, shape (samples, steps or 1, units).
    """
    (weight_x, how_x), (weight_h, how_h) = products
    both, of_state = biases
    gate, act = tables
    wrap, (reset_add, reset_drop), (one, lift_new, lift_old), (add, drop, lift, mask, least, most) = numbers
    wrap, reset_drop, drop = np.int32(wrap & 31), np.int32(reset_drop & 31), np.int32(drop & 31)
    lift_new, lift_old, lift = np.int32(lift_new & 31), np.int32(lift_old & 31), np.int32(lift & 31)
    samples, steps, channels = x.shape
    units, stored, width = out.shape[2], out.shape[1], weight_x.shape[2]
    padded, chunks, last = weight_h.shape[1], weight_x.shape[0], gate.shape[0] - 1
    chunk_size, from_x_size, from_h_size = ROWS * width, 2 * channels * width, 2 * padded * width
    block, state = np.zeros((ROWS, steps * channels), np.int16), np.zeros(ROWS * padded, np.int16)
    from_x, from_h = np.empty(chunks * chunk_size, np.int16), np.empty(chunks * chunk_size, np.int16)
    totals, z = np.empty(chunks * chunk_size, np.int16), np.empty(ROWS * padded, np.int32)
    resets, places = np.zeros(chunks * chunk_size, np.int32), np.empty(chunks * chunk_size, np.int32)
    new = np.empty(ROWS * padded, np.int32)
    at_z, at_r, at_c = _places(0, padded, width), _places(1, padded, width), _places(2, padded, width)
    zero, rows = np.zeros(1, np.int64), x.reshape(samples, steps * channels)
    origin, x_at, h_at = _address(zero), _address(block), _address(state)
    from_x_at, from_h_at, wx_at, wh_at = _address(from_x), _address(from_h), _address(weight_x), _address(weight_h)
    for start in range(0, samples, ROWS):
        count = min(ROWS, samples - start)
        for r in range(count):
            cut_row(rows[start + r], 0, block[r], block[r])
        state[:] = 0
        for step in range(steps):
            t = steps - 1 - step if is_reversed else step
            for chunk in range(chunks):
                to, row, at = 2 * chunk * chunk_size, 2 * steps * channels, x_at + 2 * t * channels
                own_x, own_h = wx_at + chunk * from_x_size, wh_at + chunk * from_h_size
                rounded_block(at, row, origin, channels, own_x, width, from_x_at + to, how_x)
                rounded_block(h_at, 2 * padded, origin, padded, own_h, width, from_h_at + to, how_h)
            for k in range(totals.shape[0]):
                totals[k] = np.int16(np.int16(from_x[k] + from_h[k]) + both[k])
            for i in range(state.shape[0]):
                z[i] = gate[np.uint64(totals[np.uint64(at_z[i])] & last)]
                resets[np.uint64(at_c[i])] = gate[np.uint64(totals[np.uint64(at_r[i])] & last)]
            _reset(from_x, from_h, both, of_state, resets, places, wrap, reset_add, reset_drop, last)
            for i in range(state.shape[0]):
                new[i] = act[np.uint64(places[np.uint64(at_c[i])])]
            _new_state(new, z, state, one, lift_new, lift_old, add, drop, lift, mask, least, most)
            if stored == steps or step == steps - 1:
                for r in range(count):
                    for j in range(units):
                        out[start + r, t if stored == steps else 0, j] = state[r * padded + j]
    zero[0], block[0, 0] = 0, 0  # the arrays behind the addresses live until here
