"""How close default designs come to the float network, on networks of many kinds that nobody tuned.

    python benchmarks/defaults.py [--json] [--case NAME]

Each case is a network with random or trained weights and samples. The first half of the samples is the data that a
design may see, figures are of the other half. A row for each case, with and without data:

- `flips`: share of the decisions that differ from the float network's; `least` the same where the logits decide
  (softmax replaced by argmax), so that the difference is what the tables cost; null for regressions.
- `error`: root mean square error over the standard deviation of the float outputs, of the worst output; `error_max` the
  largest error over the same; null for classifications.
- `width`: mean bits of the results that the model does not prescribe; `table`: entries of the largest table.

Without data inputs must lie in the input's type, fixed<16,6>; cases where they do not have no such row.
"""

import argparse
import json
import sys
import zlib
from dataclasses import dataclass

import numpy as np
from default_networks import CASES
from machine import machine, versions

from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.graph import Graph
from hlsexplore.layer_config import knobs
from hlsexplore.ops import (
    MOVES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a row says."""

    flips: float | None = None
    least: float | None = None
    error: float | None = None
    error_max: float | None = None
    width: float
    table: int


def measure(graph: Graph, design: Design, x: object) -> Figures:
    """Compare a design with the float network on samples."""
    wanted, got = float_forward(graph, x), emulate(design, x)
    free = [node for node in graph if not isinstance(node.op, MOVES) and "result" not in node.types]
    tables = [design.layers[node.name].table_size for node in graph if "table_size" in knobs(node)]
    sizes = {
        "width": float(np.mean([design.result_type(node.name).width for node in free])),
        "table": max(tables, default=0),
    }
    last = graph[graph.outputs[0]]
    if last.kind in ("softmax", "sigmoid"):
        flips = float((_decisions(got) != _decisions(wanted)).mean())
        if last.kind == "sigmoid":
            logits = Graph(name="logits", nodes=graph.nodes[:-1], outputs=last.inputs)
            raw = emulate(
                Design(graph=logits, target=design.target, layers={n.name: design.layers[n.name] for n in logits}), x
            )
            return Figures(flips=flips, least=float(((raw > 0) != _decisions(wanted)).mean()), **sizes)
        hard = emulate(design.with_layer(last.name, softmax="argmax"), x)
        return Figures(flips=flips, least=float((_decisions(hard) != _decisions(wanted)).mean()), **sizes)
    spread = wanted.std(axis=0) if wanted.ndim == 2 else wanted.std()
    error = got - wanted
    rms = np.sqrt(np.square(error).mean(axis=0)) if wanted.ndim == 2 else np.sqrt(np.square(error).mean())
    return Figures(error=float((rms / spread).max()), error_max=float(np.abs(error / spread).max()), **sizes)


def _decisions(y: np.ndarray) -> np.ndarray:
    return y > 0.5 if y.shape[-1] == 1 else y.argmax(axis=-1)


def rows(name: str) -> list[dict[str, object]]:
    """Return the rows of a case."""
    net = CASES[name](np.random.default_rng(zlib.crc32(name.encode())))
    graph = net.graph()
    half = len(net.inputs[0]) // 2
    seen, unseen = (tuple(x[part] for x in net.inputs) for part in (slice(None, half), slice(half, None)))
    if len(seen) == 1:
        seen, unseen = seen[0], unseen[0]
    found = []
    if max(np.abs(x).max() for x in net.inputs) < 32:
        found.append(vars_of(name, "none", measure(graph, Design.default(graph), unseen)))
    found.append(vars_of(name, "half", measure(graph, with_data(graph, seen), unseen)))
    return found


def with_data(graph: Graph, x: object) -> Design:
    """Return the default design that looks at data."""
    return Design.default(graph, data=x)


def vars_of(name: str, data: str, figures: Figures) -> dict[str, object]:
    """Return a row as plain data."""
    return {"case": name, "data": data, **{key: getattr(figures, key) for key in Figures.__slots__}}


def main() -> int:
    """Print the table or the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", action="append", choices=list(CASES))
    args = parser.parse_args()
    found = [row for name in args.case or CASES for row in rows(name)]
    if args.json:
        print(json.dumps({"rows": found, "machine": machine(), "versions": versions()}))
        return 0
    print(f"{'case':<24}{'data':<6}{'flips':>8}{'least':>8}{'error':>9}{'max':>9}{'width':>7}{'table':>7}")
    for row in found:
        cells = [("-" if row[key] is None else f"{row[key]:.2%}") for key in ("flips", "least", "error", "error_max")]
        head = f"{row['case']:<24}{row['data']:<6}{cells[0]:>8}{cells[1]:>8}{cells[2]:>9}{cells[3]:>9}"
        print(f"{head}{row['width']:>7.1f}{row['table']:>7}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
