"""Default types of every layer: from the model's quantizers, the weights, and values that are seen or typical.

Integer bits hold what values reach, fraction bits what readers notice (`demand`); between the model's own quantizers
nothing is rounded (`exact`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log2

import numpy as np

from hlsexplore.defaults.bounds import SPARE_WIDTH, accum_type, signed_integer_bits, weight_type
from hlsexplore.defaults.cells import recurrent_types
from hlsexplore.defaults.demand import Demand, find_demand
from hlsexplore.defaults.exact import (
    AVERAGE_BITS,
    MAX_EXACT,
    cast_at_once,
    exact_type,
    given_result,
    pool_accum,
    settled,
)
from hlsexplore.defaults.tables import (
    EXP_INTEGER,
    function_table,
    function_table_size,
    norm_table_size,
    norm_types,
    softmax_table_size,
    softmax_types,
    table_limits,
)
from hlsexplore.defaults.typical import typical_values
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import Granularity, LayerConfig
from hlsexplore.op_facts import PARTS, Part
from hlsexplore.ops import (
    MOVES,
    TABLE_FUNCTIONS,
    Activation,
    Clip,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    LayerNorm,
    Pool,
    Recurrent,
    Softmax,
    tensor_keys,
    weights,
)
from hlsexplore.reference.observe import Observed, Seen

MARGIN = 2.0
"""Factor on the ranges that data shows: one integer bit for what other data may bring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What default types rest on.

    Attributes:
        graph: The network.
        usual: Type of inputs without data; its width is the usual one.
        reach: Values whose ranges types hold.
        margin: Factor on these ranges.
        fine: Values whose spreads types tell apart.
        demand: How fine types must be.
        settled: Nodes behind which the model itself rounds.
        has_data: Whether the values come from data.
    """

    graph: Graph
    usual: Fixed
    reach: Observed
    margin: float
    fine: Observed
    demand: Demand
    settled: frozenset[str]
    has_data: bool


def default_layers(graph: Graph, type_: Fixed, data: Observed | None = None) -> dict[str, LayerConfig]:
    """Choose types for every node.

    Args:
        graph: The network.
        type_: Type of inputs that nothing else prescribes, and the usual width of weights and results.
        data: What values are like on data; without it inputs are taken to fill their types.

    Returns:
        A configuration for every node, by name.
    """
    basis = _basis(graph, type_, data)
    results: dict[str, Fixed] = {}
    layers: dict[str, LayerConfig] = {}
    exact: set[str] = set()
    for node in graph:
        inputs = [results[name] for name in node.inputs]
        is_exact = bool(node.inputs) and exact.issuperset(node.inputs)
        if isinstance(node.op, MOVES):
            results[node.name], types = inputs[0], {}
        else:
            types = _types(basis, node, inputs, is_exact)
            results[node.name] = types["result"]
        if given_result(node) is not None or (is_exact and _is_exact(basis, node, inputs, types)):
            exact.add(node.name)
        layers[node.name] = _config(basis, node, types, inputs)
    return layers


def _basis(graph: Graph, type_: Fixed, data: Observed | None) -> _Basis:
    """Look at the values of a network, typical ones without data."""
    rounded = settled(graph)
    if data is None:
        reach, fine = typical_values(graph, {node.name: _input_type(graph, node, type_) for node in graph.inputs})
    else:
        reach = fine = data
    return _Basis(
        graph=graph,
        usual=type_,
        reach=reach,
        margin=1.0 if data is None else MARGIN,
        fine=fine,
        demand=find_demand(graph, fine, type_.width, rounded),
        settled=rounded,
        has_data=data is not None,
    )


def _types(basis: _Basis, node: Node, inputs: list[Fixed], is_exact: bool) -> dict[str, Fixed]:
    """Types of a node that has some, by tensor key; `is_exact` says that its inputs are what the model prescribes."""
    usual, given = basis.usual, node.types
    types = {
        key: weight_type(array, usual.width, basis.demand.of(node.name, key)) for key, array in weights(node.op).items()
    }
    if isinstance(node.op, Activation) and "weight" in tensor_keys(node.op):
        types["weight"] = weight_type(np.array([node.op.alpha]), usual.width)
    if isinstance(node.op, Clip) and node.op.slope:
        types["weight"] = weight_type(np.array([node.op.slope]), usual.width)
        types["bias"] = weight_type(np.array([node.op.offset]), usual.width)
    types |= {key: type_ for key, type_ in given.items() if key in types}
    match node.op:
        case Input():
            types["result"] = _input(basis, node)
        case Softmax():
            types |= softmax_types(node.shape[-1], is_stable=True)
            types["result"] = _probabilities(basis, node, inputs[0])
        case Recurrent():
            types |= _recurrent(basis, node, types, inputs[0])
        case _:
            types["result"] = _result(basis, node, inputs, types, is_exact)
    types |= {key: type_ for key, type_ in _inner(basis, node, inputs, types).items() if key not in types}
    types |= {key: type_ for key, type_ in given.items() if key in tensor_keys(node.op)}
    types["result"] = given_result(node) or types["result"]
    return {key: types[key] for key in tensor_keys(node.op)}


def _inner(basis: _Basis, node: Node, inputs: list[Fixed], types: Mapping[str, Fixed]) -> dict[str, Fixed]:
    """Types of accumulators and tables, and of a bias that is not there."""
    match node.op:
        case Dense() | Conv() | DepthwiseConv():
            accum = accum_type(node, types["weight"], types.get("bias"), inputs[0])
            return {"accum": accum, "bias": Fixed(1, 1)}
        case Dot():
            found = exact_type(basis.graph, node, inputs, types)
            return {} if found is None else {"accum": found}
        case Pool():
            plain = pool_accum(node.op, inputs[0])
            is_finer = types["result"].fraction > plain.fraction
            return {"accum": pool_accum(node.op, inputs[0], AVERAGE_BITS) if is_finer else plain}
        case LayerNorm():
            return norm_types(node.op.epsilon, _norm_top(basis, node))
        case Activation() if node.op.function in TABLE_FUNCTIONS:
            return {"table": function_table(node.op, types["result"])}
        case _:
            return {}


def _result(basis: _Basis, node: Node, inputs: list[Fixed], types: Mapping[str, Fixed], is_exact: bool) -> Fixed:
    """Return the type of a result: exact where the model's quantizers make that possible, else as values need it."""
    exact = exact_type(basis.graph, node, inputs, types)
    if exact is not None and (node.name in basis.settled or (is_exact and _has_given_weights(node))):
        return _within(exact, MAX_EXACT)
    seen = basis.reach.results[node.name]
    integer = _integer(seen, basis.margin)
    if exact is not None:
        integer = min(integer, exact.integer + int(not exact.signed))
    elif isinstance(node.op, Activation):
        integer = min(integer, _function_integer(node.op, inputs[0]))
    fraction = max(basis.usual.width - integer, basis.demand.of(node.name, "result"))
    fraction = min(fraction, basis.usual.width + SPARE_WIDTH - integer)
    if exact is not None:
        fraction = min(fraction, max(exact.fraction, 1 - integer))
    return Fixed(integer + fraction, integer, True, basis.usual.rounding, _saturating(basis.usual))


