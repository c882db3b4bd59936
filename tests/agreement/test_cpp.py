"""The compiled C++ against the emulator: raw integers, exactly equal."""

from pathlib import Path

import pytest
from agreement.cases import CASES, Case
from agreement.cpp_runner import is_available, is_refused, run_designs
from agreement.emulators import emulate_both
from agreement.kit import mismatches

pytestmark = pytest.mark.skipif(not is_available(), reason="needs a C++ compiler and the package da4ml")

BATCH = 40
"""Designs compiled together: the headers cost about a second, and each design about 0.2 s."""


def batches(is_slow: bool) -> list[list[Case]]:
    """Group the cases that the C++ flow takes, BATCH at a time."""
    chosen = [case for case in CASES if case.is_slow == is_slow and not is_refused(case.make()[0])]
    return [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]


def compare(cases: list[Case], folder: Path) -> list[str]:
    """Run cases through both executors and describe each mismatch."""
    problems = []
    for case, outputs in zip(cases, run_designs([case.make() for case in cases], folder), strict=True):
        design, x = case.make()
        problems += mismatches(case.name, emulate_both(design, x), outputs, "C++")
    return problems


@pytest.mark.parametrize("cases", batches(False), ids=lambda cases: cases[0].name)
def test_cpp_equals_the_emulator_exactly(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("cases", batches(True), ids=lambda cases: cases[0].name)
def test_cpp_equals_the_emulator_exactly_on_more_cases(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)
