"""Default types of every layer: from the model's quantizers, the weights and the range of the inputs' types."""

from math import ceil, frexp, log2

import numpy as np

from hlsexplore.design import LayerConfig
from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    MOVES,
    Activation,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    LayerNorm,
    Pool,
    Recurrent,
    Softmax,
    tensor_keys,
    weights,
)

SOFTMAX_TABLE = Fixed(18, 8, rounding=Rounding.RND, overflow=Overflow.SAT)
"""Table type of hls4ml 1.3 for softmax."""
TABLE = Fixed(18, 8)
"""Table type of hls4ml 1.3 for sigmoid, tanh and the like."""


def default_layers(graph: Graph, type_: Fixed) -> dict[str, LayerConfig]:
    """Choose types for every node.

    Args:
        graph: The network.
        type_: Type of inputs and results that nothing else prescribes.

    Returns:
        A configuration for every node, by name.
    """
    results: dict[str, Fixed] = {}
    layers: dict[str, LayerConfig] = {}
    for node in graph:
        inputs = [results[name] for name in node.inputs]
        types = {key: node.types.get(key) or type_ for key in tensor_keys(node.op)}
        if isinstance(node.op, MOVES):
            results[node.name] = inputs[0]
        else:
            types |= _types(graph, node, inputs, type_)
            types |= {key: given for key, given in node.types.items() if key in types}
            results[node.name] = types["result"]
        layers[node.name] = LayerConfig(types=types)
    return layers


def weight_type(values: RealArray, width: int) -> Fixed:
    """Return the signed type of a width whose range just holds all values.

    Examples:
        >>> weight_type(np.array([0.4, -0.5]), 8)
        Fixed.parse('fixed<8,0>')
    """
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    return Fixed(width, signed_integer_bits(low, high))


def signed_integer_bits(low: float, high: float) -> int:
    """Integer bits, sign included, of the smallest signed type that holds low and high.

    Examples:
        >>> signed_integer_bits(-1.0, 0.99), signed_integer_bits(0.0, 1.0)
        (1, 2)
    """
    bits = -64
    if high > 0:
        bits = max(bits, frexp(high)[1] + 1)
    if low < 0:
        mantissa, exponent = frexp(-low)
        bits = max(bits, exponent if mantissa == 0.5 else exponent + 1)
    return bits if bits > -64 else 1


def accum_type(
    node: Node, weight: Fixed, bias: Fixed | None, source: Fixed, weight_key: str = "weight", bias_key: str = "bias"
) -> Fixed:
    """Return the accumulator that loses nothing for any input and is no wider than these weights need.

    Args:
        node: A Dense, Conv, DepthwiseConv or Recurrent node.
        weight: Type of its weights.
        bias: Type of its bias; ignored when it has none.
        source: Type of its input.
        weight_key: Which of its weights multiplies.
        bias_key: Which bias is added.
    """
    values = weights(node.op)
    kernel = to_real(quantize(values[weight_key], weight), weight)
    axes = tuple(range(kernel.ndim - (2 if isinstance(node.op, DepthwiseConv) else 1)))
    low, high = min(source.low, 0.0), max(source.high, 0.0)
    positive, negative = np.maximum(kernel, 0).sum(axis=axes), np.minimum(kernel, 0).sum(axis=axes)
    tops = (positive * high + negative * low).ravel()
    bottoms = (positive * low + negative * high).ravel()
    fraction = weight.fraction + source.fraction
    if bias_key in values and bias is not None:
        offset = to_real(quantize(values[bias_key], bias), bias)
        fraction = max(fraction, bias.fraction)
        tops, bottoms = np.maximum(tops + offset, tops), np.minimum(bottoms + offset, bottoms)
    integer = signed_integer_bits(float(bottoms.min(initial=0.0)), float(tops.max(initial=0.0)))
    return Fixed(max(integer + fraction, 1), integer)


