"""What the page says of a kernel that does not answer, and of one that is gone."""

import browser as harness
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser

SOURCE = """
from hlsexplore.examples import load
from hlsexplore_widgets import Explorer

example = load("jets")
explorer = Explorer(example.graph, example.x[:500], example.labels[:500])
explorer
"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
DEAF_S = 8
DEAF = f"import ctypes; ctypes.PyDLL(None).sleep({DEAF_S})"
"""Code that keeps the interpreter: no thread of the kernel runs meanwhile."""


@pytest.fixture
def lab(chromium, tmp_path):
    notebook = harness.write_notebook(tmp_path / "explorer.ipynb", SOURCE)
    with harness.serving("lab", notebook) as server, harness.opened(chromium, "lab", server) as page:
        page.wait_for_selector("[data-tile=score]", timeout=90_000)
        harness.wait_for_figures(page, 60)
        yield page


def press(page):
    page.locator(".hx-handle[aria-label='fc1 weights: fraction bits']").focus()
    page.keyboard.press("ArrowLeft")


def test_kernel_that_is_late_and_one_that_is_gone_are_told(lab):
    notes, before = lab.locator(".hx-toast"), lab.locator("[data-tile=lut] b").inner_text()
    lab.evaluate(f"code => {{ {KERNEL}.requestExecute({{ code }}); }}", DEAF)
    lab.wait_for_timeout(1000)
    press(lab)
    expect(notes).to_contain_text("The kernel is busy and has not answered", timeout=1000 * DEAF_S)
    expect(notes).to_have_count(0, timeout=30_000)
    expect(lab.locator("[data-tile=lut] b")).not_to_have_text(before)

    lab.evaluate(f"() => {{ {KERNEL}.restart(); }}")
    expect(notes).to_contain_text("ended or was restarted", timeout=30_000)
    press(lab)  # reaches nothing: what is not answered takes no keys
    assert lab.evaluate("() => [...document.querySelectorAll('.hx-app > *')].filter(node => !node.inert).length") == 1
    width = lab.locator(".hx-app").evaluate("node => node.clientWidth")
    assert lab.locator(".hx-area-layers").bounding_box()["width"] > width / 2  # no sign of ipywidgets is in its place
    lab.get_by_role("button", name="Close message").click()
    expect(notes).to_have_count(0)
