"""A network with two inputs and three outputs in every panel; what leaves the page; widths, themes, forced colours."""

import re
import struct
from pathlib import Path
from typing import Any

import browser as harness
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser
SOURCE = """
import numpy as np
import hlsexplore as hx
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Concatenate, Conv, Dense, Function, Input, Reshape, Softmax
from hlsexplore_widgets import Explorer

rng = np.random.default_rng(4)
relu = Activation(function=Function.RELU)
nodes = (
    Node(name="image", op=Input(), inputs=(), shape=(6, 6, 1)),
    Node(name="vector", op=Input(), inputs=(), shape=(4,)),
    Node(name="conv", op=Conv(kernel=rng.normal(0, 0.4, (3, 3, 1, 2))), inputs=("image",), shape=(4, 4, 2)),
    Node(name="conv_relu", op=relu, inputs=("conv",), shape=(4, 4, 2)),
    Node(name="flat", op=Reshape(), inputs=("conv_relu",), shape=(32,)),
    Node(name="image_fc", op=Dense(kernel=rng.normal(0, 0.2, (32, 4))), inputs=("flat",), shape=(4,)),
    Node(name="vector_fc", op=Dense(kernel=rng.normal(0, 0.6, (4, 4))), inputs=("vector",), shape=(4,)),
    Node(name="joined", op=Concatenate(axis=0), inputs=("image_fc", "vector_fc"), shape=(8,)),
    Node(name="kind_fc", op=Dense(kernel=rng.normal(0, 0.5, (8, 3))), inputs=("joined",), shape=(3,)),
    Node(name="kind", op=Softmax(), inputs=("kind_fc",), shape=(3,)),
    Node(name="place", op=Dense(kernel=rng.normal(0, 0.5, (8, 2))), inputs=("joined",), shape=(2,)),
    Node(name="alarm_fc", op=Dense(kernel=rng.normal(0, 0.5, (8, 1))), inputs=("joined",), shape=(1,)),
    Node(name="alarm", op=Activation(function=Function.SIGMOID), inputs=("alarm_fc",), shape=(1,)),
)
graph = Graph(name="camera", nodes=nodes, outputs=("kind", "place", "alarm"))
x = (rng.normal(0, 1, (400, 6, 6, 1)), rng.normal(0, 1, (400, 4)))
kind, place, alarm = hx.predict(graph, x)
labels = {"kind": kind.argmax(1), "place": place, "alarm": (alarm[:, 0] > 0.5).astype(int)}
design = hx.Design.default(graph, type="fixed<7,3>")
study = hx.Study("study.db", graph, x, labels)
study.sweep({"uniform": {"weight": [3, 5, 8], "result": [6, 9]}}, trials=6)
explorer = Explorer(graph, x, labels, design=design, study=study)
explorer
"""
OUTPUTS = ("kind", "place", "alarm")
STICKING_OUT = """() => [...document.querySelectorAll('.hx-app .hx-card > *, .hx-app .hx-tile, .hx-app .hx-tools > *')]
    .filter(node => node.checkVisibility() && node.offsetParent)
    .filter(node => node.getBoundingClientRect().right > node.closest('.hx-card, .hx-app').getBoundingClientRect().right + 1)
    .map(node => node.className)"""
UNSEEN = """names => names.map(name => [name, document.querySelector(name)])
    .filter(([, node]) => node === null || ['rgba(0, 0, 0, 0)', 'transparent'].includes(getComputedStyle(node).backgroundColor))
    .map(([name]) => name)"""


@pytest.fixture(scope="module", params=["voila", "lab", "notebook"])
def camera(request: pytest.FixtureRequest, chromium: Any, tmp_path_factory: pytest.TempPathFactory):
    """The page of a network with two inputs and three outputs, two designs of it compared."""
    if request.param == "notebook":
        pytest.importorskip("notebook")
    notebook = harness.write_notebook(tmp_path_factory.mktemp("camera") / "camera.ipynb", SOURCE)
    with (
        harness.serving(request.param, notebook) as server,
        harness.opened(chromium, request.param, server) as page,
    ):
        page.wait_for_selector("[data-tile=score]", timeout=180_000)
        harness.wait_for_figures(page, 60)
        page.kind = request.param
        compare = page.get_by_role("toolbar", name="History").get_by_role("button", name="Compare")
        compare.click()
        page.get_by_label("Bits or type to set").fill("4")
        page.get_by_role("button", name="Apply").first.click()
        harness.wait_for_figures(page, 60)
        compare.click()
        expect(comparison(page).get_by_role("columnheader")).to_have_count(2, timeout=20_000)
        yield page


