"""Figures of merit of a network on some samples: which there are for its tasks, what they compare, what counts as 1."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, DataError, HlsExploreError, unknown_name
from hlsexplore.fixed import RealArray
from hlsexplore.metrics import METRICS, Interval, LossUnit, Metric, spread
from hlsexplore.task import Goal, TaskKind

Outputs = tuple[RealArray, ...]
"""Results of all outputs of a network, each of shape `(samples, *shape)`."""
OwnMetric = Callable[[Any, Any], float]
Chosen = str | Metric | OwnMetric | tuple[OwnMetric, str]
"""A metric by its name, or one of the user's own: `Metric`, a function of (outputs, labels), or (function, "min")."""
Rows = NDArray[np.intp]
COSTS = ("lut", "ff", "dsp", "bram18", "uram", "latency_cycles", "latency_ns", "ii_cycles")
"""Figures of reports that trials have; less of each is better."""
DIRECTIONS: Mapping[str, str] = {name: metric.direction for name, metric in METRICS.items()} | dict.fromkeys(
    COSTS, "min"
)
"""Figures that trials of any network can have, and which way each is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure of merit by name, still without samples.

    Attributes:
        name: Name of the figure in trials; with the output's name where the network has several.
        metric: What it computes, bound to the output's task.
        output: Index of the output; None for one of the user's own of a network with several, which gets all.
        is_headline: Whether it is what the network is for; else it is known besides.
    """

    name: str
    metric: Metric
    output: int | None
    is_headline: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Merit:
    """A figure of merit with what it compares outputs with.

    Attributes:
        measure: What it is.
        truth: Labels or the float network's outputs; a tuple of them for `output` None.
    """

    measure: Measure
    truth: Any

    @property
    def name(self) -> str:
        """Name of the figure in trials."""
        return self.measure.name

    @property
    def metric(self) -> Metric:
        """What it computes."""
        return self.measure.metric

    def of(self, outputs: Any) -> float:
        """Return the figure.

        Args:
            outputs: Results of a network: an array, or a tuple of them for several outputs.

        Raises:
            DataError: If outputs and labels have no such figure, or a function of the user's own fails.
        """
        try:
            value = self.metric.function(self._mine(outputs), self.truth)
        except HlsExploreError:
            raise
        except Exception as error:
            raise DataError(f"the metric {self.name!r} failed: {type(error).__name__}: {error}") from error
        if np.ndim(value) == 0 and np.asarray(value).dtype.kind in "biuf" and not np.isnan(value):
            return float(value)
        raise DataError(f"the metric {self.name!r} gave {str(value)[:60]} instead of a number.")

    def interval(self, outputs: Any, level: float = 0.95) -> Interval | None:
        """Return the confidence interval of the figure; None where it has no formula."""
        if self.metric.interval is None:
            return None
        return self.metric.interval(self._mine(outputs), self.truth, level)

    def scores(self, outputs: Any) -> RealArray | None:
        """Return the mean of each sample's `Metric.scores`, shape `(samples,)`; None where there are none."""
        if self.metric.scores is None:
            return None
        found = np.asarray(self.metric.scores(self._mine(outputs), self.truth), dtype=np.float64)
        return np.asarray(found.reshape(len(found), -1).mean(axis=1))

    def part(self, rows: Rows) -> "Merit":
        """Return the figure on some of the samples."""
        if isinstance(self.truth, tuple):
            return replace(self, truth=tuple(None if item is None else item[rows] for item in self.truth))
        return replace(self, truth=self.truth[rows])

    def unit(self, float_value: float) -> float:
        """Return what a loss of 1 is.

        Args:
            float_value: The figure of the float network.
        """
        match self.metric.unit:
            case LossUnit.SHARE:
                return 1.0
            case LossUnit.SPREAD:
                return spread(self.truth)
        return abs(float_value) if math.isfinite(float_value) and float_value else 1.0

    def _mine(self, outputs: Any) -> Any:
        every = as_outputs(outputs)
        return every if self.measure.output is None else every[self.measure.output]


def as_outputs(y: Any) -> Outputs:
    """Return a network's results as a tuple, also where there is one."""
    return y if isinstance(y, tuple) else (y,)


