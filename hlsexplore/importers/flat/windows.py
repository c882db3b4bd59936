"""How convolutions and poolings of ONNX slide over an image: explicit padding, 'same' padding, rounding up."""

from dataclasses import dataclass

from hlsexplore.importers.flat.context import FlatContext
from hlsexplore.ops import Pair

MAX_WINDOW = 1 << 16
"""Largest size, step, distance or padding of a window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """How a window slides.

    Attributes:
        size: Window (rows, columns); 1 row for rank 1.
        stride: Steps.
        dilation: Distance of the taps.
        padding: Elements added ((top, bottom), (left, right)).
        extra: Elements beyond the padding that the last windows reach, where sizes are rounded up: (rows, columns).
        out: Output (rows, columns).
    """

    size: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[Pair, Pair]
    extra: Pair
    out: Pair


def slide(context: FlatContext, picture: Pair, size: tuple[int, ...]) -> Slide:
    """Work out how a window slides over an image.

    Args:
        context: The op.
        picture: Rows and columns of the image; 1 row for rank 1.
        size: Size of the window, one number for each axis of the source.

    Raises:
        ModelError: If options do not fit or the image is too small.
    """
    rank = len(size)
    strides = each(context, "strides", rank, 1)
    dilations = each(context, "dilations", rank, 1)
    lead = 2 - rank
    window, step, reach = (_pair(values) for values in (size, strides, dilations))
    ceil = context.flag("ceil_mode", False)
    pads = _pads(context, rank, picture, window, step, reach)
    extra, out = [0, 0], [1, 1]
    for axis in range(lead, 2):
        span = (window[axis] - 1) * reach[axis] + 1
        free = picture[axis] + sum(pads[axis]) - span
        if free < 0:
            raise context.damaged(f"its window of {span} does not fit an image of {picture[axis]}")
        count = free // step[axis] + 1
        if ceil and free % step[axis] and count * step[axis] < picture[axis] + pads[axis][0]:
            count += 1  # a last window that begins inside the image or its leading padding
            extra[axis] = (count - 1) * step[axis] + span - picture[axis] - sum(pads[axis])
        out[axis] = count
    return Slide(
        size=window,
        stride=step,
        dilation=reach,
        padding=pads,
        extra=(extra[0], extra[1]),
        out=(out[0], out[1]),
    )


def _pair(values: tuple[int, ...]) -> Pair:
    return (1, values[0]) if len(values) == 1 else (values[0], values[1])


def each(context: FlatContext, name: str, rank: int, default: int) -> tuple[int, ...]:
    """Read one positive number for each axis."""
    values = context.integers(name) or (default,) * rank
    if len(values) != rank or not all(0 < value <= MAX_WINDOW for value in values):
        raise context.damaged(f"{name!r} is {values}, expected {rank} positive numbers")
    return values


def _pads(
    context: FlatContext, rank: int, picture: Pair, size: Pair, stride: Pair, dilation: Pair
) -> tuple[Pair, Pair]:
    """Read or compute the padding of both axes."""
    mode = context.text("auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        return tuple(  # type: ignore[return-value]
            _same(picture[axis], (size[axis] - 1) * dilation[axis] + 1, stride[axis], mode == "SAME_LOWER")
            for axis in (0, 1)
        )
    pads = context.integers("pads") or (0,) * (2 * rank)
    if mode == "VALID":
        pads = (0,) * (2 * rank)
    if len(pads) != 2 * rank or not all(0 <= pad <= MAX_WINDOW for pad in pads):
        raise context.damaged(f"'pads' is {pads}, expected {2 * rank} numbers of 0 or above")
    if rank == 1:
        return (0, 0), (pads[0], pads[1])
    return (pads[0], pads[2]), (pads[1], pads[3])


def _same(count: int, reach: int, stride: int, is_lower: bool) -> Pair:
    """Return the padding with which there are ceil(count / stride) windows; odd ones have more at the end, or begin."""
    total = max((-(-count // stride) - 1) * stride + reach - count, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if is_lower else (small, large)
