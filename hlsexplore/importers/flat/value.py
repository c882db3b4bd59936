"""Tensors of a flat graph as views of the network's tensors: transposes and most reshapes are only noted, not done.

A `FlatValue` says for each axis that the source sees which axes of the stored tensor it consists of. What moves
elements is added when an op needs another order than the stored one, and then once for all readers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hlsexplore.errors import UnsupportedError
from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat.graph import BATCH, Array
from hlsexplore.importers.flat.sketch import Grid, Sketch
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Permute, Reshape

Atoms = tuple[int, ...]
"""Axes of a stored tensor that one axis of the source consists of, outermost first; `SAMPLES` for the batch axis."""

SAMPLES = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constant:
    """A tensor whose values are known.

    Attributes:
        values: The values.
        grid: The integers behind them where the model quantises them.
    """

    values: Array
    grid: Grid | None = None

    @property
    def real(self) -> RealArray:
        """The values as float64; what is repeated without being stored so stays that."""
        thin = tuple(slice(0, 1) if step == 0 else slice(None) for step in self.values.strides)
        real = np.asarray(self.values[thin], dtype=np.float64)
        return np.broadcast_to(real, self.values.shape) if real.shape != self.values.shape else real

    def moved(self, move: Callable[[Array], Array]) -> "Constant":
        """Return it with its elements moved, and those of its grid alike."""
        if self.grid is None:
            return Constant(values=move(self.values))
        grid = Grid(integers=move(self.grid.integers), scale=move(self.grid.scale))
        return Constant(values=move(self.values), grid=grid)

    def times(self, factor: float) -> "Constant":
        """Return it multiplied by a number."""
        if factor == 1:
            return self
        grid = None if self.grid is None else Grid(integers=self.grid.integers, scale=self.grid.scale * factor)
        return Constant(values=self.real * factor, grid=grid)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatValue:
    """A tensor that depends on the network's inputs.

    Attributes:
        tensor: The stored tensor.
        axes: For each axis of the source the stored axes behind it; none for an axis of size 1. Every stored axis of
            size above 1 occurs once.
    """

    tensor: ImportedTensor
    axes: tuple[Atoms, ...]

    @property
    def dims(self) -> tuple[int, ...]:
        """Shape as the source sees it, with `BATCH` for the batch axis."""
        return tuple(prod(self.size(atom) for atom in atoms) for atoms in self.axes)

    @property
    def batch_axis(self) -> int | None:
        """Which axis of the source counts samples, alone or with others; None if none does."""
        return next((index for index, atoms in enumerate(self.axes) if SAMPLES in atoms), None)

    def size(self, atom: int) -> int:
        """Size of one stored axis, or of the batch axis."""
        return BATCH if atom == SAMPLES else self.tensor.shape[atom]

    def with_axes(self, axes: Sequence[Atoms]) -> "FlatValue":
        """Return another view of the same stored tensor."""
        return FlatValue(tensor=self.tensor, axes=tuple(axes))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """What QuantizeLinear makes: integers, of data, that only a clip and DequantizeLinear read.

    Attributes:
        value: The data before.
        scale: Steps, broadcastable to the source's shape.
        zero: Zero points of the same form.
        low: Least integer.
        high: Largest integer.
    """

    value: FlatValue
    scale: RealArray
    zero: RealArray
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Masked:
    """Scores of which a mask hides some from the softmax that reads them.

    Attributes:
        value: The scores.
        allowed: Whether each is seen, broadcastable to the source's shape.
    """

    value: FlatValue
    allowed: Array


Item = Constant | FlatValue | Coded | Masked
"""A tensor of a flat graph."""


def stored(tensor: ImportedTensor, batch_axis: int | None) -> FlatValue:
    """Return the view that has the stored axes in order, and the batch axis at a place.

    Args:
        tensor: The stored tensor.
        batch_axis: Where the batch axis is, or None.
    """
    axes: list[Atoms] = [(axis,) for axis in range(len(tensor.shape))]
    if batch_axis is not None:
        axes.insert(batch_axis, (SAMPLES,))
    return FlatValue(tensor=tensor, axes=tuple(axes))


def arrange(sketch: Sketch, value: FlatValue, groups: Sequence[Atoms], source: str) -> ImportedTensor:
    """Return a stored tensor whose axes are groups of a value's stored axes, in that order.

    Args:
        sketch: Gets the moves that are needed.
        value: The value.
        groups: Stored axes behind each wanted axis; together all axes of size above 1, without the batch axis.
        source: Name and class of the op that wants it.
    """
    tensor = value.tensor
    sizes = tensor.shape
    order = [atom for group in groups for atom in group if sizes[atom] > 1]
    shape = tuple(prod(sizes[atom] for atom in group) for group in groups) or (1,)
    if order != sorted(order):
        axes = (*order, *(axis for axis in range(len(sizes)) if sizes[axis] == 1))
        moved = tuple(sizes[axis] for axis in axes)
        tensor = _once(sketch, tensor, Permute(axes=axes), moved, "permuted", source)
    if tensor.shape != shape:
        tensor = _once(sketch, tensor, Reshape(), shape, "reshaped", source)
    return tensor


def _once(
    sketch: Sketch, tensor: ImportedTensor, op: Permute | Reshape, shape: tuple[int, ...], how: str, source: str
) -> ImportedTensor:
    """Append a move, or find the same one that another reader of the tensor asked for."""
    key = (tensor.node, op.axes if isinstance(op, Permute) else (), shape)
    if key not in sketch.moves:
        sketch.moves[key] = sketch.add(f"{sketch.drafts[tensor.node].base}_{how}", op, (tensor,), shape, source)
    return sketch.moves[key]


def plain(sketch: Sketch, value: FlatValue, source: str) -> FlatValue:
    """Return the same value with one stored axis for each axis of the source, in the source's order.

    Args:
        sketch: Gets the moves that are needed.
        value: The value; its batch axis stands alone.
        source: Name and class of the op that wants it.

    Raises:
        UnsupportedError: If samples are mixed with another axis.
    """
    groups = [atoms for atoms in value.axes if atoms != (SAMPLES,)]
    if any(SAMPLES in atoms for atoms in groups):
        raise mixed(source)
    return stored(arrange(sketch, value, groups, source), value.batch_axis)


def mixed(source: str) -> UnsupportedError:
    """Make the error for an op that would compute one sample from several."""
    return UnsupportedError(
        [f"{source}: it mixes the batch axis with another one. Keep samples apart, the first axis for them alone."]
    )


def reshape(sketch: Sketch, value: FlatValue, dims: Sequence[int], source: str) -> FlatValue:
    """Return a value of other dimensions with the same elements in the source's row-major order.

    Args:
        sketch: Gets the moves that are needed.
        value: The value.
        dims: The new shape with `BATCH`, of as many elements.
        source: Name and class of the op that wants it.

    Raises:
        UnsupportedError: If it would mix samples.
    """
    split = _split(value, dims, source)
    if split is None:
        merged = _merged(sketch, value, source)
        split = _split(merged, dims, source)
        value = merged
    if split is None:
        raise mixed(source)
    parts, axes = split
    shape = tuple(size for pieces in parts for size in pieces)
    tensor = value.tensor
    if shape != tensor.shape:
        tensor = _once(sketch, tensor, Reshape(), shape, "reshaped", source)
    return FlatValue(tensor=tensor, axes=axes)


def _merged(sketch: Sketch, value: FlatValue, source: str) -> FlatValue:
    """Bring all elements of a sample into one stored axis, in the source's order; samples must come first."""
    straight = plain(sketch, value, source)
    if straight.batch_axis not in (None, 0):
        raise mixed(source)
    shape = (prod(straight.tensor.shape),)
    tensor = straight.tensor
    if tensor.shape != shape:
        tensor = _once(sketch, tensor, Reshape(), shape, "reshaped", source)
    return stored(tensor, straight.batch_axis)


