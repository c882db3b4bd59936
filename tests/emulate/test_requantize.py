"""A requantization is the exact product and sum, one cast, and a clip."""

import numpy as np
import pytest

import hlsexplore as hx
from hlsexplore.fixed import Fixed, quantize, requantize, to_real
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Input, Requantize

RNG = np.random.default_rng(4)


def network(op) -> Graph:
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(3, 4)),
        Node(name="y", op=op, inputs=("x",), shape=(3, 4)),
    )
    return Graph(name="net", nodes=nodes, outputs=("y",))


@pytest.mark.parametrize(
    "result", ["fixed<4,4,TRN,SAT>", "ufixed<5,3,RND_CONV,SAT>", "fixed<6,5,RND,WRAP>", "fixed<70,40>"]
)
@pytest.mark.parametrize("limits", [(-2.0, 3.25), (-1000.0, 1000.0), (0.0, 1.0)])
def test_results_are_those_of_exact_arithmetic(result: str, limits) -> None:
    types = {"weight": "fixed<9,2>", "bias": "fixed<8,4>", "result": result}
    op = Requantize(kernel=RNG.normal(size=4), bias=RNG.normal(size=4), low=limits[0], high=limits[1])
    design = hx.Design.default(network(op)).with_input("fixed<10,5>").with_layer("y", **types)
    x = RNG.uniform(-16, 16, (200, 3, 4))
    source, weight, bias, out = (Fixed.parse(text) for text in ("fixed<10,5>", *types.values()))
    fraction = source.fraction + weight.fraction
    product = quantize(x, source) * quantize(op.kernel, weight)
    total = product + (quantize(op.bias, bias) << (fraction - bias.fraction))
    cast = to_real(requantize(total, fraction, out), out)
    low, high = np.ceil(limits[0] / out.step) * out.step, np.floor(limits[1] / out.step) * out.step
    expected = np.clip(cast, max(low, out.low), min(high, out.high))
    assert (hx.emulate(design, x) == expected).all()


def test_the_float_network_rounds_as_the_model_prescribes() -> None:
    op = Requantize(kernel=np.full(4, 0.25), bias=np.full(4, 0.5), low=-1.0, high=2.0)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(4,)),
        Node(name="y", op=op, inputs=("x",), shape=(4,), types={"result": Fixed.parse("fixed<3,3,TRN,SAT>")}),
    )
    y = hx.predict(Graph(name="net", nodes=nodes, outputs=("y",)), [[1.0, 2.0, -3.0, 90.0]])
    assert y.tolist() == [[0.0, 1.0, -1.0, 2.0]]
