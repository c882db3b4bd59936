"""The structure of one layer in logic: its netlist or shared multipliers, its cycles and buses."""

from dataclasses import replace
from math import ceil

from hlsexplore.design import Design
from hlsexplore.graph import Node
from hlsexplore.handlers import Handlers
from hlsexplore.layer_config import Multiplier
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
    Pad,
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
from hlsexplore.rtl_plan.count.blocks import BLOCKS, counted_family
from hlsexplore.rtl_plan.folded import Folded, fold
from hlsexplore.rtl_plan.layer_plan import Bank, InTurn, LayerPlan, Parallel, Recurrence, SharedStep, Wires
from hlsexplore.rtl_plan.lower.elements import lower_lookup, lower_quantize
from hlsexplore.rtl_plan.lower.joins import lower_concatenate, lower_dot, lower_merge
from hlsexplore.rtl_plan.lower.layer import LoweredLayer, refuse
from hlsexplore.rtl_plan.lower.matmul import MatrixProduct, matrix_outputs
from hlsexplore.rtl_plan.lower.moves import lower_move
from hlsexplore.rtl_plan.lower.norm import lower_layer_norm
from hlsexplore.rtl_plan.lower.pointwise import (
    lower_activation,
    lower_affine,
    lower_clip,
    lower_prelu,
    lower_requantize,
)
from hlsexplore.rtl_plan.lower.recurrent import check_recurrent, shared_products, state_tensors, step_net
from hlsexplore.rtl_plan.lower.softmax import lower_softmax
from hlsexplore.rtl_plan.lower.spatial import lower_conv, lower_pool
from hlsexplore.rtl_plan.netlist.cells import Value, bits_of
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.schedule import registered, schedule, with_ternary
from hlsexplore.rtl_plan.netlist.timing import MAX_UNREGISTERED, Fabric, budget_ns, fabric
from hlsexplore.rtl_plan.netlist.zeros import output_zeros
from hlsexplore.rtl_plan.products import channel_products, in_order, is_interleaved, layer_product
from hlsexplore.rtl_plan.scan import (
    Positions,
    is_scanned,
    make_scan,
    num_positions,
    positions_of,
    sequence_scan,
    window_tensor,
)
from hlsexplore.rtl_plan.tensor import BusTensor, repeated
from hlsexplore.rtl_plan.walk import plain_walk

MOST_IN_BLOCKS = {Multiplier.AUTO: None, Multiplier.DSP: 1 << 30, Multiplier.LUT: 0}
"""Multipliers of a product that DSP blocks may make, where that is no budget."""


def plan_layer(design: Design, node: Node, inputs: tuple[BusTensor, ...], holds: bool = False) -> LayerPlan:
    """Plan one module.

    Args:
        design: The design.
        node: The layer.
        inputs: Tensors that it reads.
        holds: Whether a fully parallel layer keeps its output until the next one.

    Raises:
        NoModelError: If the layer or an option has no RTL.
    """
    if is_scanned(design, node):
        return _scanned(design, node, inputs[0])
    match node.op:
        case Dense():
            return _dense(design, node, inputs[0], holds)
        case Recurrent():
            return _recurrent(design, node, inputs[0])
        case Reshape():
            output = replace(inputs[0], shape=node.shape)
            return LayerPlan(node=node, inputs=inputs, output=output, body=Wires(), latency_cycles=0)
    net = Net()
    layer = LoweredLayer(net=net, design=design, node=node, inputs=inputs, values=input_values(net, inputs))
    net.outputs = LOWERINGS(layer, node.op)
    return parallel_layer(design, node, inputs, net, holds)


def _dense(design: Design, node: Node, source: BusTensor, holds: bool) -> LayerPlan:
    n_in = source.shape[-1]
    if source.size == n_in:
        layer = plan_matrix(design, node, source, holds)
        return replace(layer, node=node, output=replace(layer.output, shape=node.shape))
    product, net = layer_product(design, node), Net()
    (values,) = input_values(net, (source,))
    for first in range(0, source.size, n_in):
        net.outputs += matrix_outputs(net, values[first : first + n_in], product)
    return parallel_layer(design, node, (source,), net, holds)


