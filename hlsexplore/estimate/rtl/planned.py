"""The estimate of a design's RTL from its plan: nothing is fitted, a new layer takes up to some seconds."""

from hlsexplore.design import Design
from hlsexplore.estimate.intervals import ErrorSpread, bounds_of, shipped_spreads
from hlsexplore.estimate.timeline import TIMES
from hlsexplore.report import FIGURES, Report
from hlsexplore.rtl_plan.count.blocks import BLOCKS, counted_family
from hlsexplore.rtl_plan.count.design import summarize

PLANNED_CLASS = "rtl_planned"
"""Class of the intervals of such estimates."""

EXACT = {name: ErrorSpread((1.0, 1.0, 1.0, 1.0)) for name in ("latency_cycles_min", "latency_cycles_max", "ii_cycles")}
"""Figures that the plan decides: nothing is left to a tool."""


def planned_report(design: Design, family: str | None = None) -> Report:
    """Count the plan of the RTL that would be written: latency and initiation interval are exact.

    Args:
        design: A design for the tool `yosys`.
        family: Family whose cells are counted, a key of `BLOCKS`; None: the one that Yosys counts when none is named.

    Raises:
        NoModelError: If a layer or an option has no plan that is counted; names the layer.
    """
    family = family or counted_family(design.target.part)
    found = summarize(design, BLOCKS[family])
    spreads = {PLANNED_CLASS: {**shipped_spreads()[PLANNED_CLASS], **EXACT}}
    return Report(
        source="estimate",
        tool=str(design.target.tool),
        family=family,
        design_key=design.key,
        total=found.total,
        layers=found.layers,
        bounds=bounds_of(found.total, PLANNED_CLASS, spreads),
        layer_bounds={name: bounds_of(item, PLANNED_CLASS, spreads) for name, item in found.layers.items()},
        details={name: dict(zip(TIMES, map(float, times), strict=True)) for name, times in found.times.items()},
        provenance={name: "planned" for name in FIGURES if getattr(found.total, name) is not None},
    )
