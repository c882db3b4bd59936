"""Products: MatMul, Gemm, linear layers, convolutions, and normalisations."""

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.flat.context import Converter, FlatContext
from hlsexplore.importers.flat.contractions import product
from hlsexplore.importers.flat.graph import Array
from hlsexplore.importers.flat.layout import affine, image, last, of_image, reordered, straight_last
from hlsexplore.importers.flat.sketch import Grid
from hlsexplore.importers.flat.value import SAMPLES, Constant, FlatValue
from hlsexplore.importers.flat.windows import Slide, slide
from hlsexplore.importers.grouped import MAX_GROUPED, ungrouped
from hlsexplore.ops import Conv, Dense, DepthwiseConv, Dot, LayerNorm, Op


def dense(context: FlatContext, value: FlatValue, axis: int, weight: Constant, bias: Constant | None) -> FlatValue:
    """Append a product along one axis.

    Args:
        context: The op.
        value: What is multiplied.
        axis: The axis, from 0.
        weight: Shape (n_in, n_out).
        bias: Shape (n_out,), or None.
    """
    if weight.values.ndim > 2:
        raise context.refuse(
            f"its weights of shape {weight.values.shape} differ between positions.", "Use the same weights at each."
        )
    if value.batch_axis == axis:
        raise context.refuse(
            f"it multiplies along axis {axis}, which is the axis of the samples: the one of open size, or the first.",
            "Export the model with every size fixed but that of the samples.",
        )
    if weight.values.ndim != 2 or value.dims[axis] != weight.values.shape[0]:
        raise context.damaged(
            f"its weight of shape {weight.values.shape} does not fit {value.dims[axis]} inputs along axis {axis}"
        )
    found = last(context, value, axis)
    moved = weight.moved(lambda array: reordered(np.asarray(array, dtype=np.float64), found.order))
    offset = output_bias(context, bias, weight.values.shape[1])
    op = Dense(kernel=moved.real, bias=None if offset is None else offset.real)
    shape = (*found.tensor.shape[:-1], weight.values.shape[1])
    tensor = context.add(op, (found.tensor,), shape, grids=weight_grids(moved, offset))
    return FlatValue(tensor=tensor, axes=found.axes)


def output_bias(context: FlatContext, bias: Constant | None, count: int) -> Constant | None:
    """Bring a bias to one value for each output."""
    if bias is None:
        return None
    if bias.values.size not in (1, count):
        raise context.damaged(f"its bias of shape {bias.values.shape} does not fit {count} outputs")
    return bias.moved(lambda array: np.array(np.broadcast_to(array.reshape(-1), (count,)), dtype=np.float64))


def weight_grids(weight: Constant, bias: Constant | None) -> dict[str, Grid]:
    """Return the grids of weight and bias, as far as they have some."""
    pairs = {"weight": weight.grid, "bias": None if bias is None else bias.grid}
    return {key: grid for key, grid in pairs.items() if grid is not None}


def matmul(context: FlatContext) -> FlatValue:
    """Convert MatMul."""
    first, second = context.item(0), context.item(1)
    if isinstance(first, FlatValue) and isinstance(second, Constant):
        weight = second.moved(_matrix)
        if weight.values.ndim == 1:
            return _to_one(context, first, weight)
        return dense(context, first, len(first.axes) - 1, weight, None)
    if isinstance(first, Constant) and isinstance(second, FlatValue):
        if len(second.axes) < 2 or SAMPLES in second.axes[-2]:
            raise context.refuse("it multiplies a constant by the batch axis.", "Put samples first.")
        return dense(context, second, len(second.axes) - 2, first.moved(np.transpose), None)
    if isinstance(first, FlatValue) and isinstance(second, FlatValue):
        return _inner(context, first, second)
    raise context.refuse("both of its inputs are constant.", "Leave this layer out.")


def _matrix(array: Array) -> Array:
    """Take one matrix of several that are the same: repeated for each sample or step without being stored so."""
    while array.ndim > 2 and (array.shape[0] == 1 or array.strides[0] == 0):
        array = array[0]
    return array


