"""What outputs are for: found from last layers and labels, or said; everything else is one clear sentence."""

import numpy as np
import pytest

from hlsexplore.errors import ConfigError, DataError
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Concatenate, Dense, Function, Input, Reshape, Softmax
from hlsexplore.task import Head, Task, TaskKind, find_goals, head_of, read_task, understood


def network(size, head=None, shape=None) -> Graph:
    """A network with one output of some values behind a head."""
    nodes = [
        Node(name="x", op=Input(), inputs=(), shape=(2,)),
        Node(name="d", op=Dense(kernel=np.ones((2, size))), inputs=("x",), shape=(size,)),
    ]
    if head == "softmax":
        nodes.append(Node(name="h", op=Softmax(), inputs=("d",), shape=(size,)))
    elif head is not None:
        nodes.append(Node(name="h", op=Activation(function=Function(head)), inputs=("d",), shape=(size,)))
    if shape is not None:
        nodes.append(Node(name="r", op=Reshape(), inputs=(nodes[-1].name,), shape=shape))
    return Graph(name="n", nodes=tuple(nodes), outputs=(nodes[-1].name,))


def found(graph, labels=None, task=None, count: int = 4):
    (goal,) = find_goals(graph, count, labels, task)
    return goal


@pytest.mark.parametrize(
    ("size", "head", "expected"),
    [
        (3, "softmax", "multiclass"),
        (1, "sigmoid", "binary:0.5"),
        (1, "hard_sigmoid", "binary:0.5"),
        (3, "sigmoid", "multilabel:0.5"),
        (1, None, "regression"),
        (3, None, "regression"),
        (1, "tanh", "regression"),
        (1, "relu", "regression"),
    ],
)
def test_without_labels_the_last_layer_tells_the_task(size: int, head: str | None, expected: str) -> None:
    assert str(found(network(size, head)).task) == expected


@pytest.mark.parametrize(
    ("size", "head", "labels", "task", "normal"),
    [
        # classes
        (3, "softmax", [0, 1, 2, 1], "multiclass", [0, 1, 2, 1]),
        (3, "softmax", [[0.0], [1], [2], [1]], "multiclass", [0, 1, 2, 1]),
        (3, None, [0, 1, 2, 1], "multiclass", [0, 1, 2, 1]),
        (3, "softmax", np.eye(3)[[0, 1, 2, 1]], "multiclass", [0, 1, 2, 1]),
        (3, None, np.eye(3, dtype=bool)[[0, 1, 2, 1]], "multiclass", [0, 1, 2, 1]),
        (3, "sigmoid", np.eye(3)[[0, 1, 2, 1]], "multiclass", [0, 1, 2, 1]),
        (3, "tanh", 2 * np.eye(3)[[0, 1, 2, 1]] - 1, "multiclass", [0, 1, 2, 1]),
        (2, "softmax", [-1, 1, 1, -1], "multiclass", [0, 1, 1, 0]),
        (3, "softmax", np.array([0, 1, 2, 1], dtype=object), "multiclass", [0, 1, 2, 1]),
        # yes or no
        (1, "sigmoid", [0, 1, 1, 0], "binary:0.5", [0, 1, 1, 0]),
        (1, "sigmoid", [False, True, True, False], "binary:0.5", [0, 1, 1, 0]),
        (1, "sigmoid", [[-1.0], [1], [1], [-1]], "binary:0.5", [0, 1, 1, 0]),
        (1, "tanh", [-1, 1, 1, -1], "binary:0", [0, 1, 1, 0]),
        (1, None, [0, 1, 1, 0], "binary:0", [0, 1, 1, 0]),
        (1, "relu", [0, 1, 1, 0], "binary:0.5", [0, 1, 1, 0]),
        (1, "sigmoid", [0, 0, 0, 0], "binary:0.5", [0, 0, 0, 0]),
        # several labels
        (2, "sigmoid", [[0, 1], [1, 1], [0, 0], [1, 0]], "multilabel:0.5", [[0, 1], [1, 1], [0, 0], [1, 0]]),
        (2, None, [[-1, 1], [1, 1], [-1, -1], [1, -1]], "multilabel:0", [[0, 1], [1, 1], [0, 0], [1, 0]]),
        # values
        (1, None, [243, 250, 273, 301], "regression", [[243.0], [250], [273], [301]]),
        (1, None, [[-15.0], [-13], [-11], [-9]], "regression", [[-15.0], [-13], [-11], [-9]]),
        (1, None, [1, 2, 1, 2], "regression", [[1.0], [2], [1], [2]]),
        (1, None, [0.5, 1.5, 2.5, 3.5], "regression", [[0.5], [1.5], [2.5], [3.5]]),
        (1, None, [300.0] * 4, "regression", [[300.0]] * 4),
        (1, None, [0.0] * 4, "regression", [[0.0]] * 4),
        (1, "sigmoid", [0.1, 0.2, 0.3, 0.9], "regression", [[0.1], [0.2], [0.3], [0.9]]),
        (2, "softmax", [[0.1, 0.9]] * 4, "regression", [[0.1, 0.9]] * 4),
        (2, None, [[1, 2], [3, 4], [5, 6], [7, 8]], "regression", [[1.0, 2], [3, 4], [5, 6], [7, 8]]),
    ],
)
def test_labels_are_understood(size: int, head: str | None, labels, task: str, normal) -> None:
    goal = found(network(size, head), labels)
    assert str(goal.task) == task
    np.testing.assert_array_equal(goal.labels, normal)
    assert goal.labels.dtype == (np.float64 if task == "regression" else np.int64)


