"""Latency of the explorer in a real browser: from a key press to the paint, and while a band is dragged.

Cases: `lab` and `voila` on the jet tagger with 10,000 samples; `--all` adds the 28 x 28 convolutional network; the
cases `lab_trials` and `voila_trials` open a study of a million trials. `step_ms` is the time to the paint of the first
score, which is of a part of the samples and shown with its interval; `all_samples_ms` that of the score of all of them.
`echo_ms` is the same for a bare widget on the same page that only sends a number through the kernel and paints it,
pressed in turn with the explorer; `echo_ratio` is `step_ms_median` over `echo_ms_median`. `busy_ms` is a step while a
cell computes, and `busy_ratio` that over `echo_ms_median`, which is of an idle kernel; Voila runs no cells then.
The case `quickstart` opens the bundled notebook in JupyterLab and gives the seconds from *Run All* to its first plot.
Times are wall times of a headless Chromium with software rendering; `load_average` says how busy the machine was.

    python benchmarks/ui.py [--json] [--all] [--case NAME ...] [--samples N]

`notebook_bytes` is the size of the notebook as JupyterLab saves it, the state of all widgets included.
"""

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from browser import chromium, find_chromium, opened, serving_copy, wait_for_figures  # noqa: E402
from machine import machine, versions  # noqa: E402

from hlsexplore_widgets.notebook import notebook_text  # noqa: E402

CASES = ("lab", "voila", "lab_cnn28", "voila_cnn28")
TRIALS_CASES = ("lab_trials", "voila_trials")
QUICKSTART = "quickstart"
FIRST_PLOT = (
    """() => [...document.querySelectorAll('.hx-plot[data-drawn] .main-svg')].some(node => node.clientWidth > 0)"""
)
ECHO = """
import anywidget, traitlets

class Echo(anywidget.AnyWidget):
    _esm = \'\'\'export default { render({ model, el }) {
      const box = document.createElement("div");
      box.id = "echo"; box.tabIndex = 0; box.textContent = "0";
      box.addEventListener("keydown", () => { model.set("asked", model.get("asked") + 1); model.save_changes(); });
      model.on("change:told", () => { box.textContent = model.get("told"); });
      el.append(box);
    } };\'\'\'
    asked = traitlets.Int(0).tag(sync=True)
    told = traitlets.Int(0).tag(sync=True)

    @traitlets.observe("asked")
    def _answer(self, change):
        self.told = change["new"]

Echo()
"""
JETS = """
from hlsexplore.examples import load
from hlsexplore_widgets import Explorer
example = load("jets")
explorer = Explorer(example.graph, example.x[:{samples}], example.labels[:{samples}])
explorer
"""
TRIALS = """
import sys
sys.path.insert(0, {benchmarks!r})
import many_trials
from hlsexplore.examples import load
from hlsexplore_widgets import Explorer
example = load("jets")
study = many_trials.write("study.db", example, {trials})
explorer = Explorer(example.graph, example.x[:10_000], example.labels[:10_000], study=study)
explorer
"""
CNN28 = """
import sys
sys.path[:0] = [{benchmarks!r}, {tests!r}]
import numpy as np
from networks import make
from hlsexplore_widgets import Explorer
bench = make("cnn28", 1000)
explorer = Explorer(bench.design.graph, bench.x, design=bench.design)
explorer
"""
PACKAGES = ("anywidget", "ipykernel", "ipywidgets", "jupyterlab", "numpy", "plotly", "voila")
PAUSE_MS = (100, 1200)
"""Pauses between steps; what runs behind a step (counts, figures) meets the next one in every state."""
PARTS = (
    ("pressed", ""),
    ("sent", "key to message sent (row drawn)"),
    ("received", "to the kernel"),
    ("begun", "to the worker"),
    ("scored", "score of a part of the samples"),
    ("published", "to the widget"),
    ("arrived", "to the page"),
    ("drawn", "widget manager and tiles"),
    ("painted", "to the paint"),
)
"""Moments of a step, and what leads to each."""
BUSY_S = 30
BUSY = "import time\nend = time.time() + {seconds}\nwhile time.time() < end:\n    sum(range(1000))"
"""A cell that computes in Python and gives the interpreter away only when it must."""
START_CELL = """source => { const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  window.busy = true;
  const run = kernel.requestExecute({ code: source });
  run.done.finally(() => { window.busy = false; }); }"""
