"""Ops along one axis that are sums with constant weights, or copies: bilinear resizing, running sums, edges."""

from math import floor

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat.context import Converter, FlatContext
from hlsexplore.importers.flat.joins import joined
from hlsexplore.importers.flat.moves import cut, pad, resize, scales
from hlsexplore.importers.flat.products import dense
from hlsexplore.importers.flat.value import SAMPLES, Constant, FlatValue
from hlsexplore.importers.resizing import between
from hlsexplore.ops import Pair

MAX_COPIES = 64
"""Most elements that padding copies at one end of an axis, and most repetitions of a tensor."""


def resized(context: FlatContext) -> FlatValue:
    """Convert Resize: linear interpolation as a product with constant weights along each axis, else as ever."""
    if context.text("mode", "nearest") not in ("linear", "bilinear"):
        return resize(context)
    if context.flag("antialias", False) or context.node.op != "Resize":
        raise context.refuse("it filters before it shrinks.", "Use the mode 'nearest', or Resize without antialias.")
    value = context.value(0)
    for axis, scale in enumerate(scales(context, value)):
        if scale == 1:
            continue
        if SAMPLES in value.axes[axis]:
            raise context.refuse("it interpolates between samples.", "Resize images only.")
        weights = _linear(context, value.dims[axis], scale)
        value = dense(context, value, axis, Constant(values=weights), None)
    return value


def _linear(context: FlatContext, size: int, scale: float) -> RealArray:
    """Return the weights of a linear interpolation, shape (size, new size)."""
    count = floor(size * scale + 1e-5)
    if count < 1:
        raise context.damaged(f"it shrinks {size} elements to none")
    how = context.text("coordinate_transformation_mode", "half_pixel")
    if context.version == 10:
        how = "asymmetric"
    places = np.arange(count, dtype=np.float64)
    match how:
        case "half_pixel" | "pytorch_half_pixel":
            at = (places + 0.5) / scale - 0.5 if how == "half_pixel" or count > 1 else np.zeros(1)
        case "align_corners":
            at = places * (size - 1) / (count - 1) if count > 1 else np.zeros(1)
        case "asymmetric":
            at = places / scale
        case _:
            raise context.refuse(f"the coordinates {how[:40]!r} are not supported.", "Use 'half_pixel'.")
    return between(size, at)


def running_sum(context: FlatContext) -> FlatValue:
    """Convert CumSum: a product with a triangle of ones."""
    value = context.value(0)
    axis = context.axis(context.integer("axis", 0, 1), len(value.axes))
    triangle = np.triu(np.ones((value.dims[axis],) * 2), int(context.flag("exclusive", False)))
    if context.flag("reverse", False):
        triangle = triangle.T.copy()
    return dense(context, value, axis, Constant(values=triangle), None)


def padded_by_copies(context: FlatContext) -> FlatValue:
    """Convert Pad by what lies at the edges (edge, reflect, wrap), or by a constant as ever."""
    mode = context.text("mode", "constant")
    if mode == "constant":
        return pad(context)
    value = context.value(0)
    rank, pads = len(value.axes), context.integers("pads", 1)
    axes = context.integers("axes", 3) or tuple(range(rank))
    if pads is None or len(pads) != 2 * len(axes):
        raise context.damaged(f"'pads' is {pads}, expected two numbers for each of {len(axes)} axes")
    for index, given in enumerate(axes):
        axis = context.axis(given, rank)
        amounts = (pads[index], pads[index + len(axes)])
        if amounts != (0, 0):
            value = _copied(context, value, axis, amounts, mode)
    return value


def _copied(context: FlatContext, value: FlatValue, axis: int, amounts: Pair, mode: str) -> FlatValue:
    """Append copies of elements at both ends of an axis."""
    if SAMPLES in value.axes[axis] or max(amounts) > MAX_COPIES or min(amounts) < 0:
        raise context.refuse(f"it adds {max(amounts)} copies.", f"Pad up to {MAX_COPIES} elements, and no samples.")
    size = value.dims[axis]
    ends = (range(-amounts[0], 0), range(size, size + amounts[1]))
    places = [[_source(context, mode, place, size) for place in end] for end in ends]
    first, last = ([cut(context, value, axis, place, place + 1) for place in end] for end in places)
    return joined(context, [*first, value, *last], axis)


def _source(context: FlatContext, mode: str, place: int, size: int) -> int:
    """Return which of `size` elements stands at a place beyond them, by the modes' names in ONNX or PyTorch."""
    match mode:
        case "edge" | "replicate":
            return min(max(place, 0), size - 1)
        case "wrap" | "circular":
            return place % size
        case "reflect" if size > 1:
            turn = place % (2 * size - 2)
            return min(turn, 2 * size - 2 - turn)
    raise context.refuse(f"it pads by the mode {mode[:40]!r}.", "Use constant, edge, reflect or wrap.")


def tile(context: FlatContext) -> FlatValue:
    """Convert Tile: a tensor joined with itself."""
    value, repeats = context.value(0), context.integers("repeats", 1) or ()
    if len(repeats) < len(value.axes):
        raise context.damaged(f"it gives {len(repeats)} repetitions for {len(value.axes)} axes")
    value = value.with_axes([*((),) * (len(repeats) - len(value.axes)), *value.axes])
    for axis, count in enumerate(repeats):
        if count == 1:
            continue
        if SAMPLES in value.axes[axis] or not 1 <= count <= MAX_COPIES:
            raise context.refuse(f"it repeats an axis {count} times.", f"Repeat features 1 to {MAX_COPIES} times.")
        value = joined(context, [value] * count, axis)
    return value


INTERPOLATIONS: dict[str, Converter] = {
    "Resize": resized,
    "CumSum": running_sum,
    "Pad": padded_by_copies,
    "Tile": tile,
}
"""Converters of sums and copies along an axis."""
