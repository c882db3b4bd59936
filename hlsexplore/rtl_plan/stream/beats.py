"""Layers on streams: the feed of each kind of layer, and the logic that computes a beat of its output."""

from dataclasses import dataclass, replace

import numpy as np

from hlsexplore.coverage import (
    BACKWARD_STREAM,
    SLOPES_BY_POSITION,
    TYPES_BY_POSITION,
    Executor,
    no_answer,
)
from hlsexplore.design import Design
from hlsexplore.graph import Node, Shape
from hlsexplore.handlers import Handlers
from hlsexplore.ops import (
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    LayerNorm,
    Lookup,
    Merge,
    Op,
    Pad,
    Pair,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Reshape,
    Softmax,
    Upsample,
)
from hlsexplore.rtl_plan.layer_plan import LayerPlan, Wires
from hlsexplore.rtl_plan.layers import (
    in_turn,
    input_values,
    parallel_layer,
    plan_accumulated,
    plan_layer,
    plan_matrix,
    plan_recurrence,
)
from hlsexplore.rtl_plan.lower.layer import LoweredLayer
from hlsexplore.rtl_plan.lower.moves import source_elements
from hlsexplore.rtl_plan.lower.spatial import pool_beat, pool_end, pool_step
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.scan import positions_of, window_tensor
from hlsexplore.rtl_plan.stream.feed import Feed, FeedKind
from hlsexplore.rtl_plan.tensor import BusTensor, Range, any_position, repeated, with_zero
from hlsexplore.rtl_plan.walk import (
    beats_of,
    buffering_walk,
    choosing_walk,
    collecting_walk,
    frame_walk,
    image_of,
    plain_walk,
    splitting_walk,
)

Planned = tuple[Feed, LayerPlan]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arriving:
    """A layer whose inputs come beat by beat.

    Attributes:
        design: The design.
        node: The layer.
        inputs: A beat of each tensor that it reads.
    """

    design: Design
    node: Node
    inputs: tuple[BusTensor, ...]

    @property
    def shape(self) -> Shape:
        """Shape of the first tensor that it reads."""
        return self.design.graph[self.node.inputs[0]].shape


def beat_layer(design: Design, node: Node, inputs: tuple[BusTensor, ...]) -> Planned:
    """Plan a layer on streams.

    Args:
        design: The design.
        node: The layer.
        inputs: A beat of each input.

    Raises:
        NoModelError: If the layer or an option has no streaming RTL.
    """
    feed, core = PLANNERS(Arriving(design=design, node=node, inputs=inputs), node.op)
    return feed, in_turn(design, core, _copies(design, node))


def _copies(design: Design, node: Node) -> int:
    """Return how many positions of a layer may be computed at once, each by multipliers of its own."""
    config = design.layers[node.name]
    return min(config.parallel, config.reuse) if isinstance(node.op, Conv | DepthwiseConv | Dense) else 1


def is_direct(node: Node) -> bool:
    """Whether a layer computes each beat from one beat of its only input."""
    is_pointwise = isinstance(node.op, Conv | DepthwiseConv) and not is_windowed(node)
    planner = PLANNERS.table.get(type(node.op))
    return len(node.inputs) == 1 and (is_pointwise or planner in (_direct, _dense))


def is_windowed(node: Node) -> bool:
    """Whether a convolution looks at more than the newest pixel, or not at every one."""
    op = node.op
    if not isinstance(op, Conv | DepthwiseConv):
        return False
    return op.kernel.shape[:2] != (1, 1) or op.stride != (1, 1) or any(map(any, op.padding))


def _direct(layer: Arriving, op: Op) -> Planned:
    design, node, inputs = layer.design, layer.node, layer.inputs
    positions, size = beats_of(node.shape)
    feed = Feed(kind=FeedKind.DIRECT, walk=plain_walk(positions, len(inputs)), inputs=inputs)
    if isinstance(op, Conv | DepthwiseConv):
        return feed, plan_matrix(design, node, inputs[0])
    beat = replace(node, shape=(size,), op=_op_of_beat(node, size))
    return feed, plan_layer(design, beat, inputs)


def _dense(layer: Arriving, op: Dense) -> Planned:
    (source,) = layer.inputs
    if source.size == op.kernel.shape[0]:
        return _direct(layer, op)
    beats = op.kernel.shape[0] // source.size
    feed = Feed(kind=FeedKind.ACCUMULATE, walk=collecting_walk(1, beats), inputs=layer.inputs)
    return feed, plan_accumulated(layer.design, layer.node, source, beats)


