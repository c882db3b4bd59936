"""Plans of recurrent layers: SimpleRNN, LSTM and GRU (docs/ir.md, section Recurrent)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hlsexplore.defaults.bounds import slope_type
from hlsexplore.emulate.accumulate import add_carriers, multiply_carriers, negated, product_span, sum_span
from hlsexplore.emulate.carrier import Carrier, Span, dtype_for, repays_kernel
from hlsexplore.emulate.dense import accumulation_order, raw_weights_of, show_accumulator
from hlsexplore.emulate.pointwise import build_activation
from hlsexplore.emulate.product import PlannedProduct, plan_product
from hlsexplore.emulate.recurrent_block import GruBlock, GruParts, plan_gru
from hlsexplore.emulate.step import PlanContext, Probe, Step, cast_probed
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.layer_config import LayerConfig
from hlsexplore.ops import Activation, Cell, Function, Recurrent


def build_recurrent(context: PlanContext, op: Recurrent) -> Step:
    """Plan a recurrent layer."""
    gates = _Gates(context, op)
    cell = {Cell.SIMPLE_RNN: _simple_rnn, Cell.LSTM: _lstm, Cell.GRU: _gru}[op.cell](gates)
    block = gates.block()
    units, result = op.recurrent_kernel.shape[0], context.config.types["result"]
    span, fed = Span.of(result), Span.of(fed_type(op, context.config))

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        if block is not None and probe is None and repays_kernel(x):
            return block.apply(x)
        steps = range(x.shape[1] - 1, -1, -1) if op.go_backwards else range(x.shape[1])
        states: States = (np.zeros((len(x), units), dtype=dtype_for(fed.magnitude)), None)
        output = states[0]
        sequence = np.empty((len(x), len(steps), units), dtype=dtype_for(span.magnitude))
        for t in steps:
            output, states = cell(x[:, t], states, probe)
            if op.return_sequences:
                sequence[:, t] = output
        return sequence if op.return_sequences else output

    return Step(run=run, span=span, type=result)


def fed_type(op: Recurrent, config: LayerConfig) -> Fixed:
    """Return the type of the hidden state that a step reads."""
    return config.types["hidden" if op.quantizes_state else "result"]


States = tuple[Carrier, Carrier | None]
"""What a step leaves to the next one: the hidden state, and the LSTM's memory (None before the first step)."""
CellStep = Callable[[Carrier, States, Probe | None], tuple[Carrier, States]]
Apply = Callable[[Carrier, Probe | None], Carrier]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Function:
    """A planned elementwise function with the span of its results."""

    apply: Apply
    span: Span


