"""Einsums of two activations of HGQ2, and attention made of them."""

from dataclasses import replace
from typing import Any

import numpy as np

from hlsexplore.importers.einsum import attention_equations, contracted
from hlsexplore.importers.hgq_einsum import einsum_dense
from hlsexplore.importers.hgq_parts import apply_quantizer, quantized_inputs, quantized_output
from hlsexplore.importers.hgq_quantizers import read_types
from hlsexplore.importers.hgq_tables import softmax
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor
from hlsexplore.importers.options import Options

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
    scores_equation, combine_equation, count = attention_equations(layer, q)
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
