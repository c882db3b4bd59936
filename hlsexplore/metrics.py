"""How good a network's outputs are: accuracy, agreement, AUC and RMSE, each with a confidence interval."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import DataError
from hlsexplore.fixed import RealArray

BINARY_THRESHOLD = 0.5
"""A network with a single output decides class 1 above this (a sigmoid's middle)."""


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


def first_output(y: Any) -> Any:
    """Return the output that labels belong to: the first of a network with several, whose outputs are a tuple."""
    return y[0] if isinstance(y, tuple) else y


def decisions(y: ArrayLike) -> NDArray[np.int64]:
    """Return the class that each output row decides for: the first largest value, or for one output 1 above 0.5.

    Args:
        y: Outputs, shape `(samples, ..., classes)`.

    Raises:
        DataError: If `y` has no class axis or holds NaN.

    Examples:
        >>> decisions([[0.1, 0.9], [0.5, 0.5]])
        array([1, 0])
    """
    values = _outputs(y)
    if values.shape[-1] == 1:
        return np.asarray(values[..., 0] > BINARY_THRESHOLD, dtype=np.int64)
    return np.asarray(np.argmax(values, axis=-1), dtype=np.int64)


def classes(labels: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
    """Return labels as class numbers that fit some outputs.

    Args:
        labels: Class numbers, shape `y.shape[:-1]` (or with a last axis of 1), or one-hot rows, shape `y.shape`.
        y: Outputs, shape `(samples, ..., classes)`.

    Raises:
        DataError: If the labels do not fit: wrong shape, no whole numbers, out of range, not one-hot.

    Examples:
        >>> classes([[0, 1], [1, 0]], np.zeros((2, 2)))
        array([1, 0])
    """
    values, given = _outputs(y), np.asarray(labels)
    count = max(values.shape[-1], 2)
    if given.dtype.kind not in "biuf":
        raise DataError(
            f"labels must be numbers, not {given.dtype}. Give class numbers from 0 to {count - 1} or one-hot rows."
        )
    if given.shape == values.shape and values.shape[-1] > 1:
        hot = (given == given.max(axis=-1, keepdims=True)).sum(axis=-1)
        if not ((given == 0) | (given == 1)).all() or not (hot == 1).all():
            raise DataError(f"labels of shape {given.shape} must be one-hot rows: one 1 and else 0 in each.")
        return np.asarray(np.argmax(given, axis=-1), dtype=np.int64)
    if given.shape == (*values.shape[:-1], 1):
        given = given[..., 0]
    if given.shape != values.shape[:-1]:
        raise DataError(
            f"labels of shape {given.shape} do not fit outputs of shape {values.shape}. "
            f"Expected class numbers of shape {values.shape[:-1]} or one-hot rows of shape {values.shape}."
        )
    numbers = given.astype(np.int64) if np.isfinite(given).all() else np.full(given.shape, -1)
    if not (numbers == given).all() or numbers.min(initial=0) < 0 or numbers.max(initial=0) >= count:
        raise DataError(f"labels must be class numbers from 0 to {count - 1}, not {_first_bad(given, count)!r}.")
    return numbers


def accuracy(y: ArrayLike, labels: ArrayLike) -> float:
    """Share of decisions that are right.

    Args:
        y: Outputs, shape `(samples, ..., classes)`.
        labels: Class numbers or one-hot rows.

    Raises:
        DataError: If there are no samples or the labels do not fit.

    Examples:
        >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
    """
    return float(_right(y, labels).mean())


def accuracy_interval(y: ArrayLike, labels: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson interval of `accuracy`."""
    right = _right(y, labels)
    return wilson_interval(int(right.sum()), right.size, level)


def agreement(y: ArrayLike, reference: ArrayLike) -> float:
    """Share of decisions that are the same as a reference's, such as the float network's.

    Args:
        y: Outputs, shape `(samples, ..., classes)`.
        reference: Outputs of the reference, the shape of `y`.

    Raises:
        DataError: If the shapes differ or there are no samples.

    Examples:
        >>> agreement([[0.1, 0.9], [0.8, 0.2]], [[0.4, 0.6], [0.4, 0.6]])
        0.5
    """
    return float(_same(y, reference).mean())


def agreement_interval(y: ArrayLike, reference: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson interval of `agreement`."""
    same = _same(y, reference)
    return wilson_interval(int(same.sum()), same.size, level)


def auc(y: ArrayLike, labels: ArrayLike) -> float:
    """Area under the ROC curve; for more than two classes the mean over the classes of one against the rest.

    Ties count one half. Classes without a sample, or with all samples, are left out.

    Args:
        y: Scores, shape `(samples, classes)`; one column, or two of which the difference counts, for two classes.
        labels: Class numbers or one-hot rows.

    Raises:
        DataError: If the labels do not fit or hold one class only.

    Examples:
        >>> auc([[0.1], [0.4], [0.35], [0.8]], [0, 0, 1, 1])
        0.75
    """
    return float(np.mean([area for area, _ in _areas(y, labels)]))


def auc_interval(y: ArrayLike, labels: ArrayLike, level: float = 0.95) -> Interval:
    """Interval of `auc` by the method of DeLong et al., Biometrics 44 (1988) 837, clipped to 0 to 1."""
    parts = _areas(y, labels)
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
    return float(np.sqrt(np.mean(_squares(y, reference))))


def rmse_interval(y: ArrayLike, reference: ArrayLike, level: float = 0.95) -> Interval:
    """Normal interval of `rmse` (delta method over samples), never below 0."""
    squares = _squares(y, reference)
    squares = squares.reshape(len(squares), -1).mean(axis=1)
    value = float(np.sqrt(squares.mean()))
    if value == 0:
        return Interval(0.0, 0.0, level)
    return _normal_interval(value, (squares - squares.mean()) / (2 * value * len(squares)), level, low=0.0)


def wilson_interval(successes: int, num_samples: int, level: float = 0.95) -> Interval:
    """Interval of a proportion by E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; good also near 0 and 1.

    Args:
        successes: How often it happened.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of merit of outputs against labels.

    Attributes:
        name: Name under which it is stored and shown.
        function: Takes (y, labels).
        interval: Takes (y, labels, level); None when only a bootstrap can tell.
        is_maximized: Whether more is better.
    """

    name: str
    function: Callable[[Any, Any], float]
    interval: Callable[[Any, Any, float], Interval] | None = None
    is_maximized: bool = True


METRICS = {
    "accuracy": Metric(name="accuracy", function=accuracy, interval=accuracy_interval),
    "auc": Metric(name="auc", function=auc, interval=auc_interval),
    "rmse": Metric(name="rmse", function=rmse, interval=rmse_interval, is_maximized=False),
}
"""Figures against labels, by name."""


def _outputs(y: ArrayLike) -> RealArray:
    if isinstance(y, tuple):
        raise DataError(f"the model has {len(y)} outputs; choose one of them, such as y[0].")
    values = np.asarray(y, dtype=np.float64)
    if values.ndim < 2 or 0 in values.shape:
        raise DataError(f"outputs must have a shape (samples, classes) without a 0, not {values.shape}.")
    if np.isnan(values).any():
        raise DataError(f"{int(np.isnan(values).sum())} of {values.size} outputs are NaN.")
    return values


def _right(y: ArrayLike, labels: ArrayLike) -> NDArray[np.bool_]:
    return np.asarray(decisions(y) == classes(labels, y))


def _same(y: ArrayLike, reference: ArrayLike) -> NDArray[np.bool_]:
    if np.shape(y) != np.shape(reference):
        raise DataError(
            f"outputs of shape {np.shape(y)} cannot be compared with outputs of shape {np.shape(reference)}."
        )
    return np.asarray(decisions(y) == decisions(reference))


def _squares(y: ArrayLike, reference: ArrayLike) -> RealArray:
    values, wanted = np.asarray(y, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if values.ndim == wanted.ndim + 1 and values.shape[-1] == 1:
        wanted = wanted[..., np.newaxis]
    if values.shape != wanted.shape or not values.size:
        raise DataError(f"outputs of shape {values.shape} cannot be compared with values of shape {wanted.shape}.")
    if np.isnan(values).any() or np.isnan(wanted).any():
        raise DataError("cannot compare values that are NaN.")
    return np.square(values - wanted)


def _areas(y: ArrayLike, labels: ArrayLike) -> list[tuple[float, RealArray]]:
    """(area, influence of each sample on it) for each class that has samples on both sides."""
    values = _outputs(y)
    wanted = classes(labels, values).ravel()
    values = values.reshape(-1, values.shape[-1])
    if values.shape[1] == 2:
        values = values[:, 1:] - values[:, :1]
    numbers = (1,) if values.shape[1] == 1 else range(values.shape[1])
    pairs = [(scores, wanted == number) for number, scores in zip(numbers, values.T, strict=True)]
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


def _first_bad(given: NDArray[Any], count: int) -> object:
    flat = given.ravel()
    with np.errstate(invalid="ignore"):
        bad = ~np.isfinite(flat) | (flat < 0) | (flat >= count) | (flat != np.floor(flat))
    return flat[int(np.argmax(bad))].item()
