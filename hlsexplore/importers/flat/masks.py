"""Masks of attention: of each row the elements that it may see are cut out, and zeros stand for the others.

No minus infinity, and no large number in its place, reaches the hardware, whose types would have to hold it.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hlsexplore.importers.flat import pointwise
from hlsexplore.importers.flat.context import Converter, FlatContext, Item
from hlsexplore.importers.flat.graph import Array
from hlsexplore.importers.flat.joins import arithmetic, joined
from hlsexplore.importers.flat.layout import affine
from hlsexplore.importers.flat.moves import cut, padded
from hlsexplore.importers.flat.value import Constant, FlatValue, Masked, per_sample

HIDDEN = -1e9
"""A summand of a score up to which its exponential is 0 in float32 whatever the score is."""
MAX_ROWS = 256
"""Most rows of different masks; each has a softmax of its own."""


def add(context: FlatContext) -> Item:
    """Convert Add: of a mask that holds minus infinity to scores, or as ever."""
    items = [item for item in context.items if item is not None]
    data = [item for item in items if isinstance(item, FlatValue)]
    constants = [item for item in items if isinstance(item, Constant)]
    if len(items) == 2 and len(data) == len(constants) == 1:
        values = _of_one_sample(constants[0].values, data[0])
        if values is not None and (values <= HIDDEN).any():
            return masked(context, data[0], values)
    return arithmetic(context, "Add")


def masked(context: FlatContext, value: FlatValue, mask: Array) -> Masked:
    """Add a mask to scores.

    Args:
        context: The op.
        value: The scores.
        mask: Minus infinity, or a number up to `HIDDEN`, where they are hidden; other numbers are added.
    """
    is_hidden = mask <= HIDDEN
    rest = np.where(is_hidden, 0.0, mask)
    return Masked(value=affine(context, value, np.array(1.0), rest) if rest.any() else value, allowed=~is_hidden)


def where(context: FlatContext) -> Item:
    """Convert Where with a constant condition, of data and a constant.

    Raises:
        UnsupportedError: If the condition depends on data, or both branches do.
    """
    condition, first, second = (context.item(index) for index in range(3))
    value = first if isinstance(first, FlatValue) else second
    other = second if isinstance(first, FlatValue) else first
    if not isinstance(condition, Constant) or not isinstance(value, FlatValue) or not isinstance(other, Constant):
        raise context.refuse("it chooses by data.", "Use Relu, Clip, Max or Min.")
    chosen, filling = (_of_one_sample(item.values, value) for item in (condition, other))
    if chosen is None or filling is None:
        raise context.refuse("its condition differs between samples.", "Use one condition for all.")
    is_kept = chosen.astype(bool) if value is first else ~chosen.astype(bool)
    if (filling <= HIDDEN).all():
        return Masked(value=value, allowed=is_kept)
    return affine(context, value, is_kept.astype(np.float64), np.where(is_kept, 0.0, filling))


def softmax(context: FlatContext) -> FlatValue:
    """Convert Softmax, also of scores that a mask hides in part.

    Raises:
        UnsupportedError: If the mask differs along several axes, or a row sees nothing or several pieces.
    """
    scores = context.item(0)
    if not isinstance(scores, Masked):
        return pointwise.softmax(context)
    value, rank = scores.value, len(scores.value.axes)
    axis = context.axis(context.integer("axis", 1 if 0 < context.version < 13 else -1), rank)
    allowed = scores.allowed.reshape((1,) * (rank - scores.allowed.ndim) + scores.allowed.shape)
    varying = [place for place in range(rank) if place != axis and allowed.shape[place] > 1]
    if len(varying) > 1 or (varying and allowed.shape[varying[0]] > MAX_ROWS):
        raise context.refuse(
            "its mask differs along several axes, or has too many rows.", "Use one mask for all heads."
        )
    size = value.dims[axis]
    rows = np.moveaxis(allowed, [*varying, axis], [*range(-len(varying) - 1, 0)]).reshape(-1, allowed.shape[axis])
    parts = []
    for first, stop, seen in _alike(np.broadcast_to(rows, (len(rows), size))):
        start, end = int(seen[0]) if seen.size else 0, int(seen[-1]) + 1 if seen.size else 0
        if end - start != seen.size or not seen.size:
            raise context.refuse(
                "a row of its mask shows nothing, or not one piece.", "Use a mask such as a causal one."
            )
        part = cut(context, value, varying[0], first, stop) if varying else value
        part = cut(context, part, axis, start, end)
        part = pointwise.softmax(replace(context, items=(part,)))
        parts.append(part if seen.size == size else padded(context, part, axis, (start, size - end)))
    return joined(context, parts, varying[0]) if len(parts) > 1 else parts[0]


def _alike(rows: Array) -> Iterator[tuple[int, int, Array]]:
    """Yield runs of equal rows: the first, the one behind the last, and the places that they show."""
    first = 0
    for index in range(1, len(rows) + 1):
        if index == len(rows) or (rows[index] != rows[first]).any():
            yield first, index, np.flatnonzero(rows[first])
            first = index


def _of_one_sample(values: Array, value: FlatValue) -> Array | None:
    """Return a constant for one sample, with as many axes as a value; None if it does not fit."""
    rank = len(value.axes)
    if values.ndim > rank:
        return None
    thin = per_sample(values.reshape((1,) * (rank - values.ndim) + values.shape), value)
    sizes = [1 if axis == value.batch_axis else size for axis, size in enumerate(value.dims)]
    return thin if all(own in (1, size) for own, size in zip(thin.shape, sizes, strict=True)) else None


MASKS: dict[str, Converter] = {"Add": add, "Where": where, "Softmax": softmax}
"""Converters of what masks go through."""
