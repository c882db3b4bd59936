"""Reports of finished syntheses beside their estimates: what `hlsexplore calibrate` learns from."""

from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.estimate import Calibration, Observation, estimate, estimate_record, observe
from hlsexplore.estimate.logic import after_synthesis
from hlsexplore.report import Figures, Report
from hlsexplore.rtl_plan.count.blocks import BLOCKS, DSP48E1
from hlsexplore.target import Tool
from hlsexplore_hls.manifest import MANIFEST
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.folder import read_report_folder, read_utilization
from hlsexplore_hls.reports.hls4ml_project import read_hls4ml_project
from hlsexplore_hls.tools.synthesize import load_report

ESTIMATES = "estimates"
"""Key of a manifest's `extra` under which `export` keeps what was estimated for each tool."""
GRAPH = "graph_digest"


def estimates_of(design: Design) -> dict[str, Any]:
    """Estimate a design for every tool, and family of Yosys, as plain data for a project's manifest."""
    found: dict[str, dict[str, float]] = {}
    for tool in Tool:
        own = design if design.target.tool is tool else design.with_target(tool=tool)
        for family in BLOCKS if tool is Tool.YOSYS else (None,):
            total = estimate(own, family=family).total
            values = {item.name: getattr(total, item.name) for item in fields(Figures)}
            name = str(tool) if family is None else f"{tool}:{family}"
            found[name] = {key: float(value) for key, value in values.items() if value is not None}
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
    return _foreign(root)


def learn(paths: Iterable[str | Path], start: Calibration) -> Calibration:
    """Add the reports of projects to a calibration.

    Raises:
        ToolError: If a path holds no project with a report.
    """
    return start.with_observations([item for path in paths for item in observations_of(path)])


def _project_of(path: Path) -> Path:
    """Return the nearest folder at or above a path that is a project."""
    for folder in (path, *path.absolute().parents)[:8]:
        if (folder / MANIFEST).is_file() or (folder / "firmware" / "parameters.h").is_file():
            return folder
    raise ToolError(
        f"{str(path)!r} is in no project of hlsexplore or hls4ml, so there is nothing to compare a report with."
    )


def _foreign(root: Path) -> list[Observation]:
    """Read a project of hls4ml; the report tells the tool and its version, on which the estimate depends."""
    foreign = read_hls4ml_project(root)
    model, design = f"hls4ml {foreign.model}", foreign.design
    found, logic = [], read_utilization(root)
    try:
        report = read_report_folder(root)
    except ToolError:
        if logic is None:
            raise
    else:
        design = replace(design, tool=report.tool, version=report.tool_version or "")
        found.append(observe(estimate_record(design), report, foreign.part, model))
    if logic is not None:
        expected = after_synthesis(estimate_record(design), design)
        measured = Report(source="vsynth", tool=expected.tool, tool_version=logic.version, total=logic.figures)
        found.append(observe(expected, measured, foreign.part, model))
    return found


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
