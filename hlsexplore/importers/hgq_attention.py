"""Einsums of two activations of HGQ2, and attention made of them: both tensors repeated, multiplied, summed."""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from hlsexplore.fixed import least_type
from hlsexplore.importers.hgq_einsum import einsum_dense
from hlsexplore.importers.hgq_parts import apply_quantizer, moved, quantized_inputs, quantized_output, reshaped
from hlsexplore.importers.hgq_quantizers import read_types
from hlsexplore.importers.hgq_tables import softmax
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor
from hlsexplore.importers.options import Options
from hlsexplore.ops import Dense, Merge, MergeFunction, Upsample

MAX_PRODUCTS = 1 << 16
"""Most products of two activations for one sample."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def einsum(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QEinsum of two tensors."""
    if len(inputs) != 2:
        raise layer.refuse(f"an einsum of {len(inputs)} tensors is not supported.", "Use two at a time.")
    a, b = quantized_inputs(layer, inputs)
    return quantized_output(layer, contracted(layer, layer.config.get("equation"), a, b, ""))


def dot(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QDot of two tensors along one axis of each.

    Raises:
        UnsupportedError: If it contracts several axes or normalises.
    """
    axes = layer.config.get("axes", -1)
    pair = [axes, axes] if type(axes) is int else axes
    if len(inputs) != 2 or not isinstance(pair, list | tuple) or len(pair) != 2:
        raise layer.damaged("axes", "an axis of each of two inputs")
    ranks = [len(x.shape) + 1 for x in inputs]
    if not all(type(axis) is int and -rank <= axis < rank for axis, rank in zip(pair, ranks, strict=True)):
        raise layer.damaged("axes", "axes of its inputs")
    places = [axis % rank for axis, rank in zip(pair, ranks, strict=True)]
    if layer.config.get("normalize") or 0 in places:
        raise layer.refuse("it normalises or contracts the batch axis.", "Use normalize=False and axes from 1 on.")
    first = [_LETTERS[index] for index in range(ranks[0])]
    second = [_LETTERS[index] if index == 0 else _LETTERS[ranks[0] + index] for index in range(ranks[1])]
    second[places[1]] = gone = first[places[0]]
    result = [letter for letter in (*first, *second[1:]) if letter != gone]
    a, b = quantized_inputs(layer, inputs)
    equation = f"{''.join(first)},{''.join(second)}->{''.join(result)}"
    return quantized_output(layer, contracted(layer, equation, a, b, ""))


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


def attention(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QMultiHeadAttention: three projections, scores, their softmax, the sum of the values, a projection."""
    if not 1 <= len(inputs) <= 3:
        raise layer.refuse(f"it reads {len(inputs)} tensors.", "Pass query, value and key.")
    for option in ("use_gate", "sliding_window"):
        if layer.config.get(option):
            raise layer.refuse(f"the option {option} is not supported.", "Leave it out.")
    query = inputs[0]
    value = inputs[1] if len(inputs) > 1 else query
    key = inputs[2] if len(inputs) > 2 else value
    fused = {"qkv": ("query", "key", "value"), "kv": ("key", "value")}.get(layer.config.get("fuse", "none"), ())
    q, k, v = (
        _projection(layer, x, name, fused if name in fused else (name,))
        for name, x in (("query", query), ("key", key), ("value", value))
    )
    scores_equation, combine_equation, count = _equations(layer, q)
    scores = contracted(layer, scores_equation, k, q, "scores")
    rank = len(scores.shape) + 1
    options = {
        name.removeprefix("softmax_"): item for name, item in layer.config.items() if name.startswith("softmax_")
    }
    options |= {"axes": list(range(rank - count, rank)), "iq_conf": None}
    options["stable"] = layer.config.get("stable_softmax", True)
    options["input_scaler"] = 1.0 / float(np.sqrt(float(layer.integer("key_dim"))))
    weights = softmax(replace(layer.renamed("softmax"), component="_softmax", config=Options(options)), (scores,))
    y = contracted(layer, combine_equation, weights, v, "combined")
    letters, sizes = _LETTERS[: len(y.shape) + 1], layer.config.get("output_shape")
    new = "zyxwvu"[: len(sizes) if isinstance(sizes, list | tuple) else 1]
    equation = f"{letters},{letters[-2:]}{new}->{letters[:-2]}{new}"
    config = _projection_config(layer, equation, new, "output_dense", has_input=True, has_output=False)
    if layer.config.get("oq_conf") is not None:
        config["oq_conf"] = layer.config["qkvo_oq_conf"]
    y = einsum_dense(replace(layer, component="output_dense", cls="QEinsumDense", config=Options(config)), (y,))
    return quantized_output(layer, y)


def _projection(layer: ImportedLayer, x: ImportedTensor, name: str, casters: tuple[str, ...]) -> ImportedTensor:
    """Append a projection to heads; its input is cast by its own quantizer, or one that several share.

    A shared one lies in the file at the first of them only.
    """
    inner = replace(layer.renamed(name), component=f"{name}_dense", cls="QEinsumDense")
    if layer.flag("enable_iq", True):
        groups = layer.weights.groups or {}
        caster = next((item for item in casters if f"{item}_dense/iq/quantizer" in groups), name)
        cast = replace(layer, component=f"{caster}_dense")
        _, quantizer = read_types(cast, "qkvo_iq_conf", "iq", x.shape)
        x = apply_quantizer(inner, x, quantizer, "iq")
    letters = _LETTERS[: len(x.shape) + 1]
    equation = f"{letters},{letters[-1]}yz->{letters[:-1]}yz"
    config = _projection_config(layer, equation, "yz", f"{name}_dense", has_input=False, has_output=True)
    return einsum_dense(replace(inner, config=Options(config)), (x,))


def _projection_config(
    layer: ImportedLayer, equation: str, bias_axes: str, component: str, has_input: bool, has_output: bool
) -> dict[str, Any]:
    """Return the options of a projection as those of a QEinsumDense; whether it has a bias, the file says."""
    has_bias = f"{component}/bq/quantizer" in (layer.weights.groups or {})
    return {
        "equation": equation,
        "bias_axes": bias_axes if has_bias else None,
        "activation": None,
        "iq_conf": layer.config.get("qkvo_iq_conf") if has_input else None,
        "kq_conf": layer.config.get("qkvo_kq_conf"),
        "bq_conf": layer.config.get("qkvo_bq_conf"),
        "oq_conf": layer.config.get("qkvo_oq_conf") if has_output else None,
    }


def _equations(layer: ImportedLayer, q: ImportedTensor) -> tuple[str, str, int]:
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