def plan_matrix(design: Design, node: Node, source: BusTensor, holds: bool = False) -> LayerPlan:
    """Plan a dense layer or convolution at one position.

    Args:
        design: The design.
        node: The layer.
        source: What the matrix multiplies: a whole window for a convolution.
        holds: Whether a fully parallel layer keeps its output until the next one.

    Raises:
        NoModelError: If its reuse has no RTL.
    """
    here = replace(node, shape=node.shape[-1:])
    reuse = design.layers[node.name].reuse
    if reuse > 1 and isinstance(node.op, DepthwiseConv):
        return _bank(design, here, source)
    product = layer_product(design, node)
    if reuse > 1:
        return _folded(design, here, source, product)
    net = Net()
    (values,) = input_values(net, (source,))
    net.outputs = matrix_outputs(net, values, product)
    return parallel_layer(design, here, (source,), net, holds)


def plan_recurrence(design: Design, node: Node, source: BusTensor, steps: int) -> LayerPlan:
    """Plan a recurrent layer whose input comes step by step.

    Args:
        design: The design.
        node: The layer.
        source: Input of a step.
        steps: Steps of a sequence.

    Raises:
        NoModelError: If it has no RTL.
    """
    op = check_recurrent(node)
    here = replace(node, shape=node.shape[-1:])
    states = state_tensors(design, node)
    if design.layers[node.name].reuse > 1:
        step, places = _shared_step(design, here, source, states)
    else:
        sources = (source, *states)
        net = Net()
        places = step_net(design, here, sources, input_values(net, sources), net)
        step = parallel_layer(design, replace(node, shape=(len(net.outputs),)), sources, net)
    units = node.shape[-1]
    recurrence = Recurrence(step=step, steps=steps, states=states, places=places, is_sequence=op.return_sequences)
    return LayerPlan(
        node=here,
        inputs=(source,),
        output=replace(
            step.output, shape=here.shape, ranges=step.output.ranges[:units], zeros=step.output.zeros[:units]
        ),
        body=recurrence,
        latency_cycles=step.latency_cycles,
        ii_cycles=recurrence.pace,
    )


def _shared_step(
    design: Design, node: Node, source: BusTensor, states: tuple[BusTensor, ...]
) -> tuple[LayerPlan, tuple[int, ...]]:
    """Plan a step whose products share multipliers; return also the first output that is each new state."""
    accum = design.layers[node.name].types["accum"]
    held = tuple(replace(state, is_held=True) for state in states)
    products = []
    items = shared_products(design, node, source)
    for tensor, item in zip((source, held[0]), items, strict=True):
        most = most_in_blocks(design, node, tensor, item.product, len(items))
        own = replace(node, shape=(item.product.weight.shape[1],))
        folded = fold(
            item.product, tensor.ranges, item.reuse, item.is_interleaved, tensor.is_held, timing_of(design), most
        )
        layer = _folded_layer(design, own, tensor, folded)
        products.append(replace(layer, output=replace(layer.output, fraction=accum.fraction)))
    sources = (*(product.output for product in products), *states)
    net = Net()
    places = step_net(design, node, sources, input_values(net, sources), net, is_shared=True)
    gates = parallel_layer(design, replace(node, shape=(len(net.outputs),)), sources, net)
    shared = SharedStep(products=(products[0], products[1]), gates=gates)
    latency = max(product.latency_cycles for product in products) + gates.latency_cycles
    step = LayerPlan(
        node=gates.node, inputs=(source, *states), output=gates.output, body=shared, latency_cycles=latency
    )
    return step, places


def _recurrent(design: Design, node: Node, source: BusTensor) -> LayerPlan:
    """Plan a recurrent layer with the whole sequence at hand."""
    op, (steps, size) = check_recurrent(node), source.shape
    one = Positions(walk=plain_walk(steps), out=(1, steps), stride=(1, 1), reach=(1, 1), taps=((0, 0),))
    core = plan_recurrence(design, node, window_tensor(source, size, one), steps)
    scan = sequence_scan(core, steps, size * source.width, op.return_sequences, op.go_backwards)
    return LayerPlan(
        node=node,
        inputs=(source,),
        output=replace(repeated(core.output, scan.results), shape=node.shape, arrival_ns=0.0),
        body=scan,
        latency_cycles=scan.latency_cycles,
        ii_cycles=scan.ii_cycles,
    )


