"""Synthesis of a project by the tool that the user names; the same `Report` whatever the tool."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from hlsexplore.errors import ConfigError, ToolError, unknown_name
from hlsexplore.report import Report
from hlsexplore.support.files import replace_text
from hlsexplore.support.locks import held
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore_hls.flows import resolve
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.stored import REPORT, report_file
from hlsexplore_hls.tools.deadline import Deadline
from hlsexplore_hls.tools.table import TOOLS

LOCK = ".lock"


def synthesize(
    project: Project,
    tool: str,
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
    timeout_s: float | None = None,
) -> Report:
    """Synthesize a project.

    The report is also written to `build/TOOL/report.json` in the project, at the end and at once; an older one is
    removed first, so that a failed run leaves none.

    Args:
        project: A project that `export` wrote.
        tool: A key of `TOOLS`. `yosys` counts for 7 series, or for ECP5 if the target's part is of Lattice;
            `yosys:xc7`, `yosys:xcup` and `yosys:ecp5` count for what they say, `nextpnr` also places and routes for
            ECP5, `vitis_hls:csim+cosim+vsynth` runs more steps, `vivado:impl` places and routes, `bitfile:pynq-z2`
            builds for a board.
        on_event: Told stages and lines of the tool; may be called from other threads, one call at a time.
        cancel: Stops the work when set.
        timeout_s: Stops the work after that time, the reading of its reports included.

    Raises:
        ConfigError: If there is no such tool, or it cannot read this project's flow, or the time is not above 0.
        ToolError: If the tool is missing, fails or takes too long, another process synthesizes the project with it, or
            the folder cannot be written to.
        CancelledError: If `cancel` was set.
    """
    name, _, variant = str(tool).partition(":")
    if name not in TOOLS:
        raise ConfigError(unknown_name("tool", name, TOOLS, "hlsexplore"))
    row = TOOLS[name]
    if project.flow not in row.flows:
        fitting = [other for other, item in TOOLS.items() if project.flow in item.flows]
        raise ConfigError(
            f"the tool {name!r} cannot read a project of the flow {project.flow!r}. Use the tool {fitting[0]!r}, or "
            f"export the design with flow={row.flows[0]!r}."
        )
    deadline = Deadline.after(timeout_s, cancel)
    file = report_file(project, name)
    folder = file.parent
    with _alone(project, name, folder):
        modified = project.modified()
        on_event(Event(kind="stage", text=f"{name}: starting", fraction=0.0))
        options = {"variant": variant} if variant else {}
        report: Report = resolve(row.synthesize)(
            project, folder=folder, on_event=on_event, deadline=deadline, **options
        )
        report = _bind(report, project, modified)
        _write(file, report)
    on_event(Event(kind="stage", text=f"{name}: done", fraction=1.0))
    return report


@contextmanager
def _alone(project: Project, name: str, folder: Path) -> Iterator[None]:
    """Hold a tool's folder in a project, without an older report; two runs at once would take it for their own."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(folder / LOCK))
            (folder / REPORT).unlink(missing_ok=True)
        except BlockingIOError:
            raise ToolError(
                f"the project {str(project.path)!r} is being synthesized with {name!r} by another process. Wait for "
                "its end, or export the design to another folder."
            ) from None
        except OSError as error:
            raise ToolError(
                f"the tool {name!r} cannot write to {str(folder)!r}: {error.strerror or error}. Copy the project to a "
                "folder that you may write to."
            ) from None
        yield


def _bind(report: Report, project: Project, modified: tuple[str, ...]) -> Report:
    """Bind a report to the design, unless the files are not what was exported of it."""
    changed = tuple(sorted({*modified, *project.modified()}))
    if not changed:
        return replace(report, design_key=project.design_key)
    names = ", ".join(changed[:5]) + (" and more" if len(changed) > 5 else "")
    return replace(
        report,
        design_key=None,
        notes=(*report.notes, f"Files were changed since the export, so this is no report of the design: {names}."),
    )


def _write(file: Path, report: Report) -> None:
    try:
        replace_text(file, json.dumps(report.to_dict(), indent=2))
    except OSError as error:
        raise ToolError(f"the report {str(file)!r} cannot be written: {error}.") from None