def comparison(page):
    return page.get_by_role("region", name="Comparison of designs")


def show(page, tab):
    tabs = page.get_by_role("tablist", name="Analysis of the design")
    tabs.get_by_role("tab", name=tab).click()
    return page.locator(".hx-area-analyse")


def titles(card):
    return card.locator(".xtitle").all_inner_texts()


def saved(page, what, item) -> bytes:
    page.get_by_role("button", name=f"Save {what}", exact=True).click()
    with page.expect_download() as found:
        page.get_by_role("menuitem", name=item).locator("visible=true").click()
    return Path(found.value.path()).read_bytes()


def test_every_output_has_a_tile_and_a_line_of_the_comparison(camera) -> None:
    tiles = camera.locator(".hx-tile .hx-label").all_inner_texts()
    wanted = ["Accuracy of kind", "RMSE of place", "Accuracy of alarm"]
    assert [text.strip() for text in tiles[:3]] == wanted
    rows = comparison(camera).get_by_role("rowheader").all_inner_texts()
    assert [text.split(" (float")[0] for text in rows[1:4]] == wanted and all("(float" in text for text in rows[1:4])


def test_every_output_is_seen_in_the_decisions(camera) -> None:
    card = show(camera, "Decisions")
    for output in OUTPUTS:
        card.get_by_label("output", exact=True).select_option(label=output)
        said = "the error is" if output == "place" else "flip"
        expect(card.locator(".xtitle")).to_contain_text(said, timeout=20_000)
    card.get_by_label("output", exact=True).select_option(label="kind")
    for view, said in (
        ("against labels", "are right"),
        ("accuracy of each class", "% of the samples"),
        ("ROC", "false"),
    ):
        card.get_by_label("show", exact=True).select_option(label=view)
        expect(card.locator(".xtitle")).to_contain_text(said, timeout=20_000)
    card.get_by_label("show", exact=True).select_option(label="against float")
    expect(card.locator(".xtitle")).to_contain_text("flip", timeout=20_000)
    card.get_by_label("see sample", exact=True).select_option(index=1)
    for name in ("image", "vector", "outputs of sample"):
        expect(card.locator(".infolayer").get_by_text(name).first).to_be_visible(timeout=20_000)
    card.get_by_role("button", name="‹ all samples").click()
    expect(card.get_by_label("show", exact=True)).to_be_visible(timeout=10_000)


def test_blame_shows_itself_at_once_behind_the_graph(camera) -> None:
    card = show(camera, "Network")
    expect(card.locator(".hx-network")).to_be_visible(timeout=20_000)
    assert card.locator(".hx-edge").count() == 12
    card = show(camera, "Blame")
    expect(card.locator(".hx-network")).to_be_hidden(timeout=20_000)
    expect(card.locator(".xtitle")).to_contain_text(re.compile(r"mean\s*of"), timeout=60_000)
    expect(card.locator(".xtitle")).to_contain_text(re.compile(r"95 %\s*intervals\s*of\s*400\s*samples"))
    assert card.locator(".errorbar, .xerror").count() > 0


@pytest.mark.parametrize("tensor", ["vector result", "conv weights", "alarm result"])
def test_tensor_of_every_input_and_output_has_a_histogram(camera, tensor: str) -> None:
    card = show(camera, "Histogram")
    card.get_by_label("tensor", exact=True).select_option(label=tensor, timeout=20_000)
    expect(card.get_by_role("group", name=f"Values of {tensor} before and after")).to_be_visible(timeout=20_000)


