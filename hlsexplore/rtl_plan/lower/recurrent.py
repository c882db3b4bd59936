"""A step of a recurrent layer as cells (docs/ir.md, section Recurrent), and the states between steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hlsexplore.coverage import SHARED_CELLS
from hlsexplore.defaults.bounds import slope_type
from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, RawArray
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import LayerConfig, Strategy
from hlsexplore.ops import Activation, Cell, Function, Input, Recurrent, tensor_keys
from hlsexplore.reuse import legal_factors
from hlsexplore.rtl_plan.folded import fold_order
from hlsexplore.rtl_plan.lower.layer import LoweredLayer, aligned, refuse
from hlsexplore.rtl_plan.lower.matmul import MatrixProduct, is_order_free, make_product, matrix_outputs
from hlsexplore.rtl_plan.lower.pointwise import lower_activation
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.tensor import BusTensor, full_tensor
from hlsexplore.weights import raw_weights


def check_recurrent(node: Node) -> Recurrent:
    """Return the op of a recurrent layer."""
    if not isinstance(node.op, Recurrent):
        raise refuse(node)
    return node.op


def state_tensors(design: Design, node: Node) -> tuple[BusTensor, ...]:
    """Return the tensors of a layer's states."""
    op, types = check_recurrent(node), design.layers[node.name].types
    units = op.recurrent_kernel.shape[0]
    kinds = [types["hidden" if op.quantizes_state else "result"]]
    if op.cell is Cell.LSTM:
        kinds.append(types["memory" if op.quantizes_state else "state"])
    return tuple(full_tensor((units,), kind) for kind in kinds)


def lower_step(layer: LoweredLayer, is_shared: bool = False) -> tuple[list[Value], list[list[Value]]]:
    """Add a step of a recurrent layer; return its outputs and the new states.

    Args:
        layer: Its inputs are the input of the step and the states.
        is_shared: Whether W x + b and U h + c come in place of the input of the step.
    """
    cell = _Step(layer, is_shared)
    full, fraction, memory = {Cell.SIMPLE_RNN: _simple_rnn, Cell.LSTM: _lstm, Cell.GRU: _gru}[cell.op.cell](cell)
    types, net = layer.config.types, layer.net
    outputs = [cast(net, value, fraction, types["result"]) for value in full]
    hidden = outputs
    if cell.op.quantizes_state:
        hidden = [cast(net, value, fraction, types["hidden"]) for value in full]
    return outputs, [hidden, *([memory] if memory else [])]


Full = tuple[list[Value], int, list[Value]]
"""Outputs in full precision, their fraction bits, and the memory that the next step reads."""


