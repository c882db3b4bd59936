"""The network in float64: what every fixed-point result is compared with."""

from collections.abc import Callable, Sequence
from math import erf, sqrt
from typing import Any

import numpy as np

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.encoding import decoded
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, Node, check_graph
from hlsexplore.handlers import Handlers
from hlsexplore.op_facts import GELU_TANH_CUBE, GELU_TANH_SCALE, SELU_ALPHA, SELU_SCALE
from hlsexplore.ops import (
    MOVES,
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    LayerNorm,
    Lookup,
    Merge,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Softmax,
)
from hlsexplore.reference import layers
from hlsexplore.reference.layers import LayerBlock
from hlsexplore.reference.moves import mover
from hlsexplore.reference.samples import Inputs, block_size, open_inputs, real, unpack


def float_forward(graph: Graph, x: Inputs) -> Any:
    """Compute the network in float64, with the weights as they are and no casts but the model's own quantizers.

    Args:
        graph: The network.
        x: Real inputs, shape (samples, *graph.input_shape).

    Returns:
        Real outputs, float64, shape (samples, *output_shape); a tuple of arrays when there are several.

    Raises:
        DataError: If the data does not fit the network.
        NoModelError: If a layer has no float implementation.
    """
    check_graph(graph)
    inputs = open_inputs(graph, x)
    count, size = len(next(iter(inputs.values()))), block_size(graph)
    parts: list[list[RealArray]] = [[] for _ in graph.outputs]
    for start in range(0, max(count, 1), size):
        values = {
            name: layers.input_values(graph[name], real(array[start : start + size])) for name, array in inputs.items()
        }
        for node in graph.layers:
            values[node.name] = forward_node(node, [values[name] for name in node.inputs])
        for part, name in zip(parts, graph.outputs, strict=True):
            part.append(decoded(values[name], graph[name].unit))
    return unpack([np.concatenate(part) for part in parts])


def forward_node(node: Node, inputs: Sequence[RealArray]) -> RealArray:
    """Compute one layer in float64."""
    if isinstance(node.op, MOVES):
        return mover(node)(inputs[0])
    return layers.prescribed(node, "result", FORWARD(LayerBlock(node=node, inputs=inputs), node.op))


def _dense(block: LayerBlock, op: Dense) -> RealArray:
    y: RealArray = block.inputs[0] @ op.kernel
    return y if op.bias is None else y + op.bias


def _affine(block: LayerBlock, op: Affine) -> RealArray:
    return block.inputs[0] * op.kernel + op.bias


def _requantize(block: LayerBlock, op: Requantize) -> RealArray:
    rounded = layers.prescribed(block.node, "result", block.inputs[0] * op.kernel + op.bias)
    return np.clip(rounded, op.low, op.high)


def _activation(block: LayerBlock, op: Activation) -> RealArray:
    return activate(op, block.inputs[0])


def activate(op: Activation, x: RealArray) -> RealArray:
    """Apply an elementwise function in float64."""
    function = ELEMENTWISE.get(op.function)
    if function is None:
        raise NoModelError(f"no float implementation of {op.function.value!r} exists.")
    with np.errstate(over="ignore"):
        y: RealArray = function(x, op.alpha)
    return y if op.max_value is None else np.minimum(y, op.max_value)


def _clip(block: LayerBlock, op: Clip) -> RealArray:
    (x,) = block.inputs
    line = op.floor + op.slope * (x - op.low) if op.slope else np.full_like(x, op.floor)
    y: RealArray = np.where(x > op.low, np.minimum(x, op.high), line)
    return y


def _softmax(block: LayerBlock, op: Softmax) -> RealArray:
    e = np.exp(block.inputs[0] - block.inputs[0].max(axis=-1, keepdims=True))
    y: RealArray = e / e.sum(axis=-1, keepdims=True)
    return y


