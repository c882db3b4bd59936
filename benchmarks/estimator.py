"""Estimates against measured synthesis reports: `python benchmarks/estimator.py FOLDER [--fit] [--json]`.

FOLDER holds `designs.jsonl` and `weights.npz`, optionally `modules.jsonl`: hls4ml projects as they were synthesised,
with the tool's figures as labels. Without `--fit` the coefficients that the package ships are evaluated. With `--fit`
they are fitted again, leaving one repository out at a time, and each repository is estimated by a fit that never saw
it; the same holds for the intervals. `--write` then stores the fit to everything, `--plots DIR` draws predicted against
reported figures.

One row for each kind of design, tool and figure. Errors are absolute percentage errors; a report of 0 counts as 1. Rows
named `bar` measure the project's goals.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from estimator_bars import bar_lines, bars_of
from machine import machine, versions

import hlsexplore
from hlsexplore.errors import HlsExploreError
from hlsexplore.estimate.coefficients import Coefficients, read_coefficients, shipped
from hlsexplore.estimate.estimator import estimate_record
from hlsexplore.estimate.fitting import Sample, fit, linearise
from hlsexplore.estimate.intervals import Spreads, class_of, shipped_spreads, spreads_from
from hlsexplore.estimate.logic import after_synthesis
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.rows import design_of_row
from hlsexplore.report import Report

FIGURES = {
    "lut": "lut",
    "ff": "ff",
    "dsp": "dsp",
    "bram18": "bram18",
    "latency_cycles": "latency_max",
    "latency_cycles_min": "latency_min",
    "ii_cycles": "ii_max",
}
"""Figure -> key of the row's `hls` labels."""
REPORT_KEYS = {"latency_cycles": "latency_cycles_max"}
LOGIC = ("lut", "ff", "dsp", "bram18")

PRIOR = Path(__file__).parent / "estimator_prior.toml"
UNREADABLE = (HlsExploreError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError)

RULE4ML: dict[str, Any] = {
    "published": "R2 0.8 to 0.98, SMAPE 10 to 30 %; on wa-hls4ml R2 BRAM .71, DSP .18, FF .55, LUT .64, cycles .79",
    "measured on 23 project MLPs": {"dsp": 51, "lut": 57, "ff": 121, "latency_cycles": 643},
}
"""rule4ml 0.2.0, the best public estimator, which sees no weights: median absolute errors in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row with its record and estimate."""

    row: Mapping[str, Any]
    design: DesignRecord
    report: Report | None


def load(folder: Path) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]], dict[str, Any]]:
    """Read rows, modules and weights of a folder; broken lines are skipped with a note."""
    rows = _lines(folder / "designs.jsonl")
    modules = _lines(folder / "modules.jsonl") if (folder / "modules.jsonl").exists() else []
    with np.load(folder / "weights.npz", allow_pickle=False) as archive:
        weights = {key: archive[key] for key in archive.files}
    return rows, modules, weights


def _lines(path: Path) -> list[Mapping[str, Any]]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            print(f"{path.name}:{number}: not JSON, skipped", file=sys.stderr)
    return found


def evaluate(
    rows: Sequence[Mapping[str, Any]], designs: Sequence[DesignRecord], table: Coefficients, spreads: Spreads
) -> list[Case]:
    """Estimate every row; one that fails is unknown."""
    cases = []
    for row, design in zip(rows, designs, strict=True):
        try:
            report: Report | None = estimate_record(design, table, spreads)
        except UNREADABLE as error:
            print(f"{row.get('id')}: {error}", file=sys.stderr)
            report = None
        cases.append(Case(row=row, design=design, report=report))
    return cases


def pairs(cases: Sequence[Case], level: str = "hls") -> list[dict[str, Any]]:
    """Pair figures with labels: one entry for each row and figure."""
    found = []
    for case in cases:
        labels = case.row.get("hls") or {}
        report, names = case.report, dict(FIGURES)
        if level == "logic":
            labels = _logic_labels(case.row)
            report, names = (
                after_synthesis(report, case.design.io) if report is not None else None,
                {key: key for key in LOGIC},
            )
        for figure, label in names.items():
            truth = labels.get(label)
            if truth is None:
                continue
            key = REPORT_KEYS.get(figure, figure)
            entry = {"figure": figure, "truth": float(truth), "row": case.row, "class": class_of(case.design)}
            entry["estimate"] = None if report is None else getattr(report.total, key)
            if report is not None:
                for bounds in report.bounds:
                    low, high = getattr(bounds.lower, key), getattr(bounds.upper, key)
                    entry[f"in{bounds.level}"] = None if low is None else low - 0.5 <= truth <= high + 0.5
            found.append(entry)
    return found


def _logic_labels(row: Mapping[str, Any]) -> dict[str, Any]:
    post = row.get("post") or {}
    tile = post.get("bram_tile")
    return {**post, "bram18": None if tile is None else 2 * tile}


