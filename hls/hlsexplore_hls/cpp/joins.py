"""Joins of many tensors as joins of few, whose numbers are the same: the library's functions take two to four."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from hlsexplore.defaults.bounds import signed_integer_bits
from hlsexplore.design import Design
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import LayerConfig
from hlsexplore.ops import Concatenate, Merge, MergeFunction
from hlsexplore.target import Io

MAX_JOINED = 4
"""Tensors that one call of the library joins."""
MAX_CONCATENATED_STREAMS = 2
"""Streams that one call of the library concatenates."""
_Part = tuple[Node, Fixed]


def with_small_joins(design: Design) -> Design:
    """Return a design that computes the same, where no call of the library joins too many tensors.

    A concatenation becomes a tree, other merges a chain of partial results in types that hold them exactly. An average
    of many tensors stays: its factor belongs to the whole.
    """
    if not any(_limit(design, node) for node in design.graph):
        return design
    nodes: list[Node] = []
    layers = dict(design.layers)
    for node in design.graph:
        parts, last = _split(design, node, {*layers})
        nodes += [*(part for part, _ in parts), last]
        layers |= {part.name: LayerConfig(types={"result": type_}) for part, type_ in parts}
    graph = Graph(name=design.graph.name, nodes=tuple(nodes), outputs=design.graph.outputs)
    return Design(graph=graph, target=design.target, layers=layers)


def _limit(design: Design, node: Node) -> int:
    """Return how many tensors a call joins where the node joins more of them, else 0."""
    limit = MAX_JOINED
    if isinstance(node.op, Concatenate) and design.target.io is Io.STREAM:
        limit = MAX_CONCATENATED_STREAMS
    is_join = isinstance(node.op, Concatenate) or (
        isinstance(node.op, Merge) and node.op.function is not MergeFunction.AVERAGE
    )
    return limit if is_join and len(node.inputs) > limit else 0


def _split(design: Design, node: Node, taken: set[str]) -> tuple[list[_Part], Node]:
    """Return partial joins with the types of their results, and the node that takes the place of the whole."""
    limit = _limit(design, node)
    if not limit:
        return [], node
    if isinstance(node.op, Concatenate):
        return _tree(design, node, node.op.axis, limit, taken)
    parts: list[_Part] = []
    sources, types = list(node.inputs), list(design.input_types(node.name))
    function = node.op.function if isinstance(node.op, Merge) else MergeFunction.ADD
    while len(sources) > limit:
        type_ = _exact(function, types[:limit])
        part = Node(name=_name(node, taken), op=node.op, inputs=tuple(sources[:limit]), shape=node.shape)
        parts.append((part, type_))
        sources, types = [part.name, *sources[limit:]], [type_, *types[limit:]]
    return parts, replace(node, inputs=tuple(sources))


def _tree(design: Design, node: Node, axis: int, limit: int, taken: set[str]) -> tuple[list[_Part], Node]:
    """Return concatenations of neighbours, level by level; each has the type of the whole."""
    type_, parts = design.layers[node.name].types["result"], []
    sizes = {name: design.graph[name].shape[axis] for name in node.inputs}
    sources = list(node.inputs)
    while len(sources) > limit:
        level = []
        for group in (sources[start : start + limit] for start in range(0, len(sources), limit)):
            if len(group) == 1:
                level += group
                continue
            size = sum(sizes[name] for name in group)
            shape = (*node.shape[:axis], size, *node.shape[axis + 1 :])
            part = Node(name=_name(node, taken), op=node.op, inputs=tuple(group), shape=shape)
            parts.append((part, type_))
            sizes[part.name] = size
            level.append(part.name)
        sources = level
    return parts, replace(node, inputs=tuple(sources))


def _name(node: Node, taken: set[str]) -> str:
    index = 1
    while f"{node.name}_part{index}" in taken:
        index += 1
    name = f"{node.name}_part{index}"
    taken.add(name)
    return name


def _exact(function: MergeFunction, types: Sequence[Fixed]) -> Fixed:
    """Return the type that holds every result of a merge."""
    low, high, fraction = types[0].low, types[0].high, types[0].fraction
    for type_ in types[1:]:
        match function:
            case MergeFunction.ADD:
                low, high = low + type_.low, high + type_.high
            case MergeFunction.SUBTRACT:
                low, high = low - type_.high, high - type_.low
            case MergeFunction.MULTIPLY:
                corners = [a * b for a in (low, high) for b in (type_.low, type_.high)]
                low, high = min(corners), max(corners)
            case MergeFunction.MAXIMUM | MergeFunction.MINIMUM | MergeFunction.AVERAGE:
                low, high = min(low, type_.low), max(high, type_.high)
            case _:
                assert_never(function)
        fraction = fraction + type_.fraction if function is MergeFunction.MULTIPLY else max(fraction, type_.fraction)
    integer = signed_integer_bits(min(low, 0.0), max(high, 0.0))
    return Fixed(max(integer + fraction, 1), integer)
