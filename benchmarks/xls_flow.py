"""The flows `rtl` and `xls` side by side: the same designs, weights, clock and Yosys, one after the other.

The cases `jet8_*` are those of `benchmarks/synthesis.py`; `layer8_*` is the first layer of the same network, 16x64 with
its ReLU. `generate_cpu_s` is writing the project, the XLS compiler included;
`synthesis_cpu_s` is Yosys; both start with an empty cache and count every process. `depth` is the most LUTs and carry
cells on a path of any layer. `differing` counts integers of 1,000 simulated samples that differ from the emulator's.

    python benchmarks/xls_flow.py [--json] [--case NAME ...] [--no-simulation]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from machine import children_cpu_s, machine, versions
from synthesis import design_of, versions_here

from hlsexplore.design import Design
from hlsexplore.graph import Graph
from hlsexplore_hls import export

CASES = ("layer8_r1", "layer8_r16", "layer8_r64", "jet8_r1", "jet8_r8", "jet8_r16", "jet8_r64")
FLOWS = ("rtl", "xls")
COLUMNS = (
    "lut",
    "ff",
    "dsp",
    "bram18",
    "latency_cycles",
    "ii_cycles",
    "depth",
    "generate_cpu_s",
    "synthesis_cpu_s",
    "wall_s",
    "differing",
)


def case_design(case: str) -> Design:
    """Build the design of a case."""
    if not case.startswith("layer8"):
        return design_of(case)
    whole = design_of(case.replace("layer8", "jet8"))
    nodes = tuple(whole.graph)[:3]
    graph = Graph(name="layer", nodes=nodes, outputs=(nodes[-1].name,))
    design = Design.default(graph, target=whole.target)
    kept = {node.name: whole.layers[node.name] for node in nodes}
    changes: dict[str, dict[str, Any]] = {name: dict(item.types) for name, item in kept.items()}
    changes["fc1"] |= {"reuse": kept["fc1"].reuse, "strategy": kept["fc1"].strategy}
    return design.with_layers(changes)


def measure(case: str, flow: str, simulate: bool) -> dict[str, Any]:
    """Run a case through a flow with an empty cache."""
    design = case_design(case)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HLSEXPLORE_CACHE"] = f"{folder}/cache"
        own, children, start = time.process_time(), children_cpu_s(), time.perf_counter()
        project = export(design, f"{folder}/project", flow=flow)
        generated = time.process_time() - own + children_cpu_s() - children
        children = children_cpu_s()
        report = project.synthesize("yosys")
        row: dict[str, Any] = {
            "case": f"{case}_{flow}",
            "generate_cpu_s": generated,
            "synthesis_cpu_s": children_cpu_s() - children,
            "wall_s": time.perf_counter() - start,
            "latency_cycles": project.latency_cycles,
            "ii_cycles": project.ii_cycles,
            "depth": max(item.get("logic_depth", 0) for item in report.details.values()),
        }
        row |= {name: getattr(report.total, name) for name in ("lut", "ff", "dsp", "bram18")}
        if simulate:
            result = project.simulate()
            row["differing"] = result.differing
            if (result.latency_cycles, result.ii_cycles) != (project.latency_cycles, project.ii_cycles):
                raise SystemExit(f"{row['case']}: the simulation took other cycles than planned: {result}")
    return row


def main() -> None:
    """Run the cases and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--case", nargs="+", default=CASES, help="cases of benchmarks/synthesis.py to run")
    parser.add_argument("--no-simulation", action="store_true", help="leave out the simulation")
    options = parser.parse_args()
    rows = []
    for case in options.case:
        for flow in FLOWS:
            print(f"{case} {flow} ...", file=sys.stderr)
            rows.append(measure(case, flow, not options.no_simulation))
    if options.json:
        found = versions_here() | versions("xls-python")
        print(json.dumps({"rows": rows, "machine": machine(), "versions": found}))
        return
    show(rows)


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a line for each figure and a column for each case."""
    print(f"{'':<18}" + "".join(f"{row['case']:>14}" for row in rows))
    for name in COLUMNS:
        cells = ["-" if row.get(name) is None else f"{row[name]:,.1f}".removesuffix(".0") for row in rows]
        print(f"{name:<18}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
