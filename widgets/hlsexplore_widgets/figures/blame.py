"""Which type costs the accuracy, and why."""

from dataclasses import dataclass

import plotly.graph_objects as go

from hlsexplore.emulate import BlameList
from hlsexplore_widgets.figures.base import ACCENT, ACTIVATION, empty_figure, row_bars, row_figure

MAX_BARS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BlameInfo:
    """What the plot shows.

    Attributes:
        names: `layer.key`, the dearest first.
        costs: Score that relieving this tensor alone would bring back, in points of 0.01.
        alone: Score that this type alone loses against the float network, in points of 0.01.
        reasons: Why, a sentence each.
        num_free: Tensors whose types cost nothing, which are left out.
        lost: Score that the design loses against the float network, in points of 0.01.
        metric: What the score is.
    """

    names: tuple[str, ...]
    costs: tuple[float, ...]
    alone: tuple[float, ...]
    reasons: tuple[str, ...]
    num_free: int
    lost: float
    metric: str


def blame_info(found: BlameList) -> BlameInfo:
    """Choose the tensors that cost something."""
    dear = [item for item in found.tensors if item.cost > 0 or item.alone > 0]
    shown = dear[:MAX_BARS]
    return BlameInfo(
        names=tuple(f"{item.layer}.{item.key}" for item in shown),
        costs=tuple(100 * item.cost for item in shown),
        alone=tuple(100 * item.alone for item in shown),
        reasons=tuple(item.reason for item in shown),
        num_free=len(found.tensors) - len(dear),
        lost=100 * (found.best - found.score),
        metric=found.metric,
    )


def blame_figure(info: BlameInfo) -> go.Figure:
    """Draw two bars for each tensor: what relieving it brings back, and what it alone costs."""
    if not info.names:
        return empty_figure(f"No type of this design costs {info.metric}.")
    traces = [
        row_bars(
            info.names,
            values,
            colour,
            shape,
            name=name,
            hovertext=list(info.reasons)[::-1],
            hovertemplate="%{y}: %{x:.2f} points<br>%{hovertext}<extra></extra>",
        )
        for name, values, colour, shape in (
            ("brought back by relieving it", info.costs, ACCENT, ""),
            ("lost by it alone", info.alone, ACTIVATION, "/"),
        )
    ]
    title = f"points of {info.metric}; the design loses {info.lost:.2f}, {info.num_free} types cost nothing"
    return row_figure(traces, title, left_px=120)
