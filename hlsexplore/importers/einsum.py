"""Einsums as matrix products: contracted axes become rows, new ones columns; also of two activations."""

from dataclasses import dataclass
from math import prod
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed, RealArray, least_type
from hlsexplore.graph import Shape
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor
from hlsexplore.importers.reshape import moved, reshaped
from hlsexplore.ops import Affine, Dense, Merge, MergeFunction, Upsample

MAX_WEIGHTS = 1 << 22
"""Most weights of the matrix that a product becomes, the zeros between its blocks included."""
MAX_PRODUCTS = 1 << 16
"""Most products of two activations for one sample."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """Constant weights, with what the model prescribes of their types.

    Attributes:
        values: The weights.
        type: The least type that holds them all; None where the model prescribes none.
        types: The type that each has of a quantizer, broadcastable to their shape; None where it has none.
    """

    values: RealArray
    type: Fixed | None = None
    types: ElementTypes | None = None


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


def bias_shape(layer: ImportedLayer, equation: Equation, key: str) -> Shape:
    """Return the shape of a bias along some axes of the output: from the first of them on, 1 for the others."""
    axes = layer.config.get(key)
    if not isinstance(axes, str) or not axes or set(axes) - set(equation.result[1:]):
        raise layer.damaged(key, f"axes of the output {equation.result!r}")
    first = min(equation.result.index(axis) for axis in axes)
    return tuple(equation.sizes[axis] if axis in axes else 1 for axis in equation.result[first:])


def contract(
    layer: ImportedLayer, x: ImportedTensor, equation: Equation, kernel: Weights, bias: Weights | None
) -> ImportedTensor:
    """Append an einsum with constant weights as a product over the last axis.

    Axes that input, kernel and output share become blocks of one matrix, with zeros between them.

    Raises:
        UnsupportedError: If the matrix would be too large.
    """
    source, weight, result = equation.source[1:], equation.kernel, equation.result[1:]
    kept = "".join(axis for axis in weight if axis in source or axis in result)
    values = kernel.values.sum(axis=tuple(weight.index(axis) for axis in weight if axis not in kept))
    free = "".join(axis for axis in source if axis in result and axis not in weight)
    shared = "".join(axis for axis in source if axis in result and axis in weight)
    gone = "".join(axis for axis in source if axis not in result)
    new = "".join(axis for axis in result if axis not in source)
    parts = (shared, gone, new)
    matrix = _blocks(layer, equation, (values, kept), parts)
    is_summed = kept != weight and kernel.type is not None
    types = {"weight": least_type(matrix) if is_summed else kernel.type}
    each = None if kept != weight or kernel.types is None else kernel.types.broadcast_to(values.shape)
    each = None if each is None else each.moved(lambda array: _blocks(layer, equation, (array, kept), parts))
    columns, offset, rest = shared + new, None, None
    if bias is not None:
        full = np.broadcast_to(bias.values, equation.shape(result))
        rows = full.transpose([result.index(axis) for axis in free + columns]).reshape(-1, matrix.shape[1])
        is_plain = bool((rows == rows[0]).all())
        offset, rest = (rows[0].copy(), None) if is_plain else (None, full)
        types |= {"bias": bias.type} if is_plain else {}
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


def contracted(layer: ImportedLayer, text: Any, a: ImportedTensor, b: ImportedTensor, suffix: str) -> ImportedTensor:
    """Append the einsum of two tensors.

    Both are laid out as images, the axes of the first one alone as rows, those of the second one alone as columns, the
    others as channels; then each is repeated along the axis that it lacks.

    Args:
        layer: The layer.
        text: The equation, such as `bnc,bmc->bnm`.
        a: The first tensor.
        b: The second one.
        suffix: Suffix of the last node's name.

    Raises:
        UnsupportedError: If an axis occurs twice, is summed in one tensor alone, or there are too many products.
        ModelError: If the equation does not fit.
    """
    first, second, result = _terms(layer, text, a, b)
    sizes = dict(zip(first, a.shape, strict=True))
    for axis, size in zip(second, b.shape, strict=True):
        if sizes.setdefault(axis, size) != size:
            raise layer.damaged("equation", f"one whose axis {axis!r} has one size")
    rows = [axis for axis in result if axis not in second]
    columns = [axis for axis in result if axis not in first]
    both = [axis for axis in result if axis in first and axis in second]
    gone = [axis for axis in first if axis in second and axis not in result]
    if set(first) - set(rows) - set(both) - set(gone) or set(second) - set(columns) - set(both) - set(gone):
        raise layer.refuse("its equation sums an axis of one tensor alone.", "Sum it by a QSum before.")
    m, n, p, c = (prod(sizes[axis] for axis in axes) for axes in (rows, columns, both, gone))
    if m * n * p * c > MAX_PRODUCTS:
        raise layer.refuse(f"it has {m * n * p * c} products of activations.", f"At most {MAX_PRODUCTS} are supported.")
    parts = []
    for x, own, name, repeat in ((a, first, "a", (1, n)), (b, second, "b", (m, 1))):
        order = tuple(own.index(axis) for axis in (*(rows if name == "a" else columns), *both, *gone))
        part = moved(layer, x, order, f"{suffix}_{name}".lstrip("_"))
        part = reshaped(layer, part, (m // repeat[0], n // repeat[1], p * c), f"{suffix}_{name}_image".lstrip("_"))
        if part.shape != (m, n, p * c):
            part = layer.add(Upsample(size=repeat), (part,), (m, n, p * c), f"{suffix}_{name}_each".lstrip("_"))
        parts.append(part)
    y = layer.add(Merge(function=MergeFunction.MULTIPLY), tuple(parts), (m, n, p * c), f"{suffix}_products".lstrip("_"))
    ones = np.ones((c, 1))
    y = reshaped(layer, y, (m * n * p, c), f"{suffix}_terms".lstrip("_"))
    y = layer.add(Dense(kernel=ones), (y,), (m * n * p, 1), suffix, {"weight": least_type(ones)})
    laid = (*rows, *columns, *both)
    y = reshaped(layer, y, tuple(sizes[axis] for axis in laid) or (1,), f"{suffix}_axes".lstrip("_"))
    return moved(layer, y, tuple(laid.index(axis) for axis in result), f"{suffix}_back".lstrip("_")) if laid else y


def _terms(layer: ImportedLayer, text: Any, a: ImportedTensor, b: ImportedTensor) -> tuple[str, str, str]:
    """Return the axes of both tensors and of the result, without the batch axis."""
    parts = text.replace(" ", "").replace("->", ",").split(",") if isinstance(text, str) and len(text) < 200 else []
    if len(parts) != 3 or not all(part.isalpha() for part in parts):
        raise layer.damaged("equation", "an equation of two tensors, such as 'bnc,bmc->bnm'")
    first, second, result = parts
    is_sound = len(first) == len(a.shape) + 1 and len(second) == len(b.shape) + 1 and first[0] == second[0] == result[0]
    is_twice = any(len(set(part)) != len(part) for part in parts)
    if not is_sound or is_twice or set(result) - set(first) - set(second):
        raise layer.refuse(
            f"the equation {text!r} repeats an axis, or does not begin with the batch axis everywhere.",
            "Use an equation like 'bnc,bmc->bnm'.",
        )
    return first[1:], second[1:], result[1:]


def attention_equations(layer: ImportedLayer, q: ImportedTensor) -> tuple[str, str, int]:
    """Return the einsums of key with query and of weights with values, and the number of axes that attend."""
    rank = len(q.shape) + 1
    axes = layer.config.get("attention_axes")
    chosen = list(range(1, rank - 2)) if axes is None else axes
    if not isinstance(chosen, list | tuple) or not all(type(axis) is int and 1 <= axis < rank - 2 for axis in chosen):
        raise layer.damaged("attention_axes", f"axes of 1 to {rank - 3}")
    target = _LETTERS[:rank]
    source, fresh = "", iter(_LETTERS[rank:])
    for place in range(rank):
        source += next(fresh) if place in chosen else target[place]
    batch = [place for place in range(rank - 1) if place not in chosen]
    scores = "".join(target[place] for place in batch)
    scores += "".join(target[place] for place in chosen) + "".join(source[place] for place in chosen)
    return f"{source},{target}->{scores}", f"{scores},{source}->{target}", len(chosen)
