"""Networks that were trained or made smaller stand in the study of the one that they come from."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_kit import run

from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.errors import ConfigError, StudyError
from hlsexplore.foreign_design import read_design
from hlsexplore.graph import Graph
from hlsexplore.metrics import accuracy, agreement
from hlsexplore.study.study import Study


@pytest.fixture(scope="module")
def samples(small_graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(3).normal(0, 1, (120, 16))
    return x, float_forward(small_graph, x).argmax(axis=1)


@pytest.fixture(scope="module")
def other(small_graph: Graph) -> Graph:
    """The same network with other weights."""
    nodes = tuple(
        replace(node, op=replace(node.op, kernel=node.op.kernel * 0.9)) if hasattr(node.op, "kernel") else node
        for node in small_graph
    )
    return Graph(name=small_graph.name, nodes=nodes, outputs=small_graph.outputs)


def test_designs_of_another_network_come_back_with_it(
    small_graph: Graph, other: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    design = Design.default(other, type="fixed<8,3>")
    with Study(tmp_path / "s.db", small_graph, *samples) as study:
        study.evaluate(Design.default(small_graph))
        trial = study.evaluate(design)
        assert trial.config["network"] == other.digest
        assert study.design(trial) == design
        outputs = emulate(design, samples[0])
        assert trial.metrics["accuracy"] == accuracy(outputs, samples[1])
        reference = float_forward(small_graph, samples[0])  # of the first network, so that trials can be compared
        assert trial.metrics["agreement"] == agreement(outputs, reference)
    with Study(tmp_path / "s.db", small_graph, *samples) as study:
        first, second = study.trials()
        assert "network" not in first.config and study.design(first).graph is small_graph
        found = study.design(second)
        assert found == design and found.graph.digest == other.digest
        assert study.evaluate(design).number == second.number
        assert {trial.number for trial in study.front(("accuracy", "lut"))} <= {1, 2}


def test_a_sweep_around_a_design_of_another_network(
    small_graph: Graph, other: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    with Study(tmp_path / "s.db", small_graph, *samples) as study:
        base = Design.default(other)
        study.sweep({"uniform": {"weight": [4, 6]}}, base=base)
        trials = study.trials()
        assert [trial.config["network"] for trial in trials] == [other.digest] * 2
        for trial in trials:
            assert trial.metrics["accuracy"] == accuracy(emulate(study.design(trial), samples[0]), samples[1])


def test_a_network_with_other_outputs_is_refused(
    small_graph: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    last = small_graph.nodes[-2].name
    nodes = small_graph.nodes[:-1]
    with Study(tmp_path / "s.db", small_graph, *samples) as study:
        with pytest.raises(ConfigError, match="has other inputs or outputs than"):
            study.evaluate(Design.default(Graph(name="short", nodes=nodes, outputs=(last,))))
        assert len(study) == 0


def test_a_damaged_network_is_one_sentence(
    small_graph: Graph, other: Graph, samples: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    path = tmp_path / "s.db"
    with Study(path, small_graph, *samples) as study:
        number = study.evaluate(Design.default(other)).number
    for change in ("UPDATE networks SET data = substr(data, 1, 900)", "DELETE FROM networks", "DROP TABLE networks"):
        with sqlite3.connect(path) as base:
            base.execute(change)
        base.close()
        with Study(path, small_graph, *samples) as study, pytest.raises(StudyError, match=r"network|no network"):
            study.design(number)


def test_front_writes_the_network_of_a_trial_beside_its_design(
    small_graph: Graph,
    other: Graph,
    samples: tuple[np.ndarray, np.ndarray],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    design = Design.default(other, type="fixed<8,3>")
    with Study("s.db", small_graph, *samples) as study:
        study.evaluate(design)
    assert run(capsys, "front", "s.db", "--pick", 1)[0] == 0
    assert read_design("trial_1") == design
    code, _, error = run(capsys, "front", "s.db", "--pick", 1)
    assert code == 1 and "trial_1 exists" in error
