"""Explorers without a browser."""

from collections.abc import Iterator

import numpy as np
import pytest

from hlsexplore import Design
from hlsexplore.emulate import float_forward
from hlsexplore.graph import Graph
from hlsexplore_widgets import Explorer, ExplorerState

SAMPLES = 400


@pytest.fixture(scope="session")
def small_x(small_graph: Graph) -> np.ndarray:
    return np.random.default_rng(3).normal(0, 1, (SAMPLES, *small_graph.input_shape))


@pytest.fixture(scope="session")
def small_labels(small_graph: Graph, small_x: np.ndarray) -> np.ndarray:
    return np.argmax(float_forward(small_graph, small_x), axis=1)


@pytest.fixture
def state(small_graph: Graph, small_x: np.ndarray, small_labels: np.ndarray) -> Iterator[ExplorerState]:
    state = ExplorerState(small_graph, small_x, small_labels, design=Design.default(small_graph))
    assert state.wait(60)
    yield state
    state.close()


@pytest.fixture
def explorer(small_graph: Graph, small_x: np.ndarray, small_labels: np.ndarray) -> Iterator[Explorer]:
    explorer = Explorer(small_graph, small_x, small_labels, design=Design.default(small_graph))
    assert explorer.state.wait(60)
    yield explorer
    explorer.close()


@pytest.fixture(autouse=True)
def _own_calibration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep reports of tests out of the user's calibration, and the user's out of the tests."""
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path_factory.mktemp("calibration") / "calibration.json"))
