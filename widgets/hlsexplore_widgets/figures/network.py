"""The network graph as a figure: layers from top to bottom with types, cost and losses, branches beside each other."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import plotly.graph_objects as go

from hlsexplore_widgets.figures.base import ACCENT, LOST, MUTE, make_figure, plain
from hlsexplore_widgets.protocol import NetworkData, NetworkLive

WIDTH, HEIGHT = 210, 54
"""Size of a layer's box in pixels, as on the page."""
COLUMN, RANK, MARGIN = 240, 100, 20
"""From one box to the next beside it and below it, and around all of them, in pixels."""
MOST_LETTERS = 16
"""Letters of a name in a box."""
FOREGROUND = "var(--hx-fg)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A layer.

    Attributes:
        name: Its name.
        type: Its main type, or what it does.
        cost: What it costs.
        loss: What its casts lose.
        tip: All its types.
        share: Its part of the whole cost, 0 to 1.
        x: Its middle, pixels from the left end.
        rank: Layers on the longest way to it.
    """

    name: str
    type: str
    cost: str
    loss: str
    tip: str
    share: float
    x: float
    rank: int

    @property
    def title(self) -> str:
        """The name as far as there is room for it beside the cost."""
        return self.name if len(self.name) <= MOST_LETTERS else f"{self.name[: MOST_LETTERS - 1]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What one layer hands to another.

    Attributes:
        text: The type of the values.
        loss: What is lost of them.
        points: Its way past the layers between, x in pixels and ranks from end to end.
    """

    text: str
    loss: str
    points: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInfo:
    """What the figure shows."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def network_info(graph: NetworkData, live: NetworkLive) -> NetworkInfo:
    """Place the layers of a graph.

    Args:
        graph: Layers and edges, as `hlsexplore_widgets.network.graph_data` gives them.
        live: Types, costs and losses, as `network_data` gives them.
    """
    nodes = graph["nodes"]
    edges = graph["edges"]
    ranks = _ranks([node["name"] for node in nodes], edges)
    places = _places(ranks, edges)
    boxes = []
    for node in nodes:
        name, own = node["name"], live["layers"].get(node["name"])
        boxes.append(
            Box(
                name=name,
                type=(own and own["type"]) or f"{node['kind']} {node['shape']}",
                cost=own["cost"] if own else "",
                loss=own["loss"] if own else "",
                tip=f"{node['kind']} {node['shape']}\n{own['tip'] if own else ''}".strip(),
                share=own["share"] if own else 0.0,
                x=places[name, name, ranks[name]],
                rank=ranks[name],
            )
        )
    lines = []
    for start, end in edges:
        way = [(start, start, ranks[start]), *_passed(start, end, ranks), (end, end, ranks[end])]
        shown = live["edges"].get(start)
        points = tuple((places[place], place[2]) for place in way)
        lines.append(Edge(text=shown["type"] if shown else "", loss=shown["loss"] if shown else "", points=points))
    return NetworkInfo(boxes=tuple(boxes), edges=tuple(lines))


def network_figure(info: NetworkInfo) -> go.Figure:
    """Draw the graph; the layout has the width and height that it needs."""
    right = max((point[0] for edge in info.edges for point in edge.points), default=0)
    width = max([right, *(box.x for box in info.boxes)]) + WIDTH + 2 * MARGIN
    height = (max(box.rank for box in info.boxes) + 1) * RANK
    traces = [
        *(_line(edge) for edge in info.edges),
        _rectangles(
            [(box.x, box.rank, 0.0, WIDTH, -HEIGHT / 2, HEIGHT) for box in info.boxes], "var(--hx-panel)", MUTE
        ),
        _rectangles([(box.x, box.rank, 10.0, (WIDTH - 20) * box.share, 16, 4) for box in info.boxes], ACCENT, ACCENT),
        _texts(info.boxes, lambda box: box.title, -17, FOREGROUND, "<b>{}</b>"),
        _texts(info.boxes, lambda box: box.type, 1, MUTE),
        _texts(info.boxes, lambda box: box.cost, -17, FOREGROUND, is_left=False),
        _texts(info.boxes, lambda box: box.loss, 1, LOST, is_left=False),
        _edge_texts(info.edges),
    ]
    return make_figure(
        traces,
        width=width,
        height=height,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        xaxis={"visible": False, "range": [-WIDTH / 2 - MARGIN, width - WIDTH / 2 - MARGIN]},
        yaxis={"visible": False, "range": [height - RANK / 2, -RANK / 2]},
    )


def _ranks(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layers on the longest way to each; names come in an order in which no layer is before its inputs."""
    inputs = defaultdict(list)
    for start, end in edges:
        inputs[end].append(start)
    ranks: dict[str, int] = {}
    for name in names:
        ranks[name] = 1 + max((ranks[start] for start in inputs[name]), default=-1)
    return ranks


