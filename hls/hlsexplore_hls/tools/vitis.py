"""Vitis HLS 2021.1-2025.x and Vivado HLS 2018.3-2020.1 on a project of HLS C++."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError, ToolError, unknown_name
from hlsexplore.report import Figures, Report
from hlsexplore.support.progress import OnEvent, ignore
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.folder import HlsReports, make_report, read_reports
from hlsexplore_hls.tools.deadline import NO_DEADLINE, Deadline
from hlsexplore_hls.tools.find import Executable, Finding, locate
from hlsexplore_hls.tools.vendor import VITIS_HLS, VITIS_RUN, VIVADO_HLS, vendor_programs
from hlsexplore_hls.tools.vendor_run import Command, program, remote_prefix, run_command, vendor_folder

STEPS = ("csim", "csynth", "cosim", "export", "vsynth")
"""Steps of `build.tcl`; each but `csim` needs `csynth`, which therefore always runs."""
SCRIPT = "build.tcl"
VARIABLE = "HLSEXPLORE_BUILD"
# Words of the options in build.tcl.
_OPTIONS = {"csim": "csim", "csynth": "synth", "cosim": "cosim", "export": "export", "vsynth": "vsynth"}
_SHARES = {"csim": 1.0, "csynth": 5.0, "cosim": 10.0, "export": 1.0, "vsynth": 10.0}
"""How long the steps take compared with each other, for the progress."""


def vitis_hls_programs() -> tuple[Finding, ...]:
    """Look for Vitis HLS, by its own name and by the one that also runs it."""
    return vendor_programs(VITIS_HLS, VITIS_RUN)


def vivado_hls_programs() -> tuple[Finding, ...]:
    """Look for Vivado HLS."""
    return vendor_programs(VIVADO_HLS)


def synthesize_with_vitis_hls(
    project: Project,
    folder: Path,
    on_event: OnEvent = ignore,
    deadline: Deadline = NO_DEADLINE,
    variant: str = "csynth",
) -> Report:
    """Build a project with Vitis HLS: `vitis_hls`, or `vitis-run` of the releases that have no `vitis_hls` any more.

    Args:
        project: A project of the flow `vitis`.
        folder: The tool's folder in the project.
        on_event: Told stages and lines.
        deadline: When the work must be done.
        variant: Steps to run, joined by `+`; `csynth` always runs.

    Returns:
        The report of C synthesis. Each step's own report is in `folder` as `STEP.json`.

    Raises:
        ConfigError: If there is no such step.
        ToolError: If the tool is missing, fails, takes too long or leaves no report.
        CancelledError: If `cancel` was set.
    """
    return _build(project, folder, VITIS_HLS, on_event, deadline, variant)


def synthesize_with_vivado_hls(
    project: Project,
    folder: Path,
    on_event: OnEvent = ignore,
    deadline: Deadline = NO_DEADLINE,
    variant: str = "csynth",
) -> Report:
    """Build a project with Vivado HLS; see `synthesize_with_vitis_hls`."""
    return _build(project, folder, VIVADO_HLS, on_event, deadline, variant)


def steps_of(variant: str) -> tuple[str, ...]:
    """Read steps joined by `+`, in the order in which they run.

    Raises:
        ConfigError: If there is no such step.

    Examples:
        >>> steps_of("vsynth+csim")
        ('csim', 'csynth', 'vsynth')
    """
    wanted = {word for word in variant.split("+") if word} | {"csynth"}
    for word in sorted(wanted - set(STEPS)):
        raise ConfigError(unknown_name("step", word, STEPS, "An HLS tool"))
    return tuple(step for step in STEPS if step in wanted)


def hls_command(tool: Executable, steps: tuple[str, ...]) -> Command:
    """Build the command line for some steps.

    Args:
        tool: `VITIS_HLS` or `VIVADO_HLS`.
        steps: The steps.

    Raises:
        ToolError: If the tool is missing.
    """
    words = {option: "1" if step in steps else "0" for step, option in _OPTIONS.items()}
    variables = {VARIABLE: " ".join(f"{option}={value}" for option, value in words.items())}
    if tool is VITIS_HLS and not remote_prefix() and locate(VITIS_HLS) is None and locate(VITIS_RUN) is not None:
        tool = VITIS_RUN
    name = program(tool)
    if Path(name).name == VITIS_RUN.name:
        return Command(words=(name, "--mode", "hls", "--tcl", SCRIPT), variables=variables, name=VITIS_RUN.name)
    return Command(words=(name, "-f", SCRIPT), variables=variables, name=tool.name)


def _build(
    project: Project,
    folder: Path,
    tool: Executable,
    on_event: OnEvent,
    deadline: Deadline,
    variant: str,
) -> Report:
    steps = steps_of(variant)
    command = hls_command(tool, steps)
    for step in STEPS:
        (folder / f"{step}.json").unlink(missing_ok=True)
    with vendor_folder(project, folder) as where:
        started_ns = run_command(
            command,
            where,
            _stages(steps),
            on_event,
            deadline,
            done_mark="HLSEXPLORE DONE",
            failed_mark="HLSEXPLORE FAILED ",
        )
        reports = read_reports(where / _solution(project), project.top, started_ns, lambda: deadline.check(tool.name))
        made = _reports(project, reports, steps, tool.name)
    for step, report in made.items():
        (folder / f"{step}.json").write_text(json.dumps(report.to_dict(), indent=2), encoding="utf-8")
    return made["csynth"]


def _stages(steps: tuple[str, ...]) -> list[tuple[str, str, float]]:
    total = sum(_SHARES[step] for step in steps)
    done = 0.0
    stages = []
    for step in steps:
        stages.append((f"^HLSEXPLORE STAGE {step}$", step, done / total))
        done += _SHARES[step]
    return stages


def _solution(project: Project) -> str:
    return f"{_text(project.extra, 'hls_project', 'build/hls')}/{_text(project.extra, 'solution', 'solution1')}"


def _text(extra: Mapping[str, Any], key: str, default: str) -> str:
    """Return a path that the manifest names, if it stays in the project."""
    value = extra.get(key, default)
    safe = isinstance(value, str) and not Path(value).is_absolute() and ".." not in Path(value).parts
    return value if safe else default


def _reports(project: Project, reports: HlsReports, steps: tuple[str, ...], tool: str) -> dict[str, Report]:
    """Make a report of each step that has one; a step that left none is an error."""
    csynth = replace(make_report(reports.csynth, reports.modules, project.layers), design_key=project.design_key)
    made = {"csynth": replace(csynth, tool=tool)}
    if "cosim" in steps:
        cosim = reports.cosim
        if cosim is None:
            raise ToolError(f"{tool!r} left no report of co-simulation. Run it again.")
        if not cosim.has_passed:
            raise ToolError(f"{tool!r} found in co-simulation that the RTL does not compute what the C++ does.")
        figures = Figures(
            latency_cycles_min=cosim.latency_cycles_min,
            latency_cycles_max=cosim.latency_cycles_max,
            ii_cycles=cosim.ii_cycles_max,
        )
        made["cosim"] = replace(made["csynth"], source="cosim", total=figures, layers={}, missing=(), notes=())
    if "vsynth" in steps:
        if reports.vsynth is None:
            raise ToolError(f"{tool!r} left no report of logic synthesis. Run it again.")
        made["vsynth"] = replace(
            made["csynth"],
            source="vsynth",
            tool="vivado",
            tool_version=reports.vsynth.version,
            total=reports.vsynth.figures,
            layers={},
            missing=(),
        )
    return made
