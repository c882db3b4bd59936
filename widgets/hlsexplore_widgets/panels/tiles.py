"""The head of the explorer: title, history, read-outs."""

from collections.abc import Mapping
from typing import Any

from hlsexplore_widgets.components import Tiles
from hlsexplore_widgets.readout import shown_data
from hlsexplore_widgets.state import ExplorerState, Topic


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
        with state.lock:  # the first figures may arrive at any moment
            self.view = Tiles(state, self._receive, shown=shown_data(state, title, note))
            state.subscribe(self._show, "score", "design", "live", "baseline")

    def _show(self, topic: Topic) -> None:
        state = self._state
        if topic == "design" and state.live.revision != state.revision and state.live.seq < state.seq:
            return  # a browser made the change and knows; the figures follow in one message
        self.view.shown = shown_data(state, self._title, self._note)

    def _receive(self, message: Mapping[str, Any]) -> None:
        seq = float(message.get("seq", 0.0))
        match message.get("ev"):
            case "undo":
                self._state.undo(seq)
            case "redo":
                self._state.redo(seq)
            case "reset":
                self._state.reset(seq)
            case "pin":
                self._state.pin(seq)