def _within(exact: Fixed, width: int) -> Fixed:
    """Return the exact type, or where it is too wide one with its integer bits that rounds."""
    if exact.width <= width:
        return exact.with_modes(rounding=Rounding.TRN)
    return Fixed(max(width, exact.integer), exact.integer, exact.signed, Rounding.RND, Overflow.SAT)


def _has_given_weights(node: Node) -> bool:
    return all(key in node.types for key in weights(node.op))


def _is_exact(basis: _Basis, node: Node, inputs: list[Fixed], types: Mapping[str, Fixed]) -> bool:
    """Whether a result is what the model computes, bit for bit, when the inputs are."""
    if isinstance(node.op, MOVES):
        return True
    exact = exact_type(basis.graph, node, inputs, types)
    if exact is None or not _has_given_weights(node):
        return False
    result = types["result"]
    return result.fraction >= exact.fraction and result.integer >= exact.integer


def _integer(seen: Seen, margin: float) -> int:
    return signed_integer_bits(seen.low * margin, seen.high * margin)


def _function_integer(op: Activation, source: Fixed) -> int:
    """Return the integer bits, sign included, of a function by table; some pass a part of x on."""
    low, high = table_limits(op.function, op.alpha)
    part = PARTS.get(op.function, Part.POSITIVE if op.function in (Function.ELU, Function.SELU) else Part.NOTHING)
    if part in (Part.WHOLE, Part.POSITIVE):
        high += LARGEST_SLOPE * max(source.high, 0.0)
    if part in (Part.WHOLE, Part.NEGATIVE):
        low += min(source.low, 0.0)
    return signed_integer_bits(low, high)


LARGEST_SLOPE = 1.06
"""Of what a function by table passes on (SELU)."""


def _saturating(type_: Fixed) -> Overflow:
    return Overflow.SAT if type_.overflow is Overflow.WRAP else type_.overflow


