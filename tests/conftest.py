"""Fixtures that many tests share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_kit import SHAPE, write_model

import hlsexplore
from hlsexplore.emulate import float_forward
from hlsexplore.graph import Graph, Node
from hlsexplore.importers import read_model
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


@pytest.fixture(scope="session")
def two_outputs() -> tuple[Graph, np.ndarray, dict[str, np.ndarray]]:
    """A network that tells one of three kinds and an energy in GeV, with 200 samples and labels of both."""
    rng = np.random.default_rng(11)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(6,)),
        Node(name="shared", op=Dense(kernel=rng.normal(0, 0.5, (6, 8))), inputs=("x",), shape=(8,)),
        Node(name="relu", op=Activation(function=Function.RELU), inputs=("shared",), shape=(8,)),
        Node(name="kind_logits", op=Dense(kernel=rng.normal(0, 1, (8, 3))), inputs=("relu",), shape=(3,)),
        Node(name="kind", op=Softmax(), inputs=("kind_logits",), shape=(3,)),
        Node(
            name="energy",
            op=Dense(kernel=rng.normal(0, 2, (8, 1)), bias=np.array([12.0])),
            inputs=("relu",),
            shape=(1,),
        ),
    )
    graph = Graph(name="two", nodes=nodes, outputs=("kind", "energy"))
    x = rng.normal(0, 1, (200, 6))
    kind, energy = float_forward(graph, x)
    noise = rng.normal(0, 0.2, 200)
    return graph, x, {"kind": kind.argmax(axis=1), "energy": np.round(energy[:, 0] + noise)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name in the folder `golden` beside the test."""
    folder = Path(request.path).parent / "golden"

    def compare(name: str, text: str) -> None:
        file = folder / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8"), f"{name} changed; if that is right: pytest --update-golden"

    return compare


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and data, made the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HLSEXPLORE_CALIBRATION", str(tmp_path / "calibration" / "reports.json"))
    graph = read_model(write_model(tmp_path / "m.keras"))
    x = np.random.default_rng(1).normal(0, 1, (200, SHAPE))
    labels = hlsexplore.predict(graph, x).argmax(axis=1)
    np.savez(tmp_path / "X.npz", x=x, y=labels)
    return tmp_path