@pytest.mark.parametrize(
    ("size", "head", "labels", "message"),
    [
        (3, "softmax", [1, 2, 3, 1], "class numbers from 0 to 2, not 3. They go from 1 to 3: give labels - 1."),
        (2, "softmax", [1, 2, 2, 1], "class numbers from 0 to 1, not 2. They go from 1 to 2: give labels - 1."),
        (3, "softmax", [0, 1, 7, 1], "labels must be class numbers from 0 to 2, not 7."),
        (3, "softmax", [-1, 1, 1, -1], "labels must be class numbers from 0 to 2, not -1."),
        (2, None, [0.5, 1, 2, 3], "not 0.5. Say task='regression' if these are wanted values. They need one for each"),
        (1, "sigmoid", [1, 2, 2, 1], "must be 0 and 1, or -1 and 1, not 2. They are 1 and 2: give labels - 1."),
        (1, "sigmoid", [0, 1, 2, 3], "must be 0 and 1, or -1 and 1, not 2. Say task='regression' if these are"),
        (
            2,
            "softmax",
            [[1, 1], [0, 1], [1, 0], [0, 0]],
            "must be one-hot rows: one 1 and else 0 in each. Say task='mul",
        ),
        (2, "sigmoid", [[2, 1], [0, 1], [1, 0], [0, 0]], "must be one-hot rows"),
        (3, "softmax", [0, 1], "there are 2 labels for 4 samples."),
        (3, "softmax", 3, "there are 1 labels for 4 samples."),
        (3, "softmax", np.zeros((4, 2)), "labels of shape (4, 2) do not fit outputs of shape (4, 3). Expected class"),
        (1, None, [1.0, np.nan, np.inf, 2], "2 of 4 labels are NaN or infinite"),
        (3, "softmax", ["a", "b", "c", "a"], "the labels are texts such as 'a'. numpy.unique(labels, return_inverse"),
        (3, "softmax", np.array([{}, {}, {}, {}]), "the labels must be numbers"),
        (1, None, [1j, 2, 3, 4], "the labels must be real numbers, not complex128."),
        (1, None, [[1], [1, 2], [3], [4]], "the labels are rows of different lengths"),
    ],
)
def test_labels_that_do_not_fit_are_one_sentence_with_the_way_out(
    size: int, head: str | None, labels, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        found(network(size, head), labels)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("size", "head", "labels", "said", "task", "normal"),
    [
        (1, None, [0, 1, 1, 0], "regression", "regression", [[0.0], [1], [1], [0]]),
        (1, None, [0, 1, 1, 0], "binary:0.5", "binary:0.5", [0, 1, 1, 0]),
        (1, "sigmoid", [0, 1, 1, 0], Task(kind=TaskKind.BINARY, threshold=0.9), "binary:0.9", [0, 1, 1, 0]),
        (2, "softmax", np.eye(2)[[0, 1, 1, 0]], "regression", "regression", np.eye(2)[[0, 1, 1, 0]]),
        (2, "sigmoid", np.eye(2)[[0, 1, 1, 0]], "multilabel", "multilabel:0.5", np.eye(2)[[0, 1, 1, 0]]),
        (
            2,
            "softmax",
            [[1, 1], [0, 1], [1, 0], [0, 0]],
            "multilabel",
            "multilabel:0.5",
            [[1, 1], [0, 1], [1, 0], [0, 0]],
        ),
        (3, None, None, "classification", "multiclass", None),
        (1, None, None, "classification", "binary:0", None),
        (1, None, [0.0] * 4, "classification", "binary:0", [0] * 4),
    ],
)
def test_a_task_can_be_said(size: int, head: str | None, labels, said, task: str, normal) -> None:
    goal = found(network(size, head), labels, said)
    assert str(goal.task) == task
    np.testing.assert_array_equal(goal.labels, normal)


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("regresion", ConfigError, "Did you mean 'regression'?"),
        ("binary:high", ConfigError, "the task 'binary:high' cannot be read."),
        ("multiclass:0.5", ConfigError, "the task 'multiclass:0.5' cannot be read."),
        (7, ConfigError, "a task is a word such as 'regression', not 7."),
        ("binary", ConfigError, "the task 'binary' needs a single value, but each output has 3."),
        ("regression", DataError, "labels of shape (4,) do not fit outputs of shape (4, 3). Expected wanted values of"),
        ({"y": "binary"}, DataError, "unknown output 'y'. The model has 'h'."),
    ],
)
def test_a_task_that_is_none_is_named(said, kind, message: str) -> None:
    with pytest.raises(kind) as caught:
        found(network(3, "softmax"), [0, 1, 2, 1], said)
    assert message in str(caught.value)


