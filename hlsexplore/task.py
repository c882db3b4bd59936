"""What an output of a network is for, found from its last layer and its labels: classes, yes or no, or real values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, DataError, unknown_name
from hlsexplore.graph import Graph, Shape
from hlsexplore.ops import MOVES, Activation, Concatenate, Function, Softmax

CLASSIFICATION = "classification"
"""Said of a task: one of the three kinds that decide; the labels and the shape tell which."""


class TaskKind(StrEnum):
    """What an output tells.

    One of several classes, each with a value of its own (`multiclass`); one of two, by a single value (`binary`); any
    of several, each by its own value (`multilabel`); or values that are wanted as such (`regression`).
    """

    MULTICLASS = "multiclass"
    BINARY = "binary"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"


class Head(StrEnum):
    """What the last layer of an output promises about its values."""

    SOFTMAX = "softmax"
    PROBABILITY = "probability"
    SIGN = "sign"
    POSITIVE = "positive"
    FREE = "free"


HEADS: Mapping[Function, Head] = {
    Function.SIGMOID: Head.PROBABILITY,
    Function.HARD_SIGMOID: Head.PROBABILITY,
    Function.TANH: Head.SIGN,
    Function.HARD_TANH: Head.SIGN,
    Function.BINARY_TANH: Head.SIGN,
    Function.TERNARY_TANH: Head.SIGN,
    Function.RELU: Head.POSITIVE,
    Function.SOFTPLUS: Head.POSITIVE,
    Function.SPARSE_PLUS: Head.POSITIVE,
    Function.EXPONENTIAL: Head.POSITIVE,
}
"""Activations that promise something; the others promise nothing."""
MIDDLE: Mapping[Head, float] = {Head.SOFTMAX: 0.5, Head.PROBABILITY: 0.5, Head.POSITIVE: 0.5}
"""Values above this are a yes; 0 where nothing is promised: the values are logits then, or signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one output is for.

    Attributes:
        kind: What it tells.
        threshold: Values above this are a yes, for `binary` and `multilabel`; else unused.
    """

    kind: TaskKind
    threshold: float = 0.5

    @property
    def decides(self) -> bool:
        """Whether the output decides something; else its values are wanted as such."""
        return self.kind is not TaskKind.REGRESSION

    def __str__(self) -> str:
        """Print the task as `read_task` reads it.

        Examples:
            >>> str(Task(kind=TaskKind.BINARY, threshold=0.0)), str(Task(kind=TaskKind.REGRESSION))
            ('binary:0', 'regression')
        """
        has_threshold = self.kind in (TaskKind.BINARY, TaskKind.MULTILABEL)
        return f"{self.kind}:{self.threshold:g}" if has_threshold else str(self.kind)


WANTED = "Say task='regression' if these are wanted values."
Said = str | Task | None
"""What somebody says about a task: a kind, `classification`, a kind with a threshold as `binary:0.3`; or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Goal:
    """An output with its task and what is wanted of it.

    Attributes:
        output: Name of the output.
        task: What it is for.
        given: Labels as they came, or None.
        labels: Labels as the task has them: class numbers of shape `y.shape[:-1]` for `multiclass` and `binary`, zeros
            and ones or real values of shape `y.shape` for `multilabel` and `regression`; None when there are none.
    """

    output: str
    task: Task
    given: NDArray[Any] | None = None
    labels: NDArray[Any] | None = None

    def part(self, rows: NDArray[np.intp]) -> "Goal":
        """Return the same with the labels of some samples."""
        if self.given is None or self.labels is None:
            return self
        return replace(self, given=self.given[rows], labels=self.labels[rows])


def find_goals(graph: Graph, num_samples: int, labels: Any = None, task: Any = None) -> tuple[Goal, ...]:
    """Find the task of every output, from its last layer, its labels and what is said.

    Args:
        graph: The network.
        num_samples: Samples that the labels are of.
        labels: Labels of the only output or of the first of several; for several outputs also a tuple in their order,
            with None for those that have none, or a mapping by name.
        task: `multiclass`, `binary`, `multilabel`, `regression`, or `classification` for one of the first three; for
            `binary` and `multilabel` with a threshold, as `binary:0.3`. For several outputs also a tuple or a mapping.

    Raises:
        DataError: If labels do not fit their output; says what would.
        ConfigError: If the task is unknown, or one that the output cannot have.
    """
    outputs = [(name, graph[name].shape, head_of(graph, name)) for name in graph.outputs]
    said = graph.output_spellings
    return goals_of(outputs, num_samples, by_node(said, labels, "labels"), by_node(said, task, "task"))


