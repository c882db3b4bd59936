"""Frames of kernel messages leave the Jupyter server at once."""

import json
import socket
from importlib.resources import files
from types import SimpleNamespace

import pytest

pytest.importorskip("jupyter_server")

from jupyter_server.services.kernels.connection.base import BaseKernelWebsocketConnection
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from hlsexplore_widgets.serve import CONNECTION
from hlsexplore_widgets.websocket import SETTING, PromptConnection, _load_jupyter_server_extension, prompt


class Connection(BaseKernelWebsocketConnection):
    async def connect(self) -> None:
        """Connect to nothing."""


class Handler(WebSocketHandler):
    async def open(self) -> None:
        await prompt(Connection)(websocket_handler=self).connect()
        stream = self.ws_connection.stream
        await self.write_message(str(stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))


def test_frames_do_not_wait_for_an_acknowledgement() -> None:
    async def ask():
        listening, port = bind_unused_port()
        server = HTTPServer(Application([("/", Handler)]))
        server.add_socket(listening)
        client = await websocket_connect(f"ws://127.0.0.1:{port}/")
        try:
            return await client.read_message()
        finally:
            client.close()
            server.stop()
            await server.close_all_connections()

    loop = IOLoop(make_current=False)
    try:
        assert int(loop.run_sync(ask, timeout=10)) != 0
    finally:
        loop.close(all_fds=True)


def test_extension_keeps_the_connection_class_of_the_server() -> None:
    server = SimpleNamespace(web_app=SimpleNamespace(settings={SETTING: Connection}))
    _load_jupyter_server_extension(server)
    assert issubclass(server.web_app.settings[SETTING], Connection)


def test_extension_leaves_a_prompt_connection_as_it_is() -> None:
    server = SimpleNamespace(web_app=SimpleNamespace(settings={SETTING: PromptConnection}))
    _load_jupyter_server_extension(server)
    assert server.web_app.settings[SETTING] is PromptConnection


def test_names_in_options_and_configuration_exist() -> None:
    path = CONNECTION.split("=")[1]
    assert path == f"{prompt.__module__}.PromptConnection"
    text = files("hlsexplore_widgets").joinpath("jupyter/server/hlsexplore.json").read_text()
    assert list(json.loads(text)["ServerApp"]["jpserver_extensions"]) == [prompt.__module__]
