"""The vendor's programs: their names, the variables that say where they are, and their versions."""

import os
import re
from dataclasses import replace
from pathlib import Path

from hlsexplore.errors import ToolError
from hlsexplore_hls.tools.find import Executable, Finding, locate

_YOSYS_INSTEAD = "Without it, the tool 'yosys' can synthesize this design."

VITIS_HLS = Executable(name="vitis_hls", variable="HLSEXPLORE_VITIS_HLS", without=_YOSYS_INSTEAD)
VITIS_RUN = Executable(name="vitis-run", variable="HLSEXPLORE_VITIS_RUN", without=_YOSYS_INSTEAD)
VIVADO_HLS = Executable(name="vivado_hls", variable="HLSEXPLORE_VIVADO_HLS", without=_YOSYS_INSTEAD)
VIVADO = Executable(name="vivado", variable="HLSEXPLORE_VIVADO", without=_YOSYS_INSTEAD)
VPP = Executable(
    name="v++", variable="HLSEXPLORE_VPP", without="It is part of Vitis and only needed for Alveo bitfiles."
)

VENDOR = "vendor"
"""Group of the vendor's programs in the doctor's list."""
REMOTE = "HLSEXPLORE_REMOTE"
"""Variable that names a command that runs the vendor's tools on another host."""


def version_of(program: Path) -> str | None:
    """Read a version such as `2023.2` off the folders that the vendor installs into; starting the tool takes seconds.

    Args:
        program: File of the program; links are followed.

    Examples:
        >>> version_of(Path("/tools/Xilinx/Vitis_HLS/2023.2/bin/vitis_hls"))
        '2023.2'
    """
    for path in (program, program.resolve()):
        found = re.search(r"/(20\d\d\.\d(?:\.\d)?)/", path.as_posix())
        if found:
            return found.group(1)
    return None


def vendor_programs(*tools: Executable) -> tuple[Finding, ...]:
    """Look for programs of the vendor.

    Args:
        tools: The programs.
    """
    return tuple(_finding(tool) for tool in tools)


def _finding(tool: Executable) -> Finding:
    finding = Finding(
        name=tool.name,
        group=VENDOR,
        purpose="synthesis with the vendor's tool (optional)",
        found=False,
        variable=tool.variable,
    )
    try:
        where = locate(tool)
    except ToolError as error:
        return replace(finding, hint=str(error))
    if where is not None:
        return replace(finding, found=True, version=version_of(where), where=str(where))
    if os.environ.get(REMOTE):
        return replace(finding, hint=f"not here; {REMOTE} runs it on another host, where nothing was asked")
    hint = f"not on PATH; source the vendor's settings64.sh, or set {tool.variable} to its file"
    return replace(finding, hint=hint)
