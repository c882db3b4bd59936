"""Default designs: as good as the float network, whatever the ranges, with data and without."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hlsexplore import examples
from hlsexplore.defaults.tables import EXP_INTEGER
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward, propose_types
from hlsexplore.emulate.blame import softmax_step
from hlsexplore.errors import DataError
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.op_facts import PARTS
from hlsexplore.ops import Activation, Affine, Cell, Dense, Function, Input, LayerNorm, Op, Recurrent, Softmax

TYPES = ("fixed<16,6>", "fixed<24,8>", "fixed<32,12>")
BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "defaults.py"


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


@pytest.mark.parametrize(("gain", "type_"), [(0.2, TYPES[0]), (1.0, TYPES[1]), (6.0, TYPES[0])])
def test_default_of_a_normalised_network_is_as_accurate_as_float(gain: float, type_) -> None:
    graph, x, y = normalised_digits(gain)
    float_accuracy = (float_forward(graph, x).argmax(axis=1) == y).mean()
    assert float_accuracy > 0.9
    start = Design.default(graph, type=type_)
    for design in (start, Design.default(graph, type=type_, data=x), propose_types(start, x)):
        accuracy = (emulate(design, x).argmax(axis=1) == y).mean()
        assert accuracy > float_accuracy - 0.01


@pytest.mark.parametrize(
    ("spread", "type_"),
    [*((spread, TYPES[0]) for spread in (0.5, 5.0, 60.0, 300.0)), (0.5, TYPES[2]), (60.0, TYPES[1])],
)
def test_default_tells_logits_apart_that_its_table_tells_apart(spread, type_) -> None:
    rng = np.random.default_rng(5)
    features = Dense(kernel=rng.normal(0, 0.25, (16, 32)))
    head = Dense(kernel=rng.normal(0, 1, (32, 5)))
    relu = Activation(function=Function.RELU)
    logits = network((16,), (features, (32,)), (relu, (32,)), (head, (5,)))
    x = rng.normal(0, 1, (4000, 16))
    head = Dense(kernel=head.kernel * (spread / np.abs(float_forward(logits, x)).max()))
    logits = network((16,), (features, (32,)), (relu, (32,)), (head, (5,)))
    graph = network((16,), (features, (32,)), (relu, (32,)), (head, (5,)), (Softmax(), (5,)))
    wanted = float_forward(graph, x)
    second, first = np.sort(float_forward(logits, x))[:, -2:].T
    for design in (Design.default(graph, type=type_), Design.default(graph, type=type_, data=x[:2000])):
        step, _ = softmax_step(design, graph["n3"])
        assert step <= 1 / 64 or spread > 100
        got = emulate(design, x)
        agree = wanted.argmax(axis=1) == got.argmax(axis=1)
        assert agree[first - second > 2 * step].mean() > 0.999
        assert agree.mean() > 0.98
        assert np.abs(wanted - got).max() < step + 0.01


@pytest.mark.parametrize("name", examples.NAMES)
@pytest.mark.parametrize("variant", ["keras", "qkeras"])
def test_default_of_every_example_is_within_one_percent_of_float(name, variant: str) -> None:
    example = examples.load(name, variant)
    x, labels = example.x[:1500], example.labels[:1500]
    float_accuracy = (float_forward(example.graph, x).argmax(axis=1) == labels).mean()
    for type_, data in ((TYPES[0], None), (TYPES[0], x[:500]), (TYPES[1], None)):
        design = Design.default(example.graph, type=type_, data=data)
        assert (emulate(design, x).argmax(axis=1) == labels).mean() >= float_accuracy - 0.01


def benchmark(*argv: str) -> list[dict[str, object]]:
    argv = (sys.executable, "-W", "ignore", str(BENCHMARK), "--json", *argv)
    return json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)["rows"]


SOME = "mlp_flat mlp_uniform norm_behind regression_mixed autoencoder lstm layer_norm several_inputs cnn_pixels gate"


@pytest.mark.parametrize("cases", [SOME.split(), pytest.param([], marks=pytest.mark.slow)], ids=["some", "all"])
def test_networks_of_many_kinds_keep_their_decisions_and_values(cases) -> None:
    """The benchmark's networks, its bars: tables cost at most 2 % of decisions, regressions are within 2 %, mostly 1."""
    rows = benchmark(*(item for case in cases for item in ("--case", case)))
    assert len({row["case"] for row in rows}) == len(cases) or len(rows) > 80
    errors = {(row["case"], row["data"]): row["error"] for row in rows if row["error"] is not None}
    # Without data inputs that are far below 1 have a step of 1/1024 all the same: nothing says how small they are.
    small = {("regression_small", "none"), ("regression_small_tanh", "none"), ("trained_diabetes", "none")}
    assert {key: error for key, error in errors.items() if error > 0.02 and key not in small} == {}
    assert np.median(list(errors.values())) < 0.005
    flips = {(row["case"], row["data"]): row["flips"] - row["least"] for row in rows if row["flips"] is not None}
    assert {key: share for key, share in flips.items() if share > 0.02} == {}
    assert {row["case"]: row["least"] for row in rows if row["data"] == "half" and (row["least"] or 0) > 0.01} == {}
    assert np.mean([row["width"] for row in rows if row["data"] == "half"]) < 17


