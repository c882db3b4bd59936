"""Passes from graphs to graphs: each keeps what the network computes in exact arithmetic."""

from dataclasses import replace

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Affine, Conv, Dense, DepthwiseConv


def fuse_affine(graph: Graph) -> Graph:
    """Fold each `Affine` into the product or `Affine` before it, where it is the only reader.

    Batch normalisations behind Dense and convolutions disappear into the weights. A node whose weights or result have
    a type given by the model keeps them: folding would take its weights off their grid.

    Args:
        graph: The network.

    Returns:
        The network with fewer nodes, the folded ones under the name of the first; the same object if nothing folds.

    Examples:
        >>> from hlsexplore.ops import Input
        >>> one = np.ones((1, 1))
        >>> nodes = (
        ...     Node(name="x", op=Input(), inputs=(), shape=(1,)),
        ...     Node(name="fc", op=Dense(kernel=one), inputs=("x",), shape=(1,)),
        ...     Node(name="bn", op=Affine(kernel=2 * one[0], bias=one[0]), inputs=("fc",), shape=(1,)),
        ... )
        >>> fused = fuse_affine(Graph(name="net", nodes=nodes, outputs=("bn",)))
        >>> [node.name for node in fused], fused["fc"].op.kernel, fused["fc"].op.bias
        (['x', 'fc'], array([[2.]]), array([1.]))
    """
    renamed: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    for node in graph.nodes:
        node = replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))
        before = nodes.get(node.inputs[0]) if len(node.inputs) == 1 else None
        if (
            before is not None
            and _is_sole_reader(graph, graph[node.name])
            and (folded := _fold(before, node)) is not None
        ):
            nodes[before.name] = folded
            renamed[node.name] = before.name
            continue
        nodes[node.name] = node
    if not renamed:
        return graph
    outputs = tuple(renamed.get(name, name) for name in graph.outputs)
    return Graph(name=graph.name, nodes=tuple(nodes.values()), outputs=outputs)


def _is_sole_reader(graph: Graph, node: Node) -> bool:
    """Whether a node alone reads its input, which is no output of the network."""
    source = node.inputs[0]
    return source not in graph.outputs and len(graph.consumers(source)) == 1


def _fold(before: Node, node: Node) -> Node | None:
    """Fold an `Affine` into the node before it; None if that is not possible without leaving a given type."""
    op = node.op
    if not isinstance(op, Affine) or "weight" in node.types or before.types.keys() & {"weight", "result"}:
        return None
    types = {key: type_ for key, type_ in node.types.items() if key == "result"}
    source = before.op
    match source:
        case Dense() | Conv():
            kernel = source.kernel * op.kernel
        case DepthwiseConv():
            kernel = source.kernel * op.kernel.reshape(source.kernel.shape[2:])
        case Affine():
            kernel = source.kernel * op.kernel
        case _:
            return None
    bias: RealArray = op.bias if source.bias is None else source.bias * op.kernel + op.bias
    merged = f"{before.source} + {node.source}" if before.source and node.source else before.source
    op_ = replace(source, kernel=np.asarray(kernel), bias=bias)
    return replace(before, op=op_, types=types, source=merged, unit=node.unit)
