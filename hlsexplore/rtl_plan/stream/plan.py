"""The structure of a streaming design: stages of layers with queues between them (docs/rtl.md, section Streams).

A stage begins with a layer that feeds its arithmetic from beats, goes on with layers that compute a beat from a beat,
and ends with a queue for each reader. Arithmetic never stalls: a computation starts only when the queues at the end of
its stage have a place for the result.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from hlsexplore.design import Design
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.ops import Dense, Input, Reshape
from hlsexplore.rtl_plan.layer_plan import LayerPlan, Wires
from hlsexplore.rtl_plan.layers import timing_of
from hlsexplore.rtl_plan.plan import begin_layer
from hlsexplore.rtl_plan.products import accumulates
from hlsexplore.rtl_plan.stream.beats import beat_layer, is_direct
from hlsexplore.rtl_plan.stream.feed import Feed, FeedKind
from hlsexplore.rtl_plan.stream.flow import BeatFlow, Stage, flow
from hlsexplore.rtl_plan.tensor import BusTensor, any_position, full_tensor, input_tensor
from hlsexplore.rtl_plan.walk import beats_of, plain_walk

Reader = tuple[str, int]
"""A layer and its input, or an output of the design with the input -1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamLayer:
    """One module.

    Attributes:
        node: The layer, or an input of the design with several readers.
        sources: Modules or inputs of the design that it reads.
        feed: How beats reach its arithmetic; None where a stage goes on.
        core: Its arithmetic for one beat of output.
        readers: Who reads it.
        depths: Places of its queue for each reader; empty where the stage goes on; of a layer that `waits` one place,
            its own registers.
        stage: Number of its stage.
        start_cycle: Cycle of the first sample in which the stage takes its first beat.
        latency_cycles: Cycles from then until the last result of the first sample can be read.
        ii_cycles: Cycles between two samples that the layer itself needs.
    """

    node: Node
    sources: tuple[str, ...]
    feed: Feed | None
    core: LayerPlan
    readers: tuple[Reader, ...]
    depths: tuple[int, ...] = ()
    stage: int = 0
    start_cycle: int = 0
    latency_cycles: int = 0
    ii_cycles: int = 1

    @property
    def waits(self) -> bool:
        """Whether collected beats wait in their own registers until they are read, and no queue is needed."""
        is_collected = (
            self.feed is not None and self.feed.kind is FeedKind.COLLECT and isinstance(self.core.body, Wires)
        )
        return is_collected and len(self.readers) == 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamPlan:
    """All modules of a streaming design.

    Attributes:
        design: The design.
        layers: A plan for each module, in topological order; reshapes that change no beat, or only collect for a
            dense layer that takes beats as they are, have none.
        beats: A beat of every node, inputs included, by name.
        origins: The module or input that each node's beats come from, by name: itself but for such reshapes.
        latency_cycles: Cycles from the first beat of a sample to the last one of its outputs, at full speed.
        ii_cycles: Cycles between two samples in the steady state, at full speed.
    """

    design: Design
    layers: tuple[StreamLayer, ...]
    beats: dict[str, BusTensor]
    origins: dict[str, str]
    latency_cycles: int
    ii_cycles: int


@lru_cache(maxsize=64)
def stream_plan(design: Design) -> StreamPlan:
    """Plan the modules of a streaming design.

    Raises:
        NoModelError: If a layer or an option has no streaming RTL; names the layer.
    """
    origins = _origins(design)
    readers = _readers(design, origins)
    queue_ns = 2 * timing_of(design)[0].lut_ns
    beats: dict[str, BusTensor] = {}
    layers: list[StreamLayer] = []
    for node in design.graph:
        origin = origins[node.name]
        if origin != node.name:
            beats[node.name] = beats[origin]
        elif isinstance(node.op, Input):
            type_, one = design.result_type(node.name), any_position(input_tensor(design, node), node.shape[-1])
            one = one if one.width == type_.width else full_tensor(one.shape, type_)
            beats[node.name] = replace(one, arrival_ns=queue_ns)
            if len(readers[node.name]) > 1 or _is_output(readers[node.name]):
                layers.append(_fork(node, beats[node.name], readers[node.name]))
        elif readers[node.name]:
            layer = _layer(design, node, origins, readers, beats)
            layers.append(layer)
            is_queued = not _goes_on(design, readers, node.name)
            beats[node.name] = replace(layer.core.output, arrival_ns=queue_ns) if is_queued else layer.core.output
    return _finish(design, layers, beats, origins)


def is_view(design: Design, node: Node) -> bool:
    """Whether a node is a reshape that changes no beat."""
    return isinstance(node.op, Reshape) and beats_of(design.graph[node.inputs[0]].shape) == beats_of(node.shape)


def _origins(design: Design) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in design.graph:
        is_own = not is_view(design, node) and not _is_accumulated(design, node)
        found[node.name] = node.name if is_own else found[node.inputs[0]]
    return found


