"""The trials of a study as the panels need them: columns kept in memory, extended as a sweep goes on."""

from collections.abc import Mapping
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.merit import COSTS, DIRECTIONS
from hlsexplore.pareto import as_costs
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Trial
from hlsexplore_widgets.figures.knobs import knob_values

MAX_DETAILS = 4000
"""Trials whose designs are read for parallel coordinates and importance."""

FEW = 4096
"""Trials that most others are compared with first: nearly all are beaten by one of them."""


class Catalog:
    """Columns of a study's figures. Mutable, for it keeps what was read; safe to use from several threads.

    Attributes:
        study: The study.
        names: Figures that are kept, quality first.
    """

    def __init__(self, study: Study) -> None:
        """Read the study's figures."""
        self.study = study
        stored = [name for name in study.store.directions if name not in DIRECTIONS]
        self.names = tuple(dict.fromkeys((*study.evaluator.directions, *stored, *COSTS)))
        self._columns = study.store.columns(self.names)
        self._lock = RLock()
        self._details: tuple[int, list[Trial]] = (-1, [])

    def __len__(self) -> int:
        """Count the trials that were read."""
        return len(self._columns["number"])

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Figures by name, with `number` and `is_ok`; unknown is NaN."""
        return self._columns

    @property
    def known(self) -> tuple[str, ...]:
        """Figures that at least one trial has."""
        return tuple(name for name in self.names if not np.isnan(self._columns[name]).all())

    def refresh(self) -> bool:
        """Read what is new; says whether anything is."""
        with self._lock:
            last = int(self._columns["number"][-1]) if len(self) else 0
            new = self.study.store.columns(self.names, after=last)
            if not len(new["number"]):
                return False
            self._columns = {name: np.concatenate([values, new[name]]) for name, values in self._columns.items()}
            return True

    def details(self) -> list[Trial]:
        """Return trials with their designs: all, or an even choice of very many."""
        with self._lock:
            if self._details[0] != len(self):
                numbers = self._columns["number"][self._columns["is_ok"].astype(bool)]
                step = max(1, -(-len(numbers) // MAX_DETAILS))
                self._details = (len(self), self.study.store.trials(numbers[::step].tolist()))
            return self._details[1]

    def on_front(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Say which trials no other beats in the study's objectives; quick for a few of very many.

        Args:
            rows: Indices into the columns.
        """
        names = [objective.partition(":")[0] for objective in self.study.objectives]
        if not set(names) <= set(self._columns):
            numbers = [trial.number or 0 for trial in self.study.front()]
            return np.isin(self._columns["number"][rows], numbers)
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

    def direction(self, name: str) -> str:
        """Return `max` or `min` for a figure."""
        return self.directions[name]

    @property
    def directions(self) -> dict[str, str]:
        """Return `max` or `min` for every figure."""
        known = self.study.directions
        return {name: known[name] for name in self.names}


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
