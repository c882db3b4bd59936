"""The estimate of a design's RTL from its plan: nothing is fitted, a new layer takes up to some seconds."""

from hlsexplore.design import Design
from hlsexplore.estimate.intervals import bounds_of, shipped_spreads
from hlsexplore.report import FIGURES, Report
from hlsexplore.rtl_plan.count.design import summarize

PLANNED_CLASS = "rtl_planned"
"""Class of the intervals of such estimates."""


def planned_report(design: Design) -> Report:
    """Count the plan of the RTL that would be written: latency and initiation interval are exact.

    Args:
        design: A design for the tool `yosys`.

    Raises:
        NoModelError: If a layer or an option has no plan that is counted; names the layer.
    """
    found = summarize(design)
    spreads = shipped_spreads()
    return Report(
        source="estimate",
        tool=str(design.target.tool),
        design_key=design.key,
        total=found.total,
        layers=found.layers,
        bounds=bounds_of(found.total, PLANNED_CLASS, spreads),
        layer_bounds={name: bounds_of(item, PLANNED_CLASS, spreads) for name, item in found.layers.items()},
        provenance={name: "planned" for name in FIGURES if getattr(found.total, name) is not None},
    )
