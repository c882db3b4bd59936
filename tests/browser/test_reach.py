"""Reached and read without a mouse: keys of the bands, the way to the trials, spoken figures, messages in sight."""

import re
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


def band(page, name):
    return page.get_by_role("slider", name=name)


def test_home_and_end_move_an_end_as_far_as_it_goes(page: Any) -> None:
    field = page.get_by_role("textbox", name="fc1 weights: type")
    band(page, "fc1 weights: integer bits").focus()
    page.keyboard.press("Home")
    expect(field).to_have_value("fixed<1,-14,RND,SAT>")
    page.keyboard.press("End")
    expect(field).not_to_have_value("fixed<1,-14,RND,SAT>")
    width, integer = map(int, re.match(r"fixed<(\d+),(-?\d+)", field.input_value()).groups())
    assert width > 8 and width - integer == 15


def test_first_key_leads_to_the_trials(page: Any) -> None:
    page.locator(".hx-skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.closest('.hx-area-explore') !== null")


def test_three_tools_open_by_keyboard(page: Any) -> None:
    button = page.get_by_role("button", name="Three tools")
    button.focus()
    page.keyboard.press("Enter")
    region = page.get_by_role("region", name="Three tools")
    region.get_by_role("row", name=re.compile("our RTL in Yosys")).wait_for(timeout=10_000)
    rows = region.get_by_role("row").all_inner_texts()
    assert len(rows) == 4 and all(re.search(r"\d", row) for row in rows[1:])
    assert button.get_attribute("aria-expanded") == "true"
    button.press("Enter")
    assert not region.is_visible()


def test_value_and_unit_are_apart_where_they_are_copied_and_spoken(page: Any) -> None:
    page.wait_for_timeout(1200)
    spoken = page.locator(".hx-hidden[role=status]").first.inner_text()
    assert re.search(r"LUT [\d,]+ \d+(\.\d+)? %", spoken)
    assert re.search(r"[\d,]+\s\d+(\.\d+)? %", page.locator("[data-tile=lut] .hx-value").first.inner_text())


def test_messages_are_in_sight_wherever_the_page_is(page: Any) -> None:
    field = page.get_by_role("textbox", name="fc1 weights: type")
    field.fill("nonsense")
    field.press("Enter")
    page.wait_for_selector(".hx-toast")
    box = page.locator(".hx-toast").first.bounding_box()
    size = page.viewport_size
    assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
    assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