def find_measures(goals: Sequence[Goal], metrics: Sequence[Chosen] | None = None) -> tuple[Measure, ...]:
    """Return the figures of a network, those that it is for first.

    Where an output has labels, outputs without are not what the network is judged by; where none has, all are compared
    with the float network. How close every output is to the float network is known besides.

    Args:
        goals: The outputs with their tasks and labels.
        metrics: Figures that count, the one that matters most first; when None, accuracy for classes and RMSE for
            values, and without labels the agreement or the relative error.

    Raises:
        ConfigError: If a metric is unknown, or of another task than the outputs have.
        DataError: If a metric needs labels and there are none.
    """
    names = suffixes([goal.output for goal in goals])
    measures: dict[str, Measure] = {}
    scored = [goal for goal in goals if goal.labels is not None] or list(goals)

    def add(metric: Metric, goal: Goal | None, is_headline: bool) -> None:
        index = None if goal is None else goals.index(goal)
        name = metric.name + ("" if index is None else names[index])
        bound = metric if goal is None else _bound(metric, goal)
        measures.setdefault(name, Measure(name=name, metric=bound, output=index, is_headline=is_headline))

    if metrics is None:
        for goal in scored:
            add(METRICS[_usual(goal)], goal, True)
    chosen = [chosen_metric(item) for item in metrics or ()]
    names_given = [metric.name for metric in chosen]
    for name in names_given:
        if names_given.count(name) > 1:
            raise ConfigError(f"the metric {name!r} is given twice. Name each one with Metric(name=..., function=...).")
    for position, metric in enumerate(chosen):
        if metric.name not in METRICS:
            add(metric, goals[0] if len(goals) == 1 else None, position == 0)
            continue
        for goal in _fitting(metric, goals):
            add(metric, goal, position == 0)
    for goal in goals:
        add(METRICS["agreement" if goal.task.decides else "relative_error"], goal, not measures)
    return tuple(measures.values())


def bind(measure: Measure, goals: Sequence[Goal], reference: Outputs) -> Merit:
    """Give a figure what it compares with.

    Args:
        measure: The figure.
        goals: The outputs with their labels.
        reference: Outputs of the float network on the same samples.
    """
    is_own = measure.metric.name not in METRICS
    if measure.output is None:
        labels = tuple(goal.given for goal in goals)
        has_labels = any(item is not None for item in labels)
        return Merit(measure=measure, truth=labels if has_labels else reference)
    goal = goals[measure.output]
    truth = goal.given if is_own else goal.labels
    if measure.metric.is_against_float or truth is None:
        truth = reference[measure.output]
    return Merit(measure=measure, truth=truth)


def chosen_metric(item: Chosen) -> Metric:
    """Return a metric: by its name, or one of the user's own.

    Args:
        item: A name; a `Metric`; a function of (outputs, labels) of which more is better; or (function, "min").

    Raises:
        ConfigError: If the name is unknown, or a function's name is that of another figure.
    """
    if isinstance(item, str):
        if item not in METRICS:
            raise ConfigError(unknown_name("metric", item, METRICS, "hlsexplore"))
        return METRICS[item]
    if isinstance(item, Metric):
        return _checked_name(item)
    function, way = item if isinstance(item, tuple) and len(item) == 2 else (item, "max")
    if not callable(function) or way not in ("max", "min"):
        raise ConfigError(
            f"a metric is a name, a function of (outputs, labels), or a function with 'max' or 'min', not {item!r}."
        )
    name = re.sub(r"\W+", "_", getattr(function, "__name__", type(function).__name__)).strip("_")
    return _checked_name(Metric(name=name or "metric", function=function, is_maximized=way == "max"))


def suffixes(outputs: Sequence[str]) -> tuple[str, ...]:
    """Return what figures of each output have behind their name: nothing for a single output.

    Examples:
        >>> suffixes(["energy"]), suffixes(["energy", "class/out"])
        (('',), ('_energy', '_class_out'))
    """
    if len(outputs) == 1:
        return ("",)
    plain = ["_" + re.sub(r"\W+", "_", name) for name in outputs]
    return tuple(f"{name}_{index}" if plain.count(name) > 1 else name for index, name in enumerate(plain))


