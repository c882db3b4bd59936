"""Conditions on trials, as written in the field above the plot."""

import numpy as np
import pytest

from hlsexplore.errors import ConfigError
from hlsexplore.estimate import device
from hlsexplore_widgets.constraints import met, parse_constraints

NAMES = ("accuracy", "lut", "dsp", "latency_cycles", "ii_cycles")


def test_conditions_are_read_as_people_write_them() -> None:
    found = parse_constraints("LUT < 50,000; latency<=12 and accuracy >= 97.5 %, fits", NAMES)
    assert [item.text for item in found] == ["lut < 50000", "latency_cycles<=12", "accuracy >= 0.975", "fits"]
    assert parse_constraints("  ", NAMES) == ()


@pytest.mark.parametrize(
    ("text", "words"), [("lutt < 5", "Did you mean 'lut'"), ("lut <", "no condition"), ("< 5", "Write one like")]
)
def test_wrong_conditions_say_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_constraints(text, NAMES)


def test_conditions_and_the_part_choose_trials() -> None:
    part = device("xc7z020clg400-1")
    columns = {
        "number": np.arange(1, 5),
        "lut": np.array([10.0, 50_000.0, 60_000.0, np.nan]),
        "dsp": np.array([1.0, 1.0, 1.0, 1.0]),
    }
    assert met(parse_constraints("fits", NAMES), columns, part).tolist() == [True, True, False, True]
    assert met(parse_constraints("lut<50000", NAMES), columns, part).tolist() == [True, False, False, False]
