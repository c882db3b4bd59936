"""The simulated RTL against the emulator: raw integers, exactly equal, and the cycles that the plan promises."""

from pathlib import Path

import numpy as np
import pytest
from agreement.cases import CASES, Case
from agreement.rtl_runner import is_available, is_refused, run_designs

from hlsexplore.emulate import emulate_raw

pytestmark = pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")

BATCH = 64
"""Designs compiled together."""


def batches(is_slow: bool) -> list[list[Case]]:
    """Group the cases, BATCH at a time; which of them the RTL flow takes is found out in the test."""
    chosen = [case for case in CASES if case.is_slow == is_slow]
    return [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]


def compare(cases: list[Case], folder: Path) -> list[str]:
    """Run the cases that the RTL flow takes through both executors and describe each mismatch."""
    problems = []
    cases = [case for case in cases if not is_refused(case.make()[0])]
    if not cases:
        return []
    for case, (outputs, expected_cycles, cycles) in zip(
        cases, run_designs([case.make() for case in cases], folder), strict=True
    ):
        design, x = case.make()
        ours = emulate_raw(design, x)
        for mine, theirs in zip(ours if isinstance(ours, tuple) else (ours,), outputs, strict=True):
            wrong = np.flatnonzero((mine != theirs).ravel())
            if len(wrong):
                pairs = [(int(mine.ravel()[i]), int(theirs.ravel()[i])) for i in wrong[:5]]
                problems.append(f"{case.name}: {len(wrong)} of {mine.size} integers differ, (emulator, RTL): {pairs}")
        if cycles != expected_cycles:
            problems.append(f"{case.name}: latency and II are {cycles}, planned were {expected_cycles}")
    return problems


@pytest.mark.parametrize("cases", batches(False), ids=lambda cases: cases[0].name)
def test_rtl_equals_the_emulator_exactly(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("cases", batches(True), ids=lambda cases: cases[0].name)
def test_rtl_equals_the_emulator_exactly_on_large_cases(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)