def test_a_result_holds_what_a_bias_makes_of_it() -> None:
    graph = network((1,), (Dense(kernel=np.ones((1, 1)), bias=np.array([273.15])), (1,)))
    x = np.arange(-30, 30, dtype="f4")[:, None]
    for design in (Design.default(graph), Design.default(graph, data=x)):
        assert design.result_type("n0").high > 304
        assert np.abs(emulate(design, x) - (x + 273.15)).max() < 0.01


def test_the_input_holds_the_data_and_without_data_it_is_the_type_that_was_given() -> None:
    graph = network((2,), (Dense(kernel=np.eye(2)), (2,)))
    assert Design.default(graph, type="fixed<14,3>").result_type("x") == Fixed.parse("fixed<14,3,TRN,SAT>")
    rng = np.random.default_rng(0)
    for scale in (1e-3, 1.0, 1e4):
        x = rng.normal(0, scale, (500, 2))
        type_ = Design.default(graph, data=x).result_type("x")
        assert np.abs(x).max() < type_.high < 5 * np.abs(x).max()
        assert type_.step < 1e-3 * scale
    pixels = rng.integers(0, 256, (500, 2))
    assert str(Design.default(graph, data=pixels).result_type("x")) == "fixed<10,10,RND,SAT>"


def test_one_tensor_of_large_and_small_features_keeps_the_small_ones() -> None:
    scales, centres = np.array([1e3, 0.05, 1.0]), np.array([1e3, 0.5, 0.0])
    norm = Affine(kernel=1 / scales, bias=-centres / scales)
    graph = network((3,), (norm, (3,)), (Dense(kernel=np.ones((3, 1))), (1,)))
    x = np.random.default_rng(0).normal(0, 1, (1000, 3)) * scales + centres
    error = emulate(Design.default(graph, data=x[:500]), x) - float_forward(graph, x)
    assert np.abs(error).max() < 0.01 * float_forward(graph, x).std()


def test_wide_logits_get_a_table_of_near_distances() -> None:
    graph = network((16,), (Dense(kernel=np.full((16, 5), 8.0)), (5,)), (Softmax(), (5,)))
    design = Design.default(graph)
    assert design.result_type("n0").high >= 16 * 8 * 31
    assert design.layers["n1"].exp_integer == EXP_INTEGER
    x = np.random.default_rng(0).normal(0, 1, (200, 16))
    assert Design.default(graph, data=x).result_type("n0").high < design.result_type("n0").high


