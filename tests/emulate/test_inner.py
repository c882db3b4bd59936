"""Casts of single products and partial sums, counted exactly as a plain model with big integers counts them."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fixed_types

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.emulate import carrier, inner
from hlsexplore.emulate.carrier import Span
from hlsexplore.emulate.inner import Events
from hlsexplore.emulate.plan import plan_design
from hlsexplore.emulate.product import plan_product
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed, Overflow, Rounding, quantize, requantize
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Cell, Conv, Dense, DepthwiseConv, Input, Recurrent

HALF = Fraction(1, 2)


def rounded(value, mode):
    """Round a fraction to an integer by a mode of `ap_fixed`."""
    nearest = {Rounding.RND_ZERO: ceil(value - HALF), Rounding.RND_INF: floor(value + HALF)}
    if value < 0:
        nearest = {Rounding.RND_ZERO: floor(value + HALF), Rounding.RND_INF: ceil(value - HALF)}
    match mode:
        case Rounding.TRN:
            return floor(value)
        case Rounding.TRN_ZERO:
            return int(value)
        case Rounding.RND:
            return floor(value + HALF)
        case Rounding.RND_MIN_INF:
            return ceil(value - HALF)
        case Rounding.RND_CONV:
            return round(value)
    return nearest[mode]


def held(value, type_):
    """Bring an integer into the range of a type."""
    low, high = type_.min_raw, type_.max_raw
    if low <= value <= high:
        return value
    if type_.overflow is Overflow.WRAP:
        return (value - low) % 2**type_.width + low
    return 0 if type_.overflow is Overflow.SAT_ZERO else min(max(value, low), high)


def model(x, weight, fraction, bias, accum, order) -> tuple[Events, Events]:
    """Count the events of the lines of docs/ir.md, section Dense, one Python integer after the other.

    Args:
        x: Raw inputs, (rows, n_in).
        weight: Raw weights, (n_in, n_out).
        fraction: Fraction bits of their products.
        bias: Raw bias in the accumulator type.
        accum: Accumulator type.
        order: Order of the inputs.
    """
    counts = dict.fromkeys(("values", "out", "under", "rounded", "sums"), 0)
    for row, o in np.ndindex(len(x), weight.shape[1]):
        acc = int(bias[o])
        for i in order:
            value = Fraction(int(x[row, i]) * int(weight[i, o])) * Fraction(2) ** (accum.fraction - fraction)
            q = rounded(value, accum.rounding)
            is_inside = accum.min_raw <= q <= accum.max_raw
            counts["values"] += 1
            counts["out"] += not is_inside
            counts["rounded"] += is_inside and q != value
            counts["under"] += is_inside and q == 0 and value != 0
            total = acc + held(q, accum)
            counts["sums"] += not accum.min_raw <= total <= accum.max_raw
            acc = held(total, accum)
    products = Events(counts["values"], counts["out"], counts["under"], counts["rounded"])
    return products, Events(counts["values"], counts["sums"])


accums = fixed_types(st.integers(2, 40) | st.integers(60, 70), st.integers(-2, 20))


@pytest.mark.parametrize("has_numba", [True, False])
@settings(max_examples=80, deadline=None)
@given(accums, st.integers(1, 40), st.integers(1, 14), st.integers(0, 2**32 - 1))
def test_counts_equal_a_model_with_big_integers(has_numba: bool, accum, source_width, weight_width, seed) -> None:
    rng = np.random.default_rng(seed)
    source = Fixed(source_width, 3, signed=bool(rng.integers(2)))
    x = rng.integers(source.min_raw, source.max_raw + 1, (3, 5))
    weight = rng.integers(-(1 << (weight_width - 1)), 1 << (weight_width - 1), (5, 2))
    bias, order = rng.integers(-64, 64, 2), rng.permutation(5)
    product = plan_product(weight, 4, bias, 3, Span.of(source), accum, order)
    known = inner.has_numba, inner.repays_kernel
    inner.has_numba, inner.repays_kernel = (lambda: has_numba), (lambda values: True)
    try:
        found = product.inner.count(carrier.as_carrier(x, Span.of(source).magnitude))
    finally:
        inner.has_numba, inner.repays_kernel = known
    assert found == model(x, weight, source.fraction + 4, requantize(bias, 3, accum), accum, order)


def one_layer(op, shape, out) -> Graph:
    """Build a network of one layer."""
    nodes = (Node(name="x", op=Input(), inputs=(), shape=shape), Node(name="y", op=op, inputs=("x",), shape=out))
    return Graph(name="one", nodes=nodes, outputs=("y",))


def dense_case(**knobs):
    """Build a Dense layer with data, and its raw numbers."""
    rng = np.random.default_rng(5)
    kernel, bias = np.round(rng.normal(0, 16, (8, 3))) / 16, np.round(rng.normal(0, 16, 3)) / 16
    design = Design.default(one_layer(Dense(kernel=kernel, bias=bias), (8,), (3,)))
    design = design.with_input("fixed<10,4>").with_layer("y", weight="fixed<10,6>", bias="fixed<10,6>", **knobs)
    x = rng.normal(0, 4, (20, 8))
    raw = np.floor(x * 64).astype(int)
    raw = (raw + 512) % 1024 - 512
    return design, x, (raw, (kernel * 16).astype(int), (bias * 16).astype(int))


@pytest.mark.parametrize("accum", ["fixed<12,6>", "fixed<9,5,RND,SAT>", "fixed<8,4,TRN_ZERO,SAT_ZERO>", "fixed<30,12>"])
@pytest.mark.parametrize("reuse", [1, 4])
def test_trace_counts_products_and_partial_sums_of_a_dense_layer(accum: str, reuse: int) -> None:
    design, x, (raw, weight, bias) = dense_case(accum=accum, strategy="resource", reuse=reuse)
    type_ = Fixed.parse(accum)
    order = [i for r in range(reuse) for i in range(r, 8, reuse)]
    products, sums = model(raw, weight, 10, requantize(bias, 4, type_), type_, order)
    counts = hx.trace(design, x)
    found = counts.inside("y"), counts.inside("y", "sum")
    for ours, theirs in zip(found, (products, sums), strict=True):
        assert (ours.layer, ours.type) == ("y", type_)
        assert (ours.num_values, ours.num_underflowed) == (theirs.num_values, theirs.num_underflowed)
        assert (ours.num_overflowed, ours.num_rounded) == (theirs.num_out, theirs.num_rounded)
        assert (ours.num_wrapped if "SAT" in accum else ours.num_saturated) == 0
    assert (found[0].num_rounded > 0) == (accum != "fixed<30,12>")
    assert (found[1].num_overflowed > 0) == (type_.integer < 6)


@pytest.mark.parametrize("is_depthwise", [False, True])
def test_trace_counts_the_taps_of_a_convolution(is_depthwise: bool) -> None:
    rng = np.random.default_rng(6)
    op = (DepthwiseConv if is_depthwise else Conv)(kernel=np.round(rng.normal(0, 16, (2, 2, 3, 2))) / 16)
    filters = 6 if is_depthwise else 2
    design = Design.default(one_layer(op, (4, 4, 3), (3, 3, filters))).with_input("fixed<8,4>")
    design = design.with_layer("y", weight="fixed<10,6>", accum="fixed<9,5>")
    x = rng.normal(0, 3, (5, 4, 4, 3))
    raw = quantize(x, Fixed(8, 4))
    views = np.lib.stride_tricks.sliding_window_view(raw, (2, 2), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    kernel, type_ = (op.kernel * 16).astype(int), Fixed(9, 5)
    products, sums = Events(), Events()
    for channel in range(3 if is_depthwise else 1):
        chosen = views[..., channel : channel + 1] if is_depthwise else views
        weight = kernel[:, :, channel].reshape(4, 2) if is_depthwise else kernel.reshape(12, 2)
        rows = chosen.reshape(-1, len(weight))
        one = model(rows, weight, 8, np.zeros(2, int), type_, range(len(weight)))
        products, sums = products + one[0], sums + one[1]
    counts = hx.trace(design, x)
    found = counts.inside("y"), counts.inside("y", "sum")
    assert (found[0].num_values, found[0].num_rounded) == (products.num_values, products.num_rounded)
    assert (found[0].num_wrapped, found[0].num_underflowed) == (products.num_out, products.num_underflowed)
    assert (found[1].num_values, found[1].num_wrapped) == (sums.num_values, sums.num_out)


@pytest.mark.parametrize("resets_after", [True, False])
def test_trace_counts_both_products_of_a_recurrent_layer(resets_after: bool) -> None:
    rng = np.random.default_rng(7)
    op = Recurrent(
        cell=Cell.GRU,
        kernel=rng.normal(0, 1, (3, 12)),
        recurrent_kernel=rng.normal(0, 1, (4, 12)),
        bias=rng.normal(0, 1, 12),
        recurrent_bias=rng.normal(0, 1, 12),
        reset_after=resets_after,
    )
    design = Design.default(one_layer(op, (6, 3), (4,))).with_layer("y", accum="fixed<12,4>")
    counts = hx.trace(design, rng.normal(0, 1, (10, 6, 3)))
    again = 0 if resets_after else 10 * 6 * 4 * 4  # the candidate's product once more, of the reset state
    assert counts.inside("y").num_values == 10 * 6 * (3 + 4) * 12 + again
    assert counts.inside("y").num_rounded > 0


def test_trace_of_a_lossless_accumulator_counts_nothing_lost() -> None:
    design, x, _ = dense_case(accum="fixed<40,20>")
    for key in ("product", "sum"):
        found = hx.trace(design, x).inside("y", key)
        lost = found.num_overflowed, found.num_underflowed, found.num_rounded
        assert (found.num_values, lost) == (20 * 8 * 3, (0, 0, 0))
    assert plan_design(design).steps["y"].type == design.type("y", "result")


def test_inside_of_an_unknown_layer_names_the_nearest() -> None:
    design, x, _ = dense_case()
    with pytest.raises(ConfigError, match=r"The inside of this trace has 'y\.product', 'y\.sum'\."):
        hx.trace(design, x).inside("z")
