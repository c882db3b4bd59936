"""Layers and operations that join several tensors."""

from math import prod

from hlsexplore.graph import Shape
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor
from hlsexplore.ops import Concatenate, Dot, Merge, MergeFunction, Reshape, Upsample

_FUNCTIONS = {
    "Add": MergeFunction.ADD,
    "Subtract": MergeFunction.SUBTRACT,
    "Multiply": MergeFunction.MULTIPLY,
    "Average": MergeFunction.AVERAGE,
    "Maximum": MergeFunction.MAXIMUM,
    "Minimum": MergeFunction.MINIMUM,
}


def merge(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Add, Subtract, Multiply, Average, Maximum and Minimum; axes of size 1 repeat, missing ones come first."""
    _require_several(layer, inputs)
    rank = max(len(tensor.shape) for tensor in inputs)
    padded = [(*(1,) * (rank - len(tensor.shape)), *tensor.shape) for tensor in inputs]
    shape = tuple(max(sizes) for sizes in zip(*padded, strict=True))
    if any(size not in (1, full) for sizes in padded for size, full in zip(sizes, shape, strict=True)):
        shapes = ", ".join(str(tensor.shape) for tensor in inputs)
        raise layer.refuse(f"its inputs have shapes that do not fit: {shapes}.", "Bring them to one shape before.")
    whole = tuple(repeated(layer, tensor, shape, f"in{index}") for index, tensor in enumerate(inputs, start=1))
    return layer.add(Merge(function=_FUNCTIONS[layer.cls]), whole, shape)


def repeated(layer: ImportedLayer, x: ImportedTensor, shape: Shape, suffix: str) -> ImportedTensor:
    """Append the repetition of a tensor along its axes of size 1, until it has a shape.

    Args:
        layer: The layer.
        x: The tensor, of as many axes or fewer; missing ones come first.
        shape: The shape.
        suffix: Suffix of the names of the nodes.
    """
    own = (*(1,) * (len(shape) - len(x.shape)), *x.shape)
    for axis, (size, full) in enumerate(zip(own, shape, strict=True)):
        if size == full:
            continue
        before, behind = prod(own[:axis]), prod(own[axis + 1 :])
        name = f"{suffix}_axis{axis + 1}"
        if x.shape != (before, 1, behind):
            x = layer.add(Reshape(), (x,), (before, 1, behind), name)
        x = layer.add(Upsample(size=(1, full)), (x,), (before, full, behind), f"{name}_each")
        own = (*own[:axis], full, *own[axis + 1 :])
    return x if x.shape == shape else layer.add(Reshape(), (x,), shape, f"{suffix}_whole")


def concatenate(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
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


def dot(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
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


def _require_several(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> None:
    if len(inputs) < 2 or (layer.cls == "Subtract" and len(inputs) != 2):
        raise layer.refuse(f"it joins {len(inputs)} tensors.", "Join two tensors or more (Subtract: two).")
