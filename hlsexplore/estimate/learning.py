"""Observations from the user's own designs: each report beside the estimate that was made before it."""

from collections.abc import Iterable
from dataclasses import replace

from hlsexplore.design import Design
from hlsexplore.estimate.calibration import Calibration, observe
from hlsexplore.estimate.estimator import estimate
from hlsexplore.report import Report


def calibrate(pairs: Iterable[tuple[Design, Report]], start: Calibration | None = None) -> Calibration:
    """Learn from reports of designs.

    Args:
        pairs: Each design with the report of its synthesis; the report's tool decides with which estimate.
        start: What was learnt before.

    Returns:
        A calibration for `estimate(design, calibration=...)`.
    """
    found = []
    for design, report in pairs:
        own = design if str(design.target.tool) == report.tool else design.with_target(tool=report.tool)
        expected = replace(estimate(own, family=report.counted_family), design_key=design.key)
        found.append(observe(expected, report, design.target.part, design.graph.digest))
    return (start or Calibration()).with_observations(found)
