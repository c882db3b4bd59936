"""A picture of the explorer that needs no kernel: for saved notebooks, GitHub, nbviewer, nbconvert and editors.

The widget's output is empty without a kernel. Beside it stands a second output of plain HTML and SVG, renewed as the
design changes, which the widget hides where it runs.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from hlsexplore.ops import tensor_keys
from hlsexplore.pareto import pareto_front
from hlsexplore_widgets.figures.base import label_of
from hlsexplore_widgets.figures.edges import figure_text
from hlsexplore_widgets.readout import shown_data
from hlsexplore_widgets.rows import TAGS, shares
from hlsexplore_widgets.state import ExplorerState

CLASS = "hx-static"
"""Class of the picture's outermost element, by which the widget finds it."""
MAX_LAYERS = 60
MAX_POINTS = 400
WIDTH, HEIGHT, EDGE = 560, 260, 46
_CELL = "padding:2px 10px;border-bottom:1px solid rgba(128,128,128,.35);text-align:left"


def snapshot_html(state: ExplorerState, title: str, note: str = "") -> str:
    """Return the page of the present design as HTML with inline SVG, a few kilobytes.

    Args:
        state: The explorer's state.
        title: Heading.
        note: Shown beside the heading.
    """
    shown = shown_data(state, title, note)
    parts = [
        f'<div class="{CLASS}" style="font-family:sans-serif;font-size:13px;max-width:900px">',
        f"<h3>{escape(str(shown['title']))}</h3><p>{escape(str(shown['subtitle']))}</p>",
        _tiles(shown["tiles"]),
        _front(state),
        _layers(state),
        "<p><i>This is a picture of the explorer. Run the cell to explore.</i></p></div>",
    ]
    return "".join(parts)


def snapshot_text(state: ExplorerState, title: str) -> str:
    """Return the figures of the present design in one line, for terminals and editors without HTML."""
    return f"{title}: {', '.join(f'{label} {value}' for label, value in _cells(shown_data(state, title)['tiles']))}"


def _tiles(tiles: Sequence[Mapping[str, Any]]) -> str:
    cells = _cells(tiles)
    heads = "".join(f'<th style="{_CELL}">{escape(label)}</th>' for label, _ in cells)
    values = "".join(f'<td style="{_CELL}"><b>{escape(value)}</b></td>' for _, value in cells)
    return f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{values}</tr></tbody></table>"


