"""Layers and operations that join several tensors."""

from hlsexplore.importers.layer import Layer, Tensor
from hlsexplore.ops import Concatenate, Dot, Merge, MergeFunction

_FUNCTIONS = {
    "Add": MergeFunction.ADD,
    "Subtract": MergeFunction.SUBTRACT,
    "Multiply": MergeFunction.MULTIPLY,
    "Average": MergeFunction.AVERAGE,
    "Maximum": MergeFunction.MAXIMUM,
    "Minimum": MergeFunction.MINIMUM,
}


def merge(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert Add, Subtract, Multiply, Average, Maximum and Minimum of tensors of one shape."""
    _require_several(layer, inputs)
    shape = inputs[0].shape
    if any(tensor.shape != shape for tensor in inputs):
        shapes = ", ".join(str(tensor.shape) for tensor in inputs)
        raise layer.refuse(f"its inputs have different shapes: {shapes}.", "Bring them to one shape before.")
    return layer.add(Merge(function=_FUNCTIONS[layer.cls]), inputs, shape)


def concatenate(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert Concatenate."""
    _require_several(layer, inputs)
    first = inputs[0].shape
    axis = layer.config.get("axis", -1)
    if type(axis) is not int or not -len(first) <= axis <= len(first) or axis == 0:
        raise layer.refuse(f"it joins along axis {axis}.", f"Use an axis of 1 to {len(first)}, or -1.")
    index = axis - 1 if axis > 0 else len(first) + axis
    rest = {(*tensor.shape[:index], *tensor.shape[index + 1 :]) for tensor in inputs}
    if len(rest) != 1 or any(len(tensor.shape) != len(first) for tensor in inputs):
        shapes = ", ".join(str(tensor.shape) for tensor in inputs)
        raise layer.damaged("axis", f"an axis along which the shapes {shapes} fit")
    size = sum(tensor.shape[index] for tensor in inputs)
    return layer.add(Concatenate(axis=index), inputs, (*first[:index], size, *first[index + 1 :]))


def dot(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert Dot of two vectors."""
    axes = layer.config.get("axes")
    is_plain = axes in (1, -1) or (isinstance(axes, list | tuple) and all(axis in (1, -1) for axis in axes))
    if len(inputs) != 2 or any(len(tensor.shape) != 1 for tensor in inputs) or not is_plain:
        raise layer.refuse("only the dot product of two vectors is supported.", "Flatten the inputs and use axes=1.")
    if layer.config.get("normalize"):
        raise layer.refuse("normalize=True is not supported.", "Use normalize=False.")
    if inputs[0].shape != inputs[1].shape:
        raise layer.damaged("axes", f"inputs of one length, but they have {inputs[0].shape} and {inputs[1].shape}")
    return layer.add(Dot(), inputs, (1,))


def _require_several(layer: Layer, inputs: tuple[Tensor, ...]) -> None:
    if len(inputs) < 2 or (layer.cls == "Subtract" and len(inputs) != 2):
        raise layer.refuse(f"it joins {len(inputs)} tensors.", "Join two tensors or more (Subtract: two).")
