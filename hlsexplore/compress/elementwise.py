"""Casts and elementwise functions in training: the emulator's values, with slopes that pass (training process)."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from hlsexplore.emulate.carrier import Span
from hlsexplore.emulate.pointwise import signed_index
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, requantize, to_real
from hlsexplore.ops import Activation, Function
from hlsexplore.tables import activation_table, half_range

Tensor = Any
Elementwise = Callable[[Tensor], Tensor]
SOFT: dict[Function, Elementwise] = {
    Function.SIGMOID: tf.sigmoid,
    Function.TANH: tf.tanh,
    Function.SOFTPLUS: tf.math.softplus,
    Function.SOFTSIGN: tf.math.softsign,
}
"""Functions by table; their slopes are those of the functions themselves."""


def caster(type_: Fixed) -> Callable[[Tensor], Tensor]:
    """Return the cast to a type, with straight-through gradients."""
    scale = 2.0**type_.fraction
    low, high = float(type_.min_raw), float(type_.max_raw)
    span = 2.0**type_.width

    def cast(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        raw = rounded(x * scale, type_.rounding)
        is_inside = tf.logical_and(raw >= low, raw <= high)
        match type_.overflow:
            case Overflow.WRAP:
                y = raw - span * tf.floor((raw - low) / span)
            case Overflow.SAT_ZERO:
                y = tf.where(is_inside, raw, tf.zeros_like(raw))
            case _:
                y = tf.clip_by_value(raw, low, high)

        def slope(upstream: Tensor) -> Tensor:
            return (
                upstream if type_.overflow is Overflow.WRAP else tf.where(is_inside, upstream, tf.zeros_like(upstream))
            )

        return y / scale, slope

    function: Callable[[Tensor], Tensor] = tf.custom_gradient(cast)
    return function


def rounded(x: Tensor, rounding: Rounding) -> Tensor:
    """Return whole numbers, rounded as a type does."""
    match rounding:
        case Rounding.TRN:
            return tf.floor(x)
        case Rounding.TRN_ZERO:
            return tf.where(x < 0, tf.math.ceil(x), tf.floor(x))
        case Rounding.RND:
            return tf.floor(x + 0.5)
        case Rounding.RND_CONV:
            return tf.round(x)
        case Rounding.RND_ZERO:
            return tf.sign(x) * tf.math.ceil(tf.abs(x) - 0.5)
        case Rounding.RND_INF:
            return tf.sign(x) * tf.floor(tf.abs(x) + 0.5)
        case Rounding.RND_MIN_INF:
            return tf.math.ceil(x - 0.5)


def elementwise(op: Activation, types: Mapping[str, Fixed], table_size: int, source: Fixed) -> Elementwise:
    """Return an activation function.

    Args:
        op: Which function.
        types: Types by tensor key: `result`, and `weight` or `table` where the function has them.
        table_size: Entries of its table.
        source: Type of its input.

    Raises:
        NoModelError: If the function cannot be trained.
    """
    result = caster(types["result"])
    match op.function:
        case Function.LINEAR:
            return result
        case Function.RELU if op.max_value is None:
            return lambda x: result(tf.nn.relu(x))
        case Function.RELU:
            top = op.max_value
            return lambda x: tf.where(x > top, result(tf.constant(top, x.dtype)), result(tf.nn.relu(x)))
        case Function.LEAKY_RELU:
            slope = _constant(op.alpha, types["weight"])
            return lambda x: tf.where(x > 0, result(x), result(slope * tf.minimum(x, 0.0)))
        case Function.HARD_SIGMOID:
            slope = _constant(op.alpha, types["weight"])
            return lambda x: result(tf.clip_by_value(slope * x + 0.5, 0.0, 1.0))
        case Function.HARD_TANH:
            return lambda x: result(tf.clip_by_value(x, -1.0, 1.0))
        case _ if op.function in SOFT:
            return _table(op.function, types, table_size, source)
    raise NoModelError(f"the function {op.function} cannot be trained.")


def _constant(value: float, type_: Fixed) -> float:
    return float(to_real(quantize(np.float64(value), type_), type_))


def _table(name: Function, types: Mapping[str, Fixed], size: int, source: Fixed) -> Elementwise:
    """Take entries of a function's table, with the function's own slope."""
    soft, type_, final = SOFT[name], types["table"], types["result"]
    raw = requantize(activation_table(name, size, type_), type_.fraction, final)
    entries = to_real(raw, final)
    index_type, span = signed_index(Span.of(source), size, half_range(name))
    scale = 2.0 ** (span.fraction - source.fraction)

    def take(x: Tensor) -> tuple[Tensor, Elementwise]:
        place = rounded(x / scale, index_type.rounding)
        place = tf.clip_by_value(place, float(index_type.min_raw), float(index_type.max_raw))
        y = tf.gather(tf.constant(entries, x.dtype), tf.cast(place, tf.int32) + size // 2)

        def slope(upstream: Tensor) -> Tensor:
            with tf.GradientTape() as tape:
                tape.watch(x)
                smooth = soft(x)
            return upstream * tape.gradient(smooth, x)

        return y, slope

    function: Elementwise = tf.custom_gradient(take)
    return function
