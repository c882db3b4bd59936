"""Intervals from estimates whose repositories the fit did not see."""

import numpy as np
import pytest

from hlsexplore.estimate.intervals import CLASSES, Spread, shipped_spreads, spreads_from


def residuals(
    repositories: int, rows: int, deviation: float, seed: int = 0
) -> list[tuple[str, str, str, float, float]]:
    rng = np.random.default_rng(seed)
    return [
        ("unrolled", "lut", f"r{repository}", 1000.0, 1000.0 * float(np.exp(rng.normal(0, deviation))))
        for repository in range(repositories)
        for _ in range(rows)
    ]


def test_intervals_cover_new_repositories_at_least_as_often_as_promised() -> None:
    hits = {80: 0, 95: 0}
    total = 0
    for seed in range(40):
        spread = spreads_from(residuals(12, 3, 0.2, seed))["unrolled"]["lut"]
        for _, _, _, value, truth in residuals(5, 2, 0.2, 1000 + seed):
            total += 1
            for level in hits:
                low, high = spread.bounds(value, level)
                hits[level] += low <= truth <= high
    assert hits[80] / total > 0.78
    assert hits[95] / total > 0.93


def test_few_repositories_give_wider_intervals() -> None:
    widths = {2: 0.0, 30: 0.0}
    for count in widths:
        for seed in range(40):
            widths[count] += spreads_from(residuals(count, 3, 0.2, seed))["unrolled"]["lut"].ratios[3] / 40
    assert widths[2] > widths[30]


def test_bounds_nest_and_stay_at_or_above_zero() -> None:
    spread = Spread((0.1, 0.5, 2.0, 9.0), (0.5, 1.0))
    (low80, high80), (low95, high95) = spread.bounds(10.0, 80), spread.bounds(10.0, 95)
    assert 0 <= low95 <= low80 <= 10 <= high80 <= high95
    assert spread.bounds(0.0, 95)[0] == 0


@pytest.mark.parametrize("name", CLASSES)
def test_shipped_intervals_enclose_the_estimate(name: str) -> None:
    for spread in shipped_spreads()[name].values():
        low95, low80, high80, high95 = spread.ratios
        assert 0 < low95 <= low80 <= 1 <= high80 <= high95


def test_a_class_without_designs_of_its_own_has_wide_intervals_however_well_others_agree() -> None:
    spread = spreads_from(residuals(12, 3, 0.001))["recurrent"]["lut"]
    low95, low80, high80, high95 = spread.ratios
    assert low95 <= 1 / 3 and low80 <= 0.68 and high80 >= 1.49 and high95 >= 3
