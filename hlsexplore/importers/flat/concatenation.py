"""Concatenations of tensors, also with constants, such as the token that a transformer puts before a sequence."""

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext
from hlsexplore.importers.flat.joins import joined
from hlsexplore.importers.flat.layout import affine
from hlsexplore.importers.flat.moves import padded
from hlsexplore.importers.flat.value import SAMPLES, Constant, FlatValue, named, per_sample


def concat(context: FlatContext) -> FlatValue:
    """Convert Concat of tensors of which at least one depends on the input."""
    items = [item for item in context.items if item is not None]
    items = [item for item in items if not (isinstance(item, Constant) and item.values.size == 0)]
    values = [item for item in items if isinstance(item, FlatValue)]
    constants = [item for item in items if isinstance(item, Constant)]
    if not values or len(values) + len(constants) != len(items):
        raise context.refuse("it joins integers of quantizers.", "Put DequantizeLinear before it.")
    if len(items) == 1:
        return values[0]
    rank = len(values[0].axes)
    shapes = [*(item.dims for item in values), *(item.values.shape for item in constants)]
    if any(len(shape) != rank for shape in shapes):
        raise context.damaged(f"it joins shapes {', '.join(named(shape) for shape in shapes)}")
    axis = context.axis(context.integer("axis", 1), rank)
    if not constants:
        return joined(context, values, axis)
    return _with_constants(context, [item for item in items if isinstance(item, FlatValue | Constant)], axis)


def _with_constants(context: FlatContext, items: list[FlatValue | Constant], axis: int) -> FlatValue:
    """Join data and constants: zeros take the place of the latter, which are then added."""
    parts: list[FlatValue] = []
    before, at = 0, 0
    places: list[tuple[int, Constant]] = []
    for item in items:
        size = item.dims[axis] if isinstance(item, FlatValue) else item.values.shape[axis]
        if isinstance(item, FlatValue):
            parts.append(item)
        elif parts:
            parts[-1] = padded(context, parts[-1], axis, (0, size))
        else:
            before += size
        places += [(at, item)] if isinstance(item, Constant) else []
        at += size
    if before:
        parts[0] = padded(context, parts[0], axis, (before, 0))
    whole = joined(context, parts, axis) if len(parts) > 1 else parts[0]
    sizes = [1 if SAMPLES in atoms else dim for atoms, dim in zip(whole.axes, whole.dims, strict=True)]
    offset = np.zeros(sizes)
    for start, constant in places:
        place = (*(slice(None),) * axis, slice(start, start + constant.values.shape[axis]))
        values = per_sample(constant.real, whole)
        if values.shape != offset[place].shape:
            shape = named(constant.values.shape)
            raise context.refuse(f"it joins data with a constant of shape {shape}.", "Give all samples one constant.")
        offset[place] = values
    return affine(context, whole, np.array(1.0), offset, "constants")


CONCATENATIONS: dict[str, Converter] = {"Concat": concat}
"""Converters of concatenations."""
