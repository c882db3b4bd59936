"""How the values of a tensor are spread before and after its type."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore_widgets.figures.base import ACCENT, LOST, POINT, RANGE, axis, empty_figure, make_figure

BINS = 80


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HistogramInfo:
    """What the plot shows.

    Attributes:
        title: The tensor.
        type: Its type.
        edges: Ends of the bins, one more than there are bins.
        before: Values in each bin before the type.
        after: Values in each bin after it.
        num_distinct: Different values after it.
        num_out: Values before it that are out of its range.
        num_zeroed: Values that become 0.
        num_values: Values in all.
        elements: How the bits of single elements spread where these have types of their own, else empty.
    """

    title: str
    type: Fixed
    edges: RealArray
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    num_distinct: int
    num_out: int
    num_zeroed: int
    num_values: int
    elements: str = ""


def histogram_info(
    title: str, type_: Fixed, before: RealArray, after: RealArray, types: ElementTypes | None = None
) -> HistogramInfo:
    """Count values.

    Args:
        title: The tensor.
        type_: Its type.
        before: Values before the type.
        after: The same values after it.
        types: Types of single elements, whose ranges count then; the values have the shape (samples, *shape).
    """
    first, second = before.ravel(), after.ravel()
    low = float(min(first.min(initial=0.0), second.min(initial=0.0)))
    high = float(max(first.max(initial=0.0), second.max(initial=0.0)))
    if low == high:
        low, high = low - 1, high + 1
    edges = np.linspace(low, high, BINS + 1)
    return HistogramInfo(
        title=title,
        type=type_,
        edges=edges,
        before=np.histogram(first, edges)[0],
        after=np.histogram(second, edges)[0],
        num_distinct=len(np.unique(second)),
        num_out=_count_out(before, type_, types),
        num_zeroed=int(((first != 0) & (second == 0)).sum()),
        num_values=int(first.size),
        elements="" if types is None else str(types.spread(before.shape[1:])),
    )


def _count_out(before: RealArray, type_: Fixed, types: ElementTypes | None) -> int:
    """Count the values that lie beyond the type, or beyond the types of their elements."""
    if types is None:
        return int(((before < type_.low) | (before > type_.high)).sum())
    low, high, _ = types.limits(before.shape[1:])
    step = 2.0 ** -types.hull().fraction
    return int(((before < low.astype(float) * step) | (before > high.astype(float) * step)).sum())


def histogram_figure(info: HistogramInfo) -> go.Figure:
    """Draw both as steps over the range of the type."""
    if not info.num_values:
        return empty_figure(f"{info.title} has no values.")
    middles = (info.edges[:-1] + info.edges[1:]) / 2
    told = "about %{x:.4~g}: %{y:,} values<extra>"
    after = go.Bar(
        x=middles,
        y=info.after,
        width=float(info.edges[1] - info.edges[0]),
        name=f"after {info.type}",
        marker={"color": ACCENT, "opacity": 0.65},
        hovertemplate=f"{told}after</extra>",
    )
    before = go.Scatter(
        x=middles,
        y=info.before,
        mode="lines",
        name="before",
        line={"color": POINT, "width": 2, "shape": "hvh"},
        hovertemplate=f"{told}before</extra>",
    )
    span = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "fillcolor": RANGE, "opacity": 0.1, "line": {"width": 0}}
    low, high = max(info.type.low, info.edges[0]), min(info.type.high, info.edges[-1])
    ends = [
        {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": at, "x1": at, "line": {"color": LOST, "dash": "dot"}}
        for at in (info.type.low, info.type.high)
        if info.edges[0] < at < info.edges[-1]
    ]
    return make_figure(
        [after, before],
        xaxis=axis(f"value; {_lost(info)}"),
        yaxis=axis("values", type="log" if info.before.max(initial=1) > 1000 else "linear"),
        shapes=[{**span, "x0": low, "x1": high}, *ends],
        bargap=0,
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom"},
        margin={"l": 60, "r": 14, "t": 26, "b": 44},
    )


def _lost(info: HistogramInfo) -> str:
    parts = [f"{info.num_distinct:,} different values remain"]
    for count, words in ((info.num_out, "out of range"), (info.num_zeroed, "become 0")):
        if count:
            parts.append(f"{count:,} {words}")
    elements = f"; elements of {info.elements}" if info.elements else ""
    return f"{', '.join(parts)} of {info.num_values:,}{elements}"
