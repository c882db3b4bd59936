"""Layouts that layers need: images with the channels last, a vector of features last, one scale for each channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat.context import FlatContext
from hlsexplore.importers.flat.sketch import Grid
from hlsexplore.importers.flat.value import SAMPLES, Atoms, FlatValue, broadcast, named
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Affine, Op, Reshape

IMAGES: dict[int, tuple[Atoms, ...]] = {1: ((SAMPLES,), (1,), (0,)), 2: ((SAMPLES,), (2,), (0,), (1,))}
"""Axes of an image of the source, channels first, in a stored tensor with channels last, by the number of axes."""


def image(context: FlatContext, value: FlatValue) -> tuple[ImportedTensor, int]:
    """Return an image with its channels last.

    Args:
        context: The op.
        value: A tensor (samples, channels, width) or (samples, channels, height, width).

    Returns:
        The stored tensor, (width, channels) or (height, width, channels), and 1 or 2.

    Raises:
        UnsupportedError: If it has other axes.
    """
    rank = len(value.axes) - 2
    if rank not in IMAGES or value.axes[0] != (SAMPLES,):
        raise context.refuse(
            f"its input has the shape {named(value.dims)}, expected (samples, channels, width) or "
            "(samples, channels, height, width).",
            "Bring the data to such a shape.",
        )
    groups = (*value.axes[2:], value.axes[1])
    return context.arrange(value, groups), rank


def of_image(tensor: ImportedTensor) -> FlatValue:
    """Return the value that an image with its channels last is for the source."""
    return FlatValue(tensor=tensor, axes=IMAGES[len(tensor.shape) - 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """A stored tensor with one axis of the source last.

    Attributes:
        tensor: The stored tensor; all other axes before the last one.
        order: For each element of the source's axis the place that it has in the last stored axis.
        axes: The source's axes in the stored tensor.
    """

    tensor: ImportedTensor
    order: np.ndarray[tuple[int], np.dtype[np.intp]]
    axes: tuple[Atoms, ...]


def last(context: FlatContext, value: FlatValue, axis: int) -> Last:
    """Bring an axis of the source to the end of the stored tensor, its elements in whatever order costs least.

    Args:
        context: The op.
        value: The value.
        axis: The axis, from 0.

    Raises:
        UnsupportedError: If the axis counts samples.
    """
    atoms = value.axes[axis]
    if SAMPLES in atoms:
        raise context.refuse("it works along the batch axis.", "Keep samples apart.")
    sizes = value.tensor.shape
    inner = sorted(atom for atom in atoms if sizes[atom] > 1)
    others = [atom for atom in range(len(sizes)) if sizes[atom] > 1 and atom not in inner]
    tensor = context.arrange(value, [*((atom,) for atom in others), tuple(inner)])
    places = np.arange(tensor.shape[-1]).reshape([sizes[atom] for atom in inner])
    wanted = [inner.index(atom) for atom in atoms if sizes[atom] > 1]
    renamed = {atom: index for index, atom in enumerate(others)} | {SAMPLES: SAMPLES}
    axes = tuple(
        (len(others),) if index == axis else tuple(renamed[atom] for atom in item if atom in renamed)
        for index, item in enumerate(value.axes)
    )
    return Last(tensor=tensor, order=places.transpose(wanted).reshape(-1), axes=axes)


def straight_last(context: FlatContext, value: FlatValue, axis: int) -> tuple[ImportedTensor, tuple[Atoms, ...]]:
    """Bring an axis of the source to the end of the stored tensor, its elements in the source's order.

    Returns:
        The stored tensor and the source's axes in it.
    """
    found = last(context, value, axis)
    if (found.order == np.arange(len(found.order))).all():
        return found.tensor, found.axes
    atoms = value.axes[axis]
    others = [(atom,) for atom in range(len(value.tensor.shape)) if value.tensor.shape[atom] > 1 and atom not in atoms]
    return context.arrange(value, [*others, atoms]), found.axes


def reordered(values: RealArray, order: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.intp]]) -> RealArray:
    """Bring rows of the source to the places that they have in a stored axis (see `Last.order`)."""
    moved = np.empty_like(values)
    moved[np.asarray(order)] = values
    return moved


def affine(
    context: FlatContext,
    value: FlatValue,
    scale: RealArray,
    offset: RealArray,
    suffix: str = "",
    grid: Grid | None = None,
) -> FlatValue:
    """Append value * scale + offset.

    Args:
        context: The op.
        value: The value.
        scale: Factors, broadcastable to the source's shape.
        offset: Summands, alike.
        suffix: What to add to the layer's name.
        grid: The integers behind the summands where the model quantises them.
    """
    longest = max(scale.ndim, offset.ndim)
    if longest > len(value.axes):
        value = value.with_axes([*((),) * (longest - len(value.axes)), *value.axes])
    kernel, bias = (broadcast(array, value, context.source) for array in (scale, offset))
    shape = value.tensor.shape
    varying = [axis for axis in range(len(shape)) if max(kernel.shape[axis], bias.shape[axis]) > 1]
    if varying and varying != [len(shape) - 1]:
        return _affine_elsewhere(context, value, kernel, bias, varying, suffix)
    grids = {}
    if grid is not None:
        whole, step = (broadcast(array, value, context.source).reshape(-1) for array in (grid.integers, grid.scale))
        grids = {"bias": Grid(integers=whole, scale=step)}
    tensor = _affine(context, value.tensor, kernel.reshape(-1), bias.reshape(-1), suffix, grids)
    return FlatValue(tensor=tensor, axes=value.axes)


def channels_last(
    context: FlatContext, value: FlatValue, arrays: Sequence[RealArray]
) -> tuple[ImportedTensor, tuple[Atoms, ...], tuple[RealArray, ...]]:
    """Bring the axis along which constants differ to the end of the stored tensor.

    Args:
        context: The op.
        value: The value.
        arrays: Constants, broadcastable to the source's shape.

    Returns:
        The stored tensor, the source's axes in it, and each constant with shape () or (channels,).

    Raises:
        UnsupportedError: If they differ along several axes.
    """
    longest = max(item.ndim for item in arrays)
    if longest > len(value.axes):
        value = value.with_axes([*((),) * (longest - len(value.axes)), *value.axes])
    placed = [broadcast(item, value, context.source) for item in arrays]
    shape = value.tensor.shape
    varying = [axis for axis in range(len(shape)) if any(item.shape[axis] > 1 for item in placed)]
    if len(varying) > 1:
        raise context.refuse("its scales differ along several axes.", "Use one scale, or one for each channel.")
    flat = tuple(item.reshape(-1) if item.size > 1 else item.reshape(()) for item in placed)
    if not varying or varying == [len(shape) - 1]:
        return value.tensor, value.axes, flat
    tensor, axes = _ending_with(context, value, varying[0])
    return tensor, axes, flat


def _ending_with(context: FlatContext, value: FlatValue, own: int) -> tuple[ImportedTensor, tuple[Atoms, ...]]:
    """Bring one stored axis to the end."""
    shape = value.tensor.shape
    others = [axis for axis in range(len(shape)) if axis != own and shape[axis] > 1]
    tensor = context.arrange(value, [*((axis,) for axis in others), (own,)])
    renamed = {axis: index for index, axis in enumerate((*others, own))} | {SAMPLES: SAMPLES}
    return tensor, tuple(tuple(renamed[atom] for atom in atoms if atom in renamed) for atoms in value.axes)


def _affine(
    context: FlatContext,
    tensor: ImportedTensor,
    kernel: RealArray,
    bias: RealArray,
    suffix: str,
    grids: Mapping[str, Grid] | None = None,
) -> ImportedTensor:
    channels = tensor.shape[-1]
    full = (np.array(np.broadcast_to(item, (channels,)), dtype=np.float64) for item in (kernel, bias))
    return context.add(Affine(kernel=next(full), bias=next(full)), (tensor,), tensor.shape, suffix, grids)


def _affine_elsewhere(
    context: FlatContext, value: FlatValue, kernel: RealArray, bias: RealArray, varying: list[int], suffix: str
) -> FlatValue:
    """Append factors that differ along another axis than the last stored one, or along several."""
    shape = value.tensor.shape
    if len(varying) == 1:
        tensor, axes = _ending_with(context, value, varying[0])
        return FlatValue(tensor=_affine(context, tensor, kernel.reshape(-1), bias.reshape(-1), suffix), axes=axes)
    flat = context.arrange(value, [tuple(range(len(shape)))])
    arrays = (np.broadcast_to(item, shape).reshape(-1) for item in (kernel, bias))
    tensor = _affine(context, flat, next(arrays), next(arrays), suffix)
    return FlatValue(tensor=context.add(Reshape(), (tensor,), shape, "reshaped"), axes=value.axes)


def pointwise(context: FlatContext, value: FlatValue, op: Op, suffix: str = "") -> FlatValue:
    """Append an elementwise op."""
    tensor = context.add(op, (value.tensor,), value.tensor.shape, suffix)
    return FlatValue(tensor=tensor, axes=value.axes)
