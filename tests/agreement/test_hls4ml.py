"""The emulator against hls4ml's compiled C++: raw integers, exactly equal."""

import zlib
from pathlib import Path

import pytest
from agreement.cases import CASES, Case
from agreement.kit import mismatches
from agreement.oracle_hls4ml import is_available, run_designs

from hlsexplore.emulate.run import raw_outputs

pytestmark = pytest.mark.skipif(not is_available(), reason="needs hls4ml and g++")

BATCH = 48
"""Designs compiled together: one compilation costs about a second, and each design about 0.2 s."""


def batches(is_slow: bool) -> list[list[Case]]:
    """Group the cases that must agree by io type, BATCH at a time.

    Compiling them costs 0.4 CPU seconds each, so a default run takes every mode of a Dense layer and half of the rest.
    """
    chosen = [case for case in CASES if not case.differs and is_default(case) != is_slow]
    groups: dict[str, list[Case]] = {}
    for case in chosen:
        design, _ = case.make()
        # Its headers of one- and two-dimensional depthwise convolutions exclude each other.
        kind = str(design.target.io) + ("2" if any(node.kind == "depthwise_conv2d" for node in design.graph) else "")
        groups.setdefault(kind, []).append(case)
    return [group[i : i + BATCH] for group in groups.values() for i in range(0, len(group), BATCH)]


def is_default(case: Case) -> bool:
    """Whether a case runs by default."""
    is_chosen = case.name.startswith("dense_narrow") or zlib.crc32(case.name.encode()) % 2 == 0
    return not case.is_slow and is_chosen


def compare(cases: list[Case], folder: Path) -> list[str]:
    """Run cases through both executors and describe each mismatch."""
    theirs = run_designs([case.make() for case in cases], folder)
    problems = []
    for case, expected in zip(cases, theirs, strict=True):
        design, x = case.make()
        problems += mismatches(case.name, raw_outputs(design, x), expected, "hls4ml")
    return problems


@pytest.mark.slow
@pytest.mark.parametrize("index", range(len(batches(is_slow=True))))
def test_emulator_equals_hls4ml_on_further_cases(index, tmp_path):
    assert compare(batches(is_slow=True)[index], tmp_path) == []


@pytest.mark.parametrize("index", range(len(batches(is_slow=False))))
def test_emulator_equals_hls4ml(index, tmp_path):
    assert compare(batches(is_slow=False)[index], tmp_path) == []