def strata(goals: Sequence[Goal], num_samples: int) -> NDArray[np.int64] | None:
    """Return a number for each sample by which a choice of samples is spread: its class, or the rank of its value.

    Args:
        goals: The outputs; the first that has one class or value for a sample decides.
        num_samples: The samples.
    """
    for goal in goals:
        if goal.labels is None or goal.labels.size != num_samples:
            continue
        values = goal.labels.reshape(-1)
        if goal.task.kind is TaskKind.REGRESSION:
            return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.int64)
        return values.astype(np.int64)
    return None


def unscored(goals: Sequence[Goal]) -> tuple[str, ...]:
    """Return the outputs that no figure is judged by: those without labels where others have some."""
    has_labels = any(goal.labels is not None for goal in goals)
    return tuple(goal.output for goal in goals if has_labels and goal.labels is None)


def task_text(goals: Sequence[Goal]) -> str:
    """Say what a network is for, and what is not scored.

    Args:
        goals: The outputs.
    """
    words = {
        TaskKind.MULTICLASS: "one of several classes",
        TaskKind.BINARY: "yes or no, yes above {:g}",
        TaskKind.MULTILABEL: "several labels, each yes above {:g}",
        TaskKind.REGRESSION: "regression",
    }
    parts = []
    for goal in goals:
        text = words[goal.task.kind].format(goal.task.threshold)
        parts.append(text if len(goals) == 1 else f"{goal.output}: {text}")
    text = "; ".join(parts)
    missing = unscored(goals)
    return text + (f"; not scored, for want of labels: {', '.join(missing)}" if missing else "")


def _usual(goal: Goal) -> str:
    if goal.labels is None:
        return "agreement" if goal.task.decides else "relative_error"
    return "accuracy" if goal.task.decides else "rmse"


def _fitting(metric: Metric, goals: Sequence[Goal]) -> list[Goal]:
    """Return the outputs whose task and labels a metric fits.

    Raises:
        ConfigError: If there is none for its task.
        DataError: If there is none for want of labels.
    """
    alike = [goal for goal in goals if goal.task.decides == metric.decides]
    found = [goal for goal in alike if goal.labels is not None or metric.is_against_float]
    if found:
        return found
    if alike or all(goal.labels is None for goal in goals):
        other = "agreement" if metric.decides else "relative_error"
        raise DataError(f"the metric {metric.name!r} needs labels. Give them, or choose {other!r}.")
    fitting = [name for name, item in METRICS.items() if item.decides != metric.decides]
    kinds = " and ".join(dict.fromkeys(str(goal.task.kind) for goal in goals))
    raise ConfigError(
        f"the metric {metric.name!r} does not fit the task {kinds!r}. Choose {' or '.join(map(repr, fitting))}, or say "
        "another task."
    )


def _bound(metric: Metric, goal: Goal) -> Metric:
    """Return a metric of decisions that knows how an output decides."""
    if not metric.decides:
        return metric
    interval = None if metric.interval is None else partial(metric.interval, task=goal.task)
    scores = None if metric.scores is None else partial(metric.scores, task=goal.task)
    return replace(metric, function=partial(metric.function, task=goal.task), interval=interval, scores=scores)


def _checked_name(metric: Metric) -> Metric:
    if metric.name in DIRECTIONS and metric != METRICS.get(metric.name):
        raise ConfigError(
            f"a metric of your own cannot be called {metric.name!r}, as another figure is. "
            "Give it a name with Metric(name=..., function=...)."
        )
    if not re.fullmatch(r"[A-Za-z_]\w*", metric.name):
        raise ConfigError(f"the name of a metric must be a word of letters, digits and _, not {metric.name!r}.")
    return metric


def losses(merits: Sequence[Merit], floats: Sequence[float], outputs: Any) -> RealArray:
    """Return how much worse than the float network outputs are, in each figure's unit; negative if better.

    Args:
        merits: The figures.
        floats: The float network's figures, in their order.
        outputs: Results of a network, as for `Merit.of`.
    """
    found = []
    for merit, value in zip(merits, floats, strict=True):
        change = merit.of(outputs) - value
        found.append((-change if merit.metric.is_maximized else change) / merit.unit(value))
    return np.array(found)
