"""How good a network's outputs are: accuracy, agreement, AUC and RMSE, each with a confidence interval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import DataError
from hlsexplore.fixed import RealArray
from hlsexplore.support.values import HUGE
from hlsexplore.task import Task, TaskKind, understood


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval.

    Attributes:
        lower: Lower end.
        upper: Upper end.
        level: Probability that it is meant to cover, between 0 and 1.
    """

    lower: float
    upper: float
    level: float = 0.95


def decisions(y: ArrayLike, task: Task | None = None) -> NDArray[np.int64]:
    """Return what each output row decides: the first largest of several values, or 1 for a value above a threshold.

    Args:
        y: Outputs, shape `(samples, ..., classes)`.
        task: What the output is for; one of several classes when None, or of two by 0.5 where a row has one value.

    Returns:
        Class numbers, shape `y.shape[:-1]`; for `multilabel` zeros and ones of the shape of `y`.

    Raises:
        DataError: If `y` has no class axis or holds NaN, or the task decides nothing.

    Examples:
        >>> decisions([[0.1, 0.9], [0.5, 0.5]])
        array([1, 0])
    """
    values = _outputs(y)
    chosen = task_of(values, task)
    match chosen.kind:
        case TaskKind.REGRESSION:
            raise DataError("regression decides nothing; compare its values.")
        case TaskKind.MULTILABEL:
            return np.asarray(values > chosen.threshold, dtype=np.int64)
        case TaskKind.BINARY:
            return np.asarray(values[..., 0] > chosen.threshold, dtype=np.int64)
    return np.asarray(np.argmax(values, axis=-1), dtype=np.int64)


def task_of(y: ArrayLike, task: Task | None) -> Task:
    """Return a task, or the one that outputs of this shape have when nothing else is known."""
    if task is not None:
        return task
    return Task(kind=TaskKind.BINARY if np.shape(y)[-1] == 1 else TaskKind.MULTICLASS)


def accuracy(y: ArrayLike, labels: ArrayLike, task: Task | None = None) -> float:
    """Share of decisions that are right.

    Args:
        y: Outputs, shape `(samples, ..., classes)`.
        labels: Labels as `task.understood` takes them: class numbers, one-hot rows, zeros and ones.
        task: What the output is for, as in `decisions`.

    Raises:
        DataError: If there are no samples or the labels do not fit.

    Examples:
        >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
    """
    return float(_right(y, labels, task).mean())


def accuracy_interval(y: ArrayLike, labels: ArrayLike, level: float = 0.95, task: Task | None = None) -> Interval:
    """Wilson interval of `accuracy`; several decisions of one sample count as one, for they go together."""
    return _share_interval(_right(y, labels, task), level)


def agreement(y: ArrayLike, reference: ArrayLike, task: Task | None = None) -> float:
    """Share of decisions that are the same as a reference's, such as the float network's.

    Args:
        y: Outputs, shape `(samples, ..., classes)`.
        reference: Outputs of the reference, the shape of `y`.
        task: What the output is for, as in `decisions`.

    Raises:
        DataError: If the shapes differ or there are no samples.

    Examples:
        >>> agreement([[0.1, 0.9], [0.8, 0.2]], [[0.4, 0.6], [0.4, 0.6]])
        0.5
    """
    return float(_same(y, reference, task).mean())


def agreement_interval(y: ArrayLike, reference: ArrayLike, level: float = 0.95, task: Task | None = None) -> Interval:
    """Wilson interval of `agreement`, as for `accuracy_interval`."""
    return _share_interval(_same(y, reference, task), level)


def auc(y: ArrayLike, labels: ArrayLike, task: Task | None = None) -> float:
    """Area under the ROC curve; for more than two classes the mean over the classes of one against the rest.

    For `multilabel` it is the mean over the labels.

    Ties count one half. Classes without a sample, or with all samples, are left out.

    Args:
        y: Scores, shape `(samples, classes)`; one column, or two of which the difference counts, for two classes.
        labels: Labels, as for `accuracy`.
        task: What the output is for, as in `decisions`.

    Raises:
        DataError: If the labels do not fit or hold one class only.

    Examples:
        >>> auc([[0.1], [0.4], [0.35], [0.8]], [0, 0, 1, 1])
        0.75
    """
    return float(np.mean([area for area, _ in _areas(y, labels, task)]))


