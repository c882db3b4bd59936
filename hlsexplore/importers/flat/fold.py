"""Constant folding: the ops that exporters use to compute shapes and weights, on arrays, with bounded sizes."""

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError, UnsupportedError
from hlsexplore.importers.flat.context import FlatContext, Result
from hlsexplore.importers.flat.graph import BATCH, Array
from hlsexplore.importers.flat.value import Constant

MAX_CONSTANT = 1 << 27
"""Most elements of a folded constant, the limit of a weight (docs/importers.md)."""

NARROW_INTEGERS = frozenset({21, 22, 25, 26})
"""Codes of integers of 4 and 2 bits in ONNX (TensorProto.DataType)."""

WHOLE_DTYPES = frozenset({2, 3, 4, 5, 6, 7, 9, 12, 13}) | NARROW_INTEGERS
"""Codes of integers and truth values in ONNX."""

NARROW_FLOATS = frozenset({17, 18, 19, 20, 23, 24})
"""Codes of floats of 8 bits and fewer in ONNX."""

Fold = Callable[[FlatContext, list[Array]], Array]


def fold(context: FlatContext) -> Result:
    """Compute an op whose inputs are all constant.

    Raises:
        UnsupportedError: If such an op is not folded.
        ModelError: If its inputs do not fit it.
    """
    operation = context.node.op
    arrays = [item.values for item in context.items if isinstance(item, Constant)]
    try:
        with np.errstate(all="ignore"):
            if operation == "Split":
                return tuple(Constant(values=part) for part in _split(context, arrays))
            if operation in MOVING:
                return _moved(context, arrays)
            if operation in PER_SAMPLE:
                return Constant(values=_per_sample(context, FOLDS[operation], arrays))
            return Constant(values=np.asarray(FOLDS[operation](context, arrays)))
    except (ValueError, IndexError, TypeError, OverflowError, MemoryError, ZeroDivisionError) as error:
        raise context.damaged(f"its constant inputs do not fit it ({str(error)[:100]})") from None


def _moved(context: FlatContext, arrays: list[Array]) -> Constant:
    """Move elements of a constant and of the integers behind it alike."""
    move = MOVING[context.node.op]
    return context.constant(0, "input").moved(lambda array: move(context, [array, *arrays[1:]]))


