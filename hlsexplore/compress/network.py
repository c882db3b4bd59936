"""The network of a design in TensorFlow: what training computes is what the emulator computes (docs/compression.md).

Every cast rounds and overflows as its type says; gradients pass through it straight, and stop where it saturates. Only
the process that trains imports this module.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2, prod
from typing import Any

import numpy as np
import tensorflow as tf

from hlsexplore.compress.elementwise import Tensor, caster, elementwise, rounded
from hlsexplore.compress.recurrent import make_recurrent
from hlsexplore.compress.trainable import is_lossless
from hlsexplore.design import Design
from hlsexplore.emulate.merge import RECIPROCAL
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, Rounding, quantize, to_real
from hlsexplore.graph import Node, Shape
from hlsexplore.handlers import Handlers
from hlsexplore.ops import (
    Activation,
    Affine,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Merge,
    MergeFunction,
    Pad,
    Permute,
    Pool,
    Quantize,
    Recurrent,
    Reshape,
    Upsample,
    weights,
)
from hlsexplore.reference.windows import pad_image, windows

Weights = Mapping[tuple[str, str], Tensor]
"""Trained values by layer and tensor key."""
Apply = Callable[[Sequence[Tensor], Weights], Tensor]
FLOAT32_BITS = 22
"""Integers of so many bits, with the half that rounding adds, are exact in float32."""


def make_forward(design: Design, outputs: Sequence[str]) -> Callable[[Mapping[str, Tensor], Weights], list[Tensor]]:
    """Return the function from cast inputs and weights to the results of some layers.

    Args:
        design: What is computed.
        outputs: Names of the layers whose results are returned.
    """
    wanted = needed(design, outputs)
    steps: list[tuple[Node, Apply]] = [
        (node, TRAINED(Trained(design=design, node=node), node.op)) for node in wanted if node.inputs
    ]

    def forward(inputs: Mapping[str, Tensor], values: Weights) -> list[Tensor]:
        results = dict(inputs)
        for node, apply in steps:
            results[node.name] = apply([results[name] for name in node.inputs], values)
        return [results[name] for name in outputs]

    return forward


def needed(design: Design, outputs: Sequence[str]) -> list[Node]:
    """List the nodes that some results depend on, in order."""
    names = set(outputs)
    for node in reversed(design.graph.nodes):
        if node.name in names:
            names.update(node.inputs)
    return [node for node in design.graph if node.name in names]


def float_type(design: Design, outputs: Sequence[str]) -> Any:
    """Return the smallest of float32 and float64 in which every sum of the network is exact, as far as one is."""
    bits = 0
    for node in needed(design, outputs):
        if isinstance(node.op, Recurrent):
            return tf.float64
        types = [design.result_type(node.name), *design.input_types(node.name)]
        count = 1
        if isinstance(node.op, Dense | Conv | DepthwiseConv | Affine):
            source, kinds = types[1], design.layers[node.name].types
            kernel = node.op.kernel
            rows = (
                1
                if isinstance(node.op, Affine)
                else prod(kernel.shape[: 2 if isinstance(node.op, DepthwiseConv) else -1])
            )
            weight, bias = kinds["weight"], kinds["bias"]
            product = Fixed.parse(f"fixed<{source.width + weight.width},{source.integer + weight.integer}>")
            types += [product, bias]
            count = rows + 1
        if isinstance(node.op, Activation) and "weight" in design.layers[node.name].types:
            slope = design.layers[node.name].types["weight"]
            types += [Fixed(slope.width + types[1].width, slope.integer + types[1].integer)]
        if isinstance(node.op, Pool):
            count = prod(node.op.size)
        if isinstance(node.op, Merge):
            count = 1 << (20 if node.op.function is MergeFunction.AVERAGE else len(node.inputs))
        whole, fraction = max(type_.integer for type_ in types), max(type_.fraction for type_ in types)
        bits = max(bits, int(np.ceil(whole + fraction + log2(count))))
    return tf.float32 if bits <= FLOAT32_BITS else tf.float64


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A layer that is trained.

    Attributes:
        design: Its design.
        node: The layer.
    """

    design: Design
    node: Node

    @property
    def types(self) -> Mapping[str, Fixed]:
        """The layer's types."""
        return self.design.layers[self.node.name].types