class _Gates:
    """The two matrix products of a cell and what is common to all cells; stateless after construction."""

    def __init__(self, context: PlanContext, op: Recurrent) -> None:
        types = context.config.types
        raw = raw_weights_of(context)
        self.context, self.op, self.types, self.accum = context, op, types, types["accum"]
        self.full, self.hidden = Span.of(types["accum"]), Span.of(fed_type(op, context.config))
        self.units = op.recurrent_kernel.shape[0]
        self._input = self._product(raw["weight"], "weight", raw.get("bias"), "bias", context.spans[0])
        self._state = self._product(
            raw["recurrent_weight"], "recurrent_weight", raw.get("recurrent_bias"), "recurrent_bias", self.hidden
        )
        self.act = self._function(op.activation, op.alpha, self.accum, "activation")

    def _product(
        self, weight: Carrier, weight_key: str, bias: Carrier | None, bias_key: str, source: Span
    ) -> tuple[PlannedProduct, PlannedProduct]:
        order = accumulation_order(self.context.config, weight.shape[0])
        common = (weight, self.types[weight_key].fraction, bias, self.types[bias_key].fraction, source)
        return plan_product(*common, self.accum, order), plan_product(*common, None)

    def candidate_product(self) -> tuple[PlannedProduct, PlannedProduct]:
        """Return the product of the reset state with the candidate's recurrent kernel."""
        raw, first = raw_weights_of(self.context), 2 * self.units
        bias = raw.get("recurrent_bias")
        kernel, offset = raw["recurrent_weight"][:, first:], None if bias is None else bias[first:]
        return self._product(kernel, "recurrent_weight", offset, "recurrent_bias", Span.of(self.types["state"]))

    def block(self) -> GruBlock | None:
        """Return the same layer as one compiled pass over all steps, or None where there is none."""
        products = self._input[0].rounded, self._state[0].rounded
        is_plain = self.op.cell is Cell.GRU and self.op.reset_after and not self.op.quantizes_state
        if not is_plain or products[0] is None or products[1] is None:
            return None
        gate, act = self.gate(), self.act
        parts = GruParts(
            products=(products[0], products[1]),
            functions=(lambda x: gate.apply(x, None), lambda x: act.apply(x, None)),
            spans=(gate.span, act.span),
            hidden=self.hidden,
            result=self.types["result"],
        )
        return plan_gru(parts, self.op.go_backwards, self.op.return_sequences)

    def from_input(self, x: Carrier, probe: Probe | None) -> Carrier:
        """Return x @ kernel + bias in the accumulator type."""
        return self.apply(self._input, x, probe)

    def from_state(self, hidden: Carrier, probe: Probe | None) -> Carrier:
        """Return hidden @ recurrent kernel + bias in the accumulator type."""
        return self.apply(self._state, hidden, probe)

    def apply(self, products: tuple[PlannedProduct, PlannedProduct], rows: Carrier, probe: Probe | None) -> Carrier:
        """Return a product in the accumulator type."""
        product, exact = products
        if probe is None:
            return product.apply_cast(rows, self.accum)
        return show_accumulator(product, exact, rows, product.apply(rows), probe)

    def add(self, a: Carrier, b: Carrier, probe: Probe | None) -> Carrier:
        """Return cast(a + b) of two accumulators."""
        return cast_probed(
            add_carriers(a, self.full, b, self.full), sum_span(self.full, self.full), self.accum, "accum", probe
        )

    def gate(self) -> _Function:
        """Return the function of the gates."""
        return self._function(self.op.recurrent_activation, self.op.recurrent_alpha, self.accum, "gate")

    def memory_act(self) -> _Function:
        """Return the function of the LSTM's memory."""
        return self._function(self.op.activation, self.op.alpha, self.types["state"], "activation")

    def _function(self, function: Function, alpha: float, source: Fixed, key: str) -> _Function:
        """Return an elementwise function from a type to the type of a tensor key."""
        context = self.context
        types = {**self.types, "weight": slope_type(alpha), "result": self.types[key]}
        op = Activation(function=function, alpha=alpha)
        node = Node(name=context.node.name, op=op, inputs=context.node.inputs, shape=(self.units,))
        config: LayerConfig = replace(context.config, types=types)
        part = replace(
            context, node=node, config=config, types=(source,), spans=(Span.of(source),), shapes=((self.units,),)
        )
        step = build_activation(part, op)

        def apply(x: Carrier, probe: Probe | None) -> Carrier:
            return step.run([x], None if probe is None else _renamed(probe, key))

        return _Function(apply=apply, span=step.span)

    def leave(self, values: Carrier, span: Span, probe: Probe | None) -> tuple[Carrier, Carrier]:
        """Return the new hidden state as it leaves the layer, and as the next step reads it: a cast of each."""
        result = self.types["result"]
        if not self.op.quantizes_state:
            output = cast_probed(values, span, result, "result", probe)
            return output, output
        hidden = cast_probed(values.copy(), span, self.types["hidden"], "hidden", probe)
        return cast_probed(values, span, result, "result", probe), hidden


def _renamed(probe: Probe, name: str) -> Probe:
    """Return a probe that shows a function's result under a name of its own."""

    def shown(key: str, before: Carrier, span: Span, after: Carrier, type_: Fixed) -> None:
        probe(name if key == "result" else key, before, span, after, type_)

    return shown


def _simple_rnn(gates: _Gates) -> CellStep:
    """Plan h = act(W x + U h)."""

    def step(x: Carrier, states: States, probe: Probe | None) -> tuple[Carrier, States]:
        total = gates.add(gates.from_input(x, probe), gates.from_state(states[0], probe), probe)
        output, hidden = gates.leave(gates.act.apply(total, probe).copy(), gates.act.span, probe)
        return output, (hidden, None)

    return step


