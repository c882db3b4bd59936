"""What every importer hands back: the layers of a model, what became of them, and the graph."""

from dataclasses import dataclass

from hlsexplore.graph import Graph, Shape


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
        graph: The network; None if something is not supported.
    """

    name: str
    layers: tuple[LayerInfo, ...]
    problems: tuple[str, ...]
    graph: Graph | None
