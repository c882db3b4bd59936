"""Notes to the user."""

from collections.abc import Mapping
from typing import Any

from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import Toasts
from hlsexplore_widgets.state import ExplorerState


class ToastsPanel:
    """What went wrong or was done, until the user closes it.

    Attributes:
        view: The widget.
    """

    def __init__(self, state: ExplorerState) -> None:
        """Show the state's messages."""
        self._state = state
        self.view = Toasts(state, self._receive)
        state.subscribe(self._show, "messages")
        self._show("messages")

    def _show(self, topic: Topic) -> None:
        self.view.messages = [
            {"id": item.number, "level": item.level, "text": item.text} for item in self._state.messages
        ]

    def _receive(self, message: Mapping[str, Any]) -> None:
        if message.get("ev") == "close":
            self._state.dismiss(int(message["id"]))
