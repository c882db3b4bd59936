"""The loop of a sweep: propose, evaluate, store, tell."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from hlsexplore.design import Design
from hlsexplore.errors import CancelledError, HlsExploreError, StudyError
from hlsexplore.estimate import estimate_totals
from hlsexplore.fixed import RealArray
from hlsexplore.pareto import as_costs, pareto_front
from hlsexplore.search import Sampler
from hlsexplore.search.bound_space import BoundSpace, Point
from hlsexplore.study.racing import CHANCE, MOST_RIVALS, Race
from hlsexplore.study.store import Store
from hlsexplore.study.trial import Evaluator, Metrics, Status, Trial, part_sizes, total_metrics
from hlsexplore.study.workers import Evaluate, open_workers
from hlsexplore.support.progress import Event
from hlsexplore.support.recent import Recent

logger = logging.getLogger(__name__)
BATCH = 16
"""Points that a sampler is asked for at once; constant, so that a resumed or longer sweep proposes the same ones."""
KEPT_COSTS = 1 << 15
"""Points whose estimates are kept: a sampler weighs many of them again and again."""
MAX_FIRST_FAILURES = 10
"""A sweep whose first designs all fail stops after so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepEvent(Event):
    """Progress of a sweep, after each design.

    Attributes:
        trial: The design that was just evaluated; None when it was known before.
        num_done: Designs done, those known before included.
        num_total: Designs wanted.
        num_failed: Designs that failed in this sweep.
        best: Best value of each objective so far, of the whole study.
        num_front: Designs on the front so far.
        eta_s: Estimated time to the end, or None.
    """

    trial: Trial | None = None
    num_done: int = 0
    num_total: int = 0
    num_failed: int = 0
    best: Mapping[str, float] = field(default_factory=dict)
    num_front: int = 0
    eta_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """What a sweep did.

    Attributes:
        sampler: The sampler that chose the designs.
        num_done: Designs of the sweep that the study now has.
        num_new: Those that were evaluated now.
        num_failed: New ones that failed.
        num_partial: New ones that were given up on a part of the samples, surely worse than others.
        wall_s: Time it took.
    """

    sampler: str
    num_done: int
    num_new: int
    num_failed: int
    num_partial: int
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sweep:
    """Everything that a sweep needs.

    Attributes:
        store: Where trials go.
        evaluator: Finds the figures.
        space: What may be chosen.
        sampler: What chooses.
        name: Name of the sampler, the origin of the trials.
        names: Figures that count.
        directions: `max` or `min` for each of them.
        total: Designs wanted.
        on_event: Told after each design.
        cancel: Stops the sweep when set; what was evaluated is kept.
        pause: Holds the sweep while set.
        workers: Who evaluates (see `workers`).
        rebuild: Rebuilds the design of a trial, by its key.
        costs: Finds the figures that need no emulation.
        is_race: Whether designs that are surely worse than others are not evaluated on all samples.
    """

    store: Store
    evaluator: Evaluator
    space: BoundSpace
    sampler: Sampler
    name: str
    names: tuple[str, ...]
    directions: tuple[str, ...]
    total: int
    on_event: Callable[[SweepEvent], None]
    cancel: threading.Event | None = None
    pause: threading.Event | None = None
    workers: int | str | None = None
    rebuild: Callable[[str], Design | None]
    costs: "EstimatedCosts"
    is_race: bool = False


