"""Keys that are pressed in the panel do not edit the notebook around it."""

from typing import Any

import browser as harness
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


def num_cells(page):
    return page.locator(".jp-Notebook .jp-Cell").count()


def test_keys_in_the_panel_leave_the_notebook_alone(page: Any) -> None:
    """Jupyter takes `d d` for deleting a cell, `b` for a new one, and arrows for going to another one."""
    count = num_cells(page)
    tensors = page.get_by_label("Tensor to set")
    tensors.select_option("weight")
    tensors.focus()
    page.keyboard.press("ArrowDown")
    expect(tensors).to_have_value("bias")
    expect(tensors).to_be_focused()
    page.keyboard.press("b")
    page.get_by_role("button", name="fc1 weights: one bit fewer").focus()
    for key in "bdd":
        page.keyboard.press(key)
    page.get_by_label("Select fc1", exact=True).focus()
    page.keyboard.press("x")
    page.wait_for_timeout(300)
    assert num_cells(page) == count
    field = page.get_by_role("textbox", name="fc1 weights: type")
    before = field.input_value()
    page.get_by_role("button", name="fc1 weights: one bit fewer").focus()
    page.keyboard.press("Enter")
    expect(field).not_to_have_value(before)
    harness.wait_for_figures(page, 30)


def test_shortcuts_with_control_stay_those_of_jupyter(page: Any) -> None:
    if page.kind != "lab":
        pytest.skip("only JupyterLab has a palette of commands")
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("b")
    page.keyboard.press("Control+Shift+C")
    expect(page.locator(".lm-CommandPalette-input:visible")).to_have_count(1)
    page.keyboard.press("Escape")