def _to_one(context: FlatContext, value: FlatValue, weight: Constant) -> FlatValue:
    """Append the product with a vector of weights, whose axis disappears."""
    result = dense(context, value, len(value.axes) - 1, weight.moved(lambda array: array.reshape(-1, 1)), None)
    return result.with_axes(result.axes[:-1])


def _inner(context: FlatContext, first: FlatValue, second: FlatValue) -> FlatValue:
    """Append the product of two tensors; the inner product of vectors, (samples, 1, n) by (samples, n, 1), is a Dot."""
    a, b = first.dims, second.dims
    is_inner = len(a) == len(b) == 3 and a[1] == b[2] == 1 and a[2] == b[1] and first.axes[0] == second.axes[0]
    if not is_inner or first.axes[0] != (SAMPLES,):
        return product(context, first, second)
    pair = (context.arrange(first, [first.axes[2]]), context.arrange(second, [second.axes[1]]))
    return FlatValue(tensor=context.add(Dot(), pair, (1,)), axes=((SAMPLES,), (), ()))


def gemm(context: FlatContext) -> FlatValue:
    """Convert Gemm: alpha * x @ weight + beta * bias."""
    value = context.value(0)
    if context.flag("transA", False):
        raise context.refuse("transA=1 would mix samples.", "Multiply the data by the weights: x @ W.")
    weight = context.constant(1, "weight").times(context.number("alpha", 1.0))
    if context.flag("transB", False):
        weight = weight.moved(np.transpose)
    return _biased(context, value, weight, context.number("beta", 1.0))


def linear(context: FlatContext) -> FlatValue:
    """Convert a linear layer: x @ transposed(weight) + bias over the last axis."""
    return _biased(context, context.value(0), context.constant(1, "weight").moved(np.transpose), 1.0)


def _biased(context: FlatContext, value: FlatValue, weight: Constant, factor: float) -> FlatValue:
    """Append a product over the last axis and its bias."""
    axis = len(value.axes) - 1
    if not context.has(2):
        return dense(context, value, axis, weight, None)
    return dense(context, value, axis, weight, context.constant(2, "bias").times(factor))


def regressor(context: FlatContext) -> FlatValue:
    """Convert LinearRegressor of the domain ai.onnx.ml: x @ transposed(coefficients) + intercepts."""
    if context.text("post_transform", "NONE") != "NONE":
        raise context.refuse("it transforms its results.", "Put that behind it as a layer.")
    value, count = context.value(0), context.integer("targets", 1)
    weight = np.asarray(context.given("coefficients"), dtype=np.float64)
    if count < 1 or weight.size != count * value.dims[-1]:
        raise context.damaged(f"{weight.size} coefficients for {value.dims[-1]} inputs and {count} targets")
    given = context.given("intercepts")
    bias = None if given is None else Constant(values=np.asarray(given, dtype=np.float64).reshape(-1))
    return dense(context, value, len(value.axes) - 1, Constant(values=weight.reshape(count, -1).T), bias)


def scaler(context: FlatContext) -> FlatValue:
    """Convert Scaler of the domain ai.onnx.ml: (x - offset) * scale."""
    offset, scale = (
        np.asarray(context.given(name) if context.given(name) is not None else default, dtype=np.float64)
        for name, default in (("offset", 0.0), ("scale", 1.0))
    )
    return affine(context, context.value(0), scale, -offset * scale)


def conv(context: FlatContext) -> FlatValue:
    """Convert a convolution of one or two dimensions, also in groups."""
    tensor, rank = image(context, context.value(0))
    weight, channels = context.constant(1, "weight"), tensor.shape[-1]
    groups = context.integer("group", 1)
    shape = weight.values.shape
    if len(shape) != rank + 2 or groups < 1 or shape[1] * groups != channels or shape[0] % groups:
        raise context.damaged(f"its weight of shape {shape} does not fit {channels} channels in {groups} groups")
    given = context.integers("kernel_shape")
    if given is not None and given != shape[2:]:
        raise context.damaged(f"'kernel_shape' is {given}, but its weight has the shape {shape}")
    picture = (tensor.shape[0], tensor.shape[1]) if rank == 2 else (1, tensor.shape[0])
    window = slide(context, picture, shape[2:])
    bias = output_bias(context, context.constant(2, "bias") if context.has(2) else None, shape[0])
    is_depthwise = groups == channels > 1
    if groups > 1 and not is_depthwise and weight.values.size * groups > MAX_GROUPED:
        raise context.refuse(f"{groups} groups of {shape[1]} channels are too many weights.", "Use one group.")
    arranged = weight.moved(lambda array: _kernel(np.asarray(array, dtype=np.float64), window, groups, is_depthwise))
    op = _convolution(arranged.real, None if bias is None else bias.real, window, rank, is_depthwise)
    out = (*window.out[2 - rank :], shape[0])
    return of_image(context.add(op, (tensor,), out, grids=weight_grids(arranged, bias)))