class _Progress:
    """Counts, best values and front of a running sweep."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.names, self.directions = sweep.names, sweep.directions
        self.start = perf_counter()
        self.seen: set[str] = set()
        self.num_new = self.num_failed = self.num_partial = 0
        self.known = sweep.store.objectives_by_key(self.names)
        self.is_own = np.array([name in sweep.evaluator.directions for name in self.names])
        self.designs: dict[str, Design | None] = {}
        complete = {key: row for key, (row, status) in self.known.items() if status is Status.OK}
        self.front, self.keys = self._front(
            np.array(list(complete.values()), dtype=np.float64).reshape(-1, len(self.names)), list(complete)
        )

    def values(self, metrics: Metrics) -> tuple[float, ...]:
        found = [metrics.get(name) for name in self.names]
        return tuple(float("nan") if value is None else float(value) for value in found)

    def lacks(self, design_key: str) -> bool:
        """Whether a design has no trial, or one that lacks some figure that counts now, or the samples."""
        if design_key not in self.known:
            return True
        row, status = self.known[design_key]
        if status is Status.PARTIAL:
            return not self.sweep.is_race
        return status is Status.OK and bool((np.isnan(row) & self.is_own).any())

    def add(self, trial: Trial) -> None:
        row = self.values(trial.metrics)
        self.known[trial.design_key] = (row, trial.status)
        self.num_new += 1
        self.num_failed += trial.status is Status.FAILED
        self.num_partial += trial.status is Status.PARTIAL
        if trial.status is Status.OK:
            self.front, self.keys = self._front(np.vstack([self.front, row]), [*self.keys, trial.design_key])

    def _front(self, rows: RealArray, keys: list[str]) -> tuple[RealArray, list[str]]:
        mask = pareto_front(rows, self.directions)
        return rows[mask], [key for key, is_best in zip(keys, mask.tolist(), strict=True) if is_best]

    def races(self, designs: Mapping[str, Design], batch: Mapping[str, Point]) -> dict[str, Race | None]:
        """Return what each of some designs must beat: designs of the front that cost no more.

        Args:
            designs: The designs.
            batch: All points of the same batch, by the designs' keys: these do not count, so it does not matter which
                ones were known before.
        """
        if not self.sweep.is_race:
            return dict.fromkeys(designs)
        kept = [index for index, key in enumerate(self.keys) if key not in batch]
        costs, keys = as_costs(self.front[kept], self.directions), [self.keys[index] for index in kept]
        names = tuple(name for name, is_own in zip(self.names, self.is_own.tolist(), strict=True) if is_own)
        chance = CHANCE / (MOST_RIVALS * len(part_sizes(self.sweep.evaluator.data.num_samples)) * self.sweep.total)
        found: dict[str, Race | None] = {}
        for key, design in designs.items():
            metrics = self.sweep.costs.metrics(batch[key], design)
            found[key] = None
            if metrics is not None:
                own = as_costs([self.values(metrics)], self.directions)[0]
                cheap = np.flatnonzero((costs[:, ~self.is_own] <= own[~self.is_own]).all(axis=1))
                best = cheap[np.argsort(costs[cheap][:, self.is_own].sum(axis=1), kind="stable")[:MOST_RIVALS]]
                rivals = tuple(item for index in best if (item := self._design(keys[index])) is not None)
                found[key] = Race(names=names, rivals=rivals, chance=chance, costs=metrics)
        return found

    def _design(self, key: str) -> Design | None:
        """Return a design of the front that the sweep's emulator can run, or None."""
        if key not in self.designs:
            self.designs[key] = self.sweep.rebuild(key)
        found = self.designs[key]
        return found if found is not None and found.graph.digest == self.sweep.evaluator.graph.digest else None

    def best(self) -> dict[str, float]:
        if not len(self.front):
            return {}
        costs = as_costs(self.front, self.directions)
        rows = self.front[np.argmin(costs, axis=0), np.arange(len(self.names))]
        return dict(zip(self.names, map(float, rows), strict=True))

    def event(self, trial: Trial | None) -> SweepEvent:
        done, total = len(self.seen), self.sweep.total
        best = self.best()
        left = (perf_counter() - self.start) / self.num_new * (total - done) if self.num_new else None
        shown = ", ".join(f"{name} {value:g}" for name, value in best.items())
        return SweepEvent(
            kind="stage",
            text=f"{done}/{total} designs{', best ' + shown if shown else ''}",
            fraction=done / total if total else 1.0,
            trial=trial,
            num_done=done,
            num_total=total,
            num_failed=self.num_failed,
            best=best,
            num_front=len(self.front),
            eta_s=left,
        )


