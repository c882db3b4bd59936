"""Scales that stay outside of the hardware: data becomes integers as the framework does it, and results real again."""

import json

import numpy as np
import pytest

from hlsexplore.encoding import AffineUnit, Encoding, WholeRounding, decoded, round_whole
from hlsexplore.errors import ConfigError

ONE, ZERO = np.ones(1), np.zeros(1)


def encoding(**changes) -> Encoding:
    fields = {"scale": np.array([0.3]), "zero": ZERO, "low": -8.0, "high": 7.0, "factor": ONE, "summand": ZERO}
    return Encoding(**{**fields, **changes})


def test_data_is_divided_in_float32_clipped_and_rounded() -> None:
    x = np.float32([[0.45, 0.75, -9.0, 9.0, 1.04999995]])
    expected = np.rint(np.clip(x / np.float32(0.3), -8, 7))
    assert (encoding().encode(x.astype(np.float64)) == expected).all()


def test_zero_points_count_before_the_rounding_and_are_taken_off_behind_it() -> None:
    x = np.array([[0.5, 1.5, 2.5]])
    found = encoding(scale=ONE, zero=np.array([3.0]), low=0.0, high=15.0).encode(x)
    assert found.tolist() == [[1.0, 1.0, 3.0]]  # 3.5, 4.5, 5.5 to even, less 3


def test_scales_of_channels_signs_and_steps() -> None:
    x = np.array([[[0.6, -1.0], [0.0, 2.0]]])
    assert encoding(scale=np.array([0.3, 1.0])).encode(x).tolist() == [[[2.0, -1.0], [0.0, 2.0]]]
    assert encoding(is_bipolar=True, step=0.5).encode(x).tolist() == [[[0.5, -0.5], [0.5, 0.5]]]
    assert encoding(scale=np.array([0.25]), step=0.25, high=1.0).encode(x).tolist() == [[[0.25, -1.0], [0.0, 0.25]]]
    assert encoding(factor=np.array([2.0]), summand=-ONE, scale=ONE).encode(x).tolist() == [[[0.0, -3.0], [-1.0, 3.0]]]


def test_limits_are_those_of_the_hardware() -> None:
    assert encoding().limits == (-8.0, 7.0)
    assert encoding(zero=np.array([1.0, -2.0])).limits == (-9.0, 9.0)
    assert encoding(is_bipolar=True, step=0.5).limits == (-0.5, 0.5)


@pytest.mark.parametrize("rounding", WholeRounding)
def test_roundings_leave_whole_numbers_and_move_others_by_less_than_one(rounding) -> None:
    x = np.arange(-40, 41) / 8
    y = round_whole(x, rounding)
    assert (y == np.rint(y)).all()
    assert (np.abs(y - x) < 1).all()
    assert (y[x == np.rint(x)] == x[x == np.rint(x)]).all()


def test_ties() -> None:
    ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    assert round_whole(ties, WholeRounding.HALF_EVEN).tolist() == [-2, -2, 0, 0, 2, 2]
    assert round_whole(ties, WholeRounding.HALF_UP).tolist() == [-2, -1, 0, 1, 2, 3]
    assert round_whole(ties, WholeRounding.HALF_AWAY).tolist() == [-3, -2, -1, 1, 2, 3]
    assert round_whole(ties, WholeRounding.HALF_TOWARD).tolist() == [-2, -1, 0, 0, 1, 2]
    assert round_whole(ties, WholeRounding.AWAY_FROM_ZERO).tolist() == [-3, -2, -1, 1, 2, 3]
    assert round_whole(ties, WholeRounding.TOWARD_ZERO).tolist() == [-2, -1, 0, 0, 1, 2]


def test_both_survive_json() -> None:
    first = encoding(zero=np.array([1.0, 2.0]), rounding="floor", is_bipolar=True)
    second = AffineUnit(scale=np.array([0.1, 0.2]), offset=np.array(3.0))
    for item in (first, second):
        again = type(item).from_dict(json.loads(json.dumps(item.to_dict())))
        assert again.content() == item.content()


def test_units_scale_results() -> None:
    unit = AffineUnit(scale=np.array([0.5, 2.0]), offset=np.array([0.0, 1.0]))
    assert decoded(np.array([[4.0, 3.0]]), unit).tolist() == [[2.0, 7.0]]
    assert decoded(np.array([4.0]), None).tolist() == [4.0]


def test_what_is_no_scale_is_refused() -> None:
    for wrong in (
        {"scale": ZERO},
        {"scale": np.array([np.nan])},
        {"zero": np.array([0.5])},
        {"low": 9.0},
        {"step": 0.0},
    ):
        with pytest.raises(ConfigError):
            encoding(**wrong)
    with pytest.raises(ConfigError):
        AffineUnit(scale=np.array(np.inf), offset=np.array(0.0))
