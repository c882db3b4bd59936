"""Small networks with several layers, images, branches, inputs and outputs, for tests of the generators."""

import numpy as np

from hlsexplore.design import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import (
    Activation,
    Concatenate,
    Conv,
    Dense,
    Function,
    Input,
    Merge,
    MergeFunction,
    Op,
    Pool,
    Reshape,
    Softmax,
)
from hlsexplore.target import Target


def node(name: str, op: Op, inputs: tuple[str, ...], shape: tuple[int, ...]) -> Node:
    return Node(name=name, op=op, inputs=inputs, shape=shape)


def relu() -> Activation:
    return Activation(function=Function.RELU)


def mlp(
    io: str = "parallel", name: str = "mlp", names: tuple[str, ...] = ("x", "fc1", "relu", "fc2", "softmax")
) -> Design:
    """A 4-6-3 classifier; a dataflow design with `fc1` in the resource strategy when streamed."""
    rng = np.random.default_rng(3)
    x, fc1, act, fc2, softmax = names
    nodes = (
        node(x, Input(), (), (4,)),
        node(fc1, Dense(kernel=rng.normal(size=(4, 6)), bias=rng.normal(size=6)), (x,), (6,)),
        node(act, relu(), (fc1,), (6,)),
        node(fc2, Dense(kernel=rng.normal(size=(6, 3))), (act,), (3,)),
        node(softmax, Softmax(), (fc2,), (3,)),
    )
    design = Design.default(Graph(name=name, nodes=nodes, outputs=(softmax,)), target=Target(io=io), type="fixed<10,4>")
    design = design.with_layers(
        {softmax: {"table_size": 16}, fc1: {"weight": "fixed<6,3>"}, fc2: {"weight": "fixed<6,3>"}}
    )
    return design if io == "parallel" else design.with_layer(fc1, strategy="resource", reuse=2)


def cnn(io: str) -> Design:
    """A convolution with 'same' padding, a pooling and a dense layer on 5 x 4 x 2 images."""
    rng = np.random.default_rng(4)
    conv = Conv(kernel=rng.normal(size=(3, 2, 2, 3)), bias=rng.normal(size=3), padding=((1, 1), (0, 1)))
    nodes = (
        node("image", Input(), (), (5, 4, 2)),
        node("conv", conv, ("image",), (5, 4, 3)),
        node("relu", relu(), ("conv",), (5, 4, 3)),
        node("pool", Pool(average=False, size=(2, 2), stride=(2, 2)), ("relu",), (2, 2, 3)),
        node("flatten", Reshape(), ("pool",), (12,)),
        node("dense", Dense(kernel=rng.normal(size=(12, 3))), ("flatten",), (3,)),
    )
    design = Design.default(
        Graph(name="cnn", nodes=nodes, outputs=("dense",)), target=Target(io=io), type="fixed<10,4>"
    )
    return design.with_layers(
        {"conv": {"strategy": "resource", "reuse": 6, "weight": "fixed<6,3>"}, "dense": {"weight": "fixed<6,3>"}}
    )


def branched(io: str) -> Design:
    """Two inputs and three outputs: one is also read further, one is an input's copy, one a flattened view."""
    rng = np.random.default_rng(5)
    nodes = (
        node("a", Input(), (), (2, 3)),
        node("b", Input(), (), (2, 3)),
        node("left", Dense(kernel=rng.normal(size=(3, 3))), ("a",), (2, 3)),
        node("sum", Merge(function=MergeFunction.ADD), ("left", "b"), (2, 3)),
        node("both", Concatenate(axis=1), ("sum", "left"), (2, 6)),
        node("flat", Reshape(), ("both",), (12,)),
        node("unused", relu(), ("sum",), (2, 3)),
    )
    graph = Graph(name="branched", nodes=nodes, outputs=("flat", "sum", "a"))
    return Design.default(graph, target=Target(io=io), type="fixed<10,4>")
