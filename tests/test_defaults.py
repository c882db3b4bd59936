"""Default types: accuracy close to the float network's, whatever the ranges; no data is needed."""

import numpy as np
import pytest

from hlsexplore import examples
from hlsexplore.defaults.layers import MAX_LOGIT_BITS
from hlsexplore.defaults.typical import typical_squares
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward, propose_types
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Cell, Dense, Function, Input, LayerNorm, Op, Recurrent, Softmax

TYPES = ("fixed<16,6>", "fixed<24,8>", "fixed<32,12>")


def network(shape: tuple[int, ...], *layers: tuple[Op, tuple[int, ...]]) -> Graph:
    nodes = [Node(name="x", op=Input(), inputs=(), shape=shape)]
    for index, (op, out) in enumerate(layers):
        nodes.append(Node(name=f"n{index}", op=op, inputs=(nodes[-1].name,), shape=out))
    return Graph(name="net", nodes=tuple(nodes), outputs=(nodes[-1].name,))


def normalised_digits(gain: float) -> tuple[Graph, np.ndarray, np.ndarray]:
    """Dense, LayerNorm, ReLU, Dense, LayerNorm, Dense, Softmax on digits: random features, last layer fitted to half."""
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(4)
    x, y = load_digits(return_X_y=True)
    x = (x - x.mean()) / x.std()

    def dense(n_in: int, n_out: int) -> Dense:
        return Dense(kernel=rng.normal(0, gain / np.sqrt(n_in), (n_in, n_out)), bias=rng.normal(0, 0.1, n_out))

    def norm(count: int) -> LayerNorm:
        return LayerNorm(kernel=rng.normal(1, 0.2, count), bias=rng.normal(0, 0.2, count))

    relu = Activation(function=Function.RELU)
    body = [(dense(64, 96), (96,)), (norm(96), (96,)), (relu, (96,)), (dense(96, 96), (96,)), (norm(96), (96,))]
    features = float_forward(network((64,), *body), x)
    columns = np.hstack([features, np.ones((len(x), 1))])[::2]
    weights = np.linalg.lstsq(columns.T @ columns + np.eye(97), columns.T @ (24.0 * np.eye(10)[y[::2]]), rcond=None)[0]
    graph = network((64,), *body, (Dense(kernel=weights[:-1], bias=weights[-1]), (10,)), (Softmax(), (10,)))
    return graph, x[1::4], y[1::4]


@pytest.mark.parametrize("gain", [0.2, 1.0, 6.0])
@pytest.mark.parametrize("type_", TYPES[:2])
def test_default_of_a_normalised_network_is_as_accurate_as_float(gain, type_):
    graph, x, y = normalised_digits(gain)
    float_accuracy = (float_forward(graph, x).argmax(axis=1) == y).mean()
    assert float_accuracy > 0.9
    for design in (Design.default(graph, type=type_), propose_types(Design.default(graph, type=type_), x)):
        accuracy = (emulate(design, x).argmax(axis=1) == y).mean()
        assert accuracy > float_accuracy - 0.01


@pytest.mark.parametrize("spread", [5.0, 60.0, 300.0])
@pytest.mark.parametrize("type_", TYPES)
def test_default_tells_wide_logits_apart(spread, type_):
    rng = np.random.default_rng(5)
    features = Dense(kernel=rng.normal(0, 0.25, (16, 32)))
    head = Dense(kernel=rng.normal(0, 1, (32, 5)))
    relu = Activation(function=Function.RELU)
    graph = network((16,), (features, (32,)), (relu, (32,)), (head, (5,)))
    x = rng.normal(0, 1, (4000, 16))
    top = np.abs(float_forward(graph, x)).max()
    head = Dense(kernel=head.kernel * (spread / top))
    graph = network((16,), (features, (32,)), (relu, (32,)), (head, (5,)), (Softmax(), (5,)))
    wanted = float_forward(graph, x)
    design = Design.default(graph, type=type_)
    got = emulate(design, x)
    # Two logits nearer than a step of the table tie; random networks have many such pairs.
    step = 2.0 ** (design.result_type("n2").integer - 1) / design.layers["n3"].table_size
    second, first = np.sort(float_forward(network((16,), (features, (32,)), (relu, (32,)), (head, (5,))), x))[:, -2:].T
    is_clear = first - second > 2 * step
    assert (wanted.argmax(axis=1) == got.argmax(axis=1))[is_clear].mean() > 0.999
    assert step <= 1 / 16 or spread > 60
    assert np.abs(wanted - got).max() < step + 0.01


