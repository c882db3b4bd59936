"""Two figures of all trials against each other, with the front of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.pareto import pareto_front
from hlsexplore_widgets.figures.base import (
    ACCENT,
    LOST,
    POINT,
    SCALE,
    axis,
    empty_figure,
    label_of,
    make_figure,
    number_text,
)

MAX_POINTS = 100_000
"""More points than this are drawn as a density; the browser stays fluid up to about that many."""
SVG_POINTS = 1500
"""Up to here points are drawn as SVG, which needs no WebGL."""
DENSITY_BINS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoInfo:
    """What the plot shows.

    Attributes:
        x_name: Figure on the x axis.
        y_name: Figure on the y axis.
        colour_name: Figure that colours the points, or None.
        numbers: Trial numbers.
        x: Values on the x axis.
        y: Values on the y axis.
        colour: Values that colour the points, or None.
        front: Indices of the trials that no other beats in the two figures, by x.
        kept: Which trials a brush kept; all when there is none.
        log_x: Whether the x axis is logarithmic.
        log_y: Whether the y axis is logarithmic.
        budget_x: What the part has of the x figure, or None.
        hover: Text of each trial on the front, by number.
    """

    x_name: str
    y_name: str
    colour_name: str | None
    numbers: NDArray[np.int64]
    x: RealArray
    y: RealArray
    colour: RealArray | None
    front: NDArray[np.int64]
    kept: NDArray[np.bool_]
    log_x: bool
    log_y: bool
    budget_x: float | None
    hover: Mapping[int, str]


def pareto_info(
    columns: Mapping[str, NDArray[Any]],
    x_name: str,
    y_name: str,
    directions: Mapping[str, str],
    *,
    colour_name: str | None = None,
    kept: NDArray[np.bool_] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    budget_x: float | None = None,
    hover: Mapping[int, str] | None = None,
) -> ParetoInfo:
    """Choose the points and find their front.

    Args:
        columns: Figures of all trials by name, with `number` and `is_ok`.
        x_name: Figure on the x axis.
        y_name: Figure on the y axis.
        directions: `max` or `min` for each figure.
        colour_name: Figure that colours the points, `number` for the order, or None.
        kept: Which trials a brush keeps; all when None.
        log_x: Whether the x axis is logarithmic.
        log_y: Whether the y axis is logarithmic.
        budget_x: What the part has of the x figure.
        hover: Text of trials by number.
    """
    x, y = columns[x_name].astype(np.float64), columns[y_name].astype(np.float64)
    kept = np.ones(len(x), dtype=bool) if kept is None else kept
    shown = np.isfinite(x) & np.isfinite(y) & columns["is_ok"].astype(bool)
    shown &= ((x > 0) | (not log_x)) & ((y > 0) | (not log_y))
    x, y, kept = x[shown], y[shown], kept[shown]
    mask = pareto_front(np.column_stack([x, y]), [directions[x_name], directions[y_name]], feasible=kept)
    front = np.flatnonzero(mask)
    return ParetoInfo(
        x_name=x_name,
        y_name=y_name,
        colour_name=colour_name,
        numbers=columns["number"][shown].astype(np.int64),
        x=x,
        y=y,
        colour=None if colour_name is None else columns[colour_name][shown].astype(np.float64),
        front=front[np.lexsort((y[front], x[front]))],
        kept=kept,
        log_x=log_x,
        log_y=log_y,
        budget_x=budget_x,
        hover=hover or {},
    )


def pareto_figure(info: ParetoInfo) -> go.Figure:
    """Draw the trials, their front and the region that does not fit the part."""
    if not len(info.x):
        return empty_figure("No trials yet. Start a sweep below, or pass a study.")
    traces = [_density(info)] if len(info.x) > MAX_POINTS else _points(info)
    return make_figure(
        [*traces, _front(info)],
        xaxis=axis(label_of(info.x_name), type="log" if info.log_x else "linear", tickformat="~s"),
        yaxis=axis(label_of(info.y_name), type="log" if info.log_y else "linear"),
        shapes=_budget(info),
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom"},
        margin={"l": 60, "r": 14, "t": 26, "b": 44},
        dragmode="zoom",
    )


def _points(info: ParetoInfo) -> list[Any]:
    kind = go.Scatter if len(info.x) <= SVG_POINTS else go.Scattergl
    size = 6 if len(info.x) < 5000 else 4
    traces = []
    for mask, name, opacity in ((~info.kept, "excluded", 0.12), (info.kept, "trials", 0.55)):
        if not mask.any():
            continue
        marker: dict[str, Any] = {"size": size, "opacity": opacity, "color": POINT}
        if info.colour is not None and name == "trials":
            title = label_of(info.colour_name or "")
            bar = {"title": {"text": title, "side": "right"}, "thickness": 10, "outlinewidth": 0, "tickformat": "~s"}
            marker |= {
                "color": info.colour[mask],
                "colorscale": SCALE,
                "colorbar": bar,
                "showscale": True,
                "opacity": 0.9,
            }
        traces.append(
            kind(
                x=info.x[mask],
                y=info.y[mask],
                customdata=info.numbers[mask],
                mode="markers",
                name=name,
                marker=marker,
                hovertemplate=f"trial %{{customdata}}<br>{label_of(info.y_name)} %{{y:.5~g}}<br>"
                f"{label_of(info.x_name)} %{{x:,}}<extra></extra>",
            )
        )
    return traces


def _front(info: ParetoInfo) -> Any:
    chosen = info.front
    return go.Scatter(
        x=info.x[chosen],
        y=info.y[chosen],
        customdata=info.numbers[chosen],
        text=[info.hover.get(int(number), "") for number in info.numbers[chosen]],
        mode="lines+markers",
        name="front",
        line={"color": ACCENT, "width": 2, "shape": "hv"},
        marker={"size": 9, "color": ACCENT, "symbol": "diamond"},
        hovertemplate=f"front, trial %{{customdata}}<br>{label_of(info.y_name)} %{{y:.5~g}}<br>"
        f"{label_of(info.x_name)} %{{x:,}}<br>%{{text}}<extra></extra>",
    )


def _density(info: ParetoInfo) -> Any:
    """Draw very many trials as a density; a cell stands for the last trial in it."""
    x = np.log10(info.x) if info.log_x else info.x
    y = np.log10(info.y) if info.log_y else info.y
    x_edges = np.linspace(x.min(), x.max() + 1e-12, DENSITY_BINS + 1)
    y_edges = np.linspace(y.min(), y.max() + 1e-12, DENSITY_BINS + 1)
    column = np.clip(np.searchsorted(x_edges, x, side="right") - 1, 0, DENSITY_BINS - 1)
    row = np.clip(np.searchsorted(y_edges, y, side="right") - 1, 0, DENSITY_BINS - 1)
    counts = np.zeros((DENSITY_BINS, DENSITY_BINS))
    np.add.at(counts, (row, column), 1)
    last = np.zeros((DENSITY_BINS, DENSITY_BINS), dtype=np.int64)
    last[row, column] = info.numbers
    centres = [(edges[:-1] + edges[1:]) / 2 for edges in (x_edges, y_edges)]
    return go.Heatmap(
        x=10 ** centres[0] if info.log_x else centres[0],
        y=10 ** centres[1] if info.log_y else centres[1],
        z=np.where(counts > 0, np.log10(np.maximum(counts, 1)) + 0.2, np.nan),
        customdata=last,
        text=counts,
        colorscale=SCALE,
        showscale=False,
        name="trials",
        hovertemplate="%{text:,} trials here<extra></extra>",
    )


def _budget(info: ParetoInfo) -> list[dict[str, Any]]:
    """Shade what does not fit the part, if any trial is there."""
    if info.budget_x is None or not len(info.x) or info.x.max() <= info.budget_x:
        return []
    region = {"type": "rect", "xref": "x", "yref": "paper", "x0": info.budget_x, "x1": float(info.x.max()) * 1.05}
    return [{**region, "y0": 0, "y1": 1, "fillcolor": LOST, "opacity": 0.08, "line": {"width": 0}, "layer": "below"}]


def explain(
    point: Mapping[str, float | None],
    columns: Mapping[str, NDArray[Any]],
    names: Sequence[str],
    directions: Mapping[str, str],
    subject: str = "This design",
) -> str:
    """Say whether a design is on the front of some figures, and if not, what beats it.

    Args:
        point: Its figures by name.
        columns: Figures of all trials.
        names: The figures that count.
        directions: `max` or `min` for each.
        subject: What the sentence is about.
    """
    values = [point.get(name) for name in names]
    if not len(columns["number"]) or any(value is None for value in values):
        return ""
    table = np.column_stack([columns[name].astype(np.float64) for name in names])
    sign = np.array([1.0 if directions[name] == "min" else -1.0 for name in names])
    own = np.array([float(value) for value in values if value is not None])
    margin = (own - table) * sign
    better = columns["is_ok"].astype(bool) & (margin >= 0).all(axis=1) & (margin > 0).any(axis=1)
    if not better.any():
        return f"{subject}: no trial beats it."
    best = np.flatnonzero(better)[np.argmax((margin[better] / (np.abs(own) + 1e-12)).sum(axis=1))]
    gains = [_gain(table[best, i] - own[i], name) for i, name in enumerate(names) if table[best, i] != own[i]]
    return f"{subject}: beaten by {int(better.sum()):,}; trial {int(columns['number'][best])} has {', '.join(gains)}."


def _gain(change: float, name: str) -> str:
    return f"{'+' if change > 0 else ''}{number_text(change)} {label_of(name)}"
