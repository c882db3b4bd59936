"""How fine types are asked to be, and what that does to a network."""

import numpy as np
import pytest

from hlsexplore.defaults.demand import find_demand
from hlsexplore.defaults.exact import settled
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Affine, Dense, Function, Input, Softmax
from hlsexplore.reference.forward import float_forward
from hlsexplore.reference.observe import observe


def chain(*layers, types=None) -> Graph:
    nodes = []
    for index, (op, shape) in enumerate(layers):
        given = (types or {}).get(index, {})
        nodes.append(Node(name=f"n{index}", op=op, inputs=(nodes[-1].name,) if nodes else (), shape=shape, types=given))
    return Graph(name="chain", nodes=tuple(nodes), outputs=(nodes[-1].name,))


def demand_of(graph, x, width: int = 16):
    return find_demand(graph, observe(graph, x), width, settled(graph))


RNG = np.random.default_rng(0)
X = RNG.normal(0, 1, (2000, 6))


@pytest.mark.parametrize("scale", [2.0**-12, 1.0, 2.0**12])
def test_demands_scale_with_the_values(scale) -> None:
    kernel = RNG.normal(0, 1, (6, 4))
    graph = chain((Input(), (6,)), (Dense(kernel=kernel), (4,)), (Dense(kernel=kernel.T), (6,)))
    plain, scaled = demand_of(graph, X), demand_of(graph, X * scale)
    shift = int(np.log2(scale))
    for name in ("n0", "n1", "n2"):
        assert scaled.of(name, "result") == plain.of(name, "result") - shift
    for name in ("n1", "n2"):
        assert scaled.of(name, "weight") == plain.of(name, "weight")


def test_errors_of_demanded_types_stay_below_the_share_of_the_spread() -> None:
    """Rounding the inputs and weights as asked for moves each output by less than 2**-10 of its spread, once a layer."""
    kernel = RNG.normal(0, 1, (6, 4)) * np.array([100.0, 1.0, 0.1, 10.0])
    bias = np.array([1e3, 0.3, 5.0, -1.0]) + 1 / 3
    graph = chain((Input(), (6,)), (Dense(kernel=kernel, bias=bias), (4,)))
    demand = demand_of(graph, X)

    def rounded(values, key, name: str = "n1") -> np.ndarray:
        step = 2.0 ** -demand.of(name, key)
        return np.round(values / step) * step

    exact = float_forward(graph, X)
    spread = exact.std(axis=0)
    for x, weight, offset in (
        (rounded(X, "result", "n0"), kernel, bias),
        (X, rounded(kernel, "weight"), bias),
        (X, kernel, rounded(bias, "bias")),
    ):
        error = x @ weight + offset - exact
        assert (np.sqrt(np.square(error).mean(axis=0)) < 2.0**-10 * spread * 2).all()
        assert np.abs(error).max() > 0.0


def test_a_normalisation_asks_for_the_finest_channel() -> None:
    scales = np.array([1.0, 2.0**-8, 2.0**6])
    graph = chain((Input(), (3,)), (Affine(kernel=1 / scales, bias=np.zeros(3)), (3,)))
    even = demand_of(chain((Input(), (3,)), (Affine(kernel=np.ones(3), bias=np.zeros(3)), (3,))), X[:, :3])
    assert demand_of(graph, X[:, :3] * scales).of("n0", "result") == even.of("n0", "result") + 8


def test_a_constant_channel_asks_for_nothing() -> None:
    x = np.hstack([X[:, :2], np.full((len(X), 1), 1000.0)])
    graph = chain((Input(), (3,)), (Affine(kernel=np.ones(3), bias=np.zeros(3)), (3,)))
    two = chain((Input(), (2,)), (Affine(kernel=np.ones(2), bias=np.zeros(2)), (2,)))
    assert demand_of(graph, x).of("n0", "result") == demand_of(two, X[:, :2]).of("n0", "result")
    assert demand_of(graph, np.zeros((5, 3))).of("n0", "result") < -1000


def test_weights_before_a_quantizer_follow_its_step() -> None:
    relu = Activation(function=Function.RELU)
    norm = Affine(kernel=np.ones(6), bias=np.zeros(6))
    bits = []
    for fraction in (2, 5):
        types = {2: {"result": Fixed(fraction + 3, 3, rounding="RND_CONV", overflow="SAT")}}
        bits.append(demand_of(chain((Input(), (6,)), (norm, (6,)), (relu, (6,)), types=types), X).of("n1", "weight"))
    assert bits[1] == bits[0] + 3


def test_logits_follow_the_distance_of_the_largest_two() -> None:
    kernel = RNG.normal(0, 1, (6, 4))
    bits = [
        demand_of(chain((Input(), (6,)), (Dense(kernel=kernel * gain), (4,)), (Softmax(), (4,))), X).of("n1", "result")
        for gain in (1.0, 2.0**-6)
    ]
    assert bits[1] == bits[0] + 6
