"""Multipliers of DSP blocks, LUTs, or both to a budget: as exact as each other, and as many blocks as the layer says."""

from pathlib import Path

import numpy as np
import pytest
from agreement.kit import chain
from agreement.rtl_runner import run_designs

from hlsexplore.design import Design
from hlsexplore.emulate.run import raw_outputs
from hlsexplore.estimate import estimate
from hlsexplore.ops import Conv, Dense
from hlsexplore.rtl_plan.count.design import summarize

CASES = [
    ("fixed<5,1>", "fixed<8,3>", 4, ""),
    ("ufixed<7,1>", "fixed<3,1>", 2, ""),
    ("fixed<8,2>", "fixed<8,3>", 4, ""),
    ("fixed<9,2>", "ufixed<6,3>", 8, ",RND,SAT"),
    ("fixed<13,2>", "fixed<1,1>", 8, ""),
    ("fixed<16,3>", "fixed<16,5>", 4, ""),
    ("fixed<18,3>", "ufixed<9,5>", 32, ""),
    ("fixed<4,1>", "fixed<8,3>", 4, ""),
]


def designs(weight: str, source: str, reuse: int, modes: str) -> list[Design]:
    rng = np.random.default_rng(4)
    types = {"weight": weight, "bias": "fixed<6,3>", "accum": f"fixed<30,9{modes}>", "result": f"fixed<16,7{modes}>"}
    op = Dense(kernel=rng.uniform(-1, 1, (8, 4)), bias=rng.normal(0, 1, 4))
    design = chain([("fc", op, (4,), types | {"reuse": reuse, "strategy": "resource"})], (8,), source).with_target(
        tool="yosys"
    )
    return [
        design.with_layer("fc", multiplier="lut"),
        design.with_layer("fc", multiplier="mixed", dsp_budget=3),
        design.with_layer("fc", multiplier="dsp"),
    ]


def test_products_are_exact_whatever_makes_them(tmp_path: Path) -> None:
    made = [design for case in CASES for design in designs(*case)]
    inputs = np.random.default_rng(5).uniform(-16, 16, (60, 8))
    runs = run_designs([(design, inputs) for design in made], tmp_path)
    for design, (outputs, planned, measured) in zip(made, runs, strict=True):
        np.testing.assert_array_equal(outputs[0], raw_outputs(design, inputs)[0], err_msg=str(design.layers["fc"]))
        assert planned == measured


@pytest.mark.parametrize(("budget", "blocks"), [(0, 0), (3, 3), (5, 5), (8, 8), (100, 8)])
def test_a_layer_takes_no_more_blocks_than_its_budget(budget: int, blocks: int) -> None:
    lut, mixed, dsp = designs("fixed<8,2>", "fixed<8,3>", 4, "")
    found = summarize(mixed.with_layer("fc", dsp_budget=budget))
    assert found.layers["fc"].dsp == blocks
    assert summarize(lut).layers["fc"].dsp == 0 and summarize(dsp).layers["fc"].dsp == 8


def test_wide_products_take_several_blocks_of_the_budget() -> None:
    _, mixed, _ = designs("fixed<18,3>", "fixed<30,5>", 4, "")
    assert summarize(mixed.with_layer("fc", dsp_budget=5)).layers["fc"].dsp == 4


@pytest.mark.parametrize("case", CASES[2:7])
def test_the_estimate_counts_the_same_blocks_and_cycles_as_the_plan(case: tuple[str, str, int, str]) -> None:
    for design in designs(*case):
        planned, guessed = estimate(design, level="plan"), estimate(design)
        assert guessed.layers["fc"].dsp == planned.layers["fc"].dsp
        assert guessed.layers["fc"].latency_cycles_max == planned.layers["fc"].latency_cycles_max
        # Casts of each product, before it is added, are counted roughly whatever multiplies.
        assert case[3] or guessed.layers["fc"].lut == pytest.approx(planned.layers["fc"].lut, rel=0.15)


@pytest.mark.parametrize("io", ["parallel", "stream"])
def test_copies_of_a_convolution_share_its_budget(io: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    op = Conv(rank=1, kernel=rng.uniform(-1, 1, (1, 3, 2, 4)), bias=rng.normal(0, 1, 4))
    types = {"weight": "fixed<8,2>", "bias": "fixed<6,3>", "accum": "fixed<30,9>", "result": "fixed<16,7>"}
    knobs = {"reuse": 6, "strategy": "resource", "parallel": 2, "multiplier": "mixed", "dsp_budget": 5}
    design = chain([("conv", op, (4, 4), types | knobs)], (6, 2), "fixed<8,3>").with_target(tool="yosys", io=io)
    inputs = rng.uniform(-4, 4, (20, 6, 2))
    ((outputs, planned, measured),) = run_designs([(design, inputs)], tmp_path)
    np.testing.assert_array_equal(outputs[0], raw_outputs(design, inputs)[0])
    assert planned == measured
    # Two copies of four multipliers, of which two are blocks in each.
    assert summarize(design).layers["conv"].dsp == estimate(design).layers["conv"].dsp == 4