def test_logits_of_quantised_layers_are_exact() -> None:
    design = Design.default(examples.load("jets", "qkeras").graph)
    name = design.graph.layers[-1].inputs[0]
    assert design.layers[name].types["accum"] == design.result_type(name) == Fixed(15, 6)


def test_no_samples_is_one_clear_error() -> None:
    graph = network((2,), (Dense(kernel=np.eye(2)), (2,)))
    with pytest.raises(DataError, match="there are no samples"):
        Design.default(graph, data=np.zeros((0, 2)))
    with pytest.raises(DataError, match="the data has shape"):
        Design.default(graph, data=np.zeros((4, 3)))


def test_types_of_a_softmax_follow_its_mode_until_they_are_set() -> None:
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


def test_tables_get_the_range_of_their_entries() -> None:
    for function, type_ in (("sigmoid", "fixed<18,1,RND,SAT>"), ("softplus", "fixed<18,4,RND,SAT>")):
        graph = network((4,), (Activation(function=Function(function)), (4,)))
        assert str(Design.default(graph).type("n0", "table")) == type_


def lstm(activation: Function = Function.TANH) -> Recurrent:
    rng = np.random.default_rng(1)
    return Recurrent(
        cell=Cell.LSTM,
        kernel=rng.normal(size=(3, 8)),
        recurrent_kernel=0.3 * rng.normal(size=(2, 8)),
        bias=np.zeros(8),
        recurrent_bias=np.zeros(8),
        activation=activation,
    )


def test_states_of_bounded_cells_get_no_idle_integer_bits() -> None:
    types = Design.default(network((5, 3), (lstm(), (2,)))).layers["n0"].types
    shown = {key: str(types[key]) for key in ("activation", "gate", "state", "result", "table")}
    assert shown == {
        "activation": "fixed<16,1,TRN,SAT>",
        "gate": "ufixed<16,0,TRN,SAT>",
        "state": "fixed<17,4,TRN,SAT>",
        "result": "fixed<16,1,TRN,SAT>",
        "table": "fixed<18,1,RND,SAT>",
    }
    assert types["accum"] == Fixed(types["accum"].width, types["accum"].integer)


def test_states_of_unbounded_cells_hold_what_they_reach() -> None:
    graph = network((5, 3), (lstm(Function.RELU), (2,)))
    x = np.random.default_rng(2).normal(0, 20, (400, 5, 3))
    for design in (Design.default(graph), Design.default(graph, data=x[:200])):
        assert design.type("n0", "activation").integer > 6
        wanted = float_forward(graph, np.clip(x, -31, 31))
        assert np.abs(emulate(design, np.clip(x, -31, 31)) - wanted).max() < 0.05 * wanted.std()


@pytest.mark.parametrize("function", PARTS, ids=str)
def test_functions_of_a_part_and_a_table_are_as_good_as_the_float_network(function) -> None:
    x = np.random.default_rng(0).normal(0.0, 1.0, (1000, 4))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="dense", op=Dense(kernel=np.eye(4)), inputs=("x",), shape=(4,)),
        Node(name="function", op=Activation(function=function), inputs=("dense",), shape=(4,)),
    )
    graph = Graph(name="m", nodes=nodes, outputs=("function",))
    wanted = float_forward(graph, x)
    errors = emulate(Design.default(graph), x) - wanted
    assert np.sqrt(np.mean(errors**2)) < 0.005 * wanted.std()


@pytest.mark.parametrize("function", [item for item in PARTS if item is not Function.EXPONENTIAL], ids=str)
def test_functions_of_a_part_and_a_table_have_no_end(function) -> None:
    x = np.array([[-30.0, -12.0, 12.0, 30.0]])
    graph = Graph(
        name="m",
        nodes=(
            Node(name="x", op=Input(), inputs=(), shape=(4,)),
            Node(name="function", op=Activation(function=function), inputs=("x",), shape=(4,)),
        ),
        outputs=("function",),
    )
    np.testing.assert_allclose(emulate(Design.default(graph), x), float_forward(graph, x), atol=0.005)
