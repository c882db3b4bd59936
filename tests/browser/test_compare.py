"""Designs side by side, and what leaves the page: pictures, tables, the clipboard."""

import csv
import io
import re
import struct
from pathlib import Path
from typing import Any

import browser as harness
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


@pytest.fixture
def compared(page: Any):
    """The page with two designs side by side."""
    page.get_by_role("toolbar", name="History").get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="fc2 weights: one bit fewer").click()
    harness.wait_for_figures(page, 20)
    page.get_by_role("toolbar", name="History").get_by_role("button", name="Compare").click()
    region = page.get_by_role("region", name="Comparison of designs")
    expect(region.get_by_role("columnheader")).to_have_count(2, timeout=10_000)
    yield region
    page.get_by_role("button", name="Clear").click()
    expect(region).to_be_hidden()


def saved(page, button, item):
    button.click()
    with page.expect_download() as found:
        page.get_by_role("menuitem", name=item).locator("visible=true").click()
    return found.value.suggested_filename, Path(found.value.path()).read_bytes()


def test_differences_of_two_designs_are_marked(page: Any, compared) -> None:
    row = compared.get_by_role("row", name="fc2 weights")
    expect(row).to_have_attribute("data-differs", "true")
    cells = row.get_by_role("cell").all_inner_texts()
    assert len(set(cells)) == 2 and all(text.startswith("fixed<") for text in cells)
    expect(compared.get_by_role("row", name="fc1 weights")).to_have_count(0)
    page.get_by_label("only what differs").uncheck()
    expect(compared.get_by_role("row", name="fc1 weights")).to_have_attribute("data-differs", "false")
    page.get_by_label("only what differs").check()
    lut = compared.get_by_role("row", name="LUT", exact=False).first.get_by_role("cell").all_inner_texts()
    assert page.locator("[data-tile=lut] b").inner_text() == lut[1].split()[0]


def test_trials_that_are_ticked_are_compared(page: Any, compared) -> None:
    page.get_by_role("tablist", name="Trials").get_by_role("tab", name="Trials").click()
    boxes = page.locator(".hx-trials tbody input[type=checkbox]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.locator(".hx-area-explore").get_by_role("button", name="Compare", exact=True).click()
    expect(compared.get_by_role("columnheader")).to_have_count(4, timeout=10_000)
    boxes.nth(2).check()
    page.locator(".hx-area-explore").get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".hx-toast.hx-error")).to_contain_text("4 designs are compared at once")
    for index in range(3):
        boxes.nth(index).uncheck()


def test_plot_is_saved_as_it_is_seen(page: Any) -> None:
    menu = page.get_by_role("button", name="Save plot: Accuracy against LUT of every trial")
    name, png = saved(page, menu, "PNG picture")
    width, height = struct.unpack(">II", png[16:24])
    shown = page.locator(".hx-area-explore .hx-figure").first.bounding_box()
    assert name == "accuracy_against_lut_of_every_trial.png"
    assert abs(width - 2 * shown["width"]) <= 2 and abs(height - 2 * shown["height"]) <= 2
    _, svg = saved(page, menu, "SVG drawing")
    assert svg.startswith(b"<svg") and b"current design" in svg
    _, text = saved(page, menu, "CSV of the values")
    rows = list(csv.reader(io.StringIO(text.decode())))
    assert rows[0] == ["series", "x", "y", "id"] and len([row for row in rows if row[0] == "trials"]) >= 30


def test_tables_are_saved_and_copied(page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _, text = saved(page, page.get_by_role("button", name="Save layers"), "CSV file")
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    kept = {(row["layer"], row["tensor"]): row["type"] for row in rows}
    assert kept["fc1", "weight"] == page.get_by_role("textbox", name="fc1 weights: type").input_value()
    page.get_by_role("button", name="Save figures of the design").click()
    page.get_by_role("menuitem", name="Copy the table").locator("visible=true").click()
    expect(page.get_by_role("button", name="Save figures of the design")).to_have_text("copied")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    lut = next(line.split("\t")[1] for line in copied.splitlines() if line.startswith("lut\t"))
    shown = page.locator("[data-tile=lut] b").inner_text().replace(",", "")
    assert f"{float(lut):.0f}" == shown


def test_conditions_choose_the_trials_of_every_view(page: Any) -> None:
    field = page.locator(".hx-area-explore").get_by_label("only", exact=True)
    page.get_by_role("tablist", name="Trials").get_by_role("tab", name="Trials").click()
    total = page.locator(".hx-trials tbody tr").count()
    field.fill("agreement > 95 %")
    field.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.hx-trials tbody tr').length < n", arg=total)
    said = page.locator("[data-choice=where_count]")
    expect(said).to_have_text(re.compile(r"\d+ of \d+ trials"))  # other tests may have added some to the 30
    chosen, whole = map(int, re.findall(r"\d+", said.inner_text()))
    assert chosen == page.locator(".hx-trials tbody tr").count() < total == whole
    field.fill("speed < 3")
    field.press("Enter")
    expect(page.locator(".hx-toast.hx-error")).to_contain_text("unknown figure 'speed'")
    field.fill("")
    field.press("Enter")
    page.wait_for_function("n => document.querySelectorAll('.hx-trials tbody tr').length === n", arg=total)
