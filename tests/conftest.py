"""Fixtures that many tests share."""

import numpy as np
import pytest

from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Softmax


@pytest.fixture(scope="session")
def small_graph() -> Graph:
    """A 16-32-5 classifier with random weights: dense_1, relu, dense_2, softmax."""
    rng = np.random.default_rng(7)
    return Graph(
        name="small",
        nodes=(
            Node(name="x", op=Input(), inputs=(), shape=(16,)),
            Node(
                name="dense_1",
                op=Dense(kernel=rng.normal(0, 0.3, (16, 32)), bias=rng.normal(0, 0.2, 32)),
                inputs=("x",),
                shape=(32,),
            ),
            Node(name="relu", op=Activation(function=Function.RELU), inputs=("dense_1",), shape=(32,)),
            Node(
                name="dense_2",
                op=Dense(kernel=rng.normal(0, 0.3, (32, 5)), bias=rng.normal(0, 0.2, 5)),
                inputs=("relu",),
                shape=(5,),
            ),
            Node(name="softmax", op=Softmax(), inputs=("dense_2",), shape=(5,)),
        ),
        outputs=("softmax",),
    )
