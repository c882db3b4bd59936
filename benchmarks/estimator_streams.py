"""Estimates of streaming RTL for sweeps against the plans of the same designs.

    python benchmarks/estimator_streams.py [--json]

Every bundled network whose layers all have an estimate (recurrent ones have none), with 8 and 16 bits, and the least,
the second and the middle reuse factor of each layer. Nothing is synthesised. Plans are kept in the cache; the first run
takes half a minute. The intervals in `estimate/intervals.py` were chosen from these designs, so they cover them.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from machine import machine, versions

import hlsexplore
from hlsexplore.estimate.intervals import FIGURE_NAMES, LEVELS, shipped_spreads
from hlsexplore.examples import NAMES, load
from hlsexplore.graph import Graph
from hlsexplore.report import Figures
from hlsexplore.reuse import legal_reuse

TARGET = hlsexplore.Target(tool="yosys", part="xc7z020clg400-1", io="stream", clock_ns=10)
TYPES = ("fixed<8,3>", "fixed<16,6>")


def designs(graph: Graph) -> Iterator[hlsexplore.Design]:
    """Yield the designs of a network."""
    for type_ in TYPES:
        start = hlsexplore.Design.default(graph, target=TARGET, type=type_)
        legal = {node.name: legal_reuse(node) for node in graph.layers}
        yield start
        for pick in (lambda values: values[1], lambda values: values[len(values) // 2]):
            yield start.with_layers({name: {"reuse": pick(found)} for name, found in legal.items() if len(found) > 1})


def pairs() -> Iterator[tuple[Figures, Figures]]:
    """Yield the plan and the estimate of each design that the estimate covers."""
    for name in NAMES:
        for design in designs(load(name).graph):
            own = hlsexplore.estimate(design)
            if own.missing:
                print(f"{name}: left out: {own.missing[0]}", file=sys.stderr)
                break
            yield hlsexplore.estimate(design, level="plan").total, own.total
            print(f"{name}: {design.key}", file=sys.stderr)


def summary() -> list[dict[str, Any]]:
    """Summarise the differences, figure by figure."""
    found, spreads = list(pairs()), shipped_spreads()["rtl_stream"]
    rows = []
    for name in FIGURE_NAMES:
        known = [(getattr(plan, name), getattr(own, name)) for plan, own in found]
        truth, value = (np.array(side, dtype=np.float64) for side in zip(*known, strict=True))
        error = 100 * np.abs(value - truth) / np.maximum(truth, 1.0)
        row = {"figure": name, "n": len(error), "median_ape": np.median(error), "max_ape": error.max()}
        row["exact_share"] = np.mean(np.abs(value - truth) < 0.5)
        for level in LEVELS:
            ends = np.array([spreads[name].bounds(one, level) for one in value])
            row[f"covered{level}"] = np.mean((ends[:, 0] - 0.5 <= truth) & (truth <= ends[:, 1] + 0.5))
        rows.append({key: item if isinstance(item, str) else round(float(item), 3) for key, item in row.items()})
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args(arguments)
    rows = summary()
    if options.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions("hlsexplore")}))
        return
    for row in (dict(zip(rows[0], rows[0], strict=True)), *rows):
        print("".join(f"{value:>20}" for value in row.values()))


if __name__ == "__main__":
    main()