def _recurrent(layer: Arriving, op: Recurrent) -> Planned:
    if op.go_backwards:
        raise BACKWARD_STREAM.error(layer.node)
    steps, _ = beats_of(layer.shape)
    walk = plain_walk(steps) if op.return_sequences else collecting_walk(1, steps)
    kind = FeedKind.DIRECT if op.return_sequences else FeedKind.ACCUMULATE
    feed = Feed(kind=kind, walk=walk, inputs=layer.inputs)
    return feed, plan_recurrence(layer.design, layer.node, layer.inputs[0], steps)


def _op_of_beat(node: Node, size: int) -> Op:
    """Return a layer's op for one beat."""
    op = node.op
    if isinstance(op, Concatenate):
        return Concatenate(axis=0)
    if isinstance(op, PRelu):
        slopes = np.broadcast_to(op.kernel, node.shape).reshape(-1, size)
        if (slopes != slopes[0]).any():
            raise SLOPES_BY_POSITION.error(node)
        return PRelu(kernel=slopes[0])
    if isinstance(op, Quantize):
        types = op.types.broadcast_to(node.shape).per_channel()
        if types is None:
            raise TYPES_BY_POSITION.error(node)
        return Quantize(types=types)
    return op


def _windowed(layer: Arriving, has_flags: bool = False) -> tuple[Feed, BusTensor]:
    """Plan a sliding window; return also the tensor of a whole window."""
    (source,) = layer.inputs
    positions = positions_of(layer.node, layer.shape)
    feed = Feed(
        kind=FeedKind.WINDOW,
        walk=positions.walk,
        inputs=(source,),
        reach=positions.reach,
        taps=positions.taps,
        has_flags=has_flags,
    )
    return feed, window_tensor(source, source.size, positions)


def _conv(layer: Arriving, op: Conv | DepthwiseConv) -> Planned:
    if not is_windowed(layer.node):
        return _direct(layer, op)
    feed, window = _windowed(layer)
    is_held = _copies(layer.design, layer.node) == 1
    return feed, plan_matrix(layer.design, layer.node, replace(window, is_held=is_held))


def _pool(layer: Arriving, op: Pool) -> Planned:
    if op.is_global:
        return _global_pool(layer)
    has_flags = not positions_of(layer.node, layer.shape).walk.takes(0).all()
    feed, window = _windowed(layer, has_flags)
    sources = (window, _flags(len(feed.taps))) if has_flags else (window,)
    beat = _beat_layer(layer, sources)
    beat.net.outputs = pool_beat(beat, _real_taps(feed) if has_flags else ())
    return feed, parallel_layer(layer.design, beat.node, sources, beat.net)


def _real_taps(feed: Feed) -> tuple[int, ...]:
    """Return how many taps of a window can lie in the image: each number that occurs."""
    counts = []
    for i, axis in enumerate((feed.walk.rows, feed.walk.columns)):
        taken, issued = axis.takes[0].flags(axis.length), axis.issue.flags(axis.length)
        offsets = sorted({tap[i] for tap in feed.taps})
        windows = np.flatnonzero(issued) - (feed.reach[i] - 1)
        counts.append({sum(int(taken[place + offset]) for offset in offsets) for place in windows})
    return tuple(sorted({rows * columns for rows in counts[0] for columns in counts[1]}))


def _global_pool(layer: Arriving) -> Planned:
    (source,), (positions, _) = layer.inputs, beats_of(layer.shape)
    accum = layer.design.layers[layer.node.name].types["accum"]
    loop = _beat_layer(layer, (_full(source.size, accum.fraction, (accum.min_raw, accum.max_raw)), source))
    loop.net.outputs, starts = pool_step(loop)
    feed = Feed(
        kind=FeedKind.REDUCE,
        walk=collecting_walk(1, positions),
        inputs=(source,),
        loop=loop.net,
        starts=starts,
    )
    end = _beat_layer(layer, (loop.inputs[0],))
    end.net.outputs = pool_end(end, positions)
    return feed, parallel_layer(layer.design, end.node, end.inputs, end.net)


def _beat_layer(layer: Arriving, sources: tuple[BusTensor, ...]) -> LoweredLayer:
    net = Net()
    beat = replace(layer.node, shape=layer.node.shape[-1:])
    return LoweredLayer(net=net, design=layer.design, node=beat, inputs=sources, values=input_values(net, sources))


def _full(size: int, fraction: int, span: Range) -> BusTensor:
    return BusTensor(shape=(size,), fraction=fraction, ranges=(span,) * size)


def _flags(count: int) -> BusTensor:
    return _full(count, 0, (0, 1))


