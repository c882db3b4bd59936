"""Elementwise functions as cells (docs/ir.md, section Activations)."""

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, isfinite

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, RawArray, Rounding, quantize, requantize
from hlsexplore.op_facts import PARTS, Part, limits_raw
from hlsexplore.ops import Activation, Affine, Clip, Function, PRelu, Requantize
from hlsexplore.rtl_plan.lower.layer import LoweredLayer, refuse
from hlsexplore.rtl_plan.lower.matmul import signed_products
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.tables import NEGATIVE_RANGE, SELU_RAW, SELU_TYPE, activation_table, half_range
from hlsexplore.weights import quantized, raw_weights


def lower_activation(layer: LoweredLayer, op: Activation) -> list[Value]:
    """Add an elementwise function."""
    lower = _FUNCTIONS.get(op.function)
    if lower is None:
        raise refuse(layer.node)
    return lower(layer, op)


def lower_prelu(layer: LoweredLayer, op: PRelu) -> list[Value]:
    """Add x above 0, else slope * x."""
    weight = layer.config.types["weight"]
    slopes = np.broadcast_to(quantized(op.kernel, weight), layer.node.shape).ravel()
    pairs = zip(layer.values[0], slopes.tolist(), strict=True)
    return [_sloped(layer, value, int(slope), weight.fraction) for value, slope in pairs]


def lower_clip(layer: LoweredLayer, op: Clip) -> list[Value]:
    """Add x between two bounds: the upper one above, a constant or a line below; each branch is cast by itself."""
    net, types = layer.net, layer.config.types
    low, high = (_limit(layer, value) for value in (op.low, op.high))
    ceiling = net.const(int(quantize(op.high, layer.result)) if isfinite(op.high) else 0)
    floored = net.const(int(quantize(op.floor, layer.result)))

    def line(value: Value) -> Value:
        slope, offset = int(quantize(op.slope, types["weight"])), int(quantize(op.offset, types["bias"]))
        products = layer.fraction + types["weight"].fraction
        fraction = max(products, types["bias"].fraction)
        product = signed_products(net, value, {slope})[slope] if slope else net.const(0)
        constant = net.const(offset << (fraction - types["bias"].fraction))
        return layer.finish(net.add(net.shift(product, fraction - products), constant), fraction)

    def bounded(value: Value) -> Value:
        above = layer.finish(value, layer.fraction)
        above = above if high is None else net.mux(net.less(high, value), ceiling, above)
        if low is None:
            return above
        return net.mux(net.less(low, value), above, line(value) if op.slope else floored)

    return layer.map(bounded)


def _limit(layer: LoweredLayer, value: float) -> Value | None:
    """Return the largest integer of the input's grid that is not above a real value; None for infinity."""
    return layer.net.const(floor(Fraction(value) * Fraction(2) ** layer.fraction)) if isfinite(value) else None


def lower_affine(layer: LoweredLayer, op: Affine | Requantize) -> list[Value]:
    """Add x * scale + bias for each channel, with one cast at the end."""
    raw, types, net = raw_weights(layer.design, layer.node.name), layer.config.types, layer.net
    products = layer.fraction + types["weight"].fraction
    fraction = max(products, types["bias"].fraction)
    outputs: list[Value] = []
    for index, value in enumerate(layer.values[0]):
        channel = index % len(raw["weight"])
        scale = int(raw["weight"][channel])
        product = signed_products(net, value, {scale})[scale] if scale else net.const(0)
        bias = int(raw["bias"][channel]) << (fraction - types["bias"].fraction)
        outputs.append(layer.finish(net.add(net.shift(product, fraction - products), net.const(bias)), fraction))
    return outputs


def lower_requantize(layer: LoweredLayer, op: Requantize) -> list[Value]:
    """Add x * scale + bias for each channel, one cast, and a clip."""
    low, high = limits_raw(op, layer.result)
    return [layer.net.clip(value, low, high) for value in lower_affine(layer, op)]


def _linear(layer: LoweredLayer, op: Activation) -> list[Value]:
    return layer.map(lambda value: layer.finish(value, layer.fraction))


