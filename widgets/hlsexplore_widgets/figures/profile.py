"""Boxes of log2 magnitudes over what each type can represent, for notebooks."""

from collections.abc import Sequence

import plotly.graph_objects as go

from hlsexplore.emulate import ProfileBox
from hlsexplore_widgets.figures.base import plain

RANGE_COLOUR, WEIGHT_COLOUR, VALUE_COLOUR, LOST_COLOUR = "#d9dee6", "#4269d0", "#3ca951", "#d0312d"
MIN_EXPONENT = -24.0
"""Magnitudes below this are not shown."""


def profile_figure(boxes: Sequence[ProfileBox]) -> go.Figure:
    """Draw a grey bar for the range of each type and a box for the values; red where values are out of range.

    Args:
        boxes: Boxes of a design, as `hlsexplore.emulate.profile` makes them.
    """
    names = [plain(f"{box.layer} {box.key}") for box in boxes]
    low = [max(float(box.type_low), MIN_EXPONENT) for box in boxes]
    bars = go.Bar(
        y=names,
        base=low,
        x=[max(box.type_high - start, 0.0) for box, start in zip(boxes, low, strict=True)],
        orientation="h",
        marker_color=RANGE_COLOUR,
        hovertext=[plain(_told(box)) for box in boxes],
        hoverinfo="text",
        name="representable",
    )
    shown = [
        go.Box(
            y=[name],
            q1=[max(box.box_low, MIN_EXPONENT)],
            median=[max(box.median, MIN_EXPONENT)],
            q3=[max(box.box_high, MIN_EXPONENT)],
            lowerfence=[max(box.whisker_low, MIN_EXPONENT)],
            upperfence=[box.high],
            orientation="h",
            marker_color=_colour(box),
            showlegend=False,
            name=name,
        )
        for name, box in zip(names, boxes, strict=True)
    ]
    layout = {
        "height": 80 + 26 * len(boxes),
        "margin": {"l": 150, "r": 20, "t": 30, "b": 45},
        "xaxis": {"title": {"text": "log2 of abs(value)"}},
        "yaxis": {"autorange": "reversed"},
        "showlegend": False,
        "template": "plotly_white",
    }
    return go.Figure(data=[bars, *shown], layout=layout)


def _told(box: ProfileBox) -> str:
    """Say what a type holds, and how the bits of its elements spread where each has a type of its own."""
    elements = "" if box.spread is None else f"; {box.spread.num_elements:,} elements of {box.spread}"
    return f"{box.type}: 2^{box.type_low} to 2^{box.type_high}{elements}"


def _colour(box: ProfileBox) -> str:
    if box.share_out > 0:
        return LOST_COLOUR
    return WEIGHT_COLOUR if "weight" in box.key or "bias" in box.key else VALUE_COLOUR
