"""Fit of coefficients to measured designs."""

import numpy as np

from hlsexplore.estimate.coefficients import shipped
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.fitting import Sample, fit, linearise, predict
from hlsexplore.estimate.record import DesignRecord, LayerRecord
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
            ("lut", "ff"),
            predict([Sample(design=design, layer=None, truth={}, repository="")], shipped())[0],
            strict=True,
        )
    )
    return Sample(
        design=design, layer=None, truth={"lut": scale * truth["lut"], "ff": truth["ff"]}, repository=f"r{index}"
    )


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
