"""Ops that only view a tensor in another way: blocks of pixels as channels, and QONNX' ops with the channels last."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext, Result
from hlsexplore.importers.flat.graph import Array
from hlsexplore.importers.flat.pools import POOLS
from hlsexplore.importers.flat.products import PRODUCTS
from hlsexplore.importers.flat.value import Constant, FlatValue, named, reshape

CHANNELS_LAST = "qonnx.custom_op.channels_last"
"""Domain of ONNX' own ops on tensors whose channels come last."""


def to_space(context: FlatContext) -> FlatValue:
    """Convert DepthToSpace: channels become blocks of pixels."""
    value, size, is_inner = _image(context)
    samples, channels, rows, columns = value.dims
    inner = channels // size**2
    if inner * size**2 != channels:
        raise context.damaged(f"it divides {channels} channels into blocks of {size} by {size}")
    if is_inner:
        return _viewed(context, value, (samples, inner, size, size, rows, columns), ((0,), (1,), (4, 2), (5, 3)))
    return _viewed(context, value, (samples, size, size, inner, rows, columns), ((0,), (3,), (4, 1), (5, 2)))


def to_depth(context: FlatContext) -> FlatValue:
    """Convert SpaceToDepth: blocks of pixels become channels."""
    value, size, is_inner = _image(context)
    samples, channels, rows, columns = value.dims
    if rows % size or columns % size:
        raise context.damaged(f"it divides an image of {rows} by {columns} into blocks of {size} by {size}")
    divided = (samples, channels, rows // size, size, columns // size, size)
    return _viewed(context, value, divided, ((0,), (1, 3, 5) if is_inner else (3, 5, 1), (2,), (4,)))


def _image(context: FlatContext) -> tuple[FlatValue, int, bool]:
    """Return the image, the side of a block, and whether the pixels of a block are the inner part of the channels."""
    value, size, mode = context.value(0), context.integer("blocksize", 0), context.text("mode", "DCR")
    if len(value.axes) != 4:
        raise context.refuse(f"its input has the shape {named(value.dims)}.", "Give it images.")
    if size < 1 or mode not in ("DCR", "CRD"):
        raise context.damaged(f"its blocks are {size} wide in the order {mode!r}")
    return value, size, mode == "CRD"


def _viewed(context: FlatContext, value: FlatValue, dims: Sequence[int], groups: Sequence[Sequence[int]]) -> FlatValue:
    """Divide the axes of a value, and join groups of the new ones."""
    divided = reshape(context.sketch, value, dims, context.source)
    return divided.with_axes([tuple(atom for axis in group for atom in divided.axes[axis]) for group in groups])


def _wrapped(converter: Converter, moves_weight: bool) -> Converter:
    """Return the converter of an op whose data, and weight, have the channels last."""

    def convert(context: FlatContext) -> Result:
        value = context.value(0)
        if len(value.axes) < 3:
            raise context.refuse(f"its input has the shape {named(value.dims)}.", "Give it images.")
        first, *middle, end = value.axes
        items = [value.with_axes([first, end, *middle]), *context.items[1:]]
        weight = items[1] if moves_weight and len(items) > 1 else None
        if isinstance(weight, Constant):
            items[1] = weight.moved(_channels_first)
        result = converter(replace(context, items=tuple(items)))
        if not isinstance(result, FlatValue):
            raise context.refuse("it returns more than one tensor.", "Use its first result only.")
        first, channels, *middle = result.axes
        return result.with_axes([first, *middle, channels])

    return convert


def _channels_first(array: Array) -> Array:
    return np.moveaxis(array, -1, 1)


BLOCKS: dict[str, Converter] = {
    "DepthToSpace": to_space,
    "SpaceToDepth": to_depth,
    f"{CHANNELS_LAST}.Conv": _wrapped(PRODUCTS["Conv"], moves_weight=True),
    f"{CHANNELS_LAST}.MaxPool": _wrapped(POOLS["MaxPool"], moves_weight=False),
    f"{CHANNELS_LAST}.BatchNormalization": _wrapped(PRODUCTS["BatchNormalization"], moves_weight=False),
}
"""Converters of ops that view images in another way."""