def _is_accumulated(design: Design, node: Node) -> bool:
    """Whether a node is a flattening whose only reader, a dense layer, takes the beats as they are."""
    readers = design.graph.consumers(node.name)
    if not isinstance(node.op, Reshape) or len(readers) != 1 or node.name in design.graph.outputs:
        return False
    (beats, _), (left, _) = beats_of(design.graph[node.inputs[0]].shape), beats_of(node.shape)
    return left == 1 and isinstance(readers[0].op, Dense) and accumulates(design, readers[0], beats)


def _readers(design: Design, origins: dict[str, str]) -> dict[str, list[Reader]]:
    """Return who reads each module; modules that no output depends on have no readers and are left out."""
    found: dict[str, list[Reader]] = {node.name: [] for node in design.graph}
    for node in reversed(design.graph.nodes):
        if node.name in design.graph.outputs:
            found[origins[node.name]].append((node.name, -1))
        if origins[node.name] == node.name and found[node.name]:
            for port, source in enumerate(node.inputs):
                found[origins[source]].append((node.name, port))
    order = {node.name: index for index, node in enumerate(design.graph)}
    return {name: sorted(items, key=lambda item: (order[item[0]], item[1])) for name, items in found.items()}


def _is_output(readers: list[Reader]) -> bool:
    return any(port < 0 for _, port in readers)


def _goes_on(design: Design, readers: dict[str, list[Reader]], name: str) -> bool:
    """Whether a layer's results go straight into the arithmetic of its only reader, in the same stage."""
    (reader, port), *others = readers[name]
    if others or port < 0:
        return False
    return is_direct(design.graph[reader]) and design.layers[reader].reuse == 1


def _fork(node: Node, beat: BusTensor, readers: list[Reader]) -> StreamLayer:
    feed = Feed(kind=FeedKind.DIRECT, walk=plain_walk(beats_of(node.shape)[0]), inputs=(beat,))
    core = LayerPlan(node=node, inputs=(beat,), output=beat, body=Wires(), latency_cycles=0)
    return StreamLayer(node=node, sources=(node.name,), feed=feed, core=core, readers=tuple(readers))


def _layer(
    design: Design,
    node: Node,
    origins: dict[str, str],
    readers: dict[str, list[Reader]],
    beats: dict[str, BusTensor],
) -> StreamLayer:
    begin_layer(design, node)
    sources = tuple(origins[name] for name in node.inputs)
    feed, core = beat_layer(design, node, tuple(beats[name] for name in sources))
    continues = not isinstance(design.graph[sources[0]].op, Input) and _goes_on(design, readers, sources[0])
    return StreamLayer(
        node=node,
        sources=sources,
        feed=None if continues else feed,
        core=core,
        readers=tuple(readers[node.name]),
        ii_cycles=Stage(
            walk=feed.walk,
            pace=core.ii_cycles,
            rest=_rest(feed, core),
            latency_cycles=0,
            sources=(),
            readers=(),
        ).busy_cycles,
    )


def _rest(feed: Feed, core: LayerPlan) -> int:
    """Return the cycles of a position that starts no computation."""
    return core.ii_cycles if feed.kind is FeedKind.ACCUMULATE else 1


def _finish(
    design: Design, layers: list[StreamLayer], beats: dict[str, BusTensor], origins: dict[str, str]
) -> StreamPlan:
    """Group the modules into stages and follow the beats through them."""
    if not layers:
        raise NoModelError("this network has no layer, so there is nothing to stream through.")
    numbers: dict[str, int] = {}
    groups: list[list[StreamLayer]] = []
    for layer in layers:
        if layer.feed is None:
            number = numbers[layer.sources[0]]
            groups[number].append(layer)
        else:
            number = len(groups)
            groups.append([layer])
        numbers[layer.node.name] = number
    followed = flow([_stage(group, numbers) for group in groups])
    placed = [_placed(layer, numbers[layer.node.name], groups, followed) for layer in layers]
    return StreamPlan(
        design=design,
        layers=tuple(placed),
        beats=beats,
        origins=origins,
        latency_cycles=followed.latency_cycles,
        ii_cycles=followed.ii_cycles,
    )


def _stage(group: list[StreamLayer], numbers: dict[str, int]) -> Stage:
    head, tail = group[0], group[-1]
    feed = head.feed
    if feed is None:
        raise NoModelError(f"layer {head.node.name!r} has nothing that feeds it.")
    is_fork = isinstance(head.node.op, Input)
    waits = head is tail and head.waits
    return Stage(
        walk=feed.walk,
        pace=head.core.ii_cycles,
        rest=_rest(feed, head.core),
        latency_cycles=0 if waits else feed.is_registered + sum(layer.core.latency_cycles for layer in group),
        sources=(-1,) if is_fork else tuple(numbers.get(source, -1) for source in head.sources),
        readers=tuple(
            (-1 - place, 0) if port < 0 else (numbers[reader], port)
            for place, (reader, port) in enumerate(tail.readers)
        ),
        waits=waits,
    )


def _placed(layer: StreamLayer, number: int, groups: list[list[StreamLayer]], followed: BeatFlow) -> StreamLayer:
    is_last = groups[number][-1] is layer
    return replace(
        layer,
        stage=number,
        depths=followed.depths[number] if is_last else (),
        start_cycle=followed.firsts[number],
        latency_cycles=followed.lasts[number] - followed.firsts[number],
    )
