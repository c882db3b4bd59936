"""A sampler that learns which choice of which layer costs what, and tries what should extend the front.

The objectives of designs are close to a sum of contributions of their axes once they are put on the right scale: the
logarithm of resources, latency and error rate. So a Gaussian process with a part that is linear in the choices, the
sensitivities of the layers, and a smooth part for what they do together, is good after a few dozen designs. Each batch
takes the candidates around the front that the model, with its uncertainty counted in their favour, expects to be on the
next one. Resources are not guessed where they can be estimated: that needs no emulation.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.pareto import pareto_front, pareto_ranks
from hlsexplore.search.bound_space import BoundSpace, Point
from hlsexplore.search.plain import draw
from hlsexplore.support.threads import one_blas_thread

NUM_CANDIDATES = 1500
NUM_PARENTS = 24
NUM_SCREENED = 96
"""Candidates whose resources are estimated before a batch is chosen."""
LINEAR_VARIANCE = 0.03
"""Prior variance of each linear coefficient, in units of the smooth part's for its amplitude 1."""
KERNELS = ((0.1, 0.5), (0.1, 1.0), (1.0, 0.5), (1.0, 1.0), (1.0, 2.0))
"""Amplitudes and lengths of the smooth part, from which the likelihood chooses."""
NOISES = (0.001, 0.003, 0.01, 0.03, 0.1)
"""Variances of the noise, from which the likelihood chooses."""
REFIT_GROWTH = 1.3
"""The kernel is chosen again when there are so many times more designs."""
MAX_DESIGNS = 600
"""Designs that the model learns from: those of the best ranks."""
OPTIMISM = 0.7
"""Standard deviations of the model that count in favour of a candidate."""
ERROR_FLOOR = 1e-3
"""Error rates are told apart down to about this one."""
ZERO_STEP = 4.0
"""A cost of 0 counts as the smallest other one divided by this, on a logarithmic scale."""
EXPLORED = 0.15
"""Share of a batch that is drawn at random."""

KnownCosts = Callable[[Sequence[Point]], RealArray]
"""Costs of points without emulating them, shape `(points, objectives)`; NaN for objectives that need the emulator."""


class GuidedSampler:
    """Model-guided search of the Pareto front."""

    def __init__(self, space: BoundSpace, rng: np.random.Generator, known_costs: KnownCosts | None = None) -> None:
        """Prepare the first designs: the corners, and each axis changed by itself.

        Args:
            space: The space.
            rng: Source of everything random.
            known_costs: Finds costs that need no emulation; the model guesses them when None.
        """
        self._space, self._rng, self._known_costs = space, rng, known_costs
        self._features = _Features(space)
        self._seen: set[Point] = set()
        self._first = list(dict.fromkeys(_first_points(space, rng)))
        self._points: list[Point] = []
        self._costs: list[RealArray] = []
        self._kernel: tuple[int, tuple[float, float]] | None = None

    @one_blas_thread()
    def ask(self, count: int) -> list[Point]:
        """Propose points."""
        count = min(count, self._space.size - len(self._seen))
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
        scale = _Scale(costs)
        seen = scale(costs)
        front = np.flatnonzero(pareto_front(seen, ["min"] * seen.shape[1]))
        candidates = self._candidates([self._points[index] for index in front])
        if not candidates:
            return []
        mean, deviation = self._model(seen).predict(self._features(candidates))
        hoped = mean - OPTIMISM * deviation
        if self._known_costs is not None:
            best = _spread_out(hoped, seen[front], min(NUM_SCREENED, len(candidates)))
            candidates, hoped = [candidates[index] for index in best], hoped[best]
            known = scale(self._known_costs(candidates))
            hoped = np.where(np.isnan(known), hoped, known)
        wanted = max(1, round(count * (1 - EXPLORED)))
        return [candidates[index] for index in _spread_out(hoped, seen[front], wanted)]

    def _model(self, seen: RealArray) -> "_Process":
        """Learn from the designs so far, choosing the kernel anew now and then."""
        chosen = np.arange(len(seen))
        if len(seen) > MAX_DESIGNS:
            chosen = np.argsort(pareto_ranks(seen, ["min"] * seen.shape[1]), kind="stable")[:MAX_DESIGNS]
        features = self._features([self._points[index] for index in chosen])
        if self._kernel is None or len(seen) > REFIT_GROWTH * self._kernel[0]:
            model = _Process(features, seen[chosen], self._features.num_axes, KERNELS)
            self._kernel = len(seen), model.kernel
            return model
        return _Process(features, seen[chosen], self._features.num_axes, (self._kernel[1],))

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


