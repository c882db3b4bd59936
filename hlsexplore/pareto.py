"""Pareto fronts and hypervolumes of any number of objectives, in vectorised numpy."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.fixed import RealArray

BoolArray = NDArray[np.bool_]
DIRECTIONS = {"max": -1.0, "maximize": -1.0, "min": 1.0, "minimize": 1.0}
"""Sign that turns an objective into one to be minimised."""
_SAMPLE = 512
_BLOCK = 1024


def pareto_front(values: ArrayLike, directions: Sequence[str], feasible: ArrayLike | None = None) -> BoolArray:
    """Tell which points no other point dominates.

    A point dominates another if it is nowhere worse and somewhere better. Equal points do not dominate each other, so
    all of them are on the front. A point with a NaN (an unknown figure) is never on it and dominates nothing.

    Args:
        values: Objectives, shape `(points, objectives)`.
        directions: `max` or `min` for each objective.
        feasible: Points that satisfy the constraints, shape `(points,)`; the others are left out. All when None.

    Returns:
        Mask of the front, shape `(points,)`.

    Raises:
        ConfigError: If the shapes or directions do not fit.

    Examples:
        >>> pareto_front([[0.9, 10], [0.8, 5], [0.8, 7]], ["max", "min"])
        array([ True,  True, False])
    """
    costs = as_costs(values, directions)
    mask = np.zeros(len(costs), dtype=np.bool_)
    valid = _valid(costs, feasible)
    chosen = np.flatnonzero(valid)
    mask[chosen[_front(costs[chosen])]] = True
    return mask


def pareto_ranks(values: ArrayLike, directions: Sequence[str], feasible: ArrayLike | None = None) -> NDArray[np.int64]:
    """Number the fronts: 0 for the Pareto front, 1 for the front of the rest, and so on.

    Args:
        values: Objectives, shape `(points, objectives)`.
        directions: `max` or `min` for each objective.
        feasible: Points that satisfy the constraints.

    Returns:
        Ranks, shape `(points,)`; -1 for points with a NaN and infeasible ones.

    Examples:
        >>> pareto_ranks([[0.9, 10], [0.8, 5], [0.8, 7]], ["max", "min"])
        array([0, 0, 1])
    """
    costs = as_costs(values, directions)
    ranks = np.full(len(costs), -1, dtype=np.int64)
    rest = np.flatnonzero(_valid(costs, feasible))
    rank = 0
    while rest.size:
        mask = _front(costs[rest])
        ranks[rest[mask]] = rank
        rest, rank = rest[~mask], rank + 1
    return ranks


def dominators(values: ArrayLike, directions: Sequence[str], index: int) -> NDArray[np.int64]:
    """Return the points that dominate one point: why it is not on the front.

    Args:
        values: Objectives, shape `(points, objectives)`.
        directions: `max` or `min` for each objective.
        index: The point.

    Examples:
        >>> dominators([[0.9, 10], [0.8, 5], [0.8, 7]], ["max", "min"], 2)
        array([1])
    """
    costs = as_costs(values, directions)
    own = costs[index]
    with np.errstate(invalid="ignore"):
        found = (costs <= own).all(axis=1) & (costs < own).any(axis=1)
    return np.flatnonzero(found)


def crowding_distance(values: ArrayLike) -> RealArray:
    """Distance of each point of a front to its neighbours (Deb et al., IEEE Trans. Evol. Comput. 6 (2002) 182).

    Args:
        values: Finite objectives of one front, shape `(points, objectives)`.

    Returns:
        Distances, shape `(points,)`; infinite at the ends.

    Examples:
        >>> crowding_distance([[0, 2], [1, 1], [2, 0]])
        array([inf,  2., inf])
    """
    points = np.asarray(values, dtype=np.float64)
    distances = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        spread = column[order[-1]] - column[order[0]] if len(order) else 0.0
        if not spread:
            continue
        distances[order[[0, -1]]] = np.inf
        distances[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / spread
    return distances


def hypervolume(values: ArrayLike, directions: Sequence[str], reference: ArrayLike) -> float:
    """Volume between a reference point and the front: larger is better. Points beyond the reference add nothing.

    Args:
        values: Objectives, shape `(points, objectives)`; they need not be a front. Points with a NaN add nothing.
        directions: `max` or `min` for each objective.
        reference: A point that is worse than all that count, shape `(objectives,)`.

    Returns:
        Exact volume: a sweep for two and three objectives, WFG (While et al., IEEE Trans. Evol. Comput. 16 (2012) 86)
        for more.

    Raises:
        ConfigError: If the shapes or directions do not fit.

    Examples:
        >>> hypervolume([[0.9, 10], [0.8, 5]], ["max", "min"], [0.5, 20])
        5.5
    """
    costs = as_costs(values, directions)
    corner = as_costs([np.asarray(reference, dtype=np.float64)], directions)[0]
    inside = costs[_valid(costs, None)]
    inside = inside[(inside < corner).all(axis=1)]
    if not inside.size:
        return 0.0
    front = np.unique(inside[_front(inside)], axis=0)
    match front.shape[1]:
        case 1:
            return float(corner[0] - front[0, 0])
        case 2:
            return _area(front, corner)
        case 3:
            return _volume(front, corner)
        case _:
            return _wfg(front, corner)


def as_costs(values: ArrayLike, directions: Sequence[str]) -> RealArray:
    """Return objectives as costs that are all to be minimised, shape `(points, objectives)`.

    Raises:
        ConfigError: If the shapes or directions do not fit.
    """
    points = np.asarray(values, dtype=np.float64)
    if points.size == 0:
        points = points.reshape(0, len(directions))
    if points.ndim != 2 or points.shape[1] != len(directions) or not directions:
        raise ConfigError(f"{len(directions)} directions do not fit values of shape {points.shape}.")
    for direction in directions:
        if direction not in DIRECTIONS:
            raise ConfigError(f"unknown direction {direction!r}. Valid directions: 'max', 'min'.")
    return np.asarray(points * np.array([DIRECTIONS[direction] for direction in directions]))


def _valid(costs: RealArray, feasible: ArrayLike | None) -> BoolArray:
    valid = ~np.asarray(np.isnan(costs).any(axis=1))
    if feasible is None:
        return valid
    given = np.asarray(feasible, dtype=np.bool_)
    if given.shape != valid.shape:
        raise ConfigError(f"a feasibility mask of shape {given.shape} does not fit {len(costs)} points.")
    return valid & given


def _front(costs: RealArray) -> BoolArray:
    """Mask of the nondominated rows; no NaN."""
    count, num_objectives = costs.shape
    if count == 0:
        return np.zeros(0, dtype=np.bool_)
    if num_objectives == 1:
        return np.asarray(costs[:, 0] == costs[:, 0].min())
    if num_objectives == 2:
        return _front_of_two(costs)
    mask = np.ones(count, dtype=np.bool_)
    if count > 4 * _SAMPLE:
        guides = costs[np.argsort(_scores(costs), kind="stable")[:_SAMPLE]]
        mask = ~_dominated(costs, guides[_front_of_many(guides)])
    rest = np.flatnonzero(mask)
    mask[rest] = _front_of_many(costs[rest])
    return mask


def _front_of_two(costs: RealArray) -> BoolArray:
    order = np.lexsort((costs[:, 1], costs[:, 0]))
    first, second = costs[order, 0], costs[order, 1]
    best = np.minimum.accumulate(second)
    starts = np.r_[True, first[1:] != first[:-1]]
    group = np.cumsum(starts) - 1
    lowest = second[starts][group]
    before = np.r_[np.inf, best[:-1]][starts][group]
    mask = np.zeros(len(costs), dtype=np.bool_)
    mask[order] = (second == lowest) & ((second < before) | (group == 0))
    return mask


def _front_of_many(costs: RealArray) -> BoolArray:
    """Blocks in an order in which no later point dominates an earlier one."""
    order = np.lexsort((*costs.T[::-1], _scores(costs)))
    mask = np.zeros(len(costs), dtype=np.bool_)
    kept = costs[:0]
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        block = block[~_dominated(costs[block], kept)]
        block = block[~_dominated(costs[block], costs[block])]
        mask[block] = True
        kept = np.concatenate([kept, costs[block]])
    return mask


def _scores(costs: RealArray) -> RealArray:
    """Sum of the ranks: smaller for a point that dominates, whatever the scales of the objectives."""
    total = np.zeros(len(costs))
    for column in costs.T:
        _, inverse = np.unique(column, return_inverse=True)
        total += inverse
    return total


def _dominated(costs: RealArray, others: RealArray) -> BoolArray:
    """Which rows of `costs` some row of `others` dominates."""
    found = np.zeros(len(costs), dtype=np.bool_)
    if not len(others):
        return found
    step = max(1, (1 << 21) // len(others))
    for start in range(0, len(costs), step):
        part = costs[start : start + step]
        no_worse = np.ones((len(part), len(others)), dtype=np.bool_)
        better = np.zeros((len(part), len(others)), dtype=np.bool_)
        for mine, theirs in zip(part.T, others.T, strict=True):
            no_worse &= theirs <= mine[:, np.newaxis]
            better |= theirs < mine[:, np.newaxis]
        found[start : start + step] = (no_worse & better).any(axis=1)
    return found


def _area(front: RealArray, corner: RealArray) -> float:
    """Front sorted by the first cost, without repetitions."""
    heights = np.r_[corner[1], front[:-1, 1]] - front[:, 1]
    return float(((corner[0] - front[:, 0]) * heights).sum())


def _volume(front: RealArray, corner: RealArray) -> float:
    """Sweep along the third cost, keeping the staircase of the first two and its area."""
    total, area, below = 0.0, 0.0, float(front[:, 2].min())
    xs: list[float] = []
    ys: list[float] = []
    for x, y, z in front[np.argsort(front[:, 2], kind="stable")].tolist():
        total += area * (z - below)
        below = z
        place = bisect_left(xs, x)
        if place and ys[place - 1] <= y:
            continue
        end = place
        while end < len(xs) and ys[end] >= y:
            end += 1
        left, top = x, ys[place - 1] if place else float(corner[1])
        for index in range(place, end):
            area += (xs[index] - left) * (top - y)
            left, top = xs[index], ys[index]
        right = xs[end] if end < len(xs) else float(corner[0])
        area += (right - left) * (top - y)
        xs[place:end], ys[place:end] = [x], [y]
    return total + area * (float(corner[2]) - below)


def _wfg(front: RealArray, corner: RealArray) -> float:
    order = np.argsort(-front[:, 0], kind="stable")
    points = front[order]
    total = 0.0
    for index, point in enumerate(points):
        limited = np.maximum(points[index + 1 :], point)
        total += float(np.prod(corner - point))
        if len(limited):
            rest = np.unique(limited[_front(limited)], axis=0)
            total -= _volume(rest, corner) if rest.shape[1] == 3 else _wfg(rest, corner)
    return total
