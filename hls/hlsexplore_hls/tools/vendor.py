"""The vendor's programs: their names, the variables that say where they are, and their versions."""

import re
from pathlib import Path

from hlsexplore_hls.tools.find import Executable

_YOSYS_INSTEAD = "Without it, the tool 'yosys' can synthesize this design."

VITIS_HLS = Executable(name="vitis_hls", variable="HLSEXPLORE_VITIS_HLS", without=_YOSYS_INSTEAD)
VITIS_RUN = Executable(name="vitis-run", variable="HLSEXPLORE_VITIS_RUN", without=_YOSYS_INSTEAD)
VIVADO_HLS = Executable(name="vivado_hls", variable="HLSEXPLORE_VIVADO_HLS", without=_YOSYS_INSTEAD)
VIVADO = Executable(name="vivado", variable="HLSEXPLORE_VIVADO", without=_YOSYS_INSTEAD)
VPP = Executable(
    name="v++", variable="HLSEXPLORE_VPP", without="It is part of Vitis and only needed for Alveo bitfiles."
)

VENDOR_TOOLS = (VITIS_HLS, VITIS_RUN, VIVADO_HLS, VIVADO, VPP)


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
