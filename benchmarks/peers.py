"""Our RTL beside that of da4ml and alkaid for the same integers, through the same Yosys script, in one run.

Each case is a network of dense layers, convolutions along one axis, ReLUs and casts of single elements (`tagger`, which
HGQ2 trained) at reuse 1, without its softmax. Both
peers get the very weights, biases and types of the design; they neither saturate nor round to even, so results truncate
and wrap on all sides. `da4ml_differing` and its like count the outputs of 200 samples in which a peer's own model
differs from the emulator.

All sides are synthesized flat by the script with which this product synthesizes its layers (7 series). `depth` is the
number of cells on the longest path between registers. A peer is pipelined so that its depth comes nearest to ours, in
at most `TRIES` runs. `lut_ratio`, `ff_ratio` and `latency_ratio` are ours over the better of the peers, whichever that
is for a figure; `geomean` is over all cases. `solve_s` of a peer and `generate_s` of ours are CPU seconds to the
finished Verilog, `synth_s` those of Yosys. With `--xls` Google's XLS compiles each case too (`xls_lut` and so on); it
is no peer in the ratios.

da4ml is a development dependency of this project. alkaid is run by `--alkaid PYTHON`, the interpreter of an environment
that holds it; without the option an environment is made for the run with `pip install alkaid`. Its ternary adders are
left out: as it writes them, Yosys makes two carry chains of each.

    python benchmarks/peers.py [--json] [--case NAME ...] [--peer NAME ...] [--alkaid PYTHON] [--xls]
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import children_cpu_s, machine, versions
from networks import tagger
from synthesis import chain, design_of, glorot

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.element_types import ElementTypes
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Conv, Dense, Function, Input, Quantize, Reshape, Softmax
from hlsexplore.weights import raw_weights
from hlsexplore_hls import export
from hlsexplore_hls.reports.yosys import figures_of, parse_depth, parse_stat
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.yosys_engine import find_engine
from hlsexplore_hls.tools.yosys_script import DEPTH, MAPS, STAT, Memory, script

CASES = ("conv8", "jet8", "shuttle6", "jets6", "tagger", "jet16", "digits6")
PEERS = ("da4ml", "alkaid")
FIGURES = ("lut", "ff", "latency_cycles")
TRIES = 3
SAMPLES = 200
TIMEOUT_S = 3600.0
CELLS_PER_LATENCY = 4.0
"""Cells on da4ml's longest path for each unit of its latency cutoff, to begin with."""
ALKAID_SHARE = 1.5
"""alkaid's stages over ours, to begin with."""


def case_design(name: str) -> Design:
    """Build the design of a case: its network up to the logits."""
    if name == "tagger":
        return tagger()
    if name.startswith("jet") and name[3:].isdigit():
        return design_of(f"{name}_r1")
    graph = convolution() if name == "conv8" else without_softmax(hx.load_example(name[:-1], "qkeras").graph)
    design = Design.default(graph, type="fixed<8,3>") if name == "conv8" else Design.default(graph)
    weights = {"weight": "fixed<8,1>", "bias": "fixed<8,3>", "accum": "fixed<24,12>"} if name == "conv8" else {}
    changes: dict[str, dict[str, Any]] = {}
    for node in graph:
        if isinstance(node.op, Reshape):
            continue
        type_ = "fixed<8,3>" if name == "conv8" else design.layers[node.name].types["result"]
        wrapping = hx.Fixed.parse(str(type_)).with_modes(rounding="TRN", overflow="WRAP")
        changes[node.name] = {"result": wrapping, **(weights if isinstance(node.op, Dense | Conv) else {})}
        if isinstance(node.op, Conv):
            changes[node.name] |= {"parallel": math.prod(node.shape[:-1])}
    return design.with_layers(changes).with_target(tool="yosys")


