"""What the plan of a design says of it: figures of each layer and of the whole, kept by content.

A layer's figures depend on its weights, types, knobs, inputs and target alone. They are kept in memory and on disk, so
a layer is planned once; asking again for a design of known layers takes a millisecond.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.ops import Input
from hlsexplore.report import Figures
from hlsexplore.rtl_plan.count.blocks import DSP48E1, Blocks
from hlsexplore.rtl_plan.count.layers import SRL_CYCLES, layer_figures
from hlsexplore.rtl_plan.count.stream import stream_layer_figures
from hlsexplore.rtl_plan.keys import layer_key, planner_version
from hlsexplore.rtl_plan.plan import holds_for_readers, planned_layer
from hlsexplore.rtl_plan.stream.plan import StreamPlan, stream_plan
from hlsexplore.rtl_plan.tensor import BusTensor, input_tensor
from hlsexplore.support import cache
from hlsexplore.support.cache import content_key
from hlsexplore.support.recent import Recent
from hlsexplore.target import Io

KIND = "plans"
"""Folder of the store."""
MEMORY_ENTRIES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSummary:
    """A planned layer.

    Attributes:
        figures: What it takes.
        output: The tensor that it makes.
    """

    figures: Figures
    output: BusTensor


_memory: Recent[str, LayerSummary] = Recent(MEMORY_ENTRIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignSummary:
    """A planned design.

    Attributes:
        layers: Figures of each layer by name.
        total: Figures of the whole, the top module included.
        times: Of a stream, cycles in which each layer begins, has its first result, and ends.
    """

    layers: Mapping[str, Figures]
    total: Figures
    times: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)


def summarize(design: Design, blocks: Blocks = DSP48E1) -> DesignSummary:
    """Count what the RTL of a design takes, from its plan; layers that were never planned take up to some seconds.

    Args:
        design: The design.
        blocks: Cells that are counted.

    Raises:
        NoModelError: If a layer or an option has no plan that is counted; names the layer.
    """
    if design.target.io is not Io.PARALLEL:
        return _stream(design, blocks)
    tensors: dict[str, BusTensor] = {}
    starts: dict[str, int] = {}
    layers: dict[str, Figures] = {}
    for node in design.graph:
        if isinstance(node.op, Input):
            tensors[node.name], starts[node.name] = input_tensor(design, node), 0
            continue
        found = _layer(design, node, tuple(tensors[name] for name in node.inputs), blocks)
        layers[node.name], tensors[node.name] = found.figures, found.output
        starts[node.name] = max(starts[name] for name in node.inputs) + int(found.figures.latency_cycles_max or 0)
    return DesignSummary(layers=layers, total=_total(design, layers, tensors, starts))


def _stream(design: Design, blocks: Blocks) -> DesignSummary:
    """Count a streaming design, whose layers' timing depends on each other, as a whole."""
    key = content_key([planner_version(), design.key, blocks.family])
    data = cache.load(KIND, key)
    found = None if data is None else _read_design(data)
    if found is not None:
        return found
    planned = stream_plan(design)
    layers = {layer.node.name: stream_layer_figures(layer, blocks) for layer in planned.layers}
    total = Figures(
        **{name: sum(getattr(item, name) or 0 for item in layers.values()) for name in ("lut", "ff", "dsp", "bram18")},
        uram=0,
        latency_cycles_min=planned.latency_cycles,
        latency_cycles_max=planned.latency_cycles,
        ii_cycles=planned.ii_cycles,
    )
    summary = DesignSummary(layers=layers, total=total, times=_times(planned))
    cache.store(KIND, key, asdict(summary))
    return summary


