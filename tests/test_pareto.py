import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hlsexplore.errors import ConfigError
from hlsexplore.pareto import crowding_distance, dominators, hypervolume, pareto_front, pareto_ranks

POINTS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(0, 40), st.integers(1, 5)),
    elements=st.integers(-4, 4).map(float) | st.just(np.nan) | st.just(np.inf),
)


def brute_front(points) -> np.ndarray:
    mask = []
    for point in points:
        known = not np.isnan(point).any()
        with np.errstate(invalid="ignore"):
            beaten = ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
        mask.append(known and not beaten)
    return np.array(mask, dtype=bool)


@given(POINTS)
@settings(max_examples=300, deadline=None)
def test_front_is_the_set_of_points_that_nothing_dominates(points) -> None:
    np.testing.assert_array_equal(pareto_front(points, ["min"] * points.shape[1]), brute_front(points))


@given(POINTS)
@settings(max_examples=100, deadline=None)
def test_ranks_peel_one_front_after_the_other(points) -> None:
    directions = ["max"] * points.shape[1]
    ranks = pareto_ranks(points, directions)
    np.testing.assert_array_equal(ranks == 0, pareto_front(points, directions))
    for rank in range(1, ranks.max(initial=0) + 1):
        np.testing.assert_array_equal(
            ranks == rank, pareto_front(points, directions, feasible=(ranks < 0) | (ranks >= rank))
        )


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_front_of_many_points_equals_the_plain_definition(objectives: int) -> None:
    rng = np.random.default_rng(0)
    points = np.round(rng.normal(size=(4000, objectives)), 1) * np.array([1.0, 1e5, 3.0, 1e-3])[:objectives]
    np.testing.assert_array_equal(pareto_front(points, ["min"] * objectives), brute_front(points))


def test_front_directions_turn_each_objective_by_itself() -> None:
    values = [[0.9, 100], [0.8, 50], [0.85, 120]]
    np.testing.assert_array_equal(pareto_front(values, ["max", "min"]), [True, True, False])
    np.testing.assert_array_equal(pareto_front(values, ["min", "max"]), [False, True, True])


def test_front_keeps_ties_and_leaves_infeasible_and_unknown_points_out() -> None:
    values = [[1, 1], [1, 1], [0, 0], [np.nan, -5], [2, 2]]
    np.testing.assert_array_equal(pareto_front(values, ["min", "min"]), [False, False, True, False, False])
    mask = pareto_front(values, ["min", "min"], feasible=[True, True, False, True, True])
    np.testing.assert_array_equal(mask, [True, True, False, False, False])


def test_front_of_nothing_is_nothing() -> None:
    assert pareto_front([], ["min", "max"]).shape == (0,)
    assert pareto_ranks(np.zeros((0, 3)), ["min"] * 3).shape == (0,)


@pytest.mark.parametrize(
    ("values", "directions", "message"),
    [
        ([[1, 2]], ["min"], "1 directions do not fit values of shape (1, 2)."),
        ([[1]], ["up"], "unknown direction 'up'. Valid directions: 'max', 'min'."),
        ([1, 2], ["min", "min"], "do not fit"),
    ],
)
def test_front_names_arguments_that_do_not_fit(values, directions: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pareto_front(values, directions)
    assert message in str(caught.value)
    with pytest.raises(ConfigError, match="does not fit 1 points"):
        pareto_front([[1]], ["min"], feasible=[True, False])


def test_dominators_tell_why_a_point_is_not_on_the_front() -> None:
    values = [[0.9, 100], [0.8, 50], [0.85, 120], [0.85, 120]]
    np.testing.assert_array_equal(dominators(values, ["max", "min"], 2), [0])
    np.testing.assert_array_equal(dominators(values, ["max", "min"], 0), [])


def test_crowding_distance_is_infinite_at_the_ends_and_zero_without_spread() -> None:
    np.testing.assert_array_equal(crowding_distance([[0, 3], [1, 1], [3, 0]]), [np.inf, 2.0, np.inf])
    np.testing.assert_array_equal(crowding_distance(np.ones((3, 2))), np.zeros(3))
    assert crowding_distance(np.zeros((0, 2))).shape == (0,)


def brute_volume(points, corner) -> float:
    """Counts unit cells of an integer grid that some point dominates."""
    grid = np.stack(np.meshgrid(*[np.arange(int(c)) for c in corner], indexing="ij"), axis=-1).reshape(-1, len(corner))
    return float((points[:, None, :] <= grid).all(axis=-1).any(axis=0).sum()) if len(points) else 0.0


@given(st.data(), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_hypervolume_counts_the_dominated_cells_of_a_grid(data, objectives) -> None:
    count = data.draw(st.integers(0, 8))
    points = np.array(
        data.draw(
            st.lists(
                st.lists(st.integers(0, 6), min_size=objectives, max_size=objectives), min_size=count, max_size=count
            )
        )
    )
    points = points.reshape(count, objectives).astype(float)
    corner = np.full(objectives, 5.0)
    inside = points[(points < corner).all(axis=1)]
    assert hypervolume(points, ["min"] * objectives, corner) == brute_volume(inside, corner)


def test_hypervolume_of_mixed_directions_and_unknown_figures() -> None:
    values = [[0.9, 10], [0.8, 5], [np.nan, 1], [0.1, 1]]
    assert hypervolume(values, ["max", "min"], [0.5, 20]) == pytest.approx(0.4 * 10 + 0.3 * 5)


def test_hypervolume_of_three_objectives_agrees_with_the_general_algorithm() -> None:
    rng = np.random.default_rng(1)
    points = rng.random((60, 3))
    four = np.c_[points, np.zeros(60)]
    assert hypervolume(four, ["min"] * 4, np.ones(4)) == pytest.approx(
        hypervolume(points, ["min"] * 3, np.ones(3)), rel=1e-12
    )
