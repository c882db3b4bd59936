"""What a user does with the explorer, in JupyterLab and Voila."""

import re
from typing import Any

import browser as harness
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser
BRUSH_FRONT = """() => {
  const plot = document.querySelector('.hx-area-explore .js-plotly-plot'), layout = plot._fullLayout;
  const trace = plot._fullData[plot._fullData.length - 1], box = plot.getBoundingClientRect(), last = trace.x.length - 1;
  return [box.left + layout.xaxis._offset + layout.xaxis.d2p(trace.x[last]), box.top + layout.yaxis._offset + layout.yaxis.d2p(trace.y[last])];
}"""


def lut(page) -> int:
    return int(page.locator("[data-tile=lut] .hx-value b").inner_text().replace(",", ""))


def type_of(page, label):
    return page.get_by_role("textbox", name=f"{label}: type")


def settled(page) -> None:
    harness.wait_for_figures(page, 20)


def test_first_paint_shows_rows_tiles_and_plots(page: Any) -> None:
    assert page.locator("[data-tile]").count() == 9
    assert page.locator(".hx-handle").count() == 2 * 13
    expect(page.locator(".hx-brand").get_by_text("SYNTHETIC data")).to_be_visible()
    assert lut(page) > 1000


def test_keyboard_changes_a_type_and_the_figures(page: Any) -> None:
    before = lut(page)
    handle = page.get_by_role("slider", name="fc2 weights: fraction bits")
    handle.focus()
    width = int(re.search(r"<(\d+),", type_of(page, "fc2 weights").input_value())[1])
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    settled(page)
    assert int(re.search(r"<(\d+),", type_of(page, "fc2 weights").input_value())[1]) == width - 6
    assert lut(page) != before
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("slider", name="fc2 result: fraction bits")).to_be_focused()


def test_drag_moves_the_band_and_is_one_step_of_the_history(page: Any) -> None:
    before = type_of(page, "fc1 weights").input_value()
    box = page.get_by_role("slider", name="fc1 weights: fraction bits").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + 8 * step, y)
    page.mouse.up()
    settled(page)
    assert type_of(page, "fc1 weights").input_value() != before
    page.get_by_role("button", name="Undo").click()
    settled(page)
    expect(type_of(page, "fc1 weights")).to_have_value(before)


