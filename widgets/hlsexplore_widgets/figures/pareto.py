"""Two figures of all trials against each other, with the front of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.merit import COSTS
from hlsexplore.pareto import as_costs, pareto_front
from hlsexplore_widgets.figures.base import (
    ACCENT,
    ACTIVATION,
    LOST,
    POINT,
    RANGE,
    SCALE,
    axis,
    empty_figure,
    is_percent,
    label_of,
    make_figure,
    number_text,
    plain,
    tick_format,
)
from hlsexplore_widgets.figures.edges import Edges, axis_edges, edge_marks, figure_text, value_text

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
        x: Values of the x figure, infinite ones among them.
        y: Values of the y figure.
        colour: Values that colour the points, or None.
        front: Indices of the trials that no other beats in the two figures, by x.
        kept: Which trials a brush kept; all when there is none.
        x_edges: Scale of the x axis, and where it draws values that have no place on it.
        y_edges: The same of the y axis.
        num_unknown: Successful trials that lack one of the two figures.
        budget_x: What the part has of the x figure, or None.
        hover: Text of each trial on the front, by number.
        source: Whose resources and latency are shown, such as `as yosys`; empty when that is not said.
        reported: Which trials have resources that a tool reported.
        float_x: The float network's x figure, or None.
        float_y: Its y figure, or None.
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
    x_edges: Edges
    y_edges: Edges
    num_unknown: int
    budget_x: float | None
    hover: Mapping[int, str]
    source: str
    reported: NDArray[np.bool_]
    float_x: float | None = None
    float_y: float | None = None


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
    source: str = "",
    reported: Sequence[int] = (),
    floats: Mapping[str, float] | None = None,
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
        source: Whose resources and latency the trials have.
        reported: Numbers of trials whose resources a tool reported.
        floats: Figures of the float network by name.
    """
    x, y = columns[x_name].astype(np.float64), columns[y_name].astype(np.float64)
    kept = np.ones(len(x), dtype=bool) if kept is None else kept
    is_ok = columns["is_ok"].astype(bool)
    shown = is_ok & ~np.isnan(x) & ~np.isnan(y)
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
        x_edges=axis_edges(x, log_x),
        y_edges=axis_edges(y, log_y),
        num_unknown=int(is_ok.sum() - shown.sum()),
        budget_x=budget_x,
        hover=hover or {},
        source=source,
        reported=np.isin(columns["number"][shown], list(reported)),
        float_x=(floats or {}).get(x_name),
        float_y=(floats or {}).get(y_name),
    )


def pareto_figure(info: ParetoInfo) -> go.Figure:
    """Draw the trials, their front and the region that does not fit the part."""
    if not len(info.x):
        names = f"{label_of(info.y_name)} and {label_of(info.x_name)}"
        known = f"No trial has both {names} ({info.num_unknown:,} have at most one of them)."
        return empty_figure(known if info.num_unknown else "No trials yet. Start a sweep below, or pass a study.")
    traces = [_density(info)] if len(info.x) > MAX_POINTS else _points(info)
    marks = [edge_marks(info.x_edges, "x"), edge_marks(info.y_edges, "y"), *_float_marks(info)]
    return make_figure(
        [*traces, *_rings(info), _front(info)],
        xaxis=axis(
            _title(info.x_name, info),
            type="log" if info.x_edges.is_log else "linear",
            tickformat=tick_format(info.x_name, "~s"),
        ),
        yaxis=axis(
            _title(info.y_name, info),
            type="log" if info.y_edges.is_log else "linear",
            tickformat=tick_format(info.y_name),
        ),
        shapes=[*_budget(info), *(shape for shapes, _ in marks for shape in shapes)],
        annotations=[note for _, notes in marks for note in notes],
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom"},
        margin={"l": 60, "r": 14, "t": 26, "b": 44},
        dragmode="zoom",
    )


