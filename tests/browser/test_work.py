"""Work that takes long: a real synthesis, its cancel, a reload in the middle of it, a kernel that is busy."""

import re
import time
from typing import Any

import browser as harness
import pytest

psutil = pytest.importorskip("psutil")
expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser
TINY = """
import numpy as np
from hlsexplore import Design, Target
from hlsexplore.graph import Graph, Node
from hlsexplore.ops import Activation, Dense, Function, Input
from hlsexplore_widgets import Explorer

rng = np.random.default_rng(11)
nodes = (
    Node(name="x", op=Input(), inputs=(), shape=(6,)),
    Node(name="fc1", op=Dense(kernel=rng.normal(0, 0.5, (6, 8)), bias=rng.normal(0, 0.1, 8)), inputs=("x",), shape=(8,)),
    Node(name="act", op=Activation(function=Function.RELU), inputs=("fc1",), shape=(8,)),
    Node(name="fc2", op=Dense(kernel=rng.normal(0, 0.5, (8, 3)), bias=rng.normal(0, 0.1, 3)), inputs=("act",), shape=(3,)),
)
graph = Graph(name="tiny", nodes=nodes, outputs=("fc2",))
explorer = Explorer(graph, rng.normal(0, 1, (500, 6)), design=Design.default(graph, Target(tool="yosys"), "fixed<7,3>"))
explorer
"""
COUNT = re.compile(r"\d of [\d,]+ designs")
BUSY = "import time\n\nprint('begin', flush=True)\ntime.sleep(60)"


@pytest.fixture(scope="module")
def tiny_notebook(tmp_path_factory: pytest.TempPathFactory):
    return harness.write_notebook(tmp_path_factory.mktemp("tiny") / "tiny.ipynb", TINY)


@pytest.fixture(scope="module", params=["voila", "lab"])
def small(request: pytest.FixtureRequest, chromium: Any, tiny_notebook):
    """A page with a network of two layers, and its server."""
    with (
        harness.serving(request.param, tiny_notebook) as server,
        harness.opened(chromium, request.param, server) as page,
    ):
        page.wait_for_selector("[data-tile=score]", timeout=180_000)
        harness.wait_for_figures(page, 30)
        page.kind = request.param
        yield page, server


def build_card(page):
    return page.locator(".hx-area-build")


def start(page) -> None:
    build_card(page).get_by_role("button", name="Export and synthesize").click()


def condition(page):
    return page.evaluate("() => document.querySelector('.hx-area-build')?.dataset.state")