WATCH_ECHO = """() => {
  window.echoes = [];
  let pressed = 0;
  const box = document.getElementById('echo');
  box.addEventListener('keydown', event => { pressed = event.timeStamp; }, true);
  new MutationObserver(() => requestAnimationFrame(() => { const channel = new MessageChannel();
    channel.port1.onmessage = () => window.echoes.push(performance.now() - pressed);
    channel.port2.postMessage(0); })).observe(box, { childList: true, characterData: true, subtree: true });
}"""
FRAMES = """(() => {
  window.arrived = 0;
  const own = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
  const decoder = new TextDecoder();
  Object.defineProperty(WebSocket.prototype, 'onmessage', { ...own, set(handler) {
    own.set.call(this, handler && (event => {
      const text = typeof event.data === 'string' ? event.data : decoder.decode(event.data);
      if (text.includes('"shown"')) window.arrived = performance.timeOrigin + performance.now();
      return handler.call(this, event);
    }));
  } });
})()"""
WATCH = """() => {
  window.steps = [];
  const now = () => performance.timeOrigin + performance.now();
  const tiles = document.querySelector('.hx-tiles'), head = tiles.parentElement;
  const score = document.querySelector('[data-tile=score]');
  let step = null, before = 0;
  document.addEventListener('keydown', event => {
    step = { pressed: performance.timeOrigin + event.timeStamp };
    before = Number(head.dataset.revision);
  }, true);
  const note = (own, kind) => {
    const { times, seq } = head.dataset;
    own[kind] = { ...JSON.parse(times), sent: Number(seq), arrived: window.arrived, drawn: now() };
    requestAnimationFrame(() => { const channel = new MessageChannel();
      channel.port1.onmessage = () => { own[kind].painted = now(); if (kind === 'full') window.steps.push(own); };
      channel.port2.postMessage(0); });
  };
  new MutationObserver(() => {
    if (step === null || Number(head.dataset.revision) <= before) return;
    if (!step.first && score.dataset.pending === 'false' && !tiles.classList.contains('hx-stale')) note(step, 'first');
    if (tiles.getAttribute('aria-busy') !== 'false') return;
    note(step, 'full');
    step = null;
  }).observe(head, { attributes: true, subtree: true });
}"""
COUNT_FRAMES = """() => { window.frames = []; window.counting = true;
  const frame = time => { window.frames.push(time); if (window.counting) requestAnimationFrame(frame); };
  requestAnimationFrame(frame); }"""
STOP_FRAMES = "() => { window.counting = false; return window.frames; }"
SAVE_STATE = """async () => { const run = name => window.jupyterapp.commands.execute(name);
  await run('@jupyter-widgets/jupyterlab-manager:saveWidgetState'); await run('docmanager:save'); }"""


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--all", action="store_true", help="the convolutional network too")
    parser.add_argument(
        "--case",
        action="append",
        choices=(*CASES, *TRIALS_CASES, QUICKSTART),
        help="run only this case; may be repeated",
    )
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--trials", type=int, default=1_000_000, help="trials of the cases lab_trials and voila_trials")
    arguments = parser.parse_args()
    if find_chromium() is None:
        sys.stderr.write("no Chromium was found. Install it (apt-get install chromium) or set CHROMIUM to its file.\n")
        return 1
    if arguments.case == [QUICKSTART]:
        sys.stdout.write(
            f"quickstart: first plot {first_plot_s():.1f} s after Run All, load {os.getloadavg()[0]:.1f}\n"
        )
        return 0
    cases = arguments.case or (CASES if arguments.all else CASES[:2])
    rows = []
    with contextlib.redirect_stdout(sys.stderr):
        for case in cases:
            rows.append(measure(case, arguments.samples, arguments.steps, arguments.trials))
            print(json.dumps(rows[-1]))
    if arguments.json:
        print(json.dumps({"rows": rows, "machine": machine(), "versions": versions(*PACKAGES)}))
    else:
        print_rows(rows)
    return 0


