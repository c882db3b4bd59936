"""Convolutions and poolings as cells, all positions side by side (docs/ir.md, sections Convolution and Pooling)."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Shape
from hlsexplore.ops import Conv, DepthwiseConv, Pair, Pool
from hlsexplore.rtl_plan.lower.layer import LoweredLayer
from hlsexplore.rtl_plan.lower.matmul import matrix_outputs
from hlsexplore.rtl_plan.lower.softmax import largest, tree_sum
from hlsexplore.rtl_plan.netlist.casts import cast, overflow, rounded
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.cmvm import constant_products
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.sums import Term, plain, scaled, sum_terms
from hlsexplore.rtl_plan.products import layer_product


def window_elements(
    shape: Shape, rank: int, size: Pair, stride: Pair, padding: tuple[Pair, Pair], dilation: Pair = (1, 1)
) -> NDArray[np.int64]:
    """Return the input element of each tap of each window; -1 for padding.

    Args:
        shape: Input shape, channels last.
        rank: 1 for (width, channels), 2 for (height, width, channels).
        size: Window (rows, columns).
        stride: Steps (rows, columns).
        padding: Elements added ((top, bottom), (left, right)).
        dilation: Distance of the taps (rows, columns).

    Returns:
        Shape (positions, rows * columns, channels).
    """
    image = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape if rank == 2 else (1, *shape))
    image = np.pad(image, (*padding, (0, 0)), constant_values=-1)
    reach = [(size[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    counts = [(image.shape[i] - reach[i]) // stride[i] + 1 for i in (0, 1)]
    windows = [
        image[
            row * stride[0] : row * stride[0] + reach[0] : dilation[0],
            column * stride[1] : column * stride[1] + reach[1] : dilation[1],
        ].reshape(size[0] * size[1], -1)
        for row in range(counts[0])
        for column in range(counts[1])
    ]
    return np.stack(windows)


def lower_conv(layer: LoweredLayer, op: Conv | DepthwiseConv) -> list[Value]:
    """Add a convolution or depthwise convolution with all positions side by side: a matrix product at each."""
    net = layer.net
    product = layer_product(layer.design, layer.node)
    size = (op.kernel.shape[0], op.kernel.shape[1])
    windows = window_elements(layer.inputs[0].shape, op.rank, size, op.stride, op.padding, op.dilation)
    values, zero = layer.values[0], net.const(0)
    outputs: list[Value] = []
    for window in windows.reshape(len(windows), -1).tolist():
        outputs += matrix_outputs(net, [values[index] if index >= 0 else zero for index in window], product)
    return outputs


def lower_pool(layer: LoweredLayer, op: Pool) -> list[Value]:
    """Add a pooling: a maximum, or a sum and a division, of each window and channel."""
    accum = layer.config.types["accum"]
    windows = window_elements(layer.inputs[0].shape, op.rank, op.size, op.stride, op.padding)
    outputs: list[Value] = []
    for window in windows:
        for taps in window.T.tolist():
            terms = [layer.values[0][index] for index in taps if index >= 0]
            total = _average(layer, terms, accum) if op.average else _maximum(layer, terms, accum)
            outputs.append(layer.finish(total, accum.fraction))
    return outputs


def pool_beat(layer: LoweredLayer, counts: Sequence[int]) -> list[Value]:
    """Add a pooling of one window on a stream: each element is cast to the accumulator first.

    Args:
        layer: Its inputs are the window, tap by tap, and with padding a flag for each tap that lies in the image.
        counts: How many taps can lie in the image; empty without padding.
    """
    op, net, accum = layer.node.op, layer.net, layer.config.types["accum"]
    is_average = isinstance(op, Pool) and op.average
    channels = layer.node.shape[-1]
    early = [cast(net, value, layer.fraction, accum) for value in layer.values[0]]
    flags = layer.values[1] if counts else []
    if counts:
        outside = net.const(0 if is_average else min(net.cells[value].low for value in early))
        early = [net.mux(flags[index // channels], value, outside) for index, value in enumerate(early)]
    outputs: list[Value] = []
    for channel in range(channels):
        taps = early[channel::channels]
        if is_average:
            total = tree_sum(net, taps, accum)
            value = _divided_by_number(net, total, flags, counts) if counts else divided(net, total, len(taps))
        else:
            value = largest(net, taps)
        outputs.append(layer.finish(value, accum.fraction))
    return outputs


def _divided_by_number(net: Net, value: Value, flags: Sequence[Value], counts: Sequence[int]) -> Value:
    """Add value / number of flags that are 1, for some numbers that occur."""
    number = sum_terms(net, [Term(flag) for flag in flags])
    found = divided(net, value, counts[0])
    for smaller, count in pairwise(counts):
        found = net.mux(net.less(net.const(smaller), number), divided(net, value, count), found)
    return found


def pool_step(layer: LoweredLayer) -> tuple[list[Value], tuple[int, ...]]:
    """Add a step of a global pooling from its registers and a beat; return the registers' next and start values."""
    op, net, accum = layer.node.op, layer.net, layer.config.types["accum"]
    is_average = isinstance(op, Pool) and op.average
    fraction = layer.inputs[1].fraction
    outputs: list[Value] = []
    for register, value in zip(*layer.values, strict=True):
        early = cast(net, value, fraction, accum)
        outputs.append(overflow(net, net.add(register, early), accum) if is_average else net.max(register, early))
    return outputs, (0 if is_average else accum.min_raw,) * len(outputs)


