"""Estimates of one design by three tools side by side."""

from dataclasses import dataclass

from hlsexplore.design import Design, check_design
from hlsexplore.estimate.calibration import Calibration
from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.estimator import Level, estimate
from hlsexplore.report import Report
from hlsexplore.target import Tool

MEASURED_TEXT = (
    "C synthesis reports more than is built: on 29 measured projects of 6 repositories Vivado's logic synthesis took "
    "46 % of the reported LUT (median; 31 to 62 % for 8 of 10) and 76 % of the FF (46 to 95 %). Our RTL shares adders "
    "between outputs and has registers only where a value waits. Yosys counts every LUT, Vivado pairs small ones."
)
"""Why the tools differ, and by how much on measured designs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEstimate:
    """What one tool would report.

    Attributes:
        name: The tool, for people.
        report: The estimate, with intervals and notes.
    """

    name: str
    report: Report


_COMPARED: tuple[tuple[str, Tool, Level], ...] = (
    ("Vitis HLS, C synthesis", Tool.VITIS_HLS, "hls"),
    ("Vivado, logic synthesis", Tool.VITIS_HLS, "logic"),
    ("our RTL in Yosys", Tool.YOSYS, "hls"),
)


def compare_tools(
    design: Design, *, calibration: Calibration | None = None, coefficients: Coefficients | None = None
) -> tuple[ToolEstimate, ...]:
    """Estimate a design as Vitis HLS, Vivado after its logic synthesis, and Yosys on our RTL would report it.

    Args:
        design: Any design; its part, clock and interface stay, its tool does not count.
        calibration: The user's own reports.
        coefficients: The user's own coefficients.

    Returns:
        One estimate for each tool, in that order. Their LUT are not alike: Yosys counts each as one, Vivado pairs them.
    """
    check_design(design)
    return tuple(
        ToolEstimate(
            name=name,
            report=estimate(
                design if design.target.tool is tool else design.with_target(tool=tool),
                level=level,
                calibration=calibration,
                coefficients=coefficients,
            ),
        )
        for name, tool, level in _COMPARED
    )
