"""What all figures share."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

from hlsexplore.metrics import METRICS

LABELS = {
    "accuracy": "Accuracy",
    "agreement": "Agreement with float",
    "auc": "AUC",
    "rmse": "RMSE",
    "relative_error": "Error against float",
    "lut": "LUT",
    "ff": "FF",
    "dsp": "DSP",
    "bram18": "BRAM 18k",
    "uram": "URAM",
    "latency_cycles": "Latency (cycles)",
    "latency_ns": "Latency (ns)",
    "ii_cycles": "Interval (cycles)",
    "number": "Trial",
}
SHORT = {
    "agreement": "Agreement",
    "relative_error": "Error vs float",
    "bram18": "BRAM",
    "latency_cycles": "Cycles",
    "latency_ns": "Latency, ns",
    "ii_cycles": "Interval",
}
"""Names for the heads of a table."""
ACCENT, MUTE, POINT = "var(--hx-accent)", "var(--hx-mute)", "var(--hx-point)"
WEIGHT, ACTIVATION, RANGE, LOST = "var(--hx-weight)", "var(--hx-activation)", "var(--hx-range)", "var(--hx-lost)"
PALE = [[0.0, "var(--hx-scale0)"], [1.0, "var(--hx-scale-pale)"]]
"""A scale on which the page's text colour can be read everywhere."""
SCALE = [[0.0, "var(--hx-scale0)"], [1.0, "var(--hx-scale1)"]]


PERCENT = ("accuracy", "agreement", "relative_error")
"""Metrics that are shown in percent, wherever they stand."""


def make_figure(traces: list[Any], **layout: Any) -> go.Figure:
    """Make a figure with the margins of all panels."""
    base: dict[str, Any] = {"margin": {"l": 56, "r": 14, "t": 10, "b": 44}, "showlegend": False, "hovermode": "closest"}
    return go.Figure(data=traces, layout={**base, **layout})


def empty_figure(text: str) -> go.Figure:
    """Make a figure that says why there is nothing to see yet."""
    note = {"text": plain(text), "showarrow": False, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    hidden = {"visible": False}
    return make_figure([], annotations=[{**note, "font": {"color": MUTE, "size": 13}}], xaxis=hidden, yaxis=hidden)


def row_bars(rows: Sequence[str], values: Sequence[float], colour: str, shape: str, **more: Any) -> go.Bar:
    """Make one bar of a group for each row of a figure, the first row on top; the pattern tells them without colours.

    Args:
        rows: Names of the rows.
        values: Length of each bar.
        colour: Colour of the bars.
        shape: Pattern on the bars, as plotly names it.
        **more: What else the trace has; lists begin with the last row.
    """
    pattern = {"shape": shape, "fgcolor": "var(--hx-panel)", "fillmode": "overlay", "size": 5}
    marker = {"color": colour, "pattern": pattern}
    return go.Bar(y=[plain(row) for row in rows][::-1], x=list(values)[::-1], orientation="h", marker=marker, **more)


def row_figure(traces: list[go.Bar], title: str, left_px: int, **legend: Any) -> go.Figure:
    """Make a figure of `row_bars` with a legend above."""
    return make_figure(
        traces,
        barmode="group",
        xaxis=axis(title),
        yaxis={"automargin": True, "type": "category"},  # layers may be called by numbers
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom", **legend},
        margin={"l": left_px, "r": 14, "t": 26, "b": 44},
    )


def figure_json(figure: go.Figure) -> str:
    """Return a figure as the JSON that a `PlotView` shows."""
    data = figure.to_plotly_json()
    data["layout"].pop("template", None)
    text: str = to_json_plotly(data)
    return text


def label_of(name: str) -> str:
    """Name of a figure for an axis; of one of several outputs with the output.

    Examples:
        >>> label_of("lut"), label_of("rmse_energy"), label_of("f1")
        ('LUT', 'RMSE of energy', 'f1')
    """
    return _named(name, LABELS)


def short_label_of(name: str) -> str:
    """Name of a figure for the head of a column."""
    return _named(name, {**LABELS, **SHORT})


def is_percent(name: str) -> bool:
    """Say whether a figure is shown in percent: a share, or one of several outputs' shares.

    Examples:
        >>> is_percent("accuracy"), is_percent("relative_error_energy"), is_percent("lut")
        (True, True, False)
    """
    return name in PERCENT or _base(name) in PERCENT


def tick_format(name: str, other: str = "") -> str:
    """How plotly prints a figure at an axis, by d3's rules; `other` where it is not in percent."""
    return ".6~p" if is_percent(name) else other


def _base(name: str) -> str | None:
    return next((base for base in METRICS if name.startswith(f"{base}_")), None)


def _named(name: str, labels: Mapping[str, str]) -> str:
    if name in labels:
        return labels[name]
    base = _base(name)
    return name if base is None else f"{labels[base]} of {name.removeprefix(f'{base}_')}"


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Describe an axis."""
    return {"title": {"text": plain(title)}, **more}


def plain(text: str) -> str:
    """Write a name so that plotly shows it as it is: plotly takes tags and entities in all its texts for markup.

    Examples:
        >>> plain("a<br>b & <b>c")
        'a&lt;br&gt;b &amp; &lt;b&gt;c'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def number_text(value: float) -> str:
    """Print a figure: counts with separators, shares with digits.

    Examples:
        >>> number_text(-121460.0), number_text(0.0427)
        ('-121,460', '0.0427')
    """
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.4g}"
