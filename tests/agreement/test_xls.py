"""XLS against the emulator, through its just-in-time compiler and through its Verilog: raw integers, exactly equal."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from agreement.cases import CASES, Case
from agreement.rtl_runner import compare, is_available

from hlsexplore.design import Design
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import quantize
from hlsexplore.reference.samples import check_inputs
from hlsexplore_hls.names import identifiers
from hlsexplore_hls.xls.generate import check as nodes_of
from hlsexplore_hls.xls.generate import generate
from hlsexplore_hls.xls.jit import run_jit
from hlsexplore_hls.xls.layers import layer_text

pytestmark = pytest.mark.skipif(find_spec("xls") is None, reason="needs xls-python (pip install 'hlsexplore[xls]')")


def is_refused(design: Design) -> bool:
    """Whether the XLS flow says that it cannot build a design."""
    names = identifiers(design.graph)
    try:
        for node in nodes_of(design):
            layer_text(design, node, f"xls_{names[node.name]}")
    except NoModelError:
        return True
    return False


def taken(is_slow: bool) -> list[Case]:
    """List the cases that the XLS flow takes."""
    return [case for case in CASES if case.is_slow == is_slow and not is_refused(case.make()[0])]


def check(case: Case) -> None:
    design, x = case.make()
    raws = [quantize(array, design.result_type(name)) for name, array in check_inputs(design.graph, x).items()]
    for mine, theirs in zip(raw_outputs(design, x), run_jit(design, raws), strict=True):
        np.testing.assert_array_equal(theirs, mine, err_msg=case.name)


def test_many_cases_are_taken() -> None:
    assert len(taken(False)) >= 130


@pytest.mark.parametrize("case", taken(False)[::5], ids=lambda case: case.name)
def test_xls_equals_the_emulator_exactly(case: Case) -> None:
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", [*taken(False), *taken(True)], ids=lambda case: case.name)
def test_xls_equals_the_emulator_exactly_on_every_case(case: Case) -> None:
    check(case)


VERILOG_CASES = (
    "dense_narrow_RND_WRAP",
    "dense_resource_TRN_SAT",
    "sigmoid_0",
    "softmax_stable_0",
    "add_of_three",
    "permute2",
)


@pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")
def test_verilog_of_xls_equals_the_emulator_in_the_planned_cycles(tmp_path: Path) -> None:
    cases = [case for case in CASES if case.name in VERILOG_CASES and not is_refused(case.make()[0])]
    assert len(cases) == len(VERILOG_CASES) - 1  # moves alone are refused
    assert not (problems := compare(cases, tmp_path, generate)), "\n".join(problems)


@pytest.mark.slow
@pytest.mark.skipif(not is_available(), reason="needs verilator and a C++ compiler")
@pytest.mark.parametrize("first", range(0, len(taken(False)), 24))
def test_verilog_of_every_case_equals_the_emulator(first: int, tmp_path: Path) -> None:
    def slowly(design: Design) -> object:
        return generate(design.with_target(clock_ns=20.0))  # XLS cannot reach 5 ns with every wide case

    assert not (problems := compare(taken(False)[first : first + 24], tmp_path, slowly)), "\n".join(problems)