class _Step:
    """What the cells share: products, sums and functions; it only groups functions of one layer."""

    def __init__(self, layer: LoweredLayer, is_shared: bool) -> None:
        self.layer, self.net, self.types = layer, layer.net, layer.config.types
        self.op = check_recurrent(layer.node)
        self.raw = raw_weights(layer.design, layer.node.name)
        self.accum, self.units = self.types["accum"], self.op.recurrent_kernel.shape[0]
        first = 2 if is_shared else 1
        self.made = (layer.values[0], layer.values[1]) if is_shared else None
        self.x, self.states = layer.values[0], layer.values[first:]
        self.hidden = self.states[0]
        self.hidden_type = self.types["hidden" if self.op.quantizes_state else "result"]

    def from_input(self) -> list[Value]:
        """Add W x + b in the accumulator's type, or take it where shared multipliers made it."""
        if self.made is not None:
            return self.made[0]
        source = self.layer.design.input_types(self.layer.node.name)[0]
        return self._product(self.x, source, ("weight", "bias"), self.raw["weight"], self.raw.get("bias"))

    def from_state(self) -> list[Value]:
        """Add U h + c in the accumulator's type, or take it where shared multipliers made it."""
        return self.made[1] if self.made is not None else self._from(self.hidden, self.hidden_type, 0)

    def from_masked(self, values: Sequence[Value]) -> list[Value]:
        """Add the candidate's columns of U (r * h) + c in the accumulator's type."""
        return self._from(values, self.types["state"], 2 * self.units)

    def _from(self, values: Sequence[Value], source: Fixed, first: int) -> list[Value]:
        bias = self.raw.get("recurrent_bias")
        weight = self.raw["recurrent_weight"][:, first:]
        return self._product(
            values, source, ("recurrent_weight", "recurrent_bias"), weight, None if bias is None else bias[first:]
        )

    def _product(
        self, values: Sequence[Value], source: Fixed, keys: tuple[str, str], weight: RawArray, bias: RawArray | None
    ) -> list[Value]:
        kinds = (source, self.types[keys[0]], self.types[keys[1]], self.accum, self.accum)
        order = sum_order(self.layer.config, weight.shape[0])
        return matrix_outputs(self.net, values, make_product(weight, bias, kinds, order))

    def sums(self, a: Sequence[Value], b: Sequence[Value]) -> list[Value]:
        """Add cast(a + b) of accumulators."""
        net, accum = self.net, self.accum
        return [cast(net, net.add(one, other), accum.fraction, accum) for one, other in zip(a, b, strict=True)]

    def gate(self, values: Sequence[Value]) -> list[Value]:
        """Add the function of the gates."""
        return self._function(values, self.op.recurrent_activation, self.op.recurrent_alpha, self.accum, "gate")

    def act(self, values: Sequence[Value], source: Fixed | None = None) -> list[Value]:
        """Add the function of the candidate and of the memory."""
        return self._function(values, self.op.activation, self.op.alpha, source or self.accum, "activation")

    def _function(
        self, values: Sequence[Value], function: Function, alpha: float, source: Fixed, key: str
    ) -> list[Value]:
        op = Activation(function=function, alpha=alpha)
        shape = (len(values),)
        nodes = (
            Node(name="x", op=Input(), inputs=(), shape=shape),
            Node(name="function", op=op, inputs=("x",), shape=shape),
        )
        kinds = {**self.types, "weight": slope_type(alpha), "result": self.types[key]}
        config = replace(self.layer.config, types={name: kinds[name] for name in tensor_keys(op)}, reuse=1)
        design = Design(
            graph=Graph(name="function", nodes=nodes, outputs=("function",)),
            target=self.layer.design.target,
            layers={"x": LayerConfig(types={"result": source}), "function": config},
        )
        cells = [self.net.cells[value] for value in values]
        tensor = BusTensor(shape=shape, fraction=source.fraction, ranges=tuple((cell.low, cell.high) for cell in cells))
        return lower_activation(
            LoweredLayer(net=self.net, design=design, node=nodes[1], inputs=(tensor,), values=(list(values),)), op
        )


def _simple_rnn(cell: _Step) -> Full:
    values = cell.act(cell.sums(cell.from_input(), cell.from_state()))
    return values, cell.types["activation"].fraction, []


def _lstm(cell: _Step) -> Full:
    net, n, types = cell.net, cell.units, cell.types
    total = cell.sums(cell.from_input(), cell.from_state())
    gates = cell.gate([*total[: 2 * n], *total[3 * n :]])
    candidate = cell.act(total[2 * n : 3 * n])
    act, gate = types["activation"].fraction, types["gate"].fraction
    kept_type = types["memory"] if cell.op.quantizes_state else types["state"]
    memory, kept, full = [], [], []
    for index, old in enumerate(cell.states[1]):
        products = net.multiply(candidate[index], gates[index]), net.multiply(old, gates[n + index])
        (fresh, rest), fraction = aligned(net, products, (act + gate, kept_type.fraction + gate))
        total_memory = net.add(fresh, rest)
        memory.append(cast(net, total_memory, fraction, types["state"]))
        kept.append(cast(net, total_memory, fraction, kept_type))
    squashed = cell.act(memory, types["state"])
    full = [net.multiply(gates[2 * n + index], value) for index, value in enumerate(squashed)]
    return full, gate + act, kept


