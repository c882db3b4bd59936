"""The structure of one layer in logic: its netlist or shared multipliers, its cycles and buses."""

from dataclasses import dataclass, replace

from hlsexplore.design import Design, Strategy
from hlsexplore.errors import NoModelError
from hlsexplore.graph import Node
from hlsexplore.ops import (
    Activation,
    Affine,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Merge,
    Pad,
    Permute,
    Pool,
    PRelu,
    Reshape,
    Softmax,
    Upsample,
)
from hlsexplore.structure.folded import Folded, fold, fold_order
from hlsexplore.structure.joins import lower_concatenate, lower_dot, lower_merge
from hlsexplore.structure.lower import Layer, Lower, refuse
from hlsexplore.structure.matmul import Product, make_product, matrix_outputs
from hlsexplore.structure.moves import lower_move
from hlsexplore.structure.netlist import Net, Value
from hlsexplore.structure.pointwise import lower_activation, lower_affine, lower_prelu
from hlsexplore.structure.schedule import Schedule, registered, schedule
from hlsexplore.structure.softmax import lower_softmax
from hlsexplore.structure.spatial import lower_conv, lower_pool
from hlsexplore.structure.tensor import Tensor
from hlsexplore.structure.timing import Fabric, budget_ns, fabric
from hlsexplore.weights import raw_weights

LATE = 0.5
"""Activations that end after this share of a cycle are registered: a register's reset then does their masking."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerPlan:
    """One module.

    Attributes:
        node: The layer.
        inputs: Tensors that it reads.
        output: Tensor that it makes.
        net: Its logic, when it is fully parallel.
        schedule: Cycles of the net.
        folded: Its parts, when it reuses multipliers.
        latency_cycles: Cycles from input to output.
        ii_cycles: Cycles between two inputs.
    """

    node: Node
    inputs: tuple[Tensor, ...]
    output: Tensor
    net: Net | None = None
    schedule: Schedule | None = None
    folded: Folded | None = None
    latency_cycles: int
    ii_cycles: int = 1

    @property
    def is_wires(self) -> bool:
        """Whether the module only moves bits."""
        return self.net is None and self.folded is None


def plan_layer(design: Design, node: Node, inputs: tuple[Tensor, ...], holds: bool = False) -> LayerPlan:
    """Plan one module.

    Args:
        design: The design.
        node: The layer.
        inputs: Tensors that it reads.
        holds: Whether a fully parallel layer keeps its output until the next one.

    Raises:
        NoModelError: If the layer or an option has no RTL.
    """
    match node.op:
        case Dense():
            return _dense(design, node, inputs[0], holds)
        case Reshape():
            return LayerPlan(node=node, inputs=inputs, output=replace(inputs[0], shape=node.shape), latency_cycles=0)
    lower = _LOWER.get(type(node.op))
    if lower is None:
        raise refuse(node, f"{node.kind} layer")
    net = Net()
    net.outputs = lower(Layer(net=net, design=design, node=node, inputs=inputs, values=input_values(net, inputs)))
    return parallel_layer(design, node, inputs, net, holds)


def _dense(design: Design, node: Node, source: Tensor, holds: bool) -> LayerPlan:
    config = design.layers[node.name]
    types = config.types
    raw = raw_weights(design, node.name)
    n_in = raw["weight"].shape[0]
    interleaved = config.strategy is Strategy.RESOURCE and config.reuse <= n_in
    source_type = design.input_types(node.name)[0]
    product = make_product(
        raw["weight"],
        raw.get("bias"),
        (source_type, types["weight"], types["bias"], types["accum"], types["result"]),
        fold_order(n_in, config.reuse, interleaved),
    )
    if config.reuse > 1:
        if source.size != n_in:
            raise NoModelError(
                f"layer {node.name!r}: the RTL flow applies a dense layer to several positions only with reuse 1, "
                f"not {config.reuse}. Set reuse=1 or use the flow 'vitis'."
            )
        return _folded(design, node, source, _fold(design, product, source, config.reuse, interleaved))
    net = Net()
    (values,) = input_values(net, (source,))
    for position in range(source.size // n_in):
        net.outputs += matrix_outputs(net, values[position * n_in : (position + 1) * n_in], product)
    return parallel_layer(design, node, (source,), net, holds)


def _fold(design: Design, product: Product, source: Tensor, reuse: int, is_interleaved: bool) -> Folded:
    return fold(product, source.ranges, reuse, is_interleaved, source.is_held, *timing_of(design))


def _folded(design: Design, node: Node, source: Tensor, folded: Folded) -> LayerPlan:
    end = folded.end
    order = [(slot, turn) for slot in range(folded.slots) for turn in range(folded.turns)]
    ranges = tuple((end.cells[end.outputs[slot]].low, end.cells[end.outputs[slot]].high) for slot, _ in order)
    arrival = 0.0 if folded.turns > 1 else folded.end_schedule.arrival_ns
    fraction = design.result_type(node.name).fraction
    return LayerPlan(
        node=node,
        inputs=(source,),
        output=Tensor(shape=node.shape, fraction=fraction, ranges=ranges, arrival_ns=arrival),
        folded=folded,
        latency_cycles=folded.latency_cycles,
        ii_cycles=folded.steps,
    )


def parallel_layer(design: Design, node: Node, inputs: tuple[Tensor, ...], net: Net, holds: bool = False) -> LayerPlan:
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
    planned = schedule(net, family, budget, arrival)
    late = isinstance(node.op, Activation) and planned.arrival_ns > LATE * budget
    if holds or late:
        planned = registered(net, planned)
    ranges = tuple((net.cells[output].low, net.cells[output].high) for output in net.outputs)
    fraction = design.result_type(node.name).fraction
    return LayerPlan(
        node=node,
        inputs=inputs,
        output=Tensor(shape=node.shape, fraction=fraction, ranges=ranges, arrival_ns=planned.arrival_ns, is_held=holds),
        net=net,
        schedule=planned,
        latency_cycles=planned.latency_cycles,
    )


def timing_of(design: Design) -> tuple[Fabric, float]:
    """Return the delays of the part and the time between two registers."""
    return fabric(design.target), budget_ns(design.target)


def input_values(net: Net, inputs: tuple[Tensor, ...]) -> tuple[list[Value], ...]:
    """Add the elements of all inputs, numbered through."""
    values: list[list[Value]] = []
    first = 0
    for tensor in inputs:
        values.append([net.input(first + index, low, high) for index, (low, high) in enumerate(tensor.ranges)])
        first += tensor.size
    return tuple(values)


_LOWER: dict[type, Lower] = {
    Activation: lower_activation,
    Affine: lower_affine,
    Concatenate: lower_concatenate,
    Conv: lower_conv,
    Crop: lower_move,
    DepthwiseConv: lower_conv,
    Dot: lower_dot,
    Merge: lower_merge,
    Pad: lower_move,
    Permute: lower_move,
    Pool: lower_pool,
    PRelu: lower_prelu,
    Softmax: lower_softmax,
    Upsample: lower_move,
}