def _split(value: FlatValue, dims: Sequence[int], source: str) -> tuple[list[list[int]], tuple[Atoms, ...]] | None:
    """Divide a value's stored axes among new dimensions; None if their borders do not meet.

    Returns:
        For each stored axis the sizes of the pieces it is cut into, and for each new dimension its pieces, numbered
        through all stored axes.
    """
    waiting = [(atom, value.size(atom)) for atoms in value.axes for atom in atoms if value.size(atom) > 1]
    waiting.reverse()
    sizes = value.tensor.shape
    parts: list[list[int]] = [[] for _ in sizes]
    taken: list[list[tuple[int, int]]] = []
    for dim in dims:
        rest, pieces = dim, []
        while rest > 1:
            if not waiting:
                return None
            atom, size = waiting.pop()
            if atom == SAMPLES and rest % BATCH:
                raise mixed(source)
            if rest % size == 0:
                rest //= size
            elif rest < size and size % rest == 0:
                waiting.append((atom, size // rest))
                size, rest = rest, 1
            else:
                return None
            pieces.append((atom, len(parts[atom]) if atom != SAMPLES else 0))
            if atom != SAMPLES:
                parts[atom].append(size)
        taken.append(pieces)
    if waiting:
        return None
    parts = [pieces or [1] for pieces in parts]
    first = [sum(len(pieces) for pieces in parts[:axis]) for axis in range(len(parts))]
    axes = tuple(tuple(SAMPLES if atom == SAMPLES else first[atom] + piece for atom, piece in item) for item in taken)
    return parts, axes


def resolve(
    value: FlatValue, target: Sequence[int], batch: int | None, keeps_zero: bool, source: str
) -> tuple[int, ...]:
    """Work out the shape that a reshape asks for: -1, 0, and a batch size that was fixed when the model was written.

    Args:
        value: What is reshaped.
        target: The shape as the source gives it.
        batch: Batch size of the source, or None if it is open.
        keeps_zero: Whether 0 copies the size of the value's axis.
        source: Name and class of the op.

    Returns:
        The shape with `BATCH`.

    Raises:
        UnsupportedError: If no such shape has as many elements.
    """
    dims = value.dims
    total = prod(dims)
    sizes = [dims[i] if size == 0 and keeps_zero and i < len(dims) else int(size) for i, size in enumerate(target)]
    fixed = _fixed_batch(sizes, value, batch, total)
    known = prod(size for size in fixed if size != -1)
    if fixed.count(-1) > 1 or known <= 0 or total % known or (-1 not in fixed and known != total):
        shape = ", ".join("samples" if size == BATCH else str(size) for size in dims)
        raise UnsupportedError(
            [f"{source}: the shape {tuple(target)} does not fit ({shape}). Export the model with a free batch axis."]
        )
    return tuple(total // known if size == -1 else size for size in fixed)


def _fixed_batch(sizes: list[int], value: FlatValue, batch: int | None, total: int) -> list[int]:
    """Replace the number of samples that was fixed when the model was written by `BATCH`."""
    axis = value.batch_axis
    if batch is None or total % BATCH or any(size % BATCH == 0 for size in sizes if size > 0):
        return sizes
    known = prod(size for size in sizes if size != -1)
    if -1 in sizes and known and total % known == 0 and total // known == BATCH:
        return sizes
    places = [axis] if axis is not None and axis < len(sizes) and sizes[axis] == batch else []
    places += [index for index, size in enumerate(sizes) if size == batch]
    if -1 not in sizes:
        places += [index for index, size in enumerate(sizes) if size > 0 and size % batch == 0]
    if not places:
        return sizes
    # row by row, samples stay behind as many elements as before; features alone make up the last axis
    atoms = [atom for own in value.axes for atom in own]
    before = prod(value.size(atom) for atom in atoms[: atoms.index(SAMPLES)]) if SAMPLES in atoms else 1
    last, is_last = len(sizes) - 1, axis == len(value.axes) - 1
    place = min(places, key=lambda index: prod(sizes[:index]) != before or (index == last and not is_last))
    return [size // batch * BATCH if index == place else size for index, size in enumerate(sizes)]


def broadcast(values: RealArray, value: FlatValue, source: str) -> RealArray:
    """Return a constant in the order of a value's stored tensor.

    Args:
        values: The constant, of at most as many axes as the value.
        value: The value.
        source: Name and class of the op.

    Returns:
        An array with the stored tensor's number of axes, each of its size or 1.

    Raises:
        UnsupportedError: If the constant differs between samples or is larger than the value.
    """
    dims = value.dims
    array = per_sample(values.reshape((1,) * (len(dims) - values.ndim) + values.shape), value)
    shape: list[int] = []
    places: list[int] = []
    for size, dim, atoms in zip(array.shape, dims, value.axes, strict=True):
        if size not in (1, dim) or (size != 1 and SAMPLES in atoms):
            raise UnsupportedError(
                [f"{source}: a constant of shape {values.shape} does not fit a tensor of shape {named(dims)}."]
            )
        inner = [atom for atom in atoms if atom != SAMPLES]
        shape += [value.size(atom) for atom in inner] if size != 1 else [1] * len(inner)
        places += inner
    missing = [axis for axis in range(len(value.tensor.shape)) if axis not in places]
    order = np.argsort([*places, *missing])
    return array.reshape(shape + [1] * len(missing)).transpose(order)


def per_sample(array: RealArray, value: FlatValue) -> RealArray:
    """Take one sample of a constant that exporters repeated for all of them without storing it so."""
    index = tuple(
        slice(0, 1) if atoms == (SAMPLES,) and array.strides[axis] == 0 else slice(None)
        for axis, atoms in enumerate(value.axes)
    )
    return array[index]


def named(dims: Sequence[int]) -> str:
    """Print a shape of the source for people."""
    return f"({', '.join('samples' if size == BATCH else str(size) for size in dims)})"
