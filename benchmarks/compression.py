"""How small networks get with pruning and fine-tuning, and without, at equal accuracy.

    python benchmarks/compression.py [--json] [--case digits] [--seeds 1] [--budget 600] [--trials 600] [--synthesize]
                                     [--hgq2 FOLDER]

For each case the same network, target and evaluation samples, which no training saw. Without: a guided search of the
bits of every layer's weights and results and of the inputs (`trials` designs, reuse 1). With: `shrink`, which prunes
and fine-tunes, within `budget` seconds of wall time. Of both the design with the fewest LUTs counts whose accuracy is
within half a point of the float network's. `qkeras6` is the bundled network that QKeras trained with 6 bits for
everything, with its default design, and `hgq2` the one that HGQ2 trained (scripts/train_hgq2_examples.py): it comes
with the package for digits and jets, those of the other cases are read from a folder that the script wrote. LUTs are
estimated, and with `--synthesize` those that Yosys finds in the exported RTL. Figures are medians over the seeds.
"""

import argparse
import json
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from machine import machine, versions

from hlsexplore.compress.merge import simplify
from hlsexplore.compress.shrink import shrink
from hlsexplore.design import Design
from hlsexplore.emulate import emulate, float_forward
from hlsexplore.estimate import estimate
from hlsexplore.examples import Example, load
from hlsexplore.examples.catalog import FOLDER
from hlsexplore.examples.dataset import Dataset
from hlsexplore.examples.jets import synthetic_jets
from hlsexplore.examples.packaged import digits, read_vowels, shuttle
from hlsexplore.importers import read_model
from hlsexplore.metrics import accuracy
from hlsexplore.study.study import Study
from hlsexplore.target import Target
from hlsexplore_hls import export

TOLERANCE = 0.005
WIDTHS = [2, 3, 4, 5, 6, 7, 8, 10]
RESULTS = {"width": [3, 4, 5, 6, 7, 8, 10], "signed": "auto", "rounding": ["TRN", "RND"], "overflow": "SAT"}
SPACE = {"per_layer": {"weight": {"width": WIDTHS}, "result": RESULTS}, "input": {"width": RESULTS["width"]}}
CASES = {
    "digits": ("digits", digits),
    "shuttle": ("shuttle", shuttle),
    "vowels": ("vowels_cnn", read_vowels),
    "jets": ("jets", synthetic_jets),
}
"""Case -> example, data with its training part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A design that is good enough, or nothing."""

    design: Design | None
    accuracy: float
    wall_s: float
    cpu_s: float = float("nan")


def spent_s() -> float:
    """Processor time of this process and of those that ended, in seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)


def without(example: Example, base: Design, seed: int, trials: int) -> Found:
    """Search bits alone."""
    begun = perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Study(Path(folder) / "s.db", example.graph, example.x, example.labels) as study,
    ):
        least = study.evaluator.float_metrics["accuracy"] - TOLERANCE
        study.sweep(SPACE, trials, base=base, objectives=("accuracy", "lut"), sampler="guided", seed=seed)
        good = [trial for trial in study.trials() if (trial.metrics.get("accuracy") or 0.0) >= least]
        if not good:
            return Found(design=None, accuracy=float("nan"), wall_s=perf_counter() - begun)
        best = min(good, key=lambda trial: trial.metrics["lut"])
        return Found(design=study.design(best), accuracy=best.metrics["accuracy"], wall_s=perf_counter() - begun)


def compressed(example: Example, data: Dataset, base: Design, seed: int, budget_s: float) -> Found:
    """Prune and fine-tune, and take away neurons that nothing needs."""
    begun, spent = perf_counter(), spent_s()
    tries = shrink(
        base, data.x_train, data.y_train, example.x, example.labels, tolerance=TOLERANCE, budget_s=budget_s, seed=seed
    )
    if not tries[0].is_good:
        return Found(design=None, accuracy=float("nan"), wall_s=perf_counter() - begun)
    design = simplify(tries[0].tuned.design)[0]
    found = accuracy(emulate(design, example.x), example.labels)
    for item in tries:
        print(f"  {item.point}: {item.merit:.4f}, {item.lut:.0f} LUT, good {item.is_good}", file=sys.stderr)
    return Found(design=design, accuracy=found, wall_s=perf_counter() - begun, cpu_s=spent_s() - spent)


def luts(design: Design | None, is_synthesized: bool) -> float:
    """LUTs of a design, by estimate or by Yosys."""
    if design is None:
        return float("nan")
    if not is_synthesized:
        return float(estimate(design).total.lut or np.nan)
    with tempfile.TemporaryDirectory() as folder:
        report = export(design, Path(folder) / "out", flow="rtl").synthesize(tool="yosys")
        return float(report.total.lut or np.nan)


def row(case: str, seeds: int, budget_s: float, trials: int, is_synthesized: bool, hgq2: Path) -> dict:
    """Measure a case."""
    name, read = CASES[case]
    example, data = load(name), read()
    base = Design.default(example.graph, Target(tool="yosys"), data=data.x_train)
    pairs = []
    for seed in range(seeds):
        mine = compressed(example, data, base, seed, budget_s)
        theirs = without(example, base, seed, trials)
        pairs.append((mine, theirs, luts(mine.design, is_synthesized), luts(theirs.design, is_synthesized)))
        print(f"{case} seed {seed}: {pairs[-1][2]:.0f} with, {pairs[-1][3]:.0f} without", file=sys.stderr, flush=True)
    return {
        "case": case,
        "accuracy_float": accuracy(float_forward(example.graph, example.x), example.labels),
        "accuracy": median(pair[0].accuracy for pair in pairs),
        "accuracy_without": median(pair[1].accuracy for pair in pairs),
        "lut": median(pair[2] for pair in pairs),
        "lut_without": median(pair[3] for pair in pairs),
        "lut_ratio": median(pair[2] / pair[3] for pair in pairs),
        "wall_s": round(median(pair[0].wall_s for pair in pairs), 1),
        "cpu_s": round(median(pair[0].cpu_s for pair in pairs), 1),
        "wall_without_s": round(median(pair[1].wall_s for pair in pairs), 1),
        "seeds": seeds,
        "is_synthesized": int(is_synthesized),
        **trained(example, FOLDER / f"{name}_qkeras.keras", "qkeras6", is_synthesized),
        **trained(example, hgq2 / f"{name}_hgq2.keras", "hgq2", is_synthesized),
    }


def trained(example: Example, path: Path, called: str, is_synthesized: bool) -> dict[str, float]:
    """Measure a network that came trained, with its default design; nothing where there is no such file."""
    if not path.exists():
        return {}
    design = Design.default(read_model(path), Target(tool="yosys"))
    return {
        f"{called}_lut": luts(design, is_synthesized),
        f"{called}_accuracy": accuracy(emulate(design, example.x), example.labels),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", type=float, default=600.0)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--synthesize", action="store_true")
    parser.add_argument("--hgq2", type=Path, default=FOLDER, metavar="FOLDER")
    args = parser.parse_args()
    cases = args.case or CASES
    rows = [row(case, args.seeds, args.budget, args.trials, args.synthesize, args.hgq2) for case in cases]
    if args.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions("numpy", "tensorflow")}))
        return
    for item in rows:
        shown = {key: f"{value:.5g}" if isinstance(value, float) else value for key, value in item.items()}
        print("  ".join(f"{key}={value}" for key, value in shown.items()))


if __name__ == "__main__":
    main()
