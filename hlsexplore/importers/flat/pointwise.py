"""Elementwise functions of one tensor."""

from collections.abc import Callable
from math import inf, isinf

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext
from hlsexplore.importers.flat.fold import NARROW_FLOATS, WHOLE_DTYPES
from hlsexplore.importers.flat.layout import affine, pointwise, straight_last
from hlsexplore.importers.flat.value import FlatValue, broadcast
from hlsexplore.op_facts import SELU_ALPHA, SELU_SCALE
from hlsexplore.ops import Activation, Clip, Function, Merge, MergeFunction, PRelu, Softmax


def _plain(function: Function) -> Converter:
    """Return the converter of a function without options."""
    return lambda context: pointwise(context, context.value(0), Activation(function=function))


def leaky_relu(context: FlatContext) -> FlatValue:
    """Convert LeakyRelu."""
    return pointwise(
        context, context.value(0), Activation(function=Function.LEAKY_RELU, alpha=context.number("alpha", 0.01))
    )


def prelu(context: FlatContext) -> FlatValue:
    """Convert PRelu; ONNX broadcasts slopes from the last axis on, PyTorch along the channels."""
    value, slope = context.value(0), context.real(1, "slope")
    if context.flag("along_channels", False):
        slope = slope.reshape((-1,) + (1,) * (len(value.axes) - 2))
    return pointwise(context, value, PRelu(kernel=np.array(broadcast(slope, value, context.source))))


def elu(context: FlatContext) -> FlatValue:
    """Convert Elu."""
    return pointwise(context, context.value(0), Activation(function=Function.ELU, alpha=context.number("alpha", 1.0)))


def selu(context: FlatContext) -> FlatValue:
    """Convert Selu with its usual constants."""
    alpha, gamma = context.number("alpha", SELU_ALPHA), context.number("gamma", SELU_SCALE)
    if abs(alpha - SELU_ALPHA) > 1e-6 or abs(gamma - SELU_SCALE) > 1e-6:  # stored as float32
        raise context.refuse(f"a SELU with alpha={alpha:g} and gamma={gamma:g} is not supported.", "Use Elu instead.")
    return pointwise(context, context.value(0), Activation(function=Function.SELU))


SOFTPLUS_IS_LINEAR = 14.0
"""beta * x from which softplus is x within float32's rounding: log(1 + exp(-14)) is 14 * 6e-8."""


def softplus(context: FlatContext) -> FlatValue:
    """Convert Softplus: log(1 + exp(beta * x)) / beta.

    PyTorch gives x where beta * x is above a threshold; the usual one, 20, only spares computing what is equal.
    """
    beta, threshold = context.number("beta", 1.0), context.number("threshold", inf)
    if threshold < SOFTPLUS_IS_LINEAR:
        raise context.refuse(
            f"it jumps at the threshold {threshold:g}, from where on PyTorch gives x.",
            f"Use a threshold of {SOFTPLUS_IS_LINEAR:g} or above.",
        )
    value = context.value(0)
    scaled = value if beta == 1 else affine(context, value, np.array(beta), np.array(0.0), "scaled")
    found = pointwise(context, scaled, Activation(function=Function.SOFTPLUS))
    return found if beta == 1 else affine(context, found, np.array(1.0 / beta), np.array(0.0), "unscaled")


def thresholded_relu(context: FlatContext) -> FlatValue:
    """Convert ThresholdedRelu."""
    alpha = context.number("alpha", 1.0)
    if alpha < 0:
        raise context.refuse(f"the threshold {alpha:g} is negative.", "Use a threshold of 0 or above.")
    return pointwise(context, context.value(0), Activation(function=Function.THRESHOLDED_RELU, alpha=alpha))


def hard_sigmoid(context: FlatContext) -> FlatValue:
    """Convert HardSigmoid: clip(alpha * x + beta, 0, 1)."""
    return _hard_sigmoid(context, context.value(0), context.number("alpha", 0.2), context.number("beta", 0.5))


def _hard_sigmoid(context: FlatContext, value: FlatValue, alpha: float, beta: float) -> FlatValue:
    if alpha == 0:
        raise context.refuse("alpha=0 makes it constant.", "Leave this layer out.")
    if beta != 0.5:
        value = affine(context, value, np.array(1.0), np.array((beta - 0.5) / alpha), "shifted")
    return pointwise(context, value, Activation(function=Function.HARD_SIGMOID, alpha=alpha))


