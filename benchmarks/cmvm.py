"""The search for shared sums of a constant matrix beside da4ml's solver and beside shared products, in one run.

Weights are normal with a standard deviation of a quarter of the largest one, rounded; inputs are 8-bit and signed.
`adders` counts two-input adders of the graph, `seconds` CPU time with everything compiled before. `--peer-limit N`
leaves da4ml out above N rows (256x64 takes it most of a minute).

    python benchmarks/cmvm.py [--json] [--peer-limit 256]
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from machine import machine, versions

from hlsexplore.rtl_plan.netlist.cmvm import csd_digits, find_sharing

SHAPES = ((16, 64), (32, 32), (64, 64), (128, 64), (256, 64), (512, 64))
BITS = 8
SEED = 3


def weights(shape: tuple[int, int]) -> np.ndarray:
    """Draw the matrix of a case."""
    top = (1 << (BITS - 1)) - 1
    drawn = np.random.default_rng(SEED).normal(0, top / 4, shape)
    return np.clip(np.round(drawn), -top - 1, top).astype(np.int64)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Run and return CPU seconds and the result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def searched(matrix: np.ndarray) -> int:
    """Count the adders of this project's search: the shared ones, and those that end each column."""
    find_sharing.cache_clear()
    found = find_sharing(matrix.tobytes(), matrix.shape, (255.0,) * len(matrix))
    return len(found.adders) + sum(max(0, len(column) - 1) for column in found.columns)


def by_da4ml(matrix: np.ndarray) -> int:
    """Count the adders of da4ml's solver, as the planner called it before."""
    from da4ml.cmvm import solve

    intervals = [(-128.0, 127.0, 1.0)] * len(matrix)
    found = solve(
        matrix.astype(np.float32),
        method0="mc",
        qintervals=intervals,
        decompose_dc=-1,
        search_all_decompose_dc=False,
    )
    return sum(op.opcode in (0, 1) for solution in found.solutions for op in solution.ops)


def plain_adders(matrix: np.ndarray) -> int:
    """Count the adders without any sharing."""
    digits = np.vectorize(lambda weight: len(csd_digits(abs(int(weight)))))(matrix)
    return int(np.maximum(digits.sum(axis=0) - 1, 0).sum())


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer-limit", type=int, default=128)
    options = parser.parse_args()
    searched(weights((4, 4)))
    rows = []
    for shape in SHAPES:
        matrix = weights(shape)
        row: dict[str, Any] = {"case": f"{shape[0]}x{shape[1]}", "plain_adders": plain_adders(matrix)}
        row["seconds"], row["adders"] = timed(lambda matrix=matrix: searched(matrix))
        if shape[0] <= options.peer_limit:
            row["da4ml_seconds"], row["da4ml_adders"] = timed(lambda matrix=matrix: by_da4ml(matrix))
            row["adder_ratio"] = row["adders"] / row["da4ml_adders"]
        rows.append(row)
        if not options.json:
            print("  ".join(f"{key} {value:.4g}" if key != "case" else value for key, value in row.items()), flush=True)
    if options.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions("numpy", "numba", "da4ml")}))


if __name__ == "__main__":
    main()
