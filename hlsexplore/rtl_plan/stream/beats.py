"""Layers on streams: the feed of each kind of layer, and the logic that computes a beat of its output."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hlsexplore.coverage import (
    BACKWARD_STREAM,
    RTL_PARALLEL_ON_STREAM,
    SLOPES_BY_POSITION,
    TYPES_BY_POSITION,
    Executor,
    no_answer,
)
from hlsexplore.design import Design
from hlsexplore.graph import Node, Shape
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
from hlsexplore.rtl_plan.layers import (
    LayerPlan,
    input_values,
    parallel_layer,
    plan_accumulated,
    plan_layer,
    plan_matrix,
    plan_recurrence,
)
from hlsexplore.rtl_plan.lower.layer import Layer, refuse
from hlsexplore.rtl_plan.lower.moves import source_elements
from hlsexplore.rtl_plan.lower.spatial import pool_beat, pool_end, pool_step
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.scan import positions_of, window_tensor
from hlsexplore.rtl_plan.stream.feed import Feed, FeedKind
from hlsexplore.rtl_plan.tensor import Range, Tensor, any_position, repeated, with_zero
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
Planner = Callable[[Design, Node, tuple[Tensor, ...]], Planned]


def beat_layer(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    """Plan a layer on streams.

    Args:
        design: The design.
        node: The layer.
        inputs: A beat of each input.

    Raises:
        NoModelError: If the layer or an option has no streaming RTL.
    """
    parallel = design.layers[node.name].parallel
    if parallel != 1:
        raise RTL_PARALLEL_ON_STREAM.error(node, parallel=parallel)
    return _planner(node)(design, node, inputs)


def is_direct(node: Node) -> bool:
    """Whether a layer computes each beat from one beat of its only input."""
    return len(node.inputs) == 1 and _planner(node) in (_direct, _dense)


def _planner(node: Node) -> "Planner":
    """Return how a layer is planned.

    Raises:
        NoModelError: If it has no streaming RTL.
    """
    op = node.op
    is_pointwise = isinstance(op, Conv | DepthwiseConv) and not is_windowed(node)
    if is_pointwise or (isinstance(op, Concatenate) and op.axis == len(node.shape) - 1):
        return _direct
    if type(op) not in _PLANNERS:
        raise no_answer(Executor.RTL_STREAM, node)
    return _PLANNERS[type(op)]


def is_windowed(node: Node) -> bool:
    """Whether a convolution looks at more than the newest pixel, or not at every one."""
    op = node.op
    if not isinstance(op, Conv | DepthwiseConv):
        return False
    return op.kernel.shape[:2] != (1, 1) or op.stride != (1, 1) or any(map(any, op.padding))


def _direct(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    positions, size = beats_of(node.shape)
    feed = Feed(kind=FeedKind.DIRECT, walk=plain_walk(positions, len(inputs)), inputs=inputs)
    if isinstance(node.op, Conv | DepthwiseConv):
        return feed, plan_matrix(design, node, inputs[0])
    beat = replace(node, shape=(size,), op=_op_of_beat(node, size))
    return feed, plan_layer(design, beat, inputs)


def _dense(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    op, (source,) = node.op, inputs
    if not isinstance(op, Dense) or source.size == op.kernel.shape[0]:
        return _direct(design, node, inputs)
    beats = op.kernel.shape[0] // source.size
    feed = Feed(kind=FeedKind.ACCUMULATE, walk=collecting_walk(1, beats), inputs=inputs)
    return feed, plan_accumulated(design, node, source, beats)


def _recurrent(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    op, (source,) = node.op, inputs
    if isinstance(op, Recurrent) and op.go_backwards:
        raise BACKWARD_STREAM.error(node)
    steps, _ = beats_of(_shape(design, node))
    is_sequence = isinstance(op, Recurrent) and op.return_sequences
    walk = plain_walk(steps) if is_sequence else collecting_walk(1, steps)
    feed = Feed(kind=FeedKind.DIRECT if is_sequence else FeedKind.ACCUMULATE, walk=walk, inputs=inputs)
    return feed, plan_recurrence(design, node, source, steps)


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


def _windowed(design: Design, node: Node, source: Tensor, has_flags: bool = False) -> tuple[Feed, Tensor]:
    """Plan a sliding window; return also the tensor of a whole window."""
    positions = positions_of(node, _shape(design, node))
    feed = Feed(
        kind=FeedKind.WINDOW,
        walk=positions.walk,
        inputs=(source,),
        reach=positions.reach,
        taps=positions.taps,
        has_flags=has_flags,
    )
    return feed, window_tensor(source, source.size, positions)


def _shape(design: Design, node: Node) -> Shape:
    """Return the shape of a layer's first input."""
    return design.graph[node.inputs[0]].shape


