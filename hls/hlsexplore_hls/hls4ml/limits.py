"""What hls4ml 1.3 cannot express, and where its numbers differ from ours (docs/hls4ml.md), layer by layer."""

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
    Executor,
    no_answer,
)
from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.handlers import Handlers
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
    Pool,
    Recurrent,
    Softmax,
)
from hlsexplore.tables import softmax_distance
from hlsexplore.target import Io
from hlsexplore_hls.hls4ml.directions import directions
from hlsexplore_hls.hls4ml.layers import LAYERS, LayerAt

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
Rules = Handlers[LayerAt, str | None]
_PLAIN = frozenset({Function.RELU, Function.SIGMOID, Function.TANH})
"""Functions that cells of hls4ml have."""


def refusals(design: Design) -> tuple[str, ...]:
    """List what hls4ml cannot express, a sentence for each layer."""
    found = []
    for node in design.graph:
        if type(node.op) not in LAYERS:
            found.append(HLS4ML_LAYERS.sentence(node))
            continue
        reason = _asked(_REFUSALS, node, design)
        if reason:
            found.append(reason)
    return tuple(found)


def differences(design: Design) -> tuple[str, ...]:
    """List the layers that hls4ml builds but computes otherwise than this design says."""
    found = []
    for node in design.graph:
        reason = _asked(_DIFFERENCES, node, design)
        if reason:
            found.append(f"layer {node.name!r}: {reason}")
    return tuple(found)


def _asked(rules: Rules, node: Node, design: Design) -> str | None:
    """Return what the rule of a layer's op says; None where there is no rule."""
    return rules(LayerAt(node=node, design=design), node.op) if type(node.op) in rules else None


def _merge(at: LayerAt, op: Merge | Concatenate) -> str | None:
    return HLS4ML_JOINS.sentence(at.node, count=len(at.node.inputs)) if len(at.node.inputs) > 2 else None


def _conv(at: LayerAt, op: Conv | DepthwiseConv) -> str | None:
    if op.dilation != (1, 1):
        return HLS4ML_DILATION.sentence(at.node)
    if isinstance(op, DepthwiseConv) and op.kernel.shape[3] > 1:
        return HLS4ML_MULTIPLIER.sentence(at.node)
    if isinstance(op, DepthwiseConv) and at.design.layers[at.node.name].strategy is Strategy.RESOURCE:
        return HLS4ML_DEPTHWISE.sentence(at.node)
    is_small = any(size < step for size, step in zip(op.kernel.shape[:2], op.stride, strict=True))
    if at.design.target.io is Io.STREAM and is_small:
        return HLS4ML_STRIDES.sentence(at.node)
    return None


def _recurrent(at: LayerAt, op: Recurrent) -> str | None:
    types = at.design.layers[at.node.name].types
    if op.cell is Cell.SIMPLE_RNN:
        return HLS4ML_LAYERS.sentence(at.node)
    if op.cell is Cell.GRU and not op.reset_after:
        return HLS4ML_RESET.sentence(at.node)
    is_paired = any(at.node in pair for pair in directions(at.design).values())
    if (op.go_backwards and not is_paired) or op.quantizes_state:
        return HLS4ML_STATES.sentence(at.node)
    if not {op.activation, op.recurrent_activation} <= _PLAIN:
        return HLS4ML_FUNCTIONS.sentence(at.node)
    accum = types["accum"]
    if any(types[key] != accum for key in ("activation", "gate") if key in types):
        return HLS4ML_GATES.sentence(at.node, accum=accum)
    inputs = at.design.input_types(at.node.name)
    if op.cell is Cell.LSTM and {types["result"], types.get("state", accum), *inputs} != {accum}:
        return HLS4ML_LSTM.sentence(at.node, accum=accum)
    return None


def _activation(at: LayerAt, op: Activation) -> str | None:
    if op.function is Function.RELU and op.max_value not in (None, 6.0, 1.0):
        return HLS4ML_LIMIT.sentence(at.node, limit=op.max_value)
    return None if op.function in _FUNCTIONS else HLS4ML_LAYERS.sentence(at.node)


_REFUSALS = (
    Handlers[LayerAt, str | None](refuse=lambda at, op: no_answer(Executor.HLS4ML, at.node))
    .on(Merge, _merge)
    .on(Concatenate, _merge)
    .on(Conv, _conv)
    .on(DepthwiseConv, _conv)
    .on(Recurrent, _recurrent)
    .on(Activation, _activation)
)


def _softmax_differs(at: LayerAt, op: Softmax) -> str | None:
    if at.design.layers[at.node.name].softmax is SoftmaxMode.STABLE:
        distance = softmax_distance(at.design.input_types(at.node.name)[0], at.design.layers[at.node.name].exp_integer)
        return f"distances of logits saturate at 2^{distance.integer}; hls4ml does so for Vivado and Vitis only."
    return None


def _activation_differs(at: LayerAt, op: Activation) -> str | None:
    if op.function is Function.TERNARY_TANH:
        return "hls4ml doubles x in the input's type and gives 0 at the threshold."
    if op.function is Function.ELU and op.alpha != 1.0:
        return "hls4ml rounds alpha times the entry once more; here alpha is in the table."
    return None


def _norm_differs(at: LayerAt, op: LayerNorm) -> str | None:
    return "hls4ml's table covers variances of 0 to 1 at most; here it covers the range of the accumulator."


def _pool_differs(at: LayerAt, op: Pool) -> str | None:
    if not op.average and any(map(any, op.padding)) and not at.design.input_types(at.node.name)[0].signed:
        return "padding of hls4ml's maximum pooling is half of the largest unsigned value; here it never wins."
    return None


_DIFFERENCES = (
    Handlers[LayerAt, str | None](refuse=lambda at, op: no_answer(Executor.HLS4ML, at.node))
    .on(Softmax, _softmax_differs)
    .on(Activation, _activation_differs)
    .on(LayerNorm, _norm_differs)
    .on(Pool, _pool_differs)
)