def run_sweep(sweep: Sweep) -> SweepResult:
    """Run a sweep to its end. Each trial is stored before it is told; a killed sweep goes on where it stopped.

    Raises:
        CancelledError: If it was cancelled; what was evaluated is kept.
        StudyError: If the store cannot be written, or the first designs all fail.
        ToolError: If the workers cannot be reached.
    """
    progress = _Progress(sweep)
    with open_workers(sweep.workers, sweep.evaluator, sweep.name) as evaluate:
        while len(progress.seen) < sweep.total:
            points = sweep.sampler.ask(BATCH)
            if not points:
                break
            while points and len(progress.seen) < sweep.total:
                part = points[: sweep.total - len(progress.seen)]
                rows = _try_points(sweep, progress, part, evaluate)
                sweep.sampler.tell(part, as_costs(rows, progress.directions))
                points = points[len(part) :]
    return SweepResult(
        sampler=sweep.name,
        num_done=len(progress.seen),
        num_new=progress.num_new,
        num_failed=progress.num_failed,
        num_partial=progress.num_partial,
        wall_s=perf_counter() - progress.start,
    )


class EstimatedCosts:
    """What the estimator alone finds of the points of a space; each point is estimated once."""

    def __init__(self, space: BoundSpace, names: Sequence[str], directions: Sequence[str]) -> None:
        """Prepare.

        Args:
            space: The space.
            names: The objectives, as in a sweep.
            directions: Their directions.
        """
        self._space, self._names, self._directions = space, names, directions
        self._found: Recent[Point, Metrics | None] = Recent(KEPT_COSTS)

    def __call__(self, points: Sequence[Point]) -> RealArray:
        """Return the costs of points.

        Returns:
            Costs, all to be minimised, shape `(points, objectives)`; NaN for objectives that need the emulator, and
            where a design cannot be estimated.
        """
        rows = []
        for point in points:
            found = self.metrics(point) or {}
            values = [found.get(name) for name in self._names]
            rows.append([float("nan") if value is None else value for value in values])
        return as_costs(rows, self._directions)

    def metrics(self, point: Point, design: Design | None = None) -> Metrics | None:
        """Return the estimated figures of a point, or None where it cannot be estimated.

        Args:
            point: The point.
            design: Its design, where that was built already.
        """

        def find() -> Metrics | None:
            built = design or self._space.design(point)
            try:
                return total_metrics(estimate_totals([built])[0], built.target)
            except HlsExploreError:
                return None

        return self._found.find(point, find)


def _try_points(
    sweep: Sweep, progress: _Progress, points: Sequence[Point], evaluate: Evaluate
) -> list[tuple[float, ...]]:
    """Return the objectives of the points' designs, evaluated now or known before; NaN where one failed."""
    designs = []
    for point in points:
        _wait(sweep, progress)
        designs.append(sweep.space.design(point))
    fresh = {design.key: design for design in designs if progress.lacks(design.key)}
    own = {design.key: point for point, design in zip(points, designs, strict=True)}
    races = progress.races(fresh, own)
    with closing(evaluate([(design, races[key]) for key, design in fresh.items()])) as trials:
        for design in designs:
            _wait(sweep, progress)
            trial = None
            if design.key in fresh:
                trial = next(trials)
                progress.designs[design.key] = fresh.pop(design.key)
                _keep(sweep, progress, trial)
                _check_hope(progress, trial)
            if design.key not in progress.seen:
                progress.seen.add(design.key)
                sweep.on_event(progress.event(trial))
    found = [progress.known[design.key] for design in designs]
    return [row if status is not Status.FAILED else (float("nan"),) * len(row) for row, status in found]


def _keep(sweep: Sweep, progress: _Progress, trial: Trial) -> None:
    """Store a trial, or the figures that the known one lacks."""
    if trial.design_key in progress.known:
        sweep.store.complete(trial)
    else:
        sweep.store.add([trial])
    progress.add(trial)


def _wait(sweep: Sweep, progress: _Progress) -> None:
    while True:
        if sweep.cancel is not None and sweep.cancel.is_set():
            raise CancelledError(
                f"the sweep was cancelled after {len(progress.seen)} of {sweep.total} designs; all of them are kept."
            )
        if sweep.pause is None or not sweep.pause.is_set():
            return
        (sweep.cancel or threading.Event()).wait(0.05)


def _check_hope(progress: _Progress, trial: Trial) -> None:
    if trial.status is Status.FAILED:
        logger.warning("design %s failed: %s", trial.design_key[:12], trial.error)
    if progress.num_new == progress.num_failed == MAX_FIRST_FAILURES:
        raise StudyError(f"the first {MAX_FIRST_FAILURES} designs of the sweep all failed. The last one: {trial.error}")