def test_trials_show_every_output(camera) -> None:
    tabs = camera.get_by_role("tablist", name="Trials")
    for tab in ("Parallel", "Trials", "Linked", "Importance", "Progress", "Pareto"):
        tabs.get_by_role("tab", name=tab).click()
        camera.wait_for_timeout(400)
    y = camera.locator(".hx-area-explore").get_by_label("y", exact=True)
    for name in ("RMSE of place", "Accuracy of alarm", "Accuracy of kind"):
        y.select_option(label=name, timeout=20_000)
        expect(camera.locator(".hx-area-explore .ytitle")).to_contain_text(name, timeout=20_000)
        expect(camera.locator(".hx-area-explore").get_by_text("float network")).to_be_visible()
    assert camera.locator(".hx-toast").count() == 0


def test_comparison_and_graph_leave_the_page_as_pictures(camera) -> None:
    png = saved(camera, "comparison of designs", "PNG picture")
    width, height = struct.unpack(">II", png[16:24])
    assert width > 1000 and height > 1000
    svg = saved(camera, "comparison of designs", "SVG drawing").decode()
    assert "Accuracy of kind" in svg and "conv weights" in svg and "image_fc" in svg
    show(camera, "Network")
    expect(camera.locator(".hx-network")).to_be_visible(timeout=20_000)
    svg = saved(camera, "network graph", "SVG drawing").decode()
    assert svg.startswith("<svg") and "var(--" not in svg and svg.count("font-size") > 20
    assert all(f">{name}</text>" in svg for name in (*OUTPUTS, "vector_fc"))
    width, height = struct.unpack(">II", saved(camera, "network graph", "PNG picture")[16:24])
    assert height > width > 400


@pytest.mark.parametrize("width", [700, 900, 1100, 1300, 1600])
def test_nothing_sticks_out_of_its_card(camera, width: int) -> None:
    camera.set_viewport_size({"width": width, "height": 1000})
    camera.wait_for_timeout(500)
    try:
        for tab in ("Network", "Decisions", "Histogram"):
            show(camera, tab)
            camera.wait_for_timeout(300)
            assert camera.evaluate(STICKING_OUT) == []
    finally:
        camera.set_viewport_size({"width": 1400, "height": 1000})


def set_theme(page, theme) -> None:
    if page.kind in harness.KERNEL_PAGES:
        harness.set_lab_theme(page, theme)
    else:
        page.evaluate("dark => document.body.classList.toggle('theme-dark', dark)", theme == "dark")
    page.wait_for_timeout(1000)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_of_any_severity_in_the_new_panels(camera, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    set_theme(camera, theme)
    try:
        for tab in ("Blame", "Decisions", "Histogram", "Network"):
            show(camera, tab)
            camera.wait_for_timeout(800)
            # Voila's page is ours as a whole; that of the other two is Jupyter's.
            options = {} if camera.kind == "voila" else {"context": ".hx-app"}
            found = axe.run(camera, **options).response["violations"]
            assert [(item["id"], item["nodes"][0]["html"][:200]) for item in found] == []
    finally:
        set_theme(camera, "light")


def test_bars_are_seen_with_forced_colours(camera) -> None:
    camera.emulate_media(forced_colors="active")
    try:
        camera.wait_for_timeout(300)
        names = ["[data-tile=lut] .hx-budget i", ".hx-c-share .hx-bar i", ".hx-legend .hx-key-lut"]
        assert camera.evaluate(UNSEEN, names) == []
        show(camera, "Network")
        expect(camera.locator(".hx-network")).to_be_visible(timeout=20_000)
        box, bar = (
            camera.locator(f".hx-network {name}").first.evaluate("node => getComputedStyle(node).fill")
            for name in (".hx-nodebox", ".hx-nodebar")
        )
        assert box != bar
    finally:
        camera.emulate_media(forced_colors="none")


def test_help_by_keyboard(camera) -> None:
    camera.get_by_role("button", name="Help: keys and words").press("Enter")
    dialog = camera.get_by_role("dialog", name="Help")
    term = dialog.get_by_role("term").filter(has_text=re.compile("^Page Up, Page Down$"))
    assert 0 < term.evaluate("node => node.offsetHeight") < 30
    camera.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
