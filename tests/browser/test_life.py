"""Reload in the middle, dark and light, export with real synthesis and cancel, broken files."""

import json
from pathlib import Path
from typing import Any

import browser as harness
import numpy as np
import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


def colours(page):
    return page.evaluate(
        """() => { const card = document.querySelector('.hx-area-layers .hx-card');
        const text = document.querySelector('.hx-area-explore .xtick text');
        return [getComputedStyle(card).backgroundColor, text.style.fill]; }"""
    )


def test_export_synthesizes_for_real_and_can_be_cancelled(page: Any) -> None:
    card = page.locator(".hx-area-build")
    page.get_by_label("Tensor to set").select_option("weight")
    page.get_by_label("Bits or type to set").fill("4")
    page.get_by_role("button", name="Apply").click()
    page.get_by_label("Tensor to set").select_option("result")
    page.get_by_label("Bits or type to set").fill("fixed<6,3,TRN,SAT>")
    page.get_by_role("button", name="Apply").click()
    harness.wait_for_figures(page, 20)
    card.get_by_label("Flow").select_option("rtl")
    expect(card.get_by_label("What a synthesis takes")).to_contain_text("Tiles and trials speak of vitis_hls")
    card.get_by_role("button", name="Export and synthesize").click()
    expect(card.get_by_role("log")).to_contain_text("exported", timeout=60_000)
    card.get_by_role("button", name="Cancel").click()
    expect(card.locator("[data-state=cancelled]").or_(card.get_by_text("cancelled"))).not_to_have_count(
        0, timeout=30_000
    )
    card.get_by_role("button", name="Export and verify").click()
    expect(page.locator("[data-tile=verified]")).to_contain_text("RTL exact", timeout=120_000)
    expect(page.locator(".hx-toast.hx-done")).to_contain_text("0 integers differ", timeout=10_000)


def test_theme_changes_figures_too(page: Any) -> None:
    if page.kind == "voila":
        pytest.skip("Voila has its theme from the start")
    light = colours(page)
    harness.set_lab_theme(page, "dark")
    page.wait_for_timeout(2500)
    dark = colours(page)
    assert light[0] != dark[0] and light[1] != dark[1]
    harness.set_lab_theme(page, "light")
    page.wait_for_timeout(2500)
    assert colours(page) == light


def test_lab_page_comes_back_after_a_reload(page: Any) -> None:
    if page.kind == "voila":
        pytest.skip("Voila starts a new kernel for each page")
    field = page.get_by_role("textbox", name="fc1 weights: type")
    before = field.input_value()
    page.get_by_role("button", name="fc1 weights: one bit fewer").click()
    expect(field).not_to_have_value(before)
    harness.wait_for_figures(page, 20)
    accuracy = page.locator("[data-tile=score] .hx-value").inner_text()
    value = field.input_value()
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1500)
    page.reload()
    page.wait_for_selector("[data-tile=score]", timeout=180_000)
    harness.wait_for_figures(page, 30)
    assert page.locator("[data-tile=score] .hx-value").inner_text() == accuracy
    expect(page.get_by_role("textbox", name="fc1 weights: type")).to_have_value(value)
    page.wait_for_selector(".hx-area-explore .js-plotly-plot .main-svg", timeout=60_000)
    page.get_by_role("button", name="Undo").click()
    harness.wait_for_figures(page, 20)
    expect(page.get_by_role("textbox", name="fc1 weights: type")).not_to_have_value(value)


def test_application_shows_what_a_model_lacks(chromium: Any, tmp_path: Path) -> None:
    from hlsexplore_widgets.serve import start_voila, write_application

    (tmp_path / "model.keras").write_bytes(b"<script>alert(1)</script> this is no model")
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 3)))
    notebook = write_application(tmp_path, tmp_path / "model.keras", tmp_path / "x.npz")
    assert "model.keras" in json.loads((tmp_path / "application.json").read_text())["model"]
    server = start_voila(notebook, ("--theme=dark",), harness.private_environment(tmp_path), tmp_path / "log")
    try:
        with harness.opened(chromium, "voila", server) as page:
            expect(page.get_by_text("The explorer cannot start")).to_be_visible(timeout=60_000)
            expect(page.locator(".hx-problem")).to_have_count(1)
    finally:
        server.close()


def test_application_without_the_token_only_asks_for_it(tmp_path: Path) -> None:
    import urllib.request

    from hlsexplore_widgets.serve import start_voila, write_application

    (tmp_path / "m.h5").write_bytes(b"")
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 3)))
    notebook = write_application(tmp_path, tmp_path / "m.h5", tmp_path / "x.npz")
    server = start_voila(notebook, (), harness.private_environment(tmp_path), tmp_path / "log")
    try:
        for path in ("", "api/kernels"):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/{path}", timeout=10) as answer:
                assert "/login?next=" in answer.url and b"rendered_cells" not in answer.read()
    finally:
        server.close()