def _float_marks(info: ParetoInfo) -> list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Draw a line where the float network's figure is."""
    found = []
    for letter, value, edges in (("x", info.float_x, info.x_edges), ("y", info.float_y, info.y_edges)):
        if value is None or not np.isfinite(value) or (edges.is_log and value <= 0):
            continue
        other = "y" if letter == "x" else "x"
        line = {"type": "line", f"{letter}ref": letter, f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1}
        style = {"color": ACTIVATION, "width": 1.2, "dash": "dash"}
        note = {
            f"{letter}ref": letter,
            f"{other}ref": "paper",
            f"{other}": 0.01,
            "showarrow": False,
            "font": {"size": 11},
        }
        place = {
            letter: float(np.log10(value)) if edges.is_log else value,
            f"{letter}anchor": "bottom",
            "xanchor": "left",
        }
        shape = {**line, f"{letter}0": value, f"{letter}1": value, "line": style}
        found.append(([shape], [{**note, **place, "text": "float network"}]))
    return found


def _title(name: str, info: ParetoInfo) -> str:
    """Name of an axis, of resources and latency with whose they are."""
    return f"{label_of(name)}, {info.source}" if info.source and name in COSTS else label_of(name)


def _rings(info: ParetoInfo) -> list[Any]:
    """Put a ring around trials whose resources are no estimates."""
    if not info.reported.any():
        return []
    trace = go.Scatter(
        x=info.x_edges.place(info.x[info.reported]),
        y=info.y_edges.place(info.y[info.reported]),
        mode="markers",
        name="reported by the tool",
        marker={"size": 15, "symbol": "circle-open", "color": RANGE, "line": {"width": 2}},
        hoverinfo="skip",
    )
    return [trace]


def _points(info: ParetoInfo) -> list[Any]:
    """Draw a point for each trial; those at an edge of the plot say their values, which their place does not."""
    kind = go.Scatter if len(info.x) <= SVG_POINTS else go.Scattergl
    size = 6 if len(info.x) < 5000 else 4
    x, y = info.x_edges.place(info.x), info.y_edges.place(info.y)
    outside = info.x_edges.outside(info.x) | info.y_edges.outside(info.y)
    printed = (("y", info.y_name, ".5~g"), ("x", info.x_name, ","))
    named = "<br>".join(
        f"{plain(label_of(name))} %{{{letter}:{_hover(name, other)}}}" for letter, name, other in printed
    )
    groups = (
        (~info.kept, "excluded", 0.12, "%{text}" if outside.any() else named),
        (info.kept & ~outside, "trials", 0.55, named),
        (info.kept & outside, "at the edge", 0.55, "%{text}"),
    )
    traces = []
    for mask, name, opacity, told in groups:
        if not mask.any():
            continue
        marker: dict[str, Any] = {"size": size, "opacity": opacity, "color": POINT}
        if name == "at the edge":
            marker["symbol"] = "square"
        if info.colour is not None and name != "excluded":
            marker |= _colours(info, mask)
        traces.append(
            kind(
                x=x[mask],
                y=y[mask],
                customdata=info.numbers[mask],
                text=_texts(info, np.flatnonzero(mask)) if told == "%{text}" else None,
                mode="markers",
                name=name,
                marker=marker,
                hovertemplate=f"trial %{{customdata}}<br>{told}<extra></extra>",
            )
        )
    return traces


def _hover(name: str, other: str) -> str:
    """How plotly prints a figure under the pointer."""
    return ".2%" if is_percent(name) else other


