"""Layers that only move or keep elements."""

from math import prod

from hlsexplore.importers.layer import Layer, Tensor, only
from hlsexplore.ops import Crop, Pad, Pair, Permute, Reshape, Upsample


def identity(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Drop a layer that does nothing at inference (Dropout, noise, regularisation)."""
    return only(layer, inputs)


def flatten(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert Flatten; a vector passes unchanged."""
    x = only(layer, inputs)
    if layer.config.get("data_format") == "channels_first" and len(x.shape) > 1:
        layer.require_channels_last()
    return x if len(x.shape) == 1 else layer.add(Reshape(), (x,), (prod(x.shape),))


def reshape(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
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


def permute(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert Permute."""
    x = only(layer, inputs)
    dims = layer.config.get("dims")
    if not isinstance(dims, list | tuple) or sorted(dims) != list(range(1, len(x.shape) + 1)):
        raise layer.damaged("dims", f"a permutation of 1 to {len(x.shape)}")
    axes = tuple(axis - 1 for axis in dims)
    return layer.add(Permute(axes=axes), (x,), tuple(x.shape[axis] for axis in axes))


def zero_padding(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert ZeroPadding1D and ZeroPadding2D."""
    x, rank = only(layer, inputs), _rank(layer)
    amounts = _amounts(layer, "padding", rank)
    (top, bottom), (left, right) = amounts
    height, width, channels = _image(layer, x, rank)
    shape = (height + top + bottom, width + left + right, channels)
    return layer.add(Pad(padding=amounts, rank=rank), (x,), shape if rank == 2 else shape[1:])


def cropping(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert Cropping1D and Cropping2D."""
    x, rank = only(layer, inputs), _rank(layer)
    amounts = _amounts(layer, "cropping", rank)
    (top, bottom), (left, right) = amounts
    height, width, channels = _image(layer, x, rank)
    shape = (height - top - bottom, width - left - right, channels)
    return layer.add(Crop(cropping=amounts, rank=rank), (x,), shape if rank == 2 else shape[1:])


def upsampling(layer: Layer, inputs: tuple[Tensor, ...]) -> Tensor:
    """Convert UpSampling1D and UpSampling2D with nearest-neighbour interpolation."""
    x, rank = only(layer, inputs), _rank(layer)
    if layer.config.get("interpolation", "nearest") != "nearest":
        raise layer.refuse(f"the interpolation {layer.config['interpolation']!r} is not supported.", "Use 'nearest'.")
    size: Pair = layer.pair("size", rank, 2)
    height, width, channels = _image(layer, x, rank)
    shape = (height * size[0], width * size[1], channels)
    return layer.add(Upsample(size=size, rank=rank), (x,), shape if rank == 2 else shape[1:])


def _rank(layer: Layer) -> int:
    layer.require_channels_last()
    return 1 if layer.cls.endswith("1D") else 2


def _image(layer: Layer, x: Tensor, rank: int) -> tuple[int, int, int]:
    if len(x.shape) != rank + 1:
        raise layer.damaged("name", f"an input of {rank + 1} axes, but it reads one of shape {x.shape}")
    return (x.shape[0], x.shape[1], x.shape[2]) if rank == 2 else (1, x.shape[0], x.shape[1])


def _amounts(layer: Layer, key: str, rank: int) -> tuple[Pair, Pair]:
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
