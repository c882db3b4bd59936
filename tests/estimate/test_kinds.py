"""The estimator's words for layers: every op, function and cell of a network has one."""

import re
from pathlib import Path

import hlsexplore.estimate
from hlsexplore.estimate.convert import kind_of_op
from hlsexplore.estimate.hls.elementwise import ELEMENTS
from hlsexplore.estimate.kinds import ELEMENTWISE_OPS, JOINS, TABLE_OPS, Kind, kind_of
from hlsexplore.estimate.layers import MODELS
from hlsexplore.estimate.rtl.layers import RTL_MODELS
from hlsexplore.ops import Activation, Cell, Function, Merge, MergeFunction


def test_every_function_merge_and_cell_has_a_kind_of_its_own_name() -> None:
    for word in (*Function, *MergeFunction, *Cell):
        assert kind_of(word) == str(word)
    assert {kind_of_op(Activation(function=item)) for item in Function} == {Kind(str(item)) for item in Function}
    assert {kind_of_op(Merge(function=item)) for item in MergeFunction} == JOINS


def test_every_elementwise_kind_has_a_formula_for_each_tool() -> None:
    assert set(ELEMENTS) == ELEMENTWISE_OPS | JOINS
    assert set(MODELS) >= ELEMENTWISE_OPS | JOINS | TABLE_OPS
    assert set(RTL_MODELS) >= ELEMENTWISE_OPS | JOINS | TABLE_OPS


def test_no_kind_is_priced_for_our_rtl_that_the_hls_tools_lack() -> None:
    assert set(MODELS) - set(RTL_MODELS) == {Kind.GRU, Kind.LSTM, Kind.SIMPLE_RNN, Kind.REPACK}
    assert set(RTL_MODELS) <= set(MODELS)
    assert set(Kind) - set(MODELS) == {Kind.LAYER_NORM, Kind.DOT, Kind.OTHER}


def test_a_foreign_word_is_other() -> None:
    assert kind_of("dot1d") is Kind.OTHER


def test_no_kind_is_told_by_a_plain_string() -> None:
    plain = re.compile(r"""\.op\b (==|!=|in|not in) [^:]*["'](\w+)["']""")
    for path in Path(hlsexplore.estimate.__path__[0]).rglob("*.py"):
        found = [match[0] for match in plain.finditer(path.read_text()) if match[2] in set(map(str, Kind))]
        assert not found, f"{path.name}: {found}"
