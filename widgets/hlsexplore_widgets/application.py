"""The explorer as an application: what the notebook behind `hlsexplore app` shows."""

import json
from pathlib import Path
from typing import Any

import ipywidgets

from hlsexplore.data import load_data
from hlsexplore.design import Design
from hlsexplore.errors import HlsExploreError, UnsupportedError
from hlsexplore.importers import read_model
from hlsexplore_widgets.assets import style
from hlsexplore_widgets.explorer import Explorer


def application(path: str | Path) -> Any:
    """Return the explorer of the files that a JSON file names, or a page that says what is wrong.

    Args:
        path: JSON file with `model`, `data` and optionally `design`, each a path.
    """
    try:
        names = json.loads(Path(path).read_text(encoding="utf-8"))
        graph = read_model(names["model"])
        data = load_data(names["data"], graph.inputs)
        design = Design.load(names["design"], graph) if names.get("design") else None
        return Explorer(graph, data.x, data.labels, design=design, title=Path(names["model"]).name)
    except UnsupportedError as error:
        return problem_page(f"{Path(names['model']).name} cannot be explored yet", error.problems)
    except HlsExploreError as error:
        return problem_page("The explorer cannot start", (str(error),))


def problem_page(title: str, problems: tuple[str, ...]) -> ipywidgets.Widget:
    """Return a page that lists what stands in the way; every text is shown as it is, never as HTML."""
    head = ipywidgets.Label(value=title)
    head.add_class("hx-problemhead")
    lines = [ipywidgets.Label(value=f"• {problem}") for problem in problems]
    for line in lines:
        line.add_class("hx-problem")
    sheet = ipywidgets.HTML(value=f"<style>{style('panels')}</style>")
    page = ipywidgets.VBox([sheet, head, *lines])
    for name in ("hx", "hx-app"):
        page.add_class(name)
    return page
