"""Default types of every layer: from the model's quantizers, the weights and the range of the inputs' types."""

from math import ceil, log2

import numpy as np

from hlsexplore.cell_defaults import recurrent_types
from hlsexplore.design import LayerConfig
from hlsexplore.fixed import Fixed, Overflow, Rounding
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
from hlsexplore.type_bounds import accum_type, weight_type

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
            num_steps = graph.input_shapes(node)[0][0]
            types |= recurrent_types(node, num_steps, types, inputs[0], type_, _is_requantized(graph, node))
    if "table" in tensor_keys(node.op):
        types["table"] = TABLE
    return types


def _softmax_types(count: int) -> dict[str, Fixed]:
    """Table types of hls4ml 1.3; sums of very many terms get the integer bits that they need."""
    bits = max(SOFTMAX_TABLE.integer, ceil(log2(count + 1)) + 1)
    sums = Fixed(SOFTMAX_TABLE.fraction + bits, bits, rounding=Rounding.RND, overflow=Overflow.SAT)
    return {"exp_table": SOFTMAX_TABLE, "accum": sums, "inv_input": sums, "inv_table": SOFTMAX_TABLE}


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
