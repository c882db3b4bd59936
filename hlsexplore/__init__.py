"""Explore fixed-point designs of neural networks on FPGAs: exact accuracy, resources and latency, before synthesis."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hlsexplore.errors import (
    CancelledError,
    ConfigError,
    DataError,
    HlsExploreError,
    ModelError,
    NoModelError,
    StudyError,
    ToolError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from hlsexplore.compress import fine_tune
    from hlsexplore.design import Design
    from hlsexplore.emulate import Emulator, Trace, blame, emulate, propose_types, trace
    from hlsexplore.emulate import float_forward as predict
    from hlsexplore.estimate import estimate
    from hlsexplore.examples import load as load_example
    from hlsexplore.fixed import Fixed
    from hlsexplore.foreign_design import read_design
    from hlsexplore.graph import Graph, Node
    from hlsexplore.importers import read_model
    from hlsexplore.layer_config import LayerConfig
    from hlsexplore.report import Report
    from hlsexplore.study import Study
    from hlsexplore.target import Target

__version__ = "0.1.0"

__all__ = [
    "CancelledError",
    "ConfigError",
    "DataError",
    "Design",
    "Emulator",
    "Fixed",
    "Graph",
    "HlsExploreError",
    "LayerConfig",
    "ModelError",
    "NoModelError",
    "Node",
    "Report",
    "Study",
    "StudyError",
    "Target",
    "ToolError",
    "Trace",
    "UnsupportedError",
    "__version__",
    "blame",
    "emulate",
    "estimate",
    "fine_tune",
    "load_example",
    "predict",
    "propose_types",
    "read_design",
    "read_model",
    "trace",
]

_LAZY = {
    "Design": ("design", "Design"),
    "Fixed": ("fixed", "Fixed"),
    "Graph": ("graph", "Graph"),
    "LayerConfig": ("layer_config", "LayerConfig"),
    "Node": ("graph", "Node"),
    "Report": ("report", "Report"),
    "Target": ("target", "Target"),
    "Emulator": ("emulate", "Emulator"),
    "Study": ("study", "Study"),
    "Trace": ("emulate", "Trace"),
    "blame": ("emulate", "blame"),
    "emulate": ("emulate", "emulate"),
    "estimate": ("estimate", "estimate"),
    "fine_tune": ("compress", "fine_tune"),
    "load_example": ("examples", "load"),
    "predict": ("emulate", "float_forward"),
    "propose_types": ("emulate", "propose_types"),
    "read_design": ("foreign_design", "read_design"),
    "read_model": ("importers", "read_model"),
    "trace": ("emulate", "trace"),
}
"""Public name -> module and name there; imported at first use, so that `import hlsexplore` stays light."""


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'hlsexplore' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = getattr(import_module(f"hlsexplore.{module}"), attribute)
    globals()[name] = value
    return value
