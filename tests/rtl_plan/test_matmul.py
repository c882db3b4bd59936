"""Constant matrix products as netlists against the arithmetic's definition, step by step."""

from itertools import pairwise

import numpy as np
import pytest

from hlsexplore.fixed import Fixed, Overflow, Rounding, overflow_raw, requantize
from hlsexplore.rtl_plan.lower.matmul import make_product, matrix_outputs
from hlsexplore.rtl_plan.netlist.cmvm import csd_digits, shared_products
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.sums import plain


def reference(x, weight, start, fraction, accum, result, order) -> np.ndarray:
    outputs = []
    for column in range(weight.shape[1]):
        acc = np.full(len(x), start[column], dtype=np.int64)
        for row in order:
            acc = overflow_raw(acc + requantize(x[:, row] * weight[row, column], fraction, accum), accum)
        outputs.append(requantize(acc, accum.fraction, result))
    return np.stack(outputs, axis=1)


def random_fixed(rng: np.random.Generator, low, high, signed: bool = True) -> Fixed:
    modes = rng.choice(list(Rounding)), rng.choice(list(Overflow))
    return Fixed(int(rng.integers(low, high)), int(rng.integers(-1, 9)), signed, *modes)


def check(seed, wide: bool = False) -> None:
    rng = np.random.default_rng(seed)
    n_in, n_out = (int(value) for value in rng.integers(1, 9, 2))
    source = Fixed(int(rng.integers(1, 9)), int(rng.integers(-1, 6)), bool(rng.integers(2)))
    weight_type = Fixed(int(rng.integers(1, 9)), int(rng.integers(-1, 6)))
    accum = random_fixed(rng, 20, 30) if wide else random_fixed(rng, 2, 20, bool(rng.integers(4)))
    result, bias_type = random_fixed(rng, 1, 14), random_fixed(rng, 1, 8)
    weight = rng.integers(weight_type.min_raw, weight_type.max_raw + 1, (n_in, n_out))
    bias = rng.integers(bias_type.min_raw, bias_type.max_raw + 1, n_out)
    order = [int(row) for row in rng.permutation(n_in)]
    x = rng.integers(source.min_raw, source.max_raw + 1, (50, n_in))
    product = make_product(weight, bias, (source, weight_type, bias_type, accum, result), order)
    net = Net()
    net.outputs = matrix_outputs(net, [net.input(row, source.min_raw, source.max_raw) for row in range(n_in)], product)
    values = net.evaluate(x)
    expected = reference(x, weight, product.bias, source.fraction + weight_type.fraction, accum, result, order)
    np.testing.assert_array_equal(values.astype(np.int64), expected)
    cells = [net.cells[output] for output in net.outputs]
    assert all((values[:, i] >= cell.low).all() and (values[:, i] <= cell.high).all() for i, cell in enumerate(cells))


@pytest.mark.parametrize("seed", range(60))
def test_matrix_outputs_follow_every_cast_exactly(seed) -> None:
    check(seed)


@pytest.mark.parametrize("seed", range(20))
def test_matrix_outputs_with_wide_accumulators_are_exact(seed) -> None:
    check(1000 + seed, wide=True)


def test_shared_products_need_no_solver() -> None:
    rng = np.random.default_rng(5)
    weight = rng.integers(-128, 128, (6, 4))
    x = rng.integers(-8, 8, (40, 6))
    net = Net()
    inputs = [net.input(row, -8, 7) for row in range(6)]
    with net.linear(inputs):
        net.outputs = [plain(net, term) for term in shared_products(net, inputs, weight)]
    np.testing.assert_array_equal(net.evaluate(x).astype(np.int64), x @ weight)


@pytest.mark.parametrize("number", [1, 7, 11, 170, 1023, 4097])
def test_csd_digits_sum_to_the_number_without_neighbours(number: int) -> None:
    digits = csd_digits(number)
    assert sum((-1 if negative else 1) << position for position, negative in digits) == number
    positions = [position for position, _ in digits]
    assert all(b - a >= 2 for a, b in pairwise(positions))