def convolution() -> Graph:
    """Return a convolution along 6 steps of 4 channels and a dense layer, with random weights."""
    rng = np.random.default_rng(0)
    return chain(
        "convolution",
        (6, 4),
        [
            ("conv", Conv(rank=1, kernel=glorot(rng, 1, 3, 4, 6), bias=rng.uniform(-1, 1, 6)), (4, 6)),
            ("relu", Activation(function=Function.RELU), (4, 6)),
            ("flat", Reshape(), (24,)),
            ("fc", Dense(kernel=glorot(rng, 24, 5), bias=rng.uniform(-1, 1, 5)), (5,)),
        ],
    )


def without_softmax(graph: Graph) -> Graph:
    """Return a network that ends in what its softmax reads."""
    last = graph[graph.outputs[0]]
    if not isinstance(last.op, Softmax):
        return graph
    nodes = tuple(node for node in graph if node.name != last.name)
    return Graph(name=graph.name, nodes=nodes, outputs=(last.inputs[0],))


def network_of(design: Design, x: np.ndarray) -> dict[str, Any]:
    """Describe a design for `peer_rtl.py`."""
    source = design.graph.inputs[0]
    layers = [layer(design, node) for node in design.graph if not isinstance(node.op, Input)]
    return {
        "shape": source.shape,
        "input": mode(design.result_type(source.name)),
        "layers": layers,
        "x": x.reshape(len(x), -1).tolist(),
    }


def layer(design: Design, node: Node) -> dict[str, Any]:
    """Describe a layer."""
    types, result = design.layers[node.name].types, mode(design.result_type(node.name))
    match node.op:
        case Dense() | Conv():
            raw = raw_weights(design, node.name)
            kind = "conv" if isinstance(node.op, Conv) else "dense"
            kernel = raw["weight"][0] if kind == "conv" else raw["weight"]
            weight = kernel * 2.0 ** -types["weight"].fraction
            bias = raw["bias"] * 2.0 ** -types["bias"].fraction if "bias" in raw else np.zeros(weight.shape[-1])
            return {"kind": kind, "weight": weight.tolist(), "bias": bias.tolist(), "result": result}
        case Activation(function=Function.RELU):
            return {"kind": "relu", "result": result}
        case Reshape():
            return {"kind": "flatten", "result": result}
        case Quantize(types=elements):
            return {"kind": "quantize", "result": mode(elements)}
        case _:
            raise ValueError(f"this benchmark has no {node.kind}")


def mode(type_: hx.Fixed | ElementTypes) -> list[Any]:
    """Return a type as a list: whether it is signed, integer bits, fraction bits (each for all elements), and modes."""
    bits = [np.asarray(part, dtype=int).tolist() for part in (type_.signed, type_.integer, type_.fraction)]
    return [*bits, str(type_.rounding), str(type_.overflow)]


def synthesized(sources: dict[str, str], top: str) -> dict[str, float]:
    """Synthesize Verilog flat with the product's script; LUT, FF and cells on the longest path."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {**sources, **MAPS}.items():
            (folder / file).write_text(text)
        (folder / "run.ys").write_text(script("xc7", [top], list(sources), memory=Memory.NONE))
        before = children_cpu_s()
        run(find_engine().argv("run.ys"), cwd=folder, limits=Limits.after(TIMEOUT_S), what="yosys")
        found = figures_of(parse_stat((folder / STAT).read_text())[top])
        depth = parse_depth((folder / f"{top}{DEPTH}").read_text())
        return {"lut": found.lut or 0, "ff": found.ff or 0, "depth": depth or 0, "synth_s": children_cpu_s() - before}


def ours(design: Design, flow: str = "rtl") -> dict[str, float]:
    """Generate and synthesize our RTL, or that of XLS."""
    start = time.process_time() + children_cpu_s()
    with tempfile.TemporaryDirectory() as folder:
        project = export(design, f"{folder}/p", flow=flow)
        generated = time.process_time() + children_cpu_s() - start
        texts = {f"s{i}.v": (project.path / name).read_text() for i, name in enumerate(project.extra["sources"])}
        found = synthesized(texts, project.top)
    return {**found, "latency_cycles": project.latency_cycles or 0, "generate_s": generated}


def theirs(peer: str, python: str, network: dict[str, Any], mine: dict[str, float]) -> dict[str, Any]:
    """Return the peer's figures at the depth that is nearest to ours."""
    pace = mine["depth"] / CELLS_PER_LATENCY if peer == "da4ml" else round(ALKAID_SHARE * mine["latency_cycles"])
    best: dict[str, Any] = {}
    seen: set[float] = set()
    for _ in range(TRIES):
        seen.add(pace)
        found = at_pace(peer, python, network, pace)
        if not best or abs(found["depth"] - mine["depth"]) < abs(best["depth"] - mine["depth"]):
            best = found
        share = mine["depth"] / found["depth"]
        pace = round(pace * share, 1) if peer == "da4ml" else round(pace / share)
        if found["depth"] == mine["depth"] or pace in seen:
            break
    return best


