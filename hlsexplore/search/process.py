"""What `guided` knows of a space: points as numbers, costs on a scale on which they add up, and a Gaussian process."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.search.bound_space import BoundSpace, Point

LINEAR_VARIANCE = 0.03
"""Prior variance of each linear coefficient, in units of the smooth part's for its amplitude 1."""
KERNELS = ((0.1, 0.5), (0.1, 1.0), (1.0, 0.5), (1.0, 1.0), (1.0, 2.0))
"""Amplitudes and lengths of the smooth part, from which the likelihood chooses."""
NOISES = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Variances of the noise, from which the likelihood chooses."""
ERROR_FLOOR = 1e-3
"""Error rates are told apart down to about this one."""
ZERO_STEP = 4.0
"""A cost of 0 counts as the smallest other one divided by this, on a logarithmic scale."""


class Features:
    """Points as numbers: for each axis its choice's value, and one column for each choice."""

    def __init__(self, space: BoundSpace) -> None:
        """Find the values of all choices."""
        self._offsets = np.cumsum([0, *space.shape[:-1]]) if space.shape else np.zeros(0, dtype=np.int64)
        self._values = [axis_values(axis.choices) for axis in space.axes]
        self._width = sum(space.shape)
        self.num_axes = len(space.shape)

    def __call__(self, points: Sequence[Point]) -> RealArray:
        """Return the features of points, shape `(points, features)`."""
        chosen = np.array(points, dtype=np.int64)
        hot = np.zeros((len(points), self._width))
        np.put_along_axis(hot, chosen + self._offsets, 0.6, axis=1)
        value = np.column_stack([values[chosen[:, axis]] for axis, values in enumerate(self._values)])
        return np.column_stack([np.ones(len(points)), value, value**2 / 2, hot])


class Scale:
    """Costs on the scale on which they add up, each objective from about 0 to 1."""

    def __init__(self, costs: RealArray) -> None:
        """Find the scale of each objective from the costs that were seen, shape `(points, objectives)`."""
        self._is_share = ((costs >= -1) & (costs <= 0)).all(axis=0)
        self._is_positive = (costs >= 0).all(axis=0) & (costs > 0).any(axis=0)
        # A figure may be 0, as DSPs or an error are: that is one step below the smallest that is not.
        self._floor = np.where(costs > 0, costs, np.inf).min(axis=0) / ZERO_STEP
        raw = self._raw(costs)
        self._low = raw.min(axis=0)
        self._span = np.maximum(raw.max(axis=0) - self._low, 1e-12)

    def __call__(self, costs: RealArray) -> RealArray:
        """Return costs on the scale, shape `(points, objectives)`."""
        return np.asarray((self._raw(costs) - self._low) / self._span)

    def corner(self, costs: RealArray, most_loss: float) -> RealArray:
        """Return the worst scaled costs that are worth finding: all that were seen, of shares those near the best.

        Args:
            costs: Costs, shape `(points, objectives)`.
            most_loss: How much worse than the best one a share may be.
        """
        near = np.where(self._is_share, np.minimum(costs.min(axis=0) + most_loss, costs.max(axis=0)), costs.max(axis=0))
        return np.asarray(self(near[np.newaxis])[0])

    def _raw(self, costs: RealArray) -> RealArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.log(np.maximum(1 + costs, 0) + ERROR_FLOOR)
            positive = np.log(np.maximum(costs, self._floor))
        return np.where(self._is_share, share, np.where(self._is_positive, positive, costs))


def axis_values(choices: Sequence[Any]) -> RealArray:
    """Numbers for choices, from -1 to 1: the logarithm of positive numbers, widths of types, else their place."""
    if all(isinstance(choice, Fixed) for choice in choices):
        choices = [choice.width for choice in choices]
    if all(isinstance(choice, int | float) and not isinstance(choice, bool) and choice > 0 for choice in choices):
        values = np.log(np.array(choices, dtype=np.float64))
    else:
        values = np.arange(len(choices), dtype=np.float64)
    span = values.max() - values.min()
    return np.asarray(2 * (values - values.min()) / span - 1 if span else np.zeros(len(values)))


class Process:
    """Gaussian processes of one kernel, one for each objective (Rasmussen and Williams, 2006, chapters 2 and 5).

    Attributes:
        kernel: Amplitude and length of the smooth part.
    """

    def __init__(
        self, features: RealArray, targets: RealArray, num_axes: int, kernels: Sequence[tuple[float, float]]
    ) -> None:
        """Learn, with the kernel and noise of the highest marginal likelihood."""
        self._features, self._num_axes, self._mean = features, num_axes, targets.mean(axis=0)
        best = -np.inf
        for kernel in kernels:
            values, vectors = np.linalg.eigh(self._covariance(features, kernel))
            values = np.maximum(values, 0.0)
            projected = vectors.T @ (targets - self._mean)
            for noise in NOISES:
                scale = (projected**2 / (values + noise)[:, np.newaxis]).mean(axis=0) + 1e-12
                fit = len(features) * np.log(scale).sum() + targets.shape[1] * np.log(values + noise).sum()
                if -fit > best:
                    best, self.kernel, self._scale = -fit, kernel, scale
                    self._vectors, self._weights, self._projected = vectors, 1 / (values + noise), projected

    def predict(self, features: RealArray) -> tuple[RealArray, RealArray]:
        """Return mean and standard deviation, shape `(points, objectives)`."""
        turned = self._covariance(features, self.kernel) @ self._vectors
        mean = self._mean + turned @ (self._projected * self._weights[:, np.newaxis])
        prior = LINEAR_VARIANCE * np.square(features).sum(axis=1) + self.kernel[0]
        variance = np.maximum(prior - np.square(turned) @ self._weights, 1e-9)
        return mean, np.sqrt(variance[:, np.newaxis] * self._scale)

    def _covariance(self, features: RealArray, kernel: tuple[float, float]) -> RealArray:
        amplitude, length = kernel
        linear = features @ self._features.T
        left, right = (array[:, 1 : 1 + self._num_axes] for array in (features, self._features))
        square = np.square(left).sum(axis=1)[:, np.newaxis] + np.square(right).sum(axis=1) - 2 * left @ right.T
        smooth = np.exp(-np.maximum(square, 0) / (2 * length**2 * max(self._num_axes, 1)))
        return np.asarray(LINEAR_VARIANCE * linear + amplitude * smooth)
