"""The search over bits and density with training: the smallest network that is good enough, and what it refuses."""

import numpy as np
import pytest

from hlsexplore.compress.shrink import Point, shrink, spread_density, with_fitted_results, with_short_biases
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.estimate import estimate
from hlsexplore.graph import Graph, Node
from hlsexplore.metrics import accuracy
from hlsexplore.ops import Activation, Dense, Function, Input, Softmax
from hlsexplore.target import Target


@pytest.fixture(scope="module")
def base() -> Design:
    rng = np.random.default_rng(4)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(name="fc1", op=Dense(kernel=rng.normal(0, 0.5, (6, 24)), bias=np.zeros(24)), inputs=("x",), shape=(24,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(24,)),
        Node(name="fc2", op=Dense(kernel=rng.normal(0, 0.5, (24, 3)), bias=np.zeros(3)), inputs=("relu",), shape=(3,)),
        Node(name="softmax", op=Softmax(), inputs=("fc2",), shape=(3,)),
    )
    return Design.default(Graph(name="net", nodes=nodes, outputs=("softmax",)), Target(tool="yosys"))


@pytest.fixture(scope="module")
def data(base: Design) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(2).normal(size=(700, 6))
    return x, np.argmax(float_forward(base.graph, x), axis=1)


def test_the_smallest_good_network_comes_first(base: Design, data, monkeypatch) -> None:
    monkeypatch.setattr("hlsexplore.compress.shrink.STEPS", 400)
    x, y = data
    told = []
    tries = shrink(base, x[:400], y[:400], x[400:], y[400:], tolerance=0.35, budget_s=10, on_try=told.append)
    assert {item.point for item in tries} == {item.point for item in told} and told[0].point == Point()
    for item in tries:
        assert item.lut == estimate(item.tuned.design).total.lut
        assert item.merit == accuracy(emulate(item.tuned.design, x[400:]), y[400:])
        assert item.is_good == (item.merit >= 0.65)
    good = [item.lut for item in tries if item.is_good]
    assert good and good == sorted(good) and tries[0].is_good
    assert good[0] < 0.6 * estimate(base).total.lut


def test_small_layers_keep_more_of_their_weights(base: Design) -> None:
    shares = spread_density(base, 0.25)
    assert shares["fc2"] > shares["fc1"]
    assert 144 * shares["fc1"] + 72 * shares["fc2"] == pytest.approx(0.25 * 216)
    assert spread_density(base, 1.0) == {"fc1": 1.0, "fc2": 1.0}
    assert max(spread_density(base, 0.9).values()) == 1.0


@pytest.mark.parametrize("options", [{"tolerance": -1}, {"budget_s": float("inf")}, {"tolerance": True}])
def test_numbers_out_of_range_are_refused(base: Design, data, options: dict) -> None:
    with pytest.raises(ConfigError, match="must be 0 or above"):
        shrink(base, *data, *data, **options)


def test_evaluation_samples_need_labels(base: Design, data) -> None:
    with pytest.raises(DataError, match="the evaluation samples have no labels"):
        shrink(base, *data, data[0], None)


@pytest.mark.parametrize("has_bias", [True, False])
def test_biases_have_the_step_of_their_products_and_sums_lose_nothing(has_bias: bool) -> None:
    rng = np.random.default_rng(3)
    op = Dense(kernel=rng.normal(0, 1, (6, 4)), bias=rng.normal(0, 2, 4) if has_bias else None)
    nodes = (Node(name="x", op=Input(), inputs=(), shape=(6,)), Node(name="fc", op=op, inputs=("x",), shape=(4,)))
    design = Design.default(Graph(name="net", nodes=nodes, outputs=("fc",))).with_input("fixed<6,3,RND,SAT>")
    short = with_short_biases(design.with_layer("fc", weight="fixed<5,2,RND,SAT>"))
    types = short.layers["fc"].types
    assert types["bias"].fraction == types["accum"].fraction == 3 + 3
    x = rng.uniform(-4, 4, (300, 6))
    wide = short.with_layer("fc", accum="fixed<40,20>", result="fixed<40,20>")
    narrow = short.with_layer("fc", result="fixed<40,20>")
    np.testing.assert_array_equal(emulate(narrow, x), emulate(wide, x))


def test_results_have_the_integer_bits_that_lose_least(base: Design) -> None:
    design = base.with_layer("relu", result="ufixed<4,4,TRN,SAT>").with_layer("fc2", result="fixed<4,4,TRN,WRAP>")
    rng = np.random.default_rng(1)
    values = {node.name: np.abs(rng.normal(0, 0.8, 4000)) for node in base.graph}
    fitted = with_fitted_results(design, values)
    assert str(fitted.layers["relu"].types["result"]) == "ufixed<4,1,TRN,SAT>"
    assert fitted.layers["fc2"] == design.layers["fc2"]  # it wraps: nothing saturates
