"""The head of the explorer: title, history, read-outs."""

from collections.abc import Mapping
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.estimate.devices import devices
from hlsexplore.estimate.estimator import Level
from hlsexplore.target import Io, Tool
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import Tiles
from hlsexplore_widgets.panels.designs import receive
from hlsexplore_widgets.protocol import TargetData
from hlsexplore_widgets.readout import shown_data
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.tables import figure_table
from hlsexplore_widgets.tool_table import tool_table

LEVELS: tuple[Level, ...] = ("hls", "logic")
"""What the tiles, the table and the plot may speak of."""


class TilesPanel:
    """Figures of the current design against budget and baseline, and undo, redo, reset, pin.

    Attributes:
        view: The widget.
    """

    def __init__(self, state: ExplorerState, title: str, note: str = "") -> None:
        """Show the state."""
        self._state = state
        self._title = title
        self._note = note
        self._shows_tools = False
        with state.lock:  # the first figures may arrive at any moment
            self.view = Tiles(
                state,
                self._receive,
                shown=shown_data(state, title, note),
                target=target_data(state.design, state.level),
            )
            self.view.table = lambda: figure_table(state)
            state.subscribe(self._show, "score", "design", "live", "plan", "baseline")

    def _show(self, topic: Topic) -> None:
        state = self._state
        if topic == "design":
            self.view.target = target_data(state.design, state.level)
        if topic == "design" and state.live.revision != state.revision and state.live.seq < state.seq:
            return  # a browser made the change and knows; the figures follow in one message
        self.view.shown = shown_data(state, self._title, self._note)
        if self._shows_tools and topic in ("design", "live"):
            self.view.tools = tool_table(state.compared(state.design))

    def _receive(self, message: Mapping[str, Any]) -> None:
        seq = float(message.get("seq", 0.0))
        if receive(self._state, self.view, message):
            return
        match message.get("ev"):
            case "undo":
                self._state.undo(seq)
            case "redo":
                self._state.redo(seq)
            case "reset":
                self._state.reset(seq)
            case "pin":
                self._state.pin(seq)
            case "tools":
                self._shows_tools = bool(message.get("open"))
                if self._shows_tools:
                    self.view.tools = tool_table(self._state.compared(self._state.design))
            case "target":
                design, level = _retargeted(self._state.design, message), _level_of(message, self._state.level)
                if design != self._state.design:
                    self._state.load(design, seq=seq)
                self._state.show_level(level, seq)


def target_data(design: Design, level: Level) -> TargetData:
    """Return the target, the level of estimates and what can be chosen, for the browser."""
    target = design.target
    return {
        "part": target.part,
        "clock_ns": f"{target.clock_ns:g}",
        "io": str(target.io),
        "tool": str(target.tool),
        "level": level,
        "choices": {
            "part": [item.part for item in devices()],
            "io": [str(item) for item in Io],
            "tool": [str(item) for item in Tool],
            "level": list(LEVELS),
        },
    }


def _level_of(message: Mapping[str, Any], now: Level) -> Level:
    """Return the level of a browser's form.

    Raises:
        ConfigError: If there is no such level.
    """
    text = str(message.get("level", now))
    for level in LEVELS:
        if level == text:
            return level
    raise ConfigError(unknown_name("level", text, LEVELS, "The explorer"))


def _retargeted(design: Design, message: Mapping[str, Any]) -> Design:
    """Return the design for the target of a browser's form.

    Raises:
        ConfigError: If a value is not valid.
    """
    text = str(message.get("clock_ns", design.target.clock_ns)).replace(",", ".")
    try:
        clock_ns = float(text)
    except ValueError:
        raise ConfigError(f"the clock period must be a number of ns, such as 5, not {text!r}.") from None
    chosen = {key: str(message[key]) for key in ("part", "io", "tool") if key in message}
    return design.with_target(clock_ns=clock_ns, **chosen)