@pytest.mark.parametrize("name", examples.NAMES)
@pytest.mark.parametrize("type_", ["fixed<16,6>", "fixed<24,8>"])
def test_default_of_every_example_is_within_one_percent_of_float(name, type_):
    for variant in ("keras", "qkeras"):
        example = examples.load(name, variant)
        x, labels = example.x[:1500], example.labels[:1500]
        float_accuracy = (float_forward(example.graph, x).argmax(axis=1) == labels).mean()
        accuracy = (emulate(Design.default(example.graph, type=type_), x).argmax(axis=1) == labels).mean()
        assert accuracy >= float_accuracy - 0.01


def test_logits_have_the_bits_of_typical_ones_and_their_table_fine_steps():
    kernel = np.full((16, 5), 8.0)
    graph = network((16,), (Dense(kernel=kernel), (5,)), (Softmax(), (5,)))
    assert typical_squares(graph)["n0"] == 16 * 64.0
    design = Design.default(graph)
    assert str(design.result_type("n0")) == "fixed<19,9,TRN,SAT>"
    assert design.layers["n1"].table_size == 8192
    graph = network((16,), (Dense(kernel=kernel * 1000), (5,)), (Softmax(), (5,)))
    assert Design.default(graph).result_type("n0").integer == MAX_LOGIT_BITS
    graph = network((16,), (Dense(kernel=kernel / 100), (5,)), (Softmax(), (5,)))
    design = Design.default(graph, type="fixed<32,12>")
    assert str(design.result_type("n0")) == "fixed<26,6,TRN,SAT>"
    assert design.layers["n1"].table_size == 1024


def test_logits_are_no_wider_than_their_sums():
    design = Design.default(examples.load("jets", "qkeras").graph)
    name = design.graph.layers[-1].inputs[0]
    assert design.layers[name].types["accum"] == Fixed(15, 6)
    assert str(design.result_type(name)) == "fixed<15,6,TRN,SAT>"


def test_types_of_a_softmax_follow_its_mode_until_they_are_set():
    graph = network((4,), (Dense(kernel=np.eye(4)), (4,)), (Softmax(), (4,)))
    design = Design.default(graph)
    latency = design.with_layer("n1", softmax="latency")
    assert str(design.type("n1", "exp_table")) == "ufixed<18,1,RND,SAT>"
    assert str(latency.type("n1", "exp_table")) == "ufixed<25,8,RND,SAT>"
    assert latency.with_layer("n1", softmax="stable") == design
    own = design.with_layer("n1", exp_table="fixed<18,8>").with_layer("n1", softmax="latency")
    assert str(own.type("n1", "exp_table")) == "fixed<18,8>"
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 3, (500, 4))
    assert np.abs(emulate(latency, x) - float_forward(graph, x)).max() < 0.2


def test_tables_get_the_range_of_their_entries():
    for function, type_ in (("sigmoid", "fixed<18,1,RND,SAT>"), ("softplus", "fixed<18,4,RND,SAT>")):
        graph = network((4,), (Activation(function=Function(function)), (4,)))
        assert str(Design.default(graph).type("n0", "table")) == type_


def test_states_of_bounded_cells_get_no_idle_integer_bits():
    rng = np.random.default_rng(1)
    op = Recurrent(
        cell=Cell.LSTM,
        kernel=rng.normal(size=(3, 8)),
        recurrent_kernel=rng.normal(size=(2, 8)),
        bias=np.zeros(8),
        recurrent_bias=np.zeros(8),
    )
    types = Design.default(network((5, 3), (op, (2,)))).layers["n0"].types
    shown = {key: str(types[key]) for key in ("activation", "gate", "state", "result", "table")}
    assert shown == {
        "activation": "fixed<16,1,TRN,SAT>",
        "gate": "ufixed<16,0,TRN,SAT>",
        "state": "fixed<16,4,TRN,SAT>",
        "result": "fixed<16,1,TRN,SAT>",
        "table": "fixed<18,1,RND,SAT>",
    }
    assert types["accum"] == Fixed(types["accum"].width, types["accum"].integer)
