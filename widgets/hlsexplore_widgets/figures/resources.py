"""Where resources and latency go, layer by layer."""

from dataclasses import dataclass

import plotly.graph_objects as go

from hlsexplore.report import Report
from hlsexplore_widgets.figures.base import ACCENT, PALE, RANGE, axis, empty_figure, label_of, make_figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceInfo:
    """What the plots show.

    Attributes:
        figure: Resource, or `latency_cycles_max`.
        layers: Layers with a known value above 0, in the graph's order.
        values: Their values.
        total: The design's value, or None when unknown.
        source: Where the values come from.
    """

    figure: str
    layers: tuple[str, ...]
    values: tuple[float, ...]
    total: float | None
    source: str


def resource_info(report: Report | None, figure: str) -> ResourceInfo:
    """Take one figure of every layer from a report."""
    if report is None:
        return ResourceInfo(figure=figure, layers=(), values=(), total=None, source="")
    pairs = [(name, getattr(figures, figure)) for name, figures in report.layers.items()]
    known = [(name, float(value)) for name, value in pairs if value]
    words = {"planned": "counted from the RTL's plan", "measured": "as reported by the tool"}
    return ResourceInfo(
        figure=figure,
        layers=tuple(name for name, _ in known),
        values=tuple(value for _, value in known),
        total=getattr(report.total, figure),
        source=words.get(report.provenance.get(figure, ""), f"{report.source}, {report.tool}"),
    )


def resource_figure(info: ResourceInfo) -> go.Figure:
    """Draw a tree map of a resource."""
    if not info.layers:
        return empty_figure(f"No layer uses {label_of(info.figure)}.")
    root = f"{label_of(info.figure)} by layer ({info.source})"
    trace = go.Treemap(
        labels=[root, *info.layers],
        parents=["", *[root] * len(info.layers)],
        values=[sum(info.values), *info.values],
        branchvalues="total",
        texttemplate="%{label}<br>%{value:,.0f}<br>%{percentRoot:.0%}",
        marker={"colors": [0.0, *info.values], "colorscale": PALE, "line": {"color": "var(--hx-panel)", "width": 2}},
        hovertemplate="%{label}: %{value:,.0f}<extra></extra>",
        tiling={"pad": 2},
        root={"color": "rgba(0,0,0,0)"},
        textfont={"size": 12, "color": "var(--hx-fg)"},
    )
    return make_figure([trace], margin={"l": 4, "r": 4, "t": 4, "b": 4})


def latency_figure(info: ResourceInfo) -> go.Figure:
    """Draw the way of a sample through the layers as a waterfall."""
    if not info.layers:
        return empty_figure("The latency of the layers is not known.")
    names, values, measures = list(info.layers), list(info.values), ["relative"] * len(info.layers)
    between = (info.total or 0) - sum(values)
    if info.total is not None and abs(between) > 0.5:
        names, values, measures = [*names, "between layers"], [*values, between], [*measures, "relative"]
    trace = go.Waterfall(
        x=[*names, "total"],
        y=[*values, 0],
        measure=[*measures, "total"],
        increasing={"marker": {"color": ACCENT}},
        decreasing={"marker": {"color": "var(--hx-activation)"}},
        totals={"marker": {"color": RANGE}},
        connector={"line": {"color": "var(--hx-line)"}},
        texttemplate="%{delta:,.0f}",
        hovertemplate="%{x}: %{delta:,.0f} cycles, up to %{final:,.0f}<extra></extra>",
    )
    return make_figure([trace], yaxis=axis(f"cycles ({info.source})", rangemode="tozero"), xaxis={"tickangle": -35})
