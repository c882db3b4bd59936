"""Designs side by side: figures with intervals, what differs in types and knobs, and what each layer costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hlsexplore.design import Design
from hlsexplore.layer_config import knobs
from hlsexplore.merit import Measure
from hlsexplore.ops import tensor_keys
from hlsexplore.report import Report
from hlsexplore_widgets.figures.base import PERCENT, label_of, plain
from hlsexplore_widgets.known import source_of
from hlsexplore_widgets.protocol import ComparisonData
from hlsexplore_widgets.readout import RESOURCES, interval
from hlsexplore_widgets.rows import TAGS
from hlsexplore_widgets.scoring import Score, Scores
from hlsexplore_widgets.table import Table

COSTS = (*RESOURCES, ("latency_cycles_max", "Latency, cycles"))
FIGURES = (*COSTS, ("ii_cycles", "Interval, cycles"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A design of a comparison with its figures.

    Attributes:
        name: What the user knows it by.
        design: The design.
        scores: Figures of merit by name.
        report: Resources and timing as the tiles show them, or None.
        reports: What tools reported about it.
    """

    name: str
    design: Design
    scores: Scores
    report: Report | None
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a comparison.

    Attributes:
        section: `figures`, `target`, `types` or `cost`.
        label: What is compared.
        cells: One text for each design.
        is_different: Whether the designs differ in it.
        best: Indices of the designs that are best in it; empty where no more is better than another.
    """

    section: str
    label: str
    cells: tuple[str, ...]
    is_different: bool
    best: tuple[int, ...] = ()


def compare(
    items: Sequence[Compared], judged: Sequence[Measure], cost: str = "lut", floats: Mapping[str, float] | None = None
) -> tuple[Row, ...]:
    """Return the lines of a comparison.

    Args:
        items: The designs, of one network.
        judged: The figures of merit that it is judged by.
        cost: Figure of `COSTS` that is shown layer by layer.
        floats: Figures of the float network, which stand beside the names.
    """
    if not items:
        return ()
    known = floats or {}
    scores = [
        _score_row(measure, [item.scores.get(measure.name) for item in items], known.get(measure.name))
        for measure in judged
    ]
    figures = [_figure_row(key, label, items) for key, label in FIGURES]
    targets = [item.design.target for item in items]
    target = [
        _row("target", name, [str(getattr(item, name)) for item in targets])
        for name in ("part", "clock_ns", "io", "tool")
    ]
    return (*scores, *figures, *target, *_types(items), *_costs(items, cost))


def comparison_table(items: Sequence[Compared], rows: Sequence[Row]) -> Table:
    """Return a comparison as a table."""
    heads = ("section", "", *(item.name for item in items), "differs")
    return Table(
        columns=heads,
        rows=tuple((row.section, row.label, *row.cells, "yes" if row.is_different else "") for row in rows),
    )


def pictured_rows(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """Return the lines of a comparison for a picture: all figures, and what else differs but the costs, drawn there.

    What differs begins with its sign, and what is best is bold with a tick, as on the page.
    """
    shown = [row for row in rows if row.section == "figures" or (row.is_different and row.section != "cost")]
    return tuple(
        (
            plain(f"≠ {row.label}" if row.is_different else row.label),
            *(f"<b>{plain(cell)} ✓</b>" if at in row.best else plain(cell) for at, cell in enumerate(row.cells)),
        )
        for row in shown
    )


def layer_costs(items: Sequence[Compared], cost: str) -> dict[str, tuple[float | None, ...]]:
    """Return what each layer costs in each design; layers that cost nothing anywhere are left out."""
    graph = items[0].design.graph
    found = {node.name: tuple(_of_layer(item.report, node.name, cost) for item in items) for node in graph}
    return {name: values for name, values in found.items() if any(values)}


def _of_layer(report: Report | None, name: str, cost: str) -> float | None:
    figures = None if report is None else report.layers.get(name)
    value: float | None = None if figures is None else getattr(figures, cost)
    return value


def _row(section: str, label: str, cells: Sequence[str], best: tuple[int, ...] = ()) -> Row:
    different = len(set(cells)) > 1
    return Row(section=section, label=label, cells=tuple(cells), is_different=different, best=best if different else ())


def _score_row(measure: Measure, scores: Sequence[Score | None], of_float: float | None) -> Row:
    scale, unit = (100.0, " %") if measure.metric.name in PERCENT else (1.0, "")
    label = label_of(measure.name)
    if of_float is not None and not measure.metric.is_against_float:
        label += f" (float {scale * of_float:,.2f}{unit})" if unit else f" (float {of_float:,.4g})"
    cells = [_score_text(item, scale, unit) for item in scores]
    values = [None if item is None else item.value for item in scores]
    return _row("figures", label, cells, _best(values, measure.metric.is_maximized))


def _score_text(score: Score | None, scale: float, unit: str) -> str:
    if score is None:
        return "–"
    value = f"{scale * score.value:,.2f}{unit}" if unit else f"{score.value:,.4g}"
    if score.lower is None or score.upper is None:
        return value
    low, high = (f"{scale * end:,.2f}" if unit else f"{end:,.4g}" for end in (score.lower, score.upper))
    return f"{value} ({low} – {high})"


def _figure_row(key: str, label: str, items: Sequence[Compared]) -> Row:
    values: list[float | None] = [None if item.report is None else getattr(item.report.total, key) for item in items]
    cells = [_figure_text(value, key, item) for value, item in zip(values, items, strict=True)]
    return _row("figures", label, cells, _best(values, is_maximized=False))


def _figure_text(value: float | None, key: str, item: Compared) -> str:
    if value is None or item.report is None:
        return "–"
    ends = interval(item.report, key)
    low, high = ("", "") if ends is None else (f"{ends[1]:,.0f}", f"{ends[2]:,.0f}")
    source = source_of(key, item.report, item.reports)
    told = [f"({low} – {high})"] if low != high else []
    return " ".join([f"{value:,.0f}", *told, *([source] if source else [])])


def _best(values: Sequence[float | None], is_maximized: bool) -> tuple[int, ...]:
    known = [value for value in values if value is not None]
    if not known:
        return ()
    top = max(known) if is_maximized else min(known)
    return tuple(index for index, value in enumerate(values) if value == top)


def _types(items: Sequence[Compared]) -> list[Row]:
    """Types of every tensor and knobs of every layer."""
    rows = []
    for node in items[0].design.graph:
        configs = [item.design.layers[node.name] for item in items]
        for key in tensor_keys(node.op):
            label = f"{node.name} {TAGS[key][1] if key in TAGS else key}"
            rows.append(_row("types", label, [str(config.types[key]) for config in configs]))
        for knob in knobs(node):
            rows.append(_row("types", f"{node.name} {knob}", [str(getattr(config, knob)) for config in configs]))
    return rows


def _costs(items: Sequence[Compared], cost: str) -> list[Row]:
    return [
        _row("cost", name, ["–" if value is None else f"{value:,.0f}" for value in values], _best(values, False))
        for name, values in layer_costs(items, cost).items()
    ]


def comparison_data(items: Sequence[Compared], rows: Sequence[Row], cost: str) -> ComparisonData:
    """Return a comparison as plain data for the browser.

    Args:
        items: The designs.
        rows: Lines of the comparison.
        cost: Figure that is shown layer by layer.
    """
    titles = {
        "figures": "Figures",
        "target": "Target",
        "types": "Types and knobs",
        "cost": f"{dict(COSTS)[cost]} by layer",
    }
    return {
        "designs": [{"name": item.name, "key": item.design.key} for item in items],
        "sections": [
            {
                "title": title,
                "rows": [
                    {"label": row.label, "cells": list(row.cells), "differs": row.is_different, "best": list(row.best)}
                    for row in rows
                    if row.section == section
                ],
            }
            for section, title in titles.items()
        ],
    }
