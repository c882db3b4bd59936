"""A network that HGQ2 trained, beside the tools of its authors: exactness, CPU time, and RTL, in one run.

The bundled jet tagger (variant `hgq2`) is read from its file alone. In an environment of its own HGQ2 loads the same
file; Keras predicts, hls4ml compiles the C++ that it converts by itself, da4ml writes Verilog. `differing` of a
tool counts outputs that are not Keras' to the bit. CPU times are medians of rounds in which all take turns.

Both sides of the RTL are synthesized flat by the script with which this product synthesizes its layers (7 series).
`depth` is the number of cells on the longest path between registers; da4ml's pipeline is cut so that its depth equals
ours, or comes nearest to it in `TRIES` runs; `da4ml_pace` is its latency cutoff. `estimate_lut` and its like are the
levels of the estimator.

    python benchmarks/hgq2.py ENVIRONMENT [--json] [--samples N] [--rounds N]

ENVIRONMENT is the folder of an environment with the packages `PACKAGES`; made if it is missing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

os.environ.pop("OPENBLAS_CORETYPE", None)  # read when numpy is imported: measure the processor's own kernels

import numpy as np
from machine import machine, versions
from networks import tagger

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore_hls import export
from hlsexplore_hls.reports.yosys import figures_of, parse_depth, parse_stat
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.yosys_engine import find_engine
from hlsexplore_hls.tools.yosys_script import DEPTH, MAPS, STAT, Memory, script

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from hgq2_environment import PACKAGES as HGQ2
from hgq2_environment import python_of

PACKAGES = (*HGQ2, "hls4ml==1.3.0", "da4ml==0.6.0")
TRIES = 4
CELLS_PER_PACE = 4.5
"""Cells on da4ml's longest path for each unit of its latency cutoff, to begin with."""
TOOLS = ("keras", "hls4ml", "da4ml")
TIMEOUT_S = 3600.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    example = hx.load_example("jets", "hgq2")
    x = np.resize(example.x, (options.samples, *example.graph.input_shape))
    python = python_of(options.environment, PACKAGES)
    start = time.process_time()
    hx.read_model(example.path)
    row: dict[str, Any] = {"case": "jets", "read_s": time.process_time() - start}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "x.npy", x)
        with started(python, example.path, folder) as inside:
            row |= beside(example.graph, x, inside, folder, options.rounds)
            print(row, file=sys.stderr, flush=True)
            row |= circuits(folder, lambda pace: int(asked(inside, f"da4ml {pace}")))
    if options.json:
        print(json.dumps({"rows": [row], "machine": machine(), "versions": versions("hlsexplore", "numpy", "pyosys")}))
    else:
        print("\n".join(f"{key:26} {shown(value)}" for key, value in row.items()))