def _types(graph: Graph, node: Node, inputs: list[Fixed], type_: Fixed) -> dict[str, Fixed]:
    """Types that follow from the weights and the inputs' types, by tensor key."""
    values = weights(node.op)
    types = {key: node.types.get(key) or weight_type(array, type_.width) for key, array in values.items()}
    types["result"] = _saturating(type_)
    match node.op:
        case Dense() | Conv() | DepthwiseConv():
            types["accum"] = accum_type(node, types["weight"], types.get("bias"), inputs[0])
            types["bias"] = types.get("bias", Fixed(1, 1))
            if _is_requantized(graph, node):
                types["result"] = types["accum"]
        case Activation() if "weight" in tensor_keys(node.op):
            types["weight"] = weight_type(np.array([node.op.alpha]), type_.width)
        case Softmax():
            types |= _softmax_types(node.shape[-1])
        case Pool():
            bits = ceil(log2(node.op.size[0] * node.op.size[1])) if node.op.average else 0
            types["accum"] = Fixed(inputs[0].width + 2 * bits, inputs[0].integer + bits, inputs[0].signed)
            types["result"] = _plain(inputs[0])
        case Concatenate():
            types["result"] = _union(inputs)
        case Dot():
            count = graph.input_shapes(node)[0][-1]
            integer = sum(source.integer for source in inputs) + ceil(log2(max(count, 1)))
            types["accum"] = Fixed(integer + sum(source.fraction for source in inputs), integer)
        case LayerNorm():
            types["accum"] = Fixed(inputs[0].integer + 18, inputs[0].integer + 2, overflow=Overflow.SAT)
        case Recurrent():
            types["accum"] = _recurrent_accum(node, types, inputs[0])
            types["state"] = types["result"]
    if "table" in tensor_keys(node.op):
        types["table"] = TABLE
    return types


def _softmax_types(count: int) -> dict[str, Fixed]:
    """Table types of hls4ml 1.3; sums of very many terms get the integer bits that they need."""
    bits = max(SOFTMAX_TABLE.integer, ceil(log2(count + 1)) + 1)
    sums = Fixed(SOFTMAX_TABLE.fraction + bits, bits, rounding=Rounding.RND, overflow=Overflow.SAT)
    return {"exp_table": SOFTMAX_TABLE, "accum": sums, "inv_input": sums, "inv_table": SOFTMAX_TABLE}


def _recurrent_accum(node: Node, types: dict[str, Fixed], source: Fixed) -> Fixed:
    """Accumulator that holds the sum of both products of a recurrent layer for every input and state."""
    if not isinstance(node.op, Recurrent):
        return types["result"]
    integer, fraction = -64, 0
    for kernel, bias, reads in (("weight", "bias", source), ("recurrent_weight", "recurrent_bias", types["result"])):
        part = accum_type(node, types[kernel], types.get(bias), reads, kernel, bias)
        integer, fraction = max(integer, part.integer), max(fraction, part.fraction)
    integer = max(integer + 1, 2)
    return Fixed(integer + fraction, integer)


def _union(inputs: list[Fixed]) -> Fixed:
    """Smallest type that holds the values of all types."""
    signed = any(source.signed for source in inputs)
    integer = max(source.integer + int(signed and not source.signed) for source in inputs)
    return Fixed(integer + max(source.fraction for source in inputs), integer, signed)


def _is_requantized(graph: Graph, node: Node) -> bool:
    """Whether every reader of a node casts to a type that the model prescribes, so that a wide result costs nothing."""
    readers = graph.consumers(node.name)
    return bool(readers) and node.name not in graph.outputs and all("result" in reader.types for reader in readers)


def _saturating(type_: Fixed) -> Fixed:
    return type_.with_modes(overflow=Overflow.SAT) if type_.overflow is Overflow.WRAP else type_


def _plain(type_: Fixed) -> Fixed:
    """Return the type with default modes: its values are on the grid already."""
    return type_.with_modes(rounding=Rounding.TRN)
