"""Functions that a model applies without a layer: `keras.ops` and operators of Keras 3, TensorFlow's of Keras 2."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf, prod
from typing import Any

import numpy as np

from hlsexplore.errors import quoted
from hlsexplore.fixed import RealArray
from hlsexplore.importers.activations import KERAS2_HARD_SIGMOID, KERAS3_HARD_SIGMOID, PLAIN
from hlsexplore.importers.composed import SHRINK, celu, hard_shrink, soft_shrink, threshold
from hlsexplore.importers.layer import Converter, ImportedLayer, ImportedTensor, only
from hlsexplore.importers.merge import concatenate, merge
from hlsexplore.importers.pointwise import affine
from hlsexplore.importers.reshape import sliced
from hlsexplore.importers.structure import LayerSpec, Slot
from hlsexplore.ops import Activation, Clip, Dense, Function, Permute, Reshape, Softmax

_MERGES = {"add": "Add", "subtract": "Subtract", "multiply": "Multiply", "maximum": "Maximum", "minimum": "Minimum"}
_MAX_CONSTANT = 1e30


def arithmetic(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert a sum, difference, product, quotient, maximum or minimum: of two tensors, or of one and a constant.

    Raises:
        UnsupportedError: If a tensor divides, or a constant is compared with.
    """
    name = function_name(layer)
    if len(inputs) == 2 and name in _MERGES:
        if len(inputs[0].shape) != len(inputs[1].shape):
            shapes = " and ".join(str(tensor.shape) for tensor in inputs)
            raise layer.refuse(f"{name} of {shapes} mixes samples with other axes.", "Reshape the smaller one before.")
        return merge(replace(layer, cls=_MERGES[name]), inputs)
    if len(inputs) != 1:
        raise layer.refuse(f"{name} of {len(inputs)} tensors is not supported.", "Divide by a constant, or multiply.")
    x = inputs[0]
    first, second = operand(layer, 0, "x1", "x"), operand(layer, 1, "x2", "y")
    is_left = not isinstance(first, Slot)
    c = constant(layer, first if is_left else second)
    match name:
        case "add":
            return affine(layer, x, np.ones(()), c)
        case "subtract":
            return affine(layer, x, -np.ones(()), c) if is_left else affine(layer, x, np.ones(()), -c)
        case "multiply":
            return affine(layer, x, c, np.zeros(()))
        case "divide" if not is_left and (c != 0).all():
            return affine(layer, x, 1 / c, np.zeros(()))
        case "maximum" if not c.any():
            return layer.add(Activation(function=Function.RELU), (x,), x.shape)
        case "maximum" if c.ndim == 0:
            return layer.add(Clip(low=float(c), high=inf, floor=float(c)), (x,), x.shape)
        case "minimum" if c.ndim == 0:
            return layer.add(Clip(low=-inf, high=float(c), floor=0.0), (x,), x.shape)
        case "divide":
            raise layer.refuse("division by a tensor, or by 0, is not supported.", "Multiply by a constant instead.")
    raise layer.refuse(f"the {name} with the constant {quoted(c.tolist())} is not supported.", "Use a ReLU layer.")


