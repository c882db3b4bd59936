"""Which candidates are expected to extend a front most: the volume that they add, by Monte Carlo over places in it."""

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.pareto import pareto_ranks

NUM_PLACES = 1024
"""Places in the box, drawn anew for each choice."""
LOGISTIC = 1.702
"""A logistic curve of this steepness is within 0.01 of the normal distribution function (Bowling et al., 2009)."""


def choose(
    mean: RealArray, deviation: RealArray, front: RealArray, corner: RealArray, count: int, rng: np.random.Generator
) -> list[int]:
    """Choose candidates one after the other, each for the volume that it is expected to add to those before.

    Args:
        mean: Expected costs of the candidates, shape `(candidates, objectives)`.
        deviation: Their standard deviations; 0 where a cost is known.
        front: Costs of the front, shape `(points, objectives)`.
        corner: Worst costs that count, shape `(objectives,)`.
        count: Candidates wanted.
        rng: Source of the places.

    Returns:
        Indices of the candidates, the best first.
    """
    low = np.minimum(front.min(axis=0), (mean - deviation).min(axis=0))
    places = low + rng.random((NUM_PLACES, len(corner))) * np.maximum(corner - low, 1e-9)
    open_ = np.ones(NUM_PLACES, dtype=bool)
    for row in front:
        open_ &= ~(row <= places).all(axis=1)
    places = places[open_]
    reach = np.ones((len(mean), len(places)))
    for axis in range(len(corner)):
        gap = places[:, axis] - mean[:, axis, np.newaxis]
        spread = deviation[:, axis, np.newaxis]
        with np.errstate(over="ignore"):
            sure = 1 / (1 + np.exp(np.clip(-LOGISTIC * gap / np.maximum(spread, 1e-9), -60, 60)))
        reach *= np.where(spread > 0, sure, gap >= 0)
    left = np.ones(len(places))
    chosen: list[int] = []
    for _ in range(min(count, len(mean))):
        gain = reach @ left
        gain[chosen] = -1.0
        best = int(np.argmax(gain))
        chosen.append(best)
        left *= 1 - reach[best]
    return chosen


def spread_out(hoped: RealArray, front: RealArray, count: int) -> list[int]:
    """Choose candidates of the best ranks, each as far as possible from the front and from those chosen before.

    Args:
        hoped: Costs of the candidates that are hoped for, shape `(candidates, objectives)`.
        front: Costs of the front, shape `(points, objectives)`.
        count: Candidates wanted.

    Returns:
        Indices of the candidates.
    """
    ranks = pareto_ranks(np.vstack([front, hoped]), ["min"] * hoped.shape[1])[len(front) :]
    chosen: list[int] = []
    distance = np.sqrt(np.square(hoped[:, np.newaxis] - front).sum(axis=2).min(axis=1))
    for rank in range(int(ranks.max(initial=0)) + 1):
        group = np.flatnonzero(ranks == rank)
        while len(group) and len(chosen) < count:
            best = int(group[np.argmax(distance[group])])
            chosen.append(best)
            group = group[group != best]
            distance = np.minimum(distance, np.sqrt(np.square(hoped - hoped[best]).sum(axis=1)))
        if len(chosen) == count:
            break
    return chosen
