"""Default types of every layer: from the model's quantizers, the weights and the range of the inputs' types."""

from collections.abc import Mapping
from math import ceil, log2, sqrt

import numpy as np

from hlsexplore.defaults.bounds import accum_type, signed_integer_bits, weight_type
from hlsexplore.defaults.cells import recurrent_types
from hlsexplore.defaults.tables import NORM_REACH_BITS, norm_table_size, norm_types, softmax_types, table_type
from hlsexplore.defaults.typical import REACH, typical_squares
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import Granularity, LayerConfig
from hlsexplore.ops import (
    MOVES,
    TABLE_FUNCTIONS,
    Activation,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    Input,
    LayerNorm,
    Lookup,
    Pool,
    Quantize,
    Recurrent,
    Softmax,
    element_types,
    tensor_keys,
    weights,
)

MAX_LOGIT_BITS = 10
"""Integer bits of logits beyond which the table of a softmax would be larger than `MAX_TABLE`."""
MIN_LOGIT_BITS = 6
"""Integer bits that logits keep: with the usual table of 1024 entries its steps are fine enough."""
SPARE_BITS = 2
"""Integer bits beyond those of typical logits that a wide type keeps."""
SOFTMAX_STEP_BITS = 5
"""Steps of a softmax's exponential table: 2**-5, so that neighbouring entries differ by 3 %."""
MAX_TABLE = 1 << 13
"""Largest table of a default design."""


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
    typical = typical_squares(graph)
    for node in graph:
        inputs = [results[name] for name in node.inputs]
        types = {key: node.types.get(key) or type_ for key in tensor_keys(node.op)}
        if isinstance(node.op, MOVES):
            results[node.name] = inputs[0]
        else:
            types |= _types(graph, node, inputs, type_, typical)
            types |= {key: given for key, given in node.types.items() if key in types}
            results[node.name] = types["result"]
        size = _table_size(node, types, inputs, typical)
        layers[node.name] = LayerConfig(types=types, table_size=size, granularity=_granularity(node))
    return layers


def _granularity(node: Node) -> Granularity:
    """Return what has a type of its own: in an input all elements have one, where the model gives one for the bus."""
    is_bus = isinstance(node.op, Input) and "result" in node.types
    return Granularity.UNIFORM if is_bus else Granularity.ELEMENT


def _table_size(node: Node, types: Mapping[str, Fixed], inputs: list[Fixed], typical: Mapping[str, float]) -> int:
    """Return the entries of a layer's table: more than 1024 where a wide range would make its steps coarse."""
    if isinstance(node.op, LayerNorm):
        return norm_table_size(types["accum"], typical[node.inputs[0]] + node.op.epsilon)
    if isinstance(node.op, Softmax):
        reach = inputs[0].integer - int(inputs[0].signed)
        return min(max(1 << max(reach + SOFTMAX_STEP_BITS, 0), LayerConfig().table_size), MAX_TABLE)
    return LayerConfig().table_size


def _types(
    graph: Graph, node: Node, inputs: list[Fixed], type_: Fixed, typical: Mapping[str, float]
) -> dict[str, Fixed]:
    """Types that follow from the weights, the inputs' types and typical values, by tensor key."""
    values = weights(node.op)
    types = {key: node.types.get(key) or weight_type(array, type_.width) for key, array in values.items()}
    types["result"] = _saturating(type_)
    elements = element_types(node.op)
    if elements is not None:
        types["result"] = elements.hull()
    match node.op:
        case Lookup():
            types["result"] = node.op.type
        case Dense() | Conv() | DepthwiseConv():
            types["accum"] = accum_type(node, types["weight"], types.get("bias"), inputs[0])
            types["bias"] = types.get("bias", Fixed(1, 1))
            if _is_requantized(graph, node):
                types["result"] = types["accum"]
            elif _feeds_softmax(graph, node):
                types["result"] = _logits(type_, types["accum"], typical[node.name])
        case Activation() if "weight" in tensor_keys(node.op):
            types["weight"] = weight_type(np.array([node.op.alpha]), type_.width)
        case Clip() if node.op.slope:
            types["weight"] = weight_type(np.array([node.op.slope]), type_.width)
            types["bias"] = weight_type(np.array([node.op.offset]), type_.width)
        case Softmax():
            types |= softmax_types(node.shape[-1], is_stable=True)
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
            types |= _norm_types(node, typical[node.inputs[0]])
        case Recurrent():
            num_steps = graph.input_shapes(node)[0][0]
            types |= recurrent_types(node, num_steps, types, inputs[0], type_, _is_requantized(graph, node))
        case Activation() if node.op.function in TABLE_FUNCTIONS:
            types["table"] = table_type({node.op.function: node.op.alpha})
    return types


def _norm_types(node: Node, square: float) -> dict[str, Fixed]:
    """Types of a normalisation of values with a typical mean square."""
    count, epsilon = node.shape[-1], node.op.epsilon if isinstance(node.op, LayerNorm) else 0.0
    return norm_types(epsilon, max(count * square * 2.0**NORM_REACH_BITS, sqrt(count * square) * REACH))


def _feeds_softmax(graph: Graph, node: Node) -> bool:
    """Whether only softmax layers read a node's values."""
    readers = graph.consumers(node.name)
    return bool(readers) and all(isinstance(reader.op, Softmax) for reader in readers)


def _logits(type_: Fixed, accum: Fixed, square: float) -> Fixed:
    """Return the type of logits: as many integer bits as typical ones need, and no bits that the sums never use.

    Too few integer bits make false ties of clipped logits, too many a coarse table of the softmax.
    """
    needed = signed_integer_bits(-REACH * sqrt(square), REACH * sqrt(square))
    if needed > type_.integer:
        integer = max(type_.integer, min(needed, accum.integer, MAX_LOGIT_BITS))
    else:
        integer = min(type_.integer, max(needed + SPARE_BITS, MIN_LOGIT_BITS))
    integer, fraction = min(integer, accum.integer), min(type_.fraction, accum.fraction)
    return _saturating(Fixed(max(integer + fraction, 1), integer, type_.signed, type_.rounding, type_.overflow))


def _union(inputs: list[Fixed]) -> Fixed:
    """Smallest type that holds the values of all types."""
    signed = any(source.signed for source in inputs)
    integer = max(source.integer + int(signed and not source.signed) for source in inputs)
    return Fixed(integer + max(source.fraction for source in inputs), integer, signed)


def _is_requantized(graph: Graph, node: Node) -> bool:
    """Whether every reader of a node casts to a type that the model prescribes, so that a wide result costs nothing."""
    readers = graph.consumers(node.name)
    return (
        bool(readers)
        and node.name not in graph.outputs
        and all("result" in reader.types or isinstance(reader.op, Quantize) for reader in readers)
    )


def _saturating(type_: Fixed) -> Fixed:
    return type_.with_modes(overflow=Overflow.SAT) if type_.overflow is Overflow.WRAP else type_


def _plain(type_: Fixed) -> Fixed:
    """Return the type with default modes: its values are on the grid already."""
    return type_.with_modes(rounding=Rounding.TRN)