def table_of(entries: Sequence[Mapping[str, Any]], suffix: str = "") -> list[dict[str, Any]]:
    """Summarise pairs: a row for each kind x tool x figure."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for entry in entries:
        row = entry["row"]
        groups.setdefault((str(row.get("kind")), str(row.get("tool")), entry["figure"]), []).append(entry)
    rows = []
    for (kind, tool, figure), items in sorted(groups.items()):
        known = [item for item in items if item["estimate"] is not None]
        summary: dict[str, Any] = {
            "case": f"{kind} {tool} {figure}{suffix}",
            "n": len(known),
            "unknown": len(items) - len(known),
        }
        if known:
            truth = np.array([item["truth"] for item in known])
            value = np.array([item["estimate"] for item in known])
            error = 100 * np.abs(value - truth) / np.maximum(np.abs(truth), 1.0)
            summary |= {
                "median_ape": round(float(np.median(error)), 2),
                "p90_ape": round(float(np.quantile(error, 0.9)), 2),
                "exact_share": round(float(np.mean(np.abs(value - truth) < 0.5)), 3),
                "covered80": _share(known, "in80"),
                "covered95": _share(known, "in95"),
            }
        rows.append(summary)
    return rows


def _share(items: Sequence[Mapping[str, Any]], key: str) -> float | None:
    flags = [item[key] for item in items if item.get(key) is not None]
    return round(float(np.mean(flags)), 3) if flags else None


def is_trusted(row: Mapping[str, Any]) -> bool:
    """Whether a row's configuration was checked against its report; others are evaluated, not learned from."""
    return row.get("kind") != "project" or bool(row.get("config_verified"))


def samples_of(
    rows: Sequence[Mapping[str, Any]], designs: Sequence[DesignRecord], modules: Sequence[Mapping[str, Any]]
) -> list[Sample]:
    """Collect what a fit learns from: trusted designs without per-element quantizers, and their modules."""
    found = []
    by_id = {}
    for row, design in zip(rows, designs, strict=True):
        if not is_trusted(row) or class_of(design) == "quantizers":
            continue
        by_id[row["id"]] = (row, design)
        truth = {key: float(row["hls"][key]) for key in ("lut", "ff") if row["hls"].get(key) is not None}
        found.append(Sample(design=design, layer=None, truth=truth, repository=str(row.get("repo"))))
    for module in modules:
        row, design = by_id.get(module.get("design"), (None, None))
        names = [layer.name for layer in design.layers] if design is not None else []
        if module.get("rank") != 0 or module.get("layer") not in names or row is None:
            continue
        truth = {key: float(module["hls"][key]) for key in ("lut", "ff") if module["hls"].get(key) is not None}
        found.append(
            Sample(design=design, layer=names.index(module["layer"]), truth=truth, repository=str(row.get("repo")))
        )
    return found


def left_out(
    rows: Sequence[Mapping[str, Any]], designs: Sequence[DesignRecord], modules: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Coefficients, Spreads]:
    """Leave one repository out at a time.

    Returns:
        Pairs and logic pairs in which every row was estimated without its repository, the fit to all, its intervals.
    """
    samples = samples_of(rows, designs, modules)
    print(f"fitting to {len(samples)} designs and modules", file=sys.stderr)
    lines = linearise(samples, read_coefficients(PRIOR))
    repositories = np.array([sample.repository for sample in samples])
    names = sorted({str(row.get("repo")) for row in rows})
    raw: list[Case] = []
    for name in names:
        chosen = [index for index, row in enumerate(rows) if str(row.get("repo")) == name]
        table = fit(samples, lines, repositories != name)
        raw += evaluate([rows[i] for i in chosen], [designs[i] for i in chosen], table, {})
    residuals = [item for item in pairs(raw) if is_trusted(item["row"])]
    covered: list[dict[str, Any]] = []
    logic: list[dict[str, Any]] = []
    for name in names:
        spreads = spreads_from(_residuals([item for item in residuals if str(item["row"].get("repo")) != name]))
        again = [replace(case, report=_bounded(case, spreads)) for case in raw if str(case.row.get("repo")) == name]
        covered += pairs(again)
        logic += pairs(again, "logic")
    everything = fit(samples, lines, np.ones(len(samples), dtype=bool))
    return covered, logic, everything, spreads_from(_residuals(residuals))


def _bounded(case: Case, spreads: Spreads) -> Report | None:
    from hlsexplore.estimate.intervals import bounds_of

    if case.report is None:
        return None
    return replace(case.report, bounds=bounds_of(case.report.total, class_of(case.design), spreads))


def _residuals(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, float, float]]:
    """(class, figure, repository, estimate, report) of known pairs."""
    return [
        (
            item["class"],
            REPORT_KEYS.get(item["figure"], item["figure"]),
            str(item["row"].get("repo")),
            item["estimate"],
            item["truth"],
        )
        for item in entries
        if item["estimate"] is not None
    ]


