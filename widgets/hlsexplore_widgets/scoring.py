"""The figure of merit on the screen: accuracy, AUC, RMSE, agreement with the float network, or the user's own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hlsexplore import metrics
from hlsexplore.errors import ConfigError, DataError, unknown_name
from hlsexplore.fixed import RealArray
from hlsexplore.metrics import METRICS, Metric, agreement, agreement_interval, rmse, rmse_interval

LABELS = {
    "accuracy": "Accuracy",
    "auc": "AUC",
    "rmse": "RMSE",
    "agreement": "Agreement with float",
    "deviation": "RMSE against float",
}
PERCENT = ("accuracy", "agreement")
OwnMetric = Callable[[Any, Any], float]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """How outputs are scored.

    Attributes:
        metric: Function and interval.
        label: Its name for people.
        truth: What outputs are compared with: labels, or the float network's outputs.
        is_percent: Whether it is shown in percent.
    """

    metric: Metric
    label: str
    truth: Any
    is_percent: bool


def make_scorer(metric: str | OwnMetric | None, labels: ArrayLike | None, reference: RealArray) -> Scorer:
    """Choose the figure of merit.

    Args:
        metric: Name (`accuracy`, `auc`, `rmse`, `agreement`), a function of (outputs, labels), or None: accuracy with
            labels, else agreement with the float network (RMSE against it for a single output).
        labels: Class numbers, one-hot rows or target values; None when there are none.
        reference: Outputs of the float network, shape (samples, ..., classes).

    Raises:
        ConfigError: If the name is unknown, or the metric needs labels and there are none.
        DataError: If the labels do not fit.
    """
    has_classes = reference.shape[-1] > 1
    if metric is None:
        metric = "accuracy" if labels is not None else "agreement" if has_classes else "deviation"
    if callable(metric):
        name = getattr(metric, "__name__", "metric").strip("<>") or "metric"
        own = Metric(name=name, function=metric)
        return Scorer(metric=own, label=name, truth=reference if labels is None else labels, is_percent=False)
    if metric == "agreement":
        item = Metric(name="agreement", function=agreement, interval=agreement_interval)
        return Scorer(metric=item, label=LABELS[metric], truth=reference, is_percent=True)
    if metric == "deviation":
        item = Metric(name="deviation", function=rmse, interval=rmse_interval, is_maximized=False)
        return Scorer(metric=item, label=LABELS[metric], truth=reference, is_percent=False)
    if metric not in METRICS:
        raise ConfigError(unknown_name("metric", metric, [*METRICS, "agreement"], "hlsexplore"))
    if labels is None:
        raise ConfigError(f"the metric {metric!r} needs labels. Pass them, or choose metric='agreement'.")
    scorer = Scorer(
        metric=METRICS[metric], label=LABELS[metric], truth=np.asarray(labels), is_percent=metric in PERCENT
    )
    METRICS[metric].function(reference, labels)
    return scorer


def score(scorer: Scorer, y: RealArray) -> Score:
    """Score the outputs of the first samples.

    Args:
        scorer: How.
        y: Outputs of the first `len(y)` samples.
    """
    truth = scorer.truth[: len(y)]
    value = float(scorer.metric.function(y, truth))
    result = Score(value=value, num_samples=len(y))
    if scorer.metric.interval is None:
        return result
    found = scorer.metric.interval(y, truth, 0.95)
    return replace(result, lower=found.lower, upper=found.upper)


def num_labels(labels: ArrayLike | None, num_samples: int) -> None:
    """Check that labels belong to the samples.

    Raises:
        DataError: If their number differs.
    """
    if labels is not None and len(np.asarray(labels)) != num_samples:
        raise DataError(f"there are {num_samples} samples but {len(np.asarray(labels))} labels.")


def first_output(y: Any) -> RealArray:
    """Return the first output of a network, as float64 of shape (samples, ..., classes)."""
    array = np.asarray(metrics.first_output(y), dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array
