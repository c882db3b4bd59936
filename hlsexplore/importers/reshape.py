"""Layers that only move or keep elements."""

from math import prod
from typing import Any

from hlsexplore.errors import quoted
from hlsexplore.graph import Shape
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.ops import Crop, Pad, Pair, Permute, Reshape, Upsample


def identity(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Drop a layer that does nothing at inference (Dropout, noise, regularisation)."""
    return only(layer, inputs)


def flatten(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Flatten; a vector passes unchanged."""
    x = only(layer, inputs)
    if layer.config.get("data_format") == "channels_first" and len(x.shape) > 1:
        layer.require_channels_last()
    return x if len(x.shape) == 1 else layer.add(Reshape(), (x,), (prod(x.shape),))


def reshape(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Reshape; one -1 stands for what is left."""
    x = only(layer, inputs)
    target = layer.config.get("target_shape")
    if not isinstance(target, list | tuple) or not all(isinstance(size, int) and size >= -1 for size in target):
        raise layer.damaged("target_shape", "a list of sizes")
    known = prod(size for size in target if size != -1)
    if list(target).count(-1) > 1 or known < 1:
        raise layer.damaged("target_shape", "a list of positive sizes with at most one -1")
    shape = tuple(prod(x.shape) // known if size == -1 else size for size in target) or (1,)
    if prod(shape) != prod(x.shape):
        raise layer.damaged("target_shape", f"a shape of {prod(x.shape)} elements")
    return x if shape == x.shape else layer.add(Reshape(), (x,), shape)


def permute(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Permute."""
    x = only(layer, inputs)
    dims = layer.config.get("dims")
    if not isinstance(dims, list | tuple) or sorted(dims) != list(range(1, len(x.shape) + 1)):
        raise layer.damaged("dims", f"a permutation of 1 to {len(x.shape)}")
    axes = tuple(axis - 1 for axis in dims)
    return layer.add(Permute(axes=axes), (x,), tuple(x.shape[axis] for axis in axes))


def moved(layer: ImportedLayer, x: ImportedTensor, axes: tuple[int, ...], suffix: str) -> ImportedTensor:
    """Append a transposition, unless it moves nothing."""
    if axes == tuple(range(len(x.shape))):
        return x
    return layer.add(Permute(axes=axes), (x,), tuple(x.shape[axis] for axis in axes), suffix)


def reshaped(layer: ImportedLayer, x: ImportedTensor, shape: Shape, suffix: str) -> ImportedTensor:
    """Append a reshape, unless the shape is the same."""
    return x if shape == x.shape else layer.add(Reshape(), (x,), shape, suffix)


def repeat_vector(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert RepeatVector: a vector becomes a sequence of n equal steps."""
    x = only(layer, inputs)
    if len(x.shape) != 1:
        raise layer.damaged("name", f"a vector, but it reads a tensor of shape {x.shape}")
    step = layer.add(Reshape(), (x,), (1, *x.shape), "step")
    count = layer.integer("n")
    return step if count == 1 else layer.add(Upsample(size=(1, count), rank=1), (step,), (count, *x.shape))


def sliced(layer: ImportedLayer, x: ImportedTensor, key: list[Any]) -> ImportedTensor:
    """Append x[key]: for each axis from the batch on a slice as {start, stop, step}, an index, a new axis or `...`.

    Raises:
        UnsupportedError: If it takes part of the batch, has a step, or is no such key.
    """
    parts = [item for item in key if item is not None]
    dots = [index for index, item in enumerate(key) if isinstance(item, dict) and item.get("class_name") is not None]
    everything = {"start": None, "stop": None, "step": None}
    if len(dots) <= 1 and (not dots or key[dots[0]]["class_name"] == "__ellipsis__"):
        missing = [everything] * (len(x.shape) + 1 - len(parts) + len(dots))
        at = dots[0] if dots else len(key)
        key = [*key[:at], *missing, *key[at + len(dots) :]]
    if len(dots) > 1 or len([item for item in key if item is not None]) != len(x.shape) + 1 or key[0] != everything:
        raise layer.refuse(f"the slice {quoted(key)} is not supported.", "Keep the batch whole, slice the other axes.")
    shape: list[int] = []
    axis = 0
    for item in key[1:]:
        if item is None:
            shape.append(1)
            continue
        first, last = _range(layer, item, x.shape[axis])
        x = _cut(layer, x, axis, first, last)
        shape += [last - first] if isinstance(item, dict) else []
        axis += 1
    target = tuple(shape)
    if not target:
        raise layer.refuse("a sample would have no axis left.", "Take a slice of one element, such as x[:, 0:1].")
    return x if target == x.shape else layer.add(Reshape(), (x,), target, "slice")


def _range(layer: ImportedLayer, item: Any, size: int) -> Pair:
    """Return first and last (exclusive) element of a slice or index."""
    match item:
        case bool():
            pass
        case int() if -size <= item < size:
            return item % size, item % size + 1
        case {"start": None | int(), "stop": None | int(), "step": None | 1}:
            first, last, _ = slice(item["start"], item["stop"]).indices(size)
            if first < last:
                return first, last
    raise layer.refuse(f"the slice {quoted(item)} of {size} elements is not supported.", "Use slices of step 1.")


def _cut(layer: ImportedLayer, x: ImportedTensor, axis: int, first: int, last: int) -> ImportedTensor:
    """Append a cut along any axis, as the cropping of an image of what lies before, on and behind it."""
    size = x.shape[axis]
    if (first, last) == (0, size):
        return x
    before, behind = prod(x.shape[:axis]), prod(x.shape[axis + 1 :])
    image = layer.add(Reshape(), (x,), (before, size, behind), f"axis{axis + 1}")
    cropping = ((0, 0), (first, size - last))
    cut = layer.add(Crop(cropping=cropping), (image,), (before, last - first, behind), f"cut{axis + 1}")
    return layer.add(Reshape(), (cut,), (*x.shape[:axis], last - first, *x.shape[axis + 1 :]), f"cut{axis + 1}_shape")


def zero_padding(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert ZeroPadding1D and ZeroPadding2D."""
    x, rank = only(layer, inputs), image_rank(layer)
    amounts = _amounts(layer, "padding", rank)
    (top, bottom), (left, right) = amounts
    height, width, channels = image_sizes(layer, x, rank)
    shape = (height + top + bottom, width + left + right, channels)
    return layer.add(Pad(padding=amounts, rank=rank), (x,), shape if rank == 2 else shape[1:])


def cropping(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Cropping1D and Cropping2D."""
    x, rank = only(layer, inputs), image_rank(layer)
    amounts = _amounts(layer, "cropping", rank)
    (top, bottom), (left, right) = amounts
    height, width, channels = image_sizes(layer, x, rank)
    shape = (height - top - bottom, width - left - right, channels)
    return layer.add(Crop(cropping=amounts, rank=rank), (x,), shape if rank == 2 else shape[1:])


def image_rank(layer: ImportedLayer) -> int:
    """Return how many axes of pixels a layer's images have; channels come last."""
    layer.require_channels_last()
    return 1 if layer.cls.endswith("1D") else 2


def image_sizes(layer: ImportedLayer, x: ImportedTensor, rank: int) -> tuple[int, int, int]:
    """Return height (1 for one axis of pixels), width and channels.

    Raises:
        ModelError: If the input is no such image.
    """
    if len(x.shape) != rank + 1:
        raise layer.damaged("name", f"an input of {rank + 1} axes, but it reads one of shape {x.shape}")
    return (x.shape[0], x.shape[1], x.shape[2]) if rank == 2 else (1, x.shape[0], x.shape[1])


def _amounts(layer: ImportedLayer, key: str, rank: int) -> tuple[Pair, Pair]:
    """Read amounts at both ends of each axis: one number, one for each axis, or a pair for each axis."""

    def both(value: object) -> Pair | None:
        match value:
            case bool():
                return None
            case int() if value >= 0:
                return (value, value)
            case [int(first), int(second)] if first >= 0 and second >= 0:
                return (first, second)
        return None

    value = layer.config.get(key, 1)
    amounts: tuple[Pair | None, Pair | None] = (None, None)
    if rank == 1:
        amounts = ((0, 0), both(value))
    elif isinstance(value, int):
        amounts = (both(value), both(value))
    elif isinstance(value, list | tuple) and len(value) == 2:
        amounts = (both(value[0]), both(value[1]))
    first, second = amounts
    if first is None or second is None:
        raise layer.damaged(key, "amounts of 0 or above")
    return first, second
