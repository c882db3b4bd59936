"""Einsum layers of HGQ2 as matrix products: contracted axes become rows, new ones columns; sums over axes likewise."""

from dataclasses import dataclass
from math import log2, prod
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray, least_type
from hlsexplore.graph import Shape
from hlsexplore.importers.hgq_parts import (
    finished,
    moved,
    num_weights,
    own_weight,
    quantized_input,
    quantized_output,
    quantized_weight,
    read_axes,
    reshaped,
)
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.ops import Affine, Dense

KERAS_EPSILON = 1e-7
"""Keras' global epsilon, which QEinsumDenseBatchnorm adds to the variance whatever its option says."""
WITH_SCALE = 5
"""Arrays of a QEinsumDenseBatchnorm with a scale: kernel, bias, gamma, mean and variance."""
MAX_WEIGHTS = 1 << 22
"""Most weights of the matrix that a product becomes, the zeros between its blocks included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """An einsum of a tensor and a kernel, without ellipses.

    Attributes:
        source: Axes of the input, the batch axis first.
        kernel: Axes of the kernel.
        result: Axes of the output, the batch axis first.
        sizes: Size of each axis but the batch axis.
    """

    source: str
    kernel: str
    result: str
    sizes: dict[str, int]

    def shape(self, axes: str) -> Shape:
        """Sizes of some axes."""
        return tuple(self.sizes[axis] for axis in axes)


def parse_equation(layer: ImportedLayer, text: object, shape: Shape, kernel: Shape) -> Equation:
    """Read an equation such as `bnc,cd->bnd`; an ellipsis stands for the axes that are left.

    Args:
        layer: The layer.
        text: The equation.
        shape: Input shape without the batch axis.
        kernel: Kernel shape.

    Raises:
        UnsupportedError: If an axis occurs twice in a tensor, or the batch axis is contracted.
        ModelError: If it is no such equation.
    """
    parts = text.replace(" ", "").replace("->", ",").split(",") if isinstance(text, str) else []
    if len(parts) != 3 or len(str(text)) > 200:
        raise layer.damaged("equation", "an equation of two tensors, such as 'bnc,cd->bnd'")
    count = len(shape) + 1 - len(parts[0].replace("...", ""))
    free = [letter for letter in ascii_letters if letter not in str(text)]
    dots = "".join(free[: max(count, 0)])
    source, weight, result = (part.replace("...", dots) for part in parts)
    is_sound = len(source) == len(shape) + 1 and len(weight) == len(kernel) and all(map(str.isalpha, parts_of(parts)))
    if not is_sound or set(result) - set(source) - set(weight):
        raise layer.damaged("equation", f"one that fits an input of shape {shape} and a kernel of shape {kernel}")
    batch = source[0]
    is_twice = any(len(set(axes)) != len(axes) for axes in (source, weight, result))
    if is_twice or result[0] != batch or batch in weight:
        raise layer.refuse(
            f"the equation {text!r} repeats an axis of one tensor or contracts the batch axis.",
            "Use an equation like 'bnc,cd->bnd'.",
        )
    sizes = dict(zip(source[1:], shape, strict=True))
    for axis, size in zip(weight, kernel, strict=True):
        if sizes.setdefault(axis, size) != size:
            raise layer.damaged("equation", f"one whose axis {axis!r} has one size")
    return Equation(source=source, kernel=weight, result=result, sizes=sizes)


def parts_of(parts: list[str]) -> list[str]:
    """Return the axes of an equation's tensors without ellipses; a lone ellipsis counts as a letter."""
    return [part.replace("...", "") or "x" for part in parts]