def _convolution(kernel: RealArray, bias: RealArray | None, window: Slide, rank: int, is_depthwise: bool) -> Op:
    kind = DepthwiseConv if is_depthwise else Conv
    return kind(
        kernel=kernel, bias=bias, stride=window.stride, padding=window.padding, dilation=window.dilation, rank=rank
    )


def _kernel(weight: RealArray, window: Slide, groups: int, is_depthwise: bool) -> RealArray:
    """Bring a kernel (out, in / groups, *window) to (rows, columns, in, out), or (rows, columns, in, multiplier).

    Groups become blocks of a full kernel, with zeros between; a zero costs nothing in hardware.
    """
    filters, inner = weight.shape[:2]
    kernel = weight.reshape(filters, inner, *window.size).transpose(2, 3, 1, 0)
    if is_depthwise:
        return np.ascontiguousarray(kernel.reshape(*window.size, groups, filters // groups))
    return np.ascontiguousarray(ungrouped(kernel, groups))


def batch_normalization(context: FlatContext) -> FlatValue:
    """Convert a batch normalisation at inference: a scale and an offset for each channel (axis 1)."""
    value = context.value(0)
    if context.flag("training_mode", False) or not context.flag("is_test", True):
        raise context.refuse("it normalises by the batch at hand.", "Call model.eval() before the export.")
    rank = len(value.axes)
    names = ("scale", "offset", "mean", "variance")
    gamma, beta, mean, variance = (context.real(index, name).reshape(-1) for index, name in enumerate(names, start=1))
    if rank > 1 and SAMPLES in value.axes[1]:
        raise context.refuse("its channels are the batch axis.", "Put samples first.")
    channels = value.dims[1] if rank > 1 else 1
    total = variance + context.number("epsilon", 1e-5)
    if any(item.size not in (1, channels) for item in (gamma, beta, mean, variance)) or (total <= 0).any():
        raise context.damaged(f"its statistics do not fit {channels} channels")
    scale = gamma / np.sqrt(total)
    shape = (-1,) + (1,) * (rank - 2)
    return affine(context, value, scale.reshape(shape), (beta - mean * scale).reshape(shape))


def layer_normalization(context: FlatContext) -> FlatValue:
    """Convert a layer normalisation over the last axis."""
    value = context.value(0)
    rank = len(value.axes)
    if context.axis(context.integer("axis", -1), rank) != rank - 1:
        raise context.refuse("it normalises several axes.", "Normalise the last axis only.")
    tensor, axes = straight_last(context, value, rank - 1)
    channels = tensor.shape[-1]
    gamma = context.real(1, "scale").reshape(-1) if context.has(1) else np.ones(channels)
    beta = context.real(2, "offset").reshape(-1) if context.has(2) else np.zeros(channels)
    if gamma.size != channels or beta.size != channels:
        raise context.damaged(f"its scale does not fit {channels} channels")
    op = LayerNorm(kernel=gamma, bias=beta, epsilon=context.number("epsilon", 1e-5))
    return FlatValue(tensor=context.add(op, (tensor,), tensor.shape), axes=axes)


PRODUCTS: dict[str, Converter] = {
    "MatMul": matmul,
    "ai.onnx.ml.LinearRegressor": regressor,
    "ai.onnx.ml.Scaler": scaler,
    "Gemm": gemm,
    "Linear": linear,
    "Conv": conv,
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
}
"""Converters of products and normalisations."""
