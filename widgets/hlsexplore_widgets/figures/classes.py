"""How well each class is recognised: share of right decisions, and ROC, of the float network and a design."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.metrics import auc, decisions, wilson_interval
from hlsexplore.task import Goal, Task, TaskKind
from hlsexplore_widgets.figures.base import (
    ACCENT,
    ACTIVATION,
    LOST,
    MUTE,
    POINT,
    RANGE,
    axis,
    make_figure,
    plain,
    row_bars,
    row_figure,
)

COLOURS = (ACCENT, ACTIVATION, RANGE, LOST, POINT)
DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")
MAX_CURVES = 5
MAX_POINTS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassInfo:
    """What the plot shows.

    Attributes:
        names: Classes that have samples.
        counts: Samples of each.
        before: Share that the float network decides right, 0 to 1.
        after: Share that the design decides right.
        margins: Ends of the 95 % interval of `after`.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    margins: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """A receiver operating characteristic.

    Attributes:
        name: The class against all others.
        false_alarms: Share of the other samples above the threshold, rising.
        hits: Share of the class above it.
        area: Area under the curve.
    """

    name: str
    false_alarms: RealArray
    hits: RealArray
    area: float


def class_names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """Return names of the classes: those that were given if they are as many, else numbers."""
    return tuple(names) if names and len(names) == count else tuple(map(str, range(count)))


def num_classes(reference: RealArray, task: Task) -> int:
    """Return how many classes an output tells apart."""
    return int(reference.shape[-1]) if task.kind is TaskKind.MULTICLASS else 2


def class_info(goal: Goal, reference: RealArray, y: RealArray, names: Sequence[str] | None = None) -> ClassInfo:
    """Count right decisions by class.

    Args:
        goal: The output with its labels.
        reference: Outputs of the float network.
        y: Outputs of the design.
        names: Names of the classes.
    """
    labels = _labels(goal)
    before, after = (decisions(values, goal.task).ravel() == labels for values in (reference, y))
    every = class_names(names, num_classes(reference, goal.task))
    present = [index for index in range(len(every)) if (labels == index).any()]
    rows = [labels == index for index in present]
    intervals = [wilson_interval(float(after[row].sum()), int(row.sum())) for row in rows]
    return ClassInfo(
        names=tuple(every[index] for index in present),
        counts=tuple(int(row.sum()) for row in rows),
        before=tuple(float(before[row].mean()) for row in rows),
        after=tuple(float(after[row].mean()) for row in rows),
        margins=tuple((item.lower, item.upper) for item in intervals),
    )


def class_figure(info: ClassInfo) -> go.Figure:
    """Draw two bars for each class: the float network and the design, this one with its interval."""
    rows = [f"{name} ({count:,})" for name, count in zip(info.names, info.counts, strict=True)]
    ends = zip(info.after, info.margins, strict=True)
    error = [(100 * (high - value), 100 * (value - low)) for value, (low, high) in ends][::-1]
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [high for high, _ in error],
        "arrayminus": [low for _, low in error],
        "color": MUTE,
        "thickness": 1.2,
    }
    told = "%{y}: %{x:.2f} % right<extra>"
    traces = [
        row_bars(rows, [100 * value for value in info.after], ACCENT, "", name="fixed point", error_x=bars),
        row_bars(rows, [100 * value for value in info.before], POINT, "/", name="float network"),
    ]
    for trace in traces:
        trace.hovertemplate = f"{told}{trace.name}</extra>"
    return row_figure(traces, "decisions that are right, % of the samples of the class (95 % interval)", 90)


def roc_info(goal: Goal, values: RealArray, names: Sequence[str] | None = None) -> tuple[Curve, ...]:
    """Return the ROC of each class against the others; of binary outputs one, of many classes the least separable.

    Args:
        goal: The output with its labels.
        values: Outputs, shape (samples, ..., classes).
        names: Names of the classes.
    """
    labels = _labels(goal)
    if goal.task.kind is not TaskKind.MULTICLASS:
        return (_curve("yes", values.ravel(), labels == 1),)
    table = values.reshape(-1, values.shape[-1])
    every = class_names(names, table.shape[1])
    curves = [
        _curve(every[index], table[:, index], labels == index)
        for index in range(table.shape[1])
        if 0 < int((labels == index).sum()) < len(labels)
    ]
    return tuple(sorted(curves, key=lambda curve: curve.area)[:MAX_CURVES])


def roc_figure(before: Sequence[Curve], after: Sequence[Curve]) -> go.Figure:
    """Draw the design's curves over those of the float network, which are thin and dotted."""
    known = {curve.name: curve for curve in before}
    traces = []
    for curve, colour, dash in zip(after, COLOURS, DASHES, strict=False):
        other = known.get(curve.name)
        if other is not None:
            traces.append(
                _line(other, {"color": colour, "width": 1, "dash": "dot"}, f"float {plain(curve.name)}", False)
            )
        change = "" if other is None else f" ({curve.area - other.area:+.4f})"
        name = f"{plain(curve.name)}: AUC {curve.area:.4f}{change}"
        traces.append(_line(curve, {"color": colour, "width": 2, "dash": dash}, name, True))
    diagonal = {"type": "line", "x0": 0, "y0": 0, "x1": 1, "y1": 1, "line": {"color": MUTE, "width": 1, "dash": "dot"}}
    return make_figure(
        traces,
        xaxis=axis("false alarms (dotted thin: float network)", range=[0, 1]),
        yaxis=axis("hits", range=[0, 1.01]),
        shapes=[diagonal],
        showlegend=True,
        legend={"x": 0.98, "y": 0.04, "xanchor": "right", "yanchor": "bottom"},
    )


def _line(curve: Curve, line: dict[str, object], name: str, has_legend: bool) -> go.Scatter:
    return go.Scatter(x=curve.false_alarms, y=curve.hits, mode="lines", line=line, name=name, showlegend=has_legend)


def _curve(name: str, scores: RealArray, positive: NDArray[np.bool_]) -> Curve:
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], positive[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits, alarms = np.cumsum(right)[ends], np.cumsum(~right)[ends]
    rows = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MAX_POINTS)).astype(int))
    area = auc(scores[:, None], positive.astype(np.int64), Task(kind=TaskKind.BINARY))
    return Curve(
        name=name,
        false_alarms=np.concatenate([[0.0], alarms[rows] / max(1, alarms[-1])]),
        hits=np.concatenate([[0.0], hits[rows] / max(1, hits[-1])]),
        area=area,
    )


def _labels(goal: Goal) -> NDArray[np.int64]:
    return np.asarray(goal.labels).ravel().astype(np.int64)
