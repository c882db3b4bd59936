"""Tables of functions by op: what they answer; `typing/wrong_rows.py` holds what mypy refuses."""

import tomllib
from pathlib import Path

import pytest

from hlsexplore.emulate.plan import BUILDERS
from hlsexplore.errors import HlsExploreError, NoModelError
from hlsexplore.handlers import Handlers
from hlsexplore.ops import Activation, Conv, Dense, DepthwiseConv, Dot, Function, Softmax

ROOT = Path(__file__).parents[1]


def number(context: int, op: Activation) -> str:
    return f"{context} {op.function}"


def refuse(context: int, op: object) -> HlsExploreError:
    return NoModelError(f"{context} has no {type(op).__name__}")


NAMES = Handlers[int, str](refuse=refuse).on(Activation, number)


def test_a_row_answers_for_its_op_only() -> None:
    assert NAMES(2, Activation(function=Function.TANH)) == "2 tanh"
    assert Activation in NAMES
    assert Dot not in NAMES
    with pytest.raises(NoModelError, match=r"^3 has no Softmax$"):
        NAMES(3, Softmax())


def test_a_row_more_leaves_the_table_as_it_was() -> None:
    more = NAMES.on(Dot, lambda context, op: "dot")
    assert more(1, Dot()) == "dot"
    assert Dot not in NAMES


def test_a_second_row_for_an_op_is_an_error() -> None:
    with pytest.raises(HlsExploreError, match=r"^the op Activation has a row in this table already\.$"):
        NAMES.on(Activation, number)


def test_make_check_reads_the_rows_that_mypy_must_refuse() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert config["strict"], "an ignored error that is none is an error in strict mode only"
    assert "tests/typing" in config["files"]
    rows = (ROOT / "tests/typing/wrong_rows.py").read_text()
    assert rows.count("# type: ignore[arg-type") == 10


def test_ops_of_one_function_have_a_row_each() -> None:
    assert BUILDERS.table[Conv] is BUILDERS.table[DepthwiseConv]
    assert BUILDERS.table[Dense] is not BUILDERS.table[Conv]