def auc_interval(y: ArrayLike, labels: ArrayLike, level: float = 0.95, task: Task | None = None) -> Interval:
    """Interval of `auc` by the method of DeLong et al., Biometrics 44 (1988) 837, clipped to 0 to 1."""
    parts = _areas(y, labels, task)
    influence = np.mean([part for _, part in parts], axis=0)
    return _normal_interval(float(np.mean([area for area, _ in parts])), influence, level, low=0.0, high=1.0)


def rmse(y: ArrayLike, reference: ArrayLike) -> float:
    """Root of the mean squared difference, over all elements.

    Args:
        y: Outputs, shape `(samples, ...)`.
        reference: Wanted outputs, the shape of `y` (a last axis of 1 may be missing).

    Raises:
        DataError: If the shapes differ or there are no samples.

    Examples:
        >>> rmse([1.0, 2.0], [1.0, 4.0])
        1.4142135623730951
    """
    return _root_mean_square(_differences(y, reference))


def rmse_interval(y: ArrayLike, reference: ArrayLike, level: float = 0.95) -> Interval:
    """Normal interval of `rmse` (delta method over samples), never below 0."""
    differences = _differences(y, reference)
    unit = _unit(differences)
    squares = np.square(differences / unit)
    squares = squares.reshape(len(squares), -1).mean(axis=1)
    value = float(np.sqrt(squares.mean()))
    if value == 0:
        return Interval(0.0, 0.0, level)
    found = _normal_interval(value, (squares - squares.mean()) / (2 * value * len(squares)), level, low=0.0)
    return Interval(found.lower * unit, found.upper * unit, level)


def relative_error(y: ArrayLike, reference: ArrayLike) -> float:
    """RMSE against a reference, such as the float network, in units of the spread of the reference's values.

    Args:
        y: Outputs, shape `(samples, ...)`.
        reference: Outputs of the reference, the shape of `y`.

    Raises:
        DataError: If the shapes differ or there are no samples.

    Examples:
        >>> relative_error([[1.0], [4.0]], [[1.0], [3.0]])
        0.7071067811865476
    """
    return rmse(y, reference) / spread(reference)


