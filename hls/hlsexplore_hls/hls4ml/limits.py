"""What hls4ml 1.3 cannot express, and where its numbers differ from ours (docs/hls4ml.md), layer by layer."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from hlsexplore.coverage import (
    HLS4ML_DEPTHWISE,
    HLS4ML_DILATION,
    HLS4ML_FUNCTIONS,
    HLS4ML_GATES,
    HLS4ML_JOINS,
    HLS4ML_LAYERS,
    HLS4ML_LIMIT,
    HLS4ML_LSTM,
    HLS4ML_MULTIPLIER,
    HLS4ML_RESET,
    HLS4ML_STATES,
    HLS4ML_STRIDES,
)
from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.layer_config import SoftmaxMode, Strategy
from hlsexplore.ops import (
    Activation,
    Cell,
    Concatenate,
    Conv,
    DepthwiseConv,
    Function,
    LayerNorm,
    Merge,
    Op,
    Pool,
    Recurrent,
    Softmax,
)
from hlsexplore.tables import softmax_distance
from hlsexplore.target import Io
from hlsexplore_hls.hls4ml.directions import directions
from hlsexplore_hls.hls4ml.layers import LAYERS

_FUNCTIONS = frozenset(
    {
        Function.LINEAR,
        Function.RELU,
        Function.LEAKY_RELU,
        Function.THRESHOLDED_RELU,
        Function.ELU,
        Function.SELU,
        Function.SOFTPLUS,
        Function.SOFTSIGN,
        Function.SIGMOID,
        Function.HARD_SIGMOID,
        Function.TANH,
        Function.HARD_TANH,
        Function.BINARY_TANH,
        Function.TERNARY_TANH,
    }
)
"""Functions that hls4ml has."""
Rule = Callable[[Any, Node, Design], str | None]
_PLAIN = frozenset({Function.RELU, Function.SIGMOID, Function.TANH})
"""Functions that cells of hls4ml have."""


def refusals(design: Design) -> tuple[str, ...]:
    """List what hls4ml cannot express, a sentence for each layer."""
    found = []
    for node in design.graph:
        if type(node.op) not in LAYERS:
            found.append(HLS4ML_LAYERS.sentence(node))
            continue
        rule = _REFUSALS.get(type(node.op))
        reason = rule(node.op, node, design) if rule else None
        if reason:
            found.append(reason)
    return tuple(found)


def differences(design: Design) -> tuple[str, ...]:
    """List the layers that hls4ml builds but computes otherwise than this design says."""
    found = []
    for node in design.graph:
        rule = _DIFFERENCES.get(type(node.op))
        reason = rule(node.op, node, design) if rule else None
        if reason:
            found.append(f"layer {node.name!r}: {reason}")
    return tuple(found)


def _merge(op: Merge | Concatenate, node: Node, design: Design) -> str | None:
    return HLS4ML_JOINS.sentence(node, count=len(node.inputs)) if len(node.inputs) > 2 else None


def _conv(op: Conv | DepthwiseConv, node: Node, design: Design) -> str | None:
    if op.dilation != (1, 1):
        return HLS4ML_DILATION.sentence(node)
    if isinstance(op, DepthwiseConv) and op.kernel.shape[3] > 1:
        return HLS4ML_MULTIPLIER.sentence(node)
    if isinstance(op, DepthwiseConv) and design.layers[node.name].strategy is Strategy.RESOURCE:
        return HLS4ML_DEPTHWISE.sentence(node)
    is_small = any(size < step for size, step in zip(op.kernel.shape[:2], op.stride, strict=True))
    if design.target.io is Io.STREAM and is_small:
        return HLS4ML_STRIDES.sentence(node)
    return None


def _recurrent(op: Recurrent, node: Node, design: Design) -> str | None:
    types = design.layers[node.name].types
    if op.cell is Cell.SIMPLE_RNN:
        return HLS4ML_LAYERS.sentence(node)
    if op.cell is Cell.GRU and not op.reset_after:
        return HLS4ML_RESET.sentence(node)
    is_paired = any(node in pair for pair in directions(design).values())
    if (op.go_backwards and not is_paired) or op.quantizes_state:
        return HLS4ML_STATES.sentence(node)
    if not {op.activation, op.recurrent_activation} <= _PLAIN:
        return HLS4ML_FUNCTIONS.sentence(node)
    accum = types["accum"]
    if any(types[key] != accum for key in ("activation", "gate") if key in types):
        return HLS4ML_GATES.sentence(node, accum=accum)
    inputs = design.input_types(node.name)
    if op.cell is Cell.LSTM and {types["result"], types.get("state", accum), *inputs} != {accum}:
        return HLS4ML_LSTM.sentence(node, accum=accum)
    return None


def _activation(op: Activation, node: Node, design: Design) -> str | None:
    if op.function is Function.RELU and op.max_value not in (None, 6.0, 1.0):
        return HLS4ML_LIMIT.sentence(node, limit=op.max_value)
    return None if op.function in _FUNCTIONS else HLS4ML_LAYERS.sentence(node)


_REFUSALS: Mapping[type[Op], Rule] = MappingProxyType(
    {
        Merge: _merge,
        Concatenate: _merge,
        Conv: _conv,
        DepthwiseConv: _conv,
        Recurrent: _recurrent,
        Activation: _activation,
    }
)


def _softmax_differs(op: Softmax, node: Node, design: Design) -> str | None:
    if design.layers[node.name].softmax is SoftmaxMode.STABLE:
        distance = softmax_distance(design.input_types(node.name)[0], design.layers[node.name].exp_integer)
        return f"distances of logits saturate at 2^{distance.integer}; hls4ml does so for Vivado and Vitis only."
    return None


def _activation_differs(op: Activation, node: Node, design: Design) -> str | None:
    if op.function is Function.TERNARY_TANH:
        return "hls4ml doubles x in the input's type and gives 0 at the threshold."
    if op.function is Function.ELU and op.alpha != 1.0:
        return "hls4ml rounds alpha times the entry once more; here alpha is in the table."
    return None


def _norm_differs(op: LayerNorm, node: Node, design: Design) -> str | None:
    return "hls4ml's table covers variances of 0 to 1 at most; here it covers the range of the accumulator."


def _pool_differs(op: Pool, node: Node, design: Design) -> str | None:
    if not op.average and any(map(any, op.padding)) and not design.input_types(node.name)[0].signed:
        return "padding of hls4ml's maximum pooling is half of the largest unsigned value; here it never wins."
    return None


_DIFFERENCES: Mapping[type[Op], Rule] = MappingProxyType(
    {Softmax: _softmax_differs, Activation: _activation_differs, LayerNorm: _norm_differs, Pool: _pool_differs}
)
