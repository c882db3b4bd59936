"""One sample from near: its inputs, and what the float network and the design answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hlsexplore.fixed import RealArray
from hlsexplore_widgets.figures.base import ACCENT, PALE, POINT, make_figure, plain

MAX_VALUES = 4096
"""Values of an input that are drawn; a longer one is thinned out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleInfo:
    """What the plot shows.

    Attributes:
        number: The sample.
        inputs: Its inputs by name: pictures of shape (rows, columns) and series of shape (values,).
        names: Names of the output's values.
        before: The float network's values.
        after: The design's values.
    """

    number: int
    inputs: Mapping[str, RealArray]
    names: tuple[str, ...]
    before: RealArray
    after: RealArray


def sample_info(
    number: int,
    inputs: Mapping[str, RealArray],
    before: RealArray,
    after: RealArray,
    names: Sequence[str] | None = None,
) -> SampleInfo:
    """Bring a sample into the form of the plot.

    Args:
        number: The sample.
        inputs: Its inputs by name, without the axis of samples.
        before: The float network's output for it.
        after: The design's output for it.
        names: Names of the output's values.
    """
    values = before.ravel()
    fit = names if names and len(names) == len(values) else [str(index) for index in range(len(values))]
    return SampleInfo(
        number=number,
        inputs={name: _flat(array) for name, array in inputs.items()},
        names=tuple(fit),
        before=values[:MAX_VALUES],
        after=after.ravel()[:MAX_VALUES],
    )


def sample_figure(info: SampleInfo) -> go.Figure:
    """Draw the inputs, each on its own, and beside them the outputs."""
    titles = [*map(plain, info.inputs), f"outputs of sample {info.number}"]
    base = make_subplots(rows=1, cols=len(titles), subplot_titles=titles, horizontal_spacing=0.09)
    for column, array in enumerate(info.inputs.values(), start=1):
        base.add_trace(_picture(array) if array.ndim == 2 else _series(array), row=1, col=column)
        if array.ndim == 2:
            base.update_yaxes(autorange="reversed", row=1, col=column)
    for values, name, colour, shape in ((info.before, "float", POINT, "/"), (info.after, "fixed point", ACCENT, "")):
        pattern = {"shape": shape, "fgcolor": "var(--hx-panel)", "fillmode": "overlay", "size": 5}
        marker = {"color": colour, "pattern": pattern}
        told = "%{x}: %{y:.5~g}<extra>" + name + "</extra>"
        trace = go.Bar(
            x=[plain(item) for item in info.names],
            y=values,
            name=name,
            marker=marker,
            hovertemplate=told,
            showlegend=True,
        )
        base.add_trace(trace, row=1, col=len(titles))
    base.update_xaxes(type="category", row=1, col=len(titles))
    layout = base.to_plotly_json()["layout"]
    layout.pop("template", None)
    found = make_figure(list(base.data), **layout)
    return found.update_layout(
        barmode="group",
        margin={"t": 34},
        showlegend=True,
        legend={"orientation": "h", "y": -0.12, "x": 1, "xanchor": "right"},
    )


def _flat(array: RealArray) -> RealArray:
    """Return a picture as (rows, columns), the mean over its channels, and anything else as a series."""
    squeezed = np.squeeze(array)
    if squeezed.ndim == 3:
        squeezed = squeezed.mean(axis=-1)
    if squeezed.ndim == 2 and min(squeezed.shape) > 1 and squeezed.size <= 16 * MAX_VALUES:
        return squeezed
    flat = np.ravel(array)
    return flat[:: max(1, -(-flat.size // MAX_VALUES))]


def _picture(array: RealArray) -> go.Heatmap:
    return go.Heatmap(z=array, colorscale=PALE, showscale=False, hovertemplate="%{y}, %{x}: %{z:.5~g}<extra></extra>")


def _series(array: RealArray) -> go.Bar:
    told = "value %{x}: %{y:.5~g}<extra></extra>"
    return go.Bar(x=np.arange(array.size), y=array, marker={"color": ACCENT}, hovertemplate=told, showlegend=False)
