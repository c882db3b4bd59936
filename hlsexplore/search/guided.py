"""A sampler that learns which choice of which layer costs what, and tries what should extend the front.

An error follows from the noise of all roundings together (`noise`). What that leaves, and resources and latency, are
close to a sum of contributions of the axes once they are put on the right scale, a logarithm: a Gaussian process with a
part that is linear in the choices and a smooth part for what they do together learns them (`process`). Each batch takes
the candidates around the front that are expected to add the most volume to it, and later, when what is left to add is
little and everywhere, the best that are far from one another (`improvement`). Resources are not guessed where they can
be estimated: that needs no emulation.
"""

from collections.abc import Callable, Sequence

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.pareto import pareto_front, pareto_ranks
from hlsexplore.search.bound_space import BoundSpace, Point
from hlsexplore.search.improvement import choose, spread_out
from hlsexplore.search.noise import NoiseCurve
from hlsexplore.search.plain import draw
from hlsexplore.search.process import KERNELS, Features, Process, Scale, axis_values
from hlsexplore.support.threads import one_blas_thread

NUM_CANDIDATES = 1500
NUM_PARENTS = 24
NUM_EARLY = 128
"""Designs from which on a batch is chosen for its variety."""
FIRST_SCREENED, SCREENED = 96, 6
"""Candidates whose resources are estimated before a batch is chosen: early ones, and later for each design."""
OPTIMISM = 0.7
"""Standard deviations of the model that count in favour of a candidate that is chosen for variety."""
REFIT_GROWTH = 1.3
"""The kernel is chosen again when there are so many times more designs."""
MAX_DESIGNS = 600
"""Designs that the model learns from: those of the best ranks."""
NUM_RANDOM = 8
"""Random designs at the beginning, beside the corners of the space."""
FIRST_BATCH = 4
"""Designs of a batch as long as few are known: each teaches the next batch much."""
BATCH_SHARE = 8
"""A batch may have one design for so many known ones."""
EXPLORED = 0.1
"""Share of a batch that is drawn at random."""
MOST_LOSS = 0.1
"""Share of decisions more than in the best design that may be wrong in a design that is worth finding."""

KnownCosts = Callable[[Sequence[Point]], RealArray]
"""Costs of points without emulating them, shape `(points, objectives)`; NaN for objectives that need the emulator."""