def _cells(tiles: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Name and value of each tile."""
    values = (" ".join(str(item.get(key, "")) for key in ("value", "unit")).strip() or "…" for item in tiles)
    return [(str(item["label"]), value) for item, value in zip(tiles, values, strict=True)]


def _layers(state: ExplorerState) -> str:
    """Return a table of types and reuse, the layers that have some."""
    design, graph = state.design, state.graph
    share = shares(state.live.best)
    rows = []
    for node in graph:
        keys = tensor_keys(node.op)
        if not keys:
            continue
        config = design.layers[node.name]
        types = ", ".join(f"{TAGS.get(key, (key,))[0]} {config.types[key]}" for key in keys)
        part = share.get(node.name, {}).get("lut")
        cells = (node.name, node.kind, types, config.reuse, "" if part is None else f"{100 * part:.0f} %")
        rows.append("".join(f'<td style="{_CELL}">{escape(str(cell))}</td>' for cell in cells))
    left = len(rows) - MAX_LAYERS
    heads = "".join(f'<th style="{_CELL}">{head}</th>' for head in ("layer", "op", "types", "reuse", "LUT"))
    body = "".join(f"<tr>{row}</tr>" for row in rows[:MAX_LAYERS])
    more = f"<p>and {left} further layers</p>" if left > 0 else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"


def _front(state: ExplorerState) -> str:
    """Return the trials as points over LUT, with their front, as SVG; nothing without trials."""
    catalog = state.catalog
    if catalog is None or not len(catalog):
        return ""
    name = catalog.names[0]
    columns = catalog.columns
    x, y = np.asarray(columns["lut"], dtype=np.float64), np.asarray(columns[name], dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y) & np.asarray(columns["is_ok"], dtype=bool)
    x, y = x[known], y[known]
    if not x.size:
        return ""
    front = pareto_front(np.stack([x, y], axis=1), ("min", catalog.directions.get(name, "max")))
    order = np.flatnonzero(front)[np.argsort(x[front], kind="stable")]
    every = max(1, -(-x.size // MAX_POINTS))
    level = state.live.floats.get(name)
    of_float = [] if level is None or not np.isfinite(level) else [level]
    to_x, to_y = _scale(x, EDGE, WIDTH - 12), _scale(np.append(y, of_float), HEIGHT - EDGE, 12)
    reference = "".join(_reference(float(place)) for place in to_y[y.size :])
    dots = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>'
        for a, b in zip(to_x[::every], to_y[: y.size : every], strict=True)
    )
    line = " ".join(f"{to_x[i]:.1f},{to_y[i]:.1f}" for i in order)
    marks = "".join(f'<circle cx="{to_x[i]:.1f}" cy="{to_y[i]:.1f}" r="3.5"/>' for i in order)
    texts = (
        _text(EDGE, HEIGHT - 28, f"{x.min():,.0f}", "start"),
        _text(WIDTH - 12, HEIGHT - 28, f"{x.max():,.0f} LUT", "end"),
        _text(EDGE - 4, HEIGHT - EDGE, figure_text(name, min([float(y.min()), *of_float])), "end"),
        _text(EDGE - 4, 18, figure_text(name, max([float(y.max()), *of_float])), "end"),
        _text(EDGE, HEIGHT - 8, f"{label_of(name)} over LUT: {x.size:,} trials, {len(order)} on the front", "start"),
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(label_of(name))} over LUT">'
        f'{reference}<g fill="#888" fill-opacity=".55">{dots}</g>'
        f'<polyline points="{line}" fill="none" stroke="#c77700"/>'
        f'<g fill="#c77700">{marks}</g><g font-size="11" fill="#888">{"".join(texts)}</g></svg>'
    )


def _reference(y: float) -> str:
    """Draw where the float network is."""
    return (
        f'<line x1="{EDGE}" x2="{WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}" stroke="#888" stroke-dasharray="5 4"/>'
        f'<text x="{WIDTH - 12}" y="{y + 12:.1f}" text-anchor="end" font-size="11" fill="#888">float network</text>'
    )


def _scale(values: Any, start: float, end: float) -> Any:
    low, high = float(values.min()), float(values.max())
    return start + (values - low) * ((end - start) / ((high - low) or 1.0))


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


class Snapshot:
    """The second output of a cell that shows an explorer; renewed in place. Mutable, for the picture changes."""

    def __init__(self, state: ExplorerState, title: str, note: str) -> None:
        """Keep what is shown; nothing is displayed yet."""
        self._state, self._title, self._note = state, title, note
        self._handle: Any = None
        self._shown = ""

    def display(self) -> None:
        """Display the picture as an output of the present cell."""
        self._shown = snapshot_html(self._state, self._title, self._note)
        self._handle = displayed(self._bundle(self._shown), raw=True, display_id=True)

    def renew(self) -> None:
        """Bring the picture up to date, if it is displayed and anything changed."""
        if self._handle is None:
            return
        text = snapshot_html(self._state, self._title, self._note)
        if text != self._shown:
            self._shown = text
            self._handle.update(self._bundle(text), raw=True)

    def _bundle(self, html: str) -> dict[str, str]:
        return {"text/html": html, "text/plain": snapshot_text(self._state, self._title)}


def displayed(*items: Any, **options: Any) -> Any:
    """Display something as an output of the present cell, by IPython's own function."""
    from IPython import display as ipython

    show: Any = ipython.display
    return show(*items, **options)