def hard_swish(context: FlatContext) -> FlatValue:
    """Convert HardSwish: x * clip(x / 6 + 1/2, 0, 1)."""
    return pointwise(context, context.value(0), Activation(function=Function.HARD_SWISH, alpha=1 / 6))


def swish(context: FlatContext) -> FlatValue:
    """Convert Swish: x * sigmoid(alpha * x)."""
    value, alpha = context.value(0), context.number("alpha", 1.0)
    if alpha == 1:
        return pointwise(context, value, Activation(function=Function.SILU))
    scaled = affine(context, value, np.array(alpha), np.array(0.0), "scaled")
    return times(context, value, pointwise(context, scaled, Activation(function=Function.SIGMOID), "sigmoid"))


def gelu(context: FlatContext) -> FlatValue:
    """Convert Gelu, exact or by tanh.

    Raises:
        UnsupportedError: If it is approximated otherwise.
    """
    kind = context.text("approximate", "none")
    functions = {"none": Function.GELU, "tanh": Function.GELU_TANH}
    if kind not in functions:
        raise context.refuse(f"a GELU with approximate={kind[:40]!r} is not supported.", "Use 'none' or 'tanh'.")
    return pointwise(context, context.value(0), Activation(function=functions[kind]))


def celu(context: FlatContext) -> FlatValue:
    """Convert Celu: an ELU between two scales.

    Raises:
        UnsupportedError: If alpha is not positive.
    """
    value, alpha = context.value(0), context.number("alpha", 1.0)
    if not alpha > 0:
        raise context.refuse(f"a CELU with alpha={alpha:g} is not supported.", "Use a positive alpha.")
    curve = Activation(function=Function.ELU, alpha=1.0)
    if alpha == 1:
        return pointwise(context, value, curve)
    scaled = affine(context, value, np.array(1.0 / alpha), np.array(0.0), "scaled")
    curved = pointwise(context, scaled, curve, "elu")
    return affine(context, curved, np.array(alpha), np.array(0.0), "unscaled")


def shrink(context: FlatContext) -> FlatValue:
    """Convert Shrink: x + bias below -lambd, x - bias above lambd, else 0.

    Raises:
        UnsupportedError: If the bias is neither lambd nor 0.
    """
    value, limit, bias = context.value(0), context.number("lambd", 0.5), context.number("bias", 0.0)
    if not limit > 0 or bias not in (0.0, limit):
        raise context.refuse(
            f"a Shrink with lambd={limit:g} and bias={bias:g} is not supported.",
            "Use a positive lambd, and a bias of 0 or lambd.",
        )
    if bias:
        middle = pointwise(context, value, Clip(low=-limit, high=limit, floor=-limit), "clip")
        return minus(context, value, middle)
    op = Activation(function=Function.THRESHOLDED_RELU, alpha=limit)
    negated = affine(context, value, np.array(-1.0), np.array(0.0), "negated")
    return minus(context, pointwise(context, value, op, "above"), pointwise(context, negated, op, "below"))


def threshold(context: FlatContext) -> FlatValue:
    """Convert x above a limit, else a value."""
    limit, value = context.number("limit", 0.0), context.number("value", 0.0)
    if limit == 0 and value == 0:
        return pointwise(context, context.value(0), Activation(function=Function.RELU))
    return pointwise(context, context.value(0), Clip(low=limit, high=inf, floor=value))


def times(context: FlatContext, first: FlatValue, second: FlatValue) -> FlatValue:
    """Append the product of two tensors of one layout."""
    return _merged(context, MergeFunction.MULTIPLY, first, second, "product")


def minus(context: FlatContext, first: FlatValue, second: FlatValue) -> FlatValue:
    """Append the difference of two tensors of one layout."""
    return _merged(context, MergeFunction.SUBTRACT, first, second, "difference")


def _merged(
    context: FlatContext, function: MergeFunction, first: FlatValue, second: FlatValue, suffix: str
) -> FlatValue:
    tensor = context.add(Merge(function=function), (first.tensor, second.tensor), first.tensor.shape, suffix)
    return FlatValue(tensor=tensor, axes=first.axes)


def clip(context: FlatContext) -> FlatValue:
    """Convert Clip."""
    return clipped(context, context.value(0), context.number("min", -inf, 1), context.number("max", inf, 2))


def clipped(context: FlatContext, value: FlatValue, low: float, high: float) -> FlatValue:
    """Append a clip between two numbers, either of which may be infinite."""
    if low >= high:
        raise context.refuse(f"a clip from {low:g} to {high:g} is constant.", "Use a lower limit below the upper one.")
    if isinf(low) and isinf(high):
        return value
    if low == -1 and high == 1:
        return pointwise(context, value, Activation(function=Function.HARD_TANH))
    if low == 0:
        return pointwise(context, value, Activation(function=Function.RELU, max_value=None if isinf(high) else high))
    return pointwise(context, value, Clip(low=low, high=high, floor=0.0 if isinf(low) else low))


