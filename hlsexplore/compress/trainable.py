"""Which networks can be trained, and what of a design follows its weights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.defaults.bounds import accum_type
from hlsexplore.defaults.cells import cell_accum
from hlsexplore.design import Design
from hlsexplore.errors import UnsupportedError
from hlsexplore.fixed import Fixed, RealArray, quantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import own_types, trimmed_kernel
from hlsexplore.masks import Mask
from hlsexplore.ops import (
    MOVES,
    WEIGHT_FIELDS,
    Activation,
    Affine,
    Cell,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    Merge,
    Pool,
    Quantize,
    Recurrent,
    Softmax,
    weights,
)
from hlsexplore.task import Goal, TaskKind
from hlsexplore.weights import pruned_op

Masks = Mapping[tuple[str, str], NDArray[np.bool_]]
"""Which weights are kept, by layer and tensor key."""
TRAINED = (Dense, Conv, DepthwiseConv, Affine, Recurrent)
"""Ops whose weights are trained."""
PASSED = (*TRAINED, Input, Quantize, Pool, Merge, Concatenate, *MOVES)
FUNCTIONS = frozenset(
    {
        Function.LINEAR,
        Function.RELU,
        Function.LEAKY_RELU,
        Function.HARD_SIGMOID,
        Function.HARD_TANH,
        Function.SIGMOID,
        Function.TANH,
        Function.SOFTPLUS,
        Function.SOFTSIGN,
    }
)
"""Activations that gradients pass."""


def check_trainable(design: Design, goals: Sequence[Goal]) -> None:
    """Check that a network can be trained for some goals.

    Raises:
        UnsupportedError: If not; lists every layer that stands in the way.
    """
    graph = design.graph
    heads = {goal.output for goal in goals if logits_of(graph, goal) != goal.output}
    found = [text for node in graph if node.name not in heads and (text := _obstacle(design, node))]
    if found:
        raise UnsupportedError(found)
    if not any(isinstance(node.op, TRAINED) for node in graph):
        raise UnsupportedError([f"the network {graph.name!r} has no weights that could be trained."])


def _obstacle(design: Design, node: Node) -> str:
    """Say why a layer cannot be trained; nothing if it can."""
    op, where = node.op, f"layer {node.name!r}"
    if own_types(node, design.layers[node.name]) is not None and not isinstance(op, Input):
        return f"{where}: its elements have types of their own and cannot be trained. Set granularity to 'uniform'."
    if weights(op) and trimmed_kernel(op, design.layers[node.name]) is not None:
        return f"{where}: its weights have types of their own, of which trim takes bits. Set trim to 0."
    if isinstance(op, Softmax):
        return f"{where}: only a softmax that ends the network and decides between classes can be trained."
    if isinstance(op, Recurrent):
        functions = {op.activation, *(() if op.cell is Cell.SIMPLE_RNN else (op.recurrent_activation,))}
        names = ", ".join(sorted(map(str, functions - FUNCTIONS)))
        return f"{where}: a {node.kind} layer with {names} cannot be trained." if names else ""
    if isinstance(op, PASSED) or (isinstance(op, Activation) and op.function in FUNCTIONS):
        return ""
    return f"{where}: a {node.kind} layer cannot be trained; products, pools, merges and simple activations can."


def logits_of(graph: Graph, goal: Goal) -> str:
    """Return the layer whose result the loss takes: the one before a final softmax or sigmoid that decides."""
    node = graph[goal.output]
    is_softmax = isinstance(node.op, Softmax) and goal.task.kind is TaskKind.MULTICLASS
    is_sigmoid = isinstance(node.op, Activation) and node.op.function is Function.SIGMOID and goal.task.decides
    return node.inputs[0] if is_softmax or is_sigmoid else goal.output


def is_lossless(design: Design, node: Node) -> bool:
    """Whether a layer's accumulator loses nothing, whatever comes; with other weights it then follows them."""
    types = design.layers[node.name].types
    needed = _exact(design, node)
    return types["accum"].fraction >= needed.fraction and types["accum"].integer >= needed.integer


def _exact(design: Design, node: Node) -> Fixed:
    """Return the narrowest accumulator that loses nothing with the weights that a design keeps."""
    config = design.layers[node.name]
    kept = replace(node, op=pruned_op(node.op, config))
    if isinstance(node.op, Recurrent):
        return cell_accum(kept, config.types, design.input_types(node.name)[0])
    return accum_type(kept, config.types["weight"], config.types.get("bias"), design.input_types(node.name)[0])


def tuned_design(design: Design, values: Mapping[tuple[str, str], RealArray], masks: Masks) -> Design:
    """Return the design of a network with trained weights, whose default design has the same types.

    The weights of the new network are on the grids of their types. Accumulators that lost nothing follow the weights,
    and so do results that had the accumulator's type; what was dropped stays dropped, by masks.

    Args:
        design: The design before.
        values: Trained weights by layer and tensor key.
        masks: Which of them are kept; all where a key is missing.
    """
    nodes: list[Node] = []
    layers = dict(design.layers)
    for node in design.graph:
        config = design.layers[node.name]
        own = {key: array for (name, key), array in values.items() if name == node.name}
        if own:
            grids = {key: to_real(quantize(array, config.types[key]), config.types[key]) for key, array in own.items()}
            changed: dict[str, Any] = {WEIGHT_FIELDS[key]: array for key, array in grids.items()}
            if getattr(node.op, "types", None) is not None:
                changed["types"] = None
            node = replace(node, op=replace(node.op, **changed))
            kept = {key: Mask(mask) for (name, key), mask in masks.items() if name == node.name and not mask.all()}
            layers[node.name] = replace(config, types=_followed(design, node), density=1.0, masks=kept)
        nodes.append(replace(node, types=dict(layers[node.name].types)))
    graph = Graph(name=design.graph.name, nodes=tuple(nodes), outputs=design.graph.outputs)
    return Design(graph=graph, target=design.target, layers=layers)


def _followed(design: Design, node: Node) -> Mapping[str, Fixed]:
    """Return the types of a layer with new weights."""
    types = dict(design.layers[node.name].types)
    if "accum" not in types or not is_lossless(design, design.graph[node.name]):
        return types
    source = design.input_types(node.name)[0]
    if isinstance(node.op, Recurrent):
        return types | {"accum": cell_accum(node, types, source)}
    accum = accum_type(node, types["weight"], types.get("bias"), source)
    if types["result"] == types["accum"]:
        types["result"] = accum
    return types | {"accum": accum}
