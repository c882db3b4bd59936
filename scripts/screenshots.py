"""Pictures of the explorer for the README and the docs: `make screenshots` writes `docs/img/explorer_*.png`.

python scripts/screenshots.py [FOLDER]
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from browser import chromium, opened, serving, set_lab_theme, wait_for_figures, write_notebook  # noqa: E402

SOURCE = """
import hlsexplore as hx
from hlsexplore.examples import load
from hlsexplore_widgets import Explorer

example = load("shuttle")
x, labels = example.x[:4000], example.labels[:4000]
study = hx.Study({path!r}, example.graph, x, labels)
explorer = Explorer(example.graph, x, labels, study=study, classes=example.classes)
explorer.state.wait()  # the default design becomes the baseline
explorer.state.load(study.design({best}))
explorer
"""
BUILD = "build"
"""In place of a tab: export and synthesize, and wait for the report."""
SHOTS = (
    ("explorer_light", "voila", "light", 1400, 1180, ()),
    ("explorer_dark", "voila", "dark", 1400, 1180, ("Parallel", "Latency")),
    ("explorer_linked", "voila", "dark", 1400, 1480, ("Linked", "Resources")),
    ("explorer_build", "voila", "light", 1400, 1480, ("Importance", "Decisions", BUILD)),
    ("explorer_narrow", "voila", "light", 700, 1500, ()),
    ("explorer_lab_dark", "lab", "dark", 1600, 1150, ("Importance", "Resources")),
)


def main() -> int:
    """Take the pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        notebook = Path(name) / "shuttle.ipynb"
        path = Path(name) / "shuttle.db"
        write_notebook(notebook, SOURCE.format(path=str(path), best=sweep(path)))
        for shot, kind, theme, width, height, tabs in SHOTS:
            with serving(kind, notebook, theme) as server, opened(browser, kind, server, width, height) as page:
                prepare(page, kind, theme, tabs)
                page.screenshot(path=folder / f"{shot}.png")
                shrink(folder / f"{shot}.png")
                sys.stderr.write(f"{folder / shot}.png\n")
    return 0


def sweep(path: Path) -> int:
    """Make the study that the pictures show; return the number of its most accurate trial on the front."""
    import hlsexplore as hx
    from hlsexplore.examples import load

    example = load("shuttle")
    widths = {"weight": [3, 4, 5, 6, 8, 10], "result": [5, 6, 8, 10, 12]}
    with hx.Study(path, example.graph, example.x[:4000], example.labels[:4000]) as study:
        base = hx.Design.default(example.graph, hx.Target(tool="yosys"))
        study.sweep({"per_layer": widths, "uniform": {"reuse": [1, 2, 4, 8, 16]}}, trials=160, seed=3, base=base)
        best = max(study.front(("accuracy", "lut")), key=lambda trial: trial.metrics["accuracy"] or 0.0)
        return best.number or 1


def prepare(page: Any, kind: str, theme: str, tabs: tuple[str, ...]) -> None:
    """Bring the page into the state of the picture."""
    page.wait_for_selector("[data-tile=score]", timeout=120_000)
    wait_for_figures(page)
    page.wait_for_selector(".hx-area-explore .hx-plot[data-drawn]", timeout=60_000)
    if kind == "lab":
        set_lab_theme(page, theme)
        page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    for tab in tabs:
        if tab == BUILD:
            build(page)
        else:
            page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1500)
    page.wait_for_function(
        "() => !document.querySelector('.hx-area-analyse').textContent.includes('Relieving')", timeout=90_000
    )
    if kind == "lab":
        page.locator(".hx-app").scroll_into_view_if_needed()
    page.mouse.move(5, 5)
    if "Linked" in tabs:
        page.locator(".hx-trials tbody tr").nth(4).hover()
    page.wait_for_timeout(2500)


def build(page: Any) -> None:
    """Export, verify and synthesize the design."""
    card = page.locator(".hx-area-build")
    card.get_by_role("button", name="Export and synthesize").click()
    card.get_by_role("table").wait_for(timeout=180_000)
    page.get_by_role("button", name="Close message").click()


def shrink(path: Path) -> None:
    """Store a picture with a palette: a third of the size, and nobody sees it."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").quantize(colors=256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
