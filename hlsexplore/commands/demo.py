"""The whole job on a bundled example, without a notebook: from the trained network to a synthesized design."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from hlsexplore.commands.outcome import Outcome, Session, show, table
from hlsexplore.design import Design
from hlsexplore.emulate import emulate_raw
from hlsexplore.errors import ConfigError, HlsExploreError
from hlsexplore.estimate import estimate
from hlsexplore.examples import NAMES, PAIRS, Example, load
from hlsexplore.fixed import to_real
from hlsexplore.merit import as_outputs
from hlsexplore.metrics import accuracy
from hlsexplore.report import Figures, Report
from hlsexplore.space import Space
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Trial
from hlsexplore.target import Target, Tool
from hlsexplore_hls import Project, export

SPACE = Space(uniform={"weight": [4, 6, 8, 10], "result": [6, 8, 10, 12], "reuse": [1, 2, 4, 8]})
"""64 designs: a few seconds."""
ALLOWED_LOSS = 0.005
"""Accuracy, below the float network's, that the chosen design may lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSimulation:
    """A simulation of an exported project.

    Attributes:
        tool: What ran it.
        accuracy: Accuracy on the example's samples.
        num_samples: Samples compared with the emulator: the example's, and random ones over the inputs' whole range.
        differing: Raw integers that differ from the emulator's.
        latency_cycles: Measured latency, or None.
        ii_cycles: Measured initiation interval, or None.
        wall_s: Time it took.
    """

    tool: str
    accuracy: float
    num_samples: int
    differing: int
    latency_cycles: int | None
    ii_cycles: int | None
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """Everything that the demo found.

    Attributes:
        example: Name and variant of the example.
        is_synthetic: Whether its data comes from a generator.
        accuracy_float: Accuracy of the float network.
        accuracy_default: Accuracy of the default design.
        accuracy_fixed: Accuracy of the chosen design.
        num_designs: Designs in the study.
        num_front: Those on the front.
        default: Estimate of the default design for Vitis HLS.
        chosen: Estimate of the chosen design for Vitis HLS.
        chosen_yosys: Estimate of the chosen design for Yosys.
        synthesized: Yosys' report of the chosen design's RTL.
        cpp: Simulation of its C++.
        rtl: Simulation of its RTL.
        folder: Where everything lies.
        wall_s: Time of the whole.
    """

    example: str
    is_synthetic: bool
    accuracy_float: float
    accuracy_default: float
    accuracy_fixed: float
    num_designs: int
    num_front: int
    default: Figures
    chosen: Figures
    chosen_yosys: Figures
    synthesized: Figures
    cpp: DemoSimulation
    rtl: DemoSimulation
    folder: str
    wall_s: float

    @property
    def differing(self) -> int:
        """Integers in which C++ or RTL differ from the emulator."""
        return self.cpp.differing + self.rtl.differing


def run_demo(example: Example, folder: Path, session: Session) -> DemoResult:
    """Run the job on one example.

    Args:
        example: The example.
        folder: Where design, study and projects are written.
        session: Told every step; can be cancelled.

    Raises:
        HlsExploreError: If a step fails.
    """
    start = perf_counter()

    def say(text: str) -> None:
        session.say(f"[{perf_counter() - start:5.1f} s] {text}")

    graph, labels = example.graph, example.labels
    say(f"read {example.path.name}: {len(graph.layers)} layers, {graph.num_parameters:,} parameters")
    design, (num_designs, num_front), float_accuracy, default_accuracy = _choose(example, folder, session, say)
    default = Design.default(graph)
    estimates = [
        estimate(item).total
        for item in (default, design.with_target(tool="vitis_hls"), design.with_target(tool="yosys"))
    ]
    cpp_project, rtl_project = _export(design, folder, session, say)
    expected = emulate_raw(design, example.x)
    cpp = _simulate(cpp_project, example, expected, session, say)
    rtl = _simulate(rtl_project, example, expected, session, say)
    report = _synthesize(rtl_project, session, say)
    y = to_real(expected, design.result_type(graph.outputs[0]))
    return DemoResult(
        example=f"{example.name} ({example.variant})",
        is_synthetic=example.is_synthetic,
        accuracy_float=float_accuracy,
        accuracy_default=default_accuracy,
        accuracy_fixed=accuracy(y, labels),
        num_designs=num_designs,
        num_front=num_front,
        default=estimates[0],
        chosen=estimates[1],
        chosen_yosys=estimates[2],
        synthesized=report.total,
        cpp=cpp,
        rtl=rtl,
        folder=str(folder),
        wall_s=perf_counter() - start,
    )


