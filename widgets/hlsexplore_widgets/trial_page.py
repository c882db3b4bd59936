"""A page of the table of trials: sorted, searched, as plain data for the browser."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.merit import COSTS
from hlsexplore.study.trial import Status
from hlsexplore_widgets.catalog import Catalog, summary
from hlsexplore_widgets.figures.base import is_percent, label_of, short_label_of
from hlsexplore_widgets.figures.edges import figure_text
from hlsexplore_widgets.protocol import PageData, TrialRow

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the user asked for.

    Attributes:
        sort: Figure that the trials are sorted by, or `number`.
        descending: Whether the largest comes first.
        offset: Rows before the first one that is shown.
        text: Words that a trial must contain; all trials when empty.
        columns: Figures that are shown; all that are known when empty.
    """

    sort: str = "number"
    descending: bool = True
    offset: int = 0
    text: str = ""
    columns: tuple[str, ...] = ()


def asked(query: Query, message: Mapping[str, Any]) -> Query:
    """Take over the changes of a browser's message."""
    changes: dict[str, Any] = {key: str(message[key]) for key in ("sort", "text") if key in message}
    if "descending" in message:
        changes["descending"] = bool(message["descending"])
    if isinstance(message.get("columns"), list):
        changes["columns"] = tuple(map(str, message["columns"]))
    if "offset" in message:
        changes["offset"] = max(0, int(message["offset"]))
    return replace(query, **changes)


def empty_page(query: Query) -> PageData:
    """Return the page of a study that does not exist yet."""
    return _data(query, 0, [], [], [])


def page_data(catalog: Catalog, query: Query, kept: NDArray[np.bool_] | None) -> PageData:
    """Return the rows of a page and what is needed to turn it.

    Args:
        catalog: The trials.
        query: What the user asked for.
        kept: Trials that the selection keeps; all when None.
    """
    columns, order = catalog.columns, ordered(catalog, query, kept)
    start = min(query.offset, max(0, len(order) - 1))
    seen = order[start : start + PAGE]
    shown = columns["number"][seen].astype(int).tolist()
    names = shown_names(catalog, query)
    trials = catalog.trials(seen)
    has_partial = any(trial.status is Status.PARTIAL for trial in trials)
    rows: list[TrialRow] = [
        {
            "id": number,
            "front": is_best,
            "cells": [
                str(number),
                *(cell_text(name, trial.metrics.get(name)) for name in names),
                *(["" if trial.samples is None else f"{trial.samples:,}"] if has_partial else []),
                catalog.source(number),
                summary(trial),
            ],
            "key": trial.design_key,
            "note": trial.note,
        }
        for number, is_best, trial in zip(shown, catalog.on_front(seen).tolist(), trials, strict=True)
    ]
    heads = [
        ("number", "trial"),
        *((name, short_label_of(name)) for name in names),
        *([("", "samples")] if has_partial else []),
        ("", "resources by"),
        ("", "types"),
    ]
    best_first = [name for name in names if catalog.direction(name) == "max"]
    every = [[name, short_label_of(name)] for name in catalog.known]
    data = _data(replace(query, offset=start), len(order), rows, heads, best_first)
    objectives = ", ".join(label_of(name.partition(":")[0]) for name in catalog.study.objectives)
    return {**data, "choices": every, "chosen": list(names), "objectives": objectives}


def shown_names(catalog: Catalog, query: Query) -> tuple[str, ...]:
    """Return the figures that have a column."""
    chosen = tuple(name for name in catalog.known if name in query.columns)
    return chosen or catalog.known


def ordered(catalog: Catalog, query: Query, kept: NDArray[np.bool_] | None) -> NDArray[np.intp]:
    """Return the rows of the trials that the user asked for, in the table's order; arguments as for `page_data`."""
    columns = catalog.columns
    order = np.arange(len(catalog)) if kept is None else np.flatnonzero(kept)
    text = query.text.strip().lower()
    if text:
        order = order[np.isin(columns["number"][order], _matching(catalog, text))]
    values = columns[query.sort if query.sort in columns else "number"][order].astype(np.float64)
    return order[np.argsort(-values if query.descending else values, kind="stable")]


def cell_text(name: str, value: float | None) -> str:
    """Print a figure for a cell: shares in percent as in the tiles, counts with separators.

    Examples:
        >>> cell_text("lut", None), cell_text("lut", 12345.0), cell_text("accuracy", 1.0), cell_text("rmse", 0.98765)
        ('', '12,345', '100.00 %', '0.9877')
    """
    if value is None:
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if is_percent(name):
        return figure_text(name, value)
    if name in COSTS or abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) >= 0.01 or not value else f"{value:.3g}"


def _matching(catalog: Catalog, text: str) -> list[int]:
    return [
        trial.number or 0
        for trial in catalog.details()
        if text in f"{trial.number} {trial.design_key} {summary(trial)} {trial.origin} {trial.note}".lower()
    ]


def _data(
    query: Query, total: int, rows: list[TrialRow], columns: list[tuple[str, str]], best_first: Sequence[str]
) -> PageData:
    return {
        "columns": [{"id": name, "label": label, "largest": name in best_first} for name, label in columns],
        "rows": rows,
        "sort": query.sort,
        "descending": query.descending,
        "offset": query.offset,
        "size": PAGE,
        "total": total,
        "choices": [],
        "chosen": [],
        "objectives": "",
    }
