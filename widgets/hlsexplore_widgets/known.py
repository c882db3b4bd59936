"""What is known of a design's resources and timing besides its estimate: tools' reports, and the plan of its RTL."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hlsexplore.estimate import Calibration
from hlsexplore.estimate.estimator import Level
from hlsexplore.estimate.logic import LOGIC_TOOL
from hlsexplore.report import FIGURES, Figures, Report
from hlsexplore.rtl_plan.count.blocks import counted_family
from hlsexplore.support.recent import Recent
from hlsexplore.target import Target, Tool

KEPT_PLANS = 256
"""Planned designs that stay in memory: undo shows their figures at once."""
PLAN = "plan"
"""Source of figures that were counted from the RTL's plan."""
MEASURED = "measured"
"""Provenance of figures that a tool reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one design.

    Attributes:
        reports: Reports of tools, the newest first.
        plan: Figures counted from the RTL's plan, or None.
    """

    reports: tuple[Report, ...] = ()
    plan: Report | None = None


class Knowledge:
    """What the page found out about designs, by their keys. It is mutable: it grows as builds and plans end."""

    def __init__(self) -> None:
        """Know nothing."""
        self._plans: Recent[str, Report] = Recent(KEPT_PLANS)
        self._reports: dict[str, tuple[Report, ...]] = {}
        self._keys: dict[str, None] = {}

    def __iter__(self) -> Iterator[tuple[str, Known]]:
        """Iterate over the designs that something is known of."""
        return iter([(key, self.of(key)) for key in tuple(self._keys)])

    def of(self, design_key: str) -> Known:
        """Return what is known of a design."""
        return Known(reports=self._reports.get(design_key, ()), plan=self._plans.get(design_key))

    def add_report(self, design_key: str, report: Report) -> None:
        """Keep a tool's report; the newest one of a tool counts."""
        others = [item for item in self._reports.get(design_key, ()) if item.tool != report.tool]
        self._reports[design_key] = (report, *others)
        self._keys[design_key] = None

    def add_plan(self, design_key: str, plan: Report) -> None:
        """Keep the figures of a plan, of the last designs that were planned."""
        self._plans.find(design_key, lambda: plan)
        self._keys[design_key] = None


def ranked(reports: Iterable[Report], target: Target) -> tuple[Report, ...]:
    """Return the reports of tools on a design, the one that counts first: those of the tool that the design is for.

    Args:
        reports: Reports of the design, the newest first; estimates are left out, and cells of other devices.
        target: What the design is for.
    """
    families = (None, counted_family(target.part))
    found = [item for item in reports if item.source != "estimate" and item.counted_family in families]
    return tuple(sorted(found, key=lambda item: item.tool != str(target.tool)))


def at_level(reports: Iterable[Report], level: Level) -> tuple[Report, ...]:
    """Return the reports that tell something of a level.

    After logic synthesis that is what Vivado used, and of other tools the timing alone; of the HLS tools' own level all
    but what Vivado used.

    Args:
        reports: Reports of a design for an HLS tool, the report that counts first.
        level: What is predicted and shown.
    """
    if level != "logic":
        return tuple(item for item in reports if item.tool != LOGIC_TOOL)
    own = [item for item in reports if item.tool == LOGIC_TOOL]
    return (*own, *(_timing_of(item) for item in reports if item.tool != LOGIC_TOOL))


def _timing_of(report: Report) -> Report:
    layers = {name: _without_resources(figures) for name, figures in report.layers.items()}
    return replace(report, total=_without_resources(report.total), layers=layers)


def _without_resources(figures: Figures) -> Figures:
    return replace(figures, lut=None, ff=None, dsp=None, bram18=None, uram=None)


def learnt_reports(calibration: Calibration) -> dict[str, tuple[Report, ...]]:
    """Return the totals that the user's calibration keeps of syntheses, the newest first, by the keys of designs."""
    found: dict[str, tuple[Report, ...]] = {}
    for item in calibration.observations:
        if item.design_key:
            report = Report(
                source="synthesis",
                tool=item.tool,
                family=item.family if item.tool == Tool.YOSYS else None,
                design_key=item.design_key,
                total=Figures(**item.report),
            )
            found[item.design_key] = (report, *found.get(item.design_key, ()))
    return found


def with_reports(base: Report, reports: Sequence[Report]) -> Report:
    """Return a report with the figures that tools reported in place of its own.

    Args:
        base: An estimate or a plan.
        reports: Reports of the same design, the one that counts first.
    """
    measured = _first(reports)
    if not measured:
        return base

    def put(figures: Figures) -> Figures:
        return replace(figures, **measured)

    layers = dict(base.layers)
    for report in reversed(reports):
        for name, figures in report.layers.items():
            layers[name] = replace(layers.get(name, Figures()), **_known(figures))
    return replace(
        base,
        total=put(base.total),
        layers=layers,
        bounds=tuple(replace(item, lower=put(item.lower), upper=put(item.upper)) for item in base.bounds),
        provenance={**base.provenance, **dict.fromkeys(measured, MEASURED)},
    )


def source_of(name: str, best: Report, reports: Sequence[Report]) -> str:
    """Say where a figure comes from, in a word: the tool that reported it, `plan`, or nothing for an estimate.

    Args:
        name: The figure.
        best: The report that is shown.
        reports: Reports of tools on the same design, the one that counts first.
    """
    for report in reports:
        if getattr(report.total, name) is not None:
            return report.tool
    return PLAN if best.provenance.get(name) == "planned" else ""


def _first(reports: Sequence[Report]) -> Mapping[str, float]:
    """Return each figure of the first report that has it."""
    found: dict[str, float] = {}
    for report in reports:
        found = {**_known(report.total), **found}
    return found


def _known(figures: Figures) -> dict[str, float]:
    values = {name: getattr(figures, name) for name in FIGURES}
    return {name: value for name, value in values.items() if value is not None}
