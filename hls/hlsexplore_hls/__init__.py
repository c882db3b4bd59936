"""HLS C++ and Verilog of a design, their simulation and synthesis."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsexplore_hls.exporter import export
    from hlsexplore_hls.ports import Port
from hlsexplore_hls.project import Project, SimulationResult

_MODULES = {"Port": "project", "Project": "project", "SimulationResult": "project", "export": "exporter"}

__all__ = ["Port", "Project", "SimulationResult", "export"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use."""
    if name in _MODULES:
        from importlib import import_module

        value = getattr(import_module(f"hlsexplore_hls.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