@contextmanager
def started(python: Path, model: Path, folder: Path) -> "Iterator[subprocess.Popen[str]]":
    """Start the part inside the environment, wait until it is ready, and end it in the end."""
    script_path = Path(__file__).with_name("hgq2_inside.py")
    # what leads to the packages of this environment must not lead the other one there
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    inside = subprocess.Popen(
        [python, script_path, model, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=inherited
    )
    if inside.stdin is None or inside.stdout is None or inside.stdout.readline().strip() != "ready":
        sys.exit("The part inside the environment ended before it was ready; its messages are above.")
    yield inside
    inside.stdin.close()
    inside.wait()


def beside(
    graph: hx.Graph, x: np.ndarray, inside: "subprocess.Popen[str]", folder: Path, rounds: int
) -> dict[str, float | int]:
    """Compare outputs, and CPU times of predictions in turn."""
    design = Design.default(graph)
    workers: dict[str, Callable[[], float]] = {"ours": lambda: timed(lambda: hx.emulate(design, x))}
    for name in ("hls4ml", "keras"):
        workers[name] = lambda name=name: asked(inside, name)
    y = hx.emulate(design, x).reshape(len(x), -1)
    expected = {name: np.load(folder / f"{name}.npy") for name in TOOLS}
    spent: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, work in workers.items():
            spent[name].append(work())
    found: dict[str, float | int] = {"differing": int((y != expected["keras"]).sum())}
    found |= {f"{name}_differing": int((expected[name] != expected["keras"]).sum()) for name in ("hls4ml", "da4ml")}
    found |= {f"{name}_cpu_s": median(seconds) for name, seconds in spent.items()}
    found |= {f"{name}_ratio": found[f"{name}_cpu_s"] / found["ours_cpu_s"] for name in ("hls4ml", "keras")}
    return found


def timed(work: Callable[[], Any]) -> float:
    """Return the CPU seconds that something takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def asked(inside: "subprocess.Popen[str]", work: str) -> float:
    """Let the process in the other environment work, and return its answer."""
    if inside.stdin is None or inside.stdout is None:
        raise RuntimeError("the process has no pipes")
    inside.stdin.write(f"{work}\n")
    inside.stdin.flush()
    return float(inside.stdout.readline())


def circuits(folder: Path, write: Callable[[float], int]) -> dict[str, float]:
    """Synthesize our RTL and da4ml's; `write` lets da4ml write a pipeline of some pace and returns its stages."""
    design = tagger()
    project = export(design, folder / "ours", flow="rtl")
    texts = {Path(name).name: (project.path / name).read_text() for name in project.extra["sources"]}
    mine = {**synthesized(texts, project.top), "latency_cycles": float(project.latency_cycles or 0)}
    row = dict(mine)
    for label, level in (("estimate", None), ("plan", "plan")):
        report = hx.estimate(design) if level is None else hx.estimate(design, level=level)
        row |= {f"{label}_lut": report.total.lut or 0.0, f"{label}_ff": report.total.ff or 0.0}
    best = nearest(mine["depth"], folder, write)
    row |= {f"da4ml_{key}": value for key, value in best.items()}
    for key in ("lut", "ff", "latency_cycles"):
        row[f"{key.removesuffix('_cycles')}_ratio"] = mine[key] / best[key]
    return row


def nearest(depth: float, folder: Path, write: Callable[[float], int]) -> dict[str, float]:
    """Return the figures of da4ml's pipeline whose longest path comes nearest to a number of cells."""
    pace, best, seen = round(depth / CELLS_PER_PACE, 1), dict[str, float](), set[float]()
    for _ in range(TRIES):
        seen.add(pace)
        stages = write(pace)
        files = sorted((folder / f"da4ml_{pace}").rglob("*.v"))
        sources = {
            path.name: path.read_text() for path in files if path.stem not in ("lookup_table", "network_wrapper")
        }
        found = {**synthesized(sources, "network"), "latency_cycles": float(stages), "pace": pace}
        print(found, file=sys.stderr, flush=True)
        if not best or abs(found["depth"] - depth) < abs(best["depth"] - depth):
            best = found
        pace = round(pace * depth / found["depth"], 1)
        if found["depth"] == depth or pace in seen:
            break
    return best


def synthesized(sources: Mapping[str, str], top: str) -> dict[str, float]:
    """Synthesize Verilog flat with the product's script; LUT, FF and cells on the longest path."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {**sources, **MAPS}.items():
            (folder / file).write_text(text)
        (folder / "run.ys").write_text(script("xc7", [top], list(sources), memory=Memory.NONE))
        run(find_engine().argv("run.ys"), cwd=folder, limits=Limits.after(TIMEOUT_S), what="yosys")
        found = figures_of(parse_stat((folder / STAT).read_text())[top])
        depth = parse_depth((folder / f"{top}{DEPTH}").read_text())
    return {"lut": found.lut or 0.0, "ff": found.ff or 0.0, "depth": float(depth or 0)}


def shown(value: Any) -> str:
    """Write a figure with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