def _gru(cell: _Step) -> Full:
    net, n, types, accum = cell.net, cell.units, cell.types, cell.accum
    act, gate = types["activation"].fraction, types["gate"].fraction
    from_x, from_h = cell.from_input(), cell.from_state()
    gates = cell.gate(cell.sums(from_x[: 2 * n], from_h[: 2 * n]))
    z, r = gates[:n], gates[n:]
    if cell.op.reset_after:
        reset = [
            cast(net, net.multiply(one, other), gate + accum.fraction, accum)
            for one, other in zip(r, from_h[2 * n :], strict=True)
        ]
    else:
        fraction = gate + cell.hidden_type.fraction
        masked = [
            cast(net, net.multiply(one, other), fraction, types["state"])
            for one, other in zip(r, cell.hidden, strict=True)
        ]
        reset = cell.from_masked(masked)
    candidate = cell.act(cell.sums(from_x[2 * n :], reset))
    full: list[Value] = []
    fraction = 0
    for index, old in enumerate(cell.hidden):
        one, lift = net.const(1 << max(gate, 0)), max(-gate, 0)
        rest = net.add(one, z[index], shift_b=lift, subtract=True)
        products = net.multiply(candidate[index], rest), net.multiply(old, z[index])
        (fresh, kept), fraction = aligned(net, products, (act + max(gate, 0), cell.hidden_type.fraction + gate))
        full.append(net.add(fresh, kept))
    return full, fraction, []


def sum_order(config: LayerConfig, n_in: int) -> tuple[int, ...]:
    """Return the order in which a product of a step is summed (docs/ir.md, section Dense)."""
    steps = config.reuse if config.strategy is Strategy.RESOURCE and config.reuse <= n_in else 1
    return tuple(row for first in range(steps) for row in range(first, n_in, steps))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedProduct:
    """A product of a step that shares multipliers.

    Attributes:
        product: The product; its result is the accumulator.
        reuse: Steps that it takes.
        is_interleaved: Whether step r takes inputs r, r + reuse, ... instead of neighbours.
    """

    product: MatrixProduct
    reuse: int
    is_interleaved: bool


def shared_products(design: Design, node: Node, source: BusTensor) -> tuple[SharedProduct, SharedProduct]:
    """Return W x + b and U h + c of a layer with reuse above 1, the latter with the nearest reuse up to the layer's.

    Raises:
        NoModelError: If the accumulator saturates and no such reuse sums the states in the order of docs/ir.md.
    """
    op, config = check_recurrent(node), design.layers[node.name]
    raw, types = raw_weights(design, node.name), config.types
    units = op.recurrent_kernel.shape[0]
    used = 2 * units if op.cell is Cell.GRU and not op.reset_after else raw["recurrent_weight"].shape[1]
    hidden = types["hidden" if op.quantizes_state else "result"]
    bias = raw.get("recurrent_bias")
    found = []
    for weight, start, kind, keys, ranges in (
        (raw["weight"], raw.get("bias"), design.input_types(node.name)[0], ("weight", "bias"), source.ranges),
        (
            raw["recurrent_weight"][:, :used],
            None if bias is None else bias[:used],
            hidden,
            ("recurrent_weight", "recurrent_bias"),
            state_tensors(design, node)[0].ranges,
        ),
    ):
        n_in, n_out = weight.shape
        shared = [count for count in legal_factors(n_in, n_out) if count > 1] or [1]
        reuse = max((count for count in shared if count <= config.reuse), default=shared[0])
        is_interleaved = config.strategy is Strategy.RESOURCE and config.reuse <= n_in
        kinds = (kind, types[keys[0]], types[keys[1]], types["accum"], types["accum"])
        product = make_product(weight, start, kinds, fold_order(n_in, reuse, is_interleaved))
        free = all(is_order_free(ranges, product, column) for column in range(n_out))
        if not free and product.order != sum_order(config, n_in):
            raise SHARED_CELLS.error(node, reuse=config.reuse)
        found.append(SharedProduct(product=product, reuse=reuse, is_interleaved=is_interleaved))
    return found[0], found[1]


def step_net(
    design: Design,
    node: Node,
    sources: tuple[BusTensor, ...],
    values: tuple[list[Value], ...],
    net: Net,
    is_shared: bool = False,
) -> tuple[int, ...]:
    """Add a step and its outputs; return the first output that is each new state.

    Args:
        design: The design.
        node: The layer.
        sources: Tensors of the input and the states.
        values: Their elements.
        net: Net that grows.
        is_shared: Whether W x + b and U h + c come in place of the input.
    """
    layer = LoweredLayer(net=net, design=design, node=node, inputs=sources, values=values)
    outputs, states = lower_step(layer, is_shared)
    net.outputs = list(outputs)
    places = []
    for state in states:
        if state is outputs:
            places.append(0)
            continue
        places.append(len(net.outputs))
        net.outputs += state
    return tuple(places)
