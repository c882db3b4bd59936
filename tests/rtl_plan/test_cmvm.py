"""The search for sums that columns share: exact products, bounded depth, less than without sharing."""

from math import ceil, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hlsexplore.rtl_plan.netlist.cmvm import (
    SPARE_LEVELS,
    csd_digits,
    find_sharing,
    searched_products,
    shared_products,
    solver_name,
)
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.sums import plain

pytest.importorskip("numba")


def products(matrix, x, low, high, solver=searched_products):
    net = Net()
    inputs = [net.input(row, low, high) for row in range(len(matrix))]
    with net.linear(inputs):
        net.outputs = [plain(net, term) for term in solver(net, inputs, matrix)]
    return net.evaluate(x)


def digits_of(column):
    return sum(len(csd_digits(abs(int(weight)))) for weight in column)


def sharing_of(matrix):
    return find_sharing(matrix.tobytes(), matrix.shape, (255.0,) * len(matrix))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_products_are_exact(data) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = data.draw(st.integers(1, 9)), data.draw(st.sampled_from([1, 2, 7, 64, 65, 130]))
    bits = data.draw(st.sampled_from([1, 3, 8, 16, 30, 59]))
    matrix = rng.integers(-(1 << bits) + 1, 1 << bits, shape) * (
        rng.random(shape) < data.draw(st.sampled_from([0.1, 1]))
    )
    low, high = data.draw(st.sampled_from([(-128, 127), (0, 63), (-1, 0), (5, 5), (-9, 200)]))
    x = rng.integers(low, high + 1, (20, shape[0]))
    found = products(matrix.astype(np.int64), x, low, high)
    assert (found == x.astype(object) @ matrix.astype(object)).all()


def test_columns_are_at_most_a_level_deeper_than_a_balanced_tree() -> None:
    matrix = np.random.default_rng(1).integers(-128, 128, (48, 40))
    found = sharing_of(matrix)
    for column, left in zip(matrix.T, found.columns, strict=True):
        bound = ceil(log2(digits_of(column))) + SPARE_LEVELS
        assert ceil(log2(sum(1 << found.depths[index] for index, _, _ in left))) <= bound


def test_sharing_saves_half_of_the_adders_of_a_dense_matrix() -> None:
    matrix = np.random.default_rng(2).integers(-128, 128, (32, 32))
    found = sharing_of(matrix)
    adders = len(found.adders) + sum(len(column) - 1 for column in found.columns)
    assert adders < 0.55 * sum(digits_of(column) - 1 for column in matrix.T)
    assert sharing_of(matrix.copy()) == found


def test_equal_columns_are_made_once() -> None:
    column = np.random.default_rng(3).integers(-128, 128, (6, 1))
    found = sharing_of(np.repeat(column, 5, axis=1))
    assert all(len(left) == 1 for left in found.columns) and len(found.adders) <= digits_of(column[:, 0]) - 1


def test_weights_beyond_the_search_take_shared_products() -> None:
    matrix = np.array([[1 << 61, -3], [7, 1 << 40]])
    x = np.array([[3, -5], [-8, 7]])
    assert (solver_name(matrix), solver_name(matrix >> 40)) == ("shared", "search")
    assert (products(matrix, x, -8, 7, shared_products) == x.astype(object) @ matrix.astype(object)).all()
