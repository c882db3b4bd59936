"""Products of two tensors that both depend on the input, as attention has them, and einsums."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from hlsexplore.importers.einsum import MAX_PRODUCTS
from hlsexplore.importers.flat.context import Converter, FlatContext, Item
from hlsexplore.importers.flat.layout import affine
from hlsexplore.importers.flat.masks import masked, softmax
from hlsexplore.importers.flat.sketch import Grid
from hlsexplore.importers.flat.value import SAMPLES, Atoms, Constant, FlatValue, named, reshape
from hlsexplore.importers.layer import ImportedTensor
from hlsexplore.ops import Dense, Merge, MergeFunction, Reshape, Upsample

_SKIPPED = "-"
"""Stands for an axis of size 1 that a product repeats."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def product(context: FlatContext, first: FlatValue, second: FlatValue, suffix: str = "") -> FlatValue:
    """Append the matrix product over the last axis of one tensor and the last but one of another."""
    a, b = first.dims, second.dims
    rank = max(len(a), len(b))
    if min(len(a), len(b)) < 2:
        raise context.refuse("it multiplies a vector by data.", "Give both tensors two axes besides the samples.")
    first, second = (item.with_axes([*((),) * (rank - len(item.axes)), *item.axes]) for item in (first, second))
    left, right, result = "", "", ""
    for letter, own, other in zip(_LETTERS, first.dims[:-2], second.dims[:-2], strict=False):
        left += _SKIPPED if own == 1 != other else letter
        right += _SKIPPED if other == 1 != own else letter
        result += letter
    return contracted(context, (left + "xy", right + "yz", result + "xz"), first, second, suffix)