class GuidedSampler:
    """Model-guided search of the Pareto front."""

    def __init__(self, space: BoundSpace, rng: np.random.Generator, known_costs: KnownCosts | None = None) -> None:
        """Prepare the first designs: the corners, and some at random.

        Args:
            space: The space.
            rng: Source of everything random.
            known_costs: Finds costs that need no emulation; the model guesses them when None.
        """
        self._space, self._rng, self._known_costs = space, rng, known_costs
        self._features = Features(space)
        self._seen: set[Point] = set()
        self._first = list(dict.fromkeys(_first_points(space, rng)))
        self._points: list[Point] = []
        self._costs: list[RealArray] = []
        self._kernel: tuple[int, tuple[float, float]] | None = None
        self._noise: list[NoiseCurve] = []

    @one_blas_thread()
    def ask(self, count: int) -> list[Point]:
        """Propose points."""
        most = max(FIRST_BATCH, len(self._points) // BATCH_SHARE)
        count = min(count, most, self._space.size - len(self._seen))
        points: list[Point] = []
        while self._first and len(points) < count:
            self._add(points, self._first.pop(0))
        if len(points) < count:
            for point in self._guided(count - len(points)):
                self._add(points, point)
        while len(points) < count:
            self._add(points, self._unseen())
        return points

    def tell(self, points: Sequence[Point], costs: RealArray) -> None:
        """Learn costs; a design that failed teaches nothing."""
        for point, row in zip(points, np.asarray(costs, dtype=np.float64), strict=True):
            if np.isfinite(row).all():
                self._points.append(point)
                self._costs.append(row)

    def _add(self, points: list[Point], point: Point) -> None:
        if point not in self._seen:
            self._seen.add(point)
            points.append(point)

    def _unseen(self) -> Point:
        """Draw a point that was not proposed; walks on from a random one when most are known."""
        for _ in range(64):
            point = draw(self._space, self._rng)
            if point not in self._seen:
                return point
        index = int(self._rng.integers(min(self._space.size, 1 << 62)))
        while self._space.point(index % self._space.size) in self._seen:
            index += 1
        return self._space.point(index % self._space.size)

    def _guided(self, count: int) -> list[Point]:
        if len(self._points) < 4:
            return []
        costs = np.array(self._costs)
        scale = Scale(costs)
        seen = scale(costs)
        corner = scale.corner(costs, MOST_LOSS)
        useful = np.flatnonzero((seen <= corner).all(axis=1))
        useful = useful if len(useful) else np.arange(len(seen))
        front = useful[pareto_front(seen[useful], ["min"] * seen.shape[1])]
        candidates = self._candidates([self._points[index] for index in front])
        if not candidates:
            return []
        mean, deviation = self._predict(seen, candidates)
        if self._known_costs is not None:
            best = self._choose(mean, deviation, seen[front], corner, min(self._screened(count), len(candidates)))
            candidates, mean, deviation = [candidates[index] for index in best], mean[best], deviation[best]
            known = scale(self._known_costs(candidates))
            mean, deviation = np.where(np.isnan(known), mean, known), np.where(np.isnan(known), deviation, 0.0)
        wanted = max(1, round(count * (1 - EXPLORED)))
        return [candidates[index] for index in self._choose(mean, deviation, seen[front], corner, wanted)]

    def _screened(self, count: int) -> int:
        """Return of how many candidates the resources are estimated for a batch."""
        return max(FIRST_SCREENED, SCREENED * count) if len(self._points) < NUM_EARLY else SCREENED * count

    def _choose(
        self, mean: RealArray, deviation: RealArray, front: RealArray, corner: RealArray, count: int
    ) -> list[int]:
        """Choose by expected volume; once most of it is found, by rank and distance from all others."""
        if len(self._points) < NUM_EARLY:
            return choose(mean, deviation, front, corner, count, self._rng)
        return spread_out(mean - OPTIMISM * deviation, front, count)

    def _predict(self, seen: RealArray, candidates: Sequence[Point]) -> tuple[RealArray, RealArray]:
        """Return mean and standard deviation of the candidates' costs, choosing the kernel anew now and then."""
        chosen = np.arange(len(seen))
        if len(seen) > MAX_DESIGNS:
            chosen = np.argsort(pareto_ranks(seen, ["min"] * seen.shape[1]), kind="stable")[:MAX_DESIGNS]
        points, values = [self._points[index] for index in chosen], seen[chosen]
        base, around = np.zeros_like(values), np.zeros((len(candidates), values.shape[1]))
        for axis, curve in enumerate(self._curves(values.shape[1])):
            if curve.is_useful:
                curve.learn(points, values[:, axis])
                base[:, axis], around[:, axis] = curve.predict(points), curve.predict(candidates)
        is_due = self._kernel is None or len(seen) > REFIT_GROWTH * self._kernel[0]
        kernels = KERNELS if self._kernel is None or is_due else (self._kernel[1],)
        model = Process(self._features(points), values - base, self._features.num_axes, kernels)
        if is_due:
            self._kernel = len(seen), model.kernel
        mean, deviation = model.predict(self._features(candidates))
        return mean + around, deviation

    def _curves(self, count: int) -> list[NoiseCurve]:
        """Return a curve for each objective."""
        while len(self._noise) < count:
            self._noise.append(NoiseCurve(self._space))
        return self._noise

    def _candidates(self, front: list[Point]) -> list[Point]:
        """Neighbours, crossings and mutations of the front's points that were not proposed yet."""
        rng, shape = self._rng, self._space.shape
        order = rng.permutation(len(front))[:NUM_PARENTS]
        found: dict[Point, None] = {}
        for index in order:
            for axis, length in enumerate(shape):
                for step in (-1, 1):
                    value = front[index][axis] + step
                    if 0 <= value < length:
                        found[(*front[index][:axis], value, *front[index][axis + 1 :])] = None
        parents = np.array(front)
        tries = NUM_CANDIDATES - min(len(found), NUM_CANDIDATES // 2)
        first, second = parents[rng.integers(len(parents), size=(2, tries))]
        children = np.where(rng.random(first.shape) < 0.5, first, second)
        changed = rng.random(first.shape) < rng.choice([1.0, 2.0, 4.0], size=(tries, 1)) / len(shape)
        children = np.where(changed, np.array([rng.integers(length, size=tries) for length in shape]).T, children)
        found |= dict.fromkeys(tuple(map(int, child)) for child in children)
        return [point for point in found if point not in self._seen]


def _first_points(space: BoundSpace, rng: np.random.Generator) -> list[Point]:
    """Corners, middle and some random points."""
    values = [axis_values(axis.choices) for axis in space.axes]
    high = tuple(int(np.argmax(value)) for value in values)
    low = tuple(int(np.argmin(value)) for value in values)
    is_type = [axis.part != "value" or axis.key == "density" for axis in space.axes]
    precise = tuple(top if kind else bottom for top, bottom, kind in zip(high, low, is_type, strict=True))
    coarse = tuple(bottom if kind else top for top, bottom, kind in zip(high, low, is_type, strict=True))
    middle = tuple(length // 2 for length in space.shape)
    return [precise, coarse, high, low, middle, *(draw(space, rng) for _ in range(NUM_RANDOM))]
