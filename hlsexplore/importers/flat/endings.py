"""How networks end: labels of classes and logarithms of probabilities, which hardware leaves to its reader."""

from dataclasses import replace

from hlsexplore.importers.flat.graph import FlatGraph, FlatNode

_AFTER_CLASS = frozenset(
    {"Cast", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Gather", "ai.onnx.ml.ArrayFeatureExtractor"}
)
"""What exporters of classifiers put behind the number of the class, to return its label."""
_VIEWS = frozenset({"Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Transpose"})
"""Ops that keep the values of a tensor."""


def hardware_part(graph: FlatGraph) -> tuple[FlatGraph, tuple[str, ...]]:
    """Leave out what ends a network and is no matter of hardware: labels of classes, and the logarithm of a softmax.

    Args:
        graph: The flat graph.

    Returns:
        The graph, and a sentence about everything that was left out.
    """
    graph, labels = _without_labels(graph)
    graph, logits = _without_logarithms(graph)
    notes = [f"the output {name[:60]!r} is left out: it only names the class of the largest value." for name in labels]
    notes += [
        f"the output {name[:60]!r} holds the logits: the LogSoftmax that ends the network is left out. The order of "
        "the classes is the same, and so is the softmax of the output."
        for name in logits
    ]
    return graph, tuple(notes)


def _without_labels(graph: FlatGraph) -> tuple[FlatGraph, tuple[str, ...]]:
    """Leave out outputs that only name the largest value of another one's row; all are kept if none would remain."""
    makers = {name: node for node in graph.nodes for name in node.outputs if name}

    def is_label(name: str) -> bool:
        waiting, seen = [name], set[str]()
        while waiting:
            node = makers.get(waiting.pop())
            if node is None:
                continue
            if node.op == "ArgMax":
                return True
            if node.op in _AFTER_CLASS:
                waiting += [item for item in node.inputs if item not in seen]
                seen |= set(node.inputs)
        return False

    labels = tuple(name for name in graph.outputs if is_label(name))
    kept = tuple(name for name in graph.outputs if name not in labels)
    return (replace(graph, outputs=kept), labels) if kept else (graph, ())


def _without_logarithms(graph: FlatGraph) -> tuple[FlatGraph, tuple[str, ...]]:
    """Let a LogSoftmax pass its input where only outputs read it, and return the names of these."""
    needed = needed_nodes(graph)
    readers: dict[str, list[FlatNode]] = {}
    for node in needed:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)

    def ends(name: str) -> list[str]:
        """Return the outputs that a tensor becomes by views alone; none if it becomes anything else."""
        found, waiting, seen = list[str](), [name], {name}
        while waiting:
            name = waiting.pop()
            found += [name] if name in graph.outputs else []
            for node in readers.get(name, ()):
                if node.op not in _VIEWS or node.inputs[0] != name or name in node.inputs[1:]:
                    return []
                waiting += [result for result in node.outputs if result not in seen]
                seen |= set(node.outputs)
        return found

    finals = {name: ends(name) for node in needed if node.op == "LogSoftmax" for name in node.outputs[:1] if name}
    left = {name for name, outputs in finals.items() if outputs}
    nodes = tuple(
        replace(node, op="Identity", options={}) if left & set(node.outputs[:1]) else node for node in graph.nodes
    )
    return replace(graph, nodes=nodes), tuple(dict.fromkeys(name for names in finals.values() for name in names))


def needed_nodes(graph: FlatGraph) -> tuple[FlatNode, ...]:
    """Return the ops that the outputs depend on, in order."""
    wanted, found = set(graph.outputs), list[FlatNode]()
    for node in reversed(graph.nodes):
        if any(name in wanted for name in node.outputs if name):
            wanted |= set(node.inputs)
            found.append(node)
    return tuple(reversed(found))