def test_a_head_is_seen_through_moves_and_quantizers_but_not_through_a_flattened_softmax() -> None:
    assert head_of(network(4, "softmax", (2, 2)), "r") is Head.FREE
    assert head_of(network(4, "softmax", (1, 4)), "r") is Head.SOFTMAX
    assert head_of(network(4, "sigmoid", (2, 2)), "r") is Head.PROBABILITY
    base = network(4, "sigmoid")
    more = (
        Node(name="q", op=Activation(function=Function.LINEAR), inputs=("h",), shape=(4,)),
        Node(name="both", op=Concatenate(axis=0), inputs=("q", "h"), shape=(8,)),
        Node(name="mixed", op=Concatenate(axis=0), inputs=("d", "h"), shape=(8,)),
    )
    graph = Graph(name="n", nodes=(*base.nodes, *more), outputs=("mixed",))
    assert [head_of(graph, name) for name in ("q", "both", "mixed")] == [Head.PROBABILITY, Head.PROBABILITY, Head.FREE]


def test_axes_of_length_one_do_not_matter() -> None:
    goal = found(network(1, None, (1, 1)), [5.0, 6, 7, 8])
    assert goal.labels.shape == (4, 1, 1)
    goal = found(network(3, "softmax", (1, 3)), [0, 1, 2, 1])
    assert str(goal.task) == "multiclass" and goal.labels.tolist() == [[0], [1], [2], [1]]


def test_labels_of_sequences_belong_to_every_step() -> None:
    graph = Graph(
        name="s",
        nodes=(
            Node(name="x", op=Input(), inputs=(), shape=(5, 2)),
            Node(name="d", op=Dense(kernel=np.ones((2, 3))), inputs=("x",), shape=(5, 3)),
            Node(name="h", op=Softmax(), inputs=("d",), shape=(5, 3)),
        ),
        outputs=("h",),
    )
    assert found(graph, np.ones((4, 5), dtype=int)).labels.shape == (4, 5)
    with pytest.raises(DataError, match="Expected class numbers of shape"):
        found(graph, [0, 1, 2, 0])


def test_labels_of_several_outputs_come_as_a_tuple_or_by_name(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]],
) -> None:
    graph, _, labels = two_outputs
    for given in (labels, tuple(labels.values()), list(labels.values())):
        goals = find_goals(graph, 200, given)
        assert [(goal.output, str(goal.task)) for goal in goals] == [("kind", "multiclass"), ("energy", "regression")]
    (kind, energy) = find_goals(graph, 200, (None, labels["energy"]))
    assert kind.labels is None and energy.labels.shape == (200, 1)
    assert find_goals(graph, 200, labels["kind"])[1].labels is None
    said = find_goals(graph, 200, labels, {"kind": "classification", "energy": "regression"})
    assert [str(goal.task) for goal in said] == ["multiclass", "regression"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"kinds": [0]}, "unknown output 'kinds'. The model has 'kind', 'energy'. Did you mean 'kind'?"),
        ((np.zeros(200),), "there are labels for 1 outputs, but the model has 2 ('kind', 'energy'). Give None for an"),
        ({"energy": np.zeros(3)}, "output 'energy': there are 3 labels for 200 samples."),
        ({"kind": np.full(200, 3)}, "output 'kind': labels must be class numbers from 0 to 2, not 3."),
    ],
)
def test_wrong_labels_of_an_output_name_it(
    two_outputs: tuple[Graph, np.ndarray, dict[str, np.ndarray]], labels, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        find_goals(two_outputs[0], 200, labels)
    assert message in str(caught.value)


def test_a_task_reads_as_it_prints() -> None:
    for text in ("multiclass", "regression", "binary:0.25", "multilabel:-1"):
        assert str(read_task(text)) == text
    assert read_task("classification") is None


def test_understood_labels_are_understood_again() -> None:
    for shape, task, labels in (
        ((3, 4), Task(kind=TaskKind.MULTICLASS), np.eye(4)[[1, 2, 0]]),
        ((3, 1), Task(kind=TaskKind.BINARY), [-1, 1, 1]),
        ((3, 2), Task(kind=TaskKind.MULTILABEL), [[1, 1], [0, 1], [0, 0]]),
        ((3, 1), Task(kind=TaskKind.REGRESSION), [5, 6, 7]),
    ):
        once = understood(labels, shape, task)
        np.testing.assert_array_equal(understood(once, shape, task), once)
