"""XLS' just-in-time compiler against the emulator: raw integers, exactly equal."""

from importlib.util import find_spec

import numpy as np
import pytest
from agreement.cases import CASES, Case

from hlsexplore.design import Design
from hlsexplore.emulate import emulate_raw
from hlsexplore.errors import NoModelError
from hlsexplore.fixed import quantize
from hlsexplore_hls.names import identifiers
from hlsexplore_hls.xls.generate import chain
from hlsexplore_hls.xls.jit import run_jit
from hlsexplore_hls.xls.layers import is_wires, layer_text

pytestmark = pytest.mark.skipif(find_spec("xls") is None, reason="needs xls-python (pip install 'hlsexplore[xls]')")


def is_refused(design: Design) -> bool:
    """Whether the XLS flow says that it cannot build a design."""
    names = identifiers(design.graph)
    try:
        for node in chain(design):
            if not is_wires(node):
                layer_text(design, node, names[node.name])
    except NoModelError:
        return True
    return False


def taken(is_slow: bool) -> list[Case]:
    """List the cases that the XLS flow takes."""
    return [case for case in CASES if case.is_slow == is_slow and not is_refused(case.make()[0])]


def check(case: Case) -> None:
    design, x = case.make()
    raw = quantize(np.asarray(x), design.result_type(design.graph.inputs[0].name))
    np.testing.assert_array_equal(run_jit(design, raw), emulate_raw(design, x), err_msg=case.name)


def test_many_cases_are_taken() -> None:
    assert len(taken(False)) >= 40


@pytest.mark.parametrize("case", taken(False)[::3], ids=lambda case: case.name)
def test_xls_equals_the_emulator_exactly(case: Case) -> None:
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", [*taken(False), *taken(True)], ids=lambda case: case.name)
def test_xls_equals_the_emulator_exactly_on_every_case(case: Case) -> None:
    check(case)
