import numpy as np
import pytest

from hlsexplore.design import Design
from hlsexplore.graph import Graph
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.search.noise import NoiseCurve
from hlsexplore.space import Space


def bound(graph, sections):
    return BoundSpace.bind(Space.from_dict({"per_layer": sections}), Design.default(graph))


@pytest.fixture(scope="module")
def space(small_graph: Graph):
    return bound(small_graph, {"weight": [3, 4, 5, 6, 8, 10], "result": ["fixed<4,2>", "fixed<6,2>", "fixed<9,2>"]})


def errors(space, points) -> np.ndarray:
    """A logistic curve of the logarithm of the layers' powers together, two of them far more sensitive."""
    power = np.zeros(len(points))
    for index, axis in enumerate(space.axes):
        widths = np.array([getattr(choice, "width", choice) for choice in axis.choices], dtype=np.float64)
        power += np.exp2((6.0 if index in (0, 3) else 0.0) - 2 * widths[np.array(points)[:, index]])
    return 0.1 + 0.8 / (1 + np.exp(-0.6 * (np.log2(power) + 4)))


def test_a_curve_is_learnt_from_few_designs_and_told_for_others(space) -> None:
    rng = np.random.default_rng(0)
    points = [tuple(int(rng.integers(length)) for length in space.shape) for _ in range(330)]
    values = errors(space, points)
    curve = NoiseCurve(space)
    curve.learn(points[:30], values[:30])
    wrong = np.abs(curve.predict(points[30:]) - values[30:])
    plain = np.abs(values[:30].mean() - values[30:])
    assert wrong.mean() < 0.1 * plain.mean()


def test_learning_goes_on_from_what_was_learnt(space) -> None:
    rng = np.random.default_rng(1)
    points = [tuple(int(rng.integers(length)) for length in space.shape) for _ in range(60)]
    values, curve = errors(space, points), NoiseCurve(space)
    misfits = []
    for count in (10, 20, 40):
        curve.learn(points[:count], values[:count])
        misfits.append(float(np.abs(curve.predict(points) - values).mean()))
    assert misfits[2] < misfits[0]


def test_a_space_without_widths_has_no_curve(small_graph: Graph) -> None:
    assert not NoiseCurve(bound(small_graph, {"reuse": [1, 2, 4]})).is_useful
    assert not NoiseCurve(bound(small_graph, {"weight": [6], "reuse": [1, 2]})).is_useful
    assert NoiseCurve(bound(small_graph, {"weight": [6, 8]})).is_useful
