"""Types that just hold some values: of weights, of sums, of the parameters inside recurrent cells."""

from math import frexp

import numpy as np

from hlsexplore.fixed import Fixed, RealArray, quantize, to_real
from hlsexplore.graph import Node
from hlsexplore.ops import DepthwiseConv, weights


def weight_type(values: RealArray, width: int) -> Fixed:
    """Return the signed type of a width whose range just holds all values.

    Examples:
        >>> weight_type(np.array([0.4, -0.5]), 8)
        Fixed.parse('fixed<8,0>')
    """
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    return Fixed(width, signed_integer_bits(low, high))


SLOPE_WIDTH = 18
"""Bits of the slope or threshold of a function inside a recurrent cell."""


def slope_type(alpha: float) -> Fixed:
    """Return the type of the slope or threshold of a function inside a recurrent cell, which has no key of its own.

    Examples:
        >>> slope_type(0.2)
        Fixed.parse('fixed<18,-1>')
    """
    return weight_type(np.array([alpha]), SLOPE_WIDTH)


def signed_integer_bits(low: float, high: float) -> int:
    """Integer bits, sign included, of the smallest signed type that holds low and high.

    Examples:
        >>> signed_integer_bits(-1.0, 0.99), signed_integer_bits(0.0, 1.0)
        (1, 2)
    """
    bits = -64
    if high > 0:
        bits = max(bits, frexp(high)[1] + 1)
    if low < 0:
        mantissa, exponent = frexp(-low)
        bits = max(bits, exponent if mantissa == 0.5 else exponent + 1)
    return bits if bits > -64 else 1


def accum_type(
    node: Node, weight: Fixed, bias: Fixed | None, source: Fixed, weight_key: str = "weight", bias_key: str = "bias"
) -> Fixed:
    """Return the accumulator that loses nothing for any input and is no wider than these weights need.

    Args:
        node: A Dense, Conv, DepthwiseConv or Recurrent node.
        weight: Type of its weights.
        bias: Type of its bias; ignored when it has none.
        source: Type of its input.
        weight_key: Which of its weights multiplies.
        bias_key: Which bias is added.
    """
    values = weights(node.op)
    kernel = to_real(quantize(values[weight_key], weight), weight)
    axes = tuple(range(kernel.ndim - (2 if isinstance(node.op, DepthwiseConv) else 1)))
    low, high = min(source.low, 0.0), max(source.high, 0.0)
    positive, negative = np.maximum(kernel, 0).sum(axis=axes), np.minimum(kernel, 0).sum(axis=axes)
    tops = (positive * high + negative * low).ravel()
    bottoms = (positive * low + negative * high).ravel()
    fraction = weight.fraction + source.fraction
    if bias_key in values and bias is not None:
        offset = to_real(quantize(values[bias_key], bias), bias)
        fraction = max(fraction, bias.fraction)
        tops, bottoms = np.maximum(tops + offset, tops), np.minimum(bottoms + offset, bottoms)
    integer = signed_integer_bits(float(bottoms.min(initial=0.0)), float(tops.max(initial=0.0)))
    return Fixed(max(integer + fraction, 1), integer)
