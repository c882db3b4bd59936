"""JupyterLab, Notebook 7 and Voila on loopback in a real headless Chromium; every request elsewhere fails the test."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import browser as harness  # noqa: E402

SOURCE = """
import hlsexplore as hx
from hlsexplore.examples import load
from hlsexplore_widgets import Explorer

example = load("jets")
x, labels = example.x[:2000], example.labels[:2000]
study = hx.Study("study.db", example.graph, x, labels)
study.sweep({"per_layer": {"weight": [4, 6, 8, 12], "result": [6, 8, 12]}, "uniform": {"reuse": [1, 4, 16]}}, trials=30)
explorer = Explorer(example.graph, x, labels, study=study, classes=example.classes, note="SYNTHETIC data")
explorer
"""


@pytest.fixture(scope="session")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook that the tests open: the jet tagger with a small study."""
    return harness.write_notebook(tmp_path_factory.mktemp("notebook") / "explorer.ipynb", SOURCE)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium for all tests."""
    if harness.find_chromium() is None:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM to its file")
    with harness.chromium() as browser:
        yield browser


@pytest.fixture(scope="session", params=["voila", "lab", "notebook"])
def served(request: pytest.FixtureRequest, notebook: Path) -> Iterator[tuple[str, Any]]:
    """A server of each kind, for all tests."""
    if request.param == "notebook":
        pytest.importorskip("notebook")
    with harness.serving(request.param, notebook) as server:
        yield request.param, server


@pytest.fixture(scope="session")
def opened(chromium: Any, served: tuple[str, Any]) -> Iterator[Any]:
    """One page of each kind for all tests: starting a kernel and a study for each would take minutes."""
    kind, server = served
    with harness.opened(chromium, kind, server) as page:
        ready(page)
        page.kind = kind
        yield page


@pytest.fixture
def page(opened: Any) -> Any:
    """The page with the first design again, no notes, no selection, at its usual size."""
    opened.set_viewport_size({"width": 1400, "height": 1000})
    # At once, in the page: a toast that goes by itself meanwhile is no button to wait for.
    opened.evaluate("() => document.querySelectorAll('.hx-toast button').forEach((button) => button.click())")
    opened.wait_for_timeout(100)
    for tabs in ("Trials", "Analysis of the design"):
        opened.get_by_role("tablist", name=tabs).get_by_role("tab").first.click()
    opened.evaluate("() => document.querySelectorAll('.hx-c-name input:checked').forEach(box => box.click())")
    opened.get_by_role("button", name="Reset").click()
    harness.wait_for_figures(opened, 30)
    opened.wait_for_timeout(300)
    return opened


def ready(page: Any) -> None:
    """Wait for figures in the tiles and a drawn plot."""
    page.wait_for_selector("[data-tile=score]", timeout=180_000)
    harness.wait_for_figures(page, 30)
    page.wait_for_selector(".hx-area-explore .js-plotly-plot .main-svg", timeout=120_000)
