"""Reports of finished syntheses beside their estimates: what `hlsexplore calibrate` learns from."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, HlsExploreError, ToolError
from hlsexplore.estimate import Observation, estimate, estimate_record, observe
from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.devices import family_of
from hlsexplore.estimate.fitting import Sample
from hlsexplore.estimate.logic import LOGIC_TOOL, after_synthesis
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.report import Figures, Report
from hlsexplore.rtl_plan.count.blocks import BLOCKS, DSP48E1
from hlsexplore.target import Tool
from hlsexplore_hls.manifest import MANIFEST
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.cosim import Cosim
from hlsexplore_hls.reports.csynth import Csynth
from hlsexplore_hls.reports.folder import HlsReports, lone_utilization, read_reports, report_of
from hlsexplore_hls.reports.hls4ml_project import read_hls4ml_project
from hlsexplore_hls.reports.stored import load_report

ESTIMATES = "estimates"
"""Key of a manifest's `extra` under which `export` keeps what was estimated for each tool."""
GRAPH = "graph_digest"
ROUNDED_NS = 0.006
"""How far a report's uncertainty of the clock, which has two digits, may be from the one that it rounds."""
SEARCH_DEPTH = 6
"""Levels of folders that are searched for projects."""
UNREADABLE = (HlsExploreError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, OSError)
"""What foreign projects that are damaged may raise."""


def estimates_of(design: Design) -> dict[str, Any]:
    """Estimate a design for every tool, and family of Yosys, as plain data for a project's manifest."""
    found: dict[str, dict[str, float]] = {}
    for tool in Tool:
        own = design if design.target.tool is tool else design.with_target(tool=tool)
        for family in BLOCKS if tool is Tool.YOSYS else (None,):
            name = str(tool) if family is None else f"{tool}:{family}"
            found[name] = _values(estimate(own, family=family).total)
    return {ESTIMATES: found, GRAPH: design.graph.digest}


