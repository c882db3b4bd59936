"""What a build will take and whether its tool is there: said before the button is pressed."""

from dataclasses import dataclass

from hlsexplore.design import Design
from hlsexplore.errors import ToolError
from hlsexplore.estimate import forecast
from hlsexplore.target import Tool
from hlsexplore_hls.tools.find import locate
from hlsexplore_hls.tools.nextpnr import find_nextpnr
from hlsexplore_hls.tools.vendor import VENDOR_TOOLS
from hlsexplore_hls.tools.yosys_engine import find_engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is known about a synthesis before it starts.

    Attributes:
        text: Time and memory in words, or why they are not known.
        warnings: What speaks against starting, with the way out, a sentence each.
    """

    text: str
    warnings: tuple[str, ...] = ()


def outlook(design: Design, tool: str) -> Outlook:
    """Predict a synthesis of a design by a tool.

    Args:
        design: The design.
        tool: Name of the tool.
    """
    absent = missing(tool)
    gone = (absent,) if absent else ()
    if tool not in set(Tool):
        return Outlook(text=f"{tool}: run times were not measured", warnings=gone)
    found = forecast(design.with_target(tool=tool))
    if found.cpu_s is None or found.memory_mb is None:
        text = f"{tool}: unrolls up to {found.unrolled:,} multiplications at once"
    else:
        memory = f"{_memory(found.memory_mb)} for the largest module"
        text = f"{tool}: about {_time(found.cpu_s)} of processor time and {memory}"
    return Outlook(text=text, warnings=(*gone, *found.warnings))


def missing(tool: str) -> str:
    """Say that a tool is not installed and what works without it; empty when it is there."""
    try:
        if tool == "yosys":
            find_engine()
            return ""
        if tool == "nextpnr":
            find_nextpnr()
            return ""
        program = next(item for item in VENDOR_TOOLS if item.name == tool)
        if locate(program) is not None:
            return ""
    except ToolError as error:
        return str(error)
    except StopIteration:
        return ""
    return (
        f"{tool!r} was not found. Put it on PATH or set {program.variable}. "
        "Without it 'Export and verify' works, and so does the flow RTL with yosys."
    )


def _time(seconds: float) -> str:
    """Print a duration as people say it.

    Examples:
        >>> _time(8.4), _time(100), _time(700)
        ('8 s', '2 min', '12 min')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _memory(megabytes: float) -> str:
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
