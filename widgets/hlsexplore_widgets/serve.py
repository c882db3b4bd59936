"""JupyterLab and Voila on loopback: `hlsexplore lab` and `hlsexplore app`; the tests' servers too."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.support.files import replace_text
from hlsexplore_widgets.notebook import notebook_text

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
QUICKSTART = "01_quickstart.ipynb"
FOLDER = "hlsexplore-notebooks"
CONNECTION = "kernel_websocket_connection_class=hlsexplore_widgets.websocket.PromptConnection"
EXAMPLE_LINE = 'EXAMPLE = "jets"'
"""The line of the quickstart notebook that chooses the example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server.

    Attributes:
        process: Its process, leader of a process group of its own.
        url: Where a browser finds it, token included.
        port: Its port on loopback.
        token: Needed by every request.
    """

    process: "subprocess.Popen[bytes]"
    url: str
    port: int
    token: str

    def close(self) -> None:
        """End the server and its kernels."""
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT_S)
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        elif self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def start_lab(
    notebook: Path, options: Sequence[str] = (), env: Mapping[str, str] | None = None, log: Path | None = None
) -> Server:
    """Start JupyterLab on a notebook, on loopback, with a free port and a token.

    Args:
        notebook: The notebook; its folder is what the server shows.
        options: More options of JupyterLab.
        env: Environment; this process's when None.
        log: File for its output; this process's stderr when None.

    Raises:
        ToolError: If it is not installed or does not start.
    """
    port, token = _free_port(), secrets.token_hex(24)
    command = [
        *_module("jupyterlab"),
        "--no-browser",
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.{CONNECTION}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={notebook.resolve().parent}",
        *_as_root("--allow-root"),
        *options,
    ]
    # The kernel's status goes to the status bar: in the notebook's toolbar each `busy` and `idle` lays out the page.
    env = _with_folder(env, "JUPYTER_CONFIG_PATH", "jupyter/lab")
    url = f"http://{HOST}:{port}/lab/tree/{notebook.name}?token={token}"
    return _start(command, url, port, token, env, log)


def start_voila(
    notebook: Path, options: Sequence[str] = (), env: Mapping[str, str] | None = None, log: Path | None = None
) -> Server:
    """Start Voila on a notebook; arguments and errors as for `start_lab`."""
    port, token = _free_port(), secrets.token_hex(24)
    command = [
        *_module("voila"),
        str(notebook.resolve()),
        "--no-browser",
        f"--Voila.ip={HOST}",
        f"--port={port}",
        "--Voila.port_retries=0",
        f"--Voila.{CONNECTION}",
        f"--token={token}",
        "--template=hlsexplore",
        *options,
    ]
    env = _with_folder(env, "JUPYTER_PATH", "jupyter")
    return _start(command, f"http://{HOST}:{port}/?token={token}", port, token, env, log)


def _with_folder(env: Mapping[str, str] | None, name: str, folder: str) -> dict[str, str]:
    """Return an environment (this process's when None) with a folder of this package first in a search path."""
    found = dict(os.environ if env is None else env)
    found[name] = os.pathsep.join(filter(None, (str(files("hlsexplore_widgets") / folder), found.get(name))))
    return found


def lab(demo: str | None = None, browser: bool = True, folder: str | Path = FOLDER) -> int:
    """Open JupyterLab on the bundled notebooks and wait until it ends.

    Args:
        demo: Example that the quickstart shows; `jets` when None.
        browser: Whether to open a browser.
        folder: Where the notebooks are copied to; notebooks that are there already stay as they are.

    Returns:
        Exit code.

    Raises:
        ConfigError: If the example does not exist or the folder cannot be written.
        ToolError: If JupyterLab is missing or does not start.
    """
    notebook = copy_notebooks(Path(folder), demo)
    return _serve(start_lab(notebook), "JupyterLab", browser)


def app(
    model: str | Path,
    data: str | Path,
    design: str | Path | None = None,
    weights: str | Path | None = None,
    browser: bool = True,
    theme: str = "light",
    task: str | Mapping[str, str] | None = None,
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

    Returns:
        Exit code.

    Raises:
        ConfigError: If a file is missing.
        ToolError: If Voila is missing or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="hlsexplore-app-") as name:
        notebook = write_application(Path(name), model, data, design, weights, task)
        return _serve(start_voila(notebook, (f"--theme={theme}",)), "The explorer", browser)


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


def _serve(server: Server, what: str, browser: bool) -> int:
    sys.stderr.write(f"{what} runs at {server.url}\nPress Ctrl-C to end it.\n")
    sys.stderr.flush()
    try:
        if browser:
            webbrowser.open(server.url)
        return server.process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.close()


def _start(
    command: list[str], url: str, port: int, token: str, env: Mapping[str, str] | None, log: Path | None
) -> Server:
    output = log.open("wb") if log is not None else None
    try:
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output or sys.stderr,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        if output is not None:
            output.close()
    server = Server(process=process, url=url, port=port, token=token)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            server.close()
            tail = "" if log is None else "\n" + log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ToolError(f"{command[2]} did not start (exit code {process.returncode}).{tail}")
        time.sleep(0.05)
    return server


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _module(name: str) -> list[str]:
    if find_spec(name) is None:
        raise ToolError(f"{name} is not installed. Install the panels: pip install 'hlsexplore[widgets]'.")
    return [sys.executable, "-m", name]


def _as_root(option: str) -> list[str]:
    return [option] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _write_new(path: Path, text: str) -> None:
    if not path.exists():
        replace_text(path, text)
