import numpy as np
import pytest

from hlsexplore.emulate import float_forward
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Affine, Conv, Dense, DepthwiseConv, Function, Input
from hlsexplore.passes import fuse_affine

RNG = np.random.default_rng(1)


def affine(channels) -> Affine:
    return Affine(kernel=RNG.normal(size=channels), bias=RNG.normal(size=channels))


def chain(shape, *steps, outputs=None) -> Graph:
    """A graph of `(name, op, shape, types)` one behind the other."""
    nodes = [Node(name="x", op=Input(), inputs=(), shape=shape)]
    for name, op, out, types in steps:
        nodes.append(Node(name=name, op=op, inputs=(nodes[-1].name,), shape=out, types=types, source=name))
    return Graph(name="net", nodes=tuple(nodes), outputs=outputs or (nodes[-1].name,))


def same_function(before, after) -> None:
    x = RNG.normal(size=(5, *before.input_shape))
    np.testing.assert_allclose(float_forward(after, x), float_forward(before, x), rtol=1e-12, atol=1e-12)


PRODUCTS = {
    "dense": ((4,), Dense(kernel=RNG.normal(size=(4, 3)), bias=RNG.normal(size=3)), (3,)),
    "dense_without_bias": ((4,), Dense(kernel=RNG.normal(size=(4, 3))), (3,)),
    "conv": ((5, 5, 2), Conv(kernel=RNG.normal(size=(3, 3, 2, 4)), bias=RNG.normal(size=4)), (3, 3, 4)),
    "depthwise": ((5, 5, 2), DepthwiseConv(kernel=RNG.normal(size=(3, 3, 2, 3)), bias=RNG.normal(size=6)), (3, 3, 6)),
    "affine": ((4,), affine(4), (4,)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_affine_folds_into_the_product_before_it(name) -> None:
    shape, op, out = PRODUCTS[name]
    graph = chain(shape, ("p", op, out, {}), ("bn", affine(out[-1]), out, {}))
    fused = fuse_affine(graph)
    assert [node.name for node in fused.layers] == ["p"]
    assert fused.outputs == ("p",)
    assert fused["p"].source == "p + bn"
    same_function(graph, fused)


def test_chain_of_affines_folds_completely() -> None:
    graph = chain((4,), *[(f"a{i}", affine(4), (4,), {}) for i in range(4)])
    fused = fuse_affine(graph)
    assert [node.name for node in fused.layers] == ["a0"]
    same_function(graph, fused)


@pytest.mark.parametrize(
    ("product_types", "affine_types"),
    [
        ({"weight": Fixed(6, 1)}, {}),
        ({"result": Fixed(6, 1)}, {}),
        ({}, {"weight": Fixed(6, 1)}),
    ],
)
def test_prescribed_types_keep_the_layers_apart(product_types, affine_types) -> None:
    shape, op, out = PRODUCTS["dense"]
    graph = chain(shape, ("p", op, out, product_types), ("bn", affine(3), out, affine_types))
    assert fuse_affine(graph) is graph


def test_result_type_of_the_affine_moves_to_the_product() -> None:
    shape, op, out = PRODUCTS["dense"]
    graph = chain(shape, ("p", op, out, {"bias": Fixed(6, 1)}), ("bn", affine(3), out, {"result": Fixed(8, 2)}))
    assert dict(fuse_affine(graph)["p"].types) == {"result": Fixed(8, 2)}


def test_product_with_a_second_reader_or_as_output_stays() -> None:
    shape, op, out = PRODUCTS["dense"]
    graph = chain(shape, ("p", op, out, {}), ("bn", affine(3), out, {}), outputs=("bn", "p"))
    assert fuse_affine(graph) is graph
    relu = Node(name="r", op=Activation(function=Function.RELU), inputs=("p",), shape=out)
    graph = Graph(name="net", nodes=(*graph.nodes, relu), outputs=("bn", "r"))
    assert fuse_affine(graph) is graph


def test_affine_behind_an_activation_or_the_input_stays() -> None:
    relu = Activation(function=Function.RELU)
    graph = chain((4,), ("a", affine(4), (4,), {}), ("r", relu, (4,), {}), ("b", affine(4), (4,), {}))
    assert fuse_affine(graph) is graph
