"""Samples and labels as files have them."""

from pathlib import Path

import numpy as np
import pytest

from hlsexplore.data import load_data
from hlsexplore.errors import DataError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input, Softmax
from hlsexplore.task import find_goals

X = np.ones((4, 2))
CLASSES = np.array([0, 1, 2, 0])
ENERGIES = np.array([0.5, 1.5, 2.5, 3.5])


@pytest.fixture
def graph() -> Graph:
    """A layer `kind` with its softmax, as one layer of the model file, beside a layer `energy`."""
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(2,)),
        Node(name="kind", op=Dense(kernel=np.ones((2, 3))), inputs=("x",), shape=(3,), source="kind (Dense)"),
        Node(name="kind_softmax", op=Softmax(), inputs=("kind",), shape=(3,), source="kind (Dense)"),
        Node(name="energy", op=Dense(kernel=np.ones((2, 1))), inputs=("x",), shape=(1,), source="energy (Dense)"),
    )
    return Graph(name="two", nodes=nodes, outputs=("kind_softmax", "energy"))


@pytest.mark.parametrize("key", ["y_kind", "y_kind_softmax"])
def test_labels_of_an_output_may_have_the_name_of_its_layer_in_the_model_file(
    graph: Graph, tmp_path: Path, key: str
) -> None:
    np.savez(tmp_path / "x.npz", x=X, y_energy=ENERGIES, **{key: CLASSES})
    labels = load_data(tmp_path / "x.npz", graph.inputs, graph.output_spellings).labels
    assert list(labels) == ["kind_softmax", "energy"]
    assert (labels["kind_softmax"] == CLASSES).all()
    assert (labels["energy"] == ENERGIES).all()


def test_labels_of_an_output_given_by_two_names_are_refused(graph: Graph, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=X, y_kind=CLASSES, y_kind_softmax=CLASSES)
    with pytest.raises(DataError, match=r"x.npz: the labels of output 'kind_softmax' are given twice\."):
        load_data(tmp_path / "x.npz", graph.inputs, graph.output_spellings)


def test_tasks_and_labels_in_python_may_have_the_name_of_the_layer(graph: Graph) -> None:
    by_layer = find_goals(graph, 4, {"kind": CLASSES, "energy": ENERGIES}, {"kind": "multiclass"})
    by_node = find_goals(graph, 4, {"kind_softmax": CLASSES, "energy": ENERGIES}, {"kind_softmax": "multiclass"})
    assert [(goal.output, goal.task) for goal in by_layer] == [(goal.output, goal.task) for goal in by_node]
    assert [goal.output for goal in by_layer] == ["kind_softmax", "energy"]
    with pytest.raises(DataError, match=r"output 'kind_softmax' has its labels twice\. Give it once\."):
        find_goals(graph, 4, {"kind": CLASSES, "kind_softmax": CLASSES})


def test_a_layer_with_two_outputs_is_the_name_of_neither(graph: Graph) -> None:
    both = Graph(name="both", nodes=graph.nodes, outputs=("kind", "kind_softmax"))
    assert both.output_spellings == {"kind": "kind", "kind_softmax": "kind_softmax"}


def test_a_folder_as_data_is_said_by_its_path(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"^\. cannot be read: it is a folder\."):
        load_data(".", graph.inputs)
