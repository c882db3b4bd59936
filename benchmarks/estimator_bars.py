"""The project's goals for estimates, each measured on the pairs that `estimator.py` makes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hlsexplore.estimate.kinds import MATRIX_OPS, RECURRENT_OPS

Entry = Mapping[str, Any]
GROUPS = {
    "single layers": lambda row: row.get("kind") == "wa_single_dense",
    "two layers": lambda row: row.get("kind") == "two_layer_no_weights",
    "projects, Vivado HLS": lambda row: row.get("kind") == "project" and row.get("tool") == "vivado_hls",
    "projects, Vitis HLS": lambda row: row.get("kind") == "project" and row.get("tool") == "vitis_hls",
}
ERRORS = {"median": 0.5, "p90": 0.9}
"""Quantile of each measure that is an error."""
NEAR_BLOCKS = 2
"""Block RAMs that an estimate may be off."""
LEAST_COVERAGE, SMALL_GROUP = 0.9, 10
"""Share of reports that 95 % intervals have to hold, and the number of designs from which a share can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure and how good its estimates have to be.

    Attributes:
        figure: Figure of the pairs.
        measure: `median` or `p90` (of the error in percent, ceilings), `exact` or `near` (shares, floors).
        limit: Ceiling or floor; single layers may have one of their own.
        single: Ceiling for single layers, or None.
        applies: Whether a row of the data counts.
        what: Rows that count, in words.
        split: Whether each group of designs has to reach it.
    """

    figure: str
    measure: str
    limit: float
    single: float | None = None
    applies: Callable[[Mapping[str, Any]], bool] = lambda row: True
    what: str = ""
    split: bool = True


def is_unrolled(row: Mapping[str, Any]) -> bool:
    """Whether every product of a design with known weights has multipliers of its own, and no element its own type.

    Projects whose description was not checked against their report do not count: their weights may be other ones.
    """
    layers = [layer for layer in row.get("layers") or [] if isinstance(layer, Mapping)]
    matrices = [layer for layer in layers if layer.get("op") in MATRIX_OPS | RECURRENT_OPS]
    return (
        bool(matrices)
        and (row.get("kind") != "project" or bool(row.get("config_verified")))
        and all(layer.get("reuse") in (None, 1) and layer.get("weights_key") for layer in matrices)
        and not any(layer.get("op") == "quantizer" for layer in layers)
    )


def is_resource(row: Mapping[str, Any]) -> bool:
    """Whether every product of a design has the resource strategy and shares multipliers."""
    layers = [layer for layer in row.get("layers") or [] if isinstance(layer, Mapping)]
    matrices = [layer for layer in layers if layer.get("op") in MATRIX_OPS | RECURRENT_OPS]
    return bool(matrices) and all(
        layer.get("strategy") == "resource" and (layer.get("reuse") or 1) > 1 for layer in matrices
    )


UNROLLED = "fully unrolled, weights known and checked, no quantizers of single elements"
GOALS = (
    Goal(figure="dsp", measure="median", limit=0.0, applies=is_unrolled, what=UNROLLED, split=False),
    Goal(figure="dsp", measure="exact", limit=0.95, applies=is_unrolled, what=UNROLLED, split=False),
    Goal(figure="lut", measure="median", limit=10.0, single=5.0),
    Goal(figure="ff", measure="median", limit=15.0),
    Goal(figure="latency_cycles", measure="median", limit=5.0),
    Goal(figure="latency_cycles", measure="p90", limit=45.0),
    Goal(figure="ii_cycles", measure="median", limit=3.0),
    Goal(figure="latency_cycles", measure="exact", limit=1.0, applies=is_resource, what="resource strategy"),
    Goal(figure="bram18", measure="near", limit=0.8, what="within 2 blocks"),
)


def bars_of(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Measure every goal.

    Returns:
        One row for each goal and group of designs: `case`, `n`, `value`, `goal` and `met` (0 or 1).
    """
    found = []
    for goal in GOALS:
        chosen = [
            item
            for item in entries
            if item["figure"] == goal.figure and item["estimate"] is not None and goal.applies(item["row"])
        ]
        groups = GROUPS if goal.split else {"all designs": lambda row: True}
        for name, belongs in groups.items():
            items = [item for item in chosen if belongs(item["row"])]
            if items:
                found.append(_row(goal, name, items))
    return found


def _row(goal: Goal, name: str, items: Sequence[Entry]) -> dict[str, Any]:
    truth = np.array([item["truth"] for item in items])
    value = np.array([item["estimate"] for item in items])
    limit = goal.single if goal.single is not None and name == "single layers" else goal.limit
    if goal.measure in ERRORS:
        errors = 100 * np.abs(value - truth) / np.maximum(np.abs(truth), 1.0)
        measured = float(np.quantile(errors, ERRORS[goal.measure]))
        met = measured <= limit if limit == 0 else measured < limit
    else:
        distance = 0.5 if goal.measure == "exact" else NEAR_BLOCKS + 0.5
        measured = float(np.mean(np.abs(value - truth) < distance))
        met = measured >= limit
    details = ", ".join(part for part in (name, goal.what) if part)
    return {
        "case": f"bar {goal.figure} {goal.measure}: {details}",
        "n": len(items),
        "value": round(measured, 3),
        "goal": limit,
        "met": int(met),
    }


def coverage_bars(rows: Sequence[Mapping[str, Any]], suffix: str) -> list[dict[str, Any]]:
    """Measure how many reports the 95 % intervals of each group of designs hold, by the figure that they hold least.

    Of fewer than ten designs no number is between 90 and 98 %: there the goal is all but one, and the row says so.

    Args:
        rows: Rows of the benchmark, one for each group of designs and figure.
        suffix: End of the cases that count.

    Returns:
        One row for each group, as `bars_of`; `n` are the designs with that figure.
    """
    least: dict[str, tuple[float, str, int]] = {}
    for row in rows:
        case = str(row["case"])
        if case.endswith(suffix) and row.get("covered95") is not None:
            first, second, figure, *rest = case.removesuffix(suffix).split()
            group = " ".join((first, second, *rest))
            found = (float(row["covered95"]), figure, int(row["n"]))
            least[group] = min(least.get(group, found), found)
    bars = []
    for group, (value, figure, count) in least.items():
        is_small = count < SMALL_GROUP
        goal = round(1 - 1 / count, 3) if is_small else LEAST_COVERAGE
        note = f", all but one: {count} designs are too few for {LEAST_COVERAGE:.0%}" if is_small else ""
        case = f"bar in95 least: {group}, {figure}{note}"
        bars.append({"case": case, "n": count, "value": value, "goal": goal, "met": int(value >= goal)})
    return bars


def bar_lines(bars: Sequence[Mapping[str, Any]]) -> list[str]:
    """Format bars as a Markdown table."""
    lines = ["| goal | designs | measured | goal | |", "|---|---:|---:|---:|---|"]
    for bar in bars:
        is_error = any(f" {name}: " in bar["case"] for name in ERRORS)
        sign, unit = ("<" if bar["goal"] else "=", " %") if is_error else ("at least", "")
        result = "met" if bar["met"] else "**missed**"
        case = str(bar["case"]).removeprefix("bar ")
        lines.append(f"| {case} | {bar['n']} | {bar['value']:g}{unit} | {sign} {bar['goal']:g}{unit} | {result} |")
    return lines