def measure(case: str, samples: int, steps: int, trials: int) -> dict[str, Any]:
    """Open a case in the browser and measure it."""
    kind, _, network = case.partition("_")
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "explorer.ipynb"
        cells = [("code", code_of(network, samples, trials).strip()), ("code", ECHO.strip())]
        notebook.write_text(notebook_text(cells), encoding="utf-8")
        with (
            serving_copy(kind, notebook) as (server, copy),
            chromium() as browser,
            opened(browser, kind, server, script=FRAMES) as page,
        ):
            page.wait_for_selector("[data-tile=score]", timeout=180_000)
            wait_for_figures(page, 120)
            page.wait_for_selector(".hx-area-explore .hx-plot[data-drawn]", timeout=60_000)
            page.wait_for_selector("#echo", timeout=60_000)
            page.wait_for_timeout(1500)
            found, echoes = measured_steps(page, steps)
            busy = busy_steps(page, steps) if kind == "lab" else []
            fps = drag_fps(page)
            plot = plot_figures(page) if network == "trials" else {}
            size = saved_bytes(page, copy) if kind == "lab" else None
    first = spread("step_ms", [step["first"]["painted"] - step["pressed"] for step in found])
    echo = spread("echo_ms", echoes)
    return {
        "case": case,
        **first,
        **echo,
        "echo_ratio": first["step_ms_median"] / echo["echo_ms_median"],
        **(spread("busy_ms", busy) if busy else {}),
        **({"busy_ratio": median(busy) / echo["echo_ms_median"]} if busy else {}),
        **spread("all_samples_ms", [step["full"]["painted"] - step["pressed"] for step in found]),
        "parts_ms": breakdown(found),
        "drag_fps": fps,
        **plot,
        "notebook_bytes": size,
        "num_steps": len(found),
        "load_average": os.getloadavg()[0],
    }


def first_plot_s() -> float:
    """Run the bundled quickstart notebook in JupyterLab; return the seconds to its first plot."""
    notebook = ROOT / "notebooks" / "01_quickstart.ipynb"
    with (
        serving_copy("lab", notebook) as (server, _),
        chromium() as browser,
        opened(browser, "lab", server) as page,
    ):
        begun = time.perf_counter()  # `opened` runs the cells, its last step
        page.wait_for_function(FIRST_PLOT, timeout=300_000)
        return time.perf_counter() - begun


def measured_steps(page: Any, steps: int) -> tuple[list[dict[str, Any]], list[float]]:
    """Press keys on one band after the other, so that no design comes twice, with pauses of every length.

    Returns:
        For each step when the key was pressed, and for the `first` score and the score of all samples (`full`) the
        times of `PARTS`, in ms since 1970; and for each echo between two steps the ms from its key to its paint.
    """
    page.evaluate(WATCH)
    page.evaluate(WATCH_ECHO)
    rng = random.Random(1)
    for done in range(steps):
        press(page, done, rng)
        page.wait_for_function("done => window.steps.length > done", arg=done, timeout=60_000)
        page.locator("#echo").focus()
        page.wait_for_timeout(rng.uniform(*PAUSE_MS))
        page.keyboard.press("a")
        page.wait_for_function("done => window.echoes.length > done", arg=done, timeout=60_000)
    found: list[dict[str, Any]] = page.evaluate("() => window.steps")
    echoes: list[float] = page.evaluate("() => window.echoes")
    return found, echoes


