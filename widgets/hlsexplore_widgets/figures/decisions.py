"""What the fixed-point network decides where the float network decides something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.metrics import decisions, task_of
from hlsexplore.task import Task, TaskKind
from hlsexplore_widgets.figures.base import PALE, axis, empty_figure, make_figure, plain

MAX_CLASSES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionInfo:
    """What the plot shows.

    Attributes:
        names: Classes.
        counts: Samples, float decision or label by row, fixed decision by column.
        flipped: The sample of each decision that differs, those with the clearest float decision first.
        num_decisions: Decisions in all; several of each sample where the task has several.
        against: What stands in the rows: decisions of the `float` network, or the `label`.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    flipped: NDArray[np.int64]
    num_decisions: int
    against: str = "float"


def decision_info(
    reference: RealArray,
    y: RealArray,
    names: Sequence[str] | None = None,
    task: Task | None = None,
    labels: NDArray[Any] | None = None,
) -> DecisionInfo:
    """Compare decisions.

    Args:
        reference: Outputs of the float network, shape (samples, ..., classes).
        y: Outputs of the design, the same shape.
        names: Names of the classes.
        task: What the output is for; one of several classes when None.
        labels: What is right, as class numbers, to compare with in place of the float network's decisions.
    """
    chosen = task_of(reference, task)
    before, after = decisions(reference, chosen).ravel(), decisions(y, chosen).ravel()
    truth = before if labels is None else np.asarray(labels).ravel().astype(np.int64)
    is_multiclass = chosen.kind is TaskKind.MULTICLASS
    count = reference.shape[-1] if is_multiclass else 2
    counts = np.zeros((count, count), dtype=np.int64)
    np.add.at(counts, (truth, after), 1)
    if is_multiclass:
        top = np.sort(reference.reshape(len(before), -1), axis=1)
        clearness = top[:, -1] - top[:, -2]
    else:
        clearness = np.abs(reference.ravel() - chosen.threshold)
    flipped = np.flatnonzero(before != after)
    plain = tuple(map(str, range(count))) if is_multiclass else ("no", "yes")
    order = flipped[np.argsort(-clearness[flipped], kind="stable")]
    return DecisionInfo(
        names=tuple(names) if names and len(names) == count else plain,
        counts=counts,
        flipped=order // max(len(before) // len(reference), 1),
        num_decisions=len(before),
        against="float" if labels is None else "label",
    )


def decision_figure(info: DecisionInfo) -> go.Figure:
    """Draw the confusion matrix of float against fixed; the colour shows what flips, the numbers show all."""
    count = len(info.names)
    if count > MAX_CLASSES:
        return empty_figure(f"{len(info.flipped):,} of {info.num_decisions:,} decisions flip ({count} classes).")
    off = info.counts.astype(np.float64)
    np.fill_diagonal(off, 0.0)
    rows = np.maximum(info.counts.sum(axis=1, keepdims=True), 1)
    names = [plain(name) for name in info.names]
    trace = go.Heatmap(
        x=names,
        y=names,
        z=100 * off / rows,
        customdata=[[f"{row}:{column}" for column in range(count)] for row in range(count)],
        text=info.counts,
        texttemplate="%{text:,}" if count <= 16 else "",
        colorscale=PALE,
        zmin=0.0,
        zmax=max(1.0, float((100 * off / rows).max())),
        textfont={"color": "var(--hx-fg)", "size": 13},
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate=info.against + " %{y}, fixed %{x}: %{text:,} samples, %{z:.2f} % of the row<extra></extra>",
    )
    kind = {"type": "category"}
    return make_figure(
        [trace],
        xaxis=axis(f"fixed-point decision; {_remark(info)}", **kind),
        yaxis=axis("label" if info.against == "label" else "float decision", autorange="reversed", **kind),
    )


def _remark(info: DecisionInfo) -> str:
    if info.against == "label":
        right = int(np.trace(info.counts))
        return f"{right:,} of {info.num_decisions:,} are right ({100 * right / max(1, info.num_decisions):.2f} %)"
    share = 100 * len(info.flipped) / max(1, info.num_decisions)
    return f"{len(info.flipped):,} of {info.num_decisions:,} flip ({share:.2f} %)"