def bounded(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Check the shape of a constant that is about to be made.

    Args:
        shape: The shape.

    Raises:
        ModelError: If it is negative or too large.
    """
    if any(size < 0 for size in shape) or prod(shape) > MAX_CONSTANT:
        raise ModelError(f"a constant of shape {shape} is not made; at most {MAX_CONSTANT} elements are.")
    return shape


def _shape_of(array: Array) -> tuple[int, ...]:
    return tuple(int(size) for size in np.atleast_1d(array))


def _filled(shape: tuple[int, ...], value: Any) -> Array:
    """Return a constant of one value; it takes no memory, so that the batch axis may be in its shape."""
    return np.broadcast_to(value, shape)


def _uniform(array: Array) -> Any:
    """Return the only value of a large constant that `_filled` made; None for any other constant."""
    is_filled = array.size > 1 and all(
        stride == 0 or size == 1 for stride, size in zip(array.strides, array.shape, strict=True)
    )
    return array[(0,) * array.ndim] if is_filled else None


def _per_sample(context: FlatContext, function: Fold, arrays: list[Array]) -> Array:
    """Compute for one sample what is the same for all, and repeat the result without storing it so."""
    places = {
        axis - item.ndim
        for item in arrays
        for axis, size in enumerate(item.shape)
        if size % BATCH == 0 and size and item.strides[axis] == 0
    }
    if len(places) != 1:
        return np.asarray(function(context, arrays))
    (place,) = places
    repeats = [item.ndim >= -place and item.shape[place] % BATCH == 0 < item.shape[place] for item in arrays]
    thin = [item.take([0], axis=place) if repeated else item for item, repeated in zip(arrays, repeats, strict=True)]
    size = next(item.shape[place] for item, repeated in zip(arrays, repeats, strict=True) if repeated)
    result = np.asarray(function(context, thin))
    shape = list(result.shape)
    shape[place] = size
    return np.broadcast_to(result, shape)


def _product(first: Array, second: Array) -> Array:
    leading = np.broadcast_shapes(first.shape[:-2], second.shape[:-2])
    bounded((*leading, *first.shape[-2:-1], *(second.shape[-1:] if second.ndim > 1 else ())))
    return np.asarray(np.matmul(first, second))


def _linear(context: FlatContext, arrays: list[Array]) -> Array:
    product = _product(arrays[0], arrays[1].T)
    return product + arrays[2] if len(arrays) > 2 else product


def _where(context: FlatContext, arrays: list[Array]) -> Array:
    bounded(np.broadcast_shapes(*(item.shape for item in arrays)))
    return np.where(arrays[0], arrays[1], arrays[2])


def _gemm(context: FlatContext, arrays: list[Array]) -> Array:
    first = arrays[0].T if context.flag("transA", False) else arrays[0]
    second = arrays[1].T if context.flag("transB", False) else arrays[1]
    product = context.number("alpha", 1.0) * _product(first, second)
    return product + context.number("beta", 1.0) * arrays[2] if len(arrays) > 2 else product


def _constant_of_shape(context: FlatContext, arrays: list[Array]) -> Array:
    value = np.asarray(context.node.options.get("value", np.float32(0))).reshape(-1)
    return _filled(_shape_of(arrays[0]), value[0])


def _expand(context: FlatContext, arrays: list[Array]) -> Array:
    own, target = arrays[0].shape, _shape_of(arrays[1])
    kept = ((1,) * len(target) + own)[len(own) :]  # PyTorch's -1 keeps the size of an axis
    target = tuple(have if want == -1 else want for want, have in zip(target, kept, strict=True))
    shape = np.broadcast_shapes(own, target)
    return np.broadcast_to(arrays[0], shape)


def _triangle(context: FlatContext, arrays: list[Array]) -> Array:
    shift = int(arrays[1].reshape(-1)[0]) if len(arrays) > 1 else 0
    return np.triu(arrays[0], shift) if context.flag("upper", True) else np.tril(arrays[0], shift)


def _range(context: FlatContext, arrays: list[Array]) -> Array:
    start, stop, step = (float(item.reshape(-1)[0]) for item in arrays)
    bounded((int(abs((stop - start) / step)) + 1,))
    return np.arange(start, stop, step).astype(arrays[0].dtype)


def _gather(context: FlatContext, arrays: list[Array]) -> Array:
    axis = context.integer("axis", 0)
    bounded((*arrays[0].shape[:axis], *arrays[1].shape, *arrays[0].shape[axis + 1 :]))
    return np.take(arrays[0], arrays[1].astype(np.int64), axis=axis)


def _concat(context: FlatContext, arrays: list[Array]) -> Array:
    bounded((sum(item.size for item in arrays),))
    return np.concatenate([np.atleast_1d(item) for item in arrays], axis=context.integer("axis", 0))


def _cast(context: FlatContext, arrays: list[Array]) -> Array:
    """Keep the values: whole numbers stay exact in float64, and nothing here depends on the number of bits.

    Raises:
        UnsupportedError: If numbers are rounded to narrow floats, or to 4 bits, which runtimes do not do alike.
    """
    to = context.integer("to", 1)
    is_rounded = to in NARROW_INTEGERS and not np.array_equal(arrays[0], np.trunc(arrays[0]))
    if is_rounded or to in NARROW_FLOATS:
        raise context.refuse("it rounds stored numbers to a narrow type.", "Store the rounded numbers instead.")
    dtype = np.dtype(np.int64 if to in WHOLE_DTYPES else np.float64)
    value = _uniform(arrays[0])
    return arrays[0].astype(dtype) if value is None else _filled(arrays[0].shape, dtype.type(value))


def _divide(context: FlatContext, arrays: list[Array]) -> Array:
    first, second = arrays
    if first.dtype.kind in "iu" and second.dtype.kind in "iu":
        return np.trunc(np.asarray(first / second)).astype(np.int64)
    return np.asarray(first / second)


def _reduce(function: Callable[..., Array]) -> Fold:
    def run(context: FlatContext, arrays: list[Array]) -> Array:
        bounded(arrays[0].shape)
        axes = context.integers("axes", 1)
        keeps = context.flag("keepdims", True)
        return np.asarray(function(arrays[0], axis=axes, keepdims=keeps))

    return run


def _binary(function: Callable[[Array, Array], Any]) -> Fold:
    def run(context: FlatContext, arrays: list[Array]) -> Array:
        bounded(np.broadcast_shapes(*(item.shape for item in arrays)))
        result = arrays[0]
        for item in arrays[1:]:
            result = function(result, item)
        return np.asarray(result)

    return run


def _unary(function: Callable[[Array], Any]) -> Fold:
    def run(context: FlatContext, arrays: list[Array]) -> Array:
        value = _uniform(arrays[0])
        return np.asarray(function(arrays[0])) if value is None else _filled(arrays[0].shape, function(value))

    return run


def _split(context: FlatContext, arrays: list[Array]) -> list[Array]:
    axis = context.integer("axis", 0)
    sizes = context.integers("split", 1)
    count = len(context.node.outputs)
    if sizes is None:
        return np.array_split(arrays[0], count, axis=axis)
    return np.split(arrays[0], np.cumsum(sizes)[:-1], axis=axis)


def _transpose(context: FlatContext, arrays: list[Array]) -> Array:
    return np.transpose(arrays[0], context.integers("perm"))


def _reshape(context: FlatContext, arrays: list[Array]) -> Array:
    target = context.integers("shape", 1) or ()
    keeps = not context.flag("allowzero", False)
    shape = [arrays[0].shape[i] if size == 0 and keeps else size for i, size in enumerate(target)]
    value = _uniform(arrays[0])
    if value is not None and -1 not in shape and prod(shape) == arrays[0].size:
        return _filled(tuple(shape), value)
    return arrays[0].reshape(shape)


def _flatten(context: FlatContext, arrays: list[Array]) -> Array:
    axis = context.integer("axis", 1)
    axis = axis % arrays[0].ndim if axis < 0 else axis
    return arrays[0].reshape(prod(arrays[0].shape[:axis]), -1)


def _squeeze(context: FlatContext, arrays: list[Array]) -> Array:
    axes = context.integers("axes", 1)
    return np.squeeze(arrays[0], axis=axes)


def _unsqueeze(context: FlatContext, arrays: list[Array]) -> Array:
    return np.expand_dims(arrays[0], context.integers("axes", 1) or ())


def _slice(context: FlatContext, arrays: list[Array]) -> Array:
    starts, ends = context.integers("starts", 1), context.integers("ends", 2)
    if starts is None or ends is None:
        raise UnsupportedError([f"{context.source}: its borders are missing. Export the model again."])
    axes = context.integers("axes", 3) or tuple(range(len(starts)))
    steps = context.integers("steps", 4) or (1,) * len(starts)
    index: list[slice] = [slice(None)] * arrays[0].ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        low = None if step < 0 and end < -arrays[0].shape[axis] else end
        index[axis] = slice(start, low, step)
    return arrays[0][tuple(index)]


def _clip(context: FlatContext, arrays: list[Array]) -> Array:
    low, high = context.number("min", -np.inf, 1), context.number("max", np.inf, 2)
    return np.clip(arrays[0], low, high).astype(arrays[0].dtype)


MOVING: Mapping[str, Fold] = MappingProxyType(
    {
        "Identity": lambda context, arrays: arrays[0],
        "Transpose": _transpose,
        "Reshape": _reshape,
        "Flatten": _flatten,
        "Squeeze": _squeeze,
        "Unsqueeze": _unsqueeze,
        "Slice": _slice,
    }
)
"""Ops that only move elements; quantised weights stay quantised through them."""

FOLDS: Mapping[str, Fold] = MappingProxyType(
    {
        "Shape": lambda context, arrays: np.asarray(arrays[0].shape, dtype=np.int64),
        "Size": lambda context, arrays: np.asarray(arrays[0].size, dtype=np.int64),
        "ConstantOfShape": _constant_of_shape,
        "Expand": _expand,
        "Range": _range,
        "Trilu": _triangle,
        "Gather": _gather,
        "Concat": _concat,
        "Cast": _cast,
        "Clip": _clip,
        "Add": _binary(np.add),
        "Sub": _binary(np.subtract),
        "Mul": _binary(np.multiply),
        "Div": _divide,
        "Pow": _binary(lambda a, b: np.power(a.astype(np.float64), b)),
        "Mod": _binary(np.mod),
        "Min": _binary(np.minimum),
        "Max": _binary(np.maximum),
        "Equal": _binary(np.equal),
        "Greater": _binary(np.greater),
        "Less": _binary(np.less),
        "And": _binary(np.logical_and),
        "Or": _binary(np.logical_or),
        "Not": _unary(np.logical_not),
        "Where": _where,
        "Sqrt": _unary(np.sqrt),
        "Reciprocal": _unary(lambda a: 1.0 / a),
        "Exp": _unary(np.exp),
        "Log": _unary(np.log),
        "Neg": _unary(np.negative),
        "Abs": _unary(np.abs),
        "Sign": _unary(np.sign),
        "Floor": _unary(np.floor),
        "Ceil": _unary(np.ceil),
        "Round": _unary(np.rint),
        "Relu": _unary(lambda a: np.maximum(a, 0)),
        "Softplus": _unary(lambda a: np.logaddexp(a.astype(np.float64), 0.0)),
        "Sigmoid": _unary(lambda a: 1.0 / (1.0 + np.exp(-a.astype(np.float64)))),
        "Tanh": _unary(np.tanh),
        "ReduceProd": _reduce(np.prod),
        "ReduceSum": _reduce(np.sum),
        "ReduceMean": _reduce(np.mean),
        "ReduceMax": _reduce(np.max),
        "ReduceMin": _reduce(np.min),
        "MatMul": lambda context, arrays: _product(*arrays),
        "Gemm": _gemm,
        "Linear": _linear,
    }
)
"""Ops that are computed when all their inputs are constant."""

PER_SAMPLE = frozenset(
    {
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Pow",
        "Neg",
        "Relu",
        "Sigmoid",
        "Tanh",
        "MatMul",
        "Gemm",
        "Linear",
        "Cast",
        "Clip",
        "Expand",
    }
)
"""Ops of unrolled recurrent layers, which work on initial states: each sample by itself."""