def demo_text(result: DemoResult) -> str:
    """Write the result as a table, column by column: float network, default design, chosen design."""
    cpp, rtl, built = result.cpp, result.rtl, result.synthesized
    rows: list[list[Any]] = [
        ["accuracy, float network", f"{result.accuracy_float:.4f}", ""],
        ["accuracy, default design", f"{result.accuracy_default:.4f}", "emulator, 16-bit types or the model's own"],
        ["accuracy, chosen design", f"{result.accuracy_fixed:.4f}", "emulator"],
        ["accuracy, its C++", f"{cpp.accuracy:.4f}", cpp.tool],
        ["accuracy, its RTL", f"{rtl.accuracy:.4f}", rtl.tool],
        ["integers that differ, C++", show(cpp.differing), f"from the emulator, {cpp.num_samples:,} samples"],
        ["integers that differ, RTL", show(rtl.differing), f"from the emulator, {rtl.num_samples:,} samples"],
    ]
    text = [table(["", result.example, ""], rows), ""]
    header = ["", "LUT", "FF", "DSP", "BRAM18", "cycles", "II"]
    figures = [
        ("default design, estimate for Vitis HLS", result.default),
        ("chosen design, estimate for Vitis HLS", result.chosen),
        ("chosen design, estimate for Yosys", result.chosen_yosys),
        ("chosen design, synthesized by Yosys", built),
    ]
    lines = [[label, *_shown(item)] for label, item in figures]
    lines.append(["chosen design, measured in simulation", None, None, None, None, rtl.latency_cycles, rtl.ii_cycles])
    text += [table(header, lines), ""]
    if result.is_synthetic:
        text.append("The data of this example is SYNTHETIC; its accuracy says nothing about physics.")
    text.append(
        f"Everything lies in {result.folder}: design.yaml, study.db, vitis/, rtl/. It took {result.wall_s:.0f} s."
    )
    return "\n".join(text)


def run_command(args: Namespace, session: Session) -> Outcome:
    """Run `hlsexplore demo`."""
    if args.example not in NAMES and not args.all:
        from hlsexplore.errors import unknown_name

        raise ConfigError(unknown_name("example", args.example, NAMES, "hlsexplore"))
    pairs = PAIRS if args.all else ((args.example, args.variant),)
    root = Path(args.to)
    results: list[DemoResult] = []
    failed: list[dict[str, str]] = []
    for name, variant in pairs:
        folder = root / f"{name}_{variant}" if args.all else root
        try:
            results.append(run_demo(load(name, variant), _folder(folder), session))
            session.say("\n" + demo_text(results[-1]) + "\n")
        except HlsExploreError as error:
            if not args.all or session.cancel.is_set():
                raise
            failed.append({"example": f"{name} ({variant})", "error": str(error)})
            session.say(f"{name} ({variant}) failed: {error}\n")
    data = {"results": [asdict(item) | {"differing": item.differing} for item in results], "failed": failed}
    is_bad = bool(failed) or any(item.differing for item in results)
    return Outcome(data=data, code=1 if is_bad else 0)


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the folder {str(path)!r} cannot be made: {error.strerror or error}.") from None
    return path