def clip(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert a clip between two numbers."""
    x = only(layer, inputs)
    ends = (operand(layer, 1, "x_min", "clip_value_min"), operand(layer, 2, "x_max", "clip_value_max"))
    low, high = (constant(layer, end) for end in ends)
    if low.ndim or high.ndim:
        raise layer.refuse("bounds that differ between elements are not supported.", "Use two numbers.")
    if low > high:
        raise layer.refuse(
            f"its bounds {low:g} and {high:g} are in the wrong order, which backends of Keras take differently.",
            "Give the smaller one first.",
        )
    return layer.add(Clip(low=float(low), high=float(high), floor=float(low)), (x,), x.shape)


def negative(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert -x."""
    return affine(layer, only(layer, inputs), -np.ones(()), np.zeros(()))


def activation(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert a function that Keras has as an activation too."""
    x, name = only(layer, inputs), function_name(layer)
    if name == "softmax":
        if option(layer, -1, "axis", "dim") not in (None, -1, len(x.shape)):
            raise layer.refuse("a softmax over another axis than the last is not supported.", "Use Permute before.")
        return layer.add(Softmax(), (x,), x.shape)
    if name == "hard_sigmoid":
        slope = KERAS2_HARD_SIGMOID if layer.is_keras2 else KERAS3_HARD_SIGMOID
        return layer.add(Activation(function=Function.HARD_SIGMOID, alpha=slope), (x,), x.shape)
    if name == "gelu" and option(layer, not layer.is_keras2, "approximate"):
        return layer.add(Activation(function=Function.GELU_TANH), (x,), x.shape)
    if name in ("soft_shrink", "hard_shrink"):
        shrink = soft_shrink if name == "soft_shrink" else hard_shrink
        return shrink(layer, x, _number(layer, SHRINK, "threshold"))
    if name == "celu":
        return celu(layer, x, _number(layer, 1.0, "alpha"))
    op = PLAIN[name]
    if name in ("leaky_relu", "elu"):
        op = replace(op, alpha=_number(layer, 0.2 if name == "leaky_relu" else 1.0, "negative_slope", "alpha"))
    elif name == "silu" and _number(layer, 1.0, "beta") != 1:
        raise layer.refuse("a SiLU with another beta than 1 is not supported.", "Multiply x and sigmoid(beta * x).")
    return layer.add(op, (x,), x.shape)


def thresholded(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert keras.ops.threshold: x above a limit, else a value."""
    limit, value = constant(layer, operand(layer, 1, "threshold")), constant(layer, operand(layer, 2, "default_value"))
    return threshold(layer, only(layer, inputs), float(limit), float(value))


def _number(layer: ImportedLayer, default: float, *names: str) -> float:
    """Return an option of an activation that is one number."""
    value = constant(layer, option(layer, default, *names))
    if value.size != 1:
        raise layer.refuse(f"{value.size} numbers in place of one are not supported.", "Use keras.layers.PReLU.")
    return float(value.item())


def identity(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Drop what changes no value: casts between real types, stopped gradients."""
    kind = option(layer, "float32", "dtype", "DstT")
    if not isinstance(kind, str) or not kind.startswith(("float", "bfloat", "half", "double")):
        raise layer.refuse(f"a cast to {quoted(kind)} is not supported.", "Keep real numbers.")
    return only(layer, inputs)


def reshaped(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert reshape; its shape begins with the batch, which must stay apart."""
    x, target = only(layer, inputs), option(layer, None, "newshape", "shape")
    if target is None and len(layer.call.arguments) > 1:
        target = layer.call.arguments[1]
    if not isinstance(target, list) or len(target) < 2 or not all(item is None or type(item) is int for item in target):
        raise layer.refuse(f"reshape to {quoted(target)} is not supported.", "Use keras.layers.Reshape.")
    if target[0] not in (-1, None) or any(item is None for item in target[1:]):
        raise layer.refuse(f"reshape to {quoted(target)} may join samples.", "Use keras.layers.Reshape.")
    sizes = target[1:]
    known = prod(size for size in sizes if size != -1)
    if sizes.count(-1) > 1 or known < 1 or prod(x.shape) % known:
        raise layer.refuse(f"reshape of {x.shape} to {quoted(target)} is not supported.", "Use keras.layers.Reshape.")
    shape = tuple(prod(x.shape) // known if size == -1 else size for size in sizes)
    if prod(shape) != prod(x.shape):
        raise layer.refuse(f"reshape of {x.shape} to {quoted(target)} joins samples.", "Use keras.layers.Reshape.")
    return x if shape == x.shape else layer.add(Reshape(), (x,), shape)


def expand_dims(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert expand_dims: an axis of size 1 more."""
    x = only(layer, inputs)
    axis = _axis(layer, operand(layer, 1, "axis"), len(x.shape) + 2)
    return layer.add(Reshape(), (x,), (*x.shape[: axis - 1], 1, *x.shape[axis - 1 :]))


def squeeze(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert squeeze: axes of size 1 fewer."""
    x, value = only(layer, inputs), option(layer, operand(layer, 1, "axis", "squeeze_dims"), "axis")
    axes = [axis for axis, size in enumerate(x.shape, start=1) if size == 1]
    if value is not None:
        axes = [_axis(layer, item, len(x.shape) + 1) for item in (value if isinstance(value, list) else [value])]
    if any(x.shape[axis - 1] != 1 for axis in axes):
        raise layer.refuse(f"squeeze of the axes {axes} of {x.shape} is not supported.", "Squeeze axes of size 1.")
    shape = tuple(size for axis, size in enumerate(x.shape, start=1) if axis not in axes)
    if not shape:
        raise layer.refuse("a sample would have no axis left.", "Keep an axis of size 1.")
    return x if shape == x.shape else layer.add(Reshape(), (x,), shape)


def transpose(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert transpose with the batch first."""
    x = only(layer, inputs)
    order = option(layer, None, "axes", "perm")
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(map(str, range(len(x.shape) + 1))) or order[0]:
        raise layer.refuse(f"transpose to {quoted(order)} is not supported.", "Use keras.layers.Permute.")
    axes = tuple(axis - 1 for axis in order[1:])
    return layer.add(Permute(axes=axes), (x,), tuple(x.shape[axis] for axis in axes))


def joined(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert concatenate of tensors."""
    axis = option(layer, -1, "axis")
    return concatenate(replace(layer, config=layer.config.changed(axis=axis)), inputs)


def matmul(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert the product of a tensor and a constant matrix."""
    x = only(layer, inputs)
    if not isinstance(operand(layer, 0, "x1", "a"), Slot):
        raise layer.refuse("a constant matrix before a tensor is not supported.", "Use keras.layers.Dense.")
    if any(layer.call.keywords.get(key) for key in ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b")):
        raise layer.refuse("a transposed product is not supported.", "Use keras.layers.Dense.")
    kernel = constant(layer, operand(layer, 1, "x2", "b"))
    if kernel.ndim != 2 or kernel.shape[0] != x.shape[-1]:
        raise layer.refuse(f"the product of {x.shape} and {kernel.shape} is not supported.", "Use keras.layers.Dense.")
    return layer.add(Dense(kernel=kernel), (x,), (*x.shape[:-1], kernel.shape[1]))


def get_item(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert x[...]: slices of step 1, indices and new axes."""
    key = option(layer, None, "slice_spec", "key")
    key = layer.call.arguments[1] if key is None and len(layer.call.arguments) > 1 else key
    return sliced(layer, only(layer, inputs), key if isinstance(key, list) else [key])


def function_name(layer: ImportedLayer) -> str:
    """Return the plain name of a function, such as `divide`, whatever Keras or TensorFlow call it."""
    name = layer.config.get("function", layer.cls)
    return FUNCTIONS.get(str(name), "")


def operand(layer: ImportedLayer, position: int, *names: str) -> Any:
    """Return an argument of a call by place or name; None if it is missing."""
    arguments, keywords = layer.call.arguments, layer.call.keywords
    if position < len(arguments):
        return arguments[position]
    return next((found[name] for found in (keywords, layer.config) for name in names if name in found), None)


def option(layer: ImportedLayer, default: Any, *names: str) -> Any:
    """Return an option, which Keras 3 keeps in the configuration and Keras 2 in the call."""
    for found in (layer.call.keywords, layer.config):
        for name in names:
            if found.get(name) is not None:
                return found[name]
    return default


def constant(layer: ImportedLayer, value: Any) -> RealArray:
    """Return a constant operand as an array.

    Raises:
        UnsupportedError: If it is no array of finite numbers.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if isinstance(value, str) or value is None or not (np.abs(array) <= _MAX_CONSTANT).all():
        raise layer.refuse(f"the constant {quoted(value)} is no finite number.", "Use numbers.")
    return array


def _axis(layer: ImportedLayer, value: Any, rank: int) -> int:
    """Return an axis counted from the batch, 1 or above."""
    if type(value) is not int or not -rank < value < rank or value % rank == 0:
        raise layer.refuse(f"the axis {quoted(value)} is not supported.", f"Use an axis of 1 to {rank - 1}.")
    return value % rank


_ACTIVATIONS = {
    "relu": ("Relu", "nn.relu"),
    "relu6": ("Relu6", "nn.relu6"),
    "leaky_relu": ("LeakyRelu", "nn.leaky_relu"),
    "elu": ("Elu", "nn.elu"),
    "selu": ("Selu", "nn.selu"),
    "softplus": ("Softplus", "math.softplus", "nn.softplus"),
    "softsign": ("Softsign", "nn.softsign", "math.softsign"),
    "sigmoid": ("Sigmoid", "math.sigmoid", "nn.sigmoid", "sigmoid"),
    "hard_sigmoid": ("HardSigmoid",),
    "hard_silu": ("HardSilu",),
    "tanh": ("Tanh", "math.tanh", "nn.tanh", "tanh"),
    "hard_tanh": ("HardTanh",),
    "celu": ("Celu",),
    "silu": ("Silu", "nn.silu", "nn.swish"),
    "gelu": ("Gelu", "nn.gelu"),
    "mish": ("Mish",),
    "sparse_plus": ("SparsePlus",),
    "sparse_sigmoid": ("SparseSigmoid",),
    "log_sigmoid": ("LogSigmoid", "math.log_sigmoid"),
    "tanh_shrink": ("TanhShrink",),
    "soft_shrink": ("SoftShrink",),
    "hard_shrink": ("HardShrink",),
    "exponential": ("Exp", "math.exp", "exp"),
    "softmax": ("Softmax", "nn.softmax", "math.softmax"),
}
_OTHERS: Mapping[str, tuple[Converter, tuple[str, ...]]] = {
    "add": (arithmetic, ("Add", "__operators__.add", "math.add", "add")),
    "subtract": (arithmetic, ("Subtract", "math.subtract", "__operators__.sub", "subtract")),
    "multiply": (arithmetic, ("Multiply", "math.multiply", "__operators__.mul", "multiply")),
    "divide": (arithmetic, ("TrueDivide", "Divide", "math.truediv", "math.divide", "__operators__.truediv", "divide")),
    "maximum": (arithmetic, ("Maximum", "math.maximum", "maximum")),
    "minimum": (arithmetic, ("Minimum", "math.minimum", "minimum")),
    "clip": (clip, ("Clip", "clip_by_value")),
    "threshold": (thresholded, ("Threshold",)),
    "negative": (negative, ("Negative", "math.negative", "negative")),
    "cast": (identity, ("Cast", "cast", "StopGradient", "stop_gradient", "identity", "Copy")),
    "reshape": (reshaped, ("Reshape", "reshape")),
    "expand_dims": (expand_dims, ("ExpandDims", "expand_dims")),
    "squeeze": (squeeze, ("Squeeze", "squeeze", "compat.v1.squeeze")),
    "transpose": (transpose, ("Transpose", "transpose", "compat.v1.transpose")),
    "concatenate": (joined, ("Concatenate", "concat")),
    "matmul": (matmul, ("Matmul", "linalg.matmul", "matmul")),
    "get_item": (get_item, ("GetItem", "SlicingOpLambda", "__operators__.getitem")),
}
FUNCTIONS: Mapping[str, str] = {
    **{given: name for name, names in _ACTIVATIONS.items() for given in names},
    **{given: name for name, (_, names) in _OTHERS.items() for given in names},
}
"""Plain name of each function, by the names of Keras 3 (classes) and of TensorFlow."""
_FUNCTIONS_ONLY = FUNCTIONS.keys() - {
    *("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Concatenate", "Reshape", "Softmax", "ReLU")
}
"""Functions of Keras 3 that no layer shares its name with."""
OPERATIONS: Mapping[str, Converter] = {
    **dict.fromkeys(_ACTIVATIONS, activation),
    **{name: converter for name, (converter, _) in _OTHERS.items()},
}
"""Converters by plain name."""


def is_bare_function(spec: LayerSpec) -> bool:
    """Whether a layer of the file may be a function: every layer says whether it trains, a function does not."""
    return spec.is_operation or not (spec.module or spec.cls not in FUNCTIONS or "trainable" in spec.config)


def is_operation(spec: LayerSpec, call: int) -> bool:
    """Whether a layer of the file is a function; `.h5` files of Keras 3 do not say of which module it is.

    Args:
        spec: The layer.
        call: Which of its uses.
    """
    if spec.is_operation or not is_bare_function(spec):
        return spec.is_operation
    return spec.cls in _FUNCTIONS_ONLY or "newshape" in spec.config or bool(spec.calls[call].constants)


def operation(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert a function that is applied without a layer.

    Raises:
        UnsupportedError: If it is not supported.
    """
    name = function_name(layer)
    if name not in OPERATIONS:
        given = layer.config.get("function", layer.cls)
        raise layer.refuse(
            f"the function {quoted(given)} is not supported.",
            "Use layers of Keras, or sums, differences, products and quotients with constants.",
        )
    return OPERATIONS[name](layer, inputs)
