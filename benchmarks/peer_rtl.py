"""Verilog of a network by da4ml or alkaid, for `peers.py`, which runs this in an environment that holds the peer.

The folder given holds `network.json`: layers of `weight`, `bias` and `result`, the type of the inputs, samples `x`, and
the pipelines to write, each a number that the peer's splitting takes (da4ml: the latency cutoff, alkaid: the stages).
Each pipeline goes to a folder of its own, and `peer.json` gets the latency of each, the outputs for `x`, and seconds.

    python peer_rtl.py da4ml|alkaid FOLDER
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def traced(peer: str, network: dict[str, Any]) -> Any:
    """Return the peer's combinational logic of a network."""
    options = {"method0": "mc", "decompose_dc": -1, "search_all_decompose_dc": False}
    if peer == "da4ml":
        from da4ml.trace import FixedVariableArrayInput as Source
        from da4ml.trace import HWConfig
        from da4ml.trace import comb_trace as trace
    else:
        from alkaid.trace import FVArrayInput as Source
        from alkaid.trace import HWConfig, trace
    source = Source(tuple(network["shape"]), HWConfig(1, -1, -1), solver_options=options)
    value = cast(source, network["input"])
    for layer in network["layers"]:
        value = cast(computed(layer, value), layer["result"])
    return trace(source, value)


def computed(layer: dict[str, Any], x: Any) -> Any:
    """Trace one layer; sums are exact and cast once."""
    if layer["kind"] == "relu":
        return np.maximum(x, 0)
    if layer["kind"] == "flatten":
        return x.ravel()
    if layer["kind"] == "quantize":
        return x
    kernel = np.array(layer["weight"])
    if layer["kind"] == "conv":
        size, steps = len(kernel), len(x)
        kernel = kernel.reshape(-1, kernel.shape[-1])
        x = [x[first : first + size].ravel() for first in range(steps - size + 1)]
        rows = [row @ kernel + np.array(layer["bias"]) for row in x]
        return np.stack(rows)
    return x @ kernel + np.array(layer["bias"])


def cast(x: Any, type_: list[Any]) -> Any:
    """Cast as `ap_fixed` does."""
    signed, integer, fraction = (np.array(bits) for bits in type_[:3])
    rounding, overflow = type_[3:]
    return x.quantize(signed, integer - signed, fraction, overflow_mode=overflow, round_mode=rounding)


def written(peer: str, logic: Any, folder: Path, pace: float) -> int:
    """Write a pipeline and return its latency in cycles."""
    if peer == "da4ml":
        from da4ml.codegen import VerilogModel

        model = VerilogModel(logic, "peer", folder, latency_cutoff=pace, print_latency=False)
        model.write()
        return len(model._pipe.solutions)
    from alkaid.codegen import RTLModel

    model = RTLModel(logic, folder, "peer", n_stages=int(pace), print_latency=False, ternary_fuse=False)
    model.write()
    return int(pace)


def main() -> None:
    """Trace, run and write."""
    peer, folder = sys.argv[1], Path(sys.argv[2])
    network = json.loads((folder / "network.json").read_text())
    start = time.process_time()
    logic = traced(peer, network)
    found: dict[str, Any] = {"solve_s": time.process_time() - start}
    found["y"] = np.asarray(logic.predict(np.array(network["x"]))).tolist()
    start = time.process_time()
    found["latency_cycles"] = [
        written(peer, logic, folder / str(index), pace) for index, pace in enumerate(network["paces"])
    ]
    found["write_s"] = time.process_time() - start
    (folder / "peer.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
