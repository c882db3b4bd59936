"""A training: the validation score of every epoch, beside float network, design before and design after."""

from dataclasses import dataclass

import plotly.graph_objects as go

from hlsexplore.compress import Epoch
from hlsexplore_widgets.figures.base import (
    ACCENT,
    LOST,
    MUTE,
    POINT,
    axis,
    empty_figure,
    is_percent,
    label_of,
    make_figure,
    tick_format,
)
from hlsexplore_widgets.figures.edges import figure_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What a training did to a design.

    Attributes:
        epochs: Its epochs so far, from the state before on.
        metric: Figure of merit of the lines.
        float_value: Of the float network on the evaluation samples; None where there are no labels.
        before: Of the design before.
        after: Of the design after, None while it runs.
    """

    epochs: tuple[Epoch, ...] = ()
    metric: str = ""
    float_value: float | None = None
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingInfo:
    """What the plot shows.

    Attributes:
        numbers: Epochs; 0 is the state before.
        scores: Validation score of each.
        lines: Name and value of each level of the evaluation samples.
        metric: What the levels are of.
    """

    numbers: tuple[int, ...]
    scores: tuple[float, ...]
    lines: tuple[tuple[str, float], ...]
    metric: str


def training_info(curve: Curve) -> TrainingInfo:
    """Describe a training; a validation score is an accuracy, or less the RMSE."""
    is_error = curve.metric.startswith("rmse")
    levels = (("float network", curve.float_value), ("before", curve.before), ("after", curve.after))
    return TrainingInfo(
        numbers=tuple(epoch.number for epoch in curve.epochs),
        scores=tuple(-epoch.score if is_error else epoch.score for epoch in curve.epochs),
        lines=tuple((name, value) for name, value in levels if value is not None),
        metric=curve.metric,
    )


def training_figure(info: TrainingInfo) -> go.Figure:
    """Draw the curve and the levels."""
    if not info.numbers:
        return empty_figure("No training yet.")
    traces = [
        go.Scatter(
            x=info.numbers,
            y=info.scores,
            mode="lines+markers",
            name="validation samples",
            line={"color": ACCENT, "width": 2},
            marker={"size": 4},
            hovertemplate=f"epoch %{{x}}: %{{y:{'.2%' if is_percent(info.metric) else '.4f'}}}<extra></extra>",
        )
    ]
    last = max(info.numbers[-1], 1)
    styles = {"float network": (MUTE, "dash"), "before": (LOST, "dot"), "after": (POINT, "solid")}
    for name, value in info.lines:
        colour, dash = styles[name]
        traces.append(
            go.Scatter(
                x=[0, last],
                y=[value, value],
                mode="lines",
                name=f"{name}: {figure_text(info.metric, value)}",
                line={"color": colour, "width": 2, "dash": dash},
                hovertemplate=f"{name}, evaluation samples: {figure_text(info.metric, value)}<extra></extra>",
            )
        )
    return make_figure(
        traces,
        xaxis=axis("epoch"),
        yaxis=axis(label_of(info.metric), tickformat=tick_format(info.metric)),
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom"},
        margin={"l": 56, "r": 14, "t": 26, "b": 44},
    )