def speed() -> dict[str, Any]:
    """Time one jet-tagger design and a sweep of 100,000 on one core."""
    from hlsexplore.estimate.sweep import Choice, estimate_columns

    design = _jet_tagger()
    hlsexplore.estimate(design)
    start = time.process_time()
    repeats = 50
    for index in range(repeats):
        hlsexplore.estimate(design.with_layer("fc1", reuse=(1, 2)[index % 2]))
    one = (time.process_time() - start) / repeats
    choices = [
        Choice(layer=f"fc{index}", key="weight", values=tuple(f"fixed<{bits},3>" for bits in range(6, 15)))
        for index in range(4)
    ]
    choices += [Choice(layer=f"fc{index}", key="reuse", values=(1, 2, 4, 8)) for index in range(4)]
    choices += [
        Choice(layer=f"relu{index}", key="result", values=("fixed<16,6>", "fixed<12,5>", "fixed<8,4>"))
        for index in range(3)
    ]
    rng = np.random.default_rng(0)
    picks = np.stack([rng.integers(0, len(choice.values), 100_000) for choice in choices], axis=1)
    start = time.process_time()
    estimate_columns(design, choices, picks)
    seconds = time.process_time() - start
    return {
        "case": "speed",
        "one_ms": round(1e3 * one, 3),
        "designs_per_s": round(100_000 / seconds),
        "sweep_100000_s": round(seconds, 2),
    }


def _jet_tagger() -> hlsexplore.Design:
    from hlsexplore.graph import Graph, Node
    from hlsexplore.ops import Activation, Dense, Function, Input, Softmax

    rng, sizes = np.random.default_rng(0), (16, 64, 32, 32, 5)
    nodes = [Node(name="x", op=Input(), inputs=(), shape=(16,))]
    for index, (n_in, n_out) in enumerate(pairwise(sizes)):
        op = Dense(kernel=rng.normal(0, (2 / (n_in + n_out)) ** 0.5, (n_in, n_out)), bias=rng.normal(0, 0.1, n_out))
        nodes.append(Node(name=f"fc{index}", op=op, inputs=(nodes[-1].name,), shape=(n_out,)))
        last = index == len(sizes) - 2
        act = Softmax() if last else Activation(function=Function.RELU)
        nodes.append(Node(name="softmax" if last else f"relu{index}", op=act, inputs=(nodes[-1].name,), shape=(n_out,)))
    return hlsexplore.Design.default(Graph(name="jets", nodes=tuple(nodes), outputs=("softmax",)))


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table."""
    print(f"{'case':58} {'n':>4} {'?':>3} {'median':>8} {'p90':>8} {'exact':>6} {'in80':>6} {'in95':>6}")
    for row in rows:
        if "median_ape" in row:
            cells = [f"{row['median_ape']:8.1f}", f"{row['p90_ape']:8.1f}", f"{row['exact_share']:6.2f}"]
            cells += ["     -" if row[key] is None else f"{row[key]:6.2f}" for key in ("covered80", "covered95")]
            print(f"{row['case']:58} {row['n']:4d} {row['unknown']:3d} {' '.join(cells)}")
        elif "met" in row:
            print(
                f"{row['case']:88} {row['n']:4d} {row['value']:8g} {row['goal']:6g} {'met' if row['met'] else 'MISSED'}"
            )
        elif "one_ms" in row:
            print(f"speed: {row['one_ms']} ms a design, {row['designs_per_s']:,} designs a second in a sweep")
        else:
            print(f"{row['case']:58} {row['n']:4d} {row['unknown']:3d}")
    print(f"rule4ml 0.2.0, median absolute error in percent on project MLPs: {RULE4ML['measured on 23 project MLPs']}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", action="store_true", help="fit again, leaving one repository out")
    parser.add_argument("--write", action="store_true", help="with --fit: store the fit to all rows in the package")
    parser.add_argument("--plots", type=Path, help="draw predicted against reported figures into this folder")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args(arguments)
    rows, modules, weights = load(options.folder)
    designs = [design_of_row(row, weights) for row in rows]
    if options.fit:
        entries, logic, table, spreads = left_out(rows, designs, modules)
        if options.write:
            from hlsexplore.estimate.tables import write_tables

            write_tables(table, spreads, entries)
    else:
        cases = evaluate(rows, designs, shipped(), shipped_spreads())
        entries, logic = pairs(cases), pairs(cases, "logic")
    bars = bars_of(entries)
    summary = table_of(entries) + table_of(logic, " after synthesis") + bars + [speed()]
    if options.fit and options.write:
        from estimator_docs import coefficient_lines, comparison_lines, error_lines, fill

        fill("bars", bar_lines(bars))
        fill("rule4ml", comparison_lines(summary, RULE4ML["measured on 23 project MLPs"]))
        fill("errors", error_lines(summary))
        fill("coefficients", coefficient_lines(table, is_rtl=False))
    if options.plots:
        from estimator_plots import draw, draw_overview

        draw(entries, options.plots)
        if options.fit and options.write:
            draw_overview(entries)
    if options.json:
        found = versions("hlsexplore", "numpy")
        print(json.dumps({"rows": summary, "machine": machine(), "versions": found, "rule4ml": RULE4ML}))
    else:
        show(summary)


if __name__ == "__main__":
    main()