def _scanned(design: Design, node: Node, source: BusTensor) -> LayerPlan:
    """Plan a layer that computes its positions one after another."""
    positions = positions_of(node, source.shape)
    window = window_tensor(source, source.shape[-1], positions)
    core = plan_matrix(design, node, window)
    scan = make_scan(design, node, core, positions, source.shape[-1] * source.width)
    count = num_positions(node)
    return LayerPlan(
        node=node,
        inputs=(source,),
        output=replace(repeated(core.output, count), shape=node.shape, arrival_ns=0.0),
        body=scan,
        latency_cycles=scan.latency_cycles,
        ii_cycles=scan.ii_cycles,
    )


def plan_accumulated(design: Design, node: Node, beat: BusTensor, beats: int) -> LayerPlan:
    """Plan a dense layer whose input comes beat by beat, and whose result does not depend on the order of its sums.

    Args:
        design: The design.
        node: The layer; see `accumulates` of `structure.products`.
        beat: A beat of its input.
        beats: How many there are.
    """
    reuse = design.layers[node.name].reuse
    product = in_order(layer_product(design, node), reuse)
    most = most_in_blocks(design, node, beat, product)
    folded = fold(product, beat.ranges * beats, reuse, False, beat.is_held, timing_of(design), most)
    layer = _folded_layer(design, replace(node, shape=node.shape[-1:]), beat, replace(folded, beats=beats))
    steps = reuse // beats
    return replace(layer, latency_cycles=layer.latency_cycles - reuse + steps, ii_cycles=steps)


def _bank(design: Design, node: Node, source: BusTensor) -> LayerPlan:
    """Plan the products of all channels of a depthwise convolution, side by side."""
    products = channel_products(design, node)
    channels = len(products)
    elements = tuple(tuple(range(channel, source.size, channels)) for channel in range(channels))
    parts = []
    for own, product in zip(elements, products, strict=True):
        ranges = tuple(source.ranges[element] for element in own)
        part = replace(source, shape=(len(own),), ranges=ranges, zeros=())
        parts.append(_folded(design, replace(node, shape=(product.weight.shape[1],)), part, product, channels))
    return LayerPlan(
        node=node,
        inputs=(source,),
        output=replace(
            parts[0].output,
            shape=node.shape,
            ranges=tuple(span for part in parts for span in part.output.ranges),
            zeros=(),
            arrival_ns=max(part.output.arrival_ns for part in parts),
        ),
        body=Bank(parts=tuple(parts), elements=elements),
        latency_cycles=max(part.latency_cycles for part in parts),
        ii_cycles=parts[0].ii_cycles,
    )


def in_turn(design: Design, plan: LayerPlan, copies: int) -> LayerPlan:
    """Return a plan of copies of a module that take its inputs in turn, as many as have something to do.

    Args:
        design: The design.
        plan: The module, which keeps its inputs itself.
        copies: Most copies.
    """
    used = min(copies, plan.ii_cycles)
    if used == 1:
        return plan
    arrival = plan.output.arrival_ns + fabric(design.target).lut_ns * ceil(used / 3)
    return LayerPlan(
        node=plan.node,
        inputs=plan.inputs,
        output=replace(plan.output, arrival_ns=arrival, is_held=False),
        body=InTurn(core=plan, copies=used),
        latency_cycles=plan.latency_cycles,
        ii_cycles=ceil(plan.ii_cycles / used),
    )


def _folded(design: Design, node: Node, source: BusTensor, product: MatrixProduct, shares: int = 1) -> LayerPlan:
    interleaved = is_interleaved(design, node, source.size)
    reuse = design.layers[node.name].reuse
    most = most_in_blocks(design, node, source, product, shares)
    folded = fold(product, source.ranges, reuse, interleaved, source.is_held, timing_of(design), most)
    return _folded_layer(design, node, source, folded)


