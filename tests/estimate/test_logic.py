"""What logic synthesis leaves of an HLS tool's report: ratios by interface, strategy and reuse."""

from dataclasses import replace

import pytest

from hlsexplore.estimate.logic import after_synthesis, ratio_of
from hlsexplore.estimate.record import DesignRecord, LayerRecord
from hlsexplore.fixed import Fixed
from hlsexplore.report import Bounds, Figures, Report


def design(io: str, strategy: str, reuse: int, accum: str = "fixed<16,6>") -> DesignRecord:
    layer = LayerRecord(name="d", op="dense", strategy=strategy, reuse=reuse, accum=Fixed.parse(accum))
    return DesignRecord(layers=(layer,), tool="vivado_hls", io=io)


def report(**details: float) -> Report:
    figures = Figures(lut=1000.0, ff=1000.0, dsp=10.0, bram18=40.0, latency_cycles_max=7.0)
    ends = Bounds(level=95, lower=Figures(lut=900.0, ff=800.0), upper=Figures(lut=1100.0, ff=1300.0))
    return Report(
        source="estimate",
        tool="vivado_hls",
        total=figures,
        layers={"d": figures},
        bounds=(ends,),
        details={"d": details},
    )


@pytest.mark.parametrize(
    ("io", "strategy", "reuse", "lut", "ff"),
    [
        ("stream", "latency", 16, 590, 860),
        ("stream", "latency", 1, 460, 680),
        ("stream", "resource", 72, 620, 720),
        ("parallel", "latency", 1, 520, 900),
        ("parallel", "latency", 8, 440, 940),
        ("parallel", "resource", 30, 580, 970),
    ],
)
def test_the_strategy_decides_what_logic_synthesis_leaves(
    io: str, strategy: str, reuse: int, lut: int, ff: int
) -> None:
    total = after_synthesis(report(), design(io, strategy, reuse)).total
    assert total.lut == pytest.approx(lut)
    assert total.ff == pytest.approx(ff)
    assert (total.dsp, total.latency_cycles_max) == (10.0, 7.0)


def test_registers_within_multipliers_of_7_series_go_into_dsps() -> None:
    """An unrolled pipeline keeps .76 to .97 of its registers on UltraScale+ and .46 to .49 on Virtex-7."""
    fast = design("parallel", "latency", 1)
    assert (ratio_of(fast).ff, ratio_of(replace(fast, family="virtex7")).ff) == (0.9, 0.48)
    assert (
        ratio_of(design("stream", "latency", 1)).ff
        == ratio_of(replace(design("stream", "latency", 1), family="zynq")).ff
    )


def test_multiplexers_of_one_price_nearly_vanish() -> None:
    total = after_synthesis(report(multiplexer_lut=500.0), design("stream", "resource", 72)).total
    assert total.lut == pytest.approx(0.62 * 500 + 0.1 * 500)


def test_weight_memories_of_few_words_become_logic() -> None:
    shallow, deep = (after_synthesis(report(), design("parallel", "resource", reuse)).total for reuse in (4, 72))
    assert shallow.bram18 is not None and shallow.bram18 < 2
    assert deep.bram18 == pytest.approx(36)


def test_saturating_sums_leave_half() -> None:
    plain, saturating = (ratio_of(design("stream", "latency", 1, f"fixed<16,6{mode}>")) for mode in ("", ",RND,SAT"))
    assert saturating.lut == plain.lut / 2


def test_intervals_hold_the_figure_and_span_no_more_than_a_factor_of_three() -> None:
    found = after_synthesis(report(), design("stream", "latency", 16))
    (ends,) = found.bounds
    assert found.total.lut is not None and ends.lower.lut is not None and ends.upper.lut is not None
    assert ends.lower.lut <= found.total.lut <= ends.upper.lut < 3 * ends.lower.lut
    assert ends.upper.lut > 1100 * 0.59
