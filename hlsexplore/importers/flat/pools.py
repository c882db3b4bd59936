"""Poolings and reductions."""

from functools import partial
from math import prod

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext
from hlsexplore.importers.flat.layout import affine, image, of_image
from hlsexplore.importers.flat.value import SAMPLES, FlatValue
from hlsexplore.importers.flat.windows import Slide, slide
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Pad, Pair, Pool, Reshape


def pool(context: FlatContext, average: bool) -> FlatValue:
    """Convert MaxPool or AveragePool of one or two dimensions."""
    if len(context.node.outputs) > 1 and context.node.outputs[1]:
        raise context.refuse("it also returns indices.", "Use a pooling that returns values only.")
    tensor, rank = image(context, context.value(0))
    size = context.integers("kernel_shape")
    if size is None or len(size) != rank or min(size) < 1:
        raise context.damaged(f"'kernel_shape' is {size}, expected {rank} positive numbers")
    picture = (tensor.shape[0], tensor.shape[1]) if rank == 2 else (1, tensor.shape[0])
    window = slide(context, picture, size)
    if window.dilation != (1, 1):
        raise context.refuse(f"its dilation is {window.dilation}.", "Use a dilation of 1.")
    padding = window.padding
    if average and context.flag("count_include_pad", False) and padding != ((0, 0), (0, 0)):
        tensor, padding = _padded(context, tensor, rank, window), ((0, 0), (0, 0))
    (top, bottom), (left, right) = padding
    whole = ((top, bottom + window.extra[0]), (left, right + window.extra[1]))
    op = Pool(average=average, size=window.size, stride=window.stride, padding=whole, rank=rank)
    return of_image(context.add(op, (tensor,), (*window.out[2 - rank :], tensor.shape[-1])))


def _padded(context: FlatContext, tensor: ImportedTensor, rank: int, window: Slide) -> ImportedTensor:
    """Append the zeros of a padding that counts in averages."""
    sizes = [size + sum(pads) for size, pads in zip(tensor.shape[:-1], window.padding[2 - rank :], strict=True)]
    return context.add(Pad(padding=window.padding, rank=rank), (tensor,), (*sizes, tensor.shape[-1]), "padded")


def global_pool(context: FlatContext, average: bool) -> FlatValue:
    """Convert GlobalMaxPool or GlobalAveragePool."""
    tensor, _ = image(context, context.value(0))
    return _pooled(context, tensor, average)


def adaptive_pool(context: FlatContext, average: bool) -> FlatValue:
    """Convert an adaptive pooling, whose windows have one size."""
    tensor, rank = image(context, context.value(0))
    out = context.integers("output_size") or ()
    picture = tensor.shape[:-1]
    if len(out) == 1 and rank == 2:
        out = (out[0], out[0])
    if len(out) != rank or any(size < 1 for size in out):
        raise context.damaged(f"'output_size' is {out}, expected {rank} positive numbers")
    if all(size == 1 for size in out):
        return _pooled(context, tensor, average)
    if any(size % count for size, count in zip(picture, out, strict=True)):
        raise context.refuse(
            f"its windows of an image of {picture} differ in size for {out} outputs.",
            "Use outputs that divide the image.",
        )
    window = tuple(size // count for size, count in zip(picture, out, strict=True))
    size: Pair = (1, window[0]) if rank == 1 else (window[0], window[1])
    op = Pool(average=average, size=size, stride=size, rank=rank)
    return of_image(context.add(op, (tensor,), (*out, tensor.shape[-1])))


def reduce(context: FlatContext, function: str) -> FlatValue:
    """Convert ReduceMean, ReduceMax, ReduceMin or ReduceSum over axes other than the batch axis: a global pooling."""
    value = context.value(0)
    rank = len(value.axes)
    given = context.integers("axes", 1)
    if not given and context.flag("noop_with_empty_axes", False):
        return value
    axes = tuple(sorted({context.axis(axis, rank) for axis in given})) if given else tuple(range(rank))
    if any(SAMPLES in value.axes[axis] for axis in axes):
        raise context.refuse("it reduces over samples.", "Reduce over other axes.")
    sign = -1.0 if function == "min" else 1.0
    source = value if sign > 0 else affine(context, value, np.array(-1.0), np.array(0.0), "negated")
    atoms = tuple(atom for axis in axes for atom in source.axes[axis])
    sizes = source.tensor.shape
    others = [atom for atom in range(len(sizes)) if atom not in atoms and sizes[atom] > 1]
    tensor = context.arrange(source, [atoms, tuple(others)])
    shape = tuple(sizes[atom] for atom in others) or (1,)
    count = prod(sizes[atom] for atom in atoms)
    op = Pool(average=function in ("mean", "sum"), size=(1, count), stride=(1, count), rank=1, is_global=True)
    pooled = context.add(op, (tensor,), (prod(shape),))
    result = pooled if shape == pooled.shape else context.add(Reshape(), (pooled,), shape, "reshaped")
    renamed = {atom: index for index, atom in enumerate(others)} | {SAMPLES: SAMPLES}
    left = [
        tuple(renamed[atom] for atom in item if atom in renamed) if index not in axes else ()
        for index, item in enumerate(source.axes)
    ]
    if not context.flag("keepdims", True):
        left = [item for index, item in enumerate(left) if index not in axes]
    found = FlatValue(tensor=result, axes=tuple(left))
    factor = sign * (count if function == "sum" else 1)
    return found if factor == 1 else affine(context, found, np.array(float(factor)), np.array(0.0), "scaled")


def _pooled(context: FlatContext, tensor: ImportedTensor, average: bool) -> FlatValue:
    """Append a global pooling of an image; the axes of the image stay, with a size of 1."""
    rank = len(tensor.shape) - 1
    size: Pair = (1, tensor.shape[0]) if rank == 1 else (tensor.shape[0], tensor.shape[1])
    op = Pool(average=average, size=size, stride=size, rank=rank, is_global=True)
    return FlatValue(tensor=context.add(op, (tensor,), (tensor.shape[-1],)), axes=((SAMPLES,), (0,), *((),) * rank))


POOLS: dict[str, Converter] = {
    "MaxPool": partial(pool, average=False),
    "AveragePool": partial(pool, average=True),
    "GlobalMaxPool": partial(global_pool, average=False),
    "GlobalAveragePool": partial(global_pool, average=True),
    "AdaptiveMaxPool": partial(adaptive_pool, average=False),
    "AdaptiveAveragePool": partial(adaptive_pool, average=True),
    "ReduceMean": partial(reduce, function="mean"),
    "ReduceSum": partial(reduce, function="sum"),
    "ReduceMax": partial(reduce, function="max"),
    "ReduceMin": partial(reduce, function="min"),
}
"""Converters of poolings and reductions."""