def _colours(info: ParetoInfo, mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Colour points by a figure, all groups on one scale; infinite values have the colour of the nearest finite one."""
    if info.colour is None:
        return {}
    edges = axis_edges(info.colour, is_log=False)
    drawn = edges.place(info.colour)
    title = plain(label_of(info.colour_name or ""))
    bar = {
        "title": {"text": title, "side": "right"},
        "thickness": 10,
        "outlinewidth": 0,
        "tickformat": tick_format(info.colour_name or "", "~s"),
    }
    known = drawn[~np.isnan(drawn)]
    return {
        "color": drawn[mask],
        "cmin": float(known.min()) if len(known) else 0.0,
        "cmax": float(known.max()) if len(known) else 1.0,
        "colorscale": SCALE,
        "colorbar": bar,
        "showscale": True,
        "opacity": 0.9,
    }


def _texts(info: ParetoInfo, rows: NDArray[np.intp]) -> list[str]:
    """Print both figures of some trials."""
    y, x = plain(label_of(info.y_name)), plain(label_of(info.x_name))
    return [
        f"{y} {figure_text(info.y_name, info.y[row])}<br>{x} {figure_text(info.x_name, info.x[row])}"
        for row in rows.tolist()
    ]


def _front(info: ParetoInfo) -> Any:
    chosen = info.front
    numbers = info.numbers[chosen]
    texts = zip(_texts(info, chosen), (plain(info.hover.get(int(number), "")) for number in numbers), strict=True)
    return go.Scatter(
        x=info.x_edges.place(info.x[chosen]),
        y=info.y_edges.place(info.y[chosen]),
        customdata=numbers,
        text=["<br>".join(filter(None, pair)) for pair in texts],
        mode="lines+markers",
        name="front",
        line={"color": ACCENT, "width": 2, "shape": "hv"},
        marker={"size": 9, "color": ACCENT, "symbol": "diamond"},
        hovertemplate="front, trial %{customdata}<br>%{text}<extra></extra>",
    )


def _density(info: ParetoInfo) -> Any:
    """Draw very many trials as a density; a cell stands for the last trial in it."""
    drawn_x, drawn_y = info.x_edges.place(info.x), info.y_edges.place(info.y)
    x = np.log10(drawn_x) if info.x_edges.is_log else drawn_x
    y = np.log10(drawn_y) if info.y_edges.is_log else drawn_y
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
        x=10 ** centres[0] if info.x_edges.is_log else centres[0],
        y=10 ** centres[1] if info.y_edges.is_log else centres[1],
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
    last = info.x_edges.place(info.x).max(initial=0.0)
    if info.budget_x is None or last <= info.budget_x:
        return []
    region = {"type": "rect", "xref": "x", "yref": "paper", "x0": info.budget_x, "x1": float(last) * 1.05}
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
    own = np.array([[float(value) for value in values if value is not None]])
    kinds = [directions[name] for name in names]
    costs, cost = as_costs(table, kinds), as_costs(own, kinds)[0]
    better = columns["is_ok"].astype(bool) & (costs <= cost).all(axis=1) & (costs < cost).any(axis=1)
    if not better.any():
        return f"{subject}: no trial beats it."
    unit = np.where(np.isfinite(cost), np.abs(cost), 1.0) + 1e-12
    with np.errstate(invalid="ignore"):  # infinite on both sides: no gain there
        margin = np.nan_to_num((cost - costs[better]) / unit, posinf=1e9)
    best = np.flatnonzero(better)[np.argmax(margin.sum(axis=1))]
    pairs = zip(names, table[best].tolist(), own[0].tolist(), strict=True)
    gains = [_gain(value, before, name) for name, value, before in pairs if value != before]
    return f"{subject}: beaten by {int(better.sum()):,}; trial {int(columns['number'][best])} has {', '.join(gains)}."


def _gain(value: float, before: float, name: str) -> str:
    if np.isinf(value) or np.isinf(before):
        return f"{value_text(value)} {label_of(name)}"
    change = value - before
    if is_percent(name):
        label = label_of(name)
        return (
            f"{'+' if change > 0 else ''}{number_text(round(100 * change, 2))} points of {label[0].lower()}{label[1:]}"
        )
    return f"{'+' if change > 0 else ''}{value_text(change)} {label_of(name)}"