def most_in_blocks(
    design: Design, node: Node, source: BusTensor, product: MatrixProduct, shares: int = 1
) -> int | None:
    """Return how many multipliers of a product DSP blocks may make; None: as `fold` chooses by the weights.

    Args:
        design: The design.
        node: The layer, whose blocks its positions at once share as well.
        source: What it multiplies.
        product: The product.
        shares: Products of the layer that share its blocks.
    """
    config = design.layers[node.name]
    if config.multiplier is not Multiplier.MIXED:
        return MOST_IN_BLOCKS[config.multiplier]
    blocks = BLOCKS[counted_family(design.target.part)]
    lowest, highest = int(product.weight.min(initial=0)), int(product.weight.max(initial=0))
    each = blocks.count(bits_of(min(lowest, -1), highest), source.width + (not source.signed))
    return config.dsp_budget // (max(each, 1) * shares * config.parallel)


def _folded_layer(design: Design, node: Node, source: BusTensor, folded: Folded) -> LayerPlan:
    end = folded.end
    order = [(slot, turn) for slot in range(folded.slots) for turn in range(folded.turns)]
    ranges = tuple((end.cells[end.outputs[slot]].low, end.cells[end.outputs[slot]].high) for slot, _ in order)
    arrival = 0.0 if folded.turns > 1 else folded.end_schedule.arrival_ns
    fraction = design.result_type(node.name).fraction
    return LayerPlan(
        node=node,
        inputs=(source,),
        output=BusTensor(shape=node.shape, fraction=fraction, ranges=ranges, arrival_ns=arrival),
        body=folded,
        latency_cycles=folded.latency_cycles,
        ii_cycles=folded.steps,
    )


def parallel_layer(
    design: Design, node: Node, inputs: tuple[BusTensor, ...], net: Net, holds: bool = False
) -> LayerPlan:
    """Plan a module from its net.

    Args:
        design: The design.
        node: The layer.
        inputs: Tensors that it reads.
        net: Its logic, with outputs in the layer's result type.
        holds: Whether it keeps its output until the next one.
    """
    arrival = max(tensor.arrival_ns for tensor in inputs)
    family, budget = timing_of(design)
    planned = schedule(net, family, budget, arrival, joins_late=family.has_ternary)
    late = isinstance(node.op, Activation) and planned.arrival_ns > MAX_UNREGISTERED * budget
    if holds or late:
        planned = registered(net, planned)
    if family.has_ternary:
        planned = with_ternary(net, planned)
    ranges = tuple((net.cells[output].low, net.cells[output].high) for output in net.outputs)
    fraction = design.result_type(node.name).fraction
    return LayerPlan(
        node=node,
        inputs=inputs,
        output=BusTensor(
            shape=node.shape,
            fraction=fraction,
            ranges=ranges,
            zeros=output_zeros(net),
            arrival_ns=planned.arrival_ns,
            is_held=holds,
        ),
        body=Parallel(net=net, schedule=planned),
        latency_cycles=planned.latency_cycles,
    )


def timing_of(design: Design) -> tuple[Fabric, float]:
    """Return the delays of the part and the time between two registers."""
    return fabric(design.target), budget_ns(design.target)


def input_values(net: Net, inputs: tuple[BusTensor, ...]) -> tuple[list[Value], ...]:
    """Add the elements of all inputs, numbered through."""
    values: list[list[Value]] = []
    first = 0
    for tensor in inputs:
        spans = enumerate(zip(tensor.ranges, tensor.known_zeros, strict=True))
        values.append(
            [
                net.input(first + index, low, high, zeros) if low != high else net.const(low)
                for index, ((low, high), zeros) in spans
            ]
        )
        first += tensor.size
    return tuple(values)


LOWERINGS = (
    Handlers[LoweredLayer, list[Value]](refuse=lambda layer, op: refuse(layer.node))
    .on(Activation, lower_activation)
    .on(Affine, lower_affine)
    .on(Requantize, lower_requantize)
    .on(Clip, lower_clip)
    .on(Concatenate, lower_concatenate)
    .on(Conv, lower_conv)
    .on(Crop, lower_move)
    .on(DepthwiseConv, lower_conv)
    .on(Dot, lower_dot)
    .on(LayerNorm, lower_layer_norm)
    .on(Lookup, lower_lookup)
    .on(Merge, lower_merge)
    .on(Pad, lower_move)
    .on(Permute, lower_move)
    .on(Pool, lower_pool)
    .on(PRelu, lower_prelu)
    .on(Quantize, lower_quantize)
    .on(Softmax, lower_softmax)
    .on(Upsample, lower_move)
)
"""How the cells of each op are added: the functions return its outputs, raw integers of the result type, row-major."""