def observations_of(path: str | Path) -> list[Observation]:
    """Set the reports in a folder beside what is estimated for it.

    Args:
        path: A project that `export` wrote and that was synthesised, a project of hls4ml, or a report file inside one.

    Returns:
        One observation for each tool that left a report; of a project of hls4ml also one of the tool `vivado` where
        there is a utilisation report of logic synthesis.

    Raises:
        ToolError: If there is no project, or none with a report.
    """
    root = _project_of(Path(path))
    if (root / MANIFEST).is_file():
        return _own(root)
    return [pair.observation() for pair in pairs_of(root)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A design of hls4ml with a report of it.

    Attributes:
        root: Its project.
        design: What was synthesised, for the tool that reported.
        report: The report.
        part: Device.
        model: Name of the network.
        variants: Functions of a branch of hls4ml in it, whose costs are not those of hls4ml's own.
        is_logic: Whether the report is of Vivado's logic synthesis.
        simulated: The co-simulation of what C synthesis made, or None.
    """

    root: Path
    design: DesignRecord
    report: Report
    part: str
    model: str
    variants: tuple[str, ...] = ()
    is_logic: bool = False
    simulated: Cosim | None = None

    def estimate(self, table: Coefficients | None = None) -> Report:
        """Return what is estimated, with other coefficients than the shipped ones if there are any."""
        expected = estimate_record(self.design, table)
        return after_synthesis(expected, self.design) if self.is_logic else expected

    def observation(self, table: Coefficients | None = None) -> Observation:
        """Set the report beside what is estimated, with other coefficients than the shipped ones if there are any."""
        name = "" if table is None else table.name
        return observe(self.estimate(table), self.report, self.part, self.model, name)

    def samples(self) -> list[Sample]:
        """Return the design and the layers that its report names, for a fit."""
        if self.is_logic:
            return []
        names = [layer.name for layer in self.design.layers]
        layers = {names.index(name): figures for name, figures in self.report.layers.items() if name in names}
        return [
            Sample(design=self.design, layer=index, truth=_values(figures), repository=str(self.root))
            for index, figures in ((None, self.report.total), *layers.items())
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What many folders hold.

    Attributes:
        observations: Of every project that could be read.
        roots: The project of each.
        pairs: Of those of hls4ml, whose sources are there for a fit.
        left_out: Projects that could not be read, and why.
    """

    observations: tuple[Observation, ...]
    roots: tuple[str, ...]
    pairs: tuple[Pair, ...]
    left_out: tuple[tuple[str, str], ...]


def collect(paths: Iterable[str | Path]) -> Collected:
    """Read all projects in and below folders; one that cannot be read is named and left out.

    Raises:
        ToolError: If no project with a report can be read; names what is wrong with the first one.
    """
    observations: list[Observation] = []
    roots: list[str] = []
    pairs: list[Pair] = []
    left_out: list[tuple[str, str]] = []
    for path in paths:
        for root in projects_below(Path(path)):
            try:
                found = [] if (root / MANIFEST).is_file() else _whole(pairs_of(_project_of(root)))
                own = [pair.observation() for pair in found] if found else observations_of(root)
            except UNREADABLE as error:
                left_out.append((str(root), str(error) or type(error).__name__))
            else:
                pairs, observations = [*pairs, *found], [*observations, *own]
                roots += [str(root)] * len(own)
    if not observations:
        raise ToolError(left_out[0][1] if left_out else "no path was given, so there is nothing to learn from.")
    return Collected(observations=tuple(observations), roots=tuple(roots), pairs=tuple(pairs), left_out=tuple(left_out))


def _whole(pairs: list[Pair]) -> list[Pair]:
    """Return pairs whose estimate is of the whole design.

    Raises:
        ToolError: If a layer has no model, or is of a branch of hls4ml: what the total leaves out, or prices as
            hls4ml's own, must not be learnt as an error of the others.
    """
    if pairs and pairs[0].variants:
        names = ", ".join(pairs[0].variants)
        raise ToolError(
            f"{names}: of a branch of hls4ml, whose functions cost otherwise than those that are estimated."
        )
    unknown = [name for name, figures in pairs[0].estimate().layers.items() if figures.lut is None] if pairs else []
    if unknown:
        names = ", ".join(map(repr, unknown[:3])) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
        raise ToolError(f"no model for {names}, so the estimate is not of the whole design that was reported.")
    return pairs


def projects_below(path: Path) -> list[Path]:
    """List the projects that a path is in, or else all below it; links to folders are not followed."""
    for folder in (path, *path.absolute().parents)[:8]:
        if _is_project(folder):
            return [folder]
    found: list[Path] = []
    level = [path] if path.is_dir() else []
    for _ in range(SEARCH_DEPTH):
        inner = [folder for outer in level for folder in _subfolders(outer)]
        found += [folder for folder in inner if _is_project(folder)]
        level = [folder for folder in inner if not _is_project(folder)]
    return sorted(found) or [path]


def _is_project(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() or (folder / "firmware" / "parameters.h").is_file()


def _subfolders(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _project_of(path: Path) -> Path:
    """Return the nearest folder at or above a path that is a project."""
    for folder in (path, *path.absolute().parents)[:8]:
        if _is_project(folder):
            return folder
    raise ToolError(
        f"{str(path)!r} is in no project of hlsexplore or hls4ml, so there is nothing to compare a report with."
    )


def pairs_of(root: Path) -> list[Pair]:
    """Read a project of hls4ml; the report tells the tool and its version, on which the estimate depends.

    Args:
        root: Its folder.

    Returns:
        The design with the report of C synthesis and with that of Vivado's logic synthesis, whichever is there.

    Raises:
        ToolError: If it is no such project, or has no report.
    """
    foreign = read_hls4ml_project(root)
    design, simulated = foreign.design, None
    reported: list[tuple[Report, bool]] = []
    try:
        reports = _of_network(read_reports(root), foreign.model)
    except ToolError:
        logic = lone_utilization(root)
        if logic is None:
            raise
    else:
        logic, report, simulated = reports.vsynth, report_of(root, reports), reports.cosim
        design = _as_reported(design, reports.csynth, foreign.model)
        design = replace(design, tool=report.tool, version=report.tool_version or "")
        reported.append((report, False))
    if logic is not None:
        measured = Report(source="vsynth", tool=LOGIC_TOOL, tool_version=logic.version, total=logic.figures)
        reported.append((measured, True))
    return [
        Pair(
            root=root,
            design=design,
            report=report,
            part=design.part,
            model=f"hls4ml {foreign.model}",
            variants=foreign.variants,
            is_logic=is_logic,
            simulated=None if is_logic else simulated,
        )
        for report, is_logic in reported
    ]


def _as_reported(design: DesignRecord, csynth: Csynth, model: str) -> DesignRecord:
    """Return a design for the device, clock and interface that its report names.

    A kernel has a clock of its own, of which v++ keeps another part free than hls4ml asks for.
    """
    period = csynth.clock_target_ns or design.clock_ns
    if period != design.clock_ns:
        kept = None if design.uncertainty_ns is None else design.uncertainty_ns * period / design.clock_ns
        design = replace(design, clock_ns=period, uncertainty_ns=kept)
    free = csynth.uncertainty_ns
    if free is not None and abs(design.clock_ns - design.budget_ns - free) > ROUNDED_NS:
        design = replace(design, uncertainty_ns=free)
    if csynth.part and not design.part:
        design = replace(design, part=csynth.part, family=family_of(csynth.part))
    return replace(design, axi=design.axi or csynth.module == f"{model}_axi")


def _of_network(reports: HlsReports, model: str) -> HlsReports:
    """Return reports whose top is the network or its AXI wrapper, where that is a function inside a kernel."""
    inner = reports.modules.get(model)
    is_top = reports.csynth.module in (model, f"{model}_axi")
    return reports if is_top or inner is None else replace(reports, csynth=inner)


def _values(figures: Figures) -> dict[str, float]:
    values = {item.name: getattr(figures, item.name) for item in fields(Figures)}
    return {name: float(value) for name, value in values.items() if value is not None}


def _own(root: Path) -> list[Observation]:
    project = Project.load(root)
    estimates = project.extra.get(ESTIMATES)
    if not isinstance(estimates, dict):
        raise ToolError(f"the project {str(root)!r} was exported without estimates. Export the design again.")
    found = []
    for name, values in estimates.items():
        tool, _, family = name.partition(":")
        report = load_report(project, tool)
        if report is not None and report.counted_family in (None, family or DSP48E1.family):
            found.append(observe(_estimate(project, tool, values), report, project.target.part, _model(project)))
    if not found:
        raise ToolError(f"the project {str(root)!r} has no report of its present files. Synthesise it first.")
    return found


def _estimate(project: Project, tool: str, values: object) -> Report:
    try:
        total = Figures(**{str(name): float(value) for name, value in values.items()})  # type: ignore[attr-defined]
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"the estimates in {str(project.path / MANIFEST)!r} are damaged: {error}.") from None
    return Report(source="estimate", tool=tool, design_key=project.design_key, total=total)


def _model(project: Project) -> str:
    return str(project.extra.get(GRAPH) or project.model)