def by_node(spellings: Mapping[str, str], values: Any, what: str) -> Any:
    """Return a mapping by outputs with the outputs' own names; anything else as it came.

    Args:
        spellings: As `graph.output_spellings`.
        values: Labels or tasks.
        what: What they are, for errors.

    Raises:
        DataError: If an output has two.
    """
    if not isinstance(values, Mapping):
        return values
    names = [spellings.get(name, name) for name in values]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"output {twice!r} has its {what} twice. Give it once.")
    return dict(zip(names, values.values(), strict=True))


def goals_of(
    outputs: Sequence[tuple[str, Shape, Head]], num_samples: int, labels: Any = None, task: Any = None
) -> tuple[Goal, ...]:
    """Find the task of every output as `find_goals` does.

    Args:
        outputs: Name, shape without the samples, and head of each output.
        num_samples: As for `find_goals`, and so are the other arguments and errors.
        labels: Labels.
        task: What is said.
    """
    names = [name for name, _, _ in outputs]
    given = by_output(names, labels, "labels")
    said = dict.fromkeys(names, task) if isinstance(task, str | Task) else by_output(names, task, "task")
    goals = []
    for name, shape, head in outputs:
        where = f"output {name!r}: " if len(outputs) > 1 else ""
        try:
            goals.append(_goal(name, (num_samples, *shape), head, given.get(name), said.get(name)))
        except (DataError, ConfigError) as error:
            raise type(error)(f"{where}{error}") from None
    return tuple(goals)


def by_output(names: Sequence[str], values: Any, what: str) -> dict[str, Any]:
    """Return something that outputs have, such as labels, by the names of the outputs that have it.

    Args:
        names: The outputs.
        values: One value, which belongs to the first output; a tuple or list with one for each; or a mapping by name.
        what: What it is, for errors.

    Raises:
        DataError: If a name is unknown or the number is wrong.
    """
    if values is None:
        return {}
    if isinstance(values, Mapping):
        for name in values:
            if name not in names:
                raise DataError(unknown_name("output", name, names, "The model"))
        return {str(name): value for name, value in values.items() if value is not None}
    if len(names) > 1 and (isinstance(values, tuple) or _is_list_of_arrays(values)):
        if len(values) != len(names):
            shown = ", ".join(map(repr, names))
            raise DataError(
                f"there are {what} for {len(values)} outputs, but the model has {len(names)} ({shown}). Give None for "
                f"an output that has no {what}, or a mapping by name."
            )
        return {name: value for name, value in zip(names, values, strict=True) if value is not None}
    return {names[0]: values}


def read_task(said: str) -> Task | None:
    """Read a task; None for `classification`, whose kind the labels tell.

    Raises:
        ConfigError: If it is none.

    Examples:
        >>> read_task("binary:0.3")
        Task(kind=<Kind.BINARY: 'binary'>, threshold=0.3)
    """
    name, colon, threshold = said.partition(":")
    if name == CLASSIFICATION and not colon:
        return None
    if name not in set(TaskKind):
        raise ConfigError(unknown_name("task", said, (*TaskKind, CLASSIFICATION), "hlsexplore"))
    kind = TaskKind(name)
    if not colon:
        return Task(kind=kind)
    try:
        value = float(threshold)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value) or kind not in (TaskKind.BINARY, TaskKind.MULTILABEL):
        raise ConfigError(
            f"the task {said!r} cannot be read. Write a threshold as a number, 'binary:0.3' or 'multilabel:0.3'."
        )
    return Task(kind=kind, threshold=value)


def head_of(graph: Graph, name: str) -> Head:
    """Return what the last layer before an output promises."""
    node = graph[name]
    match node.op:
        case Softmax():
            return Head.SOFTMAX
        case Activation(function=Function.LINEAR):
            return head_of(graph, node.inputs[0])
        case Activation():
            return HEADS.get(node.op.function, Head.FREE)
        case Concatenate():
            heads = {head_of(graph, source) for source in node.inputs}
            return heads.pop() if len(heads) == 1 and Head.SOFTMAX not in heads else Head.FREE
        case op if isinstance(op, MOVES):
            found = head_of(graph, node.inputs[0])
            is_same = graph[node.inputs[0]].shape[-1:] == node.shape[-1:]
            return found if found is not Head.SOFTMAX or is_same else Head.FREE
    return Head.FREE


