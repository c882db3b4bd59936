"""What each layer costs in some designs, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from hlsexplore_widgets.figures.base import (
    ACCENT,
    ACTIVATION,
    LOST,
    RANGE,
    empty_figure,
    label_of,
    row_bars,
    row_figure,
)

LOOKS = ((ACCENT, ""), (ACTIVATION, "/"), (RANGE, "."), (LOST, "x"))
MAX_ROWS = 24
"""More layers than this are shown by those in which the designs differ most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedInfo:
    """What the plot shows.

    Attributes:
        figure: The cost.
        layers: Layers, in the graph's order.
        designs: Name of each design and what its layers cost; what is not known is 0.
        num_left_out: Layers that are not shown.
    """

    figure: str
    layers: tuple[str, ...]
    designs: tuple[tuple[str, tuple[float, ...]], ...]
    num_left_out: int = 0


def compared_info(figure: str, costs: Mapping[str, Sequence[float | None]], names: Sequence[str]) -> ComparedInfo:
    """Choose the layers.

    Args:
        figure: The cost.
        costs: Layer -> cost in each design.
        names: Names of the designs.
    """
    values = {layer: tuple(float(value or 0) for value in row) for layer, row in costs.items()}
    spread = sorted(values, key=lambda layer: (max(values[layer]) - min(values[layer]), max(values[layer])))
    kept = set(spread[-MAX_ROWS:])
    layers = tuple(layer for layer in values if layer in kept)
    designs = tuple((name, tuple(values[layer][index] for layer in layers)) for index, name in enumerate(names))
    return ComparedInfo(figure=figure, layers=layers, designs=designs, num_left_out=len(values) - len(layers))


def compared_figure(info: ComparedInfo) -> go.Figure:
    """Draw a group of bars for each layer, a bar for each design."""
    if not info.layers:
        return empty_figure(f"No layer uses {label_of(info.figure)}.")
    traces = [
        row_bars(
            info.layers,
            values,
            colour,
            shape,
            name=name,
            hovertemplate=f"%{{y}}: %{{x:,.0f}} {label_of(info.figure)}<extra>{name}</extra>",
        )
        for (name, values), (colour, shape) in zip(info.designs, LOOKS, strict=False)
    ]
    rest = f"; {info.num_left_out} layers that differ less are left out" if info.num_left_out else ""
    return row_figure(traces[::-1], f"{label_of(info.figure)} of each layer{rest}", 110, traceorder="reversed")
