"""The structure of a design in logic: every layer's netlist, cycles and buses, before any text is written.

The RTL generator writes what is planned here and the estimator counts it, so latency and initiation interval agree.
"""

from dataclasses import dataclass
from functools import lru_cache

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.ops import Dense, Input, Reshape
from hlsexplore.rtl_plan.keys import layer_key
from hlsexplore.rtl_plan.layer_plan import LayerPlan
from hlsexplore.rtl_plan.layers import plan_layer
from hlsexplore.rtl_plan.tensor import BusTensor, input_tensor
from hlsexplore.support.cancel import check_cancelled, tell
from hlsexplore.support.recent import Recent
from hlsexplore.target import Io

KEPT_LAYERS = 64
"""Planned layers that stay in memory, so that a changed layer is the only one to plan again."""
_kept: Recent[tuple[str, str, tuple[str, ...]], LayerPlan] = Recent(KEPT_LAYERS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignPlan:
    """All modules of a design.

    Attributes:
        design: The design.
        layers: A plan for each layer, in topological order.
        tensors: The tensor of every node, inputs included, by name.
        starts: Cycle in which each node's tensor is there, by name, counted from the inputs.
        latency_cycles: Cycles from the inputs to the registered outputs.
        ii_cycles: Cycles between two inputs.
    """

    design: Design
    layers: tuple[LayerPlan, ...]
    tensors: dict[str, BusTensor]
    starts: dict[str, int]
    latency_cycles: int
    ii_cycles: int


@lru_cache(maxsize=64)
def plan(design: Design) -> DesignPlan:
    """Plan the modules of a design.

    Raises:
        NoModelError: If a layer or an option has no RTL; names the layer.
    """
    if design.target.io is not Io.PARALLEL:
        raise NoModelError("this plans io='parallel' only; structure.stream.stream_plan plans streams.")
    tensors: dict[str, BusTensor] = {}
    starts: dict[str, int] = {}
    layers: list[LayerPlan] = []
    for node in design.graph:
        if isinstance(node.op, Input):
            tensors[node.name], starts[node.name] = input_tensor(design, node), 0
            continue
        holds = holds_for_readers(design, node)
        layer = planned_layer(design, node, tuple(tensors[name] for name in node.inputs), holds)
        layers.append(layer)
        tensors[node.name] = layer.output
        starts[node.name] = max(starts[name] for name in node.inputs) + layer.latency_cycles
    return DesignPlan(
        design=design,
        layers=tuple(layers),
        tensors=tensors,
        starts=starts,
        latency_cycles=max(starts[name] for name in design.graph.outputs) + 1,
        ii_cycles=max((layer.ii_cycles for layer in layers), default=1),
    )


def planned_layer(design: Design, node: Node, inputs: tuple[BusTensor, ...], holds: bool) -> LayerPlan:
    """Return the plan of a module, the kept one where nothing that it depends on has changed.

    Args:
        design: The design.
        node: The layer.
        inputs: Tensors that it reads.
        holds: Whether a fully parallel layer keeps its output until the next one.

    Raises:
        NoModelError: If the layer or an option has no RTL.
        CancelledError: If the work of this thread was cancelled.
    """
    check_cancelled()
    key = (layer_key(design, node, inputs, holds), node.name, node.inputs)

    def make() -> LayerPlan:
        begin_layer(design, node)
        return plan_layer(design, node, inputs, holds)

    return _kept.find(key, make)


def begin_layer(design: Design, node: Node) -> None:
    """Tell that the plan of a layer begins, which may take seconds.

    Raises:
        CancelledError: If the work of this thread was cancelled.
    """
    check_cancelled()
    names = [layer.name for layer in design.graph.layers]
    tell(f"planning {node.name!r}", names.index(node.name) / len(names))


def forget() -> None:
    """Drop all plans that are kept in memory, for measurements."""
    plan.cache_clear()
    _kept.clear()


def is_folded(design: Design, node: Node) -> bool:
    """Whether a layer shares multipliers between the steps of a sample."""
    return isinstance(node.op, Dense) and design.layers[node.name].reuse > 1 and len(node.shape) == 1


def holds_for_readers(design: Design, node: Node) -> bool:
    """Whether a layer keeps its output until the next one, since all its readers take it step by step."""
    readers = design.graph.consumers(node.name)
    return (
        bool(readers)
        and node.name not in design.graph.outputs
        and not isinstance(node.op, Reshape)
        and not is_folded(design, node)
        and all(is_folded(design, reader) for reader in readers)
    )