def relative_error_interval(y: ArrayLike, reference: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of `relative_error`, as for `rmse_interval`; the spread counts as known."""
    found, unit = rmse_interval(y, reference, level), spread(reference)
    return Interval(found.lower / unit, found.upper / unit, level)


def spread(values: ArrayLike) -> float:
    """How far values are from the mean over the samples, as a root mean square over all elements.

    Constant values have no spread; their magnitude is returned then, and 1 where they are all 0.

    Args:
        values: Values, shape `(samples, ...)`.

    Examples:
        >>> spread([[1.0], [3.0]]), spread([[2.0], [2.0]]), spread([[0.0]])
        (1.0, 2.0, 1.0)
    """
    found, magnitude = _spread_and_magnitude(values)
    return found if found > ROUNDING * magnitude else magnitude or 1.0


def spread_word(values: ArrayLike) -> str:
    """Say what `spread` returns: the spread, or what stands for it where values are constant, or all 0.

    Args:
        values: Values, shape `(samples, ...)`.

    Examples:
        >>> spread_word([[1.0], [3.0]]), spread_word([[2.0], [2.0]]), spread_word([[0.0]])
        ('spread', 'magnitude', 'unit')
    """
    found, magnitude = _spread_and_magnitude(values)
    if found > ROUNDING * magnitude:
        return "spread"
    return "magnitude" if magnitude else "unit"


def _spread_and_magnitude(values: ArrayLike) -> tuple[float, float]:
    array = np.asarray(values, dtype=np.float64)
    unit = _unit(array)
    return unit * _root_mean_square(array / unit - (array / unit).mean(axis=0)), _root_mean_square(array)


ROUNDING = 1e-12
"""Values whose spread is below this share of their magnitude are constant but for rounding."""


def wilson_interval(successes: float, num_samples: int, level: float = 0.95) -> Interval:
    """Interval of a proportion by E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; good also near 0 and 1.

    Args:
        successes: How often it happened; a fraction where a sample is several decisions.
        num_samples: How often it was tried, at least 1.
        level: Probability to cover.

    Raises:
        DataError: If the counts are impossible.

    Examples:
        >>> interval = wilson_interval(95, 100)
        >>> round(interval.lower, 4), round(interval.upper, 4)
        (0.8882, 0.9785)
    """
    if not 0 <= successes <= num_samples or num_samples < 1:
        raise DataError(f"{successes} of {num_samples} samples is no proportion.")
    z = _z(level)
    share, spread = successes / num_samples, z * z / num_samples
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * float(np.sqrt(share * (1 - share) / num_samples + spread / (4 * num_samples)))
    lower = 0.0 if successes == 0 else max(centre - half, 0.0)
    upper = 1.0 if successes == num_samples else min(centre + half, 1.0)
    return Interval(lower, upper, level)


def bootstrap_interval(
    function: Callable[..., float],
    *arrays: NDArray[Any],
    rng: np.random.Generator,
    level: float = 0.95,
    num_resamples: int = 1000,
) -> Interval:
    """Percentile bootstrap interval of any figure of samples, for functions that have no formula.

    Args:
        function: Takes the arrays and returns the figure.
        *arrays: Arrays whose first axis is the samples; they are resampled together.
        rng: Source of the resamples.
        level: Probability to cover.
        num_resamples: Resamples.

    Raises:
        DataError: If the arrays are empty or their lengths differ.

    Examples:
        >>> bootstrap_interval(np.mean, np.ones(10), rng=np.random.default_rng(0))
        Interval(lower=1.0, upper=1.0, level=0.95)
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or lengths == {0}:
        raise DataError(f"a bootstrap needs arrays of one length above 0, not {sorted(lengths)}.")
    count = lengths.pop()
    values: list[float] = []
    for _ in range(num_resamples):
        chosen = rng.integers(0, count, count)
        values.append(float(function(*(array[chosen] for array in arrays))))
    tail = (1 - _checked(level)) / 2
    lower, upper = np.quantile(values, [tail, 1 - tail])
    return Interval(float(lower), float(upper), level)


class LossUnit(StrEnum):
    """What a loss of 1 is for a metric: the whole share, the spread of what is wanted, or the float network's value."""

    SHARE = "share"
    SPREAD = "spread"
    VALUE = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of merit of outputs against labels.

    Attributes:
        name: Name under which it is stored and shown.
        function: Takes (y, labels).
        interval: Takes (y, labels, level); None when only a bootstrap can tell.
        is_maximized: Whether more is better.
        decides: Whether it is of decisions, or of wanted values; None for both, as one of the user's own.
        is_against_float: Whether the float network's outputs stand in the place of labels.
        unit: What a loss of 1 is.
        scores: Takes (y, labels) and returns numbers of each sample, shape `(samples, ...)`: from 0 to 1 for a metric
            that is maximised, else errors from 0 on. The figure follows from their mean; None where it does not.
    """

    name: str
    function: Callable[..., float]
    interval: Callable[..., Interval] | None = None
    is_maximized: bool = True
    decides: bool | None = None
    is_against_float: bool = False
    unit: LossUnit = LossUnit.VALUE
    scores: Callable[..., NDArray[Any]] | None = None

    @property
    def direction(self) -> str:
        """`max` where more is better, else `min`."""
        return "max" if self.is_maximized else "min"


def _outputs(y: ArrayLike) -> RealArray:
    if isinstance(y, tuple):
        raise DataError(f"the model has {len(y)} outputs; choose one of them, such as y[0].")
    values = np.asarray(y, dtype=np.float64)
    if values.ndim < 2 or 0 in values.shape:
        raise DataError(f"outputs must have a shape (samples, classes) without a 0, not {values.shape}.")
    if np.isnan(values).any():
        raise DataError(f"{int(np.isnan(values).sum())} of {values.size} outputs are NaN.")
    return values


def _right(y: ArrayLike, labels: ArrayLike, task: Task | None) -> NDArray[np.bool_]:
    values = _outputs(y)
    chosen = task_of(values, task)
    return np.asarray(decisions(values, chosen) == understood(labels, values.shape, chosen))


def _same(y: ArrayLike, reference: ArrayLike, task: Task | None) -> NDArray[np.bool_]:
    if np.shape(y) != np.shape(reference):
        raise DataError(
            f"outputs of shape {np.shape(y)} cannot be compared with outputs of shape {np.shape(reference)}."
        )
    return np.asarray(decisions(y, task) == decisions(reference, task))


def _share_interval(hits: NDArray[np.bool_], level: float) -> Interval:
    """Wilson interval of a share, with as many independent tries as there are samples."""
    return wilson_interval(float(hits.mean()) * len(hits), len(hits), level)


def _unit(values: RealArray) -> float:
    """Return a unit, a power of two, in which squares of values stay in the range of float64: 1 but for huge values."""
    largest = float(np.abs(values).max(initial=0.0))
    return 1.0 if largest <= HUGE else 2.0 ** min(int(np.frexp(largest)[1]), 1023)


def _root_mean_square(values: RealArray) -> float:
    unit = _unit(values)
    return unit * float(np.sqrt(np.mean(np.square(values / unit))))


def _differences(y: ArrayLike, reference: ArrayLike) -> RealArray:
    values, wanted = np.asarray(y, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if values.ndim == wanted.ndim + 1 and values.shape[-1] == 1:
        wanted = wanted[..., np.newaxis]
    if values.shape != wanted.shape or not values.size:
        raise DataError(f"outputs of shape {values.shape} cannot be compared with values of shape {wanted.shape}.")
    if np.isnan(values).any() or np.isnan(wanted).any():
        raise DataError("cannot compare values that are NaN.")
    differences: RealArray = values - wanted
    return differences


def _areas(y: ArrayLike, labels: ArrayLike, task: Task | None) -> list[tuple[float, RealArray]]:
    """(area, influence of each sample on it) for each class that has samples on both sides."""
    values = _outputs(y)
    chosen = task_of(values, task)
    wanted = understood(labels, values.shape, chosen)
    values = values.reshape(-1, values.shape[-1])
    if chosen.kind is TaskKind.MULTILABEL:
        pairs = list(zip(values.T, wanted.reshape(values.shape).T == 1, strict=True))
    else:
        if values.shape[1] == 2:
            values = values[:, 1:] - values[:, :1]
        numbers = (1,) if values.shape[1] == 1 else range(values.shape[1])
        pairs = [(scores, wanted.ravel() == number) for number, scores in zip(numbers, values.T, strict=True)]
    found = [_area(scores, positive) for scores, positive in pairs if positive.any() and not positive.all()]
    if not found:
        raise DataError("the area under the ROC curve needs samples of at least two classes.")
    return found


def _area(scores: RealArray, positive: NDArray[np.bool_]) -> tuple[float, RealArray]:
    num_positive = int(positive.sum())
    num_negative = len(scores) - num_positive
    ranks, own = _midranks(scores), np.empty(len(scores))
    own[positive], own[~positive] = _midranks(scores[positive]), _midranks(scores[~positive])
    beaten = ranks - own
    placement = np.where(positive, beaten / num_negative, 1 - beaten / num_positive)
    area = float(placement[positive].mean())
    return area, (placement - area) / np.where(positive, num_positive, num_negative)


def _midranks(scores: RealArray) -> RealArray:
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(middles[inverse], dtype=np.float64)


def _normal_interval(
    value: float, influence: RealArray, level: float, low: float = -np.inf, high: float = np.inf
) -> Interval:
    half = _z(level) * float(np.sqrt(np.square(influence).sum()))
    return Interval(max(value - half, low), min(value + half, high), level)


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + _checked(level)) / 2)


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise DataError(f"a confidence level lies between 0 and 1, not {level!r}.")
    return level


def _squares(y: ArrayLike, reference: ArrayLike) -> RealArray:
    return np.asarray(np.square(_differences(y, reference)))


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric(
        name="accuracy",
        function=accuracy,
        interval=accuracy_interval,
        decides=True,
        unit=LossUnit.SHARE,
        scores=_right,
    ),
    "auc": Metric(name="auc", function=auc, interval=auc_interval, decides=True, unit=LossUnit.SHARE),
    "rmse": Metric(
        name="rmse",
        function=rmse,
        interval=rmse_interval,
        is_maximized=False,
        decides=False,
        unit=LossUnit.SPREAD,
        scores=_squares,
    ),
    "agreement": Metric(
        name="agreement",
        function=agreement,
        interval=agreement_interval,
        decides=True,
        is_against_float=True,
        unit=LossUnit.SHARE,
        scores=_same,
    ),
    "relative_error": Metric(
        name="relative_error",
        function=relative_error,
        interval=relative_error_interval,
        is_maximized=False,
        decides=False,
        is_against_float=True,
        unit=LossUnit.SHARE,
        scores=_squares,
    ),
}
"""Figures against labels or the float network, by name."""
