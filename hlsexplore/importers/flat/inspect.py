"""What the readers of ONNX and PyTorch share behind their flat graphs: from ops to a network of ours."""

from collections.abc import Mapping
from dataclasses import replace

from hlsexplore.errors import ModelError
from hlsexplore.graph import Graph, Node
from hlsexplore.importers.flat.graph import FlatGraph
from hlsexplore.importers.flat.sketch import Draft, FakeQuant, free_name
from hlsexplore.importers.flat.walk import Walked, walk
from hlsexplore.importers.inspection import Inspection, LayerInfo


def inspect_flat(graph: FlatGraph) -> Inspection:
    """List the layers of a flat graph and everything in it that does not fit, and make its network.

    Args:
        graph: The flat graph.

    Raises:
        ModelError: If it is damaged, or weights are NaN or infinite.
    """
    walked = walk(graph)
    if walked.problems:
        return Inspection(name=graph.name, layers=walked.infos, problems=walked.problems, graph=None)
    drafts = _reached(walked)
    names = _names(drafts)
    nodes = tuple(_node(draft, names) for draft in drafts)
    network = Graph(name=graph.name, nodes=nodes, outputs=tuple(names[tensor.node] for tensor in walked.outputs))
    return Inspection(name=graph.name, layers=_kept(walked.infos, names), problems=(), graph=network)


def _names(drafts: list[Draft]) -> dict[str, str]:
    """Return the final name of each draft: names that only drafts without readers took are free again."""
    taken: set[str] = set()
    return {draft.name: free_name(draft.base, taken) for draft in drafts}


def _reached(walked: Walked) -> list[Draft]:
    """Return the drafts that the outputs depend on, and all inputs."""
    drafts = walked.sketch.drafts
    wanted: set[str] = set()
    stack = [tensor.node for tensor in walked.outputs]
    while stack:
        name = stack.pop()
        if name not in wanted:
            wanted.add(name)
            stack += drafts[name].inputs
    return [draft for draft in drafts.values() if draft.name in wanted or not draft.inputs]


def _node(draft: Draft, names: Mapping[str, str]) -> Node:
    if isinstance(draft.op, FakeQuant):
        raise ModelError(f"{draft.source}: quantizers are not read.")
    inputs = tuple(names[name] for name in draft.inputs)
    return Node(name=names[draft.name], op=draft.op, inputs=inputs, shape=draft.shape, source=draft.source)


def _kept(infos: tuple[LayerInfo, ...], names: Mapping[str, str]) -> tuple[LayerInfo, ...]:
    """Name only the nodes that are still there."""
    return tuple(replace(info, nodes=tuple(names[name] for name in info.nodes if name in names)) for info in infos)
