"""From the HLS report to what logic synthesis leaves of it."""

from collections.abc import Mapping
from dataclasses import fields, replace

from hlsexplore.report import Bounds, Figures, Report

LOGIC_TOOL = "vivado"
"""Tool of estimates and reports after logic synthesis."""
RATIOS = {
    "lut": (0.24, 0.31, 0.46, 0.60, 0.69),
    "ff": (0.42, 0.45, 0.79, 0.95, 1.05),
    "dsp": (0.85, 0.94, 1.0, 1.0, 1.02),
    "bram18": (0.10, 0.40, 0.76, 1.0, 1.1),
}
"""Vivado's utilisation after synthesis over the HLS report: 2.5, 10, 50, 90, 97.5 percentiles of 34 designs."""
LUT_RATIO = {"stream": 0.38, "parallel": 0.56}
"""Median of LUT by interface: halfway, in logarithms, between all designs and the seven whose reports are at hand.

Streams: 0.24, 0.31, 0.32, 0.33, 0.48, because the report counts a handshake for each channel that synthesis removes;
tensors in registers: 0.68, 0.69."""
FF_RATIO = {"vivado_hls": 0.60, "vitis_hls": 0.76}
"""The same of registers by tool. Vivado HLS: 0.42, 0.44, 0.46, 0.47, 0.59; Vitis HLS: 0.68, 0.76."""


def after_synthesis(report: Report, io: str = "") -> Report:
    """Predict Vivado's utilisation after logic synthesis from an estimate of the HLS report.

    Args:
        report: An estimate.
        io: Interface of the design, `parallel` or `stream`; the median of all designs when it is neither.

    Returns:
        A report of the tool `vivado`: resources scaled by the measured ratios, intervals widened by their spread,
        timing unchanged. Layers are scaled alike.
    """
    middle = {key: ratios[2] for key, ratios in RATIOS.items()}
    middle |= {"lut": LUT_RATIO.get(io, middle["lut"]), "ff": FF_RATIO.get(report.tool, middle["ff"])}
    return replace(
        report,
        tool=LOGIC_TOOL,
        total=_scaled(report.total, middle),
        layers={name: _scaled(figures, middle) for name, figures in report.layers.items()},
        bounds=_widened(report.bounds),
        layer_bounds={name: _widened(items) for name, items in report.layer_bounds.items()},
        provenance={key: "fitted" if key in RATIOS else value for key, value in report.provenance.items()},
    )


def _scaled(figures: Figures, ratios: Mapping[str, float]) -> Figures:
    values = {item.name: getattr(figures, item.name) for item in fields(Figures)}
    for key, ratio in ratios.items():
        if values[key] is not None:
            values[key] *= ratio
    return Figures(**values)


def _widened(bounds: tuple[Bounds, ...]) -> tuple[Bounds, ...]:
    ends = {80: (1, 3), 95: (0, 4)}
    found = []
    for item in bounds:
        low, high = ({key: ratios[end] for key, ratios in RATIOS.items()} for end in ends[item.level])
        found.append(replace(item, lower=_scaled(item.lower, low), upper=_scaled(item.upper, high)))
    return tuple(found)
