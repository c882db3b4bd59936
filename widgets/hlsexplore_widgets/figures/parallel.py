"""Parallel coordinates: figures and knobs of many trials, brushed to keep some of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.trial import Trial
from hlsexplore_widgets.figures.base import SCALE, empty_figure, label_of, make_figure

MAX_LINES = 4000
"""More lines than this only make a carpet."""
MAX_AXES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelInfo:
    """What the plot shows.

    Attributes:
        names: Axes: figures, then knobs.
        values: A column for each axis, a row for each trial.
        ranges: Brushed ranges by axis.
    """

    names: tuple[str, ...]
    values: RealArray
    ranges: Mapping[str, Sequence[Sequence[float]]]


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
        if len(column) and np.nanmax(column) > np.nanmin(column):
            chosen.setdefault(column.tobytes(), name)
    order = [names.index(name) for name in chosen.values()]
    return tuple(chosen.values()), table[:, order]


def parallel_info(
    trials: Sequence[Trial], figures: Sequence[str], ranges: Mapping[str, Sequence[Sequence[float]]] | None = None
) -> ParallelInfo:
    """Choose axes: the figures, and the knobs that vary.

    Args:
        trials: The trials; at most `MAX_LINES` of them, evenly chosen, are drawn.
        figures: Figures with an axis.
        ranges: Brushed ranges by axis.
    """
    step = max(1, -(-len(trials) // MAX_LINES))
    shown = [trial for trial in trials[::step] if all(trial.metrics.get(name) is not None for name in figures)]
    names, table = knob_table(shown)
    results = np.array([[trial.metrics[name] for name in figures] for trial in shown], dtype=np.float64)
    values = np.hstack([results.reshape(len(shown), len(figures)), table])[:, :MAX_AXES]
    return ParallelInfo(names=(*figures, *names)[:MAX_AXES], values=values, ranges=ranges or {})


def parallel_figure(info: ParallelInfo) -> go.Figure:
    """Draw a line for each trial, coloured by the first figure."""
    if not len(info.values):
        return empty_figure("No trials yet. Start a sweep below, or pass a study.")
    dimensions: list[dict[str, Any]] = []
    for index, name in enumerate(info.names):
        item: dict[str, Any] = {"label": _short(name), "name": name, "values": info.values[:, index]}
        if name in info.ranges:
            item["constraintrange"] = list(info.ranges[name])
        dimensions.append(item)
    line = {"color": info.values[:, 0], "colorscale": SCALE, "showscale": False}
    trace = go.Parcoords(
        dimensions=dimensions,
        line=line,
        labelangle=-18,
        labelfont={"size": 10},
        tickfont={"size": 10},
        rangefont={"size": 10},
    )
    return make_figure([trace], margin={"l": 46, "r": 30, "t": 66, "b": 22})


def within(names: Sequence[str], values: RealArray, ranges: Mapping[str, Sequence[Sequence[float]]]) -> Any:
    """Say which rows lie inside all brushed ranges."""
    kept = np.ones(len(values), dtype=bool)
    for name, spans in ranges.items():
        if name in names:
            column = values[:, list(names).index(name)]
            kept &= np.any([(column >= low) & (column <= high) for low, high in spans], axis=0)
    return kept


def _short(name: str) -> str:
    return label_of(name).replace(" integer", " int")
