"""Interactive panels for JupyterLab and Voila."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hlsexplore_widgets.application import explore
    from hlsexplore_widgets.explorer import Explorer
    from hlsexplore_widgets.state import ExplorerState

_MODULES = {"Explorer": "explorer", "ExplorerState": "state", "explore": "application"}

__all__ = ["Explorer", "ExplorerState", "explore"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use."""
    if name in _MODULES:
        from importlib import import_module

        value = getattr(import_module(f"hlsexplore_widgets.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