def understood(labels: Any, shape: Shape, task: Task) -> NDArray[Any]:
    """Return labels as a task has them (see `Goal`).

    Args:
        labels: Class numbers, one-hot or multi-hot rows, -1 and 1 in place of 0 and 1, or wanted values.
        shape: Shape of the outputs, samples first.
        task: The task.

    Raises:
        DataError: If they do not fit.

    Examples:
        >>> understood([[0, 1], [1, 0]], (2, 2), Task(kind=TaskKind.MULTICLASS))
        array([1, 0])
        >>> understood([-1, 1], (2, 1), Task(kind=TaskKind.BINARY))
        array([0, 1])
    """
    given = numbers(labels)
    is_full, is_numbers = _fits(given.shape, shape), _fits(given.shape, shape[:-1])
    match task.kind:
        case TaskKind.REGRESSION if is_full:
            return np.asarray(given.reshape(shape), dtype=np.float64)
        case TaskKind.MULTILABEL if is_full:
            return _bits(given, f"of several {task.kind} values").reshape(shape)
        case TaskKind.BINARY if is_full and shape[-1] == 1:
            return _bits(given, "of a single output").reshape(shape[:-1])
        case TaskKind.MULTICLASS if is_full and shape[-1] > 1:
            return _largest(given.reshape(shape))
        case TaskKind.MULTICLASS if is_numbers:
            return _class_numbers(given.reshape(shape[:-1]), max(shape[-1], 2))
    wanted = {
        TaskKind.REGRESSION: f"wanted values of shape {shape}",
        TaskKind.MULTILABEL: f"zeros and ones of shape {shape}",
        TaskKind.BINARY: f"zeros and ones of shape {shape[:-1]}, and a single value in each output row",
        TaskKind.MULTICLASS: f"class numbers of shape {shape[:-1]} or one-hot rows of shape {shape}",
    }[task.kind]
    raise DataError(f"labels of shape {given.shape} do not fit outputs of shape {shape}. Expected {wanted}.")


def _goal(name: str, shape: Shape, head: Head, given: Any, said: Any) -> Goal:
    if said is not None and not isinstance(said, str | Task):
        raise ConfigError(f"a task is a word such as 'regression', not {said!r}.")
    wanted = read_task(said) if isinstance(said, str) else said
    if isinstance(said, str) and wanted is not None and ":" not in said:
        wanted = Task(kind=wanted.kind, threshold=MIDDLE.get(head, 0.0))
    if wanted is not None and wanted.kind is TaskKind.BINARY and shape[-1] != 1:
        raise ConfigError(
            f"the task 'binary' needs a single value, but each output has {shape[-1]}. "
            "Say 'multiclass' for one of several classes, 'multilabel' for any of them."
        )
    if given is None:
        return Goal(output=name, task=wanted or _task_of_head(shape, head, must_decide=said is not None))
    labels = numbers(given)
    if labels.ndim == 0 or len(labels) != shape[0]:
        count = len(labels) if labels.ndim else 1
        raise DataError(f"there are {count} labels for {shape[0]} samples.")
    task = wanted or _task_of_labels(labels, shape, head, must_decide=said is not None)
    return Goal(output=name, task=task, given=np.asarray(given), labels=understood(labels, shape, task))


def _task_of_head(shape: Shape, head: Head, *, must_decide: bool) -> Task:
    """Find the task of an output without labels."""
    is_single = shape[-1] == 1
    if head is Head.SOFTMAX and not is_single:
        return Task(kind=TaskKind.MULTICLASS)
    if head is Head.PROBABILITY:
        return Task(kind=TaskKind.BINARY if is_single else TaskKind.MULTILABEL)
    if must_decide:
        return Task(kind=TaskKind.BINARY if is_single else TaskKind.MULTICLASS, threshold=MIDDLE.get(head, 0.0))
    return Task(kind=TaskKind.REGRESSION)


def _task_of_labels(labels: NDArray[Any], shape: Shape, head: Head, *, must_decide: bool) -> Task:
    """Find the task of an output with labels: integer classes and rows of zeros and ones decide, real values do not."""
    is_full, middle = _fits(labels.shape, shape), MIDDLE.get(head, 0.0)
    if not is_full:
        return Task(kind=TaskKind.MULTICLASS)
    bits = _as_bits(labels)
    if bits is None:
        is_whole = bool((labels == np.floor(labels)).all())
        if must_decide or (head is Head.PROBABILITY and is_whole):
            return Task(kind=TaskKind.BINARY if shape[-1] == 1 else TaskKind.MULTICLASS, threshold=middle)
        return Task(kind=TaskKind.REGRESSION)
    is_constant = bool((bits == bits.flat[0]).all())
    if is_constant and head is Head.FREE and not must_decide and labels.dtype.kind == "f":
        return Task(kind=TaskKind.REGRESSION)
    if shape[-1] == 1:
        return Task(kind=TaskKind.BINARY, threshold=middle)
    is_hot = bool((bits.reshape(shape).sum(axis=-1) == 1).all())
    if is_hot or head is Head.SOFTMAX:
        return Task(kind=TaskKind.MULTICLASS)
    return Task(kind=TaskKind.MULTILABEL, threshold=middle)


