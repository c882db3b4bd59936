"""EinsumDense and attention of Keras: products with weights, and of two activations."""

from dataclasses import replace
from string import ascii_letters

import numpy as np

from hlsexplore.graph import Shape
from hlsexplore.importers.activations import apply_activation
from hlsexplore.importers.einsum import (
    Weights,
    attention_equations,
    bias_shape,
    contract,
    contracted,
    parse_equation,
)
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.options import Options
from hlsexplore.importers.structure import Slot
from hlsexplore.ops import Softmax


def einsum_dense(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert EinsumDense."""
    x = only(layer, inputs)
    equation = layer.config.get("equation")
    parts = equation.replace("->", ",").split(",") if isinstance(equation, str) else []
    rank = len(parts[1].strip()) if len(parts) == 3 else 0
    kernel = layer.weight("kernel", 0, (None,) * rank)
    parsed = parse_equation(layer, equation, x.shape, kernel.shape)
    layer.config.get("output_shape")  # the kernel says it
    bias = None
    if layer.config.get("bias_axes") is not None:
        bias = Weights(values=layer.weight("bias", 1, bias_shape(layer, parsed, "bias_axes")))
    y = contract(layer, x, parsed, Weights(values=kernel), bias)
    return apply_activation(layer, y, layer.config.get("activation"))


def multi_head_attention(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert MultiHeadAttention: three projections, scores, their softmax, the sum of the values, a projection.

    The factor of the scores is part of the query's weights.
    """
    query, value, key = _three(layer, inputs)
    heads, size = layer.integer("num_heads"), layer.integer("key_dim")
    depth = size if layer.config.get("value_dim") is None else layer.integer("value_dim")
    for option in ("use_gate", "sliding_window"):
        if layer.config.get(option):
            raise layer.refuse(f"the option {option} is not supported.", "Leave it out.")
    q = _projection(layer, query, "query", (heads, size), 0, 1 / np.sqrt(size))
    k = _projection(layer, key, "key", (heads, size), 1)
    v = _projection(layer, value, "value", (heads, depth), 2)
    of_scores, of_values, count = attention_equations(layer, q)
    if count != 1:
        raise layer.refuse(f"it attends along {count} axes.", "Reshape them to one before, and back behind it.")
    scores = contracted(layer, of_scores, k, q, "scores")
    weights = layer.add(Softmax(), (scores,), scores.shape, "softmax")
    y = contracted(layer, of_values, weights, v, "combined")
    given = layer.config.get("output_shape")
    sizes = [query.shape[-1]] if given is None else given if isinstance(given, list | tuple) else [given]
    if not all(type(item) is int and item > 0 for item in sizes) or len(sizes) > 6:
        raise layer.damaged("output_shape", "positive sizes")
    letters, new = ascii_letters[: len(y.shape) + 1], ascii_letters[26 : 26 + len(sizes)]
    equation = f"{letters},{letters[-2:]}{new}->{letters[:-2]}{new}"
    return _product(layer, y, "output", equation, (heads, depth, *sizes), new, 3)


def attention(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Attention: the softmax of the inner products of query and key weighs the values."""
    query, value, key = _three(layer, inputs)
    if layer.config.get("score_mode", "dot") != "dot" or layer.config.get("use_scale"):
        raise layer.refuse("a scale of its own or a score_mode besides 'dot' is not supported.", "Use neither.")
    if len(query.shape) != 2 or len(key.shape) != 2 or len(value.shape) != 2:
        raise layer.refuse("it reads tensors of more axes than (samples, steps, features).", "Use two axes.")
    scores = contracted(layer, "bnc,bmc->bnm", query, key, "scores")
    weights = layer.add(Softmax(), (scores,), scores.shape, "softmax")
    return contracted(layer, "bnm,bmc->bnc", weights, value, "")


def _three(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> tuple[ImportedTensor, ...]:
    """Return query, value and key; the key is the value where it is not given."""
    named = {name: item.index for name, item in layer.call.keywords.items() if isinstance(item, Slot)}
    places = [place for place in range(len(inputs)) if place not in named.values()]
    placed = dict(zip(_TENSORS, places, strict=False)) | named
    strange = set(placed) - set(_TENSORS)
    if strange or not {"query", "value"} <= set(placed) or len(placed) != len(inputs):
        raise layer.refuse(f"it reads {len(inputs)} tensors.", "Pass query, value and, if it differs, key; no masks.")
    return tuple(inputs[placed.get(name, placed["value"])] for name in _TENSORS)


_TENSORS = ("query", "value", "key")


def _projection(
    layer: ImportedLayer, x: ImportedTensor, name: str, sizes: Shape, ordinal: int, factor: float = 1.0
) -> ImportedTensor:
    """Append a projection to heads, times a factor."""
    letters = ascii_letters[: len(x.shape) + 1]
    equation = f"{letters},{letters[-1]}YZ->{letters[:-1]}YZ"
    return _product(layer.renamed(name), x, name, equation, (x.shape[-1], *sizes), "YZ", ordinal, factor)


def _product(
    layer: ImportedLayer,
    x: ImportedTensor,
    name: str,
    equation: str,
    shape: Shape,
    bias_axes: str,
    ordinal: int,
    factor: float = 1.0,
) -> ImportedTensor:
    """Append one of the layer's products; its weights are the inner layer's, or the `ordinal`-th of the layer."""
    groups = layer.weights.groups or {}
    component = next((item for item in (f"{name}_dense", f"_{name}_dense") if item in groups), f"{name}_dense")
    kernel = layer.weight("kernel", 0, shape, component, ordinal) * factor
    parsed = parse_equation(layer, equation, x.shape, kernel.shape)
    bias = None
    if layer.flag("use_bias", True):
        inner = replace(layer, config=Options({"bias_axes": bias_axes}))
        sizes = bias_shape(inner, parsed, "bias_axes")
        bias = Weights(values=layer.weight("bias", 1, sizes, component, ordinal) * factor)
    return contract(layer, x, parsed, Weights(values=kernel), bias)


ATTENTION_LAYERS = {
    "EinsumDense": einsum_dense,
    "MultiHeadAttention": multi_head_attention,
    "Attention": attention,
}
"""Converters of EinsumDense and attention."""
