"""The process that writes a QKeras model; only it loads QKeras."""

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import qkeras

from hlsexplore.compress.to_qkeras import needs_cast
from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed, Overflow, to_real
from hlsexplore.graph import Node
from hlsexplore.ops import Activation, Concatenate, Conv, Dense, Function, Input, Merge, Pool, Reshape, Softmax
from hlsexplore.weights import raw_weights


def main() -> None:
    """Write the model of the folder and to the file that the command line names."""
    folder, target = json.loads(sys.argv[1])
    with (Path(folder) / "design.pickle").open("rb") as file:
        design = pickle.load(file)
    build(design).save(target)


def build(design: Design) -> Any:
    """Return the Keras model of a design."""
    tensors: dict[str, Any] = {}
    inputs: list[Any] = []
    later: list[tuple[Any, list[Any]]] = []
    for node in design.graph:
        own = [tensors[name] for name in node.inputs]
        if isinstance(node.op, Input):
            inputs.append(keras.Input(node.shape, name=node.name))
            tensor = inputs[-1]
        else:
            tensor = _layer(design, node, own, later)
        is_rectified = isinstance(node.op, Activation) and node.op.function is Function.RELU
        if needs_cast(design, node) and not is_rectified and not isinstance(node.op, Softmax | Reshape):
            cast = qkeras.QActivation(_quantizer(design.layers[node.name].types["result"]), name=f"{node.name}_cast")
            tensor = cast(tensor)
        tensors[node.name] = tensor
    outputs = [tensors[name] for name in design.graph.outputs]
    single = inputs[0] if len(inputs) == 1 else inputs
    model = keras.Model(single, outputs[0] if len(outputs) == 1 else outputs, name="design")
    for layer, values in later:
        layer.set_weights(values)
    return model


def _layer(design: Design, node: Node, inputs: list[Any], later: list[tuple[Any, list[Any]]]) -> Any:
    """Apply the layer of a node."""
    op, name, types = node.op, node.name, design.layers[node.name].types
    match op:
        case Dense() | Conv():
            raw = raw_weights(design, name)
            values = [to_real(raw[key], types[key]) for key in ("weight", "bias") if key in raw]
            options: dict[str, Any] = {
                "kernel_quantizer": _quantizer(types["weight"]),
                "bias_quantizer": _quantizer(types["bias"]) if "bias" in raw else None,
                "use_bias": "bias" in raw,
                "name": name,
            }
            layer, tensor = _product(node, inputs[0], options)
            if isinstance(op, Conv) and op.rank == 1:
                values[0] = values[0][0]
            later.append((layer, values))
            return layer(tensor)
        case Activation() if op.function is Function.RELU:
            type_ = types["result"]
            if type_.signed:
                rectified = keras.layers.ReLU(name=name)(inputs[0])
                return qkeras.QActivation(_quantizer(type_), name=f"{name}_cast")(rectified)
            return qkeras.QActivation(f"quantized_relu({type_.width},{type_.integer})", name=name)(inputs[0])
        case Activation():
            return keras.layers.Activation("linear", name=name)(inputs[0])
        case Pool() if op.rank == 1:
            return keras.layers.MaxPooling1D(op.size[1], op.stride[1], name=name)(inputs[0])
        case Pool():
            return keras.layers.MaxPooling2D(op.size, op.stride, name=name)(inputs[0])
        case Merge():
            return keras.layers.Add(name=name)(inputs)
        case Concatenate():
            return keras.layers.Concatenate(axis=op.axis + 1, name=name)(inputs)
        case Reshape():
            return keras.layers.Reshape(node.shape, name=name)(inputs[0])
        case Softmax():
            return keras.layers.Activation("softmax", name=name)(inputs[0])
    raise NoModelError(f"layer {name!r}: {node.kind!r} has no layer of QKeras.")


def _product(node: Node, tensor: Any, options: dict[str, Any]) -> tuple[Any, Any]:
    """Return the layer of a product, and its input with the padding that the model has."""
    op = node.op
    if isinstance(op, Dense):
        return qkeras.QDense(op.kernel.shape[1], **options), tensor
    if not isinstance(op, Conv):
        raise NoModelError(f"layer {node.name!r} is no product.")
    filters, size = op.kernel.shape[3], op.kernel.shape[:2]
    if op.rank == 1:
        if any(op.padding[1]):
            tensor = keras.layers.ZeroPadding1D(op.padding[1], name=f"{node.name}_pad")(tensor)
        return qkeras.QConv1D(filters, size[1], strides=op.stride[1], dilation_rate=op.dilation[1], **options), tensor
    if any(map(any, op.padding)):
        tensor = keras.layers.ZeroPadding2D(op.padding, name=f"{node.name}_pad")(tensor)
    return qkeras.QConv2D(filters, size, strides=op.stride, dilation_rate=op.dilation, **options), tensor


def _quantizer(type_: Fixed) -> str:
    """Write a type as QKeras' quantizer; its integer bits do not count the sign."""
    symmetric = int(type_.overflow is Overflow.SAT_SYM)
    integer = type_.integer - type_.signed
    return f"quantized_bits({type_.width},{integer},{symmetric},{int(type_.signed)},alpha=1)"


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
