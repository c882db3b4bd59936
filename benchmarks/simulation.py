"""Compiling one C++ simulation against hls4ml's, of the same designs, in CPU time of the compilers.

Ours starts from an empty cache each time; `again` is a further, changed design when the headers are compiled
beforehand. All figures of a case are measured in one run, alternating.

    python benchmarks/simulation.py [--json] [--cases jet16 cnn28] [--rounds 3]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]

from agreement.oracle_hls4ml import convert  # noqa: E402
from machine import children_cpu_s, machine, versions  # noqa: E402
from networks import Bench, make  # noqa: E402

from hlsexplore_hls import Project, export  # noqa: E402
from hlsexplore_hls.cpp.compiler import COMPILATIONS_BEFORE_PREFIX  # noqa: E402

NUM_SAMPLES = 1000


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cases", nargs="+", default=["jet16", "cnn28"])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows = [run_case(make(name, NUM_SAMPLES), arguments.rounds) for name in arguments.cases]
    if arguments.json:
        result = {
            "rows": rows,
            "machine": machine(),
            "versions": versions("hls4ml", "numpy") | {"g++": compiler_version()},
        }
        print(json.dumps(result))
        return 0
    for row in rows:
        print(
            "  ".join(
                f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()
            )
        )
    return 0


def run_case(bench: Bench, rounds: int) -> dict[str, object]:
    """Compile and run a design both ways."""
    ours, again, run, theirs = [], [], [], []
    differing = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            os.environ["HLSEXPLORE_CACHE"] = str(folder / "cache")
            project = export(bench.design, folder / "ours", golden_x=bench.x)
            ours.append(children_cpu(project.simulate))
            run.append(children_cpu(project.simulate))
            differing += project.simulate().differing or 0
            for index in range(COMPILATIONS_BEFORE_PREFIX + 1):
                again.append(children_cpu(changed(bench, folder, index).simulate))
            again[-COMPILATIONS_BEFORE_PREFIX - 1 :] = again[-1:]
            model = convert([bench.design], folder / "theirs")
            model.config.backend.writer.write_yml = lambda model: None
            theirs.append(children_cpu(model.compile))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    row: dict[str, object] = {"case": bench.name, "ours_cpu_s": median(ours) - median(run), "run_cpu_s": median(run)}
    row |= {"again_cpu_s": median(again) - median(run), "hls4ml_cpu_s": median(theirs)}
    row["ratio"] = float(row["ours_cpu_s"]) / median(theirs)  # type: ignore[arg-type]
    row |= {"again_ratio": float(row["again_cpu_s"]) / median(theirs), "peak_mb": peak, "differing": differing}  # type: ignore[arg-type]
    return row


def changed(bench: Bench, folder: Path, index: int) -> Project:
    """Export the design with another type in the layer of the slider."""
    layer, key, _ = bench.slider
    design = bench.design.with_layer(layer, **{key: f"fixed<{9 + index},3>"})
    return export(design, folder / f"changed_{index}", golden_x=bench.x)


def children_cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the processes that some work starts."""
    before = children_cpu_s()
    work()
    return children_cpu_s() - before


def compiler_version() -> str:
    """Return what g++ says that it is."""
    return subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


if __name__ == "__main__":
    raise SystemExit(main())
