"""What all converters of HGQ2 layers share: quantizers as nodes, quantised weights, products with an activation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hlsexplore.element_types import ElementTypes
from hlsexplore.errors import ModelError
from hlsexplore.fixed import Fixed, RealArray, least_type
from hlsexplore.graph import Shape
from hlsexplore.importers.activations import apply_activation
from hlsexplore.importers.hgq_quantizers import HgqQuantizer, read_quantizer, read_types
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor
from hlsexplore.importers.source import WeightRef
from hlsexplore.ops import Activation, Affine, Function, Op, Quantize

Make = Callable[[RealArray, RealArray | None, ElementTypes | None], Op]
"""Makes the op of a product from kernel, bias and the types of single weights."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuantizedWeight:
    """Weights as a quantizer leaves them.

    Attributes:
        values: The weights.
        type: The least type that holds them all.
        types: The type that each has of the quantizer, broadcastable to their shape; None where it has none.
    """

    values: RealArray
    type: Fixed
    types: ElementTypes | None


def _own_weights(layer: ImportedLayer) -> list[WeightRef]:
    groups = layer.weights.groups or {}
    return [ref for ref in groups.get(layer.component, ()) if ref.shape]


def read_axes(layer: ImportedLayer, rank: int, what: str) -> list[int]:
    """Return the axes that a layer works over, counted without the batch, in order.

    Args:
        layer: The layer.
        rank: Axes of its input, the batch included.
        what: What the layer does over them, for the message; `{axes}` is replaced by what was given.

    Raises:
        ModelError: If they are no axes, or the batch is one of them.
    """
    axes = layer.config.get("axes", layer.config.get("axis", -1))
    given = [axes] if type(axes) is int else axes
    if not isinstance(given, list | tuple) or not given or not all(type(axis) is int for axis in given):
        raise layer.damaged("axes", "axes of the input")
    chosen = sorted({axis % rank for axis in given})
    if any(not -rank <= axis < rank for axis in given) or 0 in chosen:
        raise layer.refuse(what.format(axes=given), f"Use axes of 1 to {rank - 1}.")
    return [axis - 1 for axis in chosen]


def num_weights(layer: ImportedLayer) -> int:
    """Count the variables of a layer that are no scalars."""
    return len(_own_weights(layer))


def own_weight(layer: ImportedLayer, leaf: str, position: int, shape: tuple[int | None, ...] | None) -> RealArray:
    """Read a variable of a layer; scalars, which only training uses, do not count.

    Args:
        layer: The layer.
        leaf: Its name, for messages.
        position: Its place among the layer's arrays.
        shape: The expected shape; None where any size, or any shape, fits.

    Raises:
        ModelError: If it is missing or wrong.
    """
    refs = _own_weights(layer)
    if position >= len(refs):
        raise ModelError(
            f"layer {layer.name!r} ({layer.cls}): its weight {leaf!r} is missing in the file. "
            "Save the whole model after it was built: model.save('NAME.keras')."
        )
    ref = refs[position]
    return layer.weights.read(ref, layer.name, (None,) * len(ref.shape) if shape is None else shape)


def quantized_input(layer: ImportedLayer, x: ImportedTensor) -> ImportedTensor:
    """Append the cast of a layer's only input, if it has a quantizer for it."""
    return _quantized(layer, x, "iq_conf", "iq")


def quantized_output(layer: ImportedLayer, y: ImportedTensor) -> ImportedTensor:
    """Append the cast of a layer's output, if it has a quantizer for it."""
    return _quantized(layer, y, "oq_conf", "oq")


