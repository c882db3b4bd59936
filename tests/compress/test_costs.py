"""LUTs of designs that are compared by them: what has no estimate is refused, not counted as nothing."""

import numpy as np
import pytest

from hlsexplore.compress.costs import known_lut
from hlsexplore.compress.prune import prune_by_saliency
from hlsexplore.compress.shrink import shrink
from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.estimate import estimate
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Cell, Dense, Input, Recurrent
from hlsexplore.target import Target

SENTENCE = "the LUTs of 'gru' have no estimate for yosys, so that designs cannot be compared by them."


@pytest.fixture
def graph() -> Graph:
    rng = np.random.default_rng(0)
    gru = Recurrent(
        cell=Cell.GRU,
        kernel=rng.normal(0, 0.5, (3, 12)),
        recurrent_kernel=rng.normal(0, 0.5, (4, 12)),
        bias=np.zeros(12),
        recurrent_bias=np.zeros(12),
    )
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5, 3)),
        Node(name="gru", op=gru, inputs=("x",), shape=(4,)),
        Node(name="fc", op=Dense(kernel=rng.normal(size=(4, 2))), inputs=("gru",), shape=(2,)),
    )
    return Graph(name="net", nodes=nodes, outputs=("fc",))


def test_a_layer_without_an_estimate_is_refused_before_any_training(graph: Graph) -> None:
    design = Design.default(graph, Target(tool="yosys"))
    x, y = np.random.default_rng(1).normal(size=(40, 5, 3)), np.arange(40) % 2
    assert estimate(design).total.lut  # the total alone does not tell
    for compare in (
        lambda: known_lut(design),
        lambda: prune_by_saliency(design, x, y, density=0.5),
        lambda: shrink(design, x, y, x, y, budget_s=0),
    ):
        with pytest.raises(ConfigError) as caught:
            compare()
        assert str(caught.value).startswith(SENTENCE)


def test_the_luts_are_those_of_the_estimate(graph: Graph) -> None:
    design = Design.default(graph, Target(tool="vitis_hls"))
    assert known_lut(design) == estimate(design).total.lut
