"""Estimates against measured synthesis reports: `python benchmarks/estimator.py FOLDER [--fit] [--json]`.

FOLDER holds `designs.jsonl` and `weights.npz`, optionally `modules.jsonl`: hls4ml projects as they were synthesised,
with the tool's figures as labels. Without `--fit` the coefficients that the package ships are evaluated. With `--fit`
they are fitted again twice over (`estimator_folds.py`): each repository is estimated by a fit that never saw it, and
each design by a fit that never saw its rarest kind of layer, the constants of rules refitted too; the same holds for
the intervals. `--write` then stores the fit to everything, `--plots DIR` draws predicted against reported figures.

One row for each kind of design, tool and figure, `by kind` those of the second sort. Errors are absolute percentage
errors; a report of 0 counts as 1. `width95` is the median of upper over lower end. Rows named `bar` measure the
project's goals, `unseen` the share of designs with a kind of layer that fewer than three repositories have.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from estimator_bars import bar_lines, bars_of, coverage_bars
from estimator_folds import Case, Collection, bounded, evaluate, first_sight, labels_of, observations, residuals_of
from machine import machine, versions

import hlsexplore
from hlsexplore.estimate.coefficients import Coefficients, shipped
from hlsexplore.estimate.intervals import Spreads, class_of, spreads_from
from hlsexplore.estimate.logic import after_synthesis
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.rows import design_of_row
from hlsexplore.estimate.support import CellSupport, support_from

NAMES = {"latency_cycles_max": "latency_cycles"}
"""Figure -> name in the rows."""
LOGIC = ("lut", "ff", "dsp", "bram18")
BY_KIND = " by kind"
"""End of the case of a row whose designs were estimated without their rarest kind of layer."""

RULE4ML: dict[str, Any] = {
    "published": "R2 0.8 to 0.98, SMAPE 10 to 30 %; on wa-hls4ml R2 BRAM .71, DSP .18, FF .55, LUT .64, cycles .79",
    "measured on 23 project MLPs": {"dsp": 51, "lut": 57, "ff": 121, "latency_cycles": 643},
}
"""rule4ml 0.2.0, the best public estimator, which sees no weights: median absolute errors in percent."""


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


def pairs(cases: Sequence[Case], level: str = "hls") -> list[dict[str, Any]]:
    """Pair figures with labels: one entry for each row and figure."""
    found = []
    for case in cases:
        labels, report = labels_of(case.row), case.report
        if level == "logic":
            labels = _logic_labels(case.row)
            report = after_synthesis(report, case.design) if report is not None else None
        is_unseen = report is not None and bool(report.notes)
        for figure, truth in labels.items():
            entry: dict[str, Any] = {"figure": NAMES.get(figure, figure), "truth": truth, "row": case.row}
            entry |= {"class": class_of(case.design), "unseen": is_unseen, "left": case.left}
            entry["estimate"] = None if report is None else getattr(report.total, figure)
            if report is not None:
                for bounds in report.bounds:
                    low, high = getattr(bounds.lower, figure), getattr(bounds.upper, figure)
                    entry[f"in{bounds.level}"] = None if low is None else low - 0.5 <= truth <= high + 0.5
                    entry[f"width{bounds.level}"] = None if low is None else (high + 1) / (low + 1)
            found.append(entry)
    return found


def _logic_labels(row: Mapping[str, Any]) -> dict[str, float]:
    if row.get("kind") == "project_forced_mul":
        return {}
    post = row.get("post") or {}
    tile = post.get("bram_tile")
    labels = {**post, "bram18": None if tile is None else 2 * tile}
    return {key: float(labels[key]) for key in LOGIC if labels.get(key) is not None}


def table_of(entries: Sequence[Mapping[str, Any]], suffix: str = "") -> list[dict[str, Any]]:
    """Summarise pairs: a row for each kind x tool x figure."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for entry in entries:
        row = entry["row"]
        groups.setdefault((str(row.get("kind")), str(row.get("tool")), entry["figure"]), []).append(entry)
    return [
        {"case": f"{kind} {tool} {figure}{suffix}", **summary(items)}
        for (kind, tool, figure), items in sorted(groups.items())
    ]


