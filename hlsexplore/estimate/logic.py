"""From the HLS report to what logic synthesis leaves of it."""

from dataclasses import fields, replace

from hlsexplore.report import Bounds, Figures, Report

RATIOS = {
    "lut": (0.24, 0.31, 0.46, 0.60, 0.69),
    "ff": (0.45, 0.60, 0.79, 0.95, 1.05),
    "dsp": (0.85, 0.94, 1.0, 1.0, 1.02),
    "bram18": (0.10, 0.40, 0.76, 1.0, 1.1),
}
"""Vivado's utilisation after synthesis over the HLS estimate: 2.5, 10, 50, 90, 97.5 percentiles of 34 designs."""


def after_synthesis(report: Report) -> Report:
    """Predict Vivado's utilisation after logic synthesis from an estimate of the HLS report.

    Args:
        report: An estimate.

    Returns:
        A report of the tool `vivado`: resources scaled by the measured ratios, intervals widened by their spread,
        timing unchanged. Layers are scaled alike.
    """
    return replace(
        report,
        tool="vivado",
        total=_scaled(report.total, 2),
        layers={name: _scaled(figures, 2) for name, figures in report.layers.items()},
        bounds=_widened(report.bounds),
        layer_bounds={name: _widened(items) for name, items in report.layer_bounds.items()},
        provenance={key: "fitted" if key in RATIOS else value for key, value in report.provenance.items()},
    )


def _scaled(figures: Figures, index: int) -> Figures:
    values = {item.name: getattr(figures, item.name) for item in fields(Figures)}
    for key, ratios in RATIOS.items():
        if values[key] is not None:
            values[key] *= ratios[index]
    return Figures(**values)


def _widened(bounds: tuple[Bounds, ...]) -> tuple[Bounds, ...]:
    ends = {80: (1, 3), 95: (0, 4)}
    return tuple(
        replace(item, lower=_scaled(item.lower, ends[item.level][0]), upper=_scaled(item.upper, ends[item.level][1]))
        for item in bounds
    )
