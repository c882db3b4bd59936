"""Arithmetic of two tensors or of a tensor and a constant, and concatenation."""

from collections.abc import Sequence
from functools import partial, reduce
from math import inf, prod

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext, Item
from hlsexplore.importers.flat.graph import BATCH
from hlsexplore.importers.flat.layout import IMAGES, affine
from hlsexplore.importers.flat.pointwise import clipped
from hlsexplore.importers.flat.value import SAMPLES, Atoms, Constant, FlatValue, named
from hlsexplore.ops import Concatenate, Merge, MergeFunction, Reshape, Upsample

_MERGES = {
    "Add": MergeFunction.ADD,
    "Sub": MergeFunction.SUBTRACT,
    "Mul": MergeFunction.MULTIPLY,
    "Max": MergeFunction.MAXIMUM,
    "Min": MergeFunction.MINIMUM,
}


def arithmetic(context: FlatContext, function: str) -> Item:
    """Convert Add, Sub, Mul, Div, Max, Min of tensors and constants, from left to right."""
    return reduce(lambda first, second: _pair(context, function, first, second), _present(context))


def mean(context: FlatContext) -> Item:
    """Convert Mean: the average of several tensors."""
    items = _present(context)
    total = reduce(lambda first, second: _pair(context, "Add", first, second), items)
    return _pair(context, "Div", total, Constant(values=np.array(float(len(items)))))


def _present(context: FlatContext) -> list[Item]:
    items = [item for item in context.items if item is not None]
    if not items:
        raise context.damaged("it has no inputs")
    return items


def _pair(context: FlatContext, function: str, first: Item, second: Item) -> Item:
    if isinstance(first, FlatValue) and isinstance(second, FlatValue):
        return _both(context, function, first, second)
    if isinstance(first, FlatValue) and isinstance(second, Constant):
        return _with_constant(context, function, first, second)
    if isinstance(first, Constant) and isinstance(second, FlatValue):
        return _of_constant(context, function, first, second)
    raise context.refuse("both of its inputs are constant.", "Leave this layer out.")


def _with_constant(context: FlatContext, function: str, value: FlatValue, constant: Constant) -> FlatValue:
    """Append value FUNCTION constant."""
    other, one, zero = constant.real, np.array(1.0), np.array(0.0)
    match function:
        case "Add":
            return affine(context, value, one, other, grid=constant.grid)
        case "Sub":
            return affine(context, value, one, -other, grid=constant.times(-1.0).grid)
        case "Mul":
            return affine(context, value, other, zero)
        case "Div":
            if (other == 0).any():
                raise context.damaged("it divides by 0")
            return affine(context, value, 1.0 / other, zero)
    if other.size != 1:
        raise context.refuse("its limits differ between elements.", "Use one limit for all.")
    limit = float(other.reshape(-1)[0])
    return clipped(context, value, *((limit, inf) if function == "Max" else (-inf, limit)))


def _of_constant(context: FlatContext, function: str, other: Constant, value: FlatValue) -> FlatValue:
    """Append constant FUNCTION value."""
    if function == "Sub":
        return affine(context, value, np.array(-1.0), other.real)
    if function == "Div":
        raise context.refuse("it divides by data.", "Divide by constants only.")
    return _with_constant(context, function, value, other)


def power(context: FlatContext) -> FlatValue:
    """Convert Pow with the exponent 1 or 2."""
    value, exponent = context.value(0), context.number("exponent", 0.0, 1)
    if exponent == 1:
        return value
    if exponent != 2:
        raise context.refuse(f"a power of {exponent:g} is not supported.", "Use squares only.")
    op = Merge(function=MergeFunction.MULTIPLY)
    tensor = context.add(op, (value.tensor, value.tensor), value.tensor.shape)
    return FlatValue(tensor=tensor, axes=value.axes)


def _both(context: FlatContext, function: str, first: FlatValue, second: FlatValue) -> FlatValue:
    """Append a function of two tensors, the smaller one repeated where it has an axis of size 1."""
    if function == "Div":
        raise context.refuse("it divides by data.", "Divide by constants only.")
    rank = max(len(first.axes), len(second.axes))
    first, second = (item.with_axes([*((),) * (rank - len(item.axes)), *item.axes]) for item in (first, second))
    dims = tuple(a if b == 1 else b for a, b in zip(first.dims, second.dims, strict=True))
    if any(not {a, b} <= {1, size} for a, b, size in zip(first.dims, second.dims, dims, strict=True)):
        raise context.damaged(f"the shapes {named(first.dims)} and {named(second.dims)} do not fit each other")
    first, second = aligned(context, [_repeated(context, item, dims) for item in (first, second)])
    shape = first.tensor.shape
    op = Merge(function=_MERGES[function])
    return FlatValue(tensor=context.add(op, (first.tensor, second.tensor), shape), axes=first.axes)


