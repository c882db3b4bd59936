"""The small controls above the plots of trials, as plain data for the browser."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.figures.base import label_of
from hlsexplore_widgets.figures.parallel import ParallelInfo
from hlsexplore_widgets.protocol import ButtonItem, InputItem, Item, SelectItem
from hlsexplore_widgets.selection import Selection, kept


def pareto_controls(catalog: Catalog, axes: Mapping[str, Any], y: str) -> list[Item]:
    """Return axes, scales, colour and steps along the front.

    Args:
        catalog: The trials.
        axes: What is chosen: `x`, `colour`, `log_x`, `log_y`.
        y: Figure on the y axis.
    """
    names = [[name, label_of(name)] for name in catalog.known]
    colours = [["", "none"], ["number", "order"], *names]
    return [
        _select("y", "y", names, y),
        {"id": "log_y", "kind": "check", "label": "log", "title": "log y", "value": axes["log_y"]},
        _select("x", "x", names, axes["x"]),
        {"id": "log_x", "kind": "check", "label": "log", "title": "log x", "value": axes["log_x"]},
        _select("colour", "colour", colours, axes["colour"]),
        _button("previous", "‹ front", "Load the previous design on the front", edits=True),
        _button("next", "front ›", "Load the next design on the front", edits=True),
        _button("front", "Compare front", "Put designs spread over the front side by side"),
    ]


def where_controls(catalog: Catalog, text: str, mask: NDArray[np.bool_] | None) -> list[Item]:
    """Return the conditions that trials must meet, and how many do.

    Args:
        catalog: The trials.
        text: The conditions as the user wrote them.
        mask: Trials that are kept; all when None.
    """
    count = len(catalog) if mask is None else int(mask.sum())
    hint = "such as lut < 50000, accuracy > 0.9, fits"
    field: InputItem = {"id": "where", "kind": "input", "label": "only", "value": text, "size": 22, "hint": hint}
    said = f"{count:,} of {len(catalog):,} trials" if mask is not None else ""
    return [field, {"id": "where_count", "kind": "text", "label": said, "short": True}]


def line_controls(catalog: Catalog, info: ParallelInfo | None, selection: Selection) -> list[Item]:
    """Return the axes of parallel coordinates, and what happens to the brushed trials.

    Args:
        catalog: The trials.
        info: What is drawn.
        selection: What is brushed and put aside.
    """
    mask = kept(selection, catalog)
    count = len(catalog) if mask is None else int(mask.sum())
    names = [] if info is None else list(info.names)
    choices = () if info is None else info.choices
    axes = [[name, name.replace(".", " ") if "." in name else label_of(name)] for name in choices]
    rest = not selection.ranges
    word = "selected" if selection.ranges else "kept"
    text = f"{count:,} of {len(catalog):,} {word}; drag along an axis to select a range"
    return [
        {"id": "axes", "kind": "checks", "label": "Axes", "values": axes, "value": names},
        _button("keep", "Keep", "Keep only the brushed trials", disabled=rest),
        _button("exclude", "Exclude", "Put the brushed trials aside", disabled=rest),
        _button("restore", "Restore", "Show all trials again", disabled=selection.is_everything),
        {"id": "count", "kind": "text", "label": text},
    ]


def _select(name: str, label: str, values: list[list[str]], value: str) -> SelectItem:
    return {"id": name, "kind": "select", "label": label, "values": values, "value": value}


def _button(name: str, label: str, title: str, edits: bool = False, disabled: bool = False) -> ButtonItem:
    return {"id": name, "kind": "button", "label": label, "title": title, "edits": edits, "disabled": disabled}
