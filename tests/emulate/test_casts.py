"""Casts of carriers in one compiled pass and in numpy: both equal the casts of `fixed` for every type and order."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import fixed_types

from hlsexplore.design import Design
from hlsexplore.emulate import carrier
from hlsexplore.emulate.carrier import (
    Span,
    as_carrier,
    narrow_dtype,
    quantize_carrier,
    requantize_carrier,
    to_float,
)
from hlsexplore.emulate.plan import plan_design
from hlsexplore.fixed import Fixed, quantize, requantize
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input, Softmax

pytest.importorskip("hlsexplore.emulate.cast_kernels", reason="needs numba")  # loaded, so that small arrays use it

types = fixed_types(st.integers(1, 40), st.integers(-6, 24))
seeds = st.integers(0, 2**32 - 1)
ROWS, COLUMNS = 300, 7


@pytest.mark.parametrize("has_numba", [True, False])
@settings(max_examples=120, deadline=None)
@given(types, st.integers(-4, 20), st.integers(1, 50), st.booleans(), st.booleans(), st.booleans(), seeds)
def test_settle_equals_offset_cast_and_clips(
    has_numba: bool, type_, fraction, bits, has_offset, raises, rectifies, seed
) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (ROWS, COLUMNS))
    offset = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), COLUMNS) if has_offset else None
    total = raw if offset is None else raw + offset
    span = Span(fraction, -(1 << bits), 1 << bits)
    source = as_carrier(raw, span.magnitude)
    added = None if offset is None else offset.astype(source.dtype)
    for order in ("C", "F"):
        values = np.asarray(source, order=order)
        known = carrier.has_numba
        carrier.has_numba = lambda: has_numba
        try:
            ours = requantize_carrier(values, span, type_, False, added, raises, rectifies)
            owned = requantize_carrier(values.copy(order="K"), span, type_, True, added, raises, rectifies)
        finally:
            carrier.has_numba = known
        expected = requantize(np.maximum(total, 0) if raises else total, fraction, type_)
        expected = np.maximum(expected, 0) if rectifies else expected
        np.testing.assert_array_equal(ours.astype(np.int64), expected)
        np.testing.assert_array_equal(owned, ours)
        np.testing.assert_array_equal(values, source)


@pytest.mark.parametrize("has_numba", [False, True])
@pytest.mark.parametrize("bits", [-121, -140, -975, -1000, -1001, -1016])
def test_zeros_gain_any_number_of_bits(has_numba: bool, bits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "has_numba", lambda: has_numba)
    zeros = np.zeros((300, 4), np.float32)
    got = requantize_carrier(zeros, Span(0, 0, 0), Fixed(8, 8 + bits), False)
    assert not got.any() and np.isfinite(got.astype(float)).all()


def test_settle_of_a_strided_view_changes_only_its_elements() -> None:
    whole = np.arange(4096.0 * 3).reshape(4096, 3)
    span, type_ = Span(2, 0, 1 << 14), Fixed(14, 14, overflow="SAT")
    ours = requantize_carrier(whole[:, ::2], span, type_, owned=True)
    np.testing.assert_array_equal(ours, np.arange(4096 * 3).reshape(4096, 3)[:, ::2] // 4)


@pytest.mark.parametrize("has_numba", [True, False])
@settings(max_examples=60, deadline=None)
@given(types, st.integers(-8, 12), seeds)
def test_quantize_carrier_equals_quantize(has_numba: bool, type_, exponent, seed) -> None:
    x = np.ldexp(np.random.default_rng(seed).normal(0, 1, (ROWS, COLUMNS)), exponent)
    x[0] = np.ldexp(np.arange(COLUMNS) - 3.0, -type_.fraction - 1)  # ties
    known = carrier.has_numba
    carrier.has_numba = lambda: has_numba
    try:
        ours = quantize_carrier(x, type_)
    finally:
        carrier.has_numba = known
    np.testing.assert_array_equal(ours.astype(np.int64), quantize(x, type_))


table_types = fixed_types(st.integers(4, 20) | st.integers(26, 33), st.integers(-2, 14))


@settings(max_examples=60, deadline=None)
@given(table_types, st.lists(table_types, min_size=5, max_size=5), st.booleans(), st.integers(1, 9), seeds)
def test_compiled_softmax_equals_numpy(source, others, is_stable, classes, seed) -> None:
    assume(source.width > source.signed)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(classes,)),
        Node(name="y", op=Softmax(), inputs=("x",), shape=(classes,)),
    )
    keys = ("exp_table", "accum", "inv_input", "inv_table", "result")
    design = Design.default(Graph(name="one", nodes=nodes, outputs=("y",))).with_input(source)
    design = design.with_layer(
        "y", softmax="stable" if is_stable else "latency", **dict(zip(keys, others, strict=True))
    )
    x = np.random.default_rng(seed).integers(source.min_raw, source.max_raw + 1, (2100, classes)).astype(np.float64)
    step = plan_design(design).steps["y"]
    ours = step.run([x], None)
    known = carrier.has_numba
    carrier.has_numba = lambda: False
    try:
        np.testing.assert_array_equal(ours, step.run([x], None))
    finally:
        carrier.has_numba = known


@pytest.mark.parametrize("accum", ["fixed<40,16>", "fixed<18,8>", "fixed<12,6,RND,SAT>"])
@pytest.mark.parametrize("result", ["fixed<16,6>", "fixed<9,3,RND_CONV,SAT>", "fixed<9,3,RND_ZERO,SAT_ZERO>"])
@pytest.mark.parametrize("rectified", ["same", "ufixed<6,2,RND_CONV,SAT>", "ufixed<5,1>"])
def test_relu_merged_into_a_dense_layer_gives_the_same_numbers(accum: str, result: str, rectified: str) -> None:
    rng = np.random.default_rng(8)
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(12,)),
        Node(name="y", op=Dense(kernel=rng.normal(0, 1, (12, 9)), bias=rng.normal(0, 1, 9)), inputs=("x",), shape=(9,)),
        Node(name="r", op=Activation(function=Function.RELU), inputs=("y",), shape=(9,)),
    )
    design = Design.default(Graph(name="two", nodes=nodes, outputs=("r",)))
    design = design.with_layer("y", accum=accum, result=result)
    design = design.with_layer("r", result=result if rectified == "same" else rectified)
    plan = plan_design(design)
    source = plan.inputs["x"].cast(rng.normal(0, 3, (700, 12)))
    merged = dict(plan.run({"x": source}, is_fused=True))["r"]
    apart = dict(plan.run({"x": source}))
    np.testing.assert_array_equal(merged, apart["r"])
    spread = np.maximum(apart["y"].astype(np.int64), 0)
    np.testing.assert_array_equal(merged, requantize(spread, plan.spans["y"].fraction, plan.types["r"]))


def test_narrow_dtype_holds_the_span() -> None:
    for low, high, dtype in ((-128, 127, "i1"), (0, 128, "i2"), (0, 65535, "i4"), (0, 1 << 31, "f8")):
        assert narrow_dtype(Span(0, low, high), np.dtype(np.float64)) == np.dtype(dtype)
    assert narrow_dtype(Span(0, 0, 1 << 20), np.dtype(np.float32)) == np.dtype(np.float32)


@pytest.mark.parametrize("fraction", [-5, 0, 7, 950, 1060])
def test_to_float_is_exact_and_has_no_negative_zero(fraction) -> None:
    values = np.array([-3.0, -0.0, 5.0])
    ours = to_float(values, fraction)
    np.testing.assert_array_equal(ours, np.ldexp(values, -fraction))
    assert not np.signbit(ours[1])
