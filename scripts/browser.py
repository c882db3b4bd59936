"""JupyterLab, Notebook 7 and Voila in a headless Chromium, offline: for browser tests, benchmark and screenshots."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hlsexplore.support.cache import cache_directory
from hlsexplore_widgets.notebook import notebook_text
from hlsexplore_widgets.serve import Server, start_lab, start_voila

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
KERNEL_PAGES = ("lab", "notebook")
"""Pages of which the user runs the cells; Voila does by itself."""
KERNEL_IS_IDLE = """() => {
  const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
  return kernel && kernel.connectionStatus === 'connected' && kernel.status === 'idle';
}"""
FIGURES_ARE_SHOWN = "() => document.querySelector('.hx-tiles')?.getAttribute('aria-busy') === 'false'"


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(kind: str, notebook: Path, theme: str = "light") -> Iterator[Server]:
    """Serve a copy of a notebook with `lab`, `notebook` or `voila`, in folders of its own."""
    with serving_copy(kind, notebook, theme) as (server, _):
        yield server


@contextmanager
def serving_copy(kind: str, notebook: Path, theme: str = "light") -> Iterator[tuple[Server, Path]]:
    """Serve a copy of a notebook as `serving` does, and tell where the copy is."""
    with tempfile.TemporaryDirectory(prefix="hlsexplore-browser-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        (root / "work").mkdir()
        copy = Path(shutil.copy(notebook, root / "work"))
        env = private_environment(root)
        log = root / "server.log"
        if kind in KERNEL_PAGES:
            options = [f"--{app}.expose_app_in_browser=True" for app in ("LabApp", "JupyterNotebookApp")]
            server = start_lab(copy, options, env, log)
        else:
            server = start_voila(copy, [f"--theme={theme}"], env, log)
        try:
            yield server, copy
        finally:
            server.close()


def private_environment(root: Path) -> dict[str, str]:
    """Return an environment in which Jupyter reads and writes nothing outside a folder.

    Compiled code is kept where it always is: a server with an empty cache would compile for half a minute.
    """
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    labs = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    folders = {key: str(root / key.lower()) for key in (*names, *labs)}
    own = {"HLSEXPLORE_CACHE": str(cache_directory()), "HLSEXPLORE_CALIBRATION": str(root / "calibration.json")}
    return {**os.environ, **folders, **own, "JUPYTER_PLATFORM_DIRS": "1", "OMP_NUM_THREADS": "1", "HOME": str(root)}


@contextmanager
def opened(
    browser: Any, kind: str, server: Server, width: int = 1400, height: int = 1000, script: str = ""
) -> Iterator[Any]:
    """Open a page whose every request must stay on loopback, and run the notebook; `script` runs before the page's.

    Raises:
        AssertionError: If the page asked for something elsewhere, or a script failed.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=1)
    context.add_init_script(script)
    page = context.new_page()
    foreign: list[str] = []
    failures: list[str] = []
    context.route("**/*", lambda route: _stay(route, foreign))
    page.on("pageerror", lambda error: None if _is_of_notebook(error) else failures.append(str(error)))
    # Notebook 7 is an extension of the server that JupyterLab starts, with pages of its own.
    page.goto(server.url.replace("/lab/tree/", "/notebooks/") if kind == "notebook" else server.url, timeout=120_000)
    if kind in KERNEL_PAGES:
        page.wait_for_function(KERNEL_IS_IDLE, timeout=180_000)
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        page.add_locator_handler(page.get_by_text("Would you like to get notified"), _decline)
    try:
        yield page
    finally:
        context.close()
    if foreign or failures:
        raise AssertionError(f"requests off loopback: {foreign}; failures: {failures}")


def wait_for_figures(page: Any, timeout_s: float = 60.0) -> None:
    """Wait until the tiles show the figures of the newest design."""
    page.wait_for_function(FIGURES_ARE_SHOWN, timeout=1000 * timeout_s)


def write_notebook(path: Path, source: str) -> Path:
    """Write a notebook with one cell of code; return its path."""
    path.write_text(notebook_text([("code", source.strip())]), encoding="utf-8")
    return path


def set_lab_theme(page: Any, theme: str) -> None:
    """Switch JupyterLab or Notebook 7 to its light or dark theme."""
    name = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[theme]
    page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })", name)
    state = {"light": "true", "dark": "false"}[theme]
    page.wait_for_selector(f"body[data-jp-theme-light={state}]", state="attached")


def _decline(notice: Any) -> None:
    """Close JupyterLab's question about news."""
    notice.page.get_by_role("button", name="No", exact=True).click()


def _is_of_notebook(error: Any) -> bool:
    """Whether a script of Notebook 7 itself failed: 7.6.5 reads the schema of a plugin that is not there yet."""
    stack = error.stack or ""
    return "/static/notebook/" in stack and "blob:" not in stack


def _stay(route: Any, foreign: list[str]) -> None:
    host = urlsplit(route.request.url).hostname
    if host in ("127.0.0.1", "localhost", None):
        route.continue_()
    else:
        foreign.append(route.request.url)
        route.abort()
