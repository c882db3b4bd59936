"""How far the fixed-point network's values are from the float network's: for outputs that are wanted as values."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.metrics import spread
from hlsexplore_widgets.figures.base import ACCENT, MUTE, axis, make_figure, number_text

MAX_POINTS = 3000
"""More points than this only hide each other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValueInfo:
    """What the plot shows.

    Attributes:
        values: Values of the float network, evenly chosen ones where there are very many.
        errors: What the design adds to each of them.
        samples: The sample that each belongs to.
        rms: Root of the mean squared error, over all values.
        spread: Spread of the float network's values.
        worst: Samples with the largest errors, the worst first.
    """

    values: RealArray
    errors: RealArray
    samples: NDArray[np.int64]
    rms: float
    spread: float
    worst: NDArray[np.int64]


def value_info(reference: RealArray, y: RealArray) -> ValueInfo:
    """Compare values.

    Args:
        reference: Outputs of the float network, shape (samples, ...).
        y: Outputs of the design, the same shape.
    """
    errors = y - reference
    count, size = len(errors), errors[0].size
    flat = errors.reshape(count, size)
    chosen = np.unique(np.linspace(0, count * size - 1, min(count * size, MAX_POINTS)).astype(np.int64))
    return ValueInfo(
        values=reference.reshape(-1)[chosen],
        errors=errors.reshape(-1)[chosen],
        samples=chosen // size,
        rms=float(np.sqrt(np.mean(np.square(errors)))),
        spread=spread(reference),
        worst=np.argsort(-np.abs(flat).max(axis=1), kind="stable"),
    )


def value_figure(info: ValueInfo) -> go.Figure:
    """Draw the error of each value against the value: saturation is a slope, wrapping a jump, rounding a band."""
    trace = go.Scattergl(
        x=info.values,
        y=info.errors,
        mode="markers",
        marker={"size": 5, "opacity": 0.5, "color": ACCENT},
        text=info.samples,
        hovertemplate="sample %{text}<br>float %{x:.5~g}<br>error %{y:.4~g}<extra></extra>",
    )
    share = 100 * info.rms / info.spread
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": 0, "y1": 0}
    return make_figure(
        [trace],
        shapes=[{**line, "line": {"color": MUTE, "width": 1, "dash": "dot"}}],
        xaxis=axis(f"float value; the error is {number_text(info.rms)} (rms), {share:.3g} % of the spread"),
        yaxis=axis("fixed-point value less float value"),
    )
