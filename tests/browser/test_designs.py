"""Designs named, dropped and passed on by a link; help; histograms and samples; tiles that stay in sight."""

import re
from typing import Any

import browser as harness
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser
DROP = """text => { const data = new DataTransfer();
  data.items.add(new File([text], 'card.yaml', { type: 'text/yaml' }));
  document.querySelector('.hx-area-layers').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); }"""


def weight(page):
    return page.get_by_role("textbox", name="fc1 weights: type")


def test_history_is_listed_and_a_design_is_named(page: Any) -> None:
    before = weight(page).input_value()
    page.get_by_role("button", name="fc1 weights: one bit fewer").click()
    harness.wait_for_figures(page, 20)
    page.get_by_role("button", name="Designs…").click()
    page.get_by_label("Name of this design").fill("narrow")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("list", name="Named designs").get_by_role("button", name="narrow", exact=True)
    ).to_be_visible()
    steps = page.get_by_role("list", name="History").get_by_role("button")
    expect(steps.last).to_contain_text("narrow fc1 weight")
    steps.nth(steps.count() - 2).click()
    expect(weight(page)).to_have_value(before)
    page.keyboard.press("Escape")


def test_dropped_design_is_loaded(page: Any) -> None:
    page.evaluate(DROP, "layers: {fc1: {weight: 'fixed<5,1>'}}")
    expect(weight(page)).to_have_value("fixed<5,1>")
    expect(page.locator(".hx-toast.hx-done")).to_contain_text("'card.yaml' is loaded")


def test_help_is_reached_by_key_and_button(page: Any) -> None:
    page.get_by_role("slider", name="fc1 weights: fraction bits").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Help")
    expect(dialog).to_contain_text("a decision that differs from the float network's")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Help: keys and words").click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_histogram_is_a_click_away_and_a_sample_is_seen(page: Any) -> None:
    page.get_by_role("button", name="fc2 weights: histogram").click()
    card = page.locator(".hx-area-analyse")
    expect(card.get_by_label("tensor", exact=True)).to_have_value("fc2/weight", timeout=10_000)
    page.get_by_label("Bits or type to set").fill("4")
    page.get_by_role("button", name="Apply").click()
    harness.wait_for_figures(page, 20)
    page.get_by_role("tablist", name="Analysis of the design").get_by_role("tab", name="Decisions").click()
    card.get_by_label("see sample", exact=True).select_option(index=1, timeout=20_000)
    expect(card.get_by_text(re.compile(r"Sample \d+; its label is"))).to_be_visible(timeout=10_000)
    card.get_by_role("button", name="‹ all samples").click()
    expect(card.get_by_label("show", exact=True)).to_be_visible(timeout=10_000)


def test_tiles_stay_in_sight(page: Any) -> None:
    page.locator(".hx-area-build").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    expect(page.locator("[data-tile=lut]")).to_be_in_viewport()
    page.locator(".hx-brand").scroll_into_view_if_needed()