def _frame(layer: Arriving, op: Pad | Crop) -> Planned:
    (source,), (image, _) = layer.inputs, image_of(layer.shape)
    walk = frame_walk(image, op.padding if isinstance(op, Pad) else _negative(op.cropping))
    feed = Feed(kind=FeedKind.WINDOW, walk=walk, inputs=layer.inputs)
    output = with_zero(source) if isinstance(op, Pad) else source
    return feed, _wires(layer.node, replace(output, arrival_ns=0.0))


def _negative(cropping: tuple[Pair, Pair]) -> tuple[Pair, Pair]:
    (top, bottom), (left, right) = cropping
    return (-top, -bottom), (-left, -right)


def _wires(node: Node, beat: BusTensor) -> LayerPlan:
    return LayerPlan(node=replace(node, shape=beat.shape), inputs=(beat,), output=beat, body=Wires(), latency_cycles=0)


def _reshape(layer: Arriving, op: Reshape) -> Planned:
    node, inputs, (source,) = layer.node, layer.inputs, layer.inputs
    num_out, size_out = beats_of(node.shape)
    size_in = source.size
    if size_out % size_in == 0:
        count = size_out // size_in
        feed = Feed(kind=FeedKind.COLLECT, walk=collecting_walk(num_out, count), inputs=inputs)
        beat = repeated(source, count)
    elif size_in % size_out == 0:
        count = size_in // size_out
        feed = Feed(kind=FeedKind.SPLIT, walk=splitting_walk(beats_of(layer.shape)[0], count), inputs=inputs)
        beat = any_position(source, size_out)
    else:
        return _buffer(layer, op)
    return feed, _wires(node, replace(beat, arrival_ns=0.0))


def _buffer(layer: Arriving, op: Permute | Upsample | Reshape) -> Planned:
    node, (source,) = layer.node, layer.inputs
    num_out, size_out = beats_of(node.shape)
    elements = source_elements(node, layer.shape)
    walk = buffering_walk(beats_of(layer.shape)[0], num_out)
    feed = Feed(kind=FeedKind.BUFFER, walk=walk, inputs=layer.inputs, elements=tuple(elements.tolist()))
    taken = [element % source.size for element in elements]
    whole = replace(
        source,
        shape=node.shape,
        ranges=tuple(source.ranges[element] for element in taken),
        zeros=tuple(source.known_zeros[element] for element in taken),
    )
    return feed, _wires(node, replace(any_position(whole, size_out), arrival_ns=0.0))


def _concatenate(layer: Arriving, op: Concatenate) -> Planned:
    design, node, inputs = layer.design, layer.node, layer.inputs
    if op.axis == len(node.shape) - 1:
        return _direct(layer, op)
    axis, blocks = op.axis, int(np.prod(node.shape[: op.axis]))
    counts = tuple(int(np.prod(design.graph[name].shape[axis:-1])) for name in node.inputs)
    feed = Feed(kind=FeedKind.CHOOSE, walk=choosing_walk(blocks, counts), inputs=inputs)
    sources = (*inputs, _flags(len(inputs)))
    beat = _beat_layer(layer, sources)
    net, flags = beat.net, beat.values[-1]
    for channel in range(inputs[0].size):
        chosen = beat.finish(beat.values[0][channel], inputs[0].fraction)
        for port in range(1, len(inputs)):
            own = cast(net, beat.values[port][channel], inputs[port].fraction, beat.result)
            chosen = net.mux(flags[port], own, chosen)
        net.outputs.append(chosen)
    return feed, parallel_layer(design, beat.node, sources, net)


PLANNERS = (
    Handlers[Arriving, Planned](refuse=lambda layer, op: no_answer(Executor.RTL_STREAM, layer.node))
    .on(Activation, _direct)
    .on(Affine, _direct)
    .on(Requantize, _direct)
    .on(Clip, _direct)
    .on(Concatenate, _concatenate)
    .on(Conv, _conv)
    .on(Crop, _frame)
    .on(Dense, _dense)
    .on(DepthwiseConv, _conv)
    .on(Dot, _direct)
    .on(LayerNorm, _direct)
    .on(Lookup, _direct)
    .on(Merge, _direct)
    .on(PRelu, _direct)
    .on(Pad, _frame)
    .on(Permute, _buffer)
    .on(Pool, _pool)
    .on(Quantize, _direct)
    .on(Recurrent, _recurrent)
    .on(Reshape, _reshape)
    .on(Softmax, _direct)
    .on(Upsample, _buffer)
)
"""How each op is planned."""
