"""The trials of a study as the panels need them: columns kept in memory, extended as a sweep goes on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import HlsExploreError
from hlsexplore.estimate import Calibration
from hlsexplore.estimate.calibration import factors
from hlsexplore.estimate.estimator import Level, estimate
from hlsexplore.estimate.logic import RESOURCES
from hlsexplore.fixed import RealArray
from hlsexplore.merit import COSTS, DIRECTIONS
from hlsexplore.pareto import as_costs
from hlsexplore.report import Figures, Report
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Trial, cost_metrics
from hlsexplore.target import Target, Tool
from hlsexplore_widgets.figures.knobs import knob_values
from hlsexplore_widgets.known import PLAN, Known, at_level, learnt_reports, ranked, source_of, with_reports

MAX_DETAILS = 4000
"""Trials whose designs are read for parallel coordinates and importance."""

CHUNK = 256
"""Trials that are read at once where each is estimated again."""
FEW = 4096
"""Trials that most others are compared with first: nearly all are beaten by one of them."""
ESTIMATED = {"latency_cycles": "latency_cycles_max", "latency_ns": "latency_cycles_max"}
"""Figures of trials whose estimate has another name."""

Columns = dict[str, NDArray[Any]]


class Catalog:
    """Columns of a study's figures. Mutable, for it keeps what was read; safe to use from several threads.

    Trials store plain estimates. The columns hold what the page knows: estimates sharpened by the user's own
    syntheses, and for designs that were planned or synthesized those figures.

    Attributes:
        study: The study.
        names: Figures that are kept, quality first.
    """

    def __init__(self, study: Study, calibration: Calibration | None = None, level: Level = "hls") -> None:
        """Read the study's figures.

        Args:
            study: The study.
            calibration: The user's own syntheses.
            level: What the figures of designs for HLS tools are of.
        """
        self.study = study
        stored = [name for name in study.store.directions if name not in DIRECTIONS]
        self.names = tuple(dict.fromkeys((*study.evaluator.directions, *stored, *COSTS)))
        self._calibration = calibration or Calibration()
        self._level: Level = level
        self._own: dict[str, Known] = {}
        self._learnt: dict[str, tuple[Report, ...]] = {}
        self._sources: dict[int, str] = {}
        self._lock = RLock()
        self._details: tuple[int, list[Trial]] = (-1, [])
        self._version = 0
        self._columns: Columns = {}
        self._targets: dict[int, dict[str, Any]] = {}
        self.sharpen(self._calibration)

    def __len__(self) -> int:
        """Count the trials that were read."""
        return len(self._columns["number"])

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Figures by name, with `number`, `is_ok` and `target`; unknown is NaN."""
        return self._columns

    @property
    def version(self) -> int:
        """Counts changes of what is known of the trials."""
        return self._version

    @property
    def known(self) -> tuple[str, ...]:
        """Figures that at least one trial has."""
        return tuple(name for name in self.names if not np.isnan(self._columns[name]).all())

    @property
    def tools(self) -> tuple[str, ...]:
        """Tools whose figures the trials' estimates imitate."""
        used = np.unique(self._columns["target"]).tolist()
        return tuple(sorted({self._as_tool(index) for index in used if index in self._targets}))

    def refresh(self) -> bool:
        """Read what is new; says whether anything is."""
        with self._lock:
            last = int(self._columns["number"][-1]) if len(self) else 0
            new = self._read(last)
            if not len(new["number"]):
                return False
            self._columns = {name: np.concatenate([values, new[name]]) for name, values in self._columns.items()}
            self._version += 1
            self._put(self._everything())
            return True

    def show_level(self, level: Level) -> None:
        """Read everything again, with the figures of another level."""
        with self._lock:
            self._level = level
            self.sharpen(self._calibration)

    def sharpen(self, calibration: Calibration) -> None:
        """Read everything again, with estimates sharpened by the user's own syntheses."""
        with self._lock:
            self._calibration = calibration
            self._learnt = learnt_reports(calibration)
            self._columns, self._sources = self._read(0), {}
            self._version += 1
            self._put(self._everything())

    def know(self, design_key: str, known: Known) -> bool:
        """Take over what the page knows of a design; says whether it has a trial here."""
        with self._lock:
            self._own[design_key] = known
            return self._put([design_key])

    def reports(self, design_key: str, target: Target) -> tuple[Report, ...]:
        """Return what tools reported about a design, the report that counts first."""
        own, learnt = self._own.get(design_key, Known()), self._learnt.get(design_key, ())
        return at_level(ranked((*own.reports, *self.study.reports(design_key), *learnt), target), self._level)

    def source(self, number: int) -> str:
        """Say where the resources of a trial come from: the tool that reported them, `plan`, or an estimate."""
        found = self._sources.get(number)
        if found is not None:
            return found
        row = int(np.searchsorted(self._columns["number"], number))
        return f"estimate, {self._as_tool(int(self._columns['target'][row]))}"

    def _as_tool(self, index: int) -> str:
        """Name the tool whose figures the estimates for a target imitate, and the level."""
        tool = str(self._targets.get(index, {}).get("tool", "?"))
        return f"{tool} after logic synthesis" if self._level == "logic" and tool != Tool.YOSYS else tool

    @property
    def reported(self) -> tuple[int, ...]:
        """Trials whose resources a tool reported."""
        return tuple(number for number, source in self._sources.items() if not source.startswith(PLAN))

    def details(self) -> list[Trial]:
        """Return trials with their designs and figures as in the columns: all, or an even choice of very many."""
        with self._lock:
            if self._details[0] != self._version:
                rows = np.flatnonzero(self._columns["is_ok"])
                rows = rows[:: max(1, -(-len(rows) // MAX_DETAILS))]
                self._details = (self._version, self.trials(rows))
            return self._details[1]

    def trials(self, rows: NDArray[np.intp]) -> list[Trial]:
        """Return trials with the figures of the columns.

        Args:
            rows: Indices into the columns.
        """
        numbers = self._columns["number"][rows].astype(int).tolist()
        found = {trial.number: trial for trial in self.study.store.trials(numbers)}
        return [
            replace(found[number], metrics={**found[number].metrics, **self.figures(row)})
            for number, row in zip(numbers, rows.tolist(), strict=True)
        ]

    def figures(self, row: int) -> dict[str, float | None]:
        """Return the figures of a trial by its row; unknown is None."""
        values = {name: float(self._columns[name][row]) for name in self.names}
        return {name: None if np.isnan(value) else value for name, value in values.items()}

    def row(self, number: int) -> int:
        """Return the row of a trial."""
        return int(np.searchsorted(self._columns["number"], number))

    def on_front(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Say which trials no other beats in the study's objectives; quick for a few of very many.

        Args:
            rows: Indices into the columns.
        """
        names = [objective.partition(":")[0] for objective in self.study.objectives]
        columns = self._columns
        costs = as_costs(np.column_stack([columns[name] for name in names]), [self.direction(name) for name in names])
        counts = columns["is_ok"].astype(bool) & ~np.isnan(costs).any(axis=1)
        others = np.asfortranarray(costs[counts])
        some = others[:: max(1, len(others) // FEW)]
        return np.array(
            [counts[row] and not (_is_beaten(costs[row], some) or _is_beaten(costs[row], others)) for row in rows],
            dtype=bool,
        )

    def write_note(self, number: int, note: str) -> None:
        """Write a remark on a trial.

        Raises:
            StudyError: If there is no such trial.
        """
        with self._lock:
            self.study.set_note(number, note)
            self._details = (-1, [])

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete trials from the study, and read everything again.

        Raises:
            StudyError: If the file cannot be written.
        """
        self.study.delete(numbers)
        self.sharpen(self._calibration)

    def direction(self, name: str) -> str:
        """Return `max` or `min` for a figure."""
        return self.directions[name]

    @property
    def directions(self) -> dict[str, str]:
        """Return `max` or `min` for every figure."""
        known = self.study.directions
        return {name: known[name] for name in self.names}

    def _read(self, after: int) -> Columns:
        """Read trials, and sharpen their estimates."""
        store = self.study.store
        columns = store.columns(self.names, after=after)
        targets, self._targets = store.targets(after)
        columns["target"] = targets[: len(columns["number"])]
        if self._level == "logic":
            self._synthesise(columns)
        is_sharp = bool(self._calibration.observations) and self._level != "logic"
        for index in np.unique(columns["target"]).tolist() if is_sharp else ():
            target = self._targets[index]
            moves = factors(self._calibration, str(target["tool"]), str(target["part"]), self.study.graph.digest)
            mine = columns["target"] == index
            for name in COSTS:
                factor = moves.get(ESTIMATED.get(name, name))
                if factor is not None and name in columns:
                    unit = float(target["clock_ns"]) if name == "latency_ns" else 1.0
                    moved = ((columns[name] / unit + 1) * factor - 1) * unit
                    columns[name] = np.where(mine, np.maximum(moved, 0.0), columns[name])
        return columns

    def _synthesise(self, columns: Columns) -> None:
        """Put what logic synthesis leaves in the place of the estimates of C synthesis: each design is estimated again.

        A trial whose design cannot be rebuilt, and of very many all but an even choice, have no figure at this level.
        """
        hls = [index for index, target in self._targets.items() if target["tool"] != Tool.YOSYS]
        rows = np.flatnonzero(np.isin(columns["target"], hls))
        figures = {name: np.where(np.isin(columns["target"], hls), np.nan, columns[name]) for name in RESOURCES}
        for start in range(0, len(rows), CHUNK) if len(rows) <= MAX_DETAILS else ():
            some = rows[start : start + CHUNK].tolist()
            trials = {
                trial.number: trial for trial in self.study.store.trials([int(columns["number"][i]) for i in some])
            }
            for row in some:
                found = self._after_logic(trials.get(int(columns["number"][row])))
                for name in RESOURCES:
                    figures[name][row] = found.get(name, np.nan)
        columns.update(figures)

    def _after_logic(self, trial: Trial | None) -> Mapping[str, float]:
        """Estimate what logic synthesis leaves of a trial's design; nothing where it does not rebuild."""
        try:
            design = None if trial is None else self.study.design(trial)
            report = None if design is None else estimate(design, level="logic", calibration=self._calibration)
        except HlsExploreError:
            return {}
        values = {} if report is None else {name: getattr(report.total, name) for name in RESOURCES}
        return {name: float(value) for name, value in values.items() if value is not None}

    def _put(self, keys: Iterable[str]) -> bool:
        """Put what is known of designs in the place of their trials' estimates; says whether there are such trials."""
        numbers = self.study.store.numbers(keys)
        for key, number in numbers.items():
            row = self.row(number)
            if row >= len(self):
                continue
            target = Target(**self._targets[int(self._columns["target"][row])])
            reports = self.reports(key, target)
            plan = self._own.get(key, Known()).plan
            best = with_reports(plan or Report(source="", tool="", total=Figures()), reports)
            for name, value in cost_metrics(best, target).items():
                if value is not None:
                    self._columns[name][row] = value
            if source := source_of("lut", best, reports):
                self._sources[number] = f"{PLAN}, {target.tool}" if source == PLAN else source
            self._version += 1
        return bool(numbers)

    def _everything(self) -> set[str]:
        return {*self._own, *self._learnt, *self.study.store.reported()}


def _is_beaten(own: RealArray, others: RealArray) -> bool:
    for column, value in zip(range(len(own)), own, strict=True):
        others = others[others[:, column] <= value]
    return bool((others < own).any())


def summary(trial: Trial) -> str:
    """Describe a trial's design in a few words: the range of its widths and reuse factors.

    Examples:
        >>> layers = {"a": {"weight": "fixed<8,2>", "reuse": 1}, "b": {"weight": "fixed<6,1>", "reuse": 4}}
        >>> summary(Trial(design_key="", config={"layers": layers}, metrics={}))
        'weight 6-8 bits, reuse 1-4'
    """
    values = knob_values(trial)
    parts = []
    for key, unit in (("weight bits", " bits"), ("result bits", " bits"), ("reuse", "")):
        found = sorted({int(value) for name, value in values.items() if name.endswith(f".{key}")})
        if found:
            text = str(found[0]) if found[0] == found[-1] else f"{found[0]}-{found[-1]}"
            parts.append(f"{key.removesuffix(' bits')} {text}{unit}")
    return ", ".join(parts)
