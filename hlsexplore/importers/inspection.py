"""What every importer hands back: the layers of a model, what became of them, and the graph."""

from dataclasses import dataclass

from hlsexplore.graph import Graph, Shape
from hlsexplore.ops import weights


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerInfo:
    """A layer of the model file and what became of it.

    Attributes:
        name: Its name, with those of enclosing models.
        cls: Its class in the file.
        shape: Its output shape without the batch axis; None where that is unknown.
        num_parameters: Weights and biases that it brings into the graph.
        nodes: Names of the graph's nodes made from it, before batch normalisations are fused.
        problem: Why it is not supported, or None.
    """

    name: str
    cls: str
    shape: Shape | None
    num_parameters: int
    nodes: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a model holds.

    Attributes:
        name: The model's name.
        layers: Its layers.
        problems: Everything that is not supported, a sentence each; empty if the model can be used.
        notes: What people should know about a model that can be used, a sentence each.
        graph: The network; None if something is not supported.
    """

    name: str
    layers: tuple[LayerInfo, ...]
    problems: tuple[str, ...]
    graph: Graph | None
    notes: tuple[str, ...] = ()


def inspect_graph(graph: Graph) -> Inspection:
    """List the layers of a graph that is there already."""
    layers = tuple(
        LayerInfo(
            name=node.name,
            cls=node.kind,
            shape=node.shape,
            num_parameters=sum(values.size for values in weights(node.op).values()),
            nodes=(node.name,),
            problem=None,
        )
        for node in graph
    )
    return Inspection(name=graph.name, layers=layers, problems=(), graph=graph)
