"""Bitfiles for boards: C synthesis and export with Vitis HLS, then Vivado (Zynq) or v++ (Alveo)."""

import os
from pathlib import Path

from hlsexplore.errors import ConfigError
from hlsexplore.report import Figures, Report
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore.target import is_same_part
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.files import check_made
from hlsexplore_hls.tools.boards import BOARDS, Board, find_board
from hlsexplore_hls.tools.deadline import NO_DEADLINE, Deadline
from hlsexplore_hls.tools.find import Finding
from hlsexplore_hls.tools.parallel import default_jobs
from hlsexplore_hls.tools.run_folder import RESULT
from hlsexplore_hls.tools.tcl import render, word
from hlsexplore_hls.tools.vendor import VITIS_HLS, VITIS_RUN, VIVADO, VPP, vendor_programs
from hlsexplore_hls.tools.vendor_run import Command, program, run_command, vendor_folder
from hlsexplore_hls.tools.vitis import hls_command
from hlsexplore_hls.tools.vivado import batch, vivado_figures

SCRIPT = "bitfile.tcl"
PLATFORM = "HLSEXPLORE_PLATFORM"
"""Variable that names another platform of the card, such as the one of an older shell."""
_DONE, _FAILED = "HLSEXPLORE DONE", "HLSEXPLORE FAILED "
_HLS = [("^HLSEXPLORE STAGE csynth$", "csynth", 0.0), ("^HLSEXPLORE STAGE export$", "export", 0.15)]
_LINK = [(r"Starting (?:synth|vpl|xclbin)", "linking", 0.3), (r"bitstream generation", "writing bitstream", 0.9)]
_VIVADO = [
    ("^HLSEXPLORE STAGE design$", "block design", 0.2),
    ("^HLSEXPLORE STAGE connect$", "connecting", 0.25),
    ("^HLSEXPLORE STAGE implement$", "implementing", 0.3),
    ("^HLSEXPLORE STAGE report$", "reporting", 0.97),
]


def bitfile_programs() -> tuple[Finding, ...]:
    """Look for all that bitfiles may need: HLS, and what links it for a board or a card."""
    return vendor_programs(VITIS_HLS, VITIS_RUN, VIVADO, VPP)


def build_bitfile(
    project: Project,
    folder: Path,
    on_event: OnEvent = ignore,
    deadline: Deadline = NO_DEADLINE,
    variant: str = "",
) -> Report:
    """Build a bitfile; it is left in `folder/result` as `TOP.bit` with `TOP.hwh`, or as `TOP.xclbin`.

    Args:
        project: A project of the flow `vitis` with the interface and for the part of the board.
        folder: The tool's folder in the project.
        on_event: Told stages and lines.
        deadline: When the work must be done.
        variant: Name of the board.

    Returns:
        Resources of the whole system, processing system's logic included, and the clock that it reached; for Alveo
        cards nothing is known here but that the file was built.

    Raises:
        ConfigError: If there is no such board, or the project does not fit it.
        ToolError: If a tool is missing, fails, takes too long or leaves no file.
        CancelledError: If `cancel` was set.
    """
    board = find_board(variant)
    _check(project, board)
    is_card = bool(board.platform)
    commands = [(hls_command(VITIS_HLS, ("csynth", "export")), _HLS, _DONE)]
    commands.append((link_command(project, board), _LINK, "") if is_card else (_vivado_command(), _VIVADO, _DONE))
    with vendor_folder(project, folder) as where:
        if not is_card:
            (where / SCRIPT).write_text(zynq_script(project, board), encoding="utf-8")
        started_ns = 0
        for command, stages, done_mark in commands:
            started_ns = run_command(
                command, where, stages, on_event, deadline, done_mark=done_mark, failed_mark=_FAILED
            )
        # The file must be there and new; its content is for the board alone.
        made = where / f"{project.top}.{'xclbin' if is_card else 'bit'}"
        check_made(made, started_ns)
        report = _report(project, where, started_ns, is_card)
    on_event(Event(kind="log", text=f"the bitfile is {folder / RESULT / made.name}"))
    return report


def zynq_script(project: Project, board: Board) -> str:
    """Write the Tcl script that builds the bitfile of a board with a processing system."""
    return render(
        "zynq.tcl.j2",
        top=project.top,
        board=board.name,
        part=board.part,
        # Vivado's names of boards and IP have colons, which no word has; these are constants of this package.
        board_part=_Constant(board.board_part),
        ps_vlnv=_Constant(
            "xilinx.com:ip:zynq_ultra_ps_e" if board.is_mpsoc else "xilinx.com:ip:processing_system7:5.5"
        ),
        is_mpsoc=board.is_mpsoc,
        master_port="M_AXI_HPM0_FPD" if board.is_mpsoc else "M_AXI_GP0",
        slave_port="S_AXI_HP0_FPD" if board.is_mpsoc else "S_AXI_HP0",
        clock_mhz=round(1000 / project.target.clock_ns, 3),
        jobs=default_jobs(),
    )


class _Constant:
    """A text of this package that goes into a script as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def _check(project: Project, board: Board) -> None:
    if project.interface != board.interface:
        raise ConfigError(
            f"the board {board.name!r} needs a project with the interface {board.interface!r}, and this one has "
            f"{project.interface!r}. Export the design with interface={board.interface!r}."
        )
    if not is_same_part(project.target.part, board.part):
        raise ConfigError(
            f"the design is for the part {project.target.part!r}, and the board {board.name!r} has {board.part!r}. Set "
            "the target's part to it, or choose another board: " + ", ".join(map(repr, BOARDS)) + "."
        )


def _vivado_command() -> Command:
    return Command(words=(program(VIVADO), *batch(SCRIPT)), variables={}, name=VIVADO.name)


def link_command(project: Project, board: Board) -> Command:
    """Build the command line that links a kernel with the platform of its card, at the design's clock."""
    top = word(project.top)
    platform = os.environ.get(PLATFORM, "") or board.platform
    clock_mhz = str(round(1000 / project.target.clock_ns))
    link = (program(VPP), "-l", "-t", "hw", "--platform", platform, "--kernel_frequency", clock_mhz)
    return Command(words=(*link, "-o", f"{top}.xclbin", f"build/{top}.xo"), variables={}, name=VPP.name)


def _report(project: Project, where: Path, started_ns: int, is_card: bool) -> Report:
    total, version = (Figures(), None) if is_card else vivado_figures(where, started_ns)
    return Report(
        source="vsynth",
        tool="v++" if is_card else "vivado",
        tool_version=version,
        design_key=project.design_key,
        total=total,
        notes=("The figures are of the whole system, with its processor interface and DMA.",) if not is_card else (),
    )
