"""Where a plot draws values that its axis has no place for: 0 on a logarithmic axis, and infinity on any."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore_widgets.figures.base import is_percent, number_text

GAP = 0.08
"""Distance of an edge from the nearest value that has a place, as a share of what the axis spans."""
MIN_DECADES = 1.0
"""A logarithmic axis spans at least so many powers of ten for that purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """The ends of an axis, beyond all values that have a place.

    Attributes:
        is_log: Whether the axis is logarithmic.
        low: Where what lies below every place is drawn: minus infinity, on a logarithmic axis 0 and what is negative.
        high: Where plus infinity is drawn.
        has_low: Whether any value is drawn at `low`.
        has_high: Whether any value is drawn at `high`.
    """

    is_log: bool
    low: float
    high: float
    has_low: bool
    has_high: bool

    def place(self, values: RealArray) -> RealArray:
        """Return where values are drawn; NaN has no place."""
        below = values <= 0 if self.is_log else np.isneginf(values)
        return np.where(below, self.low, np.where(np.isposinf(values), self.high, values))

    def outside(self, values: RealArray) -> NDArray[np.bool_]:
        """Say which values are drawn at an edge."""
        return np.asarray((self.place(values) != values) & ~np.isnan(values))


def axis_edges(values: RealArray, is_log: bool) -> Edges:
    """Find the edges of an axis.

    Args:
        values: All values that are drawn; NaN has no place and does not count.
        is_log: Whether the axis is logarithmic.

    Examples:
        >>> edges = axis_edges(np.array([0.0, 10.0, 1000.0]), is_log=True)
        >>> edges.place(np.array([0.0, 10.0])).round(2).tolist(), edges.has_low, edges.has_high
        ([6.92, 10.0], True, False)
    """
    inside = values[np.isfinite(values) & ((values > 0) | (not is_log))]
    low, high = (float(inside.min()), float(inside.max())) if len(inside) else (1.0, 1.0)
    if is_log:
        factor = 10 ** (GAP * max(np.log10(high / low), MIN_DECADES))
        low, high = low / factor, high * factor
    else:
        gap = GAP * (high - low or abs(high) or 1.0)
        low, high = low - gap, high + gap
    below = values <= 0 if is_log else np.isneginf(values)
    return Edges(is_log=is_log, low=low, high=high, has_low=bool(below.any()), has_high=bool(np.isposinf(values).any()))


def edge_marks(edges: Edges, letter: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return shapes and annotations that say what is drawn at the edges of an axis: a dotted line and its value.

    Args:
        edges: The edges.
        letter: `x` or `y`.
    """
    other = "y" if letter == "x" else "x"
    low = "≤ 0" if edges.is_log else "-∞"
    found = [(edges.low, low)] * edges.has_low + [(edges.high, "∞")] * edges.has_high
    colour = "var(--hx-mute)"
    line = {"type": "line", f"{letter}ref": letter, f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1}
    shapes = [
        {**line, f"{letter}0": at, f"{letter}1": at, "line": {"color": colour, "width": 1, "dash": "dot"}}
        for at, _ in found
    ]
    note = {f"{letter}ref": letter, f"{other}ref": "paper", "showarrow": False, "font": {"color": colour, "size": 11}}
    anchors = {
        "x": {"y": 1, "yanchor": "top", "xanchor": "left"},
        "y": {"x": 1, "xanchor": "right", "yanchor": "bottom"},
    }
    # plotly places annotations on a logarithmic axis by the exponent, and shapes by the value.
    notes = [
        {**note, **anchors[letter], letter: float(np.log10(at)) if edges.is_log else at, "text": text}
        for at, text in found
    ]
    return shapes, notes


def figure_text(name: str, value: float) -> str:
    """Print a figure the way the tiles do: shares in percent.

    Examples:
        >>> figure_text("accuracy", 0.7165), figure_text("relative_error", 0.00012), figure_text("lut", 1200.0)
        ('71.65 %', '0.012 %', '1,200')
    """
    if not is_percent(name) or not np.isfinite(value):
        return value_text(value)
    return f"{100 * value:,.2f} %" if abs(value) >= 1e-3 or not value else f"{100 * value:.3g} %"


def value_text(value: float) -> str:
    """Print a figure that may be infinite.

    Examples:
        >>> value_text(float("inf")), value_text(1200.0)
        ('∞', '1,200')
    """
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return number_text(value)
