"""What stands in place of the rows when a model cannot be explored: every layer, and what it lacks."""

from collections.abc import Sequence
from html import escape

import ipywidgets

from hlsexplore.importers import Inspection
from hlsexplore_widgets.assets import style


def compatibility_page(title: str, found: Inspection) -> ipywidgets.Widget:
    """Return a page with every layer of a model and everything that is not supported, with the way out.

    Args:
        title: Heading.
        found: The model, as `inspect_model` read it.
    """
    rows = []
    for layer in found.layers:
        mark = "✓" if layer.problem is None else "✗ not supported"
        cells = (layer.name, layer.cls, " × ".join(map(str, layer.shape or ())), f"{layer.num_parameters:,}", mark)
        name, *rest = (escape(str(cell)) for cell in cells)
        kind = "" if layer.problem is None else ' class="hx-lacking"'
        rows.append(f'<tr{kind}><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>')
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("layer", "class", "shape", "parameters", "supported"))
    table = f"<table><caption>Layers</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return _page(title, found.problems, table if rows else "")


def problem_page(title: str, problems: Sequence[str]) -> ipywidgets.Widget:
    """Return a page that lists what stands in the way."""
    return _page(title, problems, "")


def _page(title: str, problems: Sequence[str], table: str) -> ipywidgets.Widget:
    """Put a page together; `table` is HTML, all else is text and shown as it is."""
    items = "".join(f'<li class="hx-problem">{escape(problem)}</li>' for problem in problems)
    body = (
        f'<style>{style("panels")}</style><div class="hx-card" role="alert"><h2>{escape(title)}</h2>'
        f'<ul class="hx-problems">{items}</ul>{table}</div>'
    )
    page = ipywidgets.VBox([ipywidgets.HTML(value=body)])
    for name in ("hx", "hx-app"):
        page.add_class(name)
    return page
