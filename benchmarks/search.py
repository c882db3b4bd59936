"""How fast each sampler finds the Pareto front of accuracy, LUT and latency.

    python benchmarks/search.py [--json] [--seeds 3] [--trials 400] [--case jets] [--sampler guided]

Every sampler gets the same budget of designs in the same space, from scratch: its own study, emulator and caches. The
hypervolume is the share of a box that the designs found so far dominate: accuracy from 5 points below the float network
to half a point above, the logarithm of LUT from the default design's down to 1/32 of it, and the logarithm of the
latency from a quarter of the default design's up to 32 times it. The reference is 97 % of the volume that all designs
of all runs of a case dominate together, so it depends on the samplers that were run. Figures are medians over the
seeds; `evaluations_to_reference` and `wall_s_to_reference` are null where half of the runs or more did not get there,
and `reached` is the share that did.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from machine import machine, versions

from hlsexplore.design import Design
from hlsexplore.examples import Example, load
from hlsexplore.pareto import hypervolume, pareto_front
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Trial

REFERENCE = 0.97
SAMPLERS = ("random", "nsga2", "tpe", "guided")
PER_LAYER = {"per_layer": {"weight": [3, 4, 5, 6, 8, 10], "result": [4, 5, 6, 8, 10, 12], "reuse": [1, 2, 4, 8]}}
CASES = {
    "jets": ("jets", "keras", PER_LAYER),
    "digits": ("digits", "keras", PER_LAYER),
    "shuttle_qkeras": ("shuttle", "qkeras", PER_LAYER),
}
"""Case -> example, variant, space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sweep: place of each design in the box, and the time when it was done."""

    sampler: str
    points: np.ndarray
    seconds: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What the volume is measured in."""

    accuracy: float
    lut: float
    latency: float

    def point(self, trial: Trial) -> list[float]:
        """Place of a trial: 0 best, 1 no longer counted."""
        found = trial.metrics
        if found["accuracy"] is None or found["lut"] is None or found["latency_cycles"] is None:
            return [float("nan")] * 3
        return [
            (self.accuracy + 0.005 - found["accuracy"]) / 0.055,
            1 + np.log2(found["lut"] / self.lut) / 5,
            (np.log2(found["latency_cycles"] / self.latency) + 2) / 7,
        ]


def volume(points: np.ndarray) -> float:
    """Volume that points dominate in the unit box."""
    return hypervolume(np.clip(points, 0, None), ["min"] * 3, [1.0] * 3)


def trajectory(run: Run) -> np.ndarray:
    """Volume after each design."""
    volumes, kept, last = [], run.points[:0], 0.0
    for row in run.points:
        grown = np.vstack([kept, row])
        mask = pareto_front(grown, ["min"] * 3)
        if mask[-1]:
            kept, last = grown[mask], volume(grown[mask])
        volumes.append(last)
    return np.array(volumes)


def sweep(example: Example, space: dict, sampler: str, seed: int, trials: int, box: Box) -> Run:
    """Run one sweep from scratch."""
    points: list[list[float]] = []
    seconds: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Study(Path(folder) / "s.db", example.graph, example.x, example.labels) as study,
    ):
        _ = study.evaluator.reference, study.evaluator.ranges
        start = perf_counter()

        def on_event(event: object) -> None:
            points.append(box.point(event.trial))
            seconds.append(perf_counter() - start)

        study.sweep(space, trials, on_event=on_event, sampler=sampler, seed=seed)
    return Run(sampler=sampler, points=np.array(points), seconds=np.array(seconds))


def rows_of(case: str, samplers: tuple[str, ...], seeds: int, trials: int) -> list[dict]:
    """Measure a case."""
    name, variant, space = CASES[case]
    example = load(name, variant)
    with (
        tempfile.TemporaryDirectory() as folder,
        Study(Path(folder) / "s.db", example.graph, example.x, example.labels) as study,
    ):
        base = study.evaluate(Design.default(example.graph))
        accuracy = study.evaluator.float_metrics["accuracy"]
    box = Box(accuracy=accuracy, lut=base.metrics["lut"], latency=base.metrics["latency_cycles"])
    runs = []
    for seed in range(seeds):
        for sampler in samplers:
            runs.append(sweep(example, space, sampler, seed, trials, box))
            print(
                f"{case} {sampler} seed {seed}: {runs[-1].seconds[-1]:.1f} s, volume {trajectory(runs[-1])[-1]:.4f}",
                file=sys.stderr,
            )
    reference = REFERENCE * volume(np.vstack([run.points for run in runs]))
    rows = []
    for sampler in samplers:
        own = [run for run in runs if run.sampler == sampler]
        curves = [trajectory(run) for run in own]
        firsts = [int(np.argmax(curve >= reference)) if curve[-1] >= reference else None for curve in curves]
        reached = [index for index in firsts if index is not None]
        is_usual = len(reached) * 2 > len(own)
        rows.append(
            {
                "case": case,
                "sampler": sampler,
                "evaluations_to_reference": median_or_none([None if i is None else i + 1 for i in firsts])
                if is_usual
                else None,
                "wall_s_to_reference": median_or_none(
                    [None if i is None else float(run.seconds[i]) for i, run in zip(firsts, own, strict=True)]
                )
                if is_usual
                else None,
                "hypervolume": round(median(float(curve[-1]) for curve in curves), 5),
                "reference": round(reference, 5),
                "reached": len(reached) / len(own),
                "wall_s": round(median(float(run.seconds[-1]) for run in own), 2),
                "evaluations": trials,
                "seeds": seeds,
            }
        )
    return rows


def median_or_none(values: list) -> float | None:
    """Median with None as infinity."""
    found = median(float("inf") if value is None else value for value in values)
    return None if np.isinf(found) else round(found, 2)


def main() -> None:
    """Print the table or the JSON object."""
    parser = argparse.ArgumentParser(description="Samplers compared")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--sampler", action="append", choices=SAMPLERS)
    args = parser.parse_args()
    samplers = tuple(args.sampler or SAMPLERS)
    rows = [row for case in args.case or CASES for row in rows_of(case, samplers, args.seeds, args.trials)]
    if args.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions("numpy", "optuna")}))
        return
    names = list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    for row in [dict(zip(names, names, strict=True)), *rows]:
        print("  ".join(str(row[name]).ljust(width) for name, width in zip(names, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