def _input(basis: _Basis, node: Node) -> Fixed:
    """Return the type of an input: what the model rounds to at once, what holds the data, or the usual one."""
    given = cast_at_once(basis.graph, node)
    if given is not None or not basis.has_data:
        return given or _stated(basis.usual)
    seen = basis.reach.results[node.name]
    integer = _integer(seen, basis.margin)
    fraction = max(basis.usual.width - integer, basis.demand.of(node.name, "result"))
    fraction = min(fraction, basis.usual.width + SPARE_WIDTH - integer)
    if seen.fraction is not None:
        fraction = min(fraction, seen.fraction)
    fraction = max(fraction, 1 - integer)
    return Fixed(integer + fraction, integer, True, Rounding.RND, _saturating(basis.usual))


def _input_type(graph: Graph, node: Node, usual: Fixed) -> Fixed:
    """Return the type of an input without data: what the model casts it to, else the usual one."""
    return cast_at_once(graph, node) or _stated(usual)


def _stated(usual: Fixed) -> Fixed:
    return usual.with_modes(overflow=_saturating(usual))


def _probabilities(basis: _Basis, node: Node, source: Fixed) -> Fixed:
    """Return the type of a softmax's results: two logits that its table tells apart stay apart where all are alike."""
    size = softmax_table_size(source, basis.fine.gaps[node.name], not basis.has_data)
    step = max(2.0 ** min(source.integer - int(source.signed), EXP_INTEGER) / size, source.step)
    fraction = max(ceil(log2(node.shape[-1] / step)) + 1, basis.usual.width - 1)
    fraction = min(fraction, basis.usual.width + SPARE_WIDTH - 1)
    return Fixed(fraction + 1, 1, False, basis.usual.rounding, _saturating(basis.usual))


def _recurrent(basis: _Basis, node: Node, types: Mapping[str, Fixed], source: Fixed) -> dict[str, Fixed]:
    """Types inside a recurrent layer and of its result."""
    seen = {"result": basis.reach.results[node.name], **basis.reach.inner[node.name]}
    return recurrent_types(
        node,
        num_steps=basis.graph.input_shapes(node)[0][0],
        types=types,
        source=source,
        usual=basis.usual,
        integers={key: _integer(item, basis.margin) for key, item in seen.items()},
        fraction=basis.demand.of(node.name, "result"),
        is_settled=node.name in basis.settled or _readers_cast(basis.graph, node),
    )


def _readers_cast(graph: Graph, node: Node) -> bool:
    """Whether every reader of a node casts to a type that the model prescribes, so that a wide result costs nothing."""
    readers = graph.consumers(node.name)
    return (
        bool(readers) and node.name not in graph.outputs and all(given_result(reader) is not None for reader in readers)
    )


def _norm_top(basis: _Basis, node: Node) -> float:
    """Return the largest sum of a normalisation; without data a compromise, since its table covers all of the range."""
    _, top = basis.fine.norms[node.name]
    if basis.has_data:
        return top * basis.margin
    return min(basis.reach.norms[node.name][1], top * NORM_REACH)


NORM_REACH = 8.0
"""Without data a normalisation holds sums of 8 times those of standardised features."""


def _config(basis: _Basis, node: Node, types: dict[str, Fixed], inputs: list[Fixed]) -> LayerConfig:
    size = _table_size(basis, node, types, inputs)
    if isinstance(node.op, Input) and "result" in node.types:
        # All elements have one type where the model gives one for the bus.
        return LayerConfig(types=types, table_size=size, granularity=Granularity.UNIFORM)
    if isinstance(node.op, Softmax) and inputs[0].integer - int(inputs[0].signed) > EXP_INTEGER:
        return LayerConfig(types=types, table_size=size, exp_integer=EXP_INTEGER)
    return LayerConfig(types=types, table_size=size)


def _table_size(basis: _Basis, node: Node, types: Mapping[str, Fixed], inputs: list[Fixed]) -> int:
    """Return the entries of a layer's table: more than 1024 where its steps would be coarse for what it reads."""
    match node.op:
        case LayerNorm():
            usual, _ = basis.fine.norms[node.name]
            return norm_table_size(types["accum"], usual + node.op.epsilon)
        case Softmax():
            return softmax_table_size(inputs[0], basis.fine.gaps[node.name], not basis.has_data)
        case Activation() if node.op.function in TABLE_FUNCTIONS:
            return function_table_size({node.op.function}, basis.fine.results[node.inputs[0]])
        case Recurrent() if "table" in types:
            functions = {node.op.activation, node.op.recurrent_activation} & TABLE_FUNCTIONS
            return function_table_size(functions, basis.fine.inner[node.name]["accum"], is_repeated=True)
        case _:
            return LayerConfig().table_size
