"""How fast each sampler finds the Pareto front of accuracy, LUT and latency, and what racing saves.

    python benchmarks/search.py [--json] [--seeds 5] [--trials 400] [--samples 10000] [--case jets] [--sampler guided]
    python benchmarks/search.py --race [--json] [--seeds 3] [--trials 600] [--samples 10000] [--copies 10] [--case jets]

Every sampler gets the same budget of designs in the same space, from scratch: its own study, emulator and caches. The
hypervolume is the share of a box that the designs found so far dominate: accuracy from 5 points below the float network
to half a point above, the logarithm of LUT from the default design's down to 1/32 of it, and the logarithm of the
latency from a quarter of the default design's up to 32 times it. The reference is what NSGA-II, which is run in any
case, has at the end: the median over the seeds. Figures are medians over the seeds; `evaluations_to_reference` and
`wall_s_to_reference` are null where half of the runs or more did not get there, and `reached` is the share that did.
`of_budget` is the first one as a share of NSGA-II's evaluations. All designs are evaluated on all samples. With
`--reference V` the reference is a hypervolume that another build printed.

With `--race` each sweep is run twice for each seed, one run after the other: with racing and without. Only designs that
were evaluated on all samples count in the hypervolumes. `wall_ratio` and `cpu_ratio` are those of the raced sweep over
the other one; `front_missed` counts designs of the front that the raced sweep gave up, for samplers that do not learn.
`--copies` makes more samples: disturbed copies.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
from machine import machine, versions

from hlsexplore.design import Design
from hlsexplore.examples import Example, load
from hlsexplore.pareto import hypervolume, pareto_front
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Status, Trial

REFERENCE = "nsga2"
"""Sampler whose end is the reference."""
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
    """One sweep: place of each design in the box, and the time when it was done; its front, and what was given up."""

    sampler: str
    points: np.ndarray
    seconds: np.ndarray
    cpu_s: float
    keys: frozenset[str]
    num_partial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What the volume is measured in."""

    accuracy: float
    lut: float
    latency: float

    def point(self, trial: Trial) -> list[float]:
        """Place of a trial: 0 best, 1 no longer counted."""
        found = trial.metrics
        if trial.status is not Status.OK:
            return [float("nan")] * 3
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


def sweep(example: Example, space: dict, sampler: str, seed: int, trials: int, box: Box, *, race: bool = False) -> Run:
    """Run one sweep from scratch."""
    points: list[list[float]] = []
    seconds: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Study(Path(folder) / "s.db", example.graph, example.x, example.labels) as study,
    ):
        _ = study.evaluator.merits, study.evaluator.ranges
        start, start_cpu = perf_counter(), process_time()

        def on_event(event: object) -> None:
            points.append(box.point(event.trial))
            seconds.append(perf_counter() - start)

        result = study.sweep(space, trials, on_event=on_event, sampler=sampler, seed=seed, race=race)
        return Run(
            sampler=sampler,
            points=np.array(points),
            seconds=np.array(seconds),
            cpu_s=process_time() - start_cpu,
            keys=frozenset(trial.design_key for trial in study.front()),
            num_partial=result.num_partial,
        )


def example_of(case: str, samples: int | None, copies: int = 1) -> Example:
    """Return the example of a case, with its first samples, and copies of them that are disturbed by 2 %."""
    example, rng = load(*CASES[case][:2]), np.random.default_rng(0)
    x, labels = example.x[:samples], example.labels[:samples]
    more = [x * (1 + rng.normal(0, 0.02, x.shape)) for _ in range(copies - 1)]
    return replace(example, x=np.concatenate([x, *more]), labels=np.concatenate([labels] * copies))


def rows_of(
    case: str, samplers: tuple[str, ...], seeds: int, trials: int, samples: int | None, wanted: float | None
) -> list[dict]:
    """Measure a case."""
    space, example = CASES[case][2], example_of(case, samples)
    box, runs = box_of(example), []
    for seed in range(seeds):
        for sampler in dict.fromkeys((REFERENCE, *samplers) if wanted is None else samplers):
            runs.append(sweep(example, space, sampler, seed, trials, box))
            print(
                f"{case} {sampler} seed {seed}: {runs[-1].seconds[-1]:.1f} s, volume {trajectory(runs[-1])[-1]:.4f}",
                file=sys.stderr,
            )
    reference = wanted
    if reference is None:
        reference = median(float(trajectory(run)[-1]) for run in runs if run.sampler == REFERENCE)
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
                "of_budget": share(median_or_none([None if i is None else i + 1 for i in firsts]), trials),
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


def box_of(example: Example) -> Box:
    """Return the box of an example, from its float network and its default design."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Study(Path(folder) / "s.db", example.graph, example.x, example.labels) as study,
    ):
        base = study.evaluate(Design.default(example.graph))
        accuracy = study.evaluator.float_metrics["accuracy"]
    return Box(accuracy=accuracy, lut=base.metrics["lut"], latency=base.metrics["latency_cycles"])


def race_rows(case: str, samplers: tuple[str, ...], seeds: int, trials: int, example: Example) -> list[dict]:
    """Compare sweeps with racing and without."""
    space = CASES[case][2]
    box, rows = box_of(example), []
    for sampler in samplers:
        sweep(example, space, sampler, seeds, 40, box, race=True)  # compiles what is compiled once
        pairs = []
        for seed in range(seeds):
            raced, plain = (sweep(example, space, sampler, seed, trials, box, race=race) for race in (True, False))
            pairs.append((raced, plain))
            print(
                f"{case} {sampler} seed {seed}: {raced.seconds[-1]:.1f} and {plain.seconds[-1]:.1f} s", file=sys.stderr
            )
        rows.append(
            {
                "case": case,
                "sampler": sampler,
                "wall_ratio": round(median(float(a.seconds[-1] / b.seconds[-1]) for a, b in pairs), 3),
                "cpu_ratio": round(median(a.cpu_s / b.cpu_s for a, b in pairs), 3),
                "hypervolume_raced": round(median(float(trajectory(a)[-1]) for a, _ in pairs), 5),
                "hypervolume_whole": round(median(float(trajectory(b)[-1]) for _, b in pairs), 5),
                "front_missed": sum(len(b.keys - a.keys) for a, b in pairs) if sampler == "random" else None,
                "partial": median(a.num_partial for a, _ in pairs),
                "evaluations": trials,
                "samples": len(example.x),
                "seeds": seeds,
            }
        )
    return rows


def share(value: float | None, whole: int) -> float | None:
    """Return a share of a whole."""
    return None if value is None else round(value / whole, 3)


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
    parser.add_argument("--race", action="store_true")
    parser.add_argument("--samples", type=int)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--reference", type=float)
    args = parser.parse_args()
    cases = args.case or list(CASES)
    if args.race:
        samplers = tuple(args.sampler or ("random", "guided"))
        rows = [
            row
            for case in cases
            for row in race_rows(case, samplers, args.seeds, args.trials, example_of(case, args.samples, args.copies))
        ]
    else:
        samplers = tuple(args.sampler or SAMPLERS)
        rows = [
            row
            for case in cases
            for row in rows_of(case, samplers, args.seeds, args.trials, args.samples, args.reference)
        ]
    if args.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions("numpy", "optuna")}))
        return
    names = list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    for row in [dict(zip(names, names, strict=True)), *rows]:
        print("  ".join(str(row[name]).ljust(width) for name, width in zip(names, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
