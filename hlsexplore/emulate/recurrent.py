"""Plans of recurrent layers: SimpleRNN, LSTM and GRU (docs/ir.md, section Recurrent)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hlsexplore.design import LayerConfig
from hlsexplore.emulate.accumulate import add_carriers, multiply_carriers, negated, product_span, sum_span
from hlsexplore.emulate.carrier import Carrier, Span, cast, dtype_for
from hlsexplore.emulate.dense import accumulation_order, raw_weights_of
from hlsexplore.emulate.pointwise import build_activation
from hlsexplore.emulate.product import Product, plan_product
from hlsexplore.emulate.step import Context, Probe, Step, cast_probed
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.ops import Activation, Cell, Function, Recurrent


def build_recurrent(context: Context) -> Step:
    """Plan a recurrent layer."""
    op = context.node.op
    if not isinstance(op, Recurrent):
        raise NoModelError(f"layer {context.node.name!r}: {context.node.kind!r} is no recurrent layer.")
    cell = {Cell.SIMPLE_RNN: _simple_rnn, Cell.LSTM: _lstm, Cell.GRU: _gru}[op.cell](context, op)
    units, result = op.recurrent_kernel.shape[0], context.config.types["result"]
    span = Span.of(result)
    dtype = dtype_for(span.magnitude)

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        steps = range(x.shape[1] - 1, -1, -1) if op.go_backwards else range(x.shape[1])
        hidden = np.zeros((len(x), units), dtype=dtype)
        memory = None
        sequence = np.empty((len(x), x.shape[1], units), dtype=dtype) if op.return_sequences else None
        for t in steps:
            hidden, memory = cell(x[:, t], hidden, memory, probe)
            if sequence is not None:
                sequence[:, t] = hidden
        return hidden if sequence is None else sequence

    return Step(run=run, span=span, type=result)


CellStep = Callable[[Carrier, Carrier, Carrier | None, Probe | None], tuple[Carrier, Carrier | None]]


class _Gates:
    """The two matrix products of a cell and what is common to all cells; stateless after construction."""

    def __init__(self, context: Context, op: Recurrent) -> None:
        types = context.config.types
        raw = raw_weights_of(context)
        self.context, self.accum, self.result = context, types["accum"], types["result"]
        self.full, self.hidden = Span.of(types["accum"]), Span.of(types["result"])
        self.units = op.recurrent_kernel.shape[0]
        self._input = self._product(raw["weight"], "weight", raw.get("bias"), "bias", context.spans[0])
        self._state = self._product(
            raw["recurrent_weight"], "recurrent_weight", raw.get("recurrent_bias"), "recurrent_bias", self.hidden
        )

    def _product(
        self, weight: Carrier, weight_key: str, bias: Carrier | None, bias_key: str, source: Span
    ) -> tuple[Product, Product]:
        types = self.context.config.types
        order = accumulation_order(self.context.config, weight.shape[0])
        common = (weight, types[weight_key].fraction, bias, types[bias_key].fraction, source)
        return plan_product(*common, self.accum, order), plan_product(*common, None)

    def from_input(self, x: Carrier, probe: Probe | None) -> Carrier:
        """Return x @ kernel + bias in the accumulator type."""
        return self._apply(self._input, x, probe)

    def from_state(self, hidden: Carrier, probe: Probe | None) -> Carrier:
        """Return hidden @ recurrent kernel + bias in the accumulator type."""
        return self._apply(self._state, hidden, probe)

    def _apply(self, products: tuple[Product, Product], rows: Carrier, probe: Probe | None) -> Carrier:
        product, exact = products
        acc = cast(product.apply(rows), product.span, self.accum, owned=True)[0]
        if probe is not None:
            probe("accum", exact.apply(rows), exact.span, acc, self.accum)
        return acc

    def add(self, a: Carrier, b: Carrier, probe: Probe | None) -> Carrier:
        """Return cast(a + b) of two accumulators."""
        return cast_probed(
            add_carriers(a, self.full, b, self.full), sum_span(self.full, self.full), self.accum, "accum", probe
        )

    def activation(self, function: Function, alpha: float, source: Fixed) -> Callable[[Carrier, Probe | None], Carrier]:
        """Return an elementwise function from a type to the accumulator type."""
        context = self.context
        op = Activation(function=function, alpha=alpha)
        types = {**context.config.types, "result": self.accum}
        node = Node(name=context.node.name, op=op, inputs=context.node.inputs, shape=(self.units,))
        config: LayerConfig = replace(context.config, types=types)
        step = build_activation(
            replace(
                context, node=node, config=config, types=(source,), spans=(Span.of(source),), shapes=((self.units,),)
            )
        )

        def apply(x: Carrier, probe: Probe | None) -> Carrier:
            # Only the table's index is shown: "result" is the layer's own result.
            shown = None if probe is None else _only_index(probe)
            return step.run([x], shown)

        return apply


def _only_index(probe: Probe) -> Probe:
    def shown(key: str, before: Carrier, span: Span, after: Carrier, type_: Fixed) -> None:
        if key == "index":
            probe(key, before, span, after, type_)

    return shown


def _simple_rnn(context: Context, op: Recurrent) -> CellStep:
    """Plan h = cast(act(cast(W x + U h)))."""
    gates = _Gates(context, op)
    act = gates.activation(op.activation, op.alpha, gates.accum)

    def step(
        x: Carrier, hidden: Carrier, memory: Carrier | None, probe: Probe | None
    ) -> tuple[Carrier, Carrier | None]:
        total = gates.add(gates.from_input(x, probe), gates.from_state(hidden, probe), probe)
        return cast_probed(act(total, probe).copy(), gates.full, gates.result, "result", probe), None

    return step


def _lstm(context: Context, op: Recurrent) -> CellStep:
    """Plan c = cast(i * g + f * c), h = cast(o * act(c)), all gates in the accumulator type."""
    gates, state = _Gates(context, op), context.config.types["state"]
    act = gates.activation(op.activation, op.alpha, gates.accum)
    recurrent_act = gates.activation(op.recurrent_activation, op.recurrent_alpha, gates.accum)
    state_act = gates.activation(op.activation, op.alpha, state)
    n, full, cell = gates.units, gates.full, Span.of(state)
    fresh, kept, out = product_span(full, full), product_span(cell, full), product_span(full, full)

    def step(
        x: Carrier, hidden: Carrier, memory: Carrier | None, probe: Probe | None
    ) -> tuple[Carrier, Carrier | None]:
        total = gates.add(gates.from_input(x, probe), gates.from_state(hidden, probe), probe)
        gate = recurrent_act(np.concatenate([total[:, : 2 * n], total[:, 3 * n :]], axis=1), probe)
        candidate = act(total[:, 2 * n : 3 * n], probe)
        values, span = multiply_carriers(candidate, full, gate[:, :n], full), fresh
        if memory is not None:
            old = multiply_carriers(memory, cell, gate[:, n : 2 * n], full)
            values, span = add_carriers(values, fresh, old, kept), sum_span(fresh, kept)
        memory = cast_probed(values, span, state, "state", probe)
        product = multiply_carriers(gate[:, 2 * n :], full, state_act(memory, probe), full)
        return cast_probed(product, out, gates.result, "result", probe), memory

    return step


def _gru(context: Context, op: Recurrent) -> CellStep:
    """Plan h = cast(g * (1 - z) + h * z)."""
    gates, n = _Gates(context, op), op.recurrent_kernel.shape[0]
    act = gates.activation(op.activation, op.alpha, gates.accum)
    recurrent_act = gates.activation(op.recurrent_activation, op.recurrent_alpha, gates.accum)
    full, hidden_span = gates.full, gates.hidden
    one = Span(0, 1, 1)
    rest = sum_span(one, negated(full))
    fresh, kept = product_span(full, rest), product_span(hidden_span, full)
    candidate_product = _reset_product(gates, op) if op.reset_after else _reset_first(gates, op)

    def step(
        x: Carrier, hidden: Carrier, memory: Carrier | None, probe: Probe | None
    ) -> tuple[Carrier, Carrier | None]:
        from_x, from_h = gates.from_input(x, probe), gates.from_state(hidden, probe)
        zr = recurrent_act(gates.add(from_x[:, : 2 * n], from_h[:, : 2 * n], probe), probe)
        z, r = zr[:, :n], zr[:, n:]
        reset = candidate_product(r, hidden, from_h[:, 2 * n :], probe)
        candidate = act(gates.add(from_x[:, 2 * n :], reset, probe), probe)
        unit = np.ones((1, 1), dtype=np.float32)
        complement = add_carriers(unit, one, -z, negated(full))
        new = multiply_carriers(candidate, full, complement, rest)
        old = multiply_carriers(hidden, hidden_span, z, full)
        values = add_carriers(new, fresh, old, kept)
        return cast_probed(values, sum_span(fresh, kept), gates.result, "result", probe), None

    return step


Reset = Callable[[Carrier, Carrier, Carrier, Probe | None], Carrier]


def _reset_product(gates: _Gates, op: Recurrent) -> Reset:
    """Plan r * (U h + b): the reset gate after the product."""
    products = product_span(gates.full, gates.full)

    def reset(r: Carrier, hidden: Carrier, from_h: Carrier, probe: Probe | None) -> Carrier:
        return cast_probed(multiply_carriers(r, gates.full, from_h, gates.full), products, gates.accum, "accum", probe)

    return reset


def _reset_first(gates: _Gates, op: Recurrent) -> Reset:
    """Plan U (r * h) + b: the reset gate before the product, r * h in the state type."""
    types, n = gates.context.config.types, gates.units
    state = types["state"]
    raw = raw_weights_of(gates.context)
    bias = raw.get("recurrent_bias")
    order = accumulation_order(gates.context.config, n)
    product = plan_product(
        raw["recurrent_weight"][:, 2 * n :],
        types["recurrent_weight"].fraction,
        None if bias is None else bias[2 * n :],
        types["recurrent_bias"].fraction,
        Span.of(state),
        gates.accum,
        order,
    )
    products = product_span(gates.full, gates.hidden)

    def reset(r: Carrier, hidden: Carrier, from_h: Carrier, probe: Probe | None) -> Carrier:
        masked = cast_probed(multiply_carriers(r, gates.full, hidden, gates.hidden), products, state, "state", probe)
        return cast(product.apply(masked), product.span, gates.accum, owned=True)[0]

    return reset
