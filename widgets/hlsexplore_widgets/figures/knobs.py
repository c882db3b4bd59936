"""The numbers that a design chooses, over many trials, and how much of a figure each explains."""

from collections.abc import Sequence

import numpy as np

from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.study.trial import Trial

MAX_LEVELS = 12
"""Levels of a knob that are told apart; more are grouped."""


def knob_values(trial: Trial) -> dict[str, float]:
    """Return every number that a trial's design chooses: widths of types, integer bits, reuse, by `layer.key`.

    Examples:
        >>> layers = {"fc": {"weight": "fixed<8,2>", "reuse": 4, "strategy": "latency"}}
        >>> knob_values(Trial(design_key="", config={"layers": layers}, metrics={}))
        {'fc.weight bits': 8.0, 'fc.weight integer': 2.0, 'fc.reuse': 4.0}
    """
    found: dict[str, float] = {}
    for name, items in trial.config["layers"].items():
        for key, value in items.items():
            if isinstance(value, int | float):
                found[f"{name}.{key}"] = float(value)
            elif str(value).lstrip("u").startswith("fixed<"):
                type_ = Fixed.parse(str(value))
                found[f"{name}.{key} bits"] = float(type_.width)
                found[f"{name}.{key} integer"] = float(type_.integer)
    return found


def knob_table(trials: Sequence[Trial]) -> tuple[tuple[str, ...], RealArray]:
    """Return the knobs that differ between trials, and their values, a row for each trial; equal columns are merged."""
    rows = [knob_values(trial) for trial in trials]
    names = list(rows[0]) if rows else []
    table = np.array([[row.get(name, np.nan) for name in names] for row in rows]).reshape(len(rows), len(names))
    chosen: dict[bytes, str] = {}
    for index, name in enumerate(names):
        column = table[:, index]
        if len(np.unique(column)) > 1:
            chosen.setdefault(column.tobytes(), name)
    order = [names.index(name) for name in chosen.values()]
    return tuple(chosen.values()), table[:, order]


def with_figures(trials: Sequence[Trial], figures: Sequence[str]) -> list[Trial]:
    """Return the trials that have all of some figures; NaN is none."""
    return [trial for trial in trials if all(_is_known(trial.metrics.get(name)) for name in figures)]


def figure_table(trials: Sequence[Trial], figures: Sequence[str]) -> RealArray:
    """Return figures of trials, a row for each trial and a column for each figure; NaN where unknown."""
    rows = [[trial.metrics.get(name) for name in figures] for trial in trials]
    return np.array(rows, dtype=np.float64).reshape(len(trials), len(figures))


def _is_known(value: float | None) -> bool:
    return value is not None and not np.isnan(value)


def explained(knob: RealArray, figure: RealArray) -> float:
    """Share of a figure's variance between groups of equal knob values, less what chance would explain.

    Args:
        knob: Values of the knob; more than `MAX_LEVELS` different ones are grouped; NaN where a design has it not.
        figure: Values of the figure; only finite ones have a variance and count.

    Examples:
        >>> explained(np.array([1.0, 1, 2, 2]), np.array([5.0, 5, 7, 7]))
        1.0
    """
    counts = np.isfinite(figure)
    knob, figure = knob[counts], figure[counts]
    absent = np.isnan(knob)
    knob = np.where(absent, knob[~absent].min(initial=0.0) - 1, knob)
    levels = np.unique(knob)
    if len(levels) > MAX_LEVELS:
        knob = np.digitize(knob, np.quantile(knob, np.linspace(0, 1, MAX_LEVELS + 1)[1:-1])).astype(np.float64)
        levels = np.unique(knob)
    total = float(np.square(figure - figure.mean()).sum())
    if total == 0 or len(levels) < 2 or len(figure) <= len(levels):
        return 0.0
    within = sum(float(np.square(figure[knob == level] - figure[knob == level].mean()).sum()) for level in levels)
    count = len(figure)
    adjusted = 1 - (within / (count - len(levels))) / (total / (count - 1))
    return max(0.0, adjusted)
