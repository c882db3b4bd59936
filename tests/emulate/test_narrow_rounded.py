"""Rounded products of 16-bit integers: equal to Python's integers for every type that they take."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fixed_types

from hlsexplore.emulate.carrier import Span, dtype_for
from hlsexplore.emulate.product import plan_product
from hlsexplore.fixed import Fixed, requantize

pytest.importorskip("numba")

results = fixed_types(st.integers(2, 31), st.integers(-2, 12))


@settings(max_examples=80, deadline=None)
@given(results, st.integers(2, 16), st.integers(2, 17), st.integers(1, 16), st.booleans(), st.integers(0, 2**32 - 1))
def test_rounded_products_equal_python_integers(result, accum_width, input_width, bits, signed, seed) -> None:
    rng = np.random.default_rng(seed)
    rows, n_in, n_out = (int(rng.integers(1, most)) for most in (140, 40, 140))
    source = Span.of(Fixed(input_width, input_width - 6, signed=signed))
    weight = rng.integers(-(1 << 15), 1 << 15, (n_in, n_out)) >> rng.integers(0, 10)
    weight[0, 0] |= 1  # no common factor of two
    accum = Fixed(accum_width, accum_width - (14 - bits))
    bias = rng.integers(accum.min_raw, accum.max_raw + 1, n_out)
    product = plan_product(weight, 8, bias, accum.fraction, source, accum).rounded
    if input_width == 17 and (signed or source.high > 65535):
        assert product is None
        return
    epilogue = product.epilogue(result, bool(seed % 2))
    if epilogue is None:
        return
    x = rng.integers(source.low, source.high + 1, (rows, n_in))
    x[0], x[-1] = source.low, source.high
    sums = ((x[:, :, None] * weight) >> bits).sum(axis=1) + bias
    expected = requantize(requantize(sums, accum.fraction, accum), accum.fraction, result)
    expected = np.maximum(expected, 0) if seed % 2 else expected
    ours = product.apply(x.astype(dtype_for(source.magnitude)), epilogue)
    np.testing.assert_array_equal(ours.astype(np.int64), expected.astype(np.int64))


def test_only_what_16_bits_hold_is_planned() -> None:
    weight, source = np.full((4, 3), 5), Span.of(Fixed(16, 6))
    for accum, is_planned in (
        ("fixed<16,6>", True),
        ("fixed<17,7>", False),
        ("fixed<16,6,RND>", False),
        ("fixed<12,2,TRN,SAT>", False),
        ("ufixed<12,2>", False),
    ):
        product = plan_product(weight, 10, None, 0, source, Fixed.parse(accum))
        assert (product.rounded is not None) == is_planned, accum
