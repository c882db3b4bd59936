"""Ops that move elements: reshapes and transposes (noted only), slices, padding, repetition."""

from collections.abc import Sequence
from math import floor, isfinite, prod

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext, Result
from hlsexplore.importers.flat.graph import BATCH
from hlsexplore.importers.flat.joins import joined
from hlsexplore.importers.flat.layout import affine, image, of_image
from hlsexplore.importers.flat.recurrent import last_step
from hlsexplore.importers.flat.value import SAMPLES, Atoms, Constant, FlatValue, named, reshape, resolve
from hlsexplore.ops import Crop, Pad, Pair, Reshape, Upsample


def transpose(context: FlatContext) -> FlatValue:
    """Convert Transpose; nothing moves until an op needs another order."""
    value = context.value(0)
    rank = len(value.axes)
    order = context.integers("perm") or tuple(range(rank - 1, -1, -1))
    order = tuple(context.axis(axis, rank) for axis in order)
    if sorted(order) != list(range(rank)):
        raise context.damaged(f"'perm' is {order}, expected a permutation of {rank} axes")
    return value.with_axes([value.axes[axis] for axis in order])


def reshaped(context: FlatContext) -> FlatValue:
    """Convert Reshape."""
    target = context.integers("shape", 1)
    if target is None:
        raise context.damaged("its shape is missing")
    return _to(context, context.value(0), target, not context.flag("allowzero", False))


def _to(context: FlatContext, value: FlatValue, target: Sequence[int], keeps_zero: bool = False) -> FlatValue:
    dims = resolve(value, target, context.batch, keeps_zero, context.source)
    return reshape(context.sketch, value, dims, context.source)


def flatten(context: FlatContext) -> FlatValue:
    """Convert Flatten: the axes before one, and those from it on (PyTorch: from one to another)."""
    value = context.value(0)
    rank = len(value.axes)
    if "end" in context.node.options:
        first, end = (context.axis(context.integer(name, 0), rank) for name in ("axis", "end"))
        axes = [*value.axes[:first], _joined(value.axes[first : end + 1]), *value.axes[end + 1 :]]
        return value.with_axes(axes)
    axis = context.integer("axis", 1)
    axis = axis + rank if axis < 0 else axis
    if not 0 <= axis <= rank:
        raise context.damaged(f"it names the axis {axis} of a tensor with {rank} axes")
    if axis == 0 and context.batch == 1 and value.batch_axis == 0:
        axis = 1  # one sample in a row: written for a batch of one
    return value.with_axes([_joined(value.axes[:axis]), _joined(value.axes[axis:])])


def _joined(axes: Sequence[Atoms]) -> Atoms:
    return tuple(atom for atoms in axes for atom in atoms)


