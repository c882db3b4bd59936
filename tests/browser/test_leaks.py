"""A panel that is shown and taken away again leaves nothing behind in the page."""

from pathlib import Path
from typing import Any

import browser as harness
import pytest

pytestmark = pytest.mark.browser

SOURCE = """
import ipywidgets
from hlsexplore.examples import load
from hlsexplore_widgets import Explorer

example = load("jets")
explorer = Explorer(example.graph, example.x[:500], example.labels[:500])
place = ipywidgets.Box([explorer.view])
turn = ipywidgets.Button(description="show or take away")
turn.on_click(lambda _: setattr(place, "children", () if place.children else (explorer.view,)))
ipywidgets.VBox([turn, place])
"""
ROUNDS = 20
ALIVE = """
(() => {
  const alive = window.__alive = { listeners: new Map(), timers: new Set(), observers: new Set() };
  const isOurs = () => new Error().stack.includes("blob:"); // anywidget loads the panels' modules as blobs
  const isLasting = (target) => [window, document, document.body].includes(target) || target.constructor === EventTarget;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const entry = (target, type, listener, options) => {
    const capture = typeof options === "boolean" ? options : Boolean(options?.capture);
    return [...alive.listeners.keys()].find((item) => item.target === target && item.type === type && item.listener === listener
      && item.capture === capture) ?? { target, type, listener, capture };
  };
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    const target = this ?? window;
    if (isLasting(target) && isOurs() && !options?.signal?.aborted) {
      const found = entry(target, type, listener, options);
      alive.listeners.set(found, `${target.constructor.name} ${type}`);
      if (options?.signal) addEventListener.call(options.signal, "abort", () => alive.listeners.delete(found));
    }
    return addEventListener.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    alive.listeners.delete(entry(this ?? window, type, listener, options));
    return removeEventListener.call(this ?? window, type, listener, options);
  };
  const { setInterval, clearInterval } = window;
  window.setInterval = (...values) => { const id = setInterval(...values); if (isOurs()) alive.timers.add(id); return id; };
  window.clearInterval = (id) => { alive.timers.delete(id); clearInterval(id); };
  for (const name of ["ResizeObserver", "MutationObserver"]) {
    window[name] = class extends window[name] {
      observe(...values) { if (isOurs()) alive.observers.add(this); super.observe(...values); }
      disconnect() { alive.observers.delete(this); super.disconnect(); }
    };
  }
})();
"""
COUNT = """() => ({ listeners: [...window.__alive.listeners.values()].sort(), timers: window.__alive.timers.size,
observers: window.__alive.observers.size })"""


def turn(page, is_shown) -> None:
    page.get_by_role("button", name="show or take away").click()
    page.wait_for_selector("[data-tile=score]", state="visible" if is_shown else "detached", timeout=60_000)


def drawn(page):
    page.wait_for_selector("[data-tile=score]", timeout=180_000)
    page.wait_for_selector(".hx-area-analyse .js-plotly-plot .main-svg", timeout=60_000)
    harness.wait_for_figures(page, 30)
    return page.evaluate(COUNT)


def test_twenty_renderings_leave_no_listener_timer_or_observer(chromium: Any, tmp_path: Path) -> None:
    """Nodes are not counted: ipywidgets keeps those of any widget that a box showed once."""
    notebook = harness.write_notebook(tmp_path / "turned.ipynb", SOURCE)
    with (
        harness.serving("voila", notebook) as server,
        harness.opened(chromium, "voila", server, script=ALIVE) as page,
    ):
        first = drawn(page)
        assert first["observers"] > 5 and {"HTMLDocument keydown", "EventTarget edit"} <= set(first["listeners"])
        for _ in range(ROUNDS):
            turn(page, is_shown=False)
            turn(page, is_shown=True)
        assert drawn(page) == first
        turn(page, is_shown=False)
        page.wait_for_timeout(500)
        assert page.evaluate(COUNT) == {"listeners": ["Window keydown"], "timers": 0, "observers": 0}  # one a page