def _recurrent(block: LayerBlock, op: Recurrent) -> RealArray:
    return layers.recurrent(block, op, activate)


LARGEST_EXPONENT = 88.0
"""exp of more is beyond float32."""
_erf_of_one = np.frompyfunc(erf, 1, 1)


def error_function(x: RealArray) -> RealArray:
    """Return the error function; numpy has none."""
    return np.asarray(_erf_of_one(x), dtype=np.float64)


def _sigmoid(x: RealArray) -> RealArray:
    y: RealArray = 1.0 / (1.0 + np.exp(-x))
    return y


ELEMENTWISE: dict[Function, Callable[[RealArray, float], RealArray]] = {
    Function.LINEAR: lambda x, alpha: x,
    Function.RELU: lambda x, alpha: np.maximum(x, 0.0),
    Function.LEAKY_RELU: lambda x, alpha: np.where(x > 0, x, alpha * x),
    Function.THRESHOLDED_RELU: lambda x, alpha: np.where(x > alpha, x, 0.0),
    Function.ELU: lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
    Function.SELU: lambda x, alpha: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0))),
    Function.SOFTPLUS: lambda x, alpha: np.logaddexp(x, 0.0),
    Function.SOFTSIGN: lambda x, alpha: x / (1.0 + np.abs(x)),
    Function.SILU: lambda x, alpha: x * _sigmoid(x),
    Function.GELU: lambda x, alpha: 0.5 * x * (1.0 + error_function(x / sqrt(2.0))),
    Function.GELU_TANH: lambda x, alpha: 0.5 * x * (1.0 + np.tanh(GELU_TANH_SCALE * (x + GELU_TANH_CUBE * x**3))),
    Function.MISH: lambda x, alpha: x * np.tanh(np.logaddexp(x, 0.0)),
    Function.SPARSE_PLUS: lambda x, alpha: np.where(np.abs(x) < 1, np.square(x + 1) / 4, np.maximum(x, 0.0)),
    Function.LOG_SIGMOID: lambda x, alpha: -np.logaddexp(-x, 0.0),
    Function.TANH_SHRINK: lambda x, alpha: x - np.tanh(x),
    Function.EXPONENTIAL: lambda x, alpha: np.exp(np.minimum(x, LARGEST_EXPONENT)),
    Function.SIGMOID: lambda x, alpha: _sigmoid(x),
    Function.TANH: lambda x, alpha: np.tanh(x),
    Function.HARD_SIGMOID: lambda x, alpha: np.clip(alpha * x + 0.5, 0.0, 1.0),
    Function.HARD_SWISH: lambda x, alpha: x * np.clip(alpha * x + 0.5, 0.0, 1.0),
    Function.HARD_TANH: lambda x, alpha: np.clip(x, -1.0, 1.0),
    Function.BINARY_TANH: lambda x, alpha: np.where(x >= 0, 1.0, -1.0),
    Function.TERNARY_TANH: lambda x, alpha: np.where(np.abs(x) >= alpha, np.sign(x), 0.0),
}
"""Elementwise functions of (x, alpha)."""

FORWARD = (
    Handlers[LayerBlock, RealArray](refuse=lambda block, op: no_answer(Executor.REFERENCE, block.node))
    .on(Dense, _dense)
    .on(Affine, _affine)
    .on(Requantize, _requantize)
    .on(Activation, _activation)
    .on(Clip, _clip)
    .on(Softmax, _softmax)
    .on(Quantize, layers.quantized)
    .on(Lookup, layers.lookup)
    .on(Conv, layers.conv)
    .on(DepthwiseConv, layers.conv)
    .on(Pool, layers.pool)
    .on(LayerNorm, layers.layer_norm)
    .on(PRelu, layers.prelu)
    .on(Merge, layers.merge)
    .on(Concatenate, layers.concatenate)
    .on(Dot, layers.dot)
    .on(Recurrent, _recurrent)
)
"""How each op but moves is computed."""
