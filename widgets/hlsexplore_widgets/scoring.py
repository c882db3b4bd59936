"""The figures of merit on the screen: those of the network's tasks, a named one, or the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hlsexplore.data import data_digest
from hlsexplore.errors import ConfigError, DataError
from hlsexplore.graph import Graph
from hlsexplore.merit import Chosen, Measure, Merit, chosen_metric, task_text
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Evaluator


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A figure of merit of one design.

    Attributes:
        value: The figure.
        lower: Lower end of its 95 % confidence interval, or None when unknown.
        upper: Upper end.
        num_samples: Samples that it is of.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    num_samples: int


Scores = Mapping[str, Score]
"""Figures of merit by name, those that the network is judged by first."""


def open_study(path: str | Path, graph: Graph, x: Any, labels: Any, metric: Chosen | None, task: Any) -> Study:
    """Open a study that is judged by the explorer's figure of merit."""
    return Study(path, graph, x, labels, metrics=None if metric is None else [metric], task=task)


def evaluator_of(study: Study | None, graph: Graph, x: Any, labels: Any, metric: Chosen | None, task: Any) -> Evaluator:
    """Return what finds the figures of designs: that of a study, or a new one.

    Args:
        study: The study; None for a new evaluator.
        graph: The network that is to be shown.
        x: Its samples.
        labels: Their labels; None for the study's.
        metric: The figure of merit that is asked for; None for the study's.
        task: What the outputs are for; None for what the study knows.

    Raises:
        ConfigError: If the study is judged by another figure or has another task.
        DataError: If inputs or labels do not fit, or the study is of another network or other data.
    """
    if study is None:
        return Evaluator.make(graph, x, labels, None if metric is None else [metric], task)
    own = study.evaluator
    said = {goal.output: goal.task for goal in own.goals} if task is None else task
    given = own.data.labels if labels is None else labels
    asked = Evaluator.make(graph, x, given, task=said, emulator=own.emulator)
    if graph.digest != study.graph.digest or data_digest(asked.data) != data_digest(own.data):
        raise DataError(
            f"the study {str(study.path)!r} is of another network or of other samples and labels than these. "
            "Give those that it was opened with."
        )
    if [str(goal.task) for goal in asked.goals] != [str(goal.task) for goal in own.goals]:
        raise ConfigError(f"the study {str(study.path)!r} is for another task: {task_text(own.goals)}.")
    if metric is None:
        return study.evaluator
    name = chosen_metric(metric).name
    judged = {measure.metric.name for measure in study.evaluator.measures if measure.is_headline}
    if name not in judged:
        shown = ", ".join(map(repr, sorted(judged)))
        raise ConfigError(
            f"the study {str(study.path)!r} is judged by {shown}, not by {name!r}. Open it with metrics=[...] of that "
            "figure, or leave the metric out."
        )
    return study.evaluator


def headlines(evaluator: Evaluator) -> tuple[Measure, ...]:
    """Return the figures that the network is judged by."""
    return tuple(measure for measure in evaluator.measures if measure.is_headline)


def score(merit: Merit, outputs: Any, num_samples: int) -> Score:
    """Score outputs.

    Args:
        merit: How.
        outputs: Results of the network on the samples of the merit.
        num_samples: How many these are.
    """
    value, interval = merit.of(outputs), merit.interval(outputs)
    if interval is None:
        return Score(value=value, num_samples=num_samples)
    return Score(value=value, lower=interval.lower, upper=interval.upper, num_samples=num_samples)
