"""What is noted of the float network's values."""

import numpy as np
import pytest
from every_op import every_op

from hlsexplore.errors import DataError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Cell, Dense, Function, Input, LayerNorm, Recurrent, Softmax
from hlsexplore.reference.forward import float_forward
from hlsexplore.reference.observe import MOST, observe


def chain(*layers) -> Graph:
    nodes = []
    for index, (op, shape) in enumerate(layers):
        nodes.append(Node(name=f"n{index}", op=op, inputs=(nodes[-1].name,) if nodes else (), shape=shape))
    return Graph(name="chain", nodes=tuple(nodes), outputs=(nodes[-1].name,))


def test_ranges_and_spreads_are_those_of_the_values_whatever_the_blocks() -> None:
    rng = np.random.default_rng(0)
    graph = chain((Input(), (3,)), (Dense(kernel=rng.normal(size=(3, 4)), bias=np.full(4, 1e6)), (4,)))
    x = rng.normal(0, 1, (5000, 3)) + np.array([0.0, 10.0, 1e5])
    seen = observe(graph, x)
    for name, values in (("n0", x), ("n1", float_forward(graph, x))):
        found = seen.results[name]
        assert found.low == min(values.min(), 0.0) and found.high == values.max()
        np.testing.assert_allclose(found.spread, values.std(axis=0), rtol=1e-9)
        np.testing.assert_allclose(found.square, np.square(values).mean(axis=0), rtol=1e-9)


@pytest.mark.parametrize(("scale", "fraction"), [(1.0, 0), (0.25, 2), (2.0**-16, 16), (2.0**-17, None), (0.1, None)])
def test_the_grid_of_an_input_is_found(scale, fraction: int | None) -> None:
    x = np.random.default_rng(0).integers(-9, 9, (50, 2)) * scale
    assert observe(chain((Input(), (2,)), (Dense(kernel=np.eye(2)), (2,))), x).results["n0"].fraction == fraction


def test_gaps_are_between_the_two_largest_logits() -> None:
    x = np.array([[5.0, 1.0, 4.0]] * 10 + [[0.0, 0.25, -3.0]] * 2)
    seen = observe(chain((Input(), (3,)), (Softmax(), (3,))), x)
    assert seen.gaps == {"n1": np.quantile([1.0] * 10 + [0.25] * 2, 0.1)}
    assert observe(chain((Input(), (1,)), (Softmax(), (1,))), np.ones((4, 1))).gaps == {"n1": 0.0}


def test_norms_are_variances_and_largest_sums() -> None:
    x = np.array([[1.0, -1.0, 4.0, 0.0], [2.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 1.0]])
    op = LayerNorm(kernel=np.ones(4), bias=np.zeros(4))
    variance, top = observe(chain((Input(), (4,)), (op, (4,))), x).norms["n1"]
    assert (variance, top) == (np.median(x.var(axis=1)), 14.0)


def recurrent(cell, activation=Function.TANH, gain: float = 1.0) -> Recurrent:
    rng = np.random.default_rng(2)
    gates = {Cell.SIMPLE_RNN: 1, Cell.GRU: 3, Cell.LSTM: 4}[cell]
    return Recurrent(
        cell=cell,
        kernel=gain * rng.normal(size=(3, 2 * gates)),
        recurrent_kernel=gain * rng.normal(size=(2, 2 * gates)),
        bias=np.zeros(2 * gates),
        recurrent_bias=np.zeros(2 * gates),
        activation=activation,
        recurrent_activation=Function.SIGMOID if activation is Function.TANH else activation,
        reset_after=False,
    )


def test_tensors_inside_cells_are_noted() -> None:
    keys = {Cell.SIMPLE_RNN: {"accum", "activation"}, Cell.GRU: {"accum", "gate", "state", "activation"}}
    keys[Cell.LSTM] = keys[Cell.GRU]
    x = np.random.default_rng(0).normal(size=(20, 4, 3))
    for cell, wanted in keys.items():
        graph = chain((Input(), (4, 3)), (recurrent(cell), (2,)))
        seen = observe(graph, x)
        assert set(seen.inner["n1"]) == wanted
        assert seen.inner["n1"]["activation"].high <= 1.0 and seen.results["n1"].high <= 1.0


def test_states_that_explode_are_large_and_no_error() -> None:
    graph = chain((Input(), (400, 3)), (recurrent(Cell.LSTM, Function.RELU, gain=30.0), (2,)))
    seen = observe(graph, np.random.default_rng(0).normal(0, 30, (8, 400, 3)))
    assert seen.inner["n1"]["state"].high == MOST
    assert np.isfinite(seen.inner["n1"]["state"].spread).all()


def test_every_op_is_observed() -> None:
    graph = every_op()
    rng = np.random.default_rng(0)
    seen = observe(graph, {node.name: rng.normal(0, 1, (6, *node.shape)) for node in graph.inputs})
    assert set(seen.results) == {node.name for node in graph}


def test_no_samples_is_an_error() -> None:
    with pytest.raises(DataError, match="there are no samples, so nothing can be fitted to them."):
        observe(chain((Input(), (2,)), (Dense(kernel=np.eye(2)), (2,))), np.zeros((0, 2)))
