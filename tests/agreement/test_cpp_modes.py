"""Every op, io, strategy, rounding and overflow mode: the compiled C++ against the emulator, exactly."""

from pathlib import Path

import pytest
from agreement.cases import Case
from agreement.cases_modes import MODE_CASES
from agreement.cpp_runner import is_available, is_refused
from agreement.draws import MATRICES
from agreement.test_cpp import compare

from hlsexplore.fixed import Overflow, Rounding

pytestmark = pytest.mark.skipif(not is_available(), reason="needs a C++ compiler and the package da4ml")

BATCH = 40


def batches(is_slow: bool) -> list[list[Case]]:
    chosen = [case for case in MODE_CASES if case.is_slow == is_slow]
    return [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]


def test_every_op_meets_every_mode_and_none_is_refused():
    names = {case.name for case in MODE_CASES}
    assert len(names) == len(MODE_CASES)
    for op in MATRICES:
        for io in ("parallel", "stream"):
            for strategy in ("latency", "resource"):
                wanted = {f"{op}_{io}_{strategy}_{r}_{o}" for r in Rounding for o in Overflow}
                assert wanted <= names
    assert not [case.name for case in MODE_CASES[::7] if is_refused(case.make()[0])]


@pytest.mark.parametrize("cases", batches(False), ids=lambda cases: cases[0].name)
def test_cpp_equals_the_emulator_in_modes(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("cases", batches(True), ids=lambda cases: cases[0].name)
def test_cpp_equals_the_emulator_in_all_modes(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)
