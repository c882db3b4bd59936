import numpy as np

from hlsexplore.search.improvement import choose


def test_candidates_are_chosen_for_the_volume_that_they_add_to_those_before() -> None:
    mean = np.array([[0.2, 0.8], [0.5, 0.5], [0.51, 0.5], [0.8, 0.2], [0.95, 0.95]])
    front, corner = np.array([[0.9, 0.9]]), np.ones(2)
    chosen = choose(mean, np.zeros_like(mean), front, corner, 3, np.random.default_rng(0))
    assert chosen[0] == 1
    assert sorted(chosen) == [0, 1, 3]


def test_a_doubtful_candidate_goes_before_one_that_the_front_surely_beats() -> None:
    mean = np.array([[0.55, 0.5], [0.55, 0.5]])
    deviation = np.array([[0.0, 0.0], [0.3, 0.0]])
    front, corner = np.array([[0.5, 0.5]]), np.ones(2)
    assert choose(mean, deviation, front, corner, 1, np.random.default_rng(0)) == [1]


def test_no_more_candidates_are_chosen_than_there_are_and_none_twice() -> None:
    mean = np.full((3, 2), 0.5)
    chosen = choose(mean, np.zeros_like(mean), np.array([[0.4, 0.4]]), np.ones(2), 5, np.random.default_rng(0))
    assert sorted(chosen) == [0, 1, 2]