def test_figures_in_flight_are_marked(page: Any) -> None:
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() =>
        window.seen.push(document.querySelector('.hx-tiles').getAttribute('aria-busy')))
        .observe(document.querySelector('.hx-tiles'), { attributes: true }); }"""
    )
    page.get_by_role("slider", name="fc3 weights: fraction bits").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    page.wait_for_timeout(200)
    seen = page.evaluate("() => window.seen")
    assert seen[0] == "true" and seen[-1] == "false"


def test_first_score_has_its_interval_and_is_refined(page: Any) -> None:
    page.evaluate(
        """() => { window.scores = []; const tile = document.querySelector('[data-tile=score]');
        new MutationObserver(() => window.scores.push([tile.dataset.refining, tile.querySelector('small').textContent]))
        .observe(tile, { attributes: true, childList: true, subtree: true }); }"""
    )
    page.get_by_role("slider", name="fc3 weights: fraction bits").focus()
    page.keyboard.press("ArrowLeft")
    settled(page)
    page.wait_for_timeout(200)
    scores = page.evaluate("() => window.scores")
    first = float(next(text for refining, text in scores if refining == "true").split("±")[1])
    assert scores[-1][0] == "false"
    assert first > float(scores[-1][1].split("±")[1]) > 0


def test_design_for_yosys_that_stays_shows_the_figures_of_its_plan(page: Any) -> None:
    source = page.locator("[data-tile=latency] .hx-source")
    page.get_by_role("button", name="Target…").click()
    page.get_by_label("Estimates as").select_option("yosys")
    page.locator("form.hx-menu").get_by_role("button", name="Apply").click()
    expect(source).to_have_text("plan", timeout=60_000)
    expect(page.locator("[data-tile=latency]")).to_have_attribute("title", re.compile("Counted from the RTL's plan"))
    page.get_by_role("button", name="Undo").click()
    settled(page)
    expect(source).to_have_text("")


def test_wrong_type_is_refused_with_a_message(page: Any) -> None:
    field = type_of(page, "fc1 weights")
    before = field.input_value()
    field.fill("fixed<wide>")
    field.press("Enter")
    expect(page.locator(".hx-toast.hx-error")).to_contain_text("is not a fixed-point type")
    field.evaluate("node => node.blur()")
    settled(page)
    expect(field).to_have_value(before)
    page.get_by_role("button", name="Close message").click()
    expect(page.locator(".hx-toast")).to_have_count(0)


def test_click_on_the_front_loads_its_design(page: Any) -> None:
    before = type_of(page, "fc1 weights").input_value()
    page.locator(".hx-area-explore .hx-plot").first.evaluate("node => node.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(300)
    x, y = page.evaluate(BRUSH_FRONT)
    page.mouse.move(x - 3, y)
    page.wait_for_timeout(100)
    page.mouse.click(x, y)
    page.wait_for_function(
        "before => [...document.querySelectorAll('.hx-type')].some(node => node.value !== before)", arg=before
    )
    settled(page)
    assert page.locator(".hx-tools button").first.is_enabled()
    page.wait_for_timeout(400)
    pin = page.locator(".hx-area-explore .hx-pin[data-kind=current]").bounding_box()
    assert abs(pin["x"] - x) < 4 and abs(pin["y"] - y) < 4


def test_front_is_walked_without_a_mouse(page: Any) -> None:
    seen = []
    for _ in range(2):
        button = page.get_by_role("button", name="front ›")
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        settled(page)
        seen.append(lut(page))
    page.get_by_role("button", name="‹ front").press("Enter")
    page.wait_for_timeout(300)
    settled(page)
    assert lut(page) <= seen[-1]


def test_reuse_menu_shows_costs_and_sets_a_value(page: Any) -> None:
    page.get_by_role("button", name="fc1: reuse 1").click()
    menu = page.get_by_role("listbox", name="fc1: reuse factors")
    expect(menu.get_by_role("option").nth(3)).not_to_contain_text("…", timeout=10_000)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    settled(page)
    expect(page.get_by_role("button", name="fc1: reuse 2")).to_be_focused()


def test_selected_layers_follow_one_edit(page: Any) -> None:
    page.get_by_role("checkbox", name="Select fc1", exact=True).check()
    page.get_by_role("checkbox", name="Select fc2", exact=True).check()
    before = type_of(page, "fc2 weights").input_value()
    page.get_by_role("button", name="fc1 weights: one bit fewer").click()
    settled(page)
    width = int(re.search(r"<(\d+),", before).group(1))
    expect(type_of(page, "fc2 weights")).to_have_value(before.replace(f"<{width},", f"<{width - 1},", 1))


def test_expanded_layer_has_modes_and_counts(page: Any) -> None:
    page.get_by_role("button", name="fc1: all types").click()
    page.get_by_label("fc1 result: overflow").select_option("WRAP")
    settled(page)
    assert "SAT" not in type_of(page, "fc1 result").input_value()
    expect(page.locator("[data-events=accum]").first).to_contain_text("values")


def test_sweep_is_paused_resumed_and_stopped(page: Any) -> None:
    card = page.locator(".hx-area-explore")
    card.get_by_label("Trials", exact=True).last.fill("3000")
    card.get_by_label("Trials", exact=True).last.press("Tab")
    card.get_by_role("button", name="Start").click()
    card.get_by_role("button", name="Pause").click()
    expect(card.get_by_role("button", name="Resume")).to_be_visible(timeout=10_000)
    card.get_by_role("button", name="Resume").click()
    expect(card.get_by_role("button", name="Pause")).to_be_enabled(timeout=10_000)
    page.wait_for_function("() => Number(document.querySelector('.hx-progress').getAttribute('aria-valuenow')) >= 0")
    card.get_by_role("button", name="Stop").click()
    expect(card.get_by_text("stopped")).to_be_visible(timeout=20_000)


def test_tabs_are_reached_by_arrow_keys_and_drawn(page: Any) -> None:
    for name, last in (("Trials", "Progress"), ("Analysis of the design", "Resources")):
        tabs = page.get_by_role("tablist", name=name)
        tabs.get_by_role("tab").first.focus()
        for _ in range(tabs.get_by_role("tab").count() - 1):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(400)
        expect(tabs.get_by_role("tab", name=last)).to_have_attribute("aria-selected", "true")
    open_tab(page, "Trials", "Trials")
    expect(page.locator(".hx-trials tbody tr")).not_to_have_count(0, timeout=10_000)
    assert page.locator(".hx-toast").count() == 0


def test_narrow_page_has_no_sideways_scroll(page: Any) -> None:
    page.set_viewport_size({"width": 700, "height": 1000})
    page.wait_for_timeout(600)
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.hx-app .hx-card, .hx-app .hx-layers, .hx-app .hx-tile')]
        .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"""
    )
    assert wide == []


def open_tab(page, tabs, name) -> None:
    page.get_by_role("tablist", name=tabs).get_by_role("tab", name=name).click()


