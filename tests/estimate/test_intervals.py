"""Intervals from estimates whose repositories the fit did not see."""

import numpy as np
import pytest

from hlsexplore.estimate.intervals import CLASSES, ErrorSpread, bounds_of, shipped_spreads, spreads_from
from hlsexplore.report import Figures


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


def test_few_repositories_give_wider_intervals_where_others_differ() -> None:
    others = [("stream", *item[1:]) for item in residuals(12, 3, 0.4)]
    alone = spreads_from(residuals(2, 3, 0.05))["unrolled"]["lut"].ratios[3]
    assert spreads_from(residuals(2, 3, 0.05) + others)["unrolled"]["lut"].ratios[3] > alone
    many = residuals(12, 3, 0.05)
    assert spreads_from(many + others)["unrolled"]["lut"] == spreads_from(many)["unrolled"]["lut"]


def test_an_unseen_kind_has_the_width_that_leaving_kinds_out_shows() -> None:
    spread = spreads_from(residuals(12, 3, 0.02), novel=residuals(12, 3, 0.2))["unrolled"]["lut"]
    seen, unseen = (spread.for_repositories(count) for count in (3, 2))
    assert seen.ratios[3] < 1.1 < 1.3 < unseen.ratios[3]
    assert unseen.bounds(100.0, 95)[1] > seen.bounds(100.0, 95)[1]


def test_no_interval_spans_more_than_a_factor_of_three() -> None:
    spread = spreads_from(residuals(4, 3, 2.0), novel=residuals(4, 3, 3.0))["unrolled"]["lut"]
    for count in (0, 9):
        low, _, _, high = spread.for_repositories(count).ratios
        assert high / low < 3


def test_an_interval_of_a_network_holds_the_errors_of_repositories_that_were_new() -> None:
    """Leaving a repository out shows 2 % where rules were written with all in view; new ones were 30 % off."""
    known = [(name, *item[1:]) for name in ("unrolled", "stream", "single_unrolled") for item in residuals(12, 3, 0.02)]
    first = [(True, "lut", f"new{index}", 0.3 * (-1) ** index) for index in range(8)]
    found = spreads_from(known, first=first)
    assert found["unrolled"]["lut"].ratios == pytest.approx((np.exp(-0.3),) * 2 + (np.exp(0.3),) * 2)
    for name in ("stream", "single_unrolled"):
        assert found[name]["lut"] == spreads_from(known)[name]["lut"]


@pytest.mark.parametrize("name", ["rtl_unrolled", "rtl_folded", "rtl_planned", "rtl_stream", *CLASSES])
def test_no_shipped_interval_has_an_absurd_end(name: str) -> None:
    for spread in shipped_spreads()[name].values():
        for ratios in (spread.ratios, spread.novel or spread.ratios):
            assert ratios[0] > 0.33 and ratios[3] < 3.01


def test_bounds_nest_and_stay_at_or_above_zero() -> None:
    spread = ErrorSpread((0.1, 0.5, 2.0, 9.0), (0.5, 1.0))
    (low80, high80), (low95, high95) = spread.bounds(10.0, 80), spread.bounds(10.0, 95)
    assert 0 <= low95 <= low80 <= 10 <= high80 <= high95
    assert spread.bounds(0.0, 95)[0] == 0


@pytest.mark.parametrize("name", CLASSES)
def test_shipped_intervals_enclose_the_estimate(name: str) -> None:
    for spread in shipped_spreads()[name].values():
        low95, low80, high80, high95 = spread.ratios
        assert 0 < low95 <= low80 <= 1 <= high80 <= high95


def test_a_class_without_designs_of_its_own_has_the_widths_of_the_others() -> None:
    found = spreads_from(residuals(12, 3, 0.1))
    others, own = found["unrolled"]["lut"].ratios, found["recurrent"]["lut"].ratios
    assert own[0] <= others[0] and own[1] <= others[1] and own[2] >= others[2] and own[3] >= others[3]
    assert "ff" not in found["recurrent"]


def test_a_figure_without_measured_designs_has_wide_intervals() -> None:
    (_, outer) = bounds_of(Figures(lut=1000.0), "recurrent", {})
    assert (outer.lower.lut, outer.upper.lut) == (582, 1716)  # 581.6 to 1716.7


def test_small_figures_have_the_whole_numbers_of_their_interval() -> None:
    """2 cycles by a factor of 1.68, (3 / 1.68 - 1 to 3 * 1.68 - 1), are 1 to 4: not 0 to 5."""
    spreads = {"stream": {"latency_cycles_max": ErrorSpread((1 / 1.68, 0.9, 1.1, 1.68))}}
    _, outer = bounds_of(Figures(latency_cycles_max=2.0), "stream", spreads)
    assert (outer.lower.latency_cycles_max, outer.upper.latency_cycles_max) == (1, 4)


def test_dense_classes_take_each_others_exact_cycles_where_they_have_no_design() -> None:
    known = [("single_resource", "ii_cycles", "a/b", 10.0, 10.0)] * 3
    others = [("stream", "ii_cycles", f"r{i}", 10.0, 15.0) for i in range(5)]
    spread = spreads_from(known + others, novel=known + others)["resource"]["ii_cycles"]
    assert spread.for_repositories(9).bounds(100.0, 95) == (100.0, 100.0)
    assert spread.for_repositories(0).bounds(100.0, 95)[1] > 110


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0, 7.3, 1234.5])
def test_ends_are_whole_numbers_around_the_value(value: float) -> None:
    figures = Figures(lut=value, dsp=value, ii_cycles=max(value, 1.0), latency_cycles_max=value)
    for bounds in bounds_of(figures, "stream", shipped_spreads(), {"lut": 0}):
        for name in ("lut", "dsp", "ii_cycles", "latency_cycles_max"):
            low, high, middle = (getattr(of, name) for of in (bounds.lower, bounds.upper, figures))
            assert low == int(low) and high == int(high)
            assert low <= middle <= high
        assert bounds.lower.ii_cycles is not None and bounds.lower.ii_cycles >= 1
