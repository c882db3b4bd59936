"""Parallel coordinates: figures and knobs of many trials, brushed to keep some of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.merit import DIRECTIONS
from hlsexplore.study.trial import Trial
from hlsexplore_widgets.figures.base import (
    LABELS,
    empty_figure,
    is_percent,
    label_of,
    make_figure,
    plain,
    short_label_of,
    tick_format,
)
from hlsexplore_widgets.figures.edges import axis_edges
from hlsexplore_widgets.figures.knobs import explained, figure_table, knob_table, with_figures

MAX_LINES = 4000
"""More lines than this only make a carpet."""
MAX_AXES = 8
"""Axes that are shown unless the user chooses others."""
MAX_TICKS = 12
NUM_TICKS = 6
"""About as many ticks has an axis that shows the float network too."""
MAX_NAME = 14
LINES = [[0.0, "var(--hx-activation)"], [0.5, "var(--hx-mute)"], [1.0, "var(--hx-accent)"]]
"""Colours from bad to good of the first axis; all of them stand out from the panel."""
AXIS_PX = 76
"""Width that an axis needs for its label and ticks; more axes scroll."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelInfo:
    """What the plot shows.

    Attributes:
        names: Axes: figures, then knobs, those first that explain most of the first figure.
        numbers: Trial numbers.
        values: A column for each axis, a row for each trial.
        ranges: Brushed ranges by axis.
        choices: All axes that there could be, in the same order.
        is_reversed: Whether less of the first axis is better.
        floats: Figures of the float network, by axis.
    """

    names: tuple[str, ...]
    numbers: NDArray[np.int64]
    values: RealArray
    ranges: Mapping[str, Sequence[Sequence[float]]]
    choices: tuple[str, ...]
    is_reversed: bool
    floats: Mapping[str, float] = field(default_factory=dict)


def parallel_info(
    trials: Sequence[Trial],
    figures: Sequence[str],
    ranges: Mapping[str, Sequence[Sequence[float]]] | None = None,
    axes: Sequence[str] | None = None,
    directions: Mapping[str, str] = DIRECTIONS,
    floats: Mapping[str, float] | None = None,
) -> ParallelInfo:
    """Choose axes: the figures, and the knobs that vary, the most important ones first.

    Args:
        trials: The trials; at most `MAX_LINES` of them, evenly chosen, are drawn.
        figures: Figures that have an axis, the one that matters most first.
        ranges: Brushed ranges by axis.
        axes: Axes to show; the first `MAX_AXES` when None.
        directions: `max` or `min` for each figure.
        floats: Figures of the float network.
    """
    step = max(1, -(-len(trials) // MAX_LINES))
    shown = with_figures(trials[::step], figures)
    knobs, table = knob_table(shown)
    results = figure_table(shown, figures)
    if len(shown) and len(figures):
        order = np.argsort([-explained(table[:, index], results[:, 0]) for index in range(len(knobs))], kind="stable")
        knobs, table = tuple(knobs[index] for index in order), table[:, order.astype(int)]
    choices = (*figures, *knobs)
    names = choices[:MAX_AXES] if axes is None else tuple(name for name in choices if name in axes)
    values = np.hstack([results, table])[:, [choices.index(name) for name in names]]
    return ParallelInfo(
        names=names,
        numbers=np.array([trial.number or 0 for trial in shown], dtype=np.int64),
        values=values,
        ranges=ranges or {},
        choices=choices,
        is_reversed=bool(names) and directions.get(names[0]) == "min",
        floats={name: value for name, value in (floats or {}).items() if name in names and np.isfinite(value)},
    )


def parallel_figure(info: ParallelInfo) -> go.Figure:
    """Draw a line for each trial, coloured by the first axis."""
    if not info.values.size:
        return empty_figure("No trials to draw. Start a sweep below, pass a study, or restore excluded trials.")
    dimensions: list[dict[str, Any]] = []
    for index, name in enumerate(info.names):
        column = info.values[:, index]
        values = np.nan_to_num(axis_edges(column, is_log=False).place(column), nan=_below(column))
        item: dict[str, Any] = {"label": axis_label(name), "name": name, "values": values}
        levels = np.unique(column[np.isfinite(column)])
        if "." not in name:
            item["tickformat"] = tick_format(name, "~s" if levels.max(initial=0.0) >= 10_000 else "~g")
            if name in info.floats and np.isfinite(values).all():
                item |= _float_ticks(values, info.floats[name], is_percent(name))
        elif len(levels) <= MAX_TICKS:
            item |= {"tickvals": levels, "ticktext": [f"{level:g}" for level in levels]}
        if name in info.ranges:
            item["constraintrange"] = list(info.ranges[name])
        dimensions.append(item)
    line = {"color": dimensions[0]["values"], "colorscale": LINES, "reversescale": info.is_reversed, "showscale": False}
    trace = go.Parcoords(
        dimensions=dimensions,
        line=line,
        customdata=info.numbers,
        unselected={"line": {"color": "var(--hx-grid)", "opacity": 0.5}},
        labelfont={"size": 11},
        tickfont={"size": 10},
        rangefont={"size": 10, "color": "rgba(0,0,0,0)"},
    )
    return make_figure([trace], margin={"l": 40, "r": 34, "t": 50, "b": 14})


def _float_ticks(values: RealArray, float_value: float, in_percent: bool) -> dict[str, Any]:
    """Describe an axis that has a tick where the float network is, and reaches there."""
    low, high = min(float(values.min()), float_value), max(float(values.max()), float_value)
    if high <= low:
        return {}
    raw = (high - low) / NUM_TICKS
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= raw)
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    ticks = ticks[np.abs(ticks - float_value) > (high - low) / 25]
    texts = [f"{100 * tick:.6g}%" if in_percent else f"{tick:.6g}" for tick in ticks]
    return {"range": [low, high], "tickvals": [*ticks.tolist(), float_value], "ticktext": [*texts, "float"]}


def _below(column: RealArray) -> float:
    """Where a knob that a trial's design does not have is drawn: at the axis' lower edge."""
    return axis_edges(column, is_log=False).low


def axis_label(name: str) -> str:
    """Name of an axis, on two lines where it is a layer's knob.

    Examples:
        >>> axis_label("fc1.weight bits"), axis_label("lut"), axis_label("rmse_energy")
        ('fc1<br>weight bits', 'LUT', 'RMSE<br>of energy')
    """
    layer, dot, knob = name.rpartition(".")
    if not dot:
        text = plain(label_of(name) if name in LABELS else short_label_of(name))
        return text.replace(" (", "<br>(").replace(" of ", "<br>of ")
    short = layer if len(layer) <= MAX_NAME else f"{layer[: MAX_NAME - 1]}…"
    return f"{plain(short)}<br>{knob.replace(' integer', ' int')}"


def within(names: Sequence[str], values: RealArray, ranges: Mapping[str, Sequence[Sequence[float]]]) -> Any:
    """Say which rows lie inside all brushed ranges; a range beyond every finite value holds the infinite ones too."""
    kept = np.ones(len(values), dtype=bool)
    for name, spans in ranges.items():
        if name in names:
            column = values[:, list(names).index(name)]
            drawn = axis_edges(column, is_log=False).place(column)
            kept &= np.any([(drawn >= low) & (drawn <= high) for low, high in spans], axis=0)
    return kept
