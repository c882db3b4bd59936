"""Designs on streams in RTL: every layer that can stream, and networks of them, exactly equal to the emulator.

Each design runs twice, at full speed with the planned cycles and with senders and receivers that pause at random.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agreement.cases import CASES, Case
from agreement.kit import Built
from agreement.networks import branched, cnn, mlp
from agreement.rtl_runner import is_available, is_refused
from agreement.test_rtl import BATCH, RECURRENT, compare

from hlsexplore.target import Io

pytestmark = pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")
SAMPLES = 40
# Types that differ between positions cannot stream; each refusal says so.
REFUSED = ("elements_conv", "elements_max_pool", "lookup_of_elements")


def streamed(case: Case) -> Case:
    """Make a case of another one with the design on streams and fewer samples."""

    def build(rng: np.random.Generator) -> Built:
        design, x = case.make()
        fewer = tuple(item[:SAMPLES] for item in x) if isinstance(x, tuple) else x[:SAMPLES]
        return design.with_target(io="stream"), fewer

    return replace(case, name=f"{case.name}_on_stream", build=build)


def network_case(name: str) -> Case:
    """Make a case of a network of several layers, with branches, several inputs or several outputs."""
    network = {"mlp": mlp, "branched": branched}.get(name, cnn)

    def build(rng: np.random.Generator) -> Built:
        design = network("stream")
        if name == "cnn_accumulating":
            design = design.with_layer("dense", reuse=12, accum="fixed<14,6>")
        if name == "cnn_in_turn":
            design = design.with_layer("conv", reuse=6, parallel=4)
        xs = tuple(rng.normal(0, 3, (SAMPLES, *node.shape)) for node in design.graph.inputs)
        return design, xs if len(xs) > 1 else xs[0]

    return Case(f"{name}_network", build)


def batches(is_slow: bool) -> list[list[Case]]:
    """Group the cases that are not on streams already: joins and moves by default, the others when slow."""
    others = [case for case in CASES if "stream" not in case.name and not case.is_slow]
    chosen = [streamed(case) for case in others if case.make()[0].target.io is Io.PARALLEL]
    late = ("dense_", "mlp_", "conv", "depthwise", "max_", "average_", *RECURRENT)
    early = [case for case in chosen if not case.name.startswith(late)]
    if not is_slow:
        chosen = [*map(network_case, ("mlp", "cnn", "cnn_accumulating", "cnn_in_turn", "branched")), *early]
    else:
        chosen = [case for case in chosen if case not in early]
    return [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]


@pytest.mark.parametrize("cases", batches(False), ids=lambda cases: cases[0].name)
def test_streaming_rtl_equals_the_emulator_exactly(cases: list[Case], tmp_path: Path) -> None:
    refused = [case.name for case in cases if is_refused(case.make()[0])]
    assert [name for name in refused if not name.startswith((*RECURRENT, *REFUSED))] == []
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("cases", batches(True), ids=lambda cases: cases[0].name)
def test_streaming_rtl_equals_the_emulator_exactly_on_more_cases(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)
