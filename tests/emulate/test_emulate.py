"""The emulator: routes agree with each other and with a naive model, memory and errors."""

import subprocess
import sys
from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import fixed_types

import hlsexplore as hx
from hlsexplore.design import Design
from hlsexplore.emulate import emulate_raw
from hlsexplore.emulate import product as product_module
from hlsexplore.emulate.carrier import Span
from hlsexplore.emulate.product import Route, plan_product
from hlsexplore.errors import CancelledError, DataError
from hlsexplore.fixed import Fixed, requantize
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Dense, Input


def naive(x, weight, fraction, bias, bias_fraction, accum, order) -> np.ndarray:
    """Follow docs/ir.md, section Dense, line by line."""
    out = np.zeros((len(x), weight.shape[1]), dtype=object)
    for row, o in np.ndindex(*out.shape):
        acc = int(requantize(np.array([bias[o]]), bias_fraction, accum)[0])
        for i in order:
            p = requantize(np.array([int(x[row, i]) * int(weight[i, o])], dtype=object), fraction, accum)[0]
            total = np.array([acc + int(p)], dtype=object)
            acc = int(requantize(total, accum.fraction, accum)[0])
        out[row, o] = acc
    return out


accums = fixed_types(st.integers(3, 40), st.integers(-2, 20))


@pytest.mark.parametrize("has_numba", [True, False])
@settings(max_examples=60, deadline=None)
@given(accums, st.integers(1, 14), st.integers(1, 14), st.integers(0, 2**32 - 1))
def test_product_equals_the_lines_of_the_specification(
    has_numba: bool, accum, source_width, weight_width, seed
) -> None:
    rng = np.random.default_rng(seed)
    source = Fixed(source_width, 3, signed=bool(rng.integers(2)))
    x = rng.integers(source.min_raw, source.max_raw + 1, (4, 6))
    weight = rng.integers(-(1 << (weight_width - 1)), 1 << (weight_width - 1), (6, 3))
    bias = rng.integers(-64, 64, 3)
    order = rng.permutation(6)
    planned = plan_product(weight, 4, bias, 3, Span.of(source), accum, order)
    known = product_module.has_numba
    product_module.has_numba = lambda: has_numba
    try:
        acc = planned.apply(x.astype(np.float32))
    finally:
        product_module.has_numba = known
    scale = Fraction(2) ** (accum.fraction - planned.span.fraction)
    ours = [int(value) * scale for value in acc.ravel().tolist()]
    expected = naive(x, weight, source.fraction + 4, bias, 3, accum, order)
    assert ours == expected.ravel().tolist()
    assert all(planned.span.low <= value <= planned.span.high for value in acc.ravel().tolist())


def test_product_without_loss_is_one_matrix_product() -> None:
    weight = np.array([[3], [-5]])
    planned = plan_product(weight, 2, None, 0, Span.of(Fixed(8, 4)), Fixed(24, 12))
    assert planned.route is Route.EXACT
    assert planned.weight.dtype == np.float32


@pytest.mark.parametrize("width", [30, 45, 60, 90])
def test_wide_types_are_exact(width: int) -> None:
    rng = np.random.default_rng(width)
    type_ = Fixed(width, 4)
    kernel = rng.normal(0, 1, (5, 3))
    nodes = (
        Node(name="x", op=Input(), inputs=(), shape=(5,)),
        Node(name="y", op=Dense(kernel=kernel), inputs=("x",), shape=(3,)),
    )
    design = Design.default(Graph(name="wide", nodes=nodes, outputs=("y",)))
    wide = Fixed(2 * width + 4, 12)
    design = design.with_input(type_).with_layer("y", weight=type_, accum=wide, result=wide)
    x = rng.normal(0, 1, (7, 5))
    raw = emulate_raw(design, x)

    def cast(value: float) -> int:
        return floor(Fraction(value) * Fraction(2) ** type_.fraction)

    for s in range(7):
        for o in range(3):
            exact = sum(cast(x[s, i]) * cast(kernel[i, o]) for i in range(5))
            assert int(raw[s, o]) == exact << (wide.fraction - 2 * type_.fraction)


def test_emulate_in_blocks_equals_emulate_at_once(small_graph: Graph) -> None:
    design = Design.default(small_graph)
    x = np.random.default_rng(1).normal(0, 2, (5000, 16))
    parts = [hx.emulate(design, x[i : i + 7]) for i in range(0, 70, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), hx.emulate(design, x)[:70])


def test_reuse_and_strategy_change_no_number_where_the_accumulator_wraps(small_graph: Graph) -> None:
    design = Design.default(small_graph)
    x = np.random.default_rng(2).normal(0, 2, (100, 16))
    folded = design.with_layer("dense_1", strategy="resource", reuse=4)
    np.testing.assert_array_equal(hx.emulate(design, x), hx.emulate(folded, x))


def test_emulate_refuses_data_of_the_wrong_shape(small_graph: Graph) -> None:
    with pytest.raises(DataError) as caught:
        hx.emulate(Design.default(small_graph), np.zeros((3, 4)))
    assert str(caught.value) == "input 'x': the data has shape (3, 4), but the model reads (samples, 16)."


def test_emulate_refuses_nan(small_graph: Graph) -> None:
    x = np.zeros((3, 16))
    x[1, 2] = np.nan
    with pytest.raises(DataError, match="1 of 48 values are NaN or infinite"):
        hx.emulate(Design.default(small_graph), x)


def test_emulate_reads_integers_block_by_block(small_graph: Graph) -> None:
    x = np.random.default_rng(4).integers(-8, 8, (300, 16)).astype(np.int8)
    design = Design.default(small_graph)
    np.testing.assert_array_equal(hx.emulate(design, x), hx.emulate(design, x.astype(np.float64)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jet16", "cnn28"])
def test_a_million_samples_stay_below_one_gigabyte(name: str) -> None:
    code = (
        "import resource, sys; sys.path.insert(0, 'benchmarks'); import networks, numpy as np\n"
        "from hlsexplore.emulate import emulate\n"
        f"bench = networks.make('{name}', 1000)\n"
        "one = (8 * bench.x[:1]).astype(np.int8)\n"
        "emulate(bench.design, np.broadcast_to(one, (1_000_000, *one.shape[1:])))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=1800)
    assert int(done.stdout) < 1_000_000


def test_emulate_of_no_samples_is_empty(small_graph: Graph) -> None:
    assert hx.emulate(Design.default(small_graph), np.zeros((0, 16))).shape == (0, 5)


def test_emulate_stops_when_cancelled(small_graph: Graph) -> None:
    from threading import Event

    cancel = Event()
    cancel.set()
    with pytest.raises(CancelledError):
        hx.emulate(Design.default(small_graph), np.zeros((3, 16)), cancel=cancel)


def test_float_forward_is_near_a_generous_design(small_graph: Graph) -> None:
    x = np.random.default_rng(3).normal(0, 1, (200, 16))
    design = Design.default(small_graph, type="fixed<24,6>")
    error = np.abs(hx.emulate(design, x) - hx.predict(small_graph, x))
    assert error.max() < 0.2  # the reciprocal table of the default softmax has steps of a quarter
