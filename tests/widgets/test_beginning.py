"""The first design of very many samples: some of them at once, all of them soon."""

import time

import numpy as np
import pytest

from hlsexplore import Design
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore_widgets import Explorer, ExplorerState, beginning

MAX_CPU_S = 1.0


def deep(num_blocks: int, width: int = 32) -> Graph:
    rng = np.random.default_rng(0)
    nodes = [Node(name="x", op=Input(), inputs=(), shape=(width,))]
    for index in range(num_blocks):
        kernel = rng.normal(0, 1.4 / width**0.5, (width, width))
        op = Dense(kernel=kernel, bias=rng.normal(0, 0.1, width))
        nodes.append(Node(name=f"fc{index}", op=op, inputs=(nodes[-1].name,), shape=(width,)))
        relu = Activation(function=Function.RELU)
        nodes.append(Node(name=f"act{index}", op=relu, inputs=(f"fc{index}",), shape=(width,)))
    return Graph(name="deep", nodes=tuple(nodes), outputs=(nodes[-1].name,))


@pytest.fixture
def outlier(small_graph: Graph, small_x: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    """Samples of which only one is far out, and an explorer that looks at few of them first."""
    monkeypatch.setattr(beginning, "QUICK_VALUES", 1)
    x = small_x.copy()
    x[1] *= 50
    return small_graph, x


def test_types_of_all_samples_follow_where_nothing_was_changed(outlier) -> None:
    state = ExplorerState(*outlier)
    try:
        assert state.wait(60)
        assert state.design == state.first == Design.default(outlier[0], state.design.target, data=outlier[1])
        assert not state.history.past and state.baseline.design == state.design
    finally:
        state.close()


def test_reset_leads_to_the_types_of_all_samples_after_an_edit(outlier, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Design.default
    monkeypatch.setattr(ExplorerState, "_widen", lambda *_: None)
    state = ExplorerState(*outlier)
    monkeypatch.undo()
    try:
        begun = state.design
        assert begun != whole(outlier[0], begun.target, data=outlier[1])
        state.edit({"dense_1": {"reuse": 4}})
        state._widen(begun, lambda: False)
        assert "Reset loads those that fit all" in state.messages[-1].text
        state.reset()
        assert state.design == whole(outlier[0], begun.target, data=outlier[1])
    finally:
        state.close()


def test_first_paint_of_fifty_layers_and_a_hundred_thousand_samples_takes_little_time() -> None:
    graph, rng = deep(25), np.random.default_rng(1)
    x, labels = rng.normal(0, 1, (100_000, 32)), rng.integers(0, 32, 100_000)
    begun = time.thread_time()
    explorer = Explorer(graph, x, labels)
    used = time.thread_time() - begun
    assert used < MAX_CPU_S
    assert len(explorer.layers.view.rows) == 51
    explorer.explore.sweep.stop()
    explorer.state.evaluation._cancel.set()
    explorer.state.close()
