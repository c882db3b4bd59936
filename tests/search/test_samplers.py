import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError
from hlsexplore.graph import Graph
from hlsexplore.pareto import hypervolume
from hlsexplore.search import SAMPLERS, make_sampler
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.search.process import Scale
from hlsexplore.space import Space


@pytest.fixture(scope="module")
def space(small_graph: Graph):
    """8^2 * 5^2 * 4^2 points."""
    sections = {"per_layer": {"weight": [3, 4, 5, 6, 7, 8, 10, 12], "result": [4, 6, 8, 10, 12], "reuse": [1, 2, 4, 8]}}
    return BoundSpace.bind(Space.from_dict(sections), Design.default(small_graph))


@pytest.fixture(scope="module")
def small(small_graph: Graph):
    return BoundSpace.bind(
        Space.from_dict({"uniform": {"weight": [4, 6, 8], "reuse": [1, 2, 4]}}), Design.default(small_graph)
    )


def costs_of(space, points) -> np.ndarray:
    """An error rate that noise adds up to, and a size: like accuracy and LUT, with a best trade-off for each layer."""
    rows = []
    for point in points:
        chosen = space.choices(point)
        noise = sum(
            2.0**-value * (5 if name.startswith("dense_1") else 1) for name, value in chosen.items() if "width" in name
        )
        size = 1.0
        for layer in ("dense_1", "dense_2"):
            size += 100 * chosen[f"{layer}.weight.width"] / chosen[f"{layer}.reuse"]
        delay = sum(value for name, value in chosen.items() if "reuse" in name)
        rows.append([-1 + min(noise, 0.9), size, delay])
    return np.array(rows)


def search(space, name, count, seed: int = 0):
    _, sampler = make_sampler(name, space, seed, count)
    points = []
    while len(points) < count:
        asked = sampler.ask(min(16, count - len(points)))
        if not asked:
            break
        points += asked
        sampler.tell(asked, costs_of(space, asked))
    return points


def volume(space, points):
    costs = costs_of(space, points)
    scaled = np.column_stack([np.log(costs[:, 0] + 1 + 1e-3), np.log(costs[:, 1]), np.log(costs[:, 2])])
    return hypervolume(scaled, ["min"] * 3, [0.0, 8.0, 4.0])


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "grid"])
def test_no_point_is_proposed_twice_and_the_same_seed_gives_the_same(space, name) -> None:
    points = search(space, name, 60)
    assert len(points) == len(set(points)) == 60
    assert all(0 <= value < length for point in points for value, length in zip(point, space.shape, strict=True))
    assert search(space, name, 60) == points
    assert search(space, name, 60, seed=1) != points


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_a_small_space_is_exhausted_and_then_nothing_is_left(small, name) -> None:
    _, sampler = make_sampler(name, small, 0, 100)
    points = []
    while asked := sampler.ask(4):
        points += asked
        sampler.tell(asked, np.array([[-0.9 + index / 100, 10.0 + index] for index, _ in enumerate(asked)]))
    assert sorted(points) == [small.point(index) for index in range(9)]


def test_grid_goes_in_order(small) -> None:
    _, sampler = make_sampler("grid", small, 0, None)
    assert sampler.ask(4) == [(0, 0), (0, 1), (0, 2), (1, 0)]


@pytest.mark.parametrize("name", ["guided", "nsga2", "tpe"])
def test_failed_designs_teach_nothing_and_stop_nothing(space, name: str) -> None:
    _, sampler = make_sampler(name, space, 0, 64)
    for _ in range(4):
        asked = sampler.ask(16)
        costs = costs_of(space, asked)
        costs[::2] = np.nan
        sampler.tell(asked, costs)
    assert len(asked) == (4 if name == "guided" else 16)


def test_guided_finds_more_than_random_points_do(space) -> None:
    ours = [volume(space, search(space, "guided", 96, seed)) for seed in range(3)]
    random = [volume(space, search(space, "random", 96, seed)) for seed in range(3)]
    assert min(ours) > max(random)


def test_guided_asks_for_few_designs_while_it_knows_few(space) -> None:
    _, sampler = make_sampler("guided", space, 0, 200)
    sizes = []
    while sum(sizes) < 200:
        asked = sampler.ask(16)
        sizes.append(len(asked))
        sampler.tell(asked, costs_of(space, asked))
    assert sizes[:8] == [4] * 8
    assert sizes == sorted(sizes)
    assert sizes[-1] == 16


def test_guided_asks_for_known_costs_of_points_that_it_may_propose(space) -> None:
    asked_for = []

    def known(points) -> np.ndarray:
        asked_for.extend(points)
        found = costs_of(space, points)
        found[:, 0] = np.nan
        return found

    _, sampler = make_sampler("guided", space, 0, 64, known)
    proposed = []
    for _ in range(4):
        asked = sampler.ask(16)
        proposed += asked
        sampler.tell(asked, costs_of(space, asked))
    assert asked_for
    assert set(asked_for) & set(proposed)


def test_guided_tells_small_errors_apart_and_counts_none_as_one_step_below() -> None:
    scale = Scale(np.array([[0.0, 8.0], [1e-4, 0.0], [1e-2, 2.0]]))
    found = scale(np.array([[1e-4, 2.0], [1e-3, 4.0], [1e-2, 8.0], [0.0, 0.0]]))
    assert np.diff(found[:3, 0]) == pytest.approx([np.log(10) / np.log(400)] * 2)
    assert np.diff(found[:3, 1]) == pytest.approx([np.log(2) / np.log(16)] * 2)
    assert found[3].tolist() == [0.0, 0.0]


def test_auto_takes_the_grid_when_all_is_wanted_and_else_the_guided_sampler(space, small) -> None:
    assert make_sampler("auto", small, 0, None)[0] == "grid"
    assert make_sampler("auto", small, 0, 9)[0] == "grid"
    assert make_sampler("auto", small, 0, 8)[0] == "guided"
    assert make_sampler("auto", space, 0, 100)[0] == "guided"


def test_a_space_too_large_for_a_grid_and_an_unknown_sampler_are_named(space, small) -> None:
    with pytest.raises(ConfigError, match="this space has 25,600 designs. Say how many of them to try with 'trials'."):
        make_sampler("auto", space, 0, None)
    with pytest.raises(ConfigError, match="unknown sampler 'guidde'.*Did you mean 'guided'?"):
        make_sampler("guidde", small, 0, 5)
