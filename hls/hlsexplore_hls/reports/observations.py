"""Reports of finished syntheses beside their estimates: what `hlsexplore calibrate` learns from."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.estimate import Calibration, Observation, estimate, estimate_record, observe
from hlsexplore.report import Figures, Report
from hlsexplore.target import Tool
from hlsexplore_hls.manifest import MANIFEST
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.folder import read_report_folder
from hlsexplore_hls.reports.hls4ml_project import read_hls4ml_project
from hlsexplore_hls.tools.synthesize import load_report

ESTIMATES = "estimates"
"""Key of a manifest's `extra` under which `export` keeps what was estimated for each tool."""
GRAPH = "graph_digest"


def estimates_of(design: Design) -> dict[str, Any]:
    """Estimate a design for every tool, as plain data for a project's manifest."""
    found: dict[str, dict[str, float]] = {}
    for tool in Tool:
        total = estimate(design if design.target.tool is tool else design.with_target(tool=tool)).total
        values = {item.name: getattr(total, item.name) for item in fields(Figures)}
        found[str(tool)] = {name: float(value) for name, value in values.items() if value is not None}
    return {ESTIMATES: found, GRAPH: design.graph.digest}


def observations_of(path: str | Path) -> list[Observation]:
    """Set the reports in a folder beside what is estimated for it.

    Args:
        path: A project that `export` wrote and that was synthesised, a project of hls4ml, or a report file inside one.

    Returns:
        One observation for each tool that left a report.

    Raises:
        ToolError: If there is no project, or none with a report.
    """
    root = _project_of(Path(path))
    if (root / MANIFEST).is_file():
        return _own(root)
    foreign = read_hls4ml_project(root)
    report = read_report_folder(root)
    return [observe(estimate_record(foreign.design), report, foreign.part, f"hls4ml {foreign.model}")]


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


def _own(root: Path) -> list[Observation]:
    project = Project.load(root)
    estimates = project.extra.get(ESTIMATES)
    if not isinstance(estimates, dict):
        raise ToolError(f"the project {str(root)!r} was exported without estimates. Export the design again.")
    found = []
    for tool, values in estimates.items():
        report = load_report(project, tool)
        if report is not None:
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
