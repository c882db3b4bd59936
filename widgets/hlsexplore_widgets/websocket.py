"""Kernel messages that reach the browser at once: an extension of the Jupyter server, not of kernels.

Tornado leaves Nagle's algorithm on for websockets. The kernel's answer to a message always comes as a second small
frame behind the status `busy`, and therefore waits until the browser's system acknowledges the first: 40 ms on Linux.
"""

from functools import cache
from typing import Any

from jupyter_server.services.kernels.connection.base import BaseKernelWebsocketConnection
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

SETTING = "kernel_websocket_connection_class"


@cache
def prompt(kind: type[BaseKernelWebsocketConnection]) -> type[BaseKernelWebsocketConnection]:
    """Return a connection class that sends every frame at once.

    Args:
        kind: The class that it extends.
    """

    class Prompt(kind):  # type: ignore[valid-type, misc]
        def connect(self) -> Any:
            self.websocket_handler.set_nodelay(True)
            return super().connect()

    return Prompt


PromptConnection = prompt(ZMQChannelsWebsocketConnection)
"""For servers that this package starts: the name goes into their options."""


def _load_jupyter_server_extension(server: Any) -> None:
    """Let any Jupyter server of an environment with this package send kernel messages at once."""
    settings = server.web_app.settings
    if settings[SETTING] is not PromptConnection:
        settings[SETTING] = prompt(settings[SETTING])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]
