"""Which type costs the accuracy, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from hlsexplore.emulate import BlameList
from hlsexplore_widgets.figures.base import (
    ACCENT,
    ACTIVATION,
    MUTE,
    empty_figure,
    number_text,
    plain,
    row_bars,
    row_figure,
)

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
        num_samples: Samples that were looked at.
        cost_margins: Half of the 95 % interval of each cost; None where samples are too few.
        alone_margins: The same of what each type alone loses.
    """

    names: tuple[str, ...]
    costs: tuple[float, ...]
    alone: tuple[float, ...]
    reasons: tuple[str, ...]
    num_free: int
    lost: float
    metric: str
    unit: str
    num_samples: int
    cost_margins: tuple[float | None, ...]
    alone_margins: tuple[float | None, ...]


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
        num_samples=found.num_samples,
        cost_margins=tuple(_hundredths(item.cost_margin) for item in shown),
        alone_margins=tuple(_hundredths(item.alone_margin) for item in shown),
    )


def _hundredths(margin: float | None) -> float | None:
    return None if margin is None else 100 * margin


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
            hovertext=[plain(reason) for reason in info.reasons][::-1],
            hovertemplate=f"%{{y}}: %{{x:.3~g}} {info.unit}<br>%{{hovertext}}<extra></extra>",
            error_x=_intervals(margins),
        )
        for name, values, margins, colour, shape in (
            ("brought back by relieving it", info.costs, info.cost_margins, ACCENT, ""),
            ("lost by it alone", info.alone, info.alone_margins, ACTIVATION, "/"),
        )
    ]
    figure = row_figure(traces, _title(info), left_px=120)
    return figure.update_xaxes(exponentformat="none")


def _intervals(margins: Sequence[float | None]) -> dict[str, Any]:
    """Describe the intervals of the bars, the last row first."""
    array = [0.0 if margin is None else margin for margin in margins][::-1]
    return {"type": "data", "array": array, "visible": any(array), "color": MUTE, "thickness": 1.2, "width": 3}


def _title(info: BlameInfo) -> str:
    verb = "loses" if info.lost >= 0 else "gains"
    some = f"95 % intervals of {info.num_samples:,} samples" if any(info.cost_margins) else ""
    if not some:
        some = f"{info.num_samples:,} samples, too few for intervals"
    free = f"{info.num_free} types cost next to nothing"
    return f"{info.unit}; the design {verb} {number_text(abs(info.lost))}; {free}; {some}"
