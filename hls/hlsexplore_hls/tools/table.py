"""The tools that synthesize a project: a row each, from which panel, doctor, command line and docs take their lists.

A new tool is a module with a function that runs it and one that says what is installed of it, and a row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRow:
    """A tool. Functions are named as `module:function` and imported on first use.

    Attributes:
        synthesize: `(project, folder, on_event, deadline) -> Report`, with variants also `variant`.
        programs: `() -> tuple[Finding, ...]`: what can be installed of it; one of them is enough.
        flows: Flows whose projects it reads, the usual one first.
        forms: How it is called with a variant: a family, steps, a board.
        runs: What it runs, in the words of docs/tools.md.
        source: `source` of its report.
        is_for_boards: Whether it builds for boards only, not for any device.
    """

    synthesize: str
    programs: str
    flows: tuple[str, ...]
    forms: tuple[str, ...] = ()
    runs: str
    source: str
    is_for_boards: bool = False


_HERE = "hlsexplore_hls.tools"
TOOLS: Mapping[str, ToolRow] = MappingProxyType(
    {
        "yosys": ToolRow(
            synthesize=f"{_HERE}.yosys_project:synthesize_with_yosys",
            programs=f"{_HERE}.yosys_engine:yosys_programs",
            flows=("rtl", "xls"),
            forms=("yosys:xc7", "yosys:xcup", "yosys:ecp5"),
            runs="Yosys from pip, a process for each layer",
            source="yosys",
        ),
        "vitis_hls": ToolRow(
            synthesize=f"{_HERE}.vitis:synthesize_with_vitis_hls",
            programs=f"{_HERE}.vitis:vitis_hls_programs",
            flows=("vitis",),
            forms=("vitis_hls:csim+cosim+export+vsynth",),
            runs="`vitis_hls -f build.tcl`, or `vitis-run --mode hls --tcl build.tcl`",
            source="csynth",
        ),
        "vivado_hls": ToolRow(
            synthesize=f"{_HERE}.vitis:synthesize_with_vivado_hls",
            programs=f"{_HERE}.vitis:vivado_hls_programs",
            flows=("vitis",),
            runs="`vivado_hls -f build.tcl`",
            source="csynth",
        ),
        "vivado": ToolRow(
            synthesize=f"{_HERE}.vivado:synthesize_with_vivado",
            programs=f"{_HERE}.vivado:vivado_programs",
            flows=("rtl", "xls"),
            forms=("vivado:impl",),
            runs="`vivado -mode batch -source vsynth.tcl`, out of context",
            source="vsynth",
        ),
        "nextpnr": ToolRow(
            synthesize=f"{_HERE}.nextpnr:place_with_nextpnr",
            programs=f"{_HERE}.nextpnr:nextpnr_programs",
            flows=("rtl", "xls"),
            runs="Yosys, then nextpnr from pip: placed and routed for Lattice ECP5",
            source="nextpnr",
        ),
        "bitfile": ToolRow(
            synthesize=f"{_HERE}.bitfile:build_bitfile",
            programs=f"{_HERE}.bitfile:bitfile_programs",
            flows=("vitis",),
            forms=("bitfile:pynq-z2", "bitfile:zcu102", "bitfile:alveo-u250"),
            runs="Vitis HLS, then Vivado or `v++`, with the board's interface",
            source="vsynth",
            is_for_boards=True,
        ),
    }
)
"""Every tool by its name, in the order in which a panel offers them."""


def tools_of(flow: str) -> tuple[str, ...]:
    """List the tools that take a flow's files for any device, the usual one first.

    Examples:
        >>> tools_of("vitis")
        ('vitis_hls', 'vivado_hls')
    """
    return tuple(name for name, row in TOOLS.items() if flow in row.flows and not row.is_for_boards)


def tool_words() -> str:
    """Name the tools for any device in one line, for a help text."""
    *most, last = (name for name, row in TOOLS.items() if not row.is_for_boards)
    return f"{', '.join(most)} or {last}"
