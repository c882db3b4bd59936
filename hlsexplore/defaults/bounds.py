"""Types that just hold some values: of weights, of sums, of the parameters inside recurrent cells."""

from collections.abc import Iterable
from math import frexp

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding, quantize, to_real
from hlsexplore.graph import Node
from hlsexplore.ops import DepthwiseConv, weights

SPARE_WIDTH = 12
"""Bits that a type may have beyond the usual width, where values need both large and small numbers."""


def weight_type(values: RealArray, width: int, fraction: int = -(1 << 10)) -> Fixed:
    """Return the signed type whose range just holds all values; rounding and saturation of constants cost nothing.

    Args:
        values: The weights.
        width: Usual width.
        fraction: Fraction bits that they should have; the type gets up to `SPARE_WIDTH` bits wider for them.

    Examples:
        >>> weight_type(np.array([0.4, -0.5]), 8)
        Fixed.parse('fixed<8,0,RND,SAT>')
    """
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    integer = signed_integer_bits(low, high)
    width = min(max(width, integer + fraction), width + SPARE_WIDTH)
    return Fixed(width, integer, rounding=Rounding.RND, overflow=Overflow.SAT)


def holding(values: Iterable[float], fraction: int) -> Fixed:
    """Return the narrowest signed type with these fraction bits that holds values.

    Examples:
        >>> holding([-1.0, 3.5], 2)
        Fixed.parse('fixed<5,3>')
    """
    known = [0.0, *values]
    integer = max(signed_integer_bits(min(known), max(known)), 1 - fraction)
    return Fixed(integer + fraction, integer)


SLOPE_WIDTH = 18
"""Bits of the slope or threshold of a function inside a recurrent cell."""


def slope_type(alpha: float) -> Fixed:
    """Return the type of the slope or threshold of a function inside a recurrent cell, which has no key of its own.

    Examples:
        >>> slope_type(0.2)
        Fixed.parse('fixed<18,-1>')
    """
    return Fixed(SLOPE_WIDTH, signed_integer_bits(min(alpha, 0.0), max(alpha, 0.0)))


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
