"""The part of `hgq2.py` that runs in an environment with HGQ2: Keras, hls4ml's compiled C++ and da4ml's Verilog.

    python hgq2_inside.py MODEL FOLDER

FOLDER holds `x.npy`. First the networks are built: `keras.npy`, `hls4ml.npy` and `da4ml.npy` are what they predict.
Then each line `hls4ml` or `keras` on the standard input is answered by the CPU seconds of one prediction, and
`da4ml PACE` by the stages of a pipeline with that latency cutoff, whose Verilog is in `da4ml_PACE/` then; the end of
the input ends it.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}

import hgq  # noqa: F401  registers its layers
import hls4ml
import keras
import numpy as np
from da4ml.codegen import RTLModel
from da4ml.converter import trace_model
from da4ml.trace import HWConfig, comb_trace


def main() -> None:
    """Build, then answer."""
    answers = sys.stdout
    sys.stdout = sys.stderr
    model, folder = keras.models.load_model(sys.argv[1]), Path(sys.argv[2])
    x = np.load(folder / "x.npy").astype(np.float32)
    compiled = by_hls4ml(model, folder / "hls4ml")
    workers: dict[str, Callable[[], Any]] = {
        "keras": lambda: model.predict(x, batch_size=len(x), verbose=0),
        "hls4ml": lambda: compiled.predict(x),
    }
    for name, work in workers.items():
        np.save(folder / f"{name}.npy", np.asarray(work(), np.float64).reshape(len(x), -1))
    circuit = by_da4ml(model, x, folder)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        name, _, pace = line.strip().partition(" ")
        start = time.process_time()
        answer = stages_of(circuit, folder, pace) if pace else workers[name]()
        print(answer if pace else time.process_time() - start, file=answers, flush=True)


def by_hls4ml(model: Any, folder: Path) -> Any:
    """Convert with the configuration that hls4ml derives itself, and compile."""
    config = hls4ml.utils.config_from_keras_model(model, granularity="name")
    found = hls4ml.converters.convert_from_keras_model(
        model, output_dir=str(folder), backend="Vitis", io_type="io_parallel", hls_config=config
    )
    found.compile()
    return found


def by_da4ml(model: Any, x: np.ndarray, folder: Path) -> Any:
    """Trace the network as da4ml's combinational logic, and let it predict."""
    inputs, outputs = trace_model(model, HWConfig(1, -1, -1), {"hard_dc": 2})
    circuit = comb_trace(inputs, outputs)
    np.save(folder / "da4ml.npy", np.asarray(circuit.predict(x), np.float64).reshape(len(x), -1))
    return circuit


def stages_of(circuit: Any, folder: Path, pace: str) -> int:
    """Write the Verilog of a pipeline; a pace is about so many adders between registers. Return its stages."""
    project = RTLModel(circuit, "network", folder / f"da4ml_{pace}", flavor="verilog", latency_cutoff=float(pace))
    project.write()
    return len(project._pipe.solutions)


if __name__ == "__main__":
    main()
