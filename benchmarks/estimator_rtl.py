"""Estimates of the RTL level against Yosys.

    python benchmarks/estimator_rtl.py DATA [--add N] [--plan N] [--write] [--json]

DATA is a file of JSON lines, one random network each. `--add N` synthesises N more: random layers, types, reuse
factors, parts and clocks, exported as RTL and mapped by Yosys (some seconds each). `--plan N` adds networks whose
figures are counted from their plan (a fraction of a second each); they are fitted to, never measured against. The
synthesised rows are then estimated by coefficients that were fitted without them (10 folds); `--write` stores the fit
to all rows in the package. Without `--add` nothing is synthesised.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine, versions
from scipy.optimize import nnls

import hlsexplore
from hlsexplore.errors import HlsExploreError
from hlsexplore.estimate.coefficients import Coefficients, shipped
from hlsexplore.estimate.convert import record_of
from hlsexplore.estimate.estimator import estimate, estimate_record
from hlsexplore.estimate.intervals import Spreads, class_of, spreads_from
from hlsexplore.estimate.kinds import TABLE_OPS
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.estimate.rtl.delays import softmax_cycles
from hlsexplore.estimate.rtl.layers import element_lut
from hlsexplore.estimate.rtl.matrix import graph_of, register_features, unrolled_features, varying
from hlsexplore.estimate.rtl.timing import rtl_fabric
from hlsexplore.estimate.tables import write_rtl_tables
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Op, Softmax
from hlsexplore.report import Report
from hlsexplore.reuse import legal_reuse
from hlsexplore.rtl_plan.count.blocks import BLOCKS, counted_family

CLASSES = ("rtl_unrolled", "rtl_folded", "rtl_planned")
PLANNED_SEEDS = 1_000_000
"""Planned networks are numbered from here on."""
FIGURES = ("lut", "ff", "dsp", "bram18", "latency_cycles_min", "latency_cycles_max", "ii_cycles")
FOLDS = 10
LEAST_LUT = 30
"""Layers with less teach nothing: Yosys found a constant."""
FUNCTIONS = ("relu", "relu", "relu", "sigmoid", "tanh", "elu", "leaky_relu", "hard_tanh", "linear")
ALPHAS = {"elu": 1.0, "leaky_relu": 0.3}

Row = Mapping[str, Any]


def random_spec(rng: random.Random, seed: int) -> dict[str, Any]:
    """Choose a network and its design."""
    folded, narrow = rng.random() < 0.4, rng.random() < 0.3
    n_in, bits = rng.choice((8, 16, 24, 32, 64)), rng.choice((3, 4, 5, 6, 8, 10, 12))
    n_out = rng.choice((4, 8, 16, 32))
    if not folded:
        n_out = min(n_out, max(4, (2048 if bits <= 5 else 1024) // n_in))
    sizes = [n_in, n_out] + ([rng.choice((4, 8, 16))] if rng.random() < 0.4 else [])
    functions: list[str | None] = [rng.choice(FUNCTIONS) for _ in sizes[1:]]
    functions[-1] = rng.choice((*FUNCTIONS, None, None, "softmax", "softmax"))
    return {
        "seed": seed,
        "dims": sizes,
        "bits": bits,
        "act": rng.choice((bits + 2, 8, 10, 12)),
        "sparsity": rng.choice((0, 0, 0.5, 0.8)),
        "acts": functions,
        "strategy": rng.choice(("resource", "latency")) if folded else "latency",
        "reuse": [rng.random() if folded else 0.0 for _ in sizes[1:]],
        "narrow": rng.choice((10, 12, 16)) if narrow and not folded else None,
        "modes": rng.choice(("", ",RND,SAT")),
        "part": rng.choice(("xc7a200tfbg484-1",) * 3 + ("xcvu13p-flga2577-2-e",)),
        "clock": rng.choice((5.0, 5.0, 5.0, 10.0, 3.0)),
    }


def graph_of_spec(spec: Row) -> Graph:
    """Build the network of a row."""
    rng = np.random.default_rng(spec["seed"])
    nodes = [Node(name="x", op=Input(), inputs=(), shape=(spec["dims"][0],))]
    for index, (n_in, n_out) in enumerate(pairwise(spec["dims"])):
        kernel = rng.normal(0, (2 / (n_in + n_out)) ** 0.5, (n_in, n_out))
        if spec["sparsity"]:
            kernel *= rng.random(kernel.shape) > spec["sparsity"]
        op: Op = Dense(kernel=kernel, bias=rng.normal(0, 0.1, n_out))
        nodes.append(Node(name=f"fc{index}", op=op, inputs=(nodes[-1].name,), shape=(n_out,)))
        name = spec["acts"][index]
        if name:
            op = Softmax() if name == "softmax" else Activation(function=Function(name), alpha=ALPHAS.get(name, 0.0))
            nodes.append(Node(name=f"act{index}", op=op, inputs=(nodes[-1].name,), shape=(n_out,)))
    return Graph(name="net", nodes=tuple(nodes), outputs=(nodes[-1].name,))


def design_of_spec(spec: Row) -> hlsexplore.Design:
    """Build the design of a row."""
    graph = graph_of_spec(spec)
    target = hlsexplore.Target(tool="yosys", part=spec["part"], clock_ns=spec["clock"])
    changes: dict[str, dict[str, Any]] = {}
    for index, reuse in enumerate(spec["reuse"]):
        own = changes[f"fc{index}"] = {"weight": f"fixed<{spec['bits']},1>"}
        if isinstance(reuse, float):
            legal = legal_reuse(graph[f"fc{index}"])[1:]
            reuse = legal[int(reuse * len(legal))] if reuse else 1
        if reuse > 1:
            own |= {"reuse": reuse, "strategy": spec["strategy"]}
        if spec["narrow"]:
            own |= {"accum": f"fixed<{spec['narrow']},6>", "result": f"fixed<{spec['narrow']},6{spec['modes']}>"}
    return hlsexplore.Design.default(graph, target=target, type=f"fixed<{spec['act']},3>").with_layers(changes)


def add_rows(file: Path, count: int, planned: bool) -> None:
    """Synthesise random networks, or only plan them, and append them to a file."""
    known = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    own = sum(is_planned(json.loads(line)) == planned for line in known)
    for number in range(own, own + count):
        spec = random_spec(random.Random(number + PLANNED_SEEDS * planned), number + PLANNED_SEEDS * planned)
        try:
            report = measured(design_of_spec(spec), planned)
        except HlsExploreError as error:
            print(f"{spec}: {error}", file=sys.stderr)
            continue
        data = report.to_dict()
        row = {"spec": spec, "source": report.source, "total": data["total"], "layers": data["layers"]}
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")


def measured(design: hlsexplore.Design, planned: bool) -> Report:
    """Synthesise a design, or count its plan."""
    if planned:
        return estimate(design, level="plan")
    from hlsexplore_hls import export

    with tempfile.TemporaryDirectory() as folder:
        return export(design, Path(folder) / "project", flow="rtl").synthesize(tool="yosys")


def is_planned(row: Row) -> bool:
    """Whether the figures of a row are those of a plan, which only the fit uses."""
    return bool(row.get("source") == "estimate")


def fit(rows: Sequence[Row], designs: Sequence[DesignRecord]) -> Coefficients:
    """Fit every model of the RTL level to rows."""
    layers = [
        (design, layer, row["layers"][layer.name])
        for row, design in zip(rows, designs, strict=True)
        for layer in design.layers
        if layer.name in row["layers"]
    ]
    matrices = [item for item in layers if item[1].op == "dense" and item[2]["lut"] >= LEAST_LUT]
    found = _unrolled([item for item in matrices if item[1].reuse == 1])
    found |= _others([item[1:] for item in layers if item[1].op != "dense"])
    found["rtl_softmax", "ff"] = _softmax_registers([item for item in layers if item[1].op == "softmax"])
    return shipped().changed({(model, "default", name): value for (model, name), value in found.items()})


def _unrolled(items: Sequence[tuple[DesignRecord, LayerRecord, Row]]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    systems: dict[str, list[tuple[dict[str, float], float]]] = {"rtl_unrolled": [], "rtl_cut": [], "rtl_registers": []}
    for design, layer, figures in items:
        constants, width = varying(layer)
        graph = graph_of(constants)
        if not graph.digits:
            continue
        features = unrolled_features(layer, graph, width)
        systems["rtl_cut" if "dropped" in features else "rtl_unrolled"].append((features, np.log(figures["lut"])))
        if figures["latency_cycles_max"] and figures["ff"]:
            fabric = rtl_fabric(design.family)
            registers = register_features(figures["lut"], features, graph, fabric, design.budget_ns)
            systems["rtl_registers"].append((registers, np.log(figures["ff"])))
    for model, system in systems.items():
        names = list(system[0][0])
        matrix = np.array([[features[name] for name in names] for features, _ in system])
        truth = np.array([value for _, value in system])
        # Large layers make up a design, so they weigh more: by the square root of their size.
        weight = np.exp((truth - truth.mean()) / 4)
        bordered = np.vstack([matrix * weight[:, None], 0.03 * np.eye(len(names))])
        values = np.linalg.lstsq(bordered, np.concatenate([truth * weight, np.zeros(len(names))]), rcond=None)[0]
        found |= {(model, name): float(value) for name, value in zip(names, values, strict=True)}
    return found


def _others(items: Sequence[tuple[LayerRecord, Row]]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    simple = [item for item in items if item[0].op not in ("softmax", "relu", "linear") and item[0].op not in TABLE_OPS]
    blocks = BLOCKS[counted_family("")]
    bits = sum(layer.elements * element_lut(layer, layer.input, layer.result, blocks)[0] for layer, _ in simple)
    found["rtl_element", "lut"] = sum(figures["lut"] for _, figures in simple) / bits
    width = sum(layer.elements * layer.result.width for layer, _ in simple)
    found["rtl_element", "ff"] = sum(figures["ff"] for _, figures in simple) / width
    tables = [item for item in items if item[0].op in ("sigmoid", "tanh")]
    width = sum(layer.elements * layer.input.width for layer, _ in tables)
    found["rtl_table", "lut"] = sum(figures["lut"] for _, figures in tables) / width
    width = sum(layer.elements * layer.result.width for layer, _ in tables)
    found["rtl_table", "ff"] = sum(figures["ff"] for _, figures in tables) / width
    soft = [item for item in items if item[0].op == "softmax" and item[1]["lut"] >= LEAST_LUT]
    matrix = np.array([[layer.elements, layer.elements * layer.input.width] for layer, _ in soft], dtype=np.float64)
    truth = np.array([figures["lut"] for _, figures in soft], dtype=np.float64)
    element, bit = nnls(matrix / truth[:, None], np.ones(len(truth)))[0]
    found["rtl_softmax", "lut"], found["rtl_softmax", "lut_bit"] = float(element), float(bit)
    return found


def _softmax_registers(items: Sequence[tuple[DesignRecord, LayerRecord, Row]]) -> float:
    """Return flip-flops of an element in a cycle behind the tables of exponentials; before them its bits wait."""
    waiting = held = 0.0
    for design, layer, figures in items:
        before, behind = softmax_cycles(layer, rtl_fabric(design.family), design.budget_ns)
        waiting += figures["ff"] - layer.elements * layer.input.width * before
        held += layer.elements * behind
    return waiting / held


def held_out(
    rows: Sequence[Row], designs: Sequence[DesignRecord]
) -> tuple[list[dict[str, Any]], Coefficients, Spreads]:
    """Estimate each row by a fit to the other folds, with intervals from the other folds as well."""
    folds = np.arange(len(rows)) % FOLDS
    reports: list[Report | None] = [None] * len(rows)
    for fold in range(FOLDS):
        others = np.flatnonzero(folds != fold)
        table = fit([rows[i] for i in others], [designs[i] for i in others])
        for index in np.flatnonzero(folds == fold):
            reports[index] = estimate_record(designs[index], table, {})
    residuals = []
    for index, (row, design, report) in enumerate(zip(rows, designs, reports, strict=True)):
        if is_planned(row):
            continue
        planned = estimate(design_of_spec(row["spec"]), level="plan").total
        for name in FIGURES:
            residuals.append(
                (index, ("rtl_planned", name, str(index), getattr(planned, name), float(row["total"][name])))
            )
            value = getattr(report.total, name) if report else None
            if value is not None and row["total"][name] is not None:
                residuals.append((index, (class_of(design), name, str(index), value, float(row["total"][name]))))
    pairs = []
    for fold in range(FOLDS):
        spreads = spreads_from([item for index, item in residuals if folds[index] != fold], CLASSES)
        for index, (kind, name, _, value, truth) in residuals:
            if folds[index] == fold:
                entry: dict[str, Any] = {"class": kind, "figure": name, "estimate": value, "truth": truth}
                for level in (80, 95):
                    low, high = spreads[kind][name].bounds(value, level)
                    entry[f"in{level}"] = low - 0.5 <= truth <= high + 0.5
                pairs.append(entry)
    return pairs, fit(rows, designs), spreads_from([item for _, item in residuals], CLASSES)


def summary_of(pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Summarise pairs by class and figure."""
    found = []
    for kind in CLASSES:
        for name in FIGURES:
            own = [item for item in pairs if item["class"] == kind and item["figure"] == name]
            if not own:
                continue
            truth, value = (np.array([item[key] for item in own]) for key in ("truth", "estimate"))
            error = 100 * np.abs(value - truth) / np.maximum(truth, 1.0)
            found.append(
                {
                    "case": f"{kind} {name}",
                    "n": len(own),
                    "median_ape": round(float(np.median(error)), 2),
                    "p90_ape": round(float(np.quantile(error, 0.9)), 2),
                    "exact_share": round(float(np.mean(np.abs(value - truth) < 0.5)), 3),
                    "covered80": round(float(np.mean([item["in80"] for item in own])), 3),
                    "covered95": round(float(np.mean([item["in95"] for item in own])), 3),
                }
            )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--add", type=int, default=0, metavar="N", help="synthesise N more random networks")
    parser.add_argument("--plan", type=int, default=0, metavar="N", help="plan N more random networks")
    parser.add_argument("--write", action="store_true", help="store the fit to all rows in the package")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args(arguments)
    if options.add:
        add_rows(options.data, options.add, planned=False)
    if options.plan:
        add_rows(options.data, options.plan, planned=True)
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines()]
    designs = [record_of(design_of_spec(row["spec"])) for row in rows]
    pairs, table, spreads = held_out(rows, designs)
    summary = summary_of(pairs)
    if options.write:
        from estimator_docs import coefficient_lines, error_lines, fill

        write_rtl_tables(table, spreads, sum(not is_planned(row) for row in rows), summary)
        fill("rtl errors", error_lines(summary))
        fill("rtl coefficients", coefficient_lines(table, is_rtl=True))
    if options.json:
        print(json.dumps({"rows": summary, "machine": machine(), "versions": versions("hlsexplore")}))
        return
    keys = ("n", "median_ape", "p90_ape", "exact_share", "covered80", "covered95")
    print(f"{'case':36}" + "".join(f"{key:>12}" for key in keys))
    for row in summary:
        print(f"{row['case']:36}" + "".join(f"{row[key]:12}" for key in keys))


if __name__ == "__main__":
    main()
