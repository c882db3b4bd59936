"""Recurrent layers in training: SimpleRNN, LSTM and GRU with the emulator's casts at every step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from hlsexplore.compress.elementwise import Elementwise, Tensor, caster, elementwise
from hlsexplore.compress.trainable import is_lossless
from hlsexplore.defaults.bounds import slope_type
from hlsexplore.design import Design
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.ops import Activation, Cell, Function, Recurrent, weights

States = tuple[Tensor, Tensor]
"""What a step leaves to the next one: the hidden state, and the LSTM's memory."""
CellStep = Callable[[Tensor, States], tuple[Tensor, States]]


def make_recurrent(
    design: Design, node: Node, op: Recurrent
) -> Callable[[Sequence[Tensor], Mapping[tuple[str, str], Tensor]], Tensor]:
    """Return the function from a layer's inputs and all weights to its result.

    Args:
        design: The design.
        node: A recurrent layer of it.
        op: The layer's op.
    """
    name = node.name
    types = design.layers[name].types
    casts = {key: caster(types[key]) for key in weights(op)}
    make = {Cell.SIMPLE_RNN: _simple_rnn, Cell.LSTM: _lstm, Cell.GRU: _gru}[op.cell]
    units = op.recurrent_kernel.shape[0]

    def apply(inputs: Sequence[Tensor], values: Mapping[tuple[str, str], Tensor]) -> Tensor:
        x = inputs[0]
        own = {key: cast(values[name, key]) for key, cast in casts.items()}
        cell = make(_Gates(design, node, op, own))
        order = range(x.shape[1] - 1, -1, -1) if op.go_backwards else range(x.shape[1])
        zeros = tf.zeros((tf.shape(x)[0], units), x.dtype)
        states: States = (zeros, zeros)
        outputs: dict[int, Tensor] = {}
        for t in order:
            outputs[t], states = cell(x[:, t], states)
        if op.return_sequences:
            return tf.stack([outputs[t] for t in range(x.shape[1])], axis=1)
        return outputs[order[-1]]

    return apply


class _Gates:
    """Products and functions that the cells share; stateless after construction."""

    def __init__(self, design: Design, node: Node, op: Recurrent, own: Mapping[str, Tensor]) -> None:
        config = design.layers[node.name]
        self.op, self.types, self.own, self._size = op, config.types, own, config.table_size
        self.units = op.recurrent_kernel.shape[0]
        self.accum = caster(self.types["accum"])
        self._sum: Elementwise = _same if is_lossless(design, node) else self.accum
        self.act = self._function(op.activation, op.alpha, self.types["accum"], "activation")
        self.state = caster(self.types["state"]) if "state" in self.types else _same
        self._result = caster(self.types["result"])
        self._hidden = caster(self.types["hidden"]) if op.quantizes_state else None
        self.keep = caster(self.types["memory"]) if op.quantizes_state and "memory" in self.types else None

    def gate(self) -> Elementwise:
        """Return the function of the gates."""
        return self._function(self.op.recurrent_activation, self.op.recurrent_alpha, self.types["accum"], "gate")

    def memory_act(self) -> Elementwise:
        """Return the function of the LSTM's memory."""
        return self._function(self.op.activation, self.op.alpha, self.types["state"], "activation")

    def from_input(self, x: Tensor) -> Tensor:
        """Return x @ kernel + bias."""
        return self._product(x, "weight", "bias", 0)

    def from_state(self, hidden: Tensor, first: int = 0) -> Tensor:
        """Return hidden @ recurrent kernel + bias, from a column on."""
        return self._product(hidden, "recurrent_weight", "recurrent_bias", first)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the sum of two accumulators."""
        return self._sum(a + b)

    def leave(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the new hidden state as it leaves the layer, and as the next step reads it."""
        output = self._result(values)
        return output, output if self._hidden is None else self._hidden(values)

    def _product(self, x: Tensor, weight: str, bias: str, first: int) -> Tensor:
        total = tf.matmul(x, self.own[weight][:, first:])
        if bias in self.own:
            total += self.own[bias][first:]
        return self._sum(total)

    def _function(self, function: Function, alpha: float, source: Fixed, key: str) -> Elementwise:
        types: dict[str, Any] = {**self.types, "weight": slope_type(alpha), "result": self.types[key]}
        return elementwise(Activation(function=function, alpha=alpha), types, self._size, source)


def _same(x: Tensor) -> Tensor:
    return x


def _simple_rnn(gates: _Gates) -> CellStep:
    """Return the step h = act(W x + U h)."""

    def step(x: Tensor, states: States) -> tuple[Tensor, States]:
        total = gates.add(gates.from_input(x), gates.from_state(states[0]))
        output, hidden = gates.leave(gates.act(total))
        return output, (hidden, states[1])

    return step


def _lstm(gates: _Gates) -> CellStep:
    """Return the step m = g * i + m * f, h = o * act(m)."""
    n, gate, squash = gates.units, gates.gate(), gates.memory_act()

    def step(x: Tensor, states: States) -> tuple[Tensor, States]:
        total = gates.add(gates.from_input(x), gates.from_state(states[0]))
        i, f, o = gate(total[:, :n]), gate(total[:, n : 2 * n]), gate(total[:, 3 * n :])
        values = gates.act(total[:, 2 * n : 3 * n]) * i + states[1] * f
        memory = gates.state(values)
        output, hidden = gates.leave(o * squash(memory))
        return output, (hidden, memory if gates.keep is None else gates.keep(values))

    return step


def _gru(gates: _Gates) -> CellStep:
    """Return the step h = g * (1 - z) + h * z."""
    n, gate, is_late = gates.units, gates.gate(), gates.op.reset_after

    def step(x: Tensor, states: States) -> tuple[Tensor, States]:
        hidden, from_x, from_h = states[0], gates.from_input(x), gates.from_state(states[0])
        z = gate(gates.add(from_x[:, :n], from_h[:, :n]))
        r = gate(gates.add(from_x[:, n : 2 * n], from_h[:, n : 2 * n]))
        reset = gates.accum(r * from_h[:, 2 * n :]) if is_late else gates.from_state(gates.state(r * hidden), 2 * n)
        candidate = gates.act(gates.add(from_x[:, 2 * n :], reset))
        output, kept = gates.leave(candidate * (1.0 - z) + hidden * z)
        return output, (kept, states[1])

    return step
