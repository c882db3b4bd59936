"""Logic synthesis of a Verilog project with Vivado, out of context."""

from dataclasses import replace
from pathlib import Path

from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.report import Figures, Report
from hlsexplore.support.progress import OnEvent, ignore
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.files import read_report
from hlsexplore_hls.reports.vivado import parse_hierarchy, parse_timing, parse_utilization
from hlsexplore_hls.tools.deadline import NO_DEADLINE, Deadline
from hlsexplore_hls.tools.find import Finding
from hlsexplore_hls.tools.tcl import render
from hlsexplore_hls.tools.vendor import VIVADO, vendor_programs
from hlsexplore_hls.tools.vendor_run import Command, program, run_command, vendor_folder
from hlsexplore_hls.tools.yosys_project import known_of, layer_modules, verilog_sources, with_cycles

SCRIPT = "vsynth.tcl"
VARIANTS = ("synth", "impl")
_STAGES = [
    ("^HLSEXPLORE STAGE read$", "reading", 0.0),
    ("^HLSEXPLORE STAGE synth$", "synthesis", 0.05),
    ("^HLSEXPLORE STAGE opt$", "optimizing", 0.6),
    ("^HLSEXPLORE STAGE place$", "placing", 0.65),
    ("^HLSEXPLORE STAGE route$", "routing", 0.85),
    ("^HLSEXPLORE STAGE report$", "reporting", 0.97),
]


def vivado_programs() -> tuple[Finding, ...]:
    """Look for Vivado."""
    return vendor_programs(VIVADO)


def synthesize_with_vivado(
    project: Project,
    folder: Path,
    on_event: OnEvent = ignore,
    deadline: Deadline = NO_DEADLINE,
    variant: str = "synth",
) -> Report:
    """Synthesize a project's Verilog with Vivado.

    Args:
        project: A project of the flow `rtl` or `xls`.
        folder: The tool's folder in the project.
        on_event: Told stages and lines.
        deadline: When the work must be done.
        variant: `synth`, or `impl` to place and route as well.

    Raises:
        ConfigError: If there is no such variant.
        ToolError: If Vivado is missing, fails, takes too long or leaves no report.
        CancelledError: If `cancel` was set.
    """
    if variant not in VARIANTS:
        raise ConfigError(unknown_name("variant", variant, VARIANTS, "The tool 'vivado'"))
    command = Command(words=(program(VIVADO), *batch(SCRIPT)), variables={}, name=VIVADO.name)
    text = script(project, is_routed=variant == "impl")
    with vendor_folder(project, folder) as where:
        (where / SCRIPT).write_text(text, encoding="utf-8")
        (where / "clock.xdc").write_text(constraints(project), encoding="utf-8")
        started_ns = run_command(
            command,
            where,
            _STAGES,
            on_event,
            deadline,
            done_mark="HLSEXPLORE DONE",
            failed_mark="HLSEXPLORE FAILED ",
        )
        return _report(project, where, started_ns)


def batch(script_name: str) -> tuple[str, ...]:
    """Return the arguments that let Vivado run a script without a window or a journal."""
    return ("-mode", "batch", "-nojournal", "-notrace", "-log", "vivado.log", "-source", script_name)


def script(project: Project, is_routed: bool = False) -> str:
    """Write the Tcl script that synthesizes a project.

    Args:
        project: The project.
        is_routed: Whether to place and route as well.
    """
    sources = verilog_sources(project)
    return render("vsynth.tcl.j2", top=project.top, part=project.target.part, sources=sources, is_routed=is_routed)


def constraints(project: Project) -> str:
    """Write the clock constraint of a project."""
    return f"create_clock -period {project.target.clock_ns:.3f} -name clk [get_ports clk]\n"


def vivado_figures(where: Path, started_ns: int) -> tuple[Figures, str | None]:
    """Read what the scripts of this package let Vivado report: the resources of the design and the clock it reaches.

    Args:
        where: The run's folder.
        started_ns: Time of the run's start; older files are refused.

    Returns:
        The figures, and Vivado's version.

    Raises:
        ToolError: If a report is missing, old or damaged.
    """
    utilization = parse_utilization(read_report(where / "utilization.rpt", newer_than_ns=started_ns))
    timing = parse_timing(read_report(where / "timing.rpt", newer_than_ns=started_ns))
    return replace(utilization.figures, clock_ns=timing.reached_ns), utilization.version


def _report(project: Project, where: Path, started_ns: int) -> Report:
    total, version = vivado_figures(where, started_ns)
    modules = parse_hierarchy(read_report(where / "hierarchy.rpt", newer_than_ns=started_ns))
    return Report(
        source="vsynth",
        tool="vivado",
        tool_version=version,
        design_key=project.design_key,
        total=with_cycles(total, {"latency_cycles": project.latency_cycles, "ii_cycles": project.ii_cycles}),
        layers={
            layer: with_cycles(modules[module], known_of(project, layer))
            for layer, module in layer_modules(project, set(modules)).items()
        },
        provenance={
            **dict.fromkeys(("lut", "ff", "dsp", "bram18", "uram", "clock_ns"), "measured"),
            **dict.fromkeys(("latency_cycles_min", "latency_cycles_max", "ii_cycles"), "rule"),
        },
    )
