"""Fit of coefficients to measured designs."""

from dataclasses import replace

import numpy as np

from hlsexplore.estimate.coefficients import shipped
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.fitting import PREDICTED, Sample, choose, fit, linearise, predict
from hlsexplore.estimate.record import DesignRecord, Image, LayerRecord
from hlsexplore.fixed import Fixed


def sample(index: int, scale: float = 1.0) -> Sample:
    weight = np.random.default_rng(index).integers(-7, 8, (8 + index, 6))
    type_ = Fixed(16, 6)
    layer = LayerRecord(
        name="fc",
        op="dense",
        n_in=weight.shape[0],
        n_out=weight.shape[1],
        channels=weight.shape[1],
        input=type_,
        weight=type_,
        accum=type_,
        result=type_,
        constants=Constants.of(weight),
    )
    design = DesignRecord(layers=(layer,), tool="vivado_hls", version="2020.1", family="virtexuplus")
    truth = dict(
        zip(
            PREDICTED,
            predict([Sample(design=design, layer=None, truth={}, repository="")], shipped())[0],
            strict=True,
        )
    )
    return Sample(design=design, layer=None, truth=truth | {"lut": scale * truth["lut"]}, repository=f"r{index}")


def test_fit_keeps_coefficients_that_are_right() -> None:
    samples = [sample(index) for index in range(6)]
    lines = linearise(samples, shipped())
    found = fit(samples, lines, np.ones(len(samples), dtype=bool))
    for model, tech, name in lines.keys:
        value = shipped().models[model][tech][name]
        assert abs(found.models[model][tech][name] - value) < 1e-6 * abs(value)


def test_fit_moves_estimates_towards_the_reports() -> None:
    samples = [sample(index, 1.2) for index in range(12)]
    lines = linearise(samples, shipped())
    found = fit(samples, lines, np.ones(len(samples), dtype=bool))
    truth = np.array([item.truth["lut"] for item in samples])
    before = np.abs(predict(samples, shipped())[:, 0] / truth - 1).mean()
    after = np.abs(predict(samples, found)[:, 0] / truth - 1).mean()
    assert after < 0.2 * before


def test_fit_ignores_one_report_that_is_far_off() -> None:
    samples = [sample(index) for index in range(11)] + [sample(11, 20.0)]
    found = fit(samples, linearise(samples, shipped()), np.ones(12, dtype=bool))
    ratio = predict(samples[:11], found)[:, 0] / predict(samples[:11], shipped())[:, 0]
    assert np.abs(ratio - 1).max() < 0.02


def test_fit_leaves_out_what_it_is_told_to() -> None:
    samples = [sample(index, 1.0 if index < 6 else 1.5) for index in range(12)]
    lines = linearise(samples, shipped())
    found = fit(samples, lines, np.arange(12) < 6)
    assert np.abs(predict(samples, found)[:, 0] / predict(samples, shipped())[:, 0] - 1).max() < 1e-6


def pooled(index: int) -> Sample:
    """A streamed convolution with shared multipliers, as its report has it where a pixel takes the product and 3."""
    weight = np.random.default_rng(index).integers(600, 900, (9, 4))
    type_ = Fixed(16, 6)
    image = Image(in_width=12, in_height=12, in_channels=1, out_width=10, out_height=10, out_channels=4, kernel_width=3)
    layer = LayerRecord(
        name="conv",
        op="conv2d",
        n_in=9,
        n_out=4,
        channels=4,
        pixels=100,
        image=replace(image, kernel_height=3),
        reuse=64,
        input=type_,
        weight=type_,
        accum=type_,
        result=type_,
        constants=Constants.of(weight),
    )
    design = DesignRecord(layers=(layer,), tool="vivado_hls", version="2020.1", family="zynq", io="stream")
    truth = predict([Sample(design=design, layer=None, truth={}, repository="")], shipped())[0]
    return Sample(design=design, layer=None, truth=dict(zip(PREDICTED, truth, strict=True)), repository=f"r{index}")


GAP = ("convolution", "default", "gap")


def test_a_rule_takes_the_value_that_the_reports_tell() -> None:
    samples = [pooled(index) for index in range(3)]
    lines = linearise(samples, shipped(), {GAP: [0.0, 1.0, 2.0, 3.0, 4.0]})
    assert choose(samples, lines, np.ones(3, dtype=bool)) == {GAP: 3.0}


def test_a_rule_that_no_report_tells_of_has_its_first_value() -> None:
    samples = [pooled(index) for index in range(3)] + [sample(index) for index in range(3)]
    lines = linearise(samples, shipped(), {GAP: [0.0, 1.0, 2.0, 3.0, 4.0]})
    assert choose(samples, lines, np.arange(6) >= 3) == {GAP: 0.0}
