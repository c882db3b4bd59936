"""Activation functions as cells."""

import math
from collections.abc import Sequence
from fractions import Fraction

from hlsexplore.fixed import Fixed, quantize
from hlsexplore.structure.casts import cast
from hlsexplore.structure.netlist import Net, Value


def relu_outputs(
    net: Net, values: Sequence[Value], fraction: int, max_value: float | None, result: Fixed
) -> list[Value]:
    """Add max(x, 0), at most `max_value`, cast to the result."""
    outputs: list[Value] = []
    for value in values:
        positive = net.relu(value)
        if max_value is not None:
            scaled = Fraction(max_value) * Fraction(2) ** fraction
            if scaled.denominator != 1:
                extra = math.ceil(math.log2(scaled.denominator))
                positive, scaled = net.shift(positive, extra), scaled * 2**extra
                outputs.append(cast(net, net.clip(positive, 0, int(scaled)), fraction + extra, result))
                continue
            positive = net.clip(positive, 0, int(scaled))
        outputs.append(cast(net, positive, fraction, result))
    return outputs


def argmax_outputs(net: Net, values: Sequence[Value], result: Fixed) -> list[Value]:
    """Add a one-hot vector: 1 for the first largest value, else 0."""
    one = net.const(int(quantize(1.0, result)))
    zero = net.const(0)
    return [net.mux(flag, one, zero) for flag in _largest(net, values)]


def _largest(net: Net, values: Sequence[Value]) -> list[Value]:
    """Add a bit for each value that tells whether it is the first largest one."""
    if len(values) == 1:
        return [net.const(1)]
    best, flags = _tournament(net, values)
    del best
    return flags


def _tournament(net: Net, values: Sequence[Value]) -> tuple[Value, list[Value]]:
    if len(values) == 1:
        return values[0], [net.const(1)]
    middle = (len(values) + 1) // 2
    best_left, left = _tournament(net, values[:middle])
    best_right, right = _tournament(net, values[middle:])
    right_wins = net.less(best_left, best_right)
    left_wins = net.inverse(right_wins)
    flags = [net.both(flag, left_wins) for flag in left] + [net.both(flag, right_wins) for flag in right]
    return net.mux(right_wins, best_right, best_left), flags