def _choose(
    example: Example, folder: Path, session: Session, say: Callable[[str], None]
) -> tuple[Design, tuple[int, int], float, float]:
    """Sweep, and take the smallest design that is almost as accurate as the float network."""
    base = Design.default(example.graph, Target(tool=Tool.YOSYS))
    with Study(folder / "study.db", example.graph, example.x, example.labels) as study:
        reference = study.evaluator.float_metrics["accuracy"]
        source = "synthetic samples" if example.is_synthetic else "samples"
        say(f"accuracy of the float network on {len(example.labels):,} {source}: {reference:.4f}")
        first = study.evaluate(base)
        default_accuracy = float(first.metrics["accuracy"] or 0.0)
        say(f"accuracy of the default design, exact emulation: {default_accuracy:.4f}")
        result = study.sweep(SPACE, on_event=session.on_event, cancel=session.cancel, base=base)
        front = study.front()
        say(
            f"swept {result.num_done} designs in {result.wall_s:.1f} s ({result.num_new} new); "
            f"{len(front)} are on the front of accuracy, LUT and latency"
        )
        chosen = _smallest(study, reference)
        design = study.design(chosen)
        design.save(folder / "design.yaml")
        count = len(study)
    say(f"chose trial {chosen.number}: accuracy {chosen.metrics['accuracy']:.4f}, {_summary(design)}")
    return design, (count, len(front)), reference, default_accuracy


def _smallest(study: Study, reference: float) -> Trial:
    """The fewest LUT within the allowed loss, or the most accurate design when none is."""
    good = study.front(("lut", "accuracy"), where=(f"accuracy>={reference - ALLOWED_LOSS}",))
    best = min(good, key=lambda trial: trial.metrics["lut"] or np.inf, default=None)
    return best or study.front(("lut", "accuracy"))[0]


def _summary(design: Design) -> str:
    kinds = [node for node in design.graph.layers if node.kind == "dense"]
    widths = sorted({design.type(node.name, "weight").width for node in kinds})
    reuse = sorted({design.layers[node.name].reuse for node in kinds})
    return f"weights of {'/'.join(map(str, widths))} bits, reuse {'/'.join(map(str, reuse))}"


def _export(design: Design, folder: Path, session: Session, say: Callable[[str], None]) -> tuple[Project, Project]:
    cpp = export(design, folder / "vitis", "vitis", cancel=session.cancel)
    say(f"exported HLS C++ to {cpp.path}: {len(cpp.files)} files")
    rtl = export(design, folder / "rtl", "rtl", cancel=session.cancel)
    say(f"exported Verilog to {rtl.path}: {len(rtl.files)} files, {rtl.latency_cycles} cycles, II {rtl.ii_cycles}")
    return cpp, rtl


def _simulate(
    project: Project, example: Example, expected: Any, session: Session, say: Callable[[str], None]
) -> DemoSimulation:
    """Simulate the example's samples, and random ones over the whole range of the inputs."""
    random = project.simulate(None, session.on_event, session.cancel)
    real = project.simulate(example.x, session.on_event, session.cancel)
    differing = (random.differing or 0) + int((real.raw != expected).sum())
    count = random.num_samples + real.num_samples
    score = accuracy(as_outputs(real.y)[0], example.labels)
    kind = "C++" if project.flow == "vitis" else "RTL"
    say(f"ran the {kind} with {real.tool}: {count:,} samples, {differing} integers differ from the emulator")
    return DemoSimulation(
        tool=real.tool,
        accuracy=score,
        num_samples=count,
        differing=differing,
        latency_cycles=real.latency_cycles,
        ii_cycles=real.ii_cycles,
        wall_s=random.wall_s + real.wall_s,
    )


def _synthesize(project: Project, session: Session, say: Callable[[str], None]) -> Report:
    start = perf_counter()
    report = project.synthesize("yosys", session.on_event, session.cancel)
    say(f"synthesized the RTL with {report.tool} {report.tool_version or ''} in {perf_counter() - start:.1f} s")
    return report


def _shown(figures: Figures) -> list[float | None]:
    latency = figures.latency_cycles_min if figures.latency_cycles_max is None else figures.latency_cycles_max
    values = [figures.lut, figures.ff, figures.dsp, figures.bram18, latency, figures.ii_cycles]
    return [None if value is None else float(round(value)) for value in values]