def pool_end(layer: LoweredLayer, count: int) -> list[Value]:
    """Add the end of a global pooling over `count` positions from its registers."""
    op, accum = layer.node.op, layer.config.types["accum"]
    is_average = isinstance(op, Pool) and op.average
    return [
        layer.finish(divided(layer.net, value, count) if is_average else value, accum.fraction)
        for value in layer.values[0]
    ]


def _maximum(layer: LoweredLayer, terms: Sequence[Value], accum: Fixed) -> Value:
    return cast(layer.net, largest(layer.net, terms), layer.fraction, accum)


def _average(layer: LoweredLayer, terms: Sequence[Value], accum: Fixed) -> Value:
    """Add the sum in the accumulator, divided with truncation toward zero."""
    return divided(layer.net, accumulated(layer.net, terms, layer.fraction, accum), len(terms))


def accumulated(net: Net, terms: Sequence[Value], fraction: int, accum: Fixed) -> Value:
    """Add acc after acc = cast(acc + term, accum) for each term, from 0; a tree where no cast can lose anything."""
    cells = [net.cells[term] for term in terms]
    if fraction <= accum.fraction:
        lift = accum.fraction - fraction
        low, high = sum(min(cell.low, 0) for cell in cells), sum(max(cell.high, 0) for cell in cells)
        fits = accum.min_raw <= low << lift and high << lift <= accum.max_raw
        if fits or accum.overflow is Overflow.WRAP:
            return overflow(net, sum_terms(net, [Term(term, lift) for term in terms]), accum)
    fine = max(fraction, accum.fraction)
    total = net.const(0)
    for term in terms:
        added = net.add(total, term, fine - accum.fraction, fine - fraction)
        total = cast(net, added, fine, accum)
    return total


def divided(net: Net, value: Value, divisor: int) -> Value:
    """Add value / divisor, truncated toward zero, for a constant divisor.

    Powers of two drop bits. Others multiply the magnitude by a rounded-up reciprocal with enough bits that every
    quotient in the value's range is exact (Granlund and Montgomery, Division by invariant integers, 1994).
    """
    if divisor & (divisor - 1) == 0:
        return rounded(net, value, divisor.bit_length() - 1, Rounding.TRN_ZERO)
    cell = net.cells[value]
    is_negative = net.less(value, net.const(0))
    magnitude = net.mux(is_negative, net.negate(value), value) if cell.low < 0 else value
    bits = max(-cell.low, cell.high, 1).bit_length()
    shift = bits + divisor.bit_length()
    reciprocal = -(-(1 << shift) // divisor)
    positive = net.slice(magnitude, 0, bits, signed=False)
    with net.linear([positive]):
        quotient = net.shift(plain(net, scaled(constant_products(net, positive, {reciprocal})[reciprocal])), -shift)
    return net.mux(is_negative, net.negate(quotient), quotient) if cell.low < 0 else quotient
