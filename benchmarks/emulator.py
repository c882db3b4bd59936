"""Speed of the emulator against hls4ml's compiled C++ simulation, Keras and a jitted float forward, in CPU time.

All contenders of a case run in turn, several rounds in one process; a figure is the median of its rounds, for the same
number of samples (the simulation of a convolution runs on fewer, and is scaled). `differing` counts integers that
differ between the emulator and hls4ml's simulation of the same design.

    python benchmarks/emulator.py [--json] [--case NAME ...] [--samples N] [--rounds N] [--no-keras]
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.pop("OPENBLAS_CORETYPE", None)  # read when numpy is imported: measure the processor's own kernels
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from machine import machine, versions
from networks import CASES, Bench, make

from hlsexplore.emulate import Emulator, emulate, emulate_raw
from hlsexplore.fixed import quantize

FIGURES = (
    "ours_cpu_s",
    "csim_cpu_s",
    "keras_cpu_s",
    "jit_cpu_s",
    "csim_ratio",
    "keras_ratio",
    "jit_ratio",
    "point_ratio",
    "prefix_ratio",
    "differing",
)
PACKAGES = ("hlsexplore", "numpy", "numba", "hls4ml", "keras", "tensorflow")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--case", action="append", choices=CASES, help="run only this case; may be repeated")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-keras", action="store_true", help="leave out Keras and the jitted forward")
    arguments = parser.parse_args()
    rows = []
    with contextlib.redirect_stdout(sys.stderr):
        for name in arguments.case or CASES:
            bench = make(name, arguments.samples)
            rows.append(run_case(bench, arguments.rounds, with_keras=not arguments.no_keras))
            print(f"{name}: {rows[-1]}", file=sys.stderr)
        rows.append({"case": "import", "import_wall_s": import_seconds()})
    result = {"rows": rows, "machine": machine(), "versions": versions(*PACKAGES)}
    print(json.dumps(result) if arguments.json else table(rows))
    return 0


def run_case(bench: Bench, rounds: int, with_keras: bool) -> dict[str, object]:
    """Measure one case.

    Args:
        bench: The case.
        rounds: How often each contender runs.
        with_keras: Whether TensorFlow takes part.
    """
    with tempfile.TemporaryDirectory() as folder:
        csim, build_cpu_s = compile_csim(bench, Path(folder))
        contenders: dict[str, Callable[[], object]] = {"ours": lambda: emulate(bench.design, bench.x), "csim": csim}
        if with_keras:
            contenders |= keras_contenders(bench)
        times: dict[str, list[float]] = {name: [] for name in contenders}
        emulate_raw(bench.design, bench.x[:64])  # plans and compiled kernels are loaded once
        for _ in range(rounds):
            for name, run in contenders.items():
                if name == "csim" and len(times["csim"]) * median(times["csim"] or [0.0]) > MAX_CSIM_S:
                    continue  # slow and steady: fewer rounds
                times[name].append(cpu_seconds(run))
        theirs = quantize(np.asarray(csim(), dtype=np.float64), result_type(bench))
    cpu = {name: median(values) for name, values in times.items()}
    cpu["csim"] *= len(bench.x) / bench.csim_samples
    ours = emulate_raw(bench.design, bench.x[: bench.csim_samples])
    full, step = slider_seconds(bench, rounds)
    row: dict[str, object] = {"case": bench.name, "num_samples": len(bench.x), "csim_samples": bench.csim_samples}
    row |= {"ours_cpu_s": cpu["ours"], "csim_cpu_s": cpu["csim"], "csim_build_cpu_s": build_cpu_s}
    row |= {"keras_cpu_s": cpu.get("keras"), "jit_cpu_s": cpu.get("jit")}
    row["csim_ratio"] = cpu["csim"] / cpu["ours"]
    row["keras_ratio"] = cpu["keras"] / cpu["ours"] if "keras" in cpu else None
    row["jit_ratio"] = cpu["jit"] / cpu["ours"] if "jit" in cpu else None
    row["point_ratio"] = (build_cpu_s + cpu["csim"]) / step
    row |= {"step_cpu_s": step, "prefix_ratio": full / step}
    row["differing"] = int((theirs.reshape(ours.shape) != ours).sum())
    return row


MAX_CSIM_S = 20.0
"""After this much time in the simulation of a case it is not repeated any more."""


def compile_csim(bench: Bench, folder: Path) -> tuple[Callable[[], object], float]:
    """Convert, write and compile with hls4ml.

    Returns:
        A function that runs its `predict`, and the CPU seconds that all this took, the compiler's included.
    """
    from agreement.oracle_hls4ml import convert

    start = total_cpu()
    model = convert([bench.design], folder)
    model.config.backend.writer.write_yml = lambda model: None
    model.compile()
    spent = total_cpu() - start
    x = np.ascontiguousarray(bench.x[: bench.csim_samples], dtype=np.float32)
    return lambda: model.predict(x), spent


def result_type(bench: Bench) -> object:
    """Type of the output, saturating: values are on its grid already."""
    return bench.design.result_type(bench.design.graph.outputs[0]).with_modes(overflow="SAT")


def slider_seconds(bench: Bench, rounds: int) -> tuple[float, float]:
    """Return CPU seconds of a full pass with an emulator, and of a step on the slider's layer after it."""
    layer, key, type_ = bench.slider
    changed = bench.design.with_layer(layer, **{key: type_})
    full, step = [], []
    for _ in range(rounds):
        emulator = Emulator(bench.design.graph, bench.x)
        full.append(cpu_seconds(lambda emulator=emulator: emulator.run(bench.design)))
        step.append(cpu_seconds(lambda emulator=emulator: emulator.run(changed)))
    return median(full), median(step)


def keras_contenders(bench: Bench) -> dict[str, Callable[[], object]]:
    """Return Keras' predict and a jitted forward of the same network in float32."""
    import tensorflow as tf
    from keras_network import build

    model = build(bench.design.graph)
    x = bench.x.astype(np.float32)
    forward = tf.function(lambda values: model(values, training=False), jit_compile=True)
    tensor = tf.constant(x)
    forward(tensor)
    model.predict(x[:64], batch_size=64, verbose=0)
    return {
        "keras": lambda: model.predict(x, batch_size=1024, verbose=0),
        "jit": lambda: np.asarray(forward(tensor)),
    }


def cpu_seconds(run: Callable[[], object]) -> float:
    """CPU seconds of this process, all threads."""
    start = time.process_time()
    run()
    return time.process_time() - start


def total_cpu() -> float:
    """CPU seconds of this process and its finished children."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in usage)


def import_seconds() -> float:
    """Median wall seconds of importing hlsexplore in a fresh interpreter, beyond an empty one."""
    return median(_start("import hlsexplore") for _ in range(5)) - median(_start("pass") for _ in range(5))


def _start(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return time.perf_counter() - start


def table(rows: list[dict[str, object]]) -> str:
    """Format the rows for people."""
    lines = [f"{'case':18}" + "".join(f"{name:>14}" for name in FIGURES)]
    for row in rows:
        if row["case"] == "import":
            lines.append(f"import hlsexplore: {row['import_wall_s']:.3f} s")
            continue
        cells = ["-" if row[name] is None else f"{row[name]:.4g}" for name in FIGURES]
        lines.append(f"{row['case']:18}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
