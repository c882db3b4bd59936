"""JupyterLab and Voila on loopback: `hlsexplore lab` and `hlsexplore app`; the tests' servers too."""

import html
import json
import os
import secrets
import socket
import stat
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hlsexplore.errors import CancelledError, ConfigError, ToolError
from hlsexplore.support import guard
from hlsexplore.support.cache import cache_directory
from hlsexplore.support.files import replace_bytes, replace_text
from hlsexplore.support.guard import Guarded
from hlsexplore.support.work_folder import work_folder
from hlsexplore_widgets.notebook import notebook_text

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 2.5
"""Time that a server has to end its kernels in order, before all of them are killed."""
POLL_S = 0.05
QUICKSTART = "01_quickstart.ipynb"
FOLDER = "hlsexplore-notebooks"
CONNECTION = "kernel_websocket_connection_class=hlsexplore_widgets.websocket.PromptConnection"
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
    "MPLCONFIGDIR": "matplotlib",
    "npm_config_cache": "npm",
}
"""Variables that say where Jupyter, IPython, Matplotlib and npm, which JupyterLab asks for its servers of languages,
keep files, and our folders for them."""
EXAMPLE_LINE = 'EXAMPLE = "jets"'
"""The line of the quickstart notebook that chooses the example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server; it and its kernels end with this process, however that ends.

    Attributes:
        program: The server below its guardian.
        url: Where a browser finds it, token included.
        port: Its port on loopback.
        token: Needed by every request.
    """

    program: Guarded
    url: str
    port: int
    token: str

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The guardian, whose descendants are the server and its kernels."""
        return self.program.process

    def close(self) -> None:
        """End the server and its kernels."""
        self.program.stop()
        self.program.finish()


def start_lab(
    notebook: Path,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    cancel: threading.Event | None = None,
) -> Server:
    """Start JupyterLab on a notebook, on loopback, with a free port and a token.

    Args:
        notebook: The notebook; its folder is what the server shows.
        options: More options of JupyterLab.
        env: Environment; this process's when None.
        log: File for its output, which only this user may read; this process's stderr when None.
        cancel: Ends the start when set.

    Raises:
        ToolError: If it is not installed or does not start.
        CancelledError: If `cancel` was set.
    """
    port = _free_port()
    command = [
        *_module("jupyterlab.labapp"),
        "--no-browser",
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.{CONNECTION}",
        f"--ServerApp.root_dir={notebook.resolve().parent}",
        *_as_root("--allow-root"),
        *options,
    ]
    # The kernel's status goes to the status bar: in the notebook's toolbar each `busy` and `idle` lays out the page.
    env = _with_folder(env, "JUPYTER_CONFIG_PATH", "jupyter/lab")
    return _start("JupyterLab", command, port, f"lab/tree/{quote(notebook.name)}", env, log, cancel)


def start_voila(
    notebook: Path,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    cancel: threading.Event | None = None,
) -> Server:
    """Start Voila on a notebook; arguments and errors as for `start_lab`."""
    port = _free_port()
    command = [
        *_module("voila.app"),
        str(notebook.resolve()),
        "--no-browser",
        f"--Voila.ip={HOST}",
        f"--port={port}",
        "--Voila.port_retries=0",
        f"--Voila.{CONNECTION}",
        "--template=hlsexplore",
        *options,
    ]
    env = _with_folder(env, "JUPYTER_PATH", "jupyter")
    return _start("Voila", command, port, "", env, log, cancel)


def _with_folder(env: Mapping[str, str] | None, name: str, folder: str) -> dict[str, str]:
    """Return an environment (this process's when None) with a folder of this package first in a search path.

    Where `HLSEXPLORE_CACHE` is set, Jupyter and IPython keep their files there too.
    """
    found = dict(os.environ if env is None else env)
    if found.get("HLSEXPLORE_CACHE"):
        kept = cache_directory().absolute() / "jupyter"
        found = {**{variable: str(kept / part) for variable, part in FOLDERS.items()}, **found}
    found[name] = os.pathsep.join(filter(None, (str(files("hlsexplore_widgets") / folder), found.get(name))))
    return found


def lab(
    demo: str | None = None,
    browser: bool = True,
    folder: str | Path = FOLDER,
    cancel: threading.Event | None = None,
) -> int:
    """Open JupyterLab on the bundled notebooks and wait until it ends.

    Args:
        demo: Example that the quickstart shows; `jets` when None.
        browser: Whether to open a browser.
        folder: Where the notebooks are copied to; notebooks that are there already stay as they are.
        cancel: Ends it when set.

    Returns:
        Exit code of a server that ended by itself.

    Raises:
        ConfigError: If the example does not exist or the folder cannot be written.
        ToolError: If JupyterLab is missing or does not start.
        CancelledError: If `cancel` was set.
    """
    notebook = copy_notebooks(Path(folder), demo)
    return _serve(start_lab(notebook, cancel=cancel), "JupyterLab", browser, cancel)


def app(
    model: str | Path,
    data: str | Path,
    design: str | Path | None = None,
    weights: str | Path | None = None,
    browser: bool = True,
    theme: str = "light",
    task: str | Mapping[str, str] | None = None,
    cancel: threading.Event | None = None,
) -> int:
    """Serve the explorer of a model as an application and wait until it ends.

    Args:
        model: Model file.
        data: File `.npz` with `x` and optionally `y`.
        design: Design file to begin with.
        weights: Weights of the model, where they lie in a second file.
        browser: Whether to open a browser.
        theme: `light` or `dark`.
        task: What the outputs are for; found when None.
        cancel: Ends it when set.

    Returns:
        Exit code of a server that ended by itself.

    Raises:
        ConfigError: If a file is missing.
        ToolError: If Voila is missing or does not start.
        CancelledError: If `cancel` was set.
    """
    with work_folder() as folder:
        notebook = write_application(folder, model, data, design, weights, task)
        return _serve(start_voila(notebook, (f"--theme={theme}",), cancel=cancel), "The explorer", browser, cancel)


def write_application(
    folder: Path,
    model: str | Path,
    data: str | Path,
    design: str | Path | None = None,
    weights: str | Path | None = None,
    task: str | Mapping[str, str] | None = None,
) -> Path:
    """Write the notebook behind `hlsexplore app`; the paths are beside it as data, never in its code.

    Returns:
        The notebook.

    Raises:
        ConfigError: If a file is missing.
    """
    paths = {"model": model, "data": data, "design": design, "weights": weights}
    for kind, path in paths.items():
        if path is not None and not Path(path).exists():
            raise ConfigError(f"the {kind} file {str(path)!r} does not exist.")
    found = {kind: None if path is None else str(Path(path).resolve()) for kind, path in paths.items()}
    (folder / "application.json").write_text(json.dumps({**found, "task": task}), encoding="utf-8")
    source = "from hlsexplore_widgets.application import application\n\napplication('application.json')"
    notebook = folder / "explorer.ipynb"
    notebook.write_text(notebook_text([("code", source)]), encoding="utf-8")
    return notebook


def copy_notebooks(folder: Path, demo: str | None = None) -> Path:
    """Copy the bundled notebooks.

    Args:
        folder: Where to; files that are there already stay as they are.
        demo: Example that the quickstart shows; its notebook then carries the example's name.

    Returns:
        The quickstart notebook.

    Raises:
        ConfigError: If the example does not exist or the folder cannot be written.
    """
    if demo is not None:
        from hlsexplore.examples import NAMES

        if demo not in NAMES:
            raise ConfigError(f"unknown example {demo!r}. The examples are {', '.join(map(repr, NAMES))}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in bundled_notebooks().items():
            _write_new(folder / name, text)
        if demo is None:
            return folder / QUICKSTART
        chosen = folder / QUICKSTART.replace(".ipynb", f"_{demo}.ipynb")
        text = bundled_notebooks()[QUICKSTART]
        _write_new(chosen, text.replace(json.dumps(EXAMPLE_LINE)[1:-1], json.dumps(f'EXAMPLE = "{demo}"')[1:-1]))
        return chosen
    except OSError as error:
        raise ConfigError(f"cannot write to {str(folder)!r}: {error.strerror or error}.") from None


def bundled_notebooks() -> dict[str, str]:
    """Return the notebooks that come with the package, name -> text."""
    with as_file(files("hlsexplore_widgets")) as package:
        for place in (package / "notebooks", package.parents[1] / "notebooks"):
            found = sorted(place.glob("[0-9]*.ipynb"))
            if found:
                return {path.name: path.read_text(encoding="utf-8") for path in found}
    raise ToolError("the bundled notebooks are missing. Install hlsexplore again.")


def _serve(server: Server, what: str, browser: bool, cancel: threading.Event | None) -> int:
    """Wait for the end of a server, which is `cancel` as a rule.

    Raises:
        CancelledError: If `cancel` was set.
    """
    cancel = cancel or threading.Event()
    with closing(server), work_folder() as private:
        page = private / "open.html"
        replace_bytes(page, _redirect(server.url).encode(), mode=0o600)
        sys.stderr.write(f"{what} runs at {_told(server, page)}\nPress Ctrl-C to end it.\n")
        sys.stderr.flush()
        if browser:
            webbrowser.open(page.as_uri())
        while server.process.poll() is None:
            if cancel.wait(POLL_S):
                raise CancelledError(f"{what} was ended.")
        return int(server.program.finish().get("exit_code", 1))


def _redirect(url: str) -> str:
    """Write a page that leads to an address: programs that open browsers show theirs in the list of processes."""
    shown = html.escape(url)
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={shown}">'
        f'<title>hlsexplore</title></head><body><a href="{shown}">Open hlsexplore</a></body></html>\n'
    )


def _told(server: Server, page: Path) -> str:
    """Return the address as it may be told: without the token where others can read what is written."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return server.url
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        return f"http://{HOST}:{server.port}; others can read this file, so the token is in {page} only."
    return server.url


def _start(
    what: str,
    command: list[str],
    port: int,
    path: str,
    env: Mapping[str, str],
    log: Path | None,
    cancel: threading.Event | None,
) -> Server:
    token = secrets.token_hex(24)
    output: Any = sys.stderr
    if log is not None:
        output = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        log.chmod(0o600)
    try:
        program = guard.start(
            command,
            env=env,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            grace_s=STOP_TIMEOUT_S,
            is_server=True,
        )
    finally:
        if log is not None:
            output.close()
    url = f"http://{HOST}:{port}/{path}?token={token}"
    server = Server(program=program, url=url, port=port, token=token)
    try:
        _tell(program, token)
        _wait(server, what, log, cancel)
    except BaseException:
        server.close()
        raise
    return server


def _tell(program: Guarded, token: str) -> None:
    """Hand the token to the server; one that died already is found by `_wait`."""
    if program.process.stdin is not None:
        with suppress(OSError):
            program.process.stdin.write(f"{token}\n".encode())
            program.process.stdin.close()


def _wait(server: Server, what: str, log: Path | None, cancel: threading.Event | None) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(server.port):
        if cancel is not None and cancel.is_set():
            raise CancelledError(f"{what} was ended before it ran.")
        if server.process.poll() is not None or time.monotonic() > deadline:
            server.program.stop()
            code = server.program.finish().get("exit_code")
            tail = "" if log is None else "\n" + log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ToolError(f"{what} did not start (exit code {code}).{tail}")
        time.sleep(POLL_S)


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _module(name: str) -> list[str]:
    package = name.partition(".")[0]
    if find_spec(package) is None:
        raise ToolError(f"{package} is not installed. Install the panels: pip install 'hlsexplore[widgets]'.")
    return [sys.executable, "-P", str(files("hlsexplore_widgets") / "launch.py"), name]


def _as_root(option: str) -> list[str]:
    return [option] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _write_new(path: Path, text: str) -> None:
    if not path.exists():
        replace_text(path, text)
