"""The explorer of a model that may not be supported, and what the notebook behind `hlsexplore app` shows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from hlsexplore.data import load_data
from hlsexplore.design import Design
from hlsexplore.errors import HlsExploreError
from hlsexplore.foreign_design import has_design, read_design
from hlsexplore.graph import Graph
from hlsexplore.importers import inspect_model
from hlsexplore.support.files import read_json
from hlsexplore_hls.reports.observations import UNREADABLE, pairs_of
from hlsexplore_widgets.compatibility import compatibility_page, problem_page
from hlsexplore_widgets.explorer import Explorer


def explore(model: Any, x: Any, labels: Any = None, weights: str | Path | None = None, **options: Any) -> Any:
    """Return the explorer of a model, or the report of what the model lacks in place of the rows.

    Args:
        model: Path of a model file, a live Keras or QKeras model, or a graph.
        x: Real inputs, as for `Explorer`.
        labels: Labels, as for `Explorer`.
        weights: Path of the weights, for formats that keep them in a second file.
        **options: More arguments of `Explorer`.

    Raises:
        ModelError: If the model cannot be read at all.
        DataError: If inputs or labels do not fit.
        ConfigError: If an option is wrong.
    """
    if isinstance(model, Graph):
        return Explorer(model, x, labels, **options)
    found = inspect_model(model, weights)
    if found.graph is None:
        name = Path(model).name if isinstance(model, str | Path) else found.name
        return compatibility_page(f"{name} cannot be explored yet", found)
    if isinstance(model, str | Path):
        options.setdefault("model", model)
        options.setdefault("weights", weights)
        own = read_design(model) if has_design(model) else None
        options.setdefault("design", own)
        return _with_reports(Explorer(found.graph, x, labels, **options), model, own)
    return Explorer(found.graph, x, labels, **options)


def _with_reports(explorer: Explorer, model: str | Path, design: Design | None) -> Explorer:
    """Show what C synthesis reported of the design that an hls4ml project holds, where its report is there.

    Args:
        explorer: The explorer.
        model: Path of the model.
        design: The design that the model brings along, if it does.
    """
    if design is not None and Path(model).is_dir():
        try:
            pairs = pairs_of(Path(model))
        except UNREADABLE:
            return explorer
        for pair in pairs:
            if not pair.is_logic:
                explorer.state.reported(design, replace(pair.report, design_key=design.key))
    return explorer


def application(path: str | Path) -> Any:
    """Return the explorer of the files that a JSON file names, or a page that says what is wrong.

    Args:
        path: JSON file with `model`, `data` and optionally `weights` and `design`, each a path, and optionally `task`.
    """
    try:
        names = read_json(Path(path), 1 << 20)
        found = inspect_model(names["model"], names.get("weights"))
        if found.graph is None:
            return compatibility_page(f"{Path(names['model']).name} cannot be explored yet", found)
        data = load_data(names["data"], found.graph.inputs, found.graph.output_spellings)
        graph, chosen = found.graph, names.get("design")
        own = read_design(names["model"]) if has_design(names["model"]) else None
        design = Design.load(chosen, graph) if chosen else own
        explorer = Explorer(
            found.graph,
            data.x,
            data.labels,
            design=design,
            title=Path(names["model"]).name,
            model=names["model"],
            task=names.get("task"),
            weights=names.get("weights"),
        )
        return _with_reports(explorer, names["model"], own)
    except HlsExploreError as error:
        return problem_page("The explorer cannot start", (str(error),))