def test_trial_is_marked_in_plot_lines_and_table(page: Any) -> None:
    open_tab(page, "Trials", "Linked")
    row = page.locator(".hx-trials tbody tr").nth(2)
    expect(row).to_be_visible(timeout=10_000)
    row.scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    row.hover()
    page.wait_for_function(
        """() => document.querySelectorAll('tr.hx-pointed').length === 1
        && document.querySelectorAll('.hx-pin[data-kind=pointed]:not([hidden])').length === 1
        && document.querySelector('.hx-lineover:not([hidden]) polyline')?.getAttribute('points').split(' ').length >= 4"""
    )
    number = row.get_attribute("data-id")
    expect(page.locator(".hx-area-explore .hx-caption").first).to_contain_text(f"Trial {number}: ", timeout=5_000)
    page.mouse.move(5, 5)
    page.wait_for_function("() => document.querySelectorAll('tr.hx-pointed').length === 0")


def test_note_on_a_trial_is_kept(page: Any) -> None:
    open_tab(page, "Trials", "Trials")
    shown = page.locator(".hx-trials tbody tr").nth(3).get_by_role("textbox")
    shown.wait_for(timeout=10_000)
    field = page.get_by_role("textbox", name=str(shown.get_attribute("aria-label")), exact=True)
    field.fill("good for the small part")
    field.press("Enter")
    page.get_by_role("searchbox", name="Search designs").fill("small part")
    expect(page.locator(".hx-trials tbody tr")).to_have_count(1, timeout=10_000)
    expect(field).to_have_value("good for the small part")
    page.get_by_role("searchbox", name="Search designs").fill("")
    expect(page.locator(".hx-trials tbody tr")).not_to_have_count(1, timeout=10_000)


def test_axes_of_parallel_coordinates_are_chosen_by_keyboard(page: Any) -> None:
    open_tab(page, "Trials", "Parallel")
    button = page.get_by_role("button", name="Axes (8 of")
    button.wait_for(timeout=10_000)
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Axes (7 of")).to_be_visible(timeout=5_000)
    page.wait_for_function("() => document.querySelectorAll('.parcoords .y-axis').length === 7", timeout=10_000)
    page.get_by_role("button", name="Axes (7 of").click()
    page.get_by_role("checkbox", name="Accuracy").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Axes (8 of")).to_be_visible(timeout=5_000)


def test_every_control_is_reached_by_tab(page: Any) -> None:
    """Except those that arrow keys reach: ends of bands and tabs that are not active."""
    page.evaluate(
        """() => { const shown = node => node.checkVisibility() && !node.disabled && node.tabIndex >= 0;
        window.wanted = new Set([...document.querySelectorAll(
            '.hx-app button, .hx-app select, .hx-app input, .hx-app [role=slider], .hx-app [tabindex]')].filter(shown));
        window.visited = new Set();
        document.addEventListener('focusin', event => window.visited.add(event.target));
        document.querySelector('.hx-skip').focus(); }"""
    )
    for _ in range(page.evaluate("() => window.wanted.size") + 3):
        page.keyboard.press("Tab")
    missed = page.evaluate(
        "() => [...window.wanted].filter(node => !window.visited.has(node)).map(node => node.outerHTML.slice(0, 150))"
    )
    assert missed == []


def serious(page) -> list[Any]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=".hx-app").response["violations"]
    return [(item["id"], item["nodes"][0]["html"][:200]) for item in found if item["impact"] in ("serious", "critical")]


def set_theme(page, theme) -> None:
    if page.kind in harness.KERNEL_PAGES:
        harness.set_lab_theme(page, theme)
    else:
        page.evaluate("dark => document.body.classList.toggle('theme-dark', dark)", theme == "dark")
    page.wait_for_timeout(1500)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Any, theme: str) -> None:
    set_theme(page, theme)
    try:
        open_tab(page, "Trials", "Linked")
        open_tab(page, "Analysis of the design", "Resources")
        page.get_by_role("button", name="fc1: all types").click()
        page.wait_for_timeout(1500)
        assert serious(page) == []
    finally:
        page.get_by_role("button", name="fc1: all types").click()
        set_theme(page, "light")


def test_every_control_has_a_name(page: Any) -> None:
    bad = page.evaluate(
        """() => [...document.querySelectorAll('.hx-app button, .hx-app select, .hx-app input, .hx-app [role=slider]')]
        .filter(node => node.offsetParent !== null || node.ownerSVGElement)
        .filter(node => !(node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.length))
        .map(node => node.outerHTML.slice(0, 120))"""
    )
    assert bad == []


def test_status_of_the_kernel_does_not_lay_out_the_toolbar(page: Any) -> None:
    if page.kind != "lab":
        pytest.skip("only JupyterLab has a status bar")
    expect(page.locator("#jp-main-statusbar .jp-Notebook-ExecutionIndicator")).to_have_count(1)
    assert page.locator(".jp-NotebookPanel-toolbar .jp-Notebook-ExecutionIndicator").count() == 0