Place = tuple[str, str, int]
"""Where an edge from one layer to another passes a rank; for a layer itself it is from and to the layer."""


def _passed(start: str, end: str, ranks: Mapping[str, int]) -> list[Place]:
    return [(start, end, rank) for rank in range(ranks[start] + 1, ranks[end])]


def _places(ranks: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> dict[Place, float]:
    """The middle of each place, in pixels: below the mean of what leads to it, never nearer than `COLUMN`."""
    above: dict[Place, list[Place]] = {(name, name, rank): [] for name, rank in ranks.items()}
    for start, end in edges:
        before: Place = (start, start, ranks[start])
        for place in (*_passed(start, end, ranks), (end, end, ranks[end])):
            above.setdefault(place, []).append(before)
            before = place
    rows: dict[int, list[Place]] = defaultdict(list)
    for place in above:
        rows[place[2]].append(place)
    found: dict[Place, float] = {}
    for rank in sorted(rows):
        wish = {place: fmean([found[item] for item in above[place]] or [0.0]) for place in rows[rank]}
        row = sorted(rows[rank], key=wish.__getitem__)
        xs: list[float] = []
        for place in row:
            xs.append(wish[place] if not xs else max(wish[place], xs[-1] + COLUMN))
        shift = fmean(wish.values()) - fmean(xs)
        found |= {place: x + shift for place, x in zip(row, xs, strict=True)}
    left = min(found.values(), default=0.0)
    return {place: x - left for place, x in found.items()}


def _line(edge: Edge) -> go.Scatter:
    """An edge from the lower side of a box past other layers to the upper side of another."""
    xs: list[float] = []
    ys: list[float] = []
    for number, (x, rank) in enumerate(edge.points):
        ends = (rank * RANK - HEIGHT / 2, rank * RANK + HEIGHT / 2)
        own = ends[1:] if number == 0 else ends[:1] if number == len(edge.points) - 1 else ends
        xs += [x] * len(own)
        ys += own
    line = {"color": LOST if edge.loss else "var(--hx-point)", "width": 1.4, "dash": "dash" if edge.loss else "solid"}
    marker = {"symbol": "arrow", "angleref": "previous", "size": [0] * (len(xs) - 1) + [9], "color": "var(--hx-point)"}
    return go.Scatter(x=xs, y=ys, mode="lines+markers", line=line, marker=marker, hoverinfo="skip")


def _rectangles(boxes: Sequence[tuple[float, ...]], fill: str, edge: str) -> go.Scatter:
    """Rectangles: middle of the layer, its rank, then left, width, top and height in its box."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for x, rank, left, width, top, height in boxes:
        west, north = x - WIDTH / 2 + left, rank * RANK + top
        xs += [west, west + width, west + width, west, west, None]
        ys += [north, north, north + height, north + height, north, None]
    return go.Scatter(
        x=xs, y=ys, mode="lines", fill="toself", fillcolor=fill, line={"color": edge, "width": 1}, hoverinfo="skip"
    )


def _texts(
    boxes: Sequence[Box],
    words: Callable[[Box], str],
    down: float,
    colour: str,
    text: str = "{}",
    *,
    is_left: bool = True,
) -> go.Scatter:
    """A text in each box, at its left or right edge; under the pointer all types."""
    side = -(WIDTH / 2 - 10) if is_left else WIDTH / 2 - 10
    return go.Scatter(
        x=[box.x + side for box in boxes],
        y=[box.rank * RANK + down for box in boxes],
        text=[text.format(plain(words(box))) for box in boxes],
        mode="text",
        textposition="middle right" if is_left else "middle left",
        textfont={"color": colour, "size": 11},
        hovertext=[plain(f"{box.name}: {box.tip}").replace("\n", "<br>") for box in boxes],
        hoverinfo="text",
    )


def _edge_texts(edges: Sequence[Edge]) -> go.Scatter:
    """The type beside each edge, below where it begins."""
    return go.Scatter(
        x=[edge.points[0][0] + (edge.points[1][0] - edge.points[0][0]) / 2 + 4 for edge in edges],
        y=[edge.points[0][1] * RANK + RANK / 2 for edge in edges],
        text=[plain(" ".join(filter(None, (edge.text, edge.loss)))) for edge in edges],
        mode="text",
        textposition="middle right",
        textfont={"color": MUTE, "size": 10},
        hoverinfo="skip",
    )
