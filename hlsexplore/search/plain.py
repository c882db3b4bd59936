"""Samplers that do not learn: every point in order, and points at random."""

from collections.abc import Sequence

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.search.bound_space import BoundSpace, Point

_SMALL = 1 << 16


class GridSampler:
    """Every point of a space; the last layer's choices vary fastest, so that the first layers' results are reused."""

    def __init__(self, space: BoundSpace) -> None:
        """Start at the first point."""
        self._space = space
        self._next = 0

    def ask(self, count: int) -> list[Point]:
        """Return the next points."""
        stop = min(self._next + count, self._space.size)
        points = [self._space.point(index) for index in range(self._next, stop)]
        self._next = stop
        return points

    def tell(self, points: Sequence[Point], costs: RealArray) -> None:
        """Learn nothing."""


class RandomSampler:
    """Points at random, none twice."""

    def __init__(self, space: BoundSpace, rng: np.random.Generator) -> None:
        """Prepare the order: a permutation of a small space, draws without repetition from a large one."""
        self._space = space
        self._rng = rng
        self._seen: set[Point] = set()
        self._order = rng.permutation(space.size) if space.size <= _SMALL else None

    def ask(self, count: int) -> list[Point]:
        """Draw points."""
        count = min(count, self._space.size - len(self._seen))
        points: list[Point] = []
        while len(points) < count:
            if self._order is not None:
                point = self._space.point(int(self._order[len(self._seen)]))
            else:
                point = draw(self._space, self._rng)
            if point not in self._seen:
                self._seen.add(point)
                points.append(point)
        return points

    def tell(self, points: Sequence[Point], costs: RealArray) -> None:
        """Learn nothing."""


def draw(space: BoundSpace, rng: np.random.Generator) -> Point:
    """Draw a point of a space, every one as likely as another."""
    return tuple(int(rng.integers(length)) for length in space.shape)