def _relu(layer: LoweredLayer, op: Activation) -> list[Value]:
    if op.max_value is None:
        return layer.map(lambda value: layer.finish(layer.net.relu(value), layer.fraction))
    net, top = layer.net, Fraction(op.max_value) * Fraction(2) ** layer.fraction
    if top.denominator == 1:
        return layer.map(lambda value: layer.finish(net.clip(net.relu(value), 0, int(top)), layer.fraction))
    ceiling = net.const(int(quantize(op.max_value, layer.result)))
    limit = net.const(floor(top))

    def clipped(value: Value) -> Value:
        return net.mux(net.less(limit, value), ceiling, layer.finish(net.relu(value), layer.fraction))

    return layer.map(clipped)


def _leaky_relu(layer: LoweredLayer, op: Activation) -> list[Value]:
    weight = layer.config.types["weight"]
    slope = int(quantize(op.alpha, weight))
    return layer.map(lambda value: _sloped(layer, value, slope, weight.fraction))


def _sloped(layer: LoweredLayer, value: Value, slope: int, fraction: int) -> Value:
    """Add x from 0 on, else slope * x; each branch is cast by itself."""
    net = layer.net
    product = signed_products(net, value, {slope})[slope] if slope else net.const(0)
    low = layer.finish(product, layer.fraction + fraction)
    return net.mux(net.less(value, net.const(0)), low, layer.finish(value, layer.fraction))


def _thresholded_relu(layer: LoweredLayer, op: Activation) -> list[Value]:
    weight, net = layer.config.types["weight"], layer.net
    theta = Fraction(int(quantize(op.alpha, weight))) / Fraction(2) ** weight.fraction
    limit = net.const(floor(theta * Fraction(2) ** layer.fraction))
    zero = net.const(0)
    return layer.map(lambda value: layer.finish(net.mux(net.less(limit, value), value, zero), layer.fraction))


def _hard_sigmoid(layer: LoweredLayer, op: Activation) -> list[Value]:
    squeezed, fraction = _squeezed(layer, op)
    return layer.map(lambda value: layer.finish(squeezed(value), fraction))


def _hard_swish(layer: LoweredLayer, op: Activation) -> list[Value]:
    net, (squeezed, fraction) = layer.net, _squeezed(layer, op)
    return layer.map(lambda value: layer.finish(net.multiply(value, squeezed(value)), layer.fraction + fraction))


def _squeezed(layer: LoweredLayer, op: Activation) -> tuple[Callable[[Value], Value], int]:
    """Return the function that adds clip(slope * x + 1/2, 0, 1), and the fraction bits of its results."""
    weight, net = layer.config.types["weight"], layer.net
    slope = int(quantize(op.alpha, weight))
    products = layer.fraction + weight.fraction
    fraction = max(products, 1)
    one = 1 << fraction

    def squeezed(value: Value) -> Value:
        product = signed_products(net, value, {slope})[slope] if slope else net.const(0)
        total = net.add(net.shift(product, fraction - products), net.const(one >> 1))
        return net.clip(total, 0, one)

    return squeezed, fraction


def _hard_tanh(layer: LoweredLayer, op: Activation) -> list[Value]:
    one = 1 << max(layer.fraction, 0)
    fraction = max(layer.fraction, 0)
    lift = fraction - layer.fraction
    return layer.map(lambda value: layer.finish(layer.net.clip(layer.net.shift(value, lift), -one, one), fraction))


def _binary_tanh(layer: LoweredLayer, op: Activation) -> list[Value]:
    net = layer.net
    minus, plus = (net.const(int(quantize(number, layer.result))) for number in (-1.0, 1.0))
    return layer.map(lambda value: net.mux(net.less(value, net.const(0)), minus, plus))


def _ternary_tanh(layer: LoweredLayer, op: Activation) -> list[Value]:
    net = layer.net
    limit = ceil(Fraction(op.alpha) * Fraction(2) ** layer.fraction)
    minus, plus = (net.const(int(quantize(number, layer.result))) for number in (-1.0, 1.0))
    zero = net.const(0)

    def sign(value: Value) -> Value:
        below = net.less(value, net.const(min(1 - limit, 0)))
        above = net.less(net.const(max(limit - 1, 0)), value)
        return net.mux(below, minus, net.mux(above, plus, zero))

    return layer.map(sign)