def _times(planned: StreamPlan) -> dict[str, tuple[int, int, int]]:
    """Cycles of each layer; its first result is there when a stage behind begins, or else at its end."""
    firsts: dict[str, list[int]] = defaultdict(list)
    stages = {layer.node.name: layer.stage for layer in planned.layers}
    found = {}
    for layer in reversed(planned.layers):
        name, end = layer.node.name, layer.start_cycle + layer.latency_cycles
        first = min(firsts[name], default=end)
        found[name] = (layer.start_cycle, min(max(first, layer.start_cycle), end), end)
        for source in layer.sources:
            firsts[source].append(first if stages.get(source) == layer.stage else layer.start_cycle)
    return found


def _read_design(data: Mapping[str, Any]) -> DesignSummary | None:
    """Read a stored design; None when it is damaged."""
    try:
        layers = {name: Figures(**item) for name, item in data["layers"].items()}
        times = {name: (int(start), int(first), int(end)) for name, (start, first, end) in data["times"].items()}
        return DesignSummary(layers=layers, total=Figures(**data["total"]), times=times)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _layer(design: Design, node: Node, inputs: tuple[BusTensor, ...], blocks: Blocks) -> LayerSummary:
    holds = holds_for_readers(design, node)
    key = content_key([layer_key(design, node, inputs, holds), blocks.family])

    def make() -> LayerSummary:
        data = cache.load(KIND, key)
        found = None if data is None else _read(data)
        if found is None:
            planned = planned_layer(design, node, inputs, holds)
            found = LayerSummary(figures=layer_figures(planned, blocks), output=planned.output)
            cache.store(KIND, key, asdict(found))
        return found

    return _memory.find(key, make)


def _read(data: Mapping[str, Any]) -> LayerSummary | None:
    """Read a stored layer; None when it is damaged."""
    try:
        values = dict(data["output"])
        values["shape"] = tuple(values["shape"])
        values["ranges"] = tuple((int(low), int(high)) for low, high in values["ranges"])
        values["zeros"] = tuple(map(int, values["zeros"]))
        return LayerSummary(figures=Figures(**data["figures"]), output=BusTensor(**values))
    except (KeyError, TypeError, ValueError):
        return None


def _total(
    design: Design, layers: Mapping[str, Figures], tensors: Mapping[str, BusTensor], starts: Mapping[str, int]
) -> Figures:
    """Add the layers up, with the registered outputs, the pace of inputs and the delays between branches."""
    latency = max(starts[name] for name in design.graph.outputs)
    ii = max((int(item.ii_cycles or 1) for item in layers.values()), default=1)
    lut, ff = _delays(design, tensors, starts, latency)
    if ii > 1:
        bits = (ii - 1).bit_length()
        lut, ff = lut + counter_luts(bits), ff + bits
    for name in design.graph.outputs:
        ff += tensors[name].num_bits
    return Figures(
        lut=lut + sum(item.lut or 0 for item in layers.values()),
        ff=ff + 1 + sum(item.ff or 0 for item in layers.values()),
        dsp=sum(item.dsp or 0 for item in layers.values()),
        bram18=sum(item.bram18 or 0 for item in layers.values()),
        uram=0,
        latency_cycles_min=latency + 1,
        latency_cycles_max=latency + 1,
        ii_cycles=ii,
    )


def counter_luts(bits: int) -> int:
    """Count the LUTs of the counter that spaces the inputs: its decrement, its load and the test for zero."""
    return 2 * bits + 2


def _delays(
    design: Design, tensors: Mapping[str, BusTensor], starts: Mapping[str, int], latency: int
) -> tuple[int, int]:
    """Count the LUTs (shift registers) and flip-flops that bring tensors to a later cycle."""
    cycles = {(name, latency) for name in design.graph.outputs}
    for node in design.graph.layers:
        start = max(starts[name] for name in node.inputs)
        cycles |= {(name, start) for name in node.inputs}
    lut = ff = 0
    for name, cycle in cycles:
        delay, bits = cycle - starts[name], tensors[name].num_bits
        if delay >= SRL_CYCLES:
            lut += bits
        else:
            ff += delay * bits
        ff += delay
    return lut, ff