def _repeated(context: FlatContext, value: FlatValue, dims: Sequence[int]) -> FlatValue:
    """Repeat a value along its axes of size 1 where others are larger."""
    missing = [index for index, (own, size) in enumerate(zip(value.dims, dims, strict=True)) if own != size]
    if not missing:
        return value
    if any(dims[index] % BATCH == 0 for index in missing):
        raise context.refuse("it repeats one result for all samples.", "Keep samples apart.")
    inner = [atoms for index, atoms in enumerate(value.axes) if index not in missing and SAMPLES not in atoms]
    tensor = context.arrange(value, [tuple(atom for atoms in inner for atom in atoms)])
    count = prod(dims[index] for index in missing)
    column = context.add(Reshape(), (tensor,), (1, tensor.shape[0]), "column")
    wide = context.add(Upsample(size=(1, count), rank=1), (column,), (count, tensor.shape[0]), "repeated")
    sizes = [dims[index] for index in missing] + [prod(value.size(atom) for atom in atoms) for atoms in inner]
    full = wide if tuple(sizes) == wide.shape else context.add(Reshape(), (wide,), tuple(sizes), "reshaped")
    places = iter(range(len(missing), len(sizes)))
    repeats = iter(range(len(missing)))
    axes: list[Atoms] = []
    for index, atoms in enumerate(value.axes):
        if index in missing:
            axes.append((next(repeats),))
        else:
            axes.append(atoms if SAMPLES in atoms else (next(places),))
    return FlatValue(tensor=full, axes=tuple(axes))


def aligned(context: FlatContext, values: Sequence[FlatValue]) -> list[FlatValue]:
    """Bring tensors of as many axes into one layout: with the channels last if one has it, else the first one's.

    Args:
        context: The op.
        values: The tensors.
    """
    first = next((item for item in values if item.axes in IMAGES.values()), values[0])
    if all(item.axes == first.axes and _sizes_alike(item, first) for item in values):
        return list(values)
    if any(len(atoms) > 1 or (SAMPLES in atoms) != (SAMPLES in other) for atoms, other in _axes(values, first)):
        return [context.plain(item) for item in values]
    order = sorted(
        (index for index, atoms in enumerate(first.axes) if atoms != (SAMPLES,)),
        key=lambda index: (first.axes[index] or (-1,))[0],
    )
    return [_ordered(context, item, order) for item in values]


def _axes(values: Sequence[FlatValue], first: FlatValue) -> list[tuple[Atoms, Atoms]]:
    return [pair for item in values for pair in zip(item.axes, first.axes, strict=True)]


def _sizes_alike(first: FlatValue, second: FlatValue) -> bool:
    return len(first.tensor.shape) == len(second.tensor.shape)


def _ordered(context: FlatContext, value: FlatValue, order: Sequence[int]) -> FlatValue:
    """Return a value with one stored axis for each axis of the source, in an order of the latter."""
    tensor = context.arrange(value, [value.axes[index] for index in order])
    place = {index: (position,) for position, index in enumerate(order)}
    return FlatValue(tensor=tensor, axes=tuple(place.get(index, atoms) for index, atoms in enumerate(value.axes)))


def joined(context: FlatContext, values: Sequence[FlatValue], axis: int) -> FlatValue:
    """Append the concatenation of tensors of as many axes along one of them.

    Args:
        context: The op.
        values: The tensors.
        axis: The axis, from 0.
    """
    if all(item.axes[axis] == (SAMPLES,) for item in values):
        return _joined_samples(context, values, axis)
    rest = {(*item.dims[:axis], *item.dims[axis + 1 :]) for item in values}
    if len(rest) != 1 or any(SAMPLES in item.axes[axis] for item in values):
        raise context.refuse(
            f"it joins shapes {', '.join(named(item.dims) for item in values)}.", "Join along features."
        )
    same = _joinable(context, values, axis)
    place = same[0].axes[axis][0]
    shape = list(same[0].tensor.shape)
    shape[place] = sum(item.tensor.shape[place] for item in same)
    tensor = context.add(Concatenate(axis=place), tuple(item.tensor for item in same), tuple(shape))
    return FlatValue(tensor=tensor, axes=same[0].axes)


def _joined_samples(context: FlatContext, values: Sequence[FlatValue], axis: int) -> FlatValue:
    """Join tensors along the batch axis, as unrolled recurrent layers do: a new axis, merged with that of samples."""
    raised = [item.with_axes([*item.axes[:axis], (), *item.axes[axis:]]) for item in values]
    found = joined(context, raised, axis)
    return found.with_axes([*found.axes[:axis], (*found.axes[axis], *found.axes[axis + 1]), *found.axes[axis + 2 :]])


def _joinable(context: FlatContext, values: Sequence[FlatValue], axis: int) -> list[FlatValue]:
    """Bring tensors into one layout in which the joined axis is a stored axis of each."""
    same = aligned(context, values)
    if all(len(item.axes[axis]) == 1 for item in same):
        return same
    return [context.plain(item) for item in values]


def stack(context: FlatContext) -> FlatValue:
    """Convert the stacking of tensors along a new axis."""
    values = [context.value(index) for index in range(len(context.items))]
    axis = context.axis(context.integer("axis", 0), len(values[0].axes) + 1)
    raised = [item.with_axes([*item.axes[:axis], (), *item.axes[axis:]]) for item in values]
    return joined(context, raised, axis) if len(raised) > 1 else raised[0]


JOINS: dict[str, Converter] = {
    **{name: partial(arithmetic, function=name) for name in ("Add", "Sub", "Mul", "Div", "Max", "Min")},
    "Sum": partial(arithmetic, function="Add"),
    "Mean": mean,
    "Pow": power,
    "Stack": stack,
}
"""Converters of arithmetic and joins."""