def at_pace(peer: str, python: str, network: dict[str, Any], pace: float) -> dict[str, Any]:
    """Write and synthesize a peer's pipeline."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "network.json").write_text(json.dumps({**network, "paces": [pace]}))
        command = [python, str(Path(__file__).parent / "peer_rtl.py"), peer, name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        told = json.loads((folder / "peer.json").read_text())
        files = sorted(
            path for path in (folder / "0").rglob("*.v") if path.stem not in ("lookup_table", "peer_wrapper")
        )
        found = synthesized({path.name: path.read_text() for path in files}, "peer")
    seconds = told["solve_s"] + told["write_s"]
    return {**found, "latency_cycles": told["latency_cycles"][0], "solve_s": seconds, "y": told["y"]}


def row_of(name: str, peers: dict[str, str], with_xls: bool) -> dict[str, Any]:
    """Measure a case."""
    design = case_design(name)
    shape = design.graph.inputs[0].shape
    x = np.random.default_rng(1).normal(0, 1, (SAMPLES, *shape))
    # A peer's own model wraps inputs, so they are already on the grid.
    x = on_grid(design, x)
    wanted = hx.emulate(design, x).reshape(SAMPLES, -1)
    mine = ours(design)
    row: dict[str, Any] = {"case": name, **mine}
    for peer, python in peers.items():
        found = theirs(peer, python, network_of(design, x), mine)
        y = np.array(found.pop("y")).reshape(SAMPLES, -1)
        row |= {f"{peer}_{key}": value for key, value in found.items()}
        row[f"{peer}_differing"] = int((y != wanted).sum())
    if with_xls:
        row |= {f"xls_{key}": value for key, value in ours(design, "xls").items()}
    for key in FIGURES:
        row[f"{key.removesuffix('_cycles')}_ratio"] = mine[key] / min(row[f"{peer}_{key}"] for peer in peers)
    return row


def on_grid(design: Design, x: np.ndarray) -> np.ndarray:
    """Return values cast to the input's type."""
    type_ = design.result_type(design.graph.inputs[0].name)
    raw = np.clip(np.floor(x * 2.0**type_.fraction), type_.min_raw, type_.max_raw)
    cast: np.ndarray = raw * 2.0**-type_.fraction
    return cast


def alkaid_python(folder: str) -> str:
    """Make an environment that holds alkaid and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = f"{folder}/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "alkaid"], check=True, stdout=sys.stderr)
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--peer", action="append", choices=PEERS)
    parser.add_argument("--alkaid")
    parser.add_argument("--xls", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        peers = dict.fromkeys(options.peer or PEERS, sys.executable)
        if "alkaid" in peers:
            peers["alkaid"] = options.alkaid or alkaid_python(folder)
        for name in options.case or CASES:
            rows.append(row_of(name, peers, options.xls))
            if not options.json:
                print("  ".join(f"{key} {shown(value)}" for key, value in rows[-1].items()), flush=True)
    names = ("lut_ratio", "ff_ratio", "latency_ratio")
    mean = {name: math.exp(np.mean([math.log(row[name]) for row in rows])) for name in names}
    rows.append({"case": "geomean", **mean})
    if options.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions("hlsexplore", "da4ml", "pyosys")}))
    else:
        print("geomean  " + "  ".join(f"{key} {value:.3f}" for key, value in mean.items()))


def shown(value: Any) -> str:
    """Write a figure with four digits."""
    return str(round(value, 3)) if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