def summary(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Summarise pairs of one figure: errors, coverage and width of the intervals."""
    known = [item for item in items if item["estimate"] is not None]
    found: dict[str, Any] = {"n": len(known), "unknown": len(items) - len(known)}
    if known:
        truth = np.array([item["truth"] for item in known])
        value = np.array([item["estimate"] for item in known])
        error = 100 * np.abs(value - truth) / np.maximum(np.abs(truth), 1.0)
        widths = [item["width95"] for item in known if item.get("width95") is not None]
        found |= {
            "median_ape": round(float(np.median(error)), 2),
            "p90_ape": round(float(np.quantile(error, 0.9)), 2),
            "exact_share": round(float(np.mean(np.abs(value - truth) < 0.5)), 3),
            "covered80": _share(known, "in80"),
            "covered95": _share(known, "in95"),
            "width95": round(float(np.median(widths)), 2) if widths else None,
        }
    return found


def class_rows(entries: Sequence[Mapping[str, Any]], suffix: str = "") -> list[dict[str, Any]]:
    """Summarise pairs by class of design and figure, seen and unseen kinds apart."""
    groups: dict[tuple[str, str, bool], list[Mapping[str, Any]]] = {}
    for entry in entries:
        groups.setdefault((entry["class"], entry["figure"], entry["unseen"]), []).append(entry)
    return [
        {"case": f"class {name} {figure} {'unseen' if unseen else 'seen'}{suffix}", **summary(items)}
        for (name, figure, unseen), items in sorted(groups.items())
    ]


def unseen_row(cases: Sequence[Case], suffix: str = "") -> dict[str, Any]:
    """Count the designs with a kind of layer that fewer than three repositories have, and those that no other has."""
    known = [case for case in cases if case.report is not None]
    notes = [" ".join(case.report.notes) for case in known if case.report is not None]
    return {
        "case": f"unseen{suffix}",
        "n": len(known),
        "few_share": round(sum(map(bool, notes)) / max(len(known), 1), 3),
        "none_share": round(sum("no measured design" in note for note in notes) / max(len(known), 1), 3),
    }


def _share(items: Sequence[Mapping[str, Any]], key: str) -> float | None:
    flags = [item[key] for item in items if item.get(key) is not None]
    return round(float(np.mean(flags)), 3) if flags else None


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
    keys = ("median", "p90", "exact", "in80", "in95", "width95")
    print(f"{'case':62} {'n':>4} {'?':>3} " + " ".join(f"{key:>8}" for key in keys))
    for row in rows:
        if "median_ape" in row:
            names = ("median_ape", "p90_ape", "exact_share", "covered80", "covered95", "width95")
            cells = [f"{'-' if row[key] is None else format(row[key], '.2f'):>8}" for key in names]
            print(f"{row['case']:62} {row['n']:4d} {row['unknown']:3d} {' '.join(cells)}")
        elif "met" in row:
            result = "met" if row["met"] else "MISSED"
            print(f"{row['case']:96} {row['n']:4d} {row['value']:8g} {row['goal']:6g} {result}")
        elif "one_ms" in row:
            print(
                f"speed: {row['one_ms']} ms a design, {row['designs_per_s']:,} designs a second in a sweep, "
                f"{row['sweep_100000_s']} s for 100,000"
            )
        elif "few_share" in row:
            print(
                f"{row['case']}: {row['few_share']:.0%} of {row['n']} designs have a kind of layer of fewer than three "
                f"repositories, {row['none_share']:.0%} one of none"
            )
        else:
            print(f"{row['case']:62} {row['n']:4d} {row['unknown']:3d}")
    print(f"rule4ml 0.2.0, median absolute error in percent on project MLPs: {RULE4ML['measured on 23 project MLPs']}")


def report_rows(cases: Sequence[Case], suffix: str = "", *, by_class: bool = True) -> list[dict[str, Any]]:
    """Summarise cases: by kind and tool, after synthesis, by class, the share of unseen kinds."""
    entries, logic = pairs(cases), pairs(cases, "logic")
    found = table_of(entries, suffix) + table_of(logic, f" after synthesis{suffix}")
    return found + (class_rows(entries, suffix) if by_class else []) + [unseen_row(cases, suffix)]


Fit = tuple[list[Case], list[Case], Coefficients, Spreads, Mapping[str, CellSupport]]


def fitted(
    rows: Sequence[Mapping[str, Any]], designs: Sequence[DesignRecord], modules: Sequence[Mapping[str, Any]]
) -> Fit:
    """Fit twice over, and to everything.

    Returns:
        Cases without their repository, cases without their rarest kind of layer, the fit to all, its intervals,
        support.
    """
    collection = Collection.of(rows, designs, modules)
    print(f"fitting to {len(collection.samples)} designs and modules", file=sys.stderr)
    repositories, cells = collection.without_repositories(), collection.without_cells()
    spreads = spreads_from(residuals_of(repositories), novel=residuals_of(cells), first=first_sight())
    support = support_from(observations(rows, collection.samples))
    by_repository = bounded(collection, repositories, repositories, cells, by_cell=False)
    by_cell = bounded(collection, cells, repositories, cells, by_cell=True)
    return by_repository, by_cell, collection.fitted(), spreads, support


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", action="store_true", help="fit again, leaving repositories and kinds of layers out")
    parser.add_argument("--write", action="store_true", help="with --fit: store the fit to all rows in the package")
    parser.add_argument("--plots", type=Path, help="draw predicted against reported figures into this folder")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args(arguments)
    rows, modules, weights = load(options.folder)
    designs = [design_of_row(row, weights) for row in rows]
    if options.fit:
        cases, by_cell, table, spreads, support = fitted(rows, designs, modules)
        if options.write:
            from hlsexplore.estimate.tables import write_tables

            write_tables(table, spreads, support, pairs(cases))
        bars = bars_of(pairs(by_cell))
        found = report_rows(cases) + report_rows(by_cell, BY_KIND)
        bars += coverage_bars(found, BY_KIND)
    else:
        cases = evaluate(rows, designs, shipped())
        bars = bars_of(pairs(cases))
        found = report_rows(cases)
        bars += coverage_bars(found, "")
    found += [*bars, speed()]
    if options.fit and options.write:
        from estimator_docs import coefficient_lines, comparison_lines, error_lines, fill

        fill("bars", bar_lines(bars))
        fill("rule4ml", comparison_lines(found, RULE4ML["measured on 23 project MLPs"]))
        fill("errors", error_lines(found, BY_KIND))
        fill("coefficients", coefficient_lines(table, is_rtl=False))
    if options.plots:
        from estimator_plots import draw, draw_overview

        draw(pairs(cases), options.plots)
        if options.fit and options.write:
            draw_overview(pairs(cases))
    if options.json:
        packages = versions("hlsexplore", "numpy")
        print(json.dumps({"rows": found, "machine": machine(), "versions": packages, "rule4ml": RULE4ML}))
    else:
        show(found)


if __name__ == "__main__":
    main()
