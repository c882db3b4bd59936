"""Servers of `lab` and `app`: their token stays private, and nothing of them outlives hlsexplore."""

import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hlsexplore.errors import CancelledError, ToolError
from hlsexplore_widgets import serve
from hlsexplore_widgets.notebook import notebook_text

STARTERS = {"lab": serve.start_lab, "voila": serve.start_voila}
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    file = tmp_path / "my notebook.ipynb"
    file.write_text(notebook_text([("code", "import time; time.sleep(0)")]))
    return file


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HLSEXPLORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HLSEXPLORE_WORK", str(tmp_path_factory.mktemp("work")))
    for name in list(os.environ):
        if name.startswith(("JUPYTER", "IPYTHON")):
            monkeypatch.delenv(name)
    return home


def command_lines() -> Iterator[bytes]:
    """The arguments of every process, as every local user can read them."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield (folder / "cmdline").read_bytes()
            except OSError:
                continue


def files_with(token: str, *roots: Path) -> list[Path]:
    """Files that hold a text and that others may read, by their own permissions."""
    found = []
    for root in roots:
        for path in root.rglob("*"):
            is_open = path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
            if is_open and token.encode() in path.read_bytes():
                found.append(path)
    return found


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return int(answer.status) if "/login" not in answer.url else 403
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("kind", ["lab", "voila"])
def test_token_is_needed_and_seen_by_nobody_else(kind: str, notebook: Path, tmp_path: Path, own_folders: Path) -> None:
    log = tmp_path / "server.log"
    server = STARTERS[kind](notebook, log=log)
    try:
        assert status_of(server.url) == 200
        assert status_of(f"http://127.0.0.1:{server.port}/api/kernels") in (401, 403, 404)
        assert status_of(f"http://127.0.0.1:{server.port}/?token=wrong") == 403
        assert [line for line in command_lines() if server.token.encode() in line] == []
        assert files_with(server.token, tmp_path, Path(os.environ["HLSEXPLORE_WORK"])) == []
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        descendants = psutil.Process(server.process.pid).children(recursive=True)
        assert descendants
    finally:
        server.close()
    assert all(not item.is_running() for item in descendants)
    assert list(own_folders.rglob("*")) == [], "with HLSEXPLORE_CACHE nothing is written at home"
    server.close()


HOLD = """
import sys, threading
from pathlib import Path
from hlsexplore_widgets import serve
server = serve.start_lab(Path(sys.argv[1]), log=Path(sys.argv[2]))
import json, urllib.request
request = urllib.request.Request(f"http://127.0.0.1:{server.port}/api/kernels", b"{}", method="POST",
                                 headers={"Authorization": f"token {server.token}"})
urllib.request.urlopen(request, timeout=30).read()
print(server.process.pid, flush=True)
threading.Event().wait()
"""


def test_server_and_kernels_die_with_a_killed_parent(notebook: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(notebook), str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        guardian = int(parent.stdout.readline())
        kernels = [item for item in psutil.Process(guardian).children(recursive=True) if item.is_running()]
        assert any("ipykernel" in " ".join(item.cmdline()) for item in kernels)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        _, alive = psutil.wait_procs([psutil.Process(guardian), *kernels], timeout=30)
    assert alive == []


def test_browser_gets_a_private_page_and_a_log_of_others_no_token(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that opens a browser shows what it opens in the list of processes."""
    server = serve.start_voila(notebook, log=tmp_path / "log")
    opened: list[str] = []

    def note(url: str) -> bool:
        page = Path(url.removeprefix("file://"))
        assert stat.S_IMODE(page.stat().st_mode) == 0o600 and stat.S_IMODE(page.parent.parent.stat().st_mode) == 0o700
        assert f"url={server.url}" in page.read_text()
        opened.append(url)
        os.kill(server.process.pid, signal.SIGKILL)
        return True

    monkeypatch.setattr("webbrowser.open", note)
    errors = tmp_path / "stderr"
    errors.touch(mode=0o644)
    with errors.open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        serve._serve(server, "The explorer", True, None)
    assert len(opened) == 1 and server.token not in opened[0] and not Path(opened[0].removeprefix("file://")).exists()
    assert server.token not in errors.read_text()
    assert errors.read_text().startswith(
        f"The explorer runs at http://127.0.0.1:{server.port}; others can read this file"
    )


def test_start_that_is_cancelled_or_fails_leaves_no_process(notebook: Path, tmp_path: Path) -> None:
    import threading

    before = {item.pid for item in psutil.Process().children(recursive=True)}
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    start = time.monotonic()
    with pytest.raises(CancelledError) as error:
        serve.start_lab(notebook, log=tmp_path / "log", cancel=cancel)
    assert str(error.value) == "JupyterLab was ended before it ran." and time.monotonic() - start < 25
    with pytest.raises(ToolError, match=r"Voila did not start \(exit code \d+\)"):
        serve.start_voila(notebook, ("--no-such-option=1", "--Voila.ip=256.1.1.1"), log=tmp_path / "log")
    assert {item.pid for item in psutil.Process().children(recursive=True)} <= before
