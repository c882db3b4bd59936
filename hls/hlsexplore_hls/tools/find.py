"""Where a tool is: an environment variable first, else PATH."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from hlsexplore.errors import ToolError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that may be installed.

    Attributes:
        name: Its name.
        group: `core`, `simulation`, `synthesis`, `vendor`, `panels`, `training`, `examples` or `search`.
        purpose: What it is for, a few words.
        found: Whether it can be used.
        version: Its version, or None when missing or unknown.
        where: File of a program, or None.
        hint: How to get it, or what is wrong; empty when all is well.
        variable: Environment variable that may name its file; empty where there is none.
    """

    name: str
    group: str
    purpose: str
    found: bool
    version: str | None = None
    where: str | None = None
    hint: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """A program that may be installed.

    Attributes:
        name: Name on PATH.
        variable: Environment variable that names the program's file and wins over PATH.
        without: What still works without it, one sentence.
    """

    name: str
    variable: str
    without: str = ""


def locate(tool: Executable) -> Path | None:
    """Return the file of a tool, or None when it is not there.

    Raises:
        ToolError: If its variable is set, but not to a program.
    """
    chosen = os.environ.get(tool.variable, "")
    if chosen:
        found = shutil.which(Path(chosen).expanduser())
        if found is None:
            raise ToolError(
                f"{tool.variable} is set to {chosen!r}, which is no program. Set it to the file of {tool.name!r}."
            )
        return Path(found).absolute()
    found = shutil.which(tool.name)
    return None if found is None else Path(found).absolute()


def require(tool: Executable) -> Path:
    """Return the file of a tool.

    Raises:
        ToolError: If it is not there; the sentence says how to get on.
    """
    found = locate(tool)
    if found is None:
        tail = f" {tool.without}" if tool.without else ""
        raise ToolError(f"{tool.name!r} was not found. Put it on PATH or set {tool.variable}.{tail}")
    return found
