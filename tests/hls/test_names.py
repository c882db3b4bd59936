import re
from itertools import pairwise

import numpy as np
import pytest

from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Function, Input
from hlsexplore_hls.names import RESERVED, comment, identifier, identifiers

HOSTILE = [
    'x"; $(touch y)',
    "reg",
    "module",
    "",
    "___",
    "1st",
    "a.b",
    "a_b",
    "a-b",
    "A_B",
    "層",
    "*/ int x; /*",
    "\n`define",
    "int",
]


def chain(names: list[str]) -> Graph:
    nodes = [Node(name=names[0], op=Input(), inputs=(), shape=(2,))]
    for before, name in pairwise(names):
        nodes.append(Node(name=name, op=Activation(function=Function.RELU), inputs=(before,), shape=(2,)))
    return Graph(name="m", nodes=tuple(nodes), outputs=(names[-1],))


def test_identifiers_of_hostile_names_are_safe_and_unique_without_case() -> None:
    found = identifiers(chain(HOSTILE))
    assert list(found) == HOSTILE
    for name in found.values():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", name)
        assert name.lower() not in RESERVED
    assert len({name.lower() for name in found.values()}) == len(HOSTILE)
    assert found['x"; $(touch y)'] == "x_touch_y"


def test_identifier_keeps_plain_names() -> None:
    assert identifier("dense_1_relu") == "dense_1_relu"


def test_identifier_cuts_long_names_and_still_tells_them_apart() -> None:
    first = identifier("x" * 500)
    assert len(first) == 48
    assert identifier("x" * 501, [first]) == f"{first}_2"


def test_identifier_suffix_skips_names_that_exist() -> None:
    assert identifier("a", ["a", "a_2"]) == "a_3"


@pytest.mark.parametrize("text", ["*/", "a\\\nint x;", "line\rbreak", "{", "}", "??/", "\u2028", '"'])
def test_comment_has_no_character_that_ends_or_continues_it(text: str) -> None:
    assert not set(comment(text)) & set('*\\\n\r{}"?\u2028')


def test_identifiers_of_random_bytes_are_safe() -> None:
    rng = np.random.default_rng(0)
    names = ["".join(map(chr, rng.integers(0, 0x2FF, size=rng.integers(0, 8)))) + chr(0x400 + i) for i in range(200)]
    found = identifiers(chain(names)).values()
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and "__" not in name for name in found)
    assert len(set(found)) == 200


def test_identifier_of_a_name_that_may_be_a_macro_gets_a_prefix() -> None:
    assert [identifier(name) for name in ("EOF", "BUFSIZ", "FC1", "X", "eof")] == [
        "n_EOF",
        "n_BUFSIZ",
        "n_FC1",
        "X",
        "eof",
    ]