def wait_until(page, condition_, timeout_s: float = 120.0) -> None:
    """Wait for the state of the build; a page that reloads has none for a moment."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition(page) == condition_:
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"the build is {condition(page)!r}, not {condition_!r}")


def processes(server):
    return {child.pid for child in psutil.Process(server.process.pid).children(recursive=True)}


def save_and_reload(page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    page.reload()
    page.wait_for_selector("[data-tile=score]", timeout=180_000)


def test_synthesis_completes_and_its_report_is_beside_the_estimate(small) -> None:
    page, _ = small
    card = build_card(page)
    expect(card.get_by_label("What a synthesis takes")).to_contain_text("yosys: about", timeout=20_000)
    start(page)
    expect(card.get_by_role("table")).to_contain_text("Estimate beside the report of yosys", timeout=150_000)
    wait_until(page, "done")
    heads = card.get_by_role("columnheader").all_inner_texts()
    assert heads[1:] == ["estimate", "80 % interval", "report", "difference"]
    lut = card.get_by_role("row", name="LUT")
    cells = [
        int(text.replace(",", ""))
        for text in (lut.locator("td").nth(0).inner_text(), lut.locator("td").nth(2).inner_text())
    ]
    assert min(cells) > 50
    expect(card).to_contain_text("sharpens later estimates of this network for yosys")
    expect(page.locator("[data-tile=verified]")).to_contain_text("RTL exact")
    tile = page.locator("[data-tile=lut]")
    expect(tile.locator(".hx-source")).to_have_text("yosys")
    assert int(tile.locator("b").inner_text().replace(",", "")) == cells[1]
    expect(page.locator(".hx-toast.hx-done")).to_contain_text("0 integers differ from the emulator in 500 samples")


def test_cancel_ends_every_process_of_the_tools(small) -> None:
    page, server = small
    page.get_by_role("button", name="fc1 weights: one bit more").click()
    harness.wait_for_figures(page, 20)
    before = processes(server)
    start(page)
    expect(build_card(page).get_by_role("log")).to_contain_text("compiling", timeout=60_000)
    for _ in range(100):
        if processes(server) - before:
            break
        page.wait_for_timeout(100)
    assert processes(server) - before
    build_card(page).get_by_role("button", name="Cancel").click()
    wait_until(page, "cancelled", 30)
    for _ in range(100):
        if not processes(server) - before:
            break
        page.wait_for_timeout(100)
    assert not processes(server) - before
    expect(build_card(page).get_by_role("button", name="Export and synthesize")).to_be_enabled()


def test_panels_work_while_the_kernel_is_busy(small) -> None:
    page, _ = small
    if page.kind != "lab":
        pytest.skip("Voila runs no more cells")
    harness.wait_for_figures(page, 20)
    page.evaluate(
        """source => {
        const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
        window.ended = false;
        window.began = new Promise(begin => {
          const run = kernel.requestExecute({ code: source });
          run.onIOPub = message => { if (message.header.msg_type === 'stream') begin(); };
          run.done.then(() => { window.ended = true; }, () => { window.ended = true; });
        }); }""",
        BUSY,
    )
    page.evaluate("() => window.began")
    try:
        lut = page.locator("[data-tile=lut] .hx-value b")
        before = lut.inner_text()
        page.get_by_role("slider", name="fc1 weights: fraction bits").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        harness.wait_for_figures(page, 20)
        assert lut.inner_text() != before
        assert page.evaluate("() => window.ended") is False
    finally:
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")


def test_running_build_comes_back_after_a_reload(small) -> None:
    page, _ = small
    if page.kind != "lab":
        pytest.skip("Voila starts a new kernel for each page")
    page.get_by_role("button", name="fc2 weights: one bit more").click()
    harness.wait_for_figures(page, 20)
    start(page)
    expect(build_card(page).get_by_role("log")).to_contain_text("compiling", timeout=60_000)
    save_and_reload(page)
    wait_until(page, "done")
    expect(build_card(page).get_by_role("log")).to_contain_text("exported")
    expect(build_card(page).get_by_role("table")).to_contain_text("Estimate beside the report", timeout=20_000)
    expect(page.locator("[data-tile=verified]")).to_contain_text("RTL exact", timeout=20_000)


def test_running_sweep_comes_back_after_a_reload(small) -> None:
    page, _ = small
    if page.kind != "lab":
        pytest.skip("Voila starts a new kernel for each page")
    card = page.locator(".hx-area-explore")
    card.get_by_label("Trials", exact=True).last.fill("20000")
    card.get_by_label("Trials", exact=True).last.press("Tab")
    card.get_by_label("Precision").select_option("per_layer")
    card.get_by_role("button", name="Start sweep").click()
    expect(card.get_by_text(COUNT)).to_be_visible(timeout=30_000)
    save_and_reload(page)
    expect(card.get_by_role("button", name="Stop")).to_be_enabled(timeout=20_000)
    expect(card.get_by_text(COUNT)).to_be_visible(timeout=30_000)
    page.wait_for_selector(".hx-area-explore .js-plotly-plot .main-svg", timeout=60_000)
    card.get_by_role("button", name="Stop").click()
    expect(card.get_by_text("stopped")).to_be_visible(timeout=30_000)