def contracted(
    context: FlatContext, equation: tuple[str, str, str], first: FlatValue, second: FlatValue, suffix: str = ""
) -> FlatValue:
    """Append the einsum of two tensors.

    Both are laid out as images, the axes of the first one alone as rows, those of the second one alone as columns, the
    others as channels; then each is repeated along the axis that it lacks.

    Args:
        context: The op.
        equation: A letter for each axis of both tensors and of the result.
        first: The first tensor.
        second: The second one.
        suffix: Suffix of the last layer's name.

    Raises:
        UnsupportedError: If samples are mixed, or there are too many products.
        ModelError: If the equation does not fit.
    """
    a, b, result = equation
    own, other = _by_letter(context, a, first), _by_letter(context, b, second)
    rows, columns = _letters(result, a, without=b), _letters(result, b, without=a)
    both = [letter for letter in result if letter in own and letter in other]
    gone = [letter for letter in own if letter in other and letter not in result]
    if set(own) - set(rows) - set(both) - set(gone) or set(other) - set(columns) - set(both) - set(gone):
        raise context.refuse("its equation sums an axis of one tensor alone.", "Sum it before.")
    _same(context, first, second, own, other, [*both, *gone])
    alone = [atoms for letter in (*rows, *gone) for atoms in own[letter]]
    if SAMPLES in alone or SAMPLES in [atom for letter in columns for atom in other[letter]]:
        raise context.refuse("it multiplies along the axis of the samples.", "Keep samples apart.")
    shared = [atom for letter in both for atom in own[letter] if atom != SAMPLES]
    sizes = [prod(first.size(atom) for atom in own[letter]) for letter in rows]
    sizes += [prod(second.size(atom) for atom in other[letter]) for letter in columns]
    m, n = prod(sizes[: len(rows)]), prod(sizes[len(rows) :])
    c = prod(first.size(atom) for letter in gone for atom in own[letter])
    sizes += [first.size(atom) for atom in shared]
    total = prod(sizes) * c
    if total > MAX_PRODUCTS:
        raise context.refuse(f"it has {total} products of activations.", f"At most {MAX_PRODUCTS} are supported.")
    left = context.arrange(first, [_atoms(own, rows), (), _atoms(own, [*both, *gone])])
    right = context.arrange(second, [(), _atoms(other, columns), _atoms(other, [*both, *gone])])
    tensor = _summed(context, (left, right), (m, n, total // (m * n), c), suffix)
    tensor = context.add(Reshape(), (tensor,), tuple(sizes) or (1,), f"{suffix}_axes".lstrip("_"))
    places: dict[str, Atoms] = {letter: (index,) for index, letter in enumerate([*rows, *columns])}
    free = iter(range(len(rows) + len(columns), len(sizes)))
    for letter in both:
        places[letter] = tuple(SAMPLES if atom == SAMPLES else next(free) for atom in own[letter])
    return FlatValue(tensor=tensor, axes=tuple(places[letter] for letter in result))


def _letters(result: str, inside: str, without: str) -> list[str]:
    return [letter for letter in result if letter in inside and letter not in without]


def _by_letter(context: FlatContext, letters: str, value: FlatValue) -> dict[str, Atoms]:
    """Return the stored axes behind each axis, those of size 1 left out."""
    if len(letters) != len(value.axes):
        raise context.damaged(f"{letters!r} does not fit a tensor of shape {named(value.dims)}")
    pairs = zip(letters, value.axes, strict=True)
    return {
        letter: tuple(atom for atom in atoms if value.size(atom) > 1) for letter, atoms in pairs if letter != _SKIPPED
    }


def _same(
    context: FlatContext,
    first: FlatValue,
    second: FlatValue,
    own: dict[str, Atoms],
    other: dict[str, Atoms],
    letters: Sequence[str],
) -> None:
    """Check that axes of both tensors have one size, and samples at one place in them.

    Raises:
        UnsupportedError: If samples are elsewhere.
        ModelError: If sizes differ.
    """
    for letter in letters:
        a, b = ([item.size(atom) for atom in found[letter]] for item, found in ((first, own), (second, other)))
        if prod(a) != prod(b):
            raise context.damaged(f"the shapes {named(first.dims)} and {named(second.dims)} do not fit each other")
        if (SAMPLES in own[letter] or SAMPLES in other[letter]) and a != b:
            raise context.refuse("it mixes samples with another axis.", "Keep samples apart, the first axis for them.")


def _atoms(found: dict[str, Atoms], letters: Sequence[str]) -> Atoms:
    return tuple(atom for letter in letters for atom in found[letter] if atom != SAMPLES)


def _summed(
    context: FlatContext, pair: tuple[ImportedTensor, ImportedTensor], sizes: tuple[int, int, int, int], suffix: str
) -> ImportedTensor:
    """Append products of all rows with all columns, and their sums over the last axis.

    Args:
        context: The op.
        pair: Tensors of shapes (rows, 1, channels) and (1, columns, channels).
        sizes: Rows, columns, channels, and how many of the latter are summed.
        suffix: Suffix of the last layer's name.

    Returns:
        A tensor of shape (rows * columns * channels / summed, 1).
    """
    m, n, channels, count = sizes
    full = (m, n, channels)
    parts = []
    for tensor, repeat, name in zip(pair, ((1, n), (m, 1)), ("a", "b"), strict=True):
        if tensor.shape != full:
            tensor = context.add(Upsample(size=repeat), (tensor,), full, f"{suffix}_{name}_each".lstrip("_"))
        parts.append(tensor)
    merge = Merge(function=MergeFunction.MULTIPLY)
    y = context.add(merge, (parts[0], parts[1]), full, f"{suffix}_products".lstrip("_"))
    terms = m * n * channels // count
    y = context.add(Reshape(), (y,), (terms, count), f"{suffix}_terms".lstrip("_"))
    ones = np.ones((count, 1))
    grid = Grid(integers=ones, scale=ones)
    return context.add(Dense(kernel=ones), (y,), (terms, 1), suffix, {"weight": grid})


def einsum(context: FlatContext) -> FlatValue:
    """Convert Einsum of two tensors, one of which may be constant."""
    text = context.text("equation", "").replace(" ", "")
    parts = text.replace("->", ",").split(",")
    if len(parts) != 3 or "->" not in text or not all(part.isalpha() for part in parts):
        raise context.refuse(f"the equation {text[:60]!r} is not supported.", "Use one like 'bnc,bmc->bnm'.")
    a, b, result = parts
    if any(len(set(part)) != len(part) for part in parts) or set(result) - set(a) - set(b):
        raise context.refuse(f"the equation {text[:60]!r} repeats an axis.", "Use one like 'bnc,bmc->bnm'.")
    first, second = context.item(0), context.item(1)
    if isinstance(first, Constant):
        return _weighted(context, (b, a, result), context.value(1), first)
    if isinstance(second, Constant):
        return _weighted(context, (a, b, result), context.value(0), second)
    return contracted(context, (a, b, result), context.value(0), context.value(1))


def _weighted(context: FlatContext, equation: tuple[str, str, str], value: FlatValue, weight: Constant) -> FlatValue:
    """Append the einsum of a tensor and weights as a product over its last stored axis."""
    letters, inside, result = equation
    found = _by_letter(context, letters, value)
    gone, new = [x for x in letters if x not in result], [x for x in inside if x not in letters]
    sizes = dict(zip(inside, weight.values.shape, strict=False))
    if len(inside) != weight.values.ndim or any(
        value.dims[letters.index(x)] != sizes[x] for x in inside if x in letters
    ):
        raise context.damaged(f"the equation does not fit weights of shape {weight.values.shape}")
    if set(gone) - set(inside) or set(new) - set(result) or set(inside) - set(gone) - set(new):
        raise context.refuse(
            "its weights differ between positions, or an axis of one tensor alone is summed.",
            "Use an equation like 'bnc,cd->bnd'.",
        )
    if SAMPLES in [atom for letter in gone for atom in found[letter]]:
        raise context.refuse("it multiplies along the axis of the samples.", "Keep samples apart.")
    order = [inside.index(letter) for letter in (*gone, *new)]
    shape = (prod(sizes[letter] for letter in gone), prod(sizes[letter] for letter in new))
    matrix = weight.moved(lambda array: np.asarray(array, np.float64).transpose(order).reshape(shape))
    free = [atom for x in letters if x in result for atom in found[x] if atom != SAMPLES]
    tensor = context.arrange(value, [*((atom,) for atom in free), _atoms(found, gone)])
    kept = tuple(value.size(atom) for atom in free)
    grids = {} if matrix.grid is None else {"weight": matrix.grid}
    tensor = context.add(Dense(kernel=matrix.real), (tensor,), (*kept, shape[1]), grids=grids)
    full = (*kept, *(sizes[letter] for letter in new))
    if full != tensor.shape:
        tensor = context.add(Reshape(), (tensor,), full or (1,), "axes")
    places: dict[str, Atoms] = {letter: (len(free) + index,) for index, letter in enumerate(new)}
    numbers = iter(range(len(free)))
    for letter in (x for x in letters if x in result):
        places[letter] = tuple(SAMPLES if atom == SAMPLES else next(numbers) for atom in found[letter])
    return FlatValue(tensor=tensor, axes=tuple(places[letter] for letter in result))


def attention(context: FlatContext) -> FlatValue:
    """Convert Attention: the softmax of the scaled inner products of queries and keys weighs the values.

    Queries, keys and values have the shape (samples, heads, steps, size), or (samples, steps, heads * size).
    """
    names = ("past_key", "past_value", "nonpad_kv_seqlen")
    found = [name for index, name in enumerate(names, start=4) if context.has(index)]
    found += [name for name in ("softcap", "qk_matmul_output_mode") if context.number(name, 0.0)]
    if found or len([name for name in context.node.outputs if name]) > 1:
        raise context.refuse(f"{', '.join(found) or 'a further output'} is not supported.", "Use plain attention.")
    q, k, v = (context.value(index) for index in range(3))
    is_flat = len(q.axes) == 3
    heads = context.integer("q_num_heads", 1)
    if is_flat:
        q, k, v = (_with_heads(context, item, heads) for item in (q, k, v))
    if q.dims[1] != k.dims[1] or context.integer("kv_num_heads", heads) != heads:
        raise context.refuse("its keys have fewer heads than its queries.", "Use as many heads for all.")
    q = affine(context, q, np.array(context.number("scale", 1 / np.sqrt(q.dims[-1]))), np.array(0.0))
    scores = contracted(context, ("bhnd", "bhmd", "bhnm"), q, k, "scores")
    plain = replace(context, items=(_hidden(context, scores),), node=replace(context.node, options={}), version=13)
    weights = softmax(plain)
    y = contracted(context, ("bhnm", "bhmd", "bhnd"), weights, v)
    if not is_flat:
        return y
    y = y.with_axes([y.axes[index] for index in (0, 2, 1, 3)])
    dims = y.dims
    return reshape(context.sketch, y, (dims[0], dims[1], dims[2] * dims[3]), context.source)


def _hidden(context: FlatContext, scores: FlatValue) -> Item:
    """Apply the mask of an attention to its scores (samples, heads, queries, keys)."""
    hidden = np.zeros((1, 1, 1, 1))
    if context.has(3):
        given = context.constant(3, "mask").values
        given = np.where(given, 0.0, -np.inf) if given.dtype == bool else given.astype(np.float64)
        hidden = hidden + given.reshape((1,) * (4 - given.ndim) + given.shape)
    if context.flag("is_causal", False):
        hidden = hidden + np.where(np.tri(scores.dims[2], scores.dims[3]), 0.0, -np.inf)
    if any(size not in (1, dim) for size, dim in zip(hidden.shape[1:], scores.dims[1:], strict=True)):
        raise context.damaged(f"its mask does not fit scores of shape {named(scores.dims)}")
    if len(hidden) != 1:
        raise context.refuse("its mask differs between samples.", "Use one mask for all.")
    return masked(context, scores, hidden) if hidden.any() else scores


def _with_heads(context: FlatContext, value: FlatValue, heads: int) -> FlatValue:
    """Divide the last axis among heads: (samples, heads, steps, size)."""
    samples, steps, size = value.dims
    if heads < 1 or size % heads:
        raise context.damaged(f"{size} features do not divide among {heads} heads")
    split = reshape(context.sketch, value, (samples, steps, heads, size // heads), context.source)
    return split.with_axes([split.axes[index] for index in (0, 2, 1, 3)])


CONTRACTIONS: dict[str, Converter] = {"Einsum": einsum, "Attention": attention}
"""Converters of products of two tensors."""
