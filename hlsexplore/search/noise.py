"""How precise designs are by the widths of their types: the noise of all roundings together, and what it spoils.

A type of w bits adds noise of a power that falls with 4**-w, whatever the layer; how much of it reaches the outputs is
the layer's sensitivity. The powers of all layers add up, and an error rate rises with the logarithm of their sum from
the float network's to that of guessing, as a logistic curve. So a few dozen designs tell all sensitivities, where a sum
of effects of single layers fails: behind one layer that is too coarse no other one matters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.search.bound_space import BoundSpace, Point

SENSITIVITY_SPREAD = 3.0
"""Standard deviation of sensitivities around one another before anything is measured, in factors of 2 of power."""
CURVE_SPREAD = 1.0
"""Standard deviation of the curve's ends and of the logarithm of its steepness before anything is measured."""
STEEPNESS = 0.5
"""Logistic units for each factor of 2 of power that the curve rises by, before anything is measured."""
MEASURE_SPREAD = 0.05
"""Standard deviation of measured designs around the curve."""
STEPS = 25


class NoiseCurve:
    """Predicts one objective from the widths that points choose."""

    def __init__(self, space: BoundSpace) -> None:
        """Find the axes that choose widths."""
        powers = [_powers(axis.part, axis.choices) for axis in space.axes]
        self._axes = [index for index, found in enumerate(powers) if found is not None]
        self._powers = [found for found in powers if found is not None]
        self._state = np.concatenate([np.zeros(len(self._axes)), [0.0, 1.0, np.log(STEEPNESS)]])

    @property
    def is_useful(self) -> bool:
        """Whether the space chooses any width."""
        return bool(self._axes)

    def learn(self, points: Sequence[Point], values: RealArray) -> None:
        """Fit sensitivities, steepness and ends, by damped Gauss-Newton steps from where the last fit ended.

        Args:
            points: The points.
            values: The objective on a scale from about 0 to 1, shape `(points,)`.
        """
        powers = self._of(points)
        prior = np.concatenate([np.zeros(len(self._axes)), [0.0, 1.0, np.log(STEEPNESS)]])
        spread = np.concatenate([np.full(len(self._axes), SENSITIVITY_SPREAD), [0.3, 0.3, CURVE_SPREAD]])
        damping, state = 1e-2, self._state
        mean, slopes = self._curve(powers, state)
        best = self._misfit(values - mean, state - prior, spread)
        for _ in range(STEPS):
            left = slopes.T @ slopes / MEASURE_SPREAD**2 + np.diag((1 + damping) / spread**2)
            right = slopes.T @ (values - mean) / MEASURE_SPREAD**2 - (state - prior) / spread**2
            tried = state + np.clip(np.linalg.solve(left + damping * np.diag(np.diag(left)), right), -4, 4)
            tried_mean, tried_slopes = self._curve(powers, tried)
            misfit = self._misfit(values - tried_mean, tried - prior, spread)
            if misfit < best:
                is_done = best - misfit < 1e-4 * best
                state, mean, slopes, best, damping = tried, tried_mean, tried_slopes, misfit, damping / 4
                if is_done:
                    break
            else:
                damping = damping * 8 + 1e-6
        self._state = state

    def predict(self, points: Sequence[Point]) -> RealArray:
        """Return the objective of points, shape `(points,)`."""
        return self._curve(self._of(points), self._state)[0]

    def _of(self, points: Sequence[Point]) -> RealArray:
        """Logarithms to base 2 of the noise power of each axis, shape `(points, axes)`."""
        chosen: NDArray[np.int64] = np.array(points, dtype=np.int64)[:, self._axes]
        return np.column_stack([power[chosen[:, column]] for column, power in enumerate(self._powers)])

    @staticmethod
    def _curve(powers: RealArray, state: RealArray) -> tuple[RealArray, RealArray]:
        """Return the curve and its derivatives by the state."""
        count = powers.shape[1]
        low, high, steepness = state[count], state[count + 1], np.exp(state[count + 2])
        logs = powers + state[:count]
        top = logs.max(axis=1, keepdims=True)
        parts = np.exp2(logs - top)
        total = parts.sum(axis=1, keepdims=True)
        level = (top + np.log2(total))[:, 0]
        rise = 1 / (1 + np.exp(-np.clip(steepness * level, -60, 60)))
        slope = (high - low) * rise * (1 - rise)
        slopes = np.column_stack(
            [(slope * steepness)[:, np.newaxis] * parts / total, 1 - rise, rise, slope * steepness * level]
        )
        return low + (high - low) * rise, slopes

    @staticmethod
    def _misfit(residual: RealArray, moved: RealArray, spread: RealArray) -> float:
        return float(np.square(residual / MEASURE_SPREAD).sum() + np.square(moved / spread).sum())


def _powers(part: str, choices: Sequence[object]) -> RealArray | None:
    """Logarithm of the noise power of each choice, 0 in the middle; None where an axis chooses no width."""
    widths = [choice.width if isinstance(choice, Fixed) else choice for choice in choices]
    if part not in ("width", "type") or len(set(widths)) < 2:
        return None
    values = -2.0 * np.array(widths, dtype=np.float64)
    return np.asarray(values - values.mean())
