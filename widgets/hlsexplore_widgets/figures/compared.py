"""What each layer costs in some designs, side by side."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape

import plotly.graph_objects as go

from hlsexplore_widgets.figures.base import (
    ACCENT,
    ACTIVATION,
    LOST,
    RANGE,
    empty_figure,
    label_of,
    plain,
    row_bars,
    row_figure,
)

LOOKS = ((ACCENT, ""), (ACTIVATION, "/"), (RANGE, "."), (LOST, "x"))
MAX_ROWS = 24
"""More layers than this are shown by those in which the designs differ most."""
ROW_PX, BAR_PX, LEGEND_PX, GAP_PX, LETTER_PX, SIDES_PX = 24, 13, 70, 20, 8, 140
"""Sizes in a picture: a row of the table, a bar, legend and axis, the space between, a letter, both edges."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTable:
    """The table of a comparison in a picture.

    Attributes:
        rows: What is compared, and a text for each design; what differs begins with the sign for it.
    """

    rows: tuple[tuple[str, ...], ...]


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
            name=plain(name),
            hovertemplate=f"%{{y}}: %{{x:,.0f}} {label_of(info.figure)}<extra>{plain(name)}</extra>",
        )
        for (name, values), (colour, shape) in zip(info.designs, LOOKS, strict=False)
    ]
    return row_figure(traces[::-1], _cost_title(info), 110, traceorder="reversed")


def comparison_figure(table: ComparedTable, info: ComparedInfo) -> go.Figure:
    """Draw a comparison as one picture: the table above, what each layer costs below.

    Its layout has the width and height that it needs.
    """
    costs = compared_figure(info)
    table_px = ROW_PX * (len(table.rows) + 1) + 16
    bars_px = LEGEND_PX + BAR_PX * len(info.designs) * max(len(info.layers), 4)
    height = table_px + bars_px + GAP_PX
    heads = ("", *(plain(name) for name, _ in info.designs))
    columns = [list(column) for column in zip(*table.rows, strict=True)] if table.rows else [[] for _ in heads]
    widths = [_width(cells) for cells in zip(heads, *table.rows, strict=True)]
    line = {"color": "var(--hx-line)"}
    look = {"align": "left", "height": ROW_PX, "line": line}
    trace = go.Table(
        domain={"x": [0, 1], "y": [1 - table_px / height, 1]},
        columnwidth=widths,
        header={
            "values": [f"<b>{head}</b>" for head in heads],
            "fill": {"color": "var(--hx-bg)"},
            "font": {"color": "var(--hx-fg)", "size": 12},
            **look,
        },
        cells={
            "values": columns,
            "fill": {"color": "var(--hx-panel)"},
            "font": {"color": "var(--hx-fg)", "size": 11},
            **look,
        },
    )
    top = (bars_px - LEGEND_PX) / height
    layout = costs.to_plotly_json()["layout"] | {"width": sum(widths) + SIDES_PX, "height": height}
    layout["yaxis"] = {**layout.get("yaxis", {}), "domain": [0, top]}
    if "legend" in layout:
        layout["legend"] = {**layout["legend"], "y": top}
    for note in layout.get("annotations", ()):  # why there are no bars
        note["y"] = top / 2
    return go.Figure(data=[trace, *costs.data], layout=layout)


def _width(cells: Sequence[str]) -> int:
    """Width of a column whose texts must not wrap, in pixels: a wrapped row would push the last ones out of sight."""
    return 24 + LETTER_PX * max(len(re.sub(r"</?b>", "", unescape(cell))) for cell in cells)


def _cost_title(info: ComparedInfo) -> str:
    rest = f"; {info.num_left_out} layers that differ less are left out" if info.num_left_out else ""
    return f"{label_of(info.figure)} of each layer{rest}"
