"""The simulated RTL against the emulator: raw integers, exactly equal, and the cycles that the plan promises."""

from pathlib import Path

import pytest
from agreement.cases import CASES, Case
from agreement.rtl_runner import compare, is_available

pytestmark = pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")

BATCH = 64
"""Designs compiled together."""


RECURRENT = ("gru", "lstm", "simple_rnn")
"""Cells take five seconds each to translate and compile; a few run by default."""
DEFAULT_RECURRENT = ("gru_backwards", "gru_stream_last", "lstm_stream_sequence", "simple_rnn")


def is_slow_in_rtl(case: Case) -> bool:
    """Whether a case runs only with `-m slow`."""
    return case.is_slow or (case.name.startswith(RECURRENT) and case.name not in DEFAULT_RECURRENT)


def batches(is_slow: bool) -> list[list[Case]]:
    """Group the cases, BATCH at a time; which of them the RTL flow takes is found out in the test."""
    chosen = [case for case in CASES if is_slow_in_rtl(case) == is_slow]
    return [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]


@pytest.mark.parametrize("cases", batches(False), ids=lambda cases: cases[0].name)
def test_rtl_equals_the_emulator_exactly(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("cases", batches(True), ids=lambda cases: cases[0].name)
def test_rtl_equals_the_emulator_exactly_on_large_cases(cases: list[Case], tmp_path: Path) -> None:
    assert not (problems := compare(cases, tmp_path)), "\n".join(problems)
