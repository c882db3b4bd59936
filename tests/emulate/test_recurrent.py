"""Recurrent cells with types of their own: what trace, blame and proposals see of them."""

import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.emulate import blame, emulate, float_forward, propose_types, trace
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Cell, Function, Input, Recurrent, tensor_keys


def network(cell: Cell, gates: int, **options) -> Graph:
    rng = np.random.default_rng(3)
    op = Recurrent(
        cell=cell,
        kernel=rng.normal(0, 0.8, (3, gates * 4)),
        recurrent_kernel=rng.normal(0, 0.8, (4, gates * 4)),
        bias=rng.normal(0, 0.3, gates * 4),
        recurrent_bias=np.zeros(gates * 4),
        **options,
    )
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6, 3)),
        Node(name="cell", op=op, inputs=("x",), shape=(4,)),
    )
    return Graph(name="net", nodes=nodes, outputs=("cell",))


def test_a_cell_has_the_types_that_it_uses() -> None:
    keys = {
        "rnn": tensor_keys(network(Cell.SIMPLE_RNN, 1)["cell"].op),
        "gru": tensor_keys(network(Cell.GRU, 3)["cell"].op),
        "gru first": tensor_keys(network(Cell.GRU, 3, reset_after=False)["cell"].op),
        "lstm": tensor_keys(network(Cell.LSTM, 4, quantizes_state=True)["cell"].op),
        "hard": tensor_keys(network(Cell.SIMPLE_RNN, 1, activation=Function.HARD_TANH)["cell"].op),
    }
    assert {name: items[5:-1] for name, items in keys.items()} == {
        "rnn": ("table", "activation"),
        "gru": ("table", "activation", "gate"),
        "gru first": ("table", "activation", "gate", "state"),
        "lstm": ("table", "activation", "gate", "state", "hidden", "memory"),
        "hard": ("activation",),
    }
    with pytest.raises(ConfigError, match="'cell': unknown key 'state'"):
        Design.default(network(Cell.GRU, 3)).with_layer("cell", state="fixed<8,2>")


def test_states_that_a_step_reads_are_cast_apart_from_what_leaves() -> None:
    graph = network(Cell.LSTM, 4, quantizes_state=True)
    x = np.random.default_rng(1).normal(0, 1, (50, 6, 3))
    design = Design.default(graph)
    coarse = design.with_layer("cell", hidden="fixed<3,1>", memory="fixed<4,2>")
    found = {item.key: item for item in trace(coarse, x) if item.layer == "cell"}
    assert {"activation", "gate", "state", "hidden", "memory", "index"} <= {*found}
    assert str(found["hidden"].type) == "fixed<3,1>" and found["hidden"].rms_error > 20 * found["result"].rms_error
    y, z = emulate(design, x), emulate(coarse, x)
    assert 0.01 < np.abs(y - z).max() < 1.0
    step = Fixed.parse(coarse.type("cell", "result")).step
    assert (z / step % 1 == 0).all() and (z / 0.25 % 1 != 0).any()  # the result keeps its own resolution
    assert {item.key for item in blame(coarse, x).tensors if item.layer == "cell"} >= {"hidden", "memory", "gate"}


@pytest.mark.parametrize(("cell", "gates"), [(Cell.SIMPLE_RNN, 1), (Cell.GRU, 3), (Cell.LSTM, 4)])
def test_proposed_types_of_cells_lose_next_to_nothing(cell, gates: int) -> None:
    graph = network(cell, gates)
    x = np.random.default_rng(1).normal(0, 1, (100, 6, 3))
    design = Design.default(graph).with_layer("cell", table="fixed<10,8>", accum="fixed<12,8>", result="fixed<16,8>")
    proposed = propose_types(design, x).with_layer("cell", table_size=4096)
    wanted = float_forward(graph, x)
    assert np.abs(emulate(design, x) - wanted).max() > 0.05
    assert np.abs(emulate(proposed, x) - wanted).max() < 0.01
