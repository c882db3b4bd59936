"""Optuna's samplers behind ours: asked and told in memory, since its SQLite storage costs 600 ms a trial."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from hlsexplore.errors import ConfigError
from hlsexplore.fixed import RealArray
from hlsexplore.search.bound_space import BoundSpace, Point
from hlsexplore.search.plain import draw

MAX_REPEATS = 20
"""Proposals of known points in a row after which a random new point is taken."""


class OptunaSampler:
    """NSGA-II or TPE of Optuna."""

    def __init__(self, space: BoundSpace, seed: int, kind: str) -> None:
        """Make the sampler.

        Args:
            space: The space.
            seed: Seed of the sampler.
            kind: `nsga2` or `tpe`.

        Raises:
            ConfigError: If Optuna is not installed.
        """
        try:
            import optuna
        except ImportError:
            raise ConfigError(
                f"the sampler {kind!r} needs Optuna. Install it: pip install 'hlsexplore[search]', or use 'guided'."
            ) from None
        self._optuna, self._space, self._kind, self._seed = optuna, space, kind, seed
        self._rng = np.random.default_rng(seed)
        self._study: Any = None
        self._asked: dict[Point, Any] = {}
        self._known: dict[Point, RealArray] = {}

    def ask(self, count: int) -> list[Point]:
        """Propose points; those that Optuna repeats are answered from what is known."""
        count = min(count, self._space.size - len(self._known))
        points: list[Point] = []
        if self._study is None:
            # The number of objectives is known with the first costs only.
            while len(points) < count:
                point = draw(self._space, self._rng)
                if point not in points:
                    points.append(point)
            return points
        repeats = 0
        while len(points) < count:
            trial = self._study.ask(self._distributions())
            point = tuple(trial.params[str(axis)] for axis in range(len(self._space.shape)))
            if point in self._known:
                self._tell(trial, self._known[point])
                repeats += 1
            elif point in self._asked:
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
                repeats += 1
            else:
                self._asked[point] = trial
                points.append(point)
                repeats = 0
            if repeats >= MAX_REPEATS:
                points.append(self._random_new(points))
                repeats = 0
        return points

    def tell(self, points: Sequence[Point], costs: RealArray) -> None:
        """Pass costs on."""
        rows = np.asarray(costs, dtype=np.float64)
        if self._study is None and len(points):
            self._study = self._make(rows.shape[1])
        for point, row in zip(points, rows, strict=True):
            self._known[point] = row
            trial = self._asked.pop(point, None)
            if trial is not None:
                self._tell(trial, row)
            elif np.isfinite(row).all():
                create = self._optuna.trial.create_trial
                params = {str(axis): value for axis, value in enumerate(point)}
                self._study.add_trial(create(params=params, distributions=self._distributions(), values=row.tolist()))

    def _tell(self, trial: Any, row: RealArray) -> None:
        if np.isfinite(row).all():
            self._study.tell(trial, row.tolist())
        else:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def _make(self, num_objectives: int) -> Any:
        optuna = self._optuna
        logging.getLogger("optuna").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            if self._kind == "nsga2":
                sampler = optuna.samplers.NSGAIISampler(seed=self._seed, population_size=32)
            else:
                sampler = optuna.samplers.TPESampler(seed=self._seed, multivariate=True, n_startup_trials=16)
        return optuna.create_study(sampler=sampler, directions=["minimize"] * num_objectives)

    def _distributions(self) -> dict[str, Any]:
        integer = self._optuna.distributions.IntDistribution
        return {str(axis): integer(0, length - 1) for axis, length in enumerate(self._space.shape)}

    def _random_new(self, points: list[Point]) -> Point:
        for _ in range(256):
            point = draw(self._space, self._rng)
            if point not in self._known and point not in points:
                return point
        index = 0
        while (point := self._space.point(index)) in self._known or point in points:
            index += 1
        return point
