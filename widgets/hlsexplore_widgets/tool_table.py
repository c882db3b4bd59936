"""One design as three tools would report it, as plain data for the browser."""

from collections.abc import Sequence

from hlsexplore.estimate import ToolEstimate
from hlsexplore.estimate.compare import MEASURED_TEXT
from hlsexplore.report import Report
from hlsexplore_widgets.protocol import ToolCell, ToolTable

FIGURES = (
    ("lut", "LUT"),
    ("ff", "FF"),
    ("dsp", "DSP"),
    ("bram18", "BRAM 18k"),
    ("latency_cycles_max", "Latency, cycles"),
    ("ii_cycles", "Interval (II)"),
)
LEVEL = 80


def tool_table(found: Sequence[ToolEstimate]) -> ToolTable:
    """Describe the table: a row for each tool with its figures and their intervals, and what they rest on.

    Args:
        found: The design as each tool would report it.
    """
    notes = dict.fromkeys(note for item in found for note in item.report.notes)
    return {
        "columns": [label for _, label in FIGURES],
        "rows": [{"name": item.name, "cells": _cells(item.report)} for item in found],
        "notes": list(notes),
        "text": MEASURED_TEXT,
    }


def _cells(report: Report) -> list[ToolCell]:
    bounds = next((item for item in report.bounds if item.level == LEVEL), None)
    cells: list[ToolCell] = []
    for key, _ in FIGURES:
        value = getattr(report.total, key)
        ends = () if bounds is None else tuple(getattr(side, key) for side in (bounds.lower, bounds.upper))
        has_range = None not in (value, *ends) and len(set(ends)) > 1
        cells.append(
            {
                "value": "unknown" if value is None else f"{value:,.0f}",
                "range": " to ".join(f"{end:,.0f}" for end in ends) if has_range else "",
            }
        )
    return cells
