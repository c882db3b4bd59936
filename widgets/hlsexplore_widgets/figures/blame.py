"""Which type costs the accuracy, and why."""

from dataclasses import dataclass

import plotly.graph_objects as go

from hlsexplore.emulate import BlameList
from hlsexplore_widgets.figures.base import ACCENT, ACTIVATION, empty_figure, number_text, row_bars, row_figure

MAX_BARS = 12
NEGLIGIBLE = 1e-3
"""Share of the dearest tensor's cost below which a cost is not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlameInfo:
    """What the plot shows.

    Attributes:
        names: `layer.key`, the dearest first.
        costs: What relieving this tensor alone would bring back, in hundredths of a loss.
        alone: What this type alone loses against the float network, in hundredths of a loss.
        reasons: Why, a sentence each.
        num_free: Tensors whose types cost next to nothing, which are left out.
        lost: What the design loses against the float network, in hundredths of a loss.
        metric: What the score is.
        unit: What a hundredth of a loss is.
    """

    names: tuple[str, ...]
    costs: tuple[float, ...]
    alone: tuple[float, ...]
    reasons: tuple[str, ...]
    num_free: int
    lost: float
    metric: str
    unit: str


def blame_info(found: BlameList) -> BlameInfo:
    """Choose the tensors that cost something."""
    least = NEGLIGIBLE * max((max(item.cost, item.alone) for item in found.tensors), default=0.0)
    dear = [item for item in found.tensors if max(item.cost, item.alone) > max(least, 0.0)]
    shown = dear[:MAX_BARS]
    return BlameInfo(
        names=tuple(f"{item.layer}.{item.key}" for item in shown),
        costs=tuple(100 * item.cost for item in shown),
        alone=tuple(100 * item.alone for item in shown),
        reasons=tuple(item.reason for item in shown),
        num_free=len(found.tensors) - len(dear),
        lost=100 * found.loss,
        metric=found.metric,
        unit=found.unit,
    )


def blame_figure(info: BlameInfo) -> go.Figure:
    """Draw two bars for each tensor: what relieving it brings back, and what it alone costs."""
    if not info.names:
        return empty_figure(f"No type of this design costs any {info.metric}.")
    traces = [
        row_bars(
            info.names,
            values,
            colour,
            shape,
            name=name,
            hovertext=list(info.reasons)[::-1],
            hovertemplate=f"%{{y}}: %{{x:.3~g}} {info.unit}<br>%{{hovertext}}<extra></extra>",
        )
        for name, values, colour, shape in (
            ("brought back by relieving it", info.costs, ACCENT, ""),
            ("lost by it alone", info.alone, ACTIVATION, "/"),
        )
    ]
    title = f"{info.unit}; the design loses {number_text(info.lost)}, {info.num_free} types cost next to nothing"
    return row_figure(traces, title, left_px=120)
