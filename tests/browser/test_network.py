"""The network as a graph, and layers that are found, sorted and folded."""

import re
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


@pytest.fixture
def network(page: Any):
    page.get_by_role("tablist", name="Analysis of the design").get_by_role("tab", name="Network").click()
    graph = page.locator(".hx-network")
    expect(graph.locator("[data-layer=softmax]")).to_be_visible(timeout=10_000)
    expect(graph.locator("[data-layer=fc1] .hx-nodecost")).to_have_text(re.compile("LUT"), timeout=10_000)
    return graph


def names(page) -> list[Any]:
    return [name.split("\n")[0] for name in page.locator(".hx-name b").all_inner_texts()]


def test_graph_shows_types_and_cost_and_picks_rows(page: Any, network) -> None:
    type_ = page.get_by_role("textbox", name="fc1 weights: type").input_value()
    short = re.sub("fixed|,[A-Z].*", "", type_).rstrip(">") + ">"
    expect(network.locator("[data-layer=fc1] .hx-nodetype")).to_have_text(f"w {short}")
    assert network.locator(".hx-edge").count() == len(names(page)) - 1
    network.locator("[data-layer=fc2]").click()
    expect(page.get_by_role("checkbox", name="Select fc2", exact=True)).to_be_checked()
    expect(page.get_by_role("checkbox", name="Select fc1", exact=True)).not_to_be_checked()
    expect(page.locator("[data-row=fc2]")).to_be_in_viewport()


def test_graph_is_searched_zoomed_and_walked_by_keys(page: Any, network) -> None:
    page.get_by_label("Find a layer").fill("fc3")
    expect(network.locator(".hx-found")).to_have_count(2)
    scale = float(network.get_attribute("data-scale"))
    page.get_by_role("button", name="Zoom in").click()
    assert float(network.get_attribute("data-scale")) > scale
    page.get_by_role("button", name="Show the whole network").click()
    network.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    expect(network.locator("[data-layer=output]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name="Select output", exact=True)).to_be_checked()
    page.get_by_label("Find a layer").fill("")


def test_layers_are_found_sorted_and_folded(page: Any) -> None:
    everything = names(page)
    page.get_by_label("Find layers").fill("relu")
    expect(page.locator(".hx-name b")).to_have_count(3)
    page.get_by_label("Find layers").fill("")
    expect(page.locator(".hx-name b")).to_have_count(len(everything))
    page.get_by_label("Order of the layers").select_option("lut")
    assert names(page) != everything and sorted(names(page)) == sorted(everything)
    assert names(page)[0] == "fc2"
    page.get_by_label("Order of the layers").select_option("")
    page.get_by_label("fold blocks").check()
    expect(page.locator(".hx-name b")).to_have_count(3)
    page.get_by_role("button", name="fc1: 2 layers").click()
    expect(page.locator(".hx-name b")).to_have_count(5)
    page.get_by_label("fold blocks").uncheck()
    assert names(page) == everything
