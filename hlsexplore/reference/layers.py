"""Layers in float64 beyond products and activations: what the float reference computes, in Keras' words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import assert_never

import numpy as np

from hlsexplore.element_types import quantize_elements
from hlsexplore.fixed import RealArray, quantize, to_real
from hlsexplore.graph import Node
from hlsexplore.op_facts import element_types
from hlsexplore.ops import (
    Activation,
    Cell,
    Concatenate,
    Conv,
    DepthwiseConv,
    Dot,
    Input,
    LayerNorm,
    Lookup,
    Merge,
    MergeFunction,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
)
from hlsexplore.reference.windows import as_image, pad_image, windows

Activate = Callable[[Activation, RealArray], RealArray]
Note = Callable[[str, RealArray], None]
"""Told of each tensor inside a recurrent layer: key (`accum`, `activation`, `gate`, `state`) and values."""

_MERGES: dict[MergeFunction, Callable[[RealArray, RealArray], RealArray]] = {
    MergeFunction.ADD: np.add,
    MergeFunction.SUBTRACT: np.subtract,
    MergeFunction.MULTIPLY: np.multiply,
    MergeFunction.AVERAGE: np.add,
    MergeFunction.MAXIMUM: np.maximum,
    MergeFunction.MINIMUM: np.minimum,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerBlock:
    """A layer on a block of samples.

    Attributes:
        node: The layer.
        inputs: Tensors that it reads, each (samples, *shape).
    """

    node: Node
    inputs: Sequence[RealArray]


def input_values(node: Node, x: RealArray) -> RealArray:
    """Return an input's data as the hardware reads it: encoded, and cast where the model gives its elements types."""
    if isinstance(node.op, Input) and node.op.encoding is not None:
        x = node.op.encoding.encode(x)
    types = element_types(node.op)
    return x if types is None else to_real(quantize_elements(x, types), types.hull())


def quantized(block: LayerBlock, op: Quantize) -> RealArray:
    """Cast each element to its own type."""
    return to_real(quantize_elements(block.inputs[0], op.types), op.types.hull())


def lookup(block: LayerBlock, op: Lookup) -> RealArray:
    """Take entries of the model's table."""
    address = quantize(block.inputs[0], op.source) & ((1 << op.source.width) - 1)
    return to_real(op.entries[address], op.type)


def conv(block: LayerBlock, op: Conv | DepthwiseConv) -> RealArray:
    """Convolve: each window times the kernel."""
    height, width = op.kernel.shape[:2]
    view = windows(pad_image(as_image(block.inputs[0], op.rank), op.padding), (height, width), op.stride, op.dilation)
    formula = "nyxijc,ijcf->nyxf" if isinstance(op, Conv) else "nyxijc,ijcm->nyxcm"
    y: RealArray = np.einsum(formula, view, op.kernel, optimize=True).reshape(-1, *block.node.shape)
    return y if op.bias is None else y + op.bias


def pool(block: LayerBlock, op: Pool) -> RealArray:
    """Pool: the maximum or average of each window; padding does not count."""
    padded = pad_image(as_image(block.inputs[0], op.rank), op.padding, np.nan)
    view = windows(padded, op.size, op.stride)
    y: RealArray = np.nanmean(view, axis=(3, 4)) if op.average else np.nanmax(view, axis=(3, 4))
    return y.reshape(-1, *block.node.shape)


def layer_norm(block: LayerBlock, op: LayerNorm) -> RealArray:
    """Normalise the last axis, scale and shift."""
    x = block.inputs[0]
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    y: RealArray = (x - mean) / np.sqrt(variance + op.epsilon) * op.kernel + op.bias
    return y


def prelu(block: LayerBlock, op: PRelu) -> RealArray:
    """Scale negative values by a slope of their own."""
    x = block.inputs[0]
    y: RealArray = np.maximum(x, 0.0) + op.kernel * np.minimum(x, 0.0)
    return y


def merge(block: LayerBlock, op: Merge) -> RealArray:
    """Combine tensors of one shape from left to right."""
    total = reduce(_MERGES[op.function], block.inputs)
    return total / len(block.inputs) if op.function is MergeFunction.AVERAGE else total


def concatenate(block: LayerBlock, op: Concatenate) -> RealArray:
    """Join tensors."""
    return np.concatenate(block.inputs, axis=op.axis + 1)


def dot(block: LayerBlock, op: Dot) -> RealArray:
    """Multiply two vectors."""
    y: RealArray = np.sum(block.inputs[0] * block.inputs[1], axis=-1, keepdims=True)
    return y


def _ignore(key: str, values: RealArray) -> None:
    """Take no note."""


def recurrent(block: LayerBlock, op: Recurrent, activate: Activate, note: Note = _ignore) -> RealArray:
    """Run a recurrent layer over a sequence, with the model's own quantizers of functions and states.

    Args:
        block: One sequence, shape (samples, steps, n_in).
        op: The layer.
        activate: Applies an elementwise function.
        note: Told of the tensors inside.
    """
    x = block.inputs[0]
    units = op.recurrent_kernel.shape[0]
    hidden, memory = np.zeros((len(x), units)), np.zeros((len(x), units))
    sequence = np.zeros((len(x), x.shape[1], units))
    for t in range(x.shape[1] - 1, -1, -1) if op.go_backwards else range(x.shape[1]):
        output, memory = _cell(block.node, op, x[:, t] @ op.kernel + op.bias, hidden, memory, activate, note)
        hidden, memory = prescribed(block.node, "hidden", output), prescribed(block.node, "memory", memory)
        sequence[:, t] = output
    return sequence if op.return_sequences else output


def prescribed(node: Node, key: str, values: RealArray) -> RealArray:
    """Cast to the type that the model prescribes for a tensor, if it does: rounding and clipping are part of it."""
    type_ = node.types.get(key)
    return values if type_ is None else to_real(quantize(values, type_), type_)


def _cell(
    node: Node,
    op: Recurrent,
    from_x: RealArray,
    hidden: RealArray,
    memory: RealArray,
    activate: Activate,
    note: Note,
) -> tuple[RealArray, RealArray]:
    """Compute one step of a cell: the new output and the new memory."""

    def act(values: RealArray) -> RealArray:
        values = activate(Activation(function=op.activation, alpha=op.alpha), values)
        note("activation", values)
        return prescribed(node, "activation", values)

    def gate(values: RealArray) -> RealArray:
        values = activate(Activation(function=op.recurrent_activation, alpha=op.recurrent_alpha), values)
        note("gate", values)
        return prescribed(node, "gate", values)

    n = op.recurrent_kernel.shape[0]
    from_h = hidden @ op.recurrent_kernel + op.recurrent_bias
    note("accum", from_x + from_h)
    match op.cell:
        case Cell.SIMPLE_RNN:
            return act(from_x + from_h), memory
        case Cell.LSTM:
            i, f, c, o = np.split(from_x + from_h, 4, axis=1)
            memory = gate(f) * memory + gate(i) * act(c)
            note("state", memory)
            return gate(o) * act(memory), memory
        case Cell.GRU:
            z, r = np.split(gate(from_x[:, : 2 * n] + from_h[:, : 2 * n]), 2, axis=1)
            reset = r * from_h[:, 2 * n :]
            if not op.reset_after:
                note("state", r * hidden)
                reset = (r * hidden) @ op.recurrent_kernel[:, 2 * n :] + op.recurrent_bias[2 * n :]
            return z * hidden + (1.0 - z) * act(from_x[:, 2 * n :] + reset), memory
        case _:
            assert_never(op.cell)