class _Features:
    """Points as numbers: for each axis its choice's value, and one column for each choice."""

    def __init__(self, space: BoundSpace) -> None:
        self._offsets = np.cumsum([0, *space.shape[:-1]]) if space.shape else np.zeros(0, dtype=np.int64)
        self._values = [_axis_values(axis.choices) for axis in space.axes]
        self._width = sum(space.shape)
        self.num_axes = len(space.shape)

    def __call__(self, points: Sequence[Point]) -> RealArray:
        chosen = np.array(points, dtype=np.int64)
        hot = np.zeros((len(points), self._width))
        np.put_along_axis(hot, chosen + self._offsets, 0.6, axis=1)
        value = np.column_stack([values[chosen[:, axis]] for axis, values in enumerate(self._values)])
        return np.column_stack([np.ones(len(points)), value, value**2 / 2, hot])


class _Scale:
    """Costs on the scale on which they add up, each objective from about 0 to 1."""

    def __init__(self, costs: RealArray) -> None:
        self._is_share = ((costs >= -1) & (costs <= 0)).all(axis=0)
        self._is_positive = (costs >= 0).all(axis=0) & (costs > 0).any(axis=0)
        # A figure may be 0, as DSPs or an error are: that is one step below the smallest that is not.
        self._floor = np.where(costs > 0, costs, np.inf).min(axis=0) / ZERO_STEP
        raw = self._raw(costs)
        self._low = raw.min(axis=0)
        self._span = np.maximum(raw.max(axis=0) - self._low, 1e-12)

    def __call__(self, costs: RealArray) -> RealArray:
        return np.asarray((self._raw(costs) - self._low) / self._span)

    def _raw(self, costs: RealArray) -> RealArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.log(np.maximum(1 + costs, 0) + ERROR_FLOOR)
            positive = np.log(np.maximum(costs, self._floor))
        return np.where(self._is_share, share, np.where(self._is_positive, positive, costs))


def _first_points(space: BoundSpace, rng: np.random.Generator) -> list[Point]:
    """Corners, middle, each axis lowered by itself from the most precise corner, and some random points."""
    values = [_axis_values(axis.choices) for axis in space.axes]
    high = tuple(int(np.argmax(value)) for value in values)
    low = tuple(int(np.argmin(value)) for value in values)
    is_type = [axis.part != "value" or axis.key == "density" for axis in space.axes]
    precise = tuple(top if kind else bottom for top, bottom, kind in zip(high, low, is_type, strict=True))
    coarse = tuple(bottom if kind else top for top, bottom, kind in zip(high, low, is_type, strict=True))
    middle = tuple(length // 2 for length in space.shape)
    points = [precise, coarse, high, low, middle]
    for axis in range(len(space.shape)):
        half = middle[axis]
        points.append((*precise[:axis], half, *precise[axis + 1 :]))
    return points + [draw(space, rng) for _ in range(8)]


def _axis_values(choices: Sequence[Any]) -> RealArray:
    """Numbers for choices, from -1 to 1: the logarithm of positive numbers, widths of types, else their place."""
    if all(isinstance(choice, Fixed) for choice in choices):
        choices = [choice.width for choice in choices]
    if all(isinstance(choice, int | float) and not isinstance(choice, bool) and choice > 0 for choice in choices):
        values = np.log(np.array(choices, dtype=np.float64))
    else:
        values = np.arange(len(choices), dtype=np.float64)
    span = values.max() - values.min()
    return np.asarray(2 * (values - values.min()) / span - 1 if span else np.zeros(len(values)))


class _Process:
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


def _spread_out(hoped: RealArray, front: RealArray, count: int) -> list[int]:
    """Choose candidates of the best ranks, each as far as possible from the front and from those chosen before."""
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
