"""Where resources and latency go, layer by layer."""

from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from hlsexplore.estimate.timeline import TIMES
from hlsexplore.report import Report
from hlsexplore_widgets.figures.base import (
    ACCENT,
    MUTE,
    PALE,
    RANGE,
    axis,
    empty_figure,
    label_of,
    make_figure,
    plain,
    row_bars,
    row_figure,
)

ROUNDING = 0.5
"""Difference between a total and its layers that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceInfo:
    """What the plots show.

    Attributes:
        figure: Resource, or `latency_cycles_max`.
        layers: Layers with a known value above 0, in the graph's order.
        values: Their values.
        total: The design's value, or None when unknown.
        source: Where the values come from.
        times: Of a stream, cycles in which each of the layers begins, has its first output, and ends; else empty.
    """

    figure: str
    layers: tuple[str, ...]
    values: tuple[float, ...]
    total: float | None
    source: str
    times: tuple[tuple[float, float, float], ...] = ()


def resource_info(report: Report | None, figure: str) -> ResourceInfo:
    """Take one figure of every layer from a report."""
    if report is None:
        return ResourceInfo(figure=figure, layers=(), values=(), total=None, source="")
    pairs = [(name, getattr(figures, figure)) for name, figures in report.layers.items()]
    known = [(name, float(value)) for name, value in pairs if value]
    names = [name for name, _ in known]
    has_times = figure == "latency_cycles_max" and all(
        set(TIMES) <= set(report.details.get(name, {})) for name in names
    )
    words = {"planned": "counted from the RTL's plan", "measured": "as reported by the tool"}
    return ResourceInfo(
        figure=figure,
        layers=tuple(name for name, _ in known),
        values=tuple(value for _, value in known),
        total=getattr(report.total, figure),
        source=words.get(report.provenance.get(figure, ""), f"{report.source}, {report.tool}"),
        times=tuple(_times(report.details[name]) for name in names) if has_times else (),
    )


def _times(details: Mapping[str, float]) -> tuple[float, float, float]:
    start, first, end = (details[key] for key in TIMES)
    return start, first, end


REST = "rest of the design"


def resource_figure(info: ResourceInfo) -> go.Figure:
    """Draw a tree map of a resource, whose boxes add up to the total: what no layer has is a box of its own.

    Where layers alone are more than the total, because the total was corrected by a report and they were not, the boxes
    have their shares of it.
    """
    if not info.layers:
        return empty_figure(f"No layer uses {label_of(info.figure)}.")
    layers, values, own = list(info.layers), list(info.values), sum(info.values)
    total = own if info.total is None else info.total
    scaled = ""
    if total - own > ROUNDING:
        layers, values = [*layers, REST], [*values, total - own]
    elif own - total > ROUNDING:
        values, scaled = [value * total / own for value in values], ", layers scaled to the total"
    root = plain(f"{label_of(info.figure)} by layer ({info.source}{scaled})")
    trace = go.Treemap(
        labels=[root, *map(plain, layers)],
        parents=["", *[root] * len(layers)],
        values=[sum(values), *values],
        branchvalues="total",
        texttemplate="%{label}<br>%{value:,.0f}<br>%{percentRoot:.0%}",
        marker={"colors": [0.0, *values], "colorscale": PALE, "line": {"color": "var(--hx-panel)", "width": 2}},
        hovertemplate="%{label}: %{value:,.0f}<extra></extra>",
        tiling={"pad": 2},
        root={"color": "rgba(0,0,0,0)"},
        textfont={"size": 12, "color": "var(--hx-fg)"},
    )
    return make_figure([trace], margin={"l": 4, "r": 4, "t": 4, "b": 4})


def latency_figure(info: ResourceInfo) -> go.Figure:
    """Draw the way of a sample through the layers: a waterfall, or the time line of layers that work at once."""
    if not info.layers:
        return empty_figure("The latency of the layers is not known.")
    if info.times:
        return _time_line(info)
    names, values, measures = list(info.layers), list(info.values), ["relative"] * len(info.layers)
    between = (info.total or 0) - sum(values)
    if info.total is not None and abs(between) > 0.5:
        names, values, measures = [*names, "between layers"], [*values, between], [*measures, "relative"]
    trace = go.Waterfall(
        x=[*map(plain, names), "total"],
        y=[*values, 0],
        measure=[*measures, "total"],
        increasing={"marker": {"color": ACCENT}},
        decreasing={"marker": {"color": "var(--hx-activation)"}},
        totals={"marker": {"color": RANGE}},
        connector={"line": {"color": "var(--hx-line)"}},
        texttemplate="%{delta:,.0f}",
        hovertemplate="%{x}: %{delta:,.0f} cycles, up to %{final:,.0f}<extra></extra>",
    )
    return make_figure(
        [trace], yaxis=axis(f"cycles ({info.source})", rangemode="tozero"), xaxis={"tickangle": -35, "type": "category"}
    )


def _time_line(info: ResourceInfo) -> go.Figure:
    """Draw from when to when each layer of a stream works, its time before the first output apart from the rest."""
    fills = [(start, first - start) for start, first, _ in info.times]
    flows = [(first, end - first) for _, first, end in info.times]
    parts = (("until the first output", fills, RANGE, "/"), ("until the last output", flows, ACCENT, ""))
    traces = [
        row_bars(
            info.layers,
            [length for _, length in bars],
            colour,
            shape,
            name=name,
            base=[start for start, _ in bars][::-1],
            hovertemplate="%{y}: cycles %{base:,.0f} to %{x:,.0f}<extra>" + name + "</extra>",
        )
        for name, bars, colour, shape in parts
    ]
    figure = row_figure(traces, f"cycle ({info.source})", 120)
    figure.update_layout(barmode="overlay", bargap=0.35)
    if info.total is not None:
        figure.add_vline(x=info.total, line={"color": MUTE, "dash": "dot"}, annotation={"text": "end"})
    return figure