def _product(at: Trained, op: Dense | Conv | DepthwiseConv) -> Apply:
    types, name = at.types, at.node.name
    casts = {key: caster(types[key]) for key in weights(op)}
    is_exact = is_lossless(at.design, at.node)
    accum = _same if is_exact else caster(types["accum"])
    result = _same if is_exact and types["result"] == types["accum"] else caster(types["result"])

    def apply(inputs: Sequence[Tensor], values: Weights) -> Tensor:
        total = _multiplied(op, at.node.shape, inputs[0], casts["weight"](values[name, "weight"]))
        if "bias" in casts:
            total += casts["bias"](values[name, "bias"])
        return result(accum(total))

    return apply


def _same(x: Tensor) -> Tensor:
    return x


def _multiplied(op: Dense | Conv | DepthwiseConv, shape: Shape, x: Tensor, kernel: Tensor) -> Tensor:
    if isinstance(op, Dense):
        return tf.tensordot(x, kernel, 1)
    if isinstance(op, DepthwiseConv):
        height, width, channels, multiplier = op.kernel.shape
        each = tf.eye(channels, dtype=kernel.dtype)
        kernel = tf.reshape(tf.einsum("hwcm,cd->hwcdm", kernel, each), (height, width, channels, channels * multiplier))
    image = tf.expand_dims(x, 1) if op.rank == 1 else x
    padded = tf.pad(image, ((0, 0), *op.padding, (0, 0)))
    y = tf.nn.conv2d(padded, kernel, strides=(1, *op.stride, 1), padding="VALID", dilations=(1, *op.dilation, 1))
    return tf.reshape(y, (-1, *shape))


def _affine(at: Trained, op: Affine) -> Apply:
    types, name = at.types, at.node.name
    weight, bias, result = caster(types["weight"]), caster(types["bias"]), caster(types["result"])
    return lambda inputs, values: result(inputs[0] * weight(values[name, "weight"]) + bias(values[name, "bias"]))


def _activation(at: Trained, op: Activation) -> Apply:
    config = at.design.layers[at.node.name]
    function = elementwise(op, config.types, config.table_size, at.design.input_types(at.node.name)[0])
    return lambda inputs, values: function(inputs[0])


def _pool(at: Trained, op: Pool) -> Apply:
    types = at.types
    accum, result = caster(types["accum"]), caster(types["result"])
    source = at.design.input_types(at.node.name)[0]
    shape = at.design.graph.input_shapes(at.node)[0]
    height, width = (1, shape[0]) if op.rank == 1 else shape[:2]
    ones = pad_image(np.ones((1, height, width, 1)), op.padding)
    counts = windows(ones, op.size, op.stride).sum(axis=(3, 4))
    own = np.broadcast_to(counts, (*counts.shape[:3], at.node.shape[-1])).reshape(1, *at.node.shape)

    def apply(inputs: Sequence[Tensor], values: Weights) -> Tensor:
        image = tf.expand_dims(inputs[0], 1) if op.rank == 1 else inputs[0]
        low = 0.0 if op.average else source.low
        padded = tf.pad(image, ((0, 0), *op.padding, (0, 0)), constant_values=tf.constant(low, image.dtype))
        if not op.average:
            best = tf.nn.max_pool2d(padded, op.size, op.stride, "VALID")
            return result(accum(tf.reshape(best, (-1, *at.node.shape))))
        total = tf.nn.avg_pool2d(padded, op.size, op.stride, "VALID") * float(prod(op.size))
        step = 2.0 ** -types["accum"].fraction
        total = accum(tf.reshape(_snapped(total, 2.0**-source.fraction), (-1, *at.node.shape)))
        return result(_divided(total, tf.constant(own, total.dtype), step))

    return apply


