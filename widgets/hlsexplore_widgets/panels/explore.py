"""The trials: Pareto plot, parallel coordinates, importance, progress, table; and the sweep that makes them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import ipywidgets
import numpy as np

from hlsexplore.errors import ConfigError
from hlsexplore.estimate import device
from hlsexplore.trial import cost_metrics
from hlsexplore_widgets.catalog import Catalog, summary
from hlsexplore_widgets.components import Choices, PlotView, SweepView, Tabs, TrialsTable
from hlsexplore_widgets.figures import (
    figure_json,
    importance_figure,
    importance_info,
    parallel_figure,
    parallel_info,
    pareto_figure,
    pareto_info,
    progress_figure,
    progress_info,
)
from hlsexplore_widgets.figures.base import empty_figure, label_of
from hlsexplore_widgets.figures.parallel import knob_table, within
from hlsexplore_widgets.figures.pareto import explain
from hlsexplore_widgets.live import Live
from hlsexplore_widgets.state import ExplorerState, Topic
from hlsexplore_widgets.sweep_job import SweepJob, option_data
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

TABS = (
    {"id": "pareto", "label": "Pareto"},
    {"id": "parallel", "label": "Parallel"},
    {"id": "importance", "label": "Importance"},
    {"id": "progress", "label": "Progress"},
    {"id": "trials", "label": "Trials"},
)
PAGE = 50
HOVERED = 150
CALM_S = 0.15
"""The remark about the current design waits this long for the next change."""
Ranges = dict[str, list[list[float]]]


class ExplorePanel:
    """What a sweep found, from five sides. A click on a trial loads its design.

    Attributes:
        sweep: The job that makes trials.
        view: The widget with tabs, plot, table and sweep controls.
    """

    def __init__(self, state: ExplorerState) -> None:
        """Show the state's study, if it has one."""
        self._state = state
        self.sweep = SweepJob(state)
        self._tab = "pareto"
        self._axes: dict[str, Any] = {"x": "lut", "y": None, "colour": "", "log_x": False, "log_y": False}
        self._ranges: Ranges = {}
        self._page: dict[str, Any] = {"sort": "number", "descending": True, "offset": 0, "text": ""}
        self._draw: LatestWins[str] = LatestWins(self._draw_tab, "hlsexplore-plots")
        self._remark: LatestWins[None] = LatestWins(self._refresh_items, "hlsexplore-remark")
        self.tabs = Tabs(state, self._on_tab, tabs=list(TABS), selected=self._tab, label="Trials")
        self.choices = Choices(state, self._on_choice)
        self.plot = PlotView(state, self._on_plot, height=400, label="Trials")
        self.table = TrialsTable(state, self._on_table, page=self._page_data(None, [], []))
        self.sweep_view = SweepView(state, self._on_sweep)
        self.view = ipywidgets.VBox([self.tabs, self.choices, self.plot, self.table, self.sweep_view])
        for name in ("hx", "hx-card", "hx-stack"):
            self.view.add_class(name)
        state.subscribe(self._show, "study", "live", "baseline", "sweep")
        self._show("sweep")
        self._show("study")

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the plot is up to date."""
        return self._draw.wait(timeout_s)

    # ---- from the state ---------------------------------------------------------------------------------------------

    def _show(self, topic: Topic) -> None:
        if topic == "sweep":
            status = self.sweep.status
            data = {
                "state": status.condition,
                "message": status.message,
                "fraction": status.fraction,
                "remaining_s": status.remaining_s,
            }
            self.sweep_view.show(options=option_data(self.sweep.options), status=data)
        elif topic == "study":
            self._draw.submit(self._tab)
        else:
            self._place()
            if topic == "live" and self._tab == "pareto" and self._state.live.is_complete:
                self._remark.submit(None)

    def _place(self) -> None:
        """Put the marks of the current design and the baseline on the Pareto plot."""
        state, catalog = self._state, self._state.catalog
        if self._tab != "pareto" or catalog is None:
            self.plot.pins = []
            return
        x, y = self._axes["x"], self._y(catalog)
        pins = [self._pin(state.live, x, y, "current")]
        if state.baseline is not None and state.baseline.design != state.live.design:
            pins.append(self._pin(state.baseline, x, y, "baseline"))
        self.plot.pins = pins

    def _pin(self, live: Live, x: str, y: str, kind: str) -> dict[str, Any]:
        point = self._figures(live)
        return {"kind": kind, "x": point.get(x), "y": point.get(y), "seq": live.seq, "text": f"{kind} design"}

    def _figures(self, live: Live) -> dict[str, float | None]:
        """Figures of a design under the names that trials use."""
        score = live.score.value if live.score is not None else None
        return {**cost_metrics(live.report, live.design), self._state.scorer.metric.name: score}

    def _y(self, catalog: Catalog) -> str:
        chosen = self._axes["y"]
        return chosen if chosen in catalog.names else catalog.names[0]

    def _refresh_items(self, _: None, is_superseded: IsSuperseded) -> None:
        """Say what beats the current design, once it has not changed for a moment."""
        time.sleep(CALM_S)
        if not is_superseded():
            with self._state.guard("comparing the design"):
                items = self._items()
                with self._state.lock:
                    self.choices.items = items

    # ---- drawing, in a thread of its own ----------------------------------------------------------------------------

    def _draw_tab(self, tab: str, is_superseded: IsSuperseded) -> None:
        with self._state.guard("drawing the plot"):
            catalog = self._state.catalog
            figure = None
            if catalog is None:
                figure = empty_figure("No trials yet. Start a sweep below, or pass a study.")
            elif tab == "trials":
                page = self._page_of(catalog)
                with self._state.lock:
                    self.table.page = page
            else:
                figure = self._drawers()[tab](catalog)
            if is_superseded() and not self.sweep.is_active:
                return
            with self._state.lock:
                if figure is not None:
                    self.plot.show(figure=figure_json(figure), label=self._label(tab), summary=self._summary(catalog))
                self.plot.layout.display = "none" if tab == "trials" else ""
                self.table.layout.display = "" if tab == "trials" else "none"
                self.choices.items = self._items()
                self._place()

    def _drawers(self) -> dict[str, Callable[[Catalog], Any]]:
        return {
            "pareto": self._pareto,
            "parallel": self._parallel,
            "importance": self._importance,
            "progress": self._progress,
        }

    def _pareto(self, catalog: Catalog) -> Any:
        axes, y = self._axes, self._y(catalog)
        part = device(self._state.design.target.part)
        info = pareto_info(
            catalog.columns,
            axes["x"],
            y,
            catalog.directions,
            colour_name=axes["colour"] or None,
            kept=self._kept(catalog),
            log_x=axes["log_x"],
            log_y=axes["log_y"],
            budget_x=getattr(part, axes["x"], None) if part is not None else None,
        )
        numbers = [int(number) for number in info.numbers[info.front][:HOVERED]]
        texts = {trial.number or 0: summary(trial) for trial in catalog.study.store.trials(numbers)}
        return pareto_figure(replace(info, hover=texts))

    def _parallel(self, catalog: Catalog) -> Any:
        return parallel_figure(parallel_info(catalog.details(), self._main_figures(catalog), self._ranges))

    def _importance(self, catalog: Catalog) -> Any:
        return importance_figure(importance_info(catalog.details(), self._main_figures(catalog)[:3]))

    def _progress(self, catalog: Catalog) -> Any:
        numbers, volumes = catalog.study.hypervolume_history()
        names = tuple(label_of(name.partition(":")[0]) for name in catalog.study.objectives)
        return progress_figure(progress_info(numbers, volumes, len(catalog), names))

    def _main_figures(self, catalog: Catalog) -> list[str]:
        wanted = (self._y(catalog), "lut", "dsp", "latency_cycles")
        return [name for name in wanted if name in catalog.known]

    def _kept(self, catalog: Catalog) -> Any:
        """Trials that the brushed ranges keep, as a mask over the columns; None without a brush."""
        if not self._ranges:
            return None
        kept = np.ones(len(catalog), dtype=bool)
        for name, spans in self._ranges.items():
            if name in catalog.columns:
                kept &= within([name], catalog.columns[name][:, None].astype(np.float64), {name: spans})
        knobs = {name: spans for name, spans in self._ranges.items() if name not in catalog.columns}
        if knobs:
            trials = catalog.details()
            names, table = knob_table(trials)
            chosen = {trial.number for trial, is_in in zip(trials, within(names, table, knobs), strict=True) if is_in}
            kept &= np.isin(catalog.columns["number"], [number for number in chosen if number is not None])
        return kept

    def _label(self, tab: str) -> str:
        y = label_of(self._axes["y"] or "the figure of merit")
        return {
            "pareto": f"{y} against {label_of(self._axes['x'])} of every trial; click a point to load its design",
            "parallel": "Parallel coordinates of the trials; drag along an axis to keep a range",
            "importance": "Share of the spread of each figure that each knob explains",
            "progress": "Volume dominated by the front over the trials",
        }.get(tab, "Trials")

    def _summary(self, catalog: Catalog | None) -> str:
        return "" if catalog is None else f"{len(catalog):,} trials. The buttons above step along the front."

    # ---- the controls above the plot --------------------------------------------------------------------------------

    def _items(self) -> list[dict[str, Any]]:
        catalog = self._state.catalog
        if catalog is None or not len(catalog):
            return []
        if self._tab == "pareto":
            return self._pareto_items(catalog)
        if self._tab == "parallel":
            kept = self._kept(catalog)
            count = len(catalog) if kept is None else int(kept.sum())
            return [
                {
                    "id": "count",
                    "kind": "text",
                    "label": f"{count:,} of {len(catalog):,} kept; drag along an axis to keep a range",
                },
                {"id": "exclude", "kind": "button", "label": "Restore all", "disabled": not self._ranges},
            ]
        return []

    def _pareto_items(self, catalog: Catalog) -> list[dict[str, Any]]:
        axes = self._axes
        names = [[name, label_of(name)] for name in catalog.known]
        colours = [["", "none"], ["number", "order"], *names]
        why = explain(
            self._figures(self._state.live), catalog.columns, [self._y(catalog), axes["x"]], catalog.directions
        )
        return [
            {"id": "y", "kind": "select", "label": "y", "values": names, "value": self._y(catalog)},
            {"id": "x", "kind": "select", "label": "x", "values": names, "value": axes["x"]},
            {"id": "colour", "kind": "select", "label": "colour", "values": colours, "value": axes["colour"]},
            {"id": "log_x", "kind": "check", "label": "log x", "value": axes["log_x"]},
            {"id": "log_y", "kind": "check", "label": "log y", "value": axes["log_y"]},
            {
                "id": "previous",
                "kind": "button",
                "label": "‹ front",
                "title": "Previous design on the front",
                "edits": True,
            },
            {"id": "next", "kind": "button", "label": "front ›", "title": "Next design on the front", "edits": True},
            {"id": "why", "kind": "text", "label": why},
        ]

    def _on_choice(self, message: Mapping[str, Any]) -> None:
        name, value = message.get("id"), message.get("value")
        catalog = self._state.catalog
        if catalog is None:
            return
        match name:
            case "previous" | "next":
                self._step(catalog, -1 if name == "previous" else 1, float(message.get("seq", 0.0)))
                return
            case "x" | "y" if value in catalog.names:
                self._axes[str(name)] = value
            case "colour" if value in ("", "number", *catalog.names):
                self._axes["colour"] = value
            case "log_x" | "log_y":
                self._axes[str(name)] = bool(value)
            case "exclude":
                self._ranges = {}
            case _:
                raise ConfigError(f"the plot has no choice {name!r} = {value!r}.")
        self._draw.submit(self._tab)

    def _step(self, catalog: Catalog, by: int, seq: float) -> None:
        """Load the neighbour of the current design on the front of the plot."""
        info = pareto_info(
            catalog.columns, self._axes["x"], self._y(catalog), catalog.directions, kept=self._kept(catalog)
        )
        if not len(info.front):
            self._state.touch(seq)
            return
        here = self._figures(self._state.live).get(self._axes["x"])
        xs = info.x[info.front]
        if here is None:
            at = 0
        elif by > 0:
            at = min(int(np.searchsorted(xs, here, side="right")), len(xs) - 1)
        else:
            at = max(int(np.searchsorted(xs, here, side="left")) - 1, 0)
        self._load(int(info.numbers[info.front[at]]), seq)

    def _load(self, number: int, seq: float) -> None:
        catalog = self._state.catalog
        if catalog is not None:
            self._state.load(catalog.study.design(number), seq=seq)

    # ---- from the browser -------------------------------------------------------------------------------------------

    def _on_tab(self, message: Mapping[str, Any]) -> None:
        chosen = str(message.get("id"))
        if chosen in {tab["id"] for tab in TABS}:
            self._tab = chosen
            self.tabs.selected = chosen
            self._draw.submit(chosen)

    def _on_plot(self, message: Mapping[str, Any]) -> None:
        match message.get("ev"):
            case "click" if self._tab == "pareto":
                self._load(int(message["id"]), float(message.get("seq", 0.0)))
            case "click":
                self._state.touch(float(message.get("seq", 0.0)))
            case "brush":
                self._ranges = _checked_ranges(message.get("ranges"))
                self.choices.items = self._items()

    def _on_table(self, message: Mapping[str, Any]) -> None:
        if message.get("ev") == "load":
            self._load(int(message["id"]), float(message.get("seq", 0.0)))
            return
        for key in ("sort", "text"):
            if key in message:
                self._page[key] = str(message[key])
        if "descending" in message:
            self._page["descending"] = bool(message["descending"])
        if "offset" in message:
            self._page["offset"] = max(0, int(message["offset"]))
        self._draw.submit(self._tab)

    def _on_sweep(self, message: Mapping[str, Any]) -> None:
        match message.get("ev"):
            case "start":
                self.sweep.start()
            case "pause":
                self.sweep.toggle_pause()
            case "stop":
                self.sweep.stop()
            case "option":
                key, value = str(message.get("key")), message.get("value")
                if key in ("trials", "low", "high"):
                    self.sweep.choose(**{key: _whole(value)})
                elif key in ("scope", "reuse", "sampler"):
                    self.sweep.choose(**{key: str(value)})

    # ---- the table --------------------------------------------------------------------------------------------------

    def _page_of(self, catalog: Catalog) -> dict[str, Any]:
        """Return the page of trials that is looked at."""
        columns, page = catalog.columns, self._page
        order = np.arange(len(catalog))
        kept = self._kept(catalog)
        if kept is not None:
            order = order[kept]
        text = page["text"].strip().lower()
        if text:
            found = [
                trial.number or 0
                for trial in catalog.details()
                if text in f"{trial.number} {trial.design_key} {summary(trial)} {trial.origin} {trial.note}".lower()
            ]
            order = order[np.isin(columns["number"][order], found)]
        sort = page["sort"] if page["sort"] in columns else "number"
        values = columns[sort][order].astype(np.float64)
        order = order[np.argsort(-values if page["descending"] else values, kind="stable")]
        start = min(page["offset"], max(0, len(order) - 1))
        shown = columns["number"][order[start : start + PAGE]].astype(int).tolist()
        trials = {trial.number: trial for trial in catalog.study.store.trials(shown)}
        front = {trial.number for trial in catalog.study.front()}
        names = catalog.known
        rows = [
            {
                "id": number,
                "front": number in front,
                "cells": [
                    str(number),
                    *(_cell(trials[number].metrics.get(name)) for name in names),
                    summary(trials[number]),
                ],
            }
            for number in shown
        ]
        data = self._page_data(
            len(order), rows, [("number", "trial"), *((name, label_of(name)) for name in names), ("", "types")]
        )
        return data | {"offset": start}

    def _page_data(self, total: int | None, rows: list[Any], columns: list[tuple[str, str]]) -> dict[str, Any]:
        page = self._page
        return {
            "columns": [{"id": name, "label": label} for name, label in columns],
            "rows": rows,
            "sort": page["sort"],
            "descending": page["descending"],
            "offset": page["offset"],
            "size": PAGE,
            "total": total or 0,
            "current": None,
        }


def _checked_ranges(ranges: Any) -> Ranges:
    """Check the form of brushed ranges from a browser."""
    if not isinstance(ranges, dict):
        raise ConfigError(f"brushed ranges must be given by axis, not {ranges!r}.")
    return {str(name): [[float(low), float(high)] for low, high in spans] for name, spans in ranges.items()}


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.4f}"


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ConfigError(f"a whole number is needed, not {value!r}.") from None
