"""The C++ compiler for simulations: the machine's own, else the one that the pip package `ziglang` brings."""

import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec

from hlsexplore.errors import ToolError
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.runner import run

VARIABLE = "HLSEXPLORE_CXX"
PROBE_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A C++ compiler that answers like g++.

    Attributes:
        argv: How to call it.
        title: Name and version for people, such as `g++ 12.2.0`.
    """

    argv: tuple[str, ...]
    title: str


def find_compiler() -> Compiler:
    """Return the compiler that `HLSEXPLORE_CXX` names, else g++, clang++ or ziglang's.

    Raises:
        ToolError: If there is none, or it does not answer.
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen:
        argv = tuple(shlex.split(chosen))
        if not argv or shutil.which(argv[0]) is None:
            raise ToolError(
                f"{VARIABLE} is set to {chosen!r}, which is no program. Set it to a C++ compiler such as g++."
            )
        return _probe(argv)
    for name in ("g++", "clang++"):
        if shutil.which(name) is not None:
            return _probe((name,))
    if find_spec("ziglang") is not None:
        return _probe((sys.executable, "-m", "ziglang", "c++"))
    raise ToolError("no C++ compiler was found. Install g++ or clang++, or the one from pip: pip install ziglang.")


@lru_cache(maxsize=8)
def _probe(argv: tuple[str, ...]) -> Compiler:
    with work_folder() as where:
        answer = run([*argv, "--version"], cwd=where, limits=Limits.after(PROBE_TIMEOUT_S), what=shlex.join(argv))
    found = re.search(r"\d+\.\d+\.\d+", answer.output)
    name = "zig c++" if argv[-1] == "c++" and "ziglang" in argv else argv[0].rsplit("/", 1)[-1]
    return Compiler(argv=argv, title=f"{name} {found.group() if found else 'of unknown version'}")
