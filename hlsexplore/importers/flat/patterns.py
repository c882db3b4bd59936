"""Groups of ops that exporters write for one layer, found again: layer normalisation, choices, activations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hlsexplore.importers.flat.functions import find_function
from hlsexplore.importers.flat.graph import Array, FlatGraph, FlatNode


@dataclass(frozen=True, slots=True)
class _Links:
    """Who makes and who reads each tensor."""

    makers: Mapping[str, FlatNode]
    readers: Mapping[str, tuple[FlatNode, ...]]
    constants: Mapping[str, Array]

    def made(self, name: str, *ops: str) -> FlatNode | None:
        """Return the maker of a tensor if it is one of some ops."""
        node = self.makers.get(name)
        return node if node is not None and node.op in ops else None

    def origin(self, name: str) -> str:
        """Follow a tensor back through factors of 1 and copies."""
        node = self.makers.get(name)
        while node is not None and (node.op == "Identity" or self._is_one(node)):
            name = node.inputs[0]
            node = self.makers.get(name)
        return name

    def _is_one(self, node: FlatNode) -> bool:
        return node.op in ("Mul", "Div") and len(node.inputs) == 2 and self.number(node.inputs[1]) == 1

    def number(self, name: str) -> float | None:
        """Return the value of a constant of one element."""
        values = self.constants.get(name)
        return float(values.reshape(-1)[0]) if values is not None and values.size == 1 else None


def find_patterns(graph: FlatGraph) -> FlatGraph:
    """Replace groups of ops by the layer that they were; what they replaced stays where others read it.

    Args:
        graph: The flat graph.
    """
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    readers: dict[str, tuple[FlatNode, ...]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            readers[name] = (*readers.get(name, ()), node)
    links = _Links(makers, readers, graph.constants)
    nodes = [_find(links, node) for node in graph.nodes]
    return replace(graph, nodes=tuple(nodes))


def _find(links: _Links, node: FlatNode) -> FlatNode:
    return (
        _layer_norm(links, node)
        or _log_softmax(links, node)
        or _safe_softmax(links, node)
        or _choice(links, node)
        or find_function(links.makers, links.constants, node)
        or node
    )


def _log_softmax(links: _Links, node: FlatNode) -> FlatNode | None:
    """Find the logarithm of a softmax."""
    softmax = links.made(node.inputs[0], "Softmax") if node.op == "Log" else None
    return None if softmax is None else replace(node, op="LogSoftmax", inputs=softmax.inputs, options=softmax.options)


def _safe_softmax(links: _Links, node: FlatNode) -> FlatNode | None:
    """Find the softmax of PyTorch's attention, with zeros where a whole row is minus infinity, which no data is."""
    softmax = links.made(node.inputs[2], "Softmax") if node.op == "Where" and len(node.inputs) == 3 else None
    if softmax is None:
        return None
    condition = links.made(node.inputs[0], "Not", "ReduceMax")
    while condition is not None and condition.op != "Equal":
        condition = links.made(condition.inputs[0], "Not", "ReduceMax", "Equal")
    if condition is None or condition.inputs[0] != softmax.inputs[0] or links.number(condition.inputs[1]) != -np.inf:
        return None
    return replace(node, op="Softmax", inputs=softmax.inputs, options=softmax.options)


def _layer_norm(links: _Links, node: FlatNode) -> FlatNode | None:
    """Find (x - mean) / sqrt(variance + epsilon) over the last axis; its scale and offset stay as they are."""
    if node.op != "Div":
        return None
    centred, root = links.made(node.inputs[0], "Sub"), links.made(node.inputs[1], "Sqrt")
    total = links.made(root.inputs[0], "Add") if root else None
    if centred is None or total is None:
        return None
    variance, epsilon = links.made(total.inputs[0], "ReduceMean"), links.number(total.inputs[1])
    square = links.made(variance.inputs[0], "Pow", "Mul") if variance else None
    mean = links.made(centred.inputs[1], "ReduceMean")
    if variance is None or square is None or mean is None or epsilon is None:
        return None
    is_square = square.inputs[0] == node.inputs[0] and (
        square.inputs[1] == node.inputs[0] or links.number(square.inputs[1]) == 2
    )
    if (
        not is_square
        or mean.inputs[0] != centred.inputs[0]
        or not _is_last(links, mean)
        or not _is_last(links, variance)
    ):
        return None
    options = {"axis": -1, "epsilon": epsilon}
    return replace(node, op="LayerNormalization", inputs=(centred.inputs[0],), options=options)


def _is_last(links: _Links, node: FlatNode) -> bool:
    """Whether a reduction works on the last axis and keeps it."""
    axes = node.options.get("axes", links.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None)
    return axes is not None and list(np.atleast_1d(np.asarray(axes))) == [-1] and bool(node.options.get("keepdims", 1))


def _choice(links: _Links, node: FlatNode) -> FlatNode | None:
    """Find x where x > 0, else a product with it: ReLU, PReLU."""
    condition = links.made(node.inputs[0], "Greater") if node.op == "Where" and len(node.inputs) == 3 else None
    if condition is None:
        return None
    x, limit = links.origin(node.inputs[1]), links.number(condition.inputs[1])
    if limit is None or links.origin(condition.inputs[0]) != x:
        return None
    inner = links.makers.get(links.origin(node.inputs[2]))
    if limit != 0:
        return None
    if links.number(node.inputs[2]) == 0:
        return replace(node, op="Relu", inputs=(x,), options={})
    if inner is not None and inner.op == "Mul":
        slopes = [name for name in inner.inputs if links.origin(name) != x]
        return replace(node, op="PRelu", inputs=(x, slopes[0]), options={}) if len(slopes) == 1 else None
    return None
