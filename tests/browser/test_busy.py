"""Run All: the page draws and answers while a later cell computes for a long time."""

import sys
from pathlib import Path
from typing import Any

import pytest

from hlsexplore_widgets.notebook import notebook_text

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import browser as harness

SOURCE = """
import hlsexplore as hx
from hlsexplore_widgets import Explorer

example = hx.load_example("jets")
explorer = Explorer(example.graph, example.x[:2000], example.labels[:2000])
explorer
"""
BUSY_S = 120

pytestmark = pytest.mark.browser


def test_page_is_alive_while_a_later_cell_runs(chromium: Any, tmp_path: Path) -> None:
    notebook = tmp_path / "explorer.ipynb"
    busy = f"import time\nfor second in range({BUSY_S}):\n    time.sleep(1)\nprint('the cell', 'has ended')"
    notebook.write_text(notebook_text([("code", SOURCE), ("code", busy)]))
    with harness.serving("lab", notebook) as server, harness.opened(chromium, "lab", server) as page:
        page.wait_for_selector("[data-tile=lut]", timeout=90_000)
        page.wait_for_selector(".hx-area-explore .js-plotly-plot .main-svg", timeout=60_000)
        harness.wait_for_figures(page, 30)
        before = page.locator("[data-tile=lut] b").inner_text()
        field = page.get_by_role("textbox", name="fc1 weights: type")
        field.fill("fixed<3,1>")
        field.press("Enter")
        page.wait_for_function(
            "old => document.querySelector('[data-tile=lut] b').innerText !== old", arg=before, timeout=20_000
        )
        assert "the cell has ended" not in page.locator(".jp-OutputArea").all_inner_texts()[-1]