def _lstm(gates: _Gates) -> CellStep:
    """Plan m = g * i + m * f, h = o * act(m)."""
    n, state, gate, squash = gates.units, gates.types["state"], gates.gate(), gates.memory_act()
    kept_type = gates.types["memory"] if gates.op.quantizes_state else state
    kept_span = Span.of(kept_type)
    fresh, kept = product_span(gates.act.span, gate.span), product_span(kept_span, gate.span)
    out = product_span(gate.span, squash.span)

    def step(x: Carrier, states: States, probe: Probe | None) -> tuple[Carrier, States]:
        total = gates.add(gates.from_input(x, probe), gates.from_state(states[0], probe), probe)
        ifo = gate.apply(np.concatenate([total[:, : 2 * n], total[:, 3 * n :]], axis=1), probe)
        candidate = gates.act.apply(total[:, 2 * n : 3 * n], probe)
        values, span = multiply_carriers(candidate, gates.act.span, ifo[:, :n], gate.span), fresh
        if states[1] is not None:
            old = multiply_carriers(states[1], kept_span, ifo[:, n : 2 * n], gate.span)
            values, span = add_carriers(values, fresh, old, kept), sum_span(fresh, kept)
        memory = cast_probed(values.copy(), span, state, "state", probe)
        keep = cast_probed(values, span, kept_type, "memory", probe) if gates.op.quantizes_state else memory
        product = multiply_carriers(ifo[:, 2 * n :], gate.span, squash.apply(memory, probe), squash.span)
        output, hidden = gates.leave(product, out, probe)
        return output, (hidden, keep)

    return step


def _gru(gates: _Gates) -> CellStep:
    """Plan h = g * (1 - z) + h * z."""
    n, act, gate = gates.units, gates.act, gates.gate()
    one = Span(0, 1, 1)
    rest = sum_span(one, negated(gate.span))
    fresh, kept = product_span(act.span, rest), product_span(gates.hidden, gate.span)
    candidate_product = _reset_product(gates, gate) if gates.op.reset_after else _reset_first(gates, gate)

    def step(x: Carrier, states: States, probe: Probe | None) -> tuple[Carrier, States]:
        from_x, from_h = gates.from_input(x, probe), gates.from_state(states[0], probe)
        zr = gate.apply(gates.add(from_x[:, : 2 * n], from_h[:, : 2 * n], probe), probe)
        z, r = zr[:, :n], zr[:, n:]
        reset = candidate_product(r, states[0], from_h[:, 2 * n :], probe)
        candidate = act.apply(gates.add(from_x[:, 2 * n :], reset, probe), probe)
        unit = np.ones((1, 1), dtype=np.float32)
        complement = add_carriers(unit, one, -z, negated(gate.span))
        new = multiply_carriers(candidate, act.span, complement, rest)
        old = multiply_carriers(states[0], gates.hidden, z, gate.span)
        output, hidden = gates.leave(add_carriers(new, fresh, old, kept), sum_span(fresh, kept), probe)
        return output, (hidden, None)

    return step


Reset = Callable[[Carrier, Carrier, Carrier, Probe | None], Carrier]


def _reset_product(gates: _Gates, gate: _Function) -> Reset:
    """Plan r * (U h + b): the reset gate after the product."""
    products = product_span(gate.span, gates.full)

    def reset(r: Carrier, hidden: Carrier, from_h: Carrier, probe: Probe | None) -> Carrier:
        return cast_probed(multiply_carriers(r, gate.span, from_h, gates.full), products, gates.accum, "accum", probe)

    return reset


def _reset_first(gates: _Gates, gate: _Function) -> Reset:
    """Plan U (r * h) + b: the reset gate before the product, r * h in the state type."""
    state, product = gates.types["state"], gates.candidate_product()
    products = product_span(gate.span, gates.hidden)

    def reset(r: Carrier, hidden: Carrier, from_h: Carrier, probe: Probe | None) -> Carrier:
        masked = cast_probed(multiply_carriers(r, gate.span, hidden, gates.hidden), products, state, "state", probe)
        return gates.apply(product, masked, probe)

    return reset
