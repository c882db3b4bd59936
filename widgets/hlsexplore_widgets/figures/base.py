"""What all figures share."""

from typing import Any

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

LABELS = {
    "accuracy": "Accuracy",
    "agreement": "Agreement with float",
    "auc": "AUC",
    "rmse": "RMSE",
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


def make_figure(traces: list[Any], **layout: Any) -> go.Figure:
    """Make a figure with the margins of all panels."""
    base: dict[str, Any] = {"margin": {"l": 56, "r": 14, "t": 10, "b": 44}, "showlegend": False, "hovermode": "closest"}
    return go.Figure(data=traces, layout={**base, **layout})


def empty_figure(text: str) -> go.Figure:
    """Make a figure that says why there is nothing to see yet."""
    note = {"text": text, "showarrow": False, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    hidden = {"visible": False}
    return make_figure([], annotations=[{**note, "font": {"color": MUTE, "size": 13}}], xaxis=hidden, yaxis=hidden)


def figure_json(figure: go.Figure) -> str:
    """Return a figure as the JSON that a `PlotView` shows."""
    data = figure.to_plotly_json()
    data["layout"].pop("template", None)
    text: str = to_json_plotly(data)
    return text


def label_of(name: str) -> str:
    """Name of a figure for an axis."""
    return LABELS.get(name, name)


def short_label_of(name: str) -> str:
    """Name of a figure for the head of a column."""
    return SHORT.get(name, label_of(name))


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Describe an axis."""
    return {"title": {"text": title}, **more}


def number_text(value: float) -> str:
    """Print a figure: counts with separators, shares with digits.

    Examples:
        >>> number_text(-121460.0), number_text(0.0427)
        ('-121,460', '0.0427')
    """
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.4g}"
