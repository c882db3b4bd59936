"""The report that a tool's run leaves in a project."""

from pathlib import Path

from hlsexplore.errors import ConfigError
from hlsexplore.report import Report
from hlsexplore.support.files import read_json
from hlsexplore_hls.project import BUILD, Project
from hlsexplore_hls.reports.files import MAX_REPORT_BYTES

REPORT = "report.json"


def report_file(project: Project, tool: str) -> Path:
    """Return the absolute path of the report that a tool leaves, whether it is there or not."""
    return project.path.absolute() / BUILD / tool / REPORT


def load_report(project: Project, tool: str) -> Report | None:
    """Return the report that the last `synthesize` with a tool left, if it is of this project as it stands.

    Args:
        project: The project.
        tool: Name of the tool, with a variant or without one.
    """
    try:
        report = Report.from_dict(read_json(report_file(project, tool.partition(":")[0]), MAX_REPORT_BYTES))
    except (OSError, ValueError, TypeError, ConfigError):
        return None
    return report if report.design_key == project.design_key and not project.modified() else None
