"""What a build will take and whether its tool is there: said before the button is pressed."""

import os
from dataclasses import dataclass

from hlsexplore.design import Design
from hlsexplore.estimate import forecast
from hlsexplore.target import Tool
from hlsexplore_hls.flows import resolve
from hlsexplore_hls.tools.find import Finding
from hlsexplore_hls.tools.table import TOOLS
from hlsexplore_hls.tools.vendor import REMOTE, VENDOR


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
    """Say that a tool is not installed and what works without it; empty when it is there, or runs on another host."""
    programs: tuple[Finding, ...] = resolve(TOOLS[tool].programs)() if tool in TOOLS else ()
    if not programs:
        return ""
    first = programs[0]
    if not first.found and (first.group != VENDOR or os.environ.get(first.variable)):
        return first.hint
    if any(item.found for item in programs):
        return ""
    if os.environ.get(REMOTE):
        return ""
    return (
        f"{tool!r} was not found. Put it on PATH or set {first.variable}. "
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
