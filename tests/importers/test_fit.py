"""The multiplier of a requantization gives the step function's integer for every input, and none is shorter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsexplore.importers.flat.fit import MAX_FRACTION, MultiplierFit, Problem, fit


def steps(factor, summand, least, most):
    return lambda v: np.clip(np.rint(v * factor + summand), least, most)


def problem(function, low, high, least, most, channels: int = 1) -> Problem:
    lows, highs = (np.full(channels, end, dtype=np.int64) for end in (low, high))
    return Problem(function=function, lows=lows, highs=highs, least=least, most=most)


def results(found: MultiplierFit, low, high, least, most) -> np.ndarray:
    v = np.arange(low, high + 1, dtype=np.float64)[:, None]
    return np.clip(np.floor(v * found.factor + found.summand), least, most)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.integers(1, 8),
    reach=st.integers(0, 3000),
    ratio=st.floats(0.02, 40.0),
    signed=st.booleans(),
)
def test_every_input_of_every_channel_gives_the_same_integer(seed, bits, reach, ratio, signed) -> None:
    rng = np.random.default_rng(seed)
    low, high = -int(rng.integers(0, reach + 1)), int(rng.integers(0, reach + 1))
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    factor = rng.choice([-1.0, 1.0], 5) * rng.uniform(0.5, 2.0, 5) * 2**bits / max(reach, 1) * ratio
    function = steps(factor, rng.normal(0, 2, 5), least, most)
    found = fit(problem(function, low, high, least, most, 5))
    assert found is not None
    v = np.arange(low, high + 1, dtype=np.float64)[:, None]
    assert (results(found, low, high, least, most) == function(v)).all()
    assert (found.factor * 2.0**found.fraction == np.rint(found.factor * 2.0**found.fraction)).all()
    assert (found.summand * 2.0**found.fraction == np.rint(found.summand * 2.0**found.fraction)).all()


@pytest.mark.parametrize("seed", range(6))
def test_no_fewer_fraction_bits_do(seed) -> None:
    rng = np.random.default_rng(seed)
    v, least, most = np.arange(-40, 41), 0, 7
    function = steps(rng.uniform(0.1, 0.4), rng.normal(0, 1), least, most)
    found = fit(problem(function, -40, 40, least, most))
    bits = found.fraction - 1
    assert bits >= 0
    a = np.arange(2**bits + 1)[:, None, None]
    b = np.arange(-24 << bits, (24 << bits) + 1)[None, :, None]
    got = np.clip((a * v + b) >> bits, least, most)
    assert not (got == function(v.astype(np.float64))).all(axis=2).any()


def test_the_sign_alone_needs_no_multiplier() -> None:
    found = fit(problem(lambda v: np.where(v * 0.0173 - 1.1 >= 0, 1.0, -1.0), -1000, 1000, -1, 1))
    assert (found.fraction, found.factor.tolist()) == (0, [2.0])


def test_a_function_that_is_no_line_gets_none() -> None:
    # Half to even at exact ties: the thresholds 3, 6, 11, 14 of v / 4 lie on no line.
    assert fit(problem(lambda v: np.rint(v / 4), -100, 100, -30, 30)) is None


def test_constant_functions_and_single_inputs_are_fitted() -> None:
    assert (results(fit(problem(lambda v: v * 0 + 3, -5, 9, 0, 7)), -5, 9, 0, 7) == 3).all()
    assert (results(fit(problem(lambda v: v * 0 - 2, 4, 4, -8, 7)), 4, 4, -8, 7) == -2).all()


def test_wide_inputs_and_results_are_fitted_too() -> None:
    rng = np.random.default_rng(3)
    factor, summand = rng.uniform(0.01, 0.05, 3), rng.normal(0, 9, 3)
    function = steps(factor, summand, -32768, 32767)
    found = fit(problem(function, -(1 << 20), 1 << 20, -32768, 32767, 3))
    v = rng.integers(-(1 << 20), (1 << 20) + 1, (200_000, 3)).astype(np.float64)
    got = np.clip(np.floor(v * found.factor + found.summand), -32768, 32767)
    assert (got == function(v)).all()
    assert found.fraction <= MAX_FRACTION


def test_too_many_borders_are_left_to_the_caller() -> None:
    assert fit(problem(lambda v: np.clip(v, -(1 << 31), 1 << 31), -(1 << 31), 1 << 31, -(1 << 31), 1 << 31)) is None