def _snapped(x: Tensor, step: float) -> Tensor:
    """Put a sum that went through an average back on its grid; the slope stays."""

    def snap(values: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        return tf.round(values / step) * step, lambda upstream: upstream

    return tf.custom_gradient(snap)(x)


def _divided(total: Tensor, counts: Tensor, step: float) -> Tensor:
    """Divide integers of a step, truncating toward zero."""

    def divide(values: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        raw = rounded(tf.round(values / step) / counts, Rounding.TRN_ZERO)
        return raw * step, lambda upstream: upstream / counts

    return tf.custom_gradient(divide)(total)


def _quantize(at: Trained, op: Quantize) -> Apply:
    result = caster(at.types["result"])
    return lambda inputs, values: result(inputs[0])


def _merge(at: Trained, op: Merge) -> Apply:
    result = caster(at.types["result"])
    functions: dict[MergeFunction, Callable[[Tensor, Tensor], Tensor]] = {
        MergeFunction.ADD: tf.add,
        MergeFunction.AVERAGE: tf.add,
        MergeFunction.SUBTRACT: tf.subtract,
        MergeFunction.MULTIPLY: tf.multiply,
        MergeFunction.MAXIMUM: tf.maximum,
        MergeFunction.MINIMUM: tf.minimum,
    }
    join = functions[op.function]
    share = float(to_real(quantize(np.float64(1 / len(at.node.inputs)), RECIPROCAL), RECIPROCAL))

    def apply(inputs: Sequence[Tensor], values: Weights) -> Tensor:
        total = inputs[0]
        for item in inputs[1:]:
            total = join(total, item)
        return result(total * share if op.function is MergeFunction.AVERAGE else total)

    return apply


def _concatenate(at: Trained, op: Concatenate) -> Apply:
    result = caster(at.types["result"])
    return lambda inputs, values: tf.concat([result(item) for item in inputs], axis=op.axis + 1)


def _reshape(at: Trained, op: Reshape) -> Apply:
    return lambda inputs, values: tf.reshape(inputs[0], (-1, *at.node.shape))


def _permute(at: Trained, op: Permute) -> Apply:
    axes = (0, *(axis + 1 for axis in op.axes))
    return lambda inputs, values: tf.transpose(inputs[0], axes)


def _pad(at: Trained, op: Pad) -> Apply:
    pads = ((0, 0), *(op.padding if op.rank == 2 else op.padding[1:]), (0, 0))
    return lambda inputs, values: tf.pad(inputs[0], pads)


def _crop(at: Trained, op: Crop) -> Apply:
    sides = op.cropping if op.rank == 2 else op.cropping[1:]
    begin = (0, *(side[0] for side in sides), 0)
    return lambda inputs, values: tf.slice(inputs[0], begin, (-1, *at.node.shape))


def _upsample(at: Trained, op: Upsample) -> Apply:
    rows, columns = op.size
    if op.rank == 1:
        return lambda inputs, values: tf.repeat(inputs[0], columns, axis=1)
    return lambda inputs, values: tf.repeat(tf.repeat(inputs[0], rows, axis=1), columns, axis=2)


TRAINED = (
    Handlers[Trained, Apply](
        refuse=lambda at, op: NoModelError(f"layer {at.node.name!r}: {at.node.kind!r} cannot be trained.")
    )
    .on(Dense, _product)
    .on(Conv, _product)
    .on(DepthwiseConv, _product)
    .on(Affine, _affine)
    .on(Activation, _activation)
    .on(Pool, _pool)
    .on(Merge, _merge)
    .on(Concatenate, _concatenate)
    .on(Quantize, _quantize)
    .on(Recurrent, lambda at, op: make_recurrent(at.design, at.node, op))
    .on(Reshape, _reshape)
    .on(Permute, _permute)
    .on(Pad, _pad)
    .on(Crop, _crop)
    .on(Upsample, _upsample)
)
"""What each op computes in TensorFlow."""