def _table(layer: LoweredLayer, op: Activation) -> list[Value]:
    """Add a table over both signs."""
    size, types = layer.config.table_size, layer.config.types
    entries = requantize(activation_table(op.function, size, types["table"]), types["table"].fraction, layer.result)
    bits = size.bit_length() - 1
    index = Fixed(bits, bits, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    per_entry = (2 * half_range(op.function)).bit_length() - 1 - bits
    # The two's complement index addresses the table directly: entry 0 is that of x = 0, negative x are the upper half.
    rotated = np.roll(entries, -size // 2).tolist()

    def lookup(value: Value) -> Value:
        place = cast(layer.net, value, layer.fraction + per_entry, index)
        return layer.net.rom(layer.net.slice(place, 0, bits, signed=False), rotated)

    return layer.map(lookup)


def _part_and_table(layer: LoweredLayer, op: Activation) -> list[Value]:
    """Add the nearest entry of a table over both signs and a part of x."""
    net, size, type_ = layer.net, layer.config.table_size, layer.config.types["table"]
    bits = size.bit_length() - 1
    index = Fixed(bits, bits, rounding=Rounding.RND, overflow=Overflow.SAT)
    per_entry = (2 * half_range(op.function)).bit_length() - 1 - bits
    rotated = np.roll(activation_table(op.function, size, type_), -size // 2).tolist()
    part, fraction = PARTS[op.function], max(layer.fraction, type_.fraction)

    def lookup(value: Value) -> Value:
        place = cast(net, value, layer.fraction + per_entry, index)
        entry = net.rom(net.slice(place, 0, bits, signed=False), rotated)
        if part is Part.NOTHING:
            return layer.finish(entry, type_.fraction)
        kept = net.shift(_part(net, part, value), fraction - layer.fraction)
        return layer.finish(net.add(kept, net.shift(entry, fraction - type_.fraction)), fraction)

    return layer.map(lookup)


def _part(net: Net, part: Part, value: Value) -> Value:
    """Add a part of a value: of the negative one minus the positive part of -x."""
    match part:
        case Part.POSITIVE:
            return net.relu(value)
        case Part.NEGATIVE:
            return net.negate(net.relu(net.negate(value)))
        case Part.WHOLE | Part.NOTHING:
            return value


def _negative_table(layer: LoweredLayer, op: Activation) -> list[Value]:
    """Add ELU or SELU: a table for negative inputs, a product or nothing for the others."""
    net, size, types, is_selu = layer.net, layer.config.table_size, layer.config.types, op.function is Function.SELU
    table: RawArray = activation_table(op.function, size, types["table"], 1.0 if is_selu else op.alpha)
    entries = requantize(table, types["table"].fraction, layer.result).tolist()
    bits = size.bit_length() - 1
    index = Fixed(bits, bits, signed=False, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    shift = NEGATIVE_RANGE.bit_length() - 1 - bits
    scale, fraction = (SELU_RAW, SELU_TYPE.fraction) if is_selu else (1, 0)

    def lookup(value: Value) -> Value:
        depth = net.relu(net.negate(value))
        low = net.rom(cast(net, depth, layer.fraction + shift, index), entries)
        positive = signed_products(net, net.relu(value), {scale})[scale]
        return net.mux(net.less(value, net.const(0)), low, layer.finish(positive, layer.fraction + fraction))

    return layer.map(lookup)


_FUNCTIONS: dict[Function, Callable[[LoweredLayer, Activation], list[Value]]] = {
    Function.LINEAR: _linear,
    Function.RELU: _relu,
    Function.LEAKY_RELU: _leaky_relu,
    Function.THRESHOLDED_RELU: _thresholded_relu,
    Function.HARD_SIGMOID: _hard_sigmoid,
    Function.HARD_SWISH: _hard_swish,
    Function.HARD_TANH: _hard_tanh,
    Function.BINARY_TANH: _binary_tanh,
    Function.TERNARY_TANH: _ternary_tanh,
    Function.SIGMOID: _table,
    Function.TANH: _table,
    Function.SOFTPLUS: _table,
    Function.SOFTSIGN: _table,
    Function.ELU: _negative_table,
    Function.SELU: _negative_table,
    **dict.fromkeys(PARTS, _part_and_table),
}
