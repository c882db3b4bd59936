"""ConvTranspose, as a convolution whose filters are the phases of the kernel."""

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext
from hlsexplore.importers.flat.graph import Array
from hlsexplore.importers.flat.layout import image, of_image
from hlsexplore.importers.flat.products import output_bias, weight_grids
from hlsexplore.importers.flat.value import FlatValue, reshape
from hlsexplore.importers.flat.windows import MAX_WINDOW, each
from hlsexplore.importers.grouped import MAX_GROUPED, ungrouped
from hlsexplore.importers.phases import Phases, phases
from hlsexplore.ops import Conv, Crop, Pair


def conv_transpose(context: FlatContext) -> FlatValue:
    """Convert a transposed convolution of one or two dimensions, also in groups."""
    tensor, rank = image(context, context.value(0))
    weight, channels = context.constant(1, "weight"), tensor.shape[-1]
    groups = context.integer("group", 1)
    shape = weight.values.shape
    if len(shape) != rank + 2 or groups < 1 or shape[0] != channels or channels % groups:
        raise context.damaged(f"its weight of shape {shape} does not fit {channels} channels in {groups} groups")
    if groups > 1 and weight.values.size * groups > MAX_GROUPED:
        raise context.refuse(
            f"{groups} groups of {channels // groups} channels are too many weights.", "Use one group."
        )
    filters = shape[1] * groups
    layout = _layout(context, (tensor.shape[0], tensor.shape[1]) if rank == 2 else (1, tensor.shape[0]), shape[2:])
    size = (1, *shape[2:])[-2:]

    def arranged(values: Array) -> Array:
        """Bring weights (in, out / groups, *window) to those of the convolution."""
        inner = np.asarray(values, dtype=np.float64).reshape(groups, channels // groups, shape[1], *size)
        kernel = inner.transpose(3, 4, 1, 0, 2).reshape(*size, channels // groups, filters)
        return layout.kernel(ungrouped(kernel, groups))

    kernel = weight.moved(arranged)
    bias = output_bias(context, context.constant(2, "bias") if context.has(2) else None, filters)
    bias = None if bias is None else bias.moved(lambda array: np.tile(array, layout.number))
    op = Conv(kernel=kernel.real, bias=None if bias is None else bias.real, padding=layout.padding, rank=rank)
    out = (*layout.count[2 - rank :], layout.number * filters)
    return _interleaved(
        context, of_image(context.add(op, (tensor,), out, grids=weight_grids(kernel, bias))), layout, filters
    )


def _layout(context: FlatContext, picture: Pair, size: tuple[int, ...]) -> Phases:
    """Work out the size and the place of the result."""
    given = context.integers("kernel_shape")
    if given is not None and given != size:
        raise context.damaged(f"'kernel_shape' is {given}, but its weight has the shape {size}")
    rank = len(size)
    strides, dilations = each(context, "strides", rank, 1), each(context, "dilations", rank, 1)
    more = context.integers("output_padding") or (0,) * rank
    wanted = context.integers("output_shape")
    pads = context.integers("pads") or (0,) * (2 * rank)
    mode = context.text("auto_pad", "NOTSET")
    if len(more) != rank or len(pads) != 2 * rank or not all(0 <= item <= MAX_WINDOW for item in (*more, *pads)):
        raise context.damaged(f"its padding is {pads} and {more}")
    first, out = [0] * rank, [1] * rank
    for axis in range(rank):
        count = picture[2 - rank + axis]
        full = (count - 1) * strides[axis] + (size[axis] - 1) * dilations[axis] + 1 + more[axis]
        if wanted is not None or mode.startswith("SAME"):
            out[axis] = count * strides[axis] if wanted is None else wanted[len(wanted) - rank + axis]
            total = max(full - out[axis], 0)
            first[axis] = total // 2 if mode == "SAME_UPPER" else total - total // 2
            if wanted is None and full < out[axis]:
                raise context.refuse(
                    f"its kernel is smaller than its stride under auto_pad={mode!r}: the specification of ONNX has "
                    f"{out[axis]} elements there, ONNX Runtime {full}.",
                    "Give pads.",
                )
        else:
            ends = (0, 0) if mode == "VALID" else (pads[axis], pads[rank + axis])
            first[axis], out[axis] = ends[0], full - sum(ends)
        if not 0 < out[axis] <= MAX_WINDOW:
            raise context.damaged(f"its output would have {out[axis]} elements along an axis")
    kernel, stride, dilation, start, final = ((1, *values)[-2:] for values in (size, strides, dilations, first, out))
    start = start if rank == 2 else (0, start[1])
    return phases(picture, kernel, stride, dilation, start, final)


def _interleaved(context: FlatContext, value: FlatValue, layout: Phases, filters: int) -> FlatValue:
    """Bring the phases to their places, and cut the result out."""
    rank = len(value.axes) - 2
    if rank == 2:
        dims: tuple[int, ...] = (value.dims[0], *layout.stride, filters, *layout.count)
        groups: tuple[tuple[int, ...], ...] = ((0,), (3,), (4, 1), (5, 2))
    else:
        dims, groups = (value.dims[0], layout.stride[1], filters, layout.count[1]), ((0,), (2,), (3, 1))
    divided = reshape(context.sketch, value, dims, context.source)
    value = divided.with_axes([tuple(atom for axis in group for atom in divided.axes[axis]) for group in groups])
    if layout.cropping == ((0, 0), (0, 0)):
        return value
    tensor, _ = image(context, value)
    crop = Crop(cropping=layout.cropping, rank=rank)
    return of_image(context.add(crop, (tensor,), (*layout.out[2 - rank :], filters), "cut"))


TRANSPOSED: dict[str, Converter] = {"ConvTranspose": conv_transpose}
"""Converter of transposed convolutions."""