def unflatten(context: FlatContext) -> FlatValue:
    """Convert the division of one axis into several."""
    value = context.value(0)
    axis = context.axis(context.integer("axis", 1), len(value.axes))
    sizes = list(context.integers("sizes") or ())
    known = prod(size for size in sizes if size != -1)
    if sizes.count(-1) > 1 or known < 1 or value.dims[axis] % known:
        raise context.damaged(f"it divides an axis of {value.dims[axis]} into {sizes}")
    sizes = [value.dims[axis] // known if size == -1 else size for size in sizes]
    dims = (*value.dims[:axis], *sizes, *value.dims[axis + 1 :])
    return reshape(context.sketch, value, dims, context.source)


def squeeze(context: FlatContext) -> FlatValue:
    """Convert Squeeze: axes of size 1 disappear."""
    value = context.value(0)
    rank = len(value.axes)
    given = context.integers("axes", 1)
    if given is None:
        axes = {index for index, size in enumerate(value.dims) if size == 1}
    else:
        axes = {context.axis(axis, rank) for axis in given}
    if context.flag("only_ones", False):
        axes = {axis for axis in axes if value.dims[axis] == 1}
    if any(value.dims[axis] != 1 for axis in axes):
        raise context.refuse(
            f"it removes the axes {sorted(axes)} of the shape {named(value.dims)}.", "Export with a free batch axis."
        )
    return value.with_axes([atoms for index, atoms in enumerate(value.axes) if index not in axes])


def unsqueeze(context: FlatContext) -> FlatValue:
    """Convert Unsqueeze: new axes of size 1."""
    value = context.value(0)
    given = context.integers("axes", 1) or ()
    rank = len(value.axes) + len(given)
    places = {context.axis(axis, rank) for axis in given}
    own = iter(value.axes)
    return value.with_axes([() if index in places else next(own) for index in range(rank)])


def expand(context: FlatContext) -> FlatValue:
    """Convert Expand to a shape that the tensor has already."""
    value = context.value(0)
    target = context.integers("shape", 1) or ()
    dims = (1,) * (len(target) - len(value.dims)) + value.dims
    same = all(
        size in (1, -1, own, context.batch if own == BATCH else own)
        for size, own in zip(target[::-1], dims[::-1], strict=False)
    )
    if not same:
        raise context.refuse(f"it repeats {named(value.dims)} to {tuple(target)}.", "Let the next layer repeat it.")
    return value.with_axes([*((),) * (len(dims) - len(value.dims)), *value.axes])


def shape_of(context: FlatContext) -> Constant:
    """Return the shape of a tensor, with the batch size standing for itself."""
    dims = context.value(0).dims
    start, end = context.integer("start", 0), context.integer("end", len(dims))
    return Constant(values=np.array(dims[start:end], dtype=np.int64))


def size_of(context: FlatContext) -> Constant:
    """Return one size of a tensor."""
    dims = context.value(0).dims
    return Constant(values=np.array(dims[context.axis(context.integer("axis", 0), len(dims))], dtype=np.int64))


def cut(context: FlatContext, value: FlatValue, axis: int, start: int, stop: int) -> FlatValue:
    """Append the cut of a piece along an axis.

    Args:
        context: The op.
        value: What is cut.
        axis: The axis, from 0.
        start: First element.
        stop: Element behind the last one.
    """
    size = value.dims[axis]
    if (start, stop) == (0, size):
        return value
    if SAMPLES in value.axes[axis]:
        raise context.refuse("it takes some samples of a batch.", "Keep samples apart.")
    if not 0 <= start < stop <= size:
        raise context.damaged(f"it takes the elements {start} to {stop} of {size}")
    whole = value if len(value.axes[axis]) == 1 else context.plain(value)
    place = whole.axes[axis][0]
    shape = whole.tensor.shape
    final = last_step(context.sketch, whole.tensor, start) if place == 0 and stop == start + 1 else None
    if final is not None:
        return FlatValue(tensor=final, axes=_without_first(whole.axes))
    before, after = prod(shape[:place]), prod(shape[place + 1 :])
    view = context.arrange(whole, _groups(whole, place))
    out = (before, stop - start, after)
    crop = context.add(Crop(cropping=((0, 0), (start, size - stop)), rank=2), (view,), out, "cut")
    whole_shape = (*shape[:place], stop - start, *shape[place + 1 :])
    tensor = crop if whole_shape == out else context.add(Reshape(), (crop,), whole_shape, "reshaped")
    return FlatValue(tensor=tensor, axes=whole.axes)


def _without_first(axes: tuple[Atoms, ...]) -> tuple[Atoms, ...]:
    """Return the axes in a stored tensor that lost its first one, of which one element is left."""
    return tuple(tuple(atom if atom == SAMPLES else atom - 1 for atom in atoms if atom != 0) for atoms in axes)


def _groups(value: FlatValue, place: int) -> list[Atoms]:
    """Stored axes before, at and behind one: an image whose columns can be cut."""
    count = len(value.tensor.shape)
    return [tuple(range(place)), (place,), tuple(range(place + 1, count))]


def sliced(context: FlatContext) -> FlatValue:
    """Convert Slice with steps of 1."""
    value = context.value(0)
    rank = len(value.axes)
    starts, ends = context.integers("starts", 1), context.integers("ends", 2)
    if starts is None or ends is None or len(starts) != len(ends):
        raise context.damaged("its borders are missing")
    axes = context.integers("axes", 3) or tuple(range(len(starts)))
    steps = context.integers("steps", 4) or (1,) * len(starts)
    for given, start, end, step in zip(axes, starts, ends, steps, strict=True):
        axis = context.axis(given, rank)
        size = value.dims[axis]
        first, stop, _ = slice(start, end).indices(size)
        if step != 1 and not (step > 0 and stop - first <= step):
            raise context.refuse(f"it takes elements in steps of {step}.", "Use steps of 1.")
        stop = stop if step == 1 else first + 1
        value = cut(context, value, axis, first, stop)
    return value


def gather(context: FlatContext) -> FlatValue:
    """Convert Gather of one element, or of elements in a row."""
    if isinstance(context.items[0], Constant):
        raise context.refuse("it looks up rows of a table by data (an embedding).", "Look them up before the network.")
    value = context.value(0)
    axis = context.axis(context.integer("axis", 0), len(value.axes))
    index = context.constant(1, "index").values
    size = value.dims[axis]
    wanted = [int(item) % size if -size <= item < size else -1 for item in index.reshape(-1)]
    if not wanted or min(wanted) < 0 or wanted != list(range(wanted[0], wanted[0] + len(wanted))):
        raise context.refuse("it takes elements out of order.", "Take one element, or elements in a row.")
    return _taken(context, value, axis, wanted[0], len(wanted), index.ndim)


def _taken(context: FlatContext, value: FlatValue, axis: int, first: int, count: int, rank: int) -> FlatValue:
    """Take elements in a row; the axis is replaced by as many axes as the index has."""
    found = cut(context, value, axis, first, first + count)
    if rank == 1:
        return found
    if rank == 0:
        return found.with_axes([atoms for index, atoms in enumerate(found.axes) if index != axis])
    raise context.refuse(f"its index has {rank} axes.", "Take one element, or elements in a row.")


def select(context: FlatContext) -> FlatValue:
    """Convert the choice of one element along an axis."""
    value = context.value(0)
    axis = context.axis(context.integer("axis", 0), len(value.axes))
    index = context.integer("index", 0)
    size = value.dims[axis]
    if not -size <= index < size:
        raise context.damaged(f"it takes the element {index} of {size}")
    return _taken(context, value, axis, index % size, 1, 0)


def split(context: FlatContext) -> Result:
    """Convert Split."""
    value = context.value(0)
    axis = context.axis(context.integer("axis", 0), len(value.axes))
    size, count = value.dims[axis], len(context.node.outputs)
    sizes = context.integers("split", 1)
    if sizes is None:
        step = context.integer("step", -(-size // count))
        sizes = tuple(min(step, size - start) for start in range(0, size, step))
    if sum(sizes) != size or min(sizes) < 1 or len(sizes) != count:
        raise context.damaged(f"it splits {size} elements into {sizes}")
    starts = [sum(sizes[:index]) for index in range(count)]
    parts = [cut(context, value, axis, start, start + length) for start, length in zip(starts, sizes, strict=True)]
    if context.flag("drops_axis", False):
        parts = [item.with_axes([*item.axes[:axis], *item.axes[axis + 1 :]]) for item in parts]
    return tuple(parts)


def pad(context: FlatContext) -> FlatValue:
    """Convert Pad with a constant."""
    value = context.value(0)
    rank = len(value.axes)
    pads = context.integers("pads", 1)
    axes = context.integers("axes", 3) or tuple(range(rank))
    if pads is None or len(pads) != 2 * len(axes):
        raise context.damaged(f"'pads' is {pads}, expected two numbers for each of {len(axes)} axes")
    amounts = {context.axis(axis, rank): (pads[i], pads[i + len(axes)]) for i, axis in enumerate(axes)}
    amounts = {axis: pair for axis, pair in amounts.items() if pair != (0, 0)}
    filling = context.number("value", 0.0, 2)
    if context.text("mode", "constant") != "constant" or not isfinite(filling):
        raise context.refuse("it pads with other values than a constant.", "Pad with zeros.")
    if not amounts:
        return value
    if filling:
        return _filled(context, value, amounts, filling)
    return _with_zeros(context, value, amounts)


def _filled(context: FlatContext, value: FlatValue, amounts: dict[int, Pair], filling: float) -> FlatValue:
    """Append a number around a tensor: zeros, and then the number where they are."""
    grown = _with_zeros(context, value, amounts)
    edge = [tuple(max(size, 0) for size in amounts.get(axis, (0, 0))) for axis in range(len(value.axes))]
    sizes = [1 if SAMPLES in atoms else dim for atoms, dim in zip(grown.axes, grown.dims, strict=True)]
    offset = np.pad(
        np.zeros([size - sum(pair) for size, pair in zip(sizes, edge, strict=True)]), edge, constant_values=filling
    )
    return affine(context, grown, np.array(1.0), offset, "filled")


def _with_zeros(context: FlatContext, value: FlatValue, amounts: dict[int, Pair]) -> FlatValue:
    """Append zeros around a tensor."""
    rank = len(value.axes)
    if any(first < 0 or last < 0 for first, last in amounts.values()):
        return _trimmed(context, value, amounts)
    if rank in (3, 4) and value.axes[0] == (SAMPLES,) and min(amounts) >= 2:
        return _padded_image(context, value, amounts)
    for axis, pair in amounts.items():
        value = padded(context, value, axis, pair)
    return value


def _trimmed(context: FlatContext, value: FlatValue, amounts: dict[int, Pair]) -> FlatValue:
    """Cut elements off where amounts are negative, then pad the rest."""
    for axis, (first, end) in amounts.items():
        value = cut(context, value, axis, max(-first, 0), value.dims[axis] - max(-end, 0))
        if max(first, end) > 0:
            value = padded(context, value, axis, (max(first, 0), max(end, 0)))
    return value


def _padded_image(context: FlatContext, value: FlatValue, amounts: dict[int, Pair]) -> FlatValue:
    tensor, rank = image(context, value)
    none: Pair = (0, 0)
    spatial = [amounts.get(axis, none) for axis in range(2, rank + 2)]
    padding = (none, spatial[0]) if rank == 1 else (spatial[0], spatial[1])
    shape = [size + sum(pair) for size, pair in zip(tensor.shape, (*spatial, none), strict=True)]
    return of_image(context.add(Pad(padding=padding, rank=rank), (tensor,), tuple(shape)))


def padded(context: FlatContext, value: FlatValue, axis: int, amounts: Pair) -> FlatValue:
    """Append zeros along any axis of a tensor, seen as an image of columns."""
    if SAMPLES in value.axes[axis]:
        raise context.refuse("it adds samples.", "Pad other axes.")
    whole = value if len(value.axes[axis]) == 1 else context.plain(value)
    place = whole.axes[axis][0]
    shape = whole.tensor.shape
    view = context.arrange(whole, _groups(whole, place))
    out = (view.shape[0], view.shape[1] + sum(amounts), view.shape[2])
    wider = context.add(Pad(padding=((0, 0), amounts), rank=2), (view,), out, "padded")
    final = (*shape[:place], out[1], *shape[place + 1 :])
    tensor = wider if final == out else context.add(Reshape(), (wider,), final, "reshaped")
    return FlatValue(tensor=tensor, axes=whole.axes)


def resize(context: FlatContext) -> FlatValue:
    """Convert Resize and Upsample by whole factors, nearest neighbour, of images with the channels first or last."""
    value = context.value(0)
    if context.text("mode", "nearest") != "nearest":
        raise context.refuse(f"the mode {context.text('mode', '')!r} is not supported.", "Use the mode 'nearest'.")
    factors = _factors(context, value)
    _check_nearest(context)
    if all(factor == 1 for factor in factors):
        return value
    if any(SAMPLES in atoms for atoms, factor in zip(value.axes, factors, strict=True) if factor != 1):
        raise context.refuse("it repeats samples.", "Resize images only.")
    if factors[1] == 1 or len(factors) < 3:
        return _enlarged(context, value, factors[2:])
    if factors[-1] != 1:
        raise context.refuse(f"it repeats channels, with the factors {factors}.", "Resize images only.")
    first, *middle, last = value.axes
    found = _enlarged(context, value.with_axes([first, last, *middle]), factors[1:-1])
    first, channels, *middle = found.axes
    return found.with_axes([first, *middle, channels])


def scales(context: FlatContext, value: FlatValue) -> list[float]:
    """Return the factor of each axis of a Resize or Upsample.

    Raises:
        ModelError: If they are missing or do not fit.
    """
    is_old = context.node.op == "Upsample" or context.version == 10
    factors = context.given("scales", 1 if is_old else 2)
    sizes = None if is_old else context.integers("sizes", 3)
    rank = len(value.axes)
    given = context.integers("axes")
    axes = range(rank) if given is None else [context.axis(axis, rank) for axis in given]
    if sizes is not None:
        near = list(zip(sizes[-len(axes) :], axes[-len(sizes) :], strict=True))
        own = [1.0 if axis == value.batch_axis else size / value.dims[axis] for size, axis in near]
    elif factors is not None and np.size(factors):
        own = [float(item) for item in np.asarray(factors, dtype=np.float64).reshape(-1)]
    else:
        raise context.damaged("it gives neither scales nor sizes")
    if len(own) > len(axes):
        raise context.damaged(f"it gives {len(own)} factors for {len(axes)} axes")
    found = dict(zip(axes[-len(own) :], own, strict=True))
    return [found.get(axis, 1.0) for axis in range(rank)]


def _factors(context: FlatContext, value: FlatValue) -> list[int]:
    """Return the whole factor of each axis.

    Raises:
        UnsupportedError: If one is no whole number.
    """
    factors = scales(context, value)
    if any(factor < 1 or factor != floor(factor) for factor in factors):
        raise context.refuse(f"the factors {factors} are no whole numbers.", "Resize by whole factors.")
    return [int(factor) for factor in factors]


def _enlarged(context: FlatContext, value: FlatValue, factors: Sequence[int]) -> FlatValue:
    """Append the repetition of the pixels of an image with the channels first."""
    tensor, rank = image(context, value)
    size: Pair = (1, factors[0]) if rank == 1 else (factors[0], factors[1])
    shape = [own * factor for own, factor in zip(tensor.shape, (*factors, 1), strict=True)]
    return of_image(context.add(Upsample(size=size, rank=rank), (tensor,), tuple(shape)))


def _check_nearest(context: FlatContext) -> None:
    """Refuse the ways to find a neighbour that do not repeat each pixel a whole number of times.

    Raises:
        UnsupportedError: If the option does so.
    """
    how = context.text("coordinate_transformation_mode", "half_pixel")
    nearest = context.text("nearest_mode", "round_prefer_floor")
    repeats = {
        ("asymmetric", "floor"),
        ("half_pixel", "round_prefer_floor"),
        ("half_pixel", "round_prefer_ceil"),
        ("pytorch_half_pixel", "round_prefer_floor"),
        ("pytorch_half_pixel", "round_prefer_ceil"),
    }
    if context.node.op == "Resize" and context.version >= 11 and (how, nearest) not in repeats:
        raise context.refuse(
            f"the neighbours of {how!r} with {nearest!r} are not supported.", "Use 'asymmetric' with 'floor'."
        )


MAX_FLIPPED = 256
"""Most elements of a reversed axis; each is cut out and put in its place."""


def flip(context: FlatContext) -> FlatValue:
    """Convert the reversal of axes: every element cut out, then joined the other way round."""
    value = context.value(0)
    for given in context.integers("axes") or ():
        axis = context.axis(given, len(value.axes))
        size = value.dims[axis]
        if SAMPLES in value.axes[axis] or size > MAX_FLIPPED:
            raise context.refuse(f"it reverses an axis of {size}.", "Reverse the data before the network.")
        parts = [cut(context, value, axis, index, index + 1) for index in range(size)]
        value = joined(context, parts[::-1], axis) if size > 1 else value
    return value


MOVES: dict[str, Converter] = {
    "Transpose": transpose,
    "Reshape": reshaped,
    "Flatten": flatten,
    "Unflatten": unflatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Expand": expand,
    "Shape": shape_of,
    "SizeOf": size_of,
    "Slice": sliced,
    "Gather": gather,
    "Select": select,
    "Split": split,
    "Upsample": resize,
    "Flip": flip,
}
"""Converters of ops that move elements."""