def press(page: Any, done: int, rng: random.Random) -> None:
    """Press the key of one step, after a pause."""
    handles = page.locator(".hx-handle[aria-label$='fraction bits']")
    count = handles.count()
    handles.nth(done % count).focus()
    page.wait_for_timeout(rng.uniform(*PAUSE_MS))
    page.keyboard.press("ArrowLeft" if done // count < 7 else "ArrowRight")


def busy_steps(page: Any, steps: int) -> list[float]:
    """Let a cell compute, and press keys until it ends; return the ms from key to first score of each step."""
    page.evaluate("() => { window.steps = []; }")
    page.evaluate(START_CELL, BUSY.format(seconds=BUSY_S))
    page.wait_for_timeout(500)
    rng, done = random.Random(2), 0
    while page.evaluate("() => window.busy"):
        press(page, steps + done, rng)
        page.wait_for_function("done => window.steps.length > done || !window.busy", arg=done, timeout=60_000)
        done += 1
    found: list[dict[str, Any]] = page.evaluate("() => window.steps")
    page.evaluate("() => { window.steps = []; }")
    return [step["first"]["painted"] - step["pressed"] for step in found]


def spread(name: str, values: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    return {f"{name}_median": median(values), f"{name}_p95": quantiles(values, n=20)[-1]}


def breakdown(found: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Return where the time to the first score goes: part -> median and 95th percentile in ms."""
    parts = {}
    for (start, _), (end, text) in pairwise(PARTS):
        values = [(step["first"] | step)[end] - (step["first"] | step)[start] for step in found]
        parts[text] = [round(median(values), 1), round(quantiles(values, n=20)[-1], 1)]
    return parts


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print a table of the cases, and where the time goes in each."""
    print(
        f"{'case':12}{'first ms':>9}{'p95':>7}{'echo ms':>9}{'ratio':>7}{'busy':>7}"
        f"{'all ms':>9}{'p95':>7}{'drag fps':>10}{'notebook':>12}{'load':>6}"
    )
    for row in rows:
        size = "-" if row["notebook_bytes"] is None else f"{row['notebook_bytes']:,}"
        print(
            f"{row['case']:12}{row['step_ms_median']:9.1f}{row['step_ms_p95']:7.1f}{row['echo_ms_median']:9.1f}"
            f"{row['echo_ratio']:7.2f}{row.get('busy_ratio', float('nan')):7.2f}{row['all_samples_ms_median']:9.1f}"
            f"{row['all_samples_ms_p95']:7.1f}{row['drag_fps']:10.1f}{size:>12}{row['load_average']:6.1f}"
        )
    for row in rows:
        if "hover_fps" in row:
            print(
                f"{row['case']}: pointer over the plot {row['hover_fps']:.1f} fps, zoom {row['zoom_fps']:.1f} fps, "
                f"step along the front {row['front_step_ms_median']:.0f} ms ({row['front_step_ms_p95']:.0f} for 95 %)"
            )
        print(f"\n{row['case']}: parts of the time to the first score, median and 95 % in ms")
        for text, (middle, high) in row["parts_ms"].items():
            print(f"  {text:44}{middle:7.1f}{high:7.1f}")


def drag_fps(page: Any) -> float:
    """Drag the end of a band to and fro for some seconds; return the frames a second that the page painted."""
    handle = page.locator(".hx-handle").nth(2)
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(COUNT_FRAMES)
    for step in range(240):
        page.mouse.move(x + 60 * abs((step % 80) - 40) / 40, y)
    frames: list[float] = page.evaluate(STOP_FRAMES)
    page.mouse.up()
    wait_for_figures(page)
    return 1000 * (len(frames) - 1) / (frames[-1] - frames[0])


def plot_figures(page: Any) -> dict[str, float]:
    """Move the pointer over the Pareto plot, drag a zoom, and step along the front by its button."""
    plot = page.locator(".hx-area-explore .hx-plot[data-drawn]").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x, y, w, h = box["x"] + 80, box["y"] + 50, box["width"] - 130, box["height"] - 110

    def sweep(moves: int) -> float:
        page.evaluate(COUNT_FRAMES)
        for step in range(moves):
            page.mouse.move(x + w * abs((step % 80) - 40) / 40, y + h * (step % 50) / 50)
        frames: list[float] = page.evaluate(STOP_FRAMES)
        return 1000 * (len(frames) - 1) / (frames[-1] - frames[0])

    hover = sweep(240)
    page.mouse.move(x, y)
    page.mouse.down()
    zoom = sweep(120)
    page.mouse.up()
    page.wait_for_timeout(500)
    page.mouse.dblclick(x + w / 2, y + h / 2)
    page.wait_for_timeout(500)
    page.evaluate("() => { window.steps = []; }")
    for done in range(10):
        page.get_by_role("button", name="front ›" if done % 4 < 3 else "‹ front").focus()
        page.wait_for_timeout(700)
        page.keyboard.press("Enter")
        page.wait_for_function("done => window.steps.length > done", arg=done, timeout=60_000)
    steps = page.evaluate("() => window.steps")
    times = [step["first"]["painted"] - step["pressed"] for step in steps]
    return {"hover_fps": hover, "zoom_fps": zoom, **spread("front_step_ms", times)}


def saved_bytes(page: Any, notebook: Path) -> int:
    """Let JupyterLab save the notebook with the state of all widgets; return its size."""
    page.evaluate(SAVE_STATE)
    before = -1
    for _ in range(40):
        page.wait_for_timeout(250)
        size = notebook.stat().st_size
        if size == before and size > 10_000:
            break
        before = size
    return notebook.stat().st_size


def code_of(network: str, samples: int, trials: int = 0) -> str:
    """Return the code of a case."""
    if network == "trials":
        return TRIALS.format(benchmarks=str(ROOT / "benchmarks"), trials=trials)
    if network:
        return CNN28.format(benchmarks=str(ROOT / "benchmarks"), tests=str(ROOT / "tests"))
    return JETS.format(samples=samples)


if __name__ == "__main__":
    sys.exit(main())