def _conv(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    feed, window = _windowed(design, node, inputs[0])
    return feed, plan_matrix(design, node, window)


def _pool(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    op = node.op
    if not isinstance(op, Pool):
        raise refuse(node)
    if op.is_global:
        return _global_pool(design, node, inputs[0])
    has_flags = not positions_of(node, _shape(design, node)).walk.takes(0).all()
    feed, window = _windowed(design, node, inputs[0], has_flags)
    sources = (window, _flags(len(feed.taps))) if has_flags else (window,)
    layer = _beat_layer(design, node, sources)
    layer.net.outputs = pool_beat(layer, _real_taps(feed) if has_flags else ())
    return feed, parallel_layer(design, layer.node, sources, layer.net)


def _real_taps(feed: Feed) -> tuple[int, ...]:
    """Return how many taps of a window can lie in the image: each number that occurs."""
    counts = []
    for i, axis in enumerate((feed.walk.rows, feed.walk.columns)):
        taken, issued = axis.takes[0].flags(axis.length), axis.issue.flags(axis.length)
        offsets = sorted({tap[i] for tap in feed.taps})
        windows = np.flatnonzero(issued) - (feed.reach[i] - 1)
        counts.append({sum(int(taken[place + offset]) for offset in offsets) for place in windows})
    return tuple(sorted({rows * columns for rows in counts[0] for columns in counts[1]}))


def _global_pool(design: Design, node: Node, source: Tensor) -> Planned:
    positions, _ = beats_of(_shape(design, node))
    accum = design.layers[node.name].types["accum"]
    loop = _beat_layer(design, node, (_full(source.size, accum.fraction, (accum.min_raw, accum.max_raw)), source))
    loop.net.outputs, starts = pool_step(loop)
    feed = Feed(
        kind=FeedKind.REDUCE,
        walk=collecting_walk(1, positions),
        inputs=(source,),
        loop=loop.net,
        starts=starts,
    )
    end = _beat_layer(design, node, (loop.inputs[0],))
    end.net.outputs = pool_end(end, positions)
    return feed, parallel_layer(design, end.node, end.inputs, end.net)


def _beat_layer(design: Design, node: Node, sources: tuple[Tensor, ...]) -> Layer:
    net = Net()
    beat = replace(node, shape=node.shape[-1:])
    return Layer(net=net, design=design, node=beat, inputs=sources, values=input_values(net, sources))


def _full(size: int, fraction: int, span: Range) -> Tensor:
    return Tensor(shape=(size,), fraction=fraction, ranges=(span,) * size)


def _flags(count: int) -> Tensor:
    return _full(count, 0, (0, 1))


def _frame(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    (source,) = inputs
    image, _ = image_of(_shape(design, node))
    op = node.op
    padding = op.padding if isinstance(op, Pad) else _negative(op.cropping) if isinstance(op, Crop) else ((0, 0),) * 2
    walk = frame_walk(image, padding)
    feed = Feed(kind=FeedKind.WINDOW, walk=walk, inputs=inputs)
    output = with_zero(source) if isinstance(op, Pad) else source
    return feed, _wires(node, replace(output, arrival_ns=0.0))


def _negative(cropping: tuple[Pair, Pair]) -> tuple[Pair, Pair]:
    (top, bottom), (left, right) = cropping
    return (-top, -bottom), (-left, -right)


def _wires(node: Node, beat: Tensor) -> LayerPlan:
    return LayerPlan(node=replace(node, shape=beat.shape), inputs=(beat,), output=beat, latency_cycles=0)


def _reshape(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    (source,) = inputs
    num_out, size_out = beats_of(node.shape)
    size_in = source.size
    if size_out % size_in == 0:
        count = size_out // size_in
        feed = Feed(kind=FeedKind.COLLECT, walk=collecting_walk(num_out, count), inputs=inputs)
        beat = repeated(source, count)
    elif size_in % size_out == 0:
        count = size_in // size_out
        feed = Feed(kind=FeedKind.SPLIT, walk=splitting_walk(beats_of(_shape(design, node))[0], count), inputs=inputs)
        beat = any_position(source, size_out)
    else:
        return _buffer(design, node, inputs)
    return feed, _wires(node, replace(beat, arrival_ns=0.0))


def _buffer(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    (source,) = inputs
    num_out, size_out = beats_of(node.shape)
    elements = source_elements(node, _shape(design, node))
    walk = buffering_walk(beats_of(_shape(design, node))[0], num_out)
    feed = Feed(kind=FeedKind.BUFFER, walk=walk, inputs=inputs, elements=tuple(elements.tolist()))
    taken = [element % source.size for element in elements]
    whole = replace(
        source,
        shape=node.shape,
        ranges=tuple(source.ranges[element] for element in taken),
        zeros=tuple(source.known_zeros[element] for element in taken),
    )
    return feed, _wires(node, replace(any_position(whole, size_out), arrival_ns=0.0))


def _concatenate(design: Design, node: Node, inputs: tuple[Tensor, ...]) -> Planned:
    op = node.op
    if not isinstance(op, Concatenate):
        raise refuse(node)
    axis, blocks = op.axis, int(np.prod(node.shape[: op.axis]))
    counts = tuple(int(np.prod(design.graph[name].shape[axis:-1])) for name in node.inputs)
    feed = Feed(kind=FeedKind.CHOOSE, walk=choosing_walk(blocks, counts), inputs=inputs)
    sources = (*inputs, _flags(len(inputs)))
    layer = _beat_layer(design, node, sources)
    net, flags = layer.net, layer.values[-1]
    for channel in range(inputs[0].size):
        chosen = layer.finish(layer.values[0][channel], inputs[0].fraction)
        for port in range(1, len(inputs)):
            own = cast(net, layer.values[port][channel], inputs[port].fraction, layer.result)
            chosen = net.mux(flags[port], own, chosen)
        net.outputs.append(chosen)
    return feed, parallel_layer(design, layer.node, sources, net)


_PLANNERS: dict[type[Op], Planner] = {
    Activation: _direct,
    Affine: _direct,
    Requantize: _direct,
    Clip: _direct,
    Concatenate: _concatenate,
    Conv: _conv,
    Crop: _frame,
    Dense: _dense,
    DepthwiseConv: _conv,
    Dot: _direct,
    LayerNorm: _direct,
    Lookup: _direct,
    Merge: _direct,
    PRelu: _direct,
    Pad: _frame,
    Permute: _buffer,
    Pool: _pool,
    Quantize: _direct,
    Recurrent: _recurrent,
    Reshape: _reshape,
    Softmax: _direct,
    Upsample: _buffer,
}