def quantized_inputs(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> tuple[ImportedTensor, ...]:
    """Append the casts of a layer's inputs, if it has quantizers for them.

    Raises:
        ModelError: If their number is wrong.
    """
    confs = layer.config.get("iq_confs")
    if confs is None:
        return inputs
    confs = confs if isinstance(confs, list) else [confs] * len(inputs)
    if len(confs) != len(inputs):
        raise layer.damaged("iq_confs", f"{len(inputs)} configurations")
    casts = []
    for index, (x, conf) in enumerate(zip(inputs, confs, strict=True)):
        component = f"iq/quantizers/quantizer{f'_{index}' if index else ''}"
        _, quantizer = read_types(layer, "iq_confs", component, x.shape, conf)
        casts.append(apply_quantizer(layer, x, quantizer, f"iq{index + 1}"))
    return tuple(casts)


def _quantized(layer: ImportedLayer, x: ImportedTensor, key: str, component: str) -> ImportedTensor:
    if layer.config.get(key) is None:
        return x
    _, quantizer = read_types(layer, key, component, x.shape)
    return apply_quantizer(layer, x, quantizer, component)


def apply_quantizer(layer: ImportedLayer, x: ImportedTensor, quantizer: HgqQuantizer, suffix: str) -> ImportedTensor:
    """Append a cast of single elements, or of all alike where one type is for all, and its affine map.

    Args:
        layer: The layer.
        x: What is cast.
        quantizer: The quantizer.
        suffix: Suffix of the node's name; empty where the layer is nothing but this.
    """
    types = quantizer.types()
    if types.is_uniform:
        op, given = Activation(function=Function.LINEAR), {"result": types.hull()}
        y = layer.add(op, (x,), x.shape, suffix, given)
    else:
        y = layer.add(Quantize(types=types), (x,), x.shape, suffix)
    if quantizer.spec.affine is None:
        return y
    factor, offset = quantizer.spec.affine
    return scaled(layer, y, factor, offset, f"{suffix}_affine".lstrip("_"))


def scaled(layer: ImportedLayer, x: ImportedTensor, factor: float, offset: float, suffix: str) -> ImportedTensor:
    """Append x * factor + offset."""
    kernel, bias = np.full(x.shape[-1], float(factor)), np.full(x.shape[-1], float(offset))
    types = {"weight": least_type(kernel), "bias": least_type(bias)}
    return layer.add(Affine(kernel=kernel, bias=bias), (x,), x.shape, suffix, types)


def quantized_weight(layer: ImportedLayer, key: str, component: str, values: RealArray) -> QuantizedWeight:
    """Return quantised weights with their types.

    Args:
        layer: The layer.
        key: Option of the quantizer.
        component: Path of the quantizer in the file.
        values: Real weights.

    Raises:
        ModelError: If the widths do not fit the weights.
    """
    quantizer = read_quantizer(layer, key, component)
    try:
        np.broadcast_to(quantizer.signed, values.shape)
    except ValueError:
        raise layer.damaged(key, f"widths that fit weights of shape {values.shape}") from None
    quantised = quantizer.values(values)
    return QuantizedWeight(values=quantised, type=least_type(quantised), types=quantizer.weight_types(quantised))


def product(
    layer: ImportedLayer, x: ImportedTensor, shape: Shape, kernel: RealArray, bias: RealArray | None, make: Make
) -> ImportedTensor:
    """Append a product with quantised weights, the layer's activation and the cast of its output.

    Args:
        layer: The layer.
        x: Its input, already cast.
        shape: Its output shape.
        kernel: Weights, not yet quantised.
        bias: Biases or None.
        make: Makes the op.
    """
    weight = quantized_weight(layer, "kq_conf", "kq", kernel)
    types, offset = {"weight": weight.type}, None
    if bias is not None:
        of_bias = quantized_weight(layer, "bq_conf", "bq", bias)
        offset, types["bias"] = of_bias.values, of_bias.type
    return finished(layer, layer.add(make(weight.values, offset, weight.types), (x,), shape, types=types))


def finished(layer: ImportedLayer, y: ImportedTensor) -> ImportedTensor:
    """Append the layer's activation and the cast of its output."""
    spec: Any = layer.config.get("activation")
    return quantized_output(layer, apply_activation(layer, y, spec))