def einsum_dense(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QEinsumDense and QEinsumDenseBatchnorm."""
    x = only(layer, inputs)
    kernel = own_weight(layer, "kernel", 0, None)
    equation = parse_equation(layer, layer.config.get("equation"), x.shape, kernel.shape)
    bias = None
    if layer.config.get("bias_axes") is not None:
        bias = own_weight(layer, "bias", 1, bias_shape(layer, equation, "bias_axes"))
    if layer.cls == "QEinsumDenseBatchnorm":
        kernel, bias = _normalised(layer, equation, kernel, bias)
    return finished(layer, contract(layer, quantized_input(layer, x), equation, kernel, bias))


def bias_shape(layer: ImportedLayer, equation: Equation, key: str) -> Shape:
    """Return the shape of a bias along some axes of the output: from the first of them on, 1 for the others."""
    axes = layer.config.get(key)
    if not isinstance(axes, str) or not axes or set(axes) - set(equation.result[1:]):
        raise layer.damaged(key, f"axes of the output {equation.result!r}")
    first = min(equation.result.index(axis) for axis in axes)
    return tuple(equation.sizes[axis] if axis in axes else 1 for axis in equation.result[first:])


def _normalised(
    layer: ImportedLayer, equation: Equation, kernel: RealArray, bias: RealArray | None
) -> tuple[RealArray, RealArray]:
    """Fold the batch normalisation of the output into kernel and bias, in float32 as HGQ2 does."""
    key = "normalize_axes" if layer.config.get("normalize_axes") else "bias_axes"
    cast_shape = bias_shape(layer, equation, key)
    axes = str(layer.config[key])
    shape = equation.shape("".join(axis for axis in equation.result[1:] if axis in axes))
    has_scale = num_weights(layer) == WITH_SCALE  # HGQ2 0.2 does not save the option
    gamma = own_weight(layer, "gamma", 2, shape) if has_scale else np.ones(shape)
    mean, variance = (
        own_weight(layer, leaf, position + has_scale, shape).astype(np.float32)
        for position, leaf in ((2, "moving_mean"), (3, "moving_variance"))
    )
    scale = gamma.astype(np.float32) / np.sqrt(variance + np.float32(KERAS_EPSILON))
    ordered = "".join(axis for axis in equation.kernel if axis in axes)
    folded = np.einsum(f"{equation.kernel},{ordered}->{equation.kernel}", kernel.astype(np.float32), scale)
    offset = (-mean * scale).reshape(cast_shape)
    start = np.float32(0) if bias is None else bias.astype(np.float32)
    return folded.astype(np.float64), (start + offset).astype(np.float64)


def contract(
    layer: ImportedLayer, x: ImportedTensor, equation: Equation, kernel: RealArray, bias: RealArray | None
) -> ImportedTensor:
    """Append an einsum with quantised weights as a product over the last axis.

    Axes that input, kernel and output share become blocks of one matrix, with zeros between them.

    Raises:
        UnsupportedError: If the matrix would be too large.
    """
    source, weight, result = equation.source[1:], equation.kernel, equation.result[1:]
    quantised = quantized_weight(layer, "kq_conf", "kq", kernel)
    kept = "".join(axis for axis in weight if axis in source or axis in result)
    values = quantised.values.sum(axis=tuple(weight.index(axis) for axis in weight if axis not in kept))
    free = "".join(axis for axis in source if axis in result and axis not in weight)
    shared = "".join(axis for axis in source if axis in result and axis in weight)
    gone = "".join(axis for axis in source if axis not in result)
    new = "".join(axis for axis in result if axis not in source)
    parts = (shared, gone, new)
    matrix = _blocks(layer, equation, (values, kept), parts)
    types = {"weight": least_type(matrix) if kept != weight else quantised.type}
    each = None if kept != weight or quantised.types is None else quantised.types.broadcast_to(values.shape)
    each = None if each is None else each.moved(lambda array: _blocks(layer, equation, (array, kept), parts))
    columns, offset, rest = shared + new, None, None
    if bias is not None:
        of_bias = quantized_weight(layer, "bq_conf", "bq", bias)
        full = np.broadcast_to(of_bias.values, equation.shape(result))
        rows = full.transpose([result.index(axis) for axis in free + columns]).reshape(-1, matrix.shape[1])
        is_plain = bool((rows == rows[0]).all())
        offset, rest = (rows[0].copy(), None) if is_plain else (None, full)
        types |= {"bias": of_bias.type} if is_plain else {}
    order = tuple(source.index(axis) for axis in free + shared + gone)
    x = moved(layer, x, order, "rows_last")
    x = reshaped(layer, x, (*equation.shape(free), matrix.shape[0]), "rows")
    op = Dense(kernel=matrix, bias=offset, types=each)
    y = layer.add(op, (x,), (*x.shape[:-1], matrix.shape[1]), types=types)
    y = reshaped(layer, y, equation.shape(free + columns) or (1,), "columns")
    y = moved(layer, y, tuple((free + columns).index(axis) for axis in result), "back") if result else y
    return y if rest is None else _shifted(layer, y, rest)


def _blocks(
    layer: ImportedLayer, equation: Equation, kernel: tuple[NDArray[Any], str], axes: tuple[str, str, str]
) -> NDArray[Any]:
    """Return the matrix (shared and contracted axes, shared and new axes) of a kernel, or of facts about weights."""
    (values, kept), (shared, gone, new) = kernel, axes
    blocks, rows, columns = (prod(equation.shape(part)) for part in (shared, gone, new))
    if blocks * rows * blocks * columns > MAX_WEIGHTS:
        raise layer.refuse(
            f"its {blocks} products of their own would need a matrix of {blocks * rows} x {blocks * columns} weights.",
            "Share the kernel between positions.",
        )
    wanted = shared + gone + new
    values = values.transpose([kept.index(axis) for axis in wanted if axis in kept])
    place = [slice(None) if axis in kept else None for axis in wanted]
    full = np.broadcast_to(values[tuple(place)], equation.shape(wanted)).reshape(blocks, rows, columns)
    matrix = np.zeros((blocks, rows, blocks, columns), values.dtype)
    for block in range(blocks):
        matrix[block, :, block] = full[block]
    return matrix.reshape(blocks * rows, blocks * columns)


def _shifted(layer: ImportedLayer, y: ImportedTensor, offset: RealArray) -> ImportedTensor:
    """Append the addition of a constant of each element."""
    flat = reshaped(layer, y, (prod(y.shape),), "flat")
    ones = np.ones(flat.shape)
    op = Affine(kernel=ones, bias=offset.reshape(-1).copy())
    types = {"weight": least_type(ones), "bias": least_type(op.bias)}
    return reshaped(layer, layer.add(op, (flat,), flat.shape, "bias", types), y.shape, "unflat")


def summed(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QSum and QMeanPow2: a sum over some axes, times a power of two."""
    x = only(layer, inputs)
    places = read_axes(layer, len(x.shape) + 1, "it sums over the axes {axes}.")
    count = prod(x.shape[place] for place in places)
    factor = 2.0 ** round(log2(1.0 / count)) if layer.cls == "QMeanPow2" else layer.number("scale", 1.0)
    if factor <= 0 or np.frexp(factor)[0] != 0.5:
        raise layer.refuse(f"its scale {factor:g} is no power of two.", "Use a power of two.")
    kept = [place for place in range(len(x.shape)) if place not in places]
    y = moved(layer, quantized_input(layer, x), (*kept, *places), "sums_last")
    shape = tuple(x.shape[place] for place in kept)
    y = reshaped(layer, y, (*shape, count), "rows")
    kernel = np.full((count, 1), factor)
    y = layer.add(Dense(kernel=kernel), (y,), (*shape, 1), types={"weight": least_type(kernel)})
    if layer.flag("keepdims", False):
        final: Shape = tuple(1 if place in places else size for place, size in enumerate(x.shape))
    else:
        final = shape or (1,)
    return quantized_output(layer, reshaped(layer, y, final, "sum"))