def numbers(labels: Any) -> NDArray[Any]:
    """Return labels as an array of finite numbers.

    Args:
        labels: Anything that numpy makes an array of.

    Raises:
        DataError: If they are none.
    """
    try:
        given = np.asarray(labels)
    except ValueError:
        raise DataError("the labels are rows of different lengths; give an array.") from None
    if given.dtype.kind in "OSUT":
        is_text = any(isinstance(item, str | bytes) for item in given.ravel()[:1].tolist())
        if is_text:
            raise DataError(
                f"the labels are texts such as {str(given.flat[0])[:40]!r}. "
                "numpy.unique(labels, return_inverse=True)[1] makes class numbers of them."
            )
        try:
            given = given.astype(np.float64)
        except (TypeError, ValueError):
            raise DataError("the labels must be numbers: class numbers, one-hot rows or wanted values.") from None
    if given.dtype.kind not in "biuf":
        raise DataError(f"the labels must be real numbers, not {given.dtype}.")
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        bad = int((~np.isfinite(given)).sum())
        raise DataError(
            f"{bad} of {given.size} labels are NaN or infinite; labels must be finite numbers. Remove such samples."
        )
    return given


def _fits(given: Shape, shape: Shape) -> bool:
    """Whether labels have a shape, but for axes of length 1 behind the samples."""
    return given[:1] == shape[:1] and [n for n in given[1:] if n != 1] == [n for n in shape[1:] if n != 1]


def _as_bits(labels: NDArray[Any]) -> NDArray[np.int64] | None:
    """Return labels that are all 0 or 1, or all -1 or 1, as 0 and 1; else None."""
    if ((labels == 0) | (labels == 1)).all():
        return labels.astype(np.int64)
    if ((labels == -1) | (labels == 1)).all():
        return (labels > 0).astype(np.int64)
    return None


def _bits(labels: NDArray[Any], what: str) -> NDArray[np.int64]:
    found = _as_bits(labels)
    if found is None:
        bad = labels[(labels != 0) & (labels != 1)].flat[0].item()
        raise DataError(
            f"labels {what} must be 0 and 1, or -1 and 1, not {bad!r}. "
            f"{'They are 1 and 2: give labels - 1.' if _is_from_one(labels, 2) else WANTED}"
        )
    return found


def _largest(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return the class of one-hot rows.

    Raises:
        DataError: If a row has no single largest value.
    """
    hot = rows == rows.max(axis=-1, keepdims=True)
    is_coded = _as_bits(rows) is not None
    if not (hot.sum(axis=-1) == 1).all() or not is_coded:
        raise DataError(
            f"labels of shape {rows.shape} must be one-hot rows: one 1 and else 0 in each. "
            f"Say task='multilabel' if a row may have several ones. {WANTED}"
        )
    return np.asarray(np.argmax(rows, axis=-1), dtype=np.int64)


def _class_numbers(given: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Return class numbers as integers; -1 and 1 are the two classes of two.

    Raises:
        DataError: If one is not from 0 to `count` - 1.
    """
    bits = _as_bits(given) if count == 2 else None
    if bits is not None:
        return bits
    bad = (given < 0) | (given >= count) | (given != np.floor(given))
    if bad.any():
        value = given[bad].flat[0].item()
        way = f" They go from 1 to {count}: give labels - 1." if _is_from_one(given, count) else ""
        if value != np.floor(value):
            way = f" {WANTED} They need one for each of the {count} values of an output row."
        raise DataError(f"labels must be class numbers from 0 to {count - 1}, not {value!r}.{way}")
    return given.astype(np.int64)


def _is_from_one(given: NDArray[Any], count: int) -> bool:
    """Whether classes are counted from 1."""
    is_whole = bool((given == np.floor(given)).all())
    return is_whole and bool(given.size) and bool(given.min() >= 1) and bool(given.max() == count)


def _is_list_of_arrays(values: Any) -> bool:
    return isinstance(values, list) and all(item is None or isinstance(item, np.ndarray) for item in values)