def absolute(context: FlatContext) -> FlatValue:
    """Convert Abs: the larger of x and -x."""
    value = context.value(0)
    negative = affine(context, value, np.array(-1.0), np.array(0.0), "negated")
    if negative.tensor.shape != value.tensor.shape:
        raise context.refuse("its layout is not supported.", "Flatten the tensor before.")
    tensor = context.add(Merge(function=MergeFunction.MAXIMUM), (value.tensor, negative.tensor), value.tensor.shape)
    return FlatValue(tensor=tensor, axes=value.axes)


def negate(context: FlatContext) -> FlatValue:
    """Convert Neg."""
    return affine(context, context.value(0), np.array(-1.0), np.array(0.0))


def identity(context: FlatContext) -> FlatValue:
    """Drop an op that does nothing at inference."""
    return context.value(0)


def cast(context: FlatContext) -> FlatValue:
    """Drop a cast to another real type.

    Raises:
        UnsupportedError: If it cuts values to integers, or rounds them to floats of 8 bits or fewer.
    """
    to = context.integer("to", 1)
    if to in WHOLE_DTYPES:
        raise context.refuse("it cuts data to integers.", "Use a quantizer instead.")
    if to in NARROW_FLOATS:
        raise context.refuse("it rounds data to floats of 8 bits or fewer.", "Use a quantizer instead.")
    return context.value(0)


def dropout(context: FlatContext) -> FlatValue:
    """Drop Dropout, which does nothing at inference.

    Raises:
        UnsupportedError: If it was exported for training.
    """
    if context.flag("train", False) or (context.has(2) and bool(np.any(context.real(2, "training mode")))):
        raise context.refuse("it was exported in training mode.", "Call model.eval() before the export.")
    return context.value(0)


def softmax(context: FlatContext) -> FlatValue:
    """Convert Softmax over one axis (before opset 13: over all axes from one on)."""
    value = context.value(0)
    rank = len(value.axes)
    is_old = 0 < context.version < 13
    axis = context.axis(context.integer("axis", 1 if is_old else -1), rank)
    dims = value.dims
    if is_old and any(size != 1 for size in dims[axis + 1 :]):
        raise context.refuse("it works on several axes at once (opset below 13).", "Export with opset 13 or above.")
    tensor, axes = straight_last(context, value, axis)
    return FlatValue(tensor=context.add(Softmax(), (tensor,), tensor.shape), axes=axes)


def logarithmic(context: FlatContext) -> FlatValue:
    """Refuse LogSoftmax, which needs a logarithm."""
    raise context.refuse("logarithms are not built in hardware.", "Use Softmax, or end the network with the logits.")


def _without(what: str, way_out: str) -> Callable[[FlatContext], FlatValue]:
    def refuse(context: FlatContext) -> FlatValue:
        raise context.refuse(f"{what} is not supported.", way_out)

    return refuse


POINTWISE: dict[str, Converter] = {
    "Relu": _plain(Function.RELU),
    "Sigmoid": _plain(Function.SIGMOID),
    "Tanh": _plain(Function.TANH),
    "Softsign": _plain(Function.SOFTSIGN),
    "LeakyRelu": leaky_relu,
    "PRelu": prelu,
    "Elu": elu,
    "Selu": selu,
    "Softplus": softplus,
    "ThresholdedRelu": thresholded_relu,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "Silu": swish,
    "Swish": swish,
    "Gelu": gelu,
    "Mish": _plain(Function.MISH),
    "LogSigmoid": _plain(Function.LOG_SIGMOID),
    "TanhShrink": _plain(Function.TANH_SHRINK),
    "Exp": _plain(Function.EXPONENTIAL),
    "Celu": celu,
    "Shrink": shrink,
    "Threshold": threshold,
    "Clip": clip,
    "Abs": absolute,
    "Neg": negate,
    "Identity": identity,
    "ai.onnx.ml.ZipMap": identity,
    "Cast": cast,
    "Dropout": dropout,
    "Softmax": softmax,
    "LogSoftmax": logarithmic,
    "Erf": _without("an error function outside GELU", "Use GELU, or Tanh."),
    "Sqrt": _without("a square root of data", "Compute it before the network."),
}
"""Converters of elementwise functions."""
