"""Analysis of constant matrices."""

import numpy as np
import pytest

from hlsexplore.estimate.constants import Constants, ProductWidths, csd_digits, profile, shift_add_count


def digits_by_definition(value: int) -> int:
    """Fewest nonzero digits of a signed-digit form, by trying both signs of the lowest one."""
    if value < 0:
        return digits_by_definition(-value)
    if value < 2:
        return value
    if value % 2 == 0:
        return digits_by_definition(value // 2)
    return 1 + min(digits_by_definition((value - 1) // 2), digits_by_definition((value + 1) // 2))


def test_csd_digits_are_minimal_signed_digits() -> None:
    values = np.arange(-600, 600)
    np.testing.assert_array_equal(csd_digits(values), [digits_by_definition(int(value)) for value in values])


def test_shift_adds_are_one_less_than_digits_and_a_negation_where_all_digits_are_negative() -> None:
    np.testing.assert_array_equal(shift_add_count(np.array([0, 1, -1, 6, -6, -3, -5])), [0, 0, 1, 1, 1, 1, 2])


def test_profile_counts_distinct_multiplied_constants_for_each_input() -> None:
    constants = Constants.of(np.array([[21, 21, 5, 37], [-21, 21, 64, 0]]))
    found = profile(constants, ProductWidths(16, True, 0, 32))
    assert (found.nonzeros, found.live_inputs, found.live_outputs) == (7, 2, 4)
    assert sum(item[-1] for item in found.multipliers) == 4
    assert found.shift_adds == 1


def test_profile_trims_products_to_the_accumulator() -> None:
    constants = Constants.of(np.array([[3], [3], [3], [3]]))
    wide = profile(constants, ProductWidths(8, True, 0, 32))
    cut = profile(constants, ProductWidths(8, True, 6, 8))
    assert wide.adders == cut.adders == 3
    assert cut.adder_bits < wide.adder_bits
    assert cut.tree_depth == 2


def test_profile_ignores_unread_outputs_and_constant_inputs() -> None:
    constants = Constants.of(np.arange(1, 13).reshape(3, 4))
    found = profile(
        constants, ProductWidths(8, True, 0, 24), np.array([True, False, False, True]), np.array([True, True, False])
    )
    assert (found.nonzeros, found.live_outputs, found.live_inputs) == (4, 2, 2)


def test_bias_is_a_term() -> None:
    weight = np.array([[4, 4], [4, 4]])
    with_bias = profile(Constants.of(weight, np.array([3, 0])), ProductWidths(8, True, 0, 24))
    assert with_bias.adders == profile(Constants.of(weight), ProductWidths(8, True, 0, 24)).adders + 1


def test_sums_of_pairs_that_repeat_are_counted() -> None:
    weight = np.array([[3, 3, 5], [7, 7, 7]])
    assert profile(Constants.of(weight), ProductWidths(8, True, 0, 24)).repeated_adders == 1


def test_constants_are_equal_by_content() -> None:
    assert Constants.of(np.eye(3, dtype=np.int64)).key == Constants.of(np.eye(3, dtype=np.int16)).key
    assert Constants.of(np.eye(3, dtype=np.int64)).key != Constants.of(np.eye(3, dtype=np.int64), np.zeros(3)).key


def test_channels_of_a_depthwise_kernel_read_their_own_inputs() -> None:
    found = Constants.of_channels(np.array([[3, 5], [0, 7]]))
    np.testing.assert_array_equal(found.weight, [[3, 0], [0, 5], [0, 0], [0, 7]])


def test_huge_integers_do_not_overflow() -> None:
    constants = Constants.of(np.array([[2**90, -(2**90)]], dtype=object))
    assert profile(constants, ProductWidths(16, True, 0, 64)).nonzeros == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_profile_of_a_zero_matrix_is_empty(shape: tuple[int, int]) -> None:
    found = profile(Constants.of(np.zeros(shape, dtype=np.int64)), ProductWidths(8, True, 0, 24))
    assert (found.nonzeros, found.adders, found.shift_adds, found.multipliers) == (0, 0, 0, ())


def test_adders_of_full_width_are_counted() -> None:
    constants = Constants.of(np.full((4, 1), 3))
    assert profile(constants, ProductWidths(8, True, 0, 32)).full_adders == 0
    assert profile(constants, ProductWidths(8, True, 0, 8)).full_adders == 3
    assert profile(constants, ProductWidths(8, True, 0, 11)).full_adders == 1
