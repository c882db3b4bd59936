"""The tables of the page as the user saves them: complete, with numbers as numbers."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from hlsexplore.estimate.logic import LOGIC_TOOL
from hlsexplore.layer_config import knobs
from hlsexplore.ops import tensor_keys
from hlsexplore_widgets.catalog import Catalog, summary
from hlsexplore_widgets.known import source_of
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.table import Table
from hlsexplore_widgets.trial_page import Query, ordered, shown_names

COSTS = ("lut", "ff", "dsp", "bram18", "latency_cycles_max", "ii_cycles")


def figure_table(state: ExplorerState) -> Table:
    """Return the figures of the current design with their intervals and sources."""
    live = state.live
    rows: list[tuple[object, ...]] = [
        (name, found.value, found.lower, found.upper, "95 %", f"{found.num_samples} samples")
        for name, found in live.scores.items()
    ]
    best = live.best
    if best is not None:
        source = "estimate, after logic synthesis" if best.tool == LOGIC_TOOL else "estimate"
        narrow = min(best.bounds, key=lambda item: item.level, default=None)
        for name, value in asdict(best.total).items():
            low, high = (None, None) if narrow is None else (getattr(narrow.lower, name), getattr(narrow.upper, name))
            level = f"{narrow.level} %" if narrow is not None and low is not None else ""
            rows.append((name, value, low, high, level, source_of(name, best, live.reports) or source))
    return Table(columns=("figure", "value", "lower", "upper", "interval", "source"), rows=tuple(rows))


def layer_table(state: ExplorerState) -> Table:
    """Return types, knobs, costs and losses of every layer: a row for each tensor."""
    design, best, losses = state.design, state.live.best, state.detail
    counts = {(item.layer, item.key): item for item in losses or ()}
    rows = []
    for node in state.graph:
        config, costs = design.layers[node.name], None if best is None else best.layers.get(node.name)
        settings = " ".join(f"{knob}={getattr(config, knob)}" for knob in knobs(node))
        spent = tuple(None if costs is None else getattr(costs, name) for name in COSTS)
        for key in tensor_keys(node.op) or ("",):
            item = counts.get((node.name, key))
            lost = (None,) * 3 if item is None else (item.num_values, item.num_overflowed, item.num_underflowed)
            rows.append((node.name, node.kind, key, str(config.types[key]) if key else "", settings, *spent, *lost))
    heads = ("layer", "op", "tensor", "type", "knobs", *COSTS, "values", "out of range", "become 0")
    return Table(columns=heads, rows=tuple(rows))


def trial_table(catalog: Catalog | None, query: Query, kept: NDArray[np.bool_] | None = None) -> Table:
    """Return all trials that the table shows page by page, in its order.

    Args:
        catalog: The trials; None without a study.
        query: What the table is sorted by and searched for.
        kept: Trials that the selection keeps; all when None.
    """
    if catalog is None:
        return Table(columns=("trial",), rows=())
    names, order = shown_names(catalog, query), ordered(catalog, query, kept)
    rows = tuple(
        (
            trial.number,
            *(trial.metrics.get(name) for name in names),
            catalog.source(trial.number or 0),
            summary(trial),
            trial.note,
            trial.design_key,
        )
        for trial in catalog.trials(order)
    )
    return Table(columns=("trial", *names, "resources by", "types", "note", "design"), rows=rows)
