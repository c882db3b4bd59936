"""A step of a recurrent layer as cells (docs/ir.md, section Recurrent), and the states between steps."""

from collections.abc import Sequence
from dataclasses import replace

from hlsexplore.coverage import SHARED_CELLS
from hlsexplore.defaults.bounds import slope_type
from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, RawArray
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import LayerConfig
from hlsexplore.ops import Activation, Cell, Function, Input, Recurrent, tensor_keys
from hlsexplore.rtl_plan.lower.layer import Layer, aligned, refuse
from hlsexplore.rtl_plan.lower.matmul import make_product, matrix_outputs
from hlsexplore.rtl_plan.lower.pointwise import lower_activation
from hlsexplore.rtl_plan.netlist.casts import cast
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.tensor import Tensor, full_tensor
from hlsexplore.weights import raw_weights


def check_recurrent(design: Design, node: Node) -> Recurrent:
    """Return the op of a recurrent layer that has RTL.

    Raises:
        NoModelError: If it shares multipliers.
    """
    op, reuse = node.op, design.layers[node.name].reuse
    if not isinstance(op, Recurrent):
        raise refuse(node)
    if reuse > 1:
        raise SHARED_CELLS.error(node, reuse=reuse)
    return op


def state_tensors(design: Design, node: Node) -> tuple[Tensor, ...]:
    """Return the tensors of a layer's states."""
    op, types = check_recurrent(design, node), design.layers[node.name].types
    units = op.recurrent_kernel.shape[0]
    kinds = [types["hidden" if op.quantizes_state else "result"]]
    if op.cell is Cell.LSTM:
        kinds.append(types["memory" if op.quantizes_state else "state"])
    return tuple(full_tensor((units,), kind) for kind in kinds)


def lower_step(layer: Layer) -> tuple[list[Value], list[list[Value]]]:
    """Add a step of a recurrent layer; return its outputs and the new states.

    Args:
        layer: Its inputs are the input of the step and the states.
    """
    cell = _Step(layer)
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

    def __init__(self, layer: Layer) -> None:
        self.layer, self.net, self.types = layer, layer.net, layer.config.types
        self.op = check_recurrent(layer.design, layer.node)
        self.raw = raw_weights(layer.design, layer.node.name)
        self.accum, self.units = self.types["accum"], self.op.recurrent_kernel.shape[0]
        self.x, self.hidden = layer.values[0], layer.values[1]
        self.hidden_type = self.types["hidden" if self.op.quantizes_state else "result"]

    def from_input(self) -> list[Value]:
        """Add W x + b in the accumulator's type."""
        source = self.layer.design.input_types(self.layer.node.name)[0]
        return self._product(self.x, source, ("weight", "bias"), self.raw["weight"], self.raw.get("bias"))

    def from_state(self) -> list[Value]:
        """Add U h + c in the accumulator's type."""
        return self._from(self.hidden, self.hidden_type, 0)

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
        return matrix_outputs(self.net, values, make_product(weight, bias, kinds, range(weight.shape[0])))

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
        tensor = Tensor(shape=shape, fraction=source.fraction, ranges=tuple((cell.low, cell.high) for cell in cells))
        return lower_activation(
            Layer(net=self.net, design=design, node=nodes[1], inputs=(tensor,), values=(list(values),)), op
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
    for index, old in enumerate(cell.layer.values[2]):
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


def step_net(
    design: Design, node: Node, sources: tuple[Tensor, ...], values: tuple[list[Value], ...], net: Net
) -> tuple[int, ...]:
    """Add a step and its outputs; return the first output that is each new state.

    Args:
        design: The design.
        node: The layer.
        sources: Tensors of the input and the states.
        values: Their elements.
        net: Net that grows.
    """
    layer = Layer(net=net, design=design, node=node, inputs=sources, values=values)
    outputs, states = lower_step(layer)
    net.outputs = list(outputs)
    places = []
    for state in states:
        if state is outputs:
            places.append(0)
            continue
        places.append(len(net.outputs))
        net.outputs += state
    return tuple(places)
