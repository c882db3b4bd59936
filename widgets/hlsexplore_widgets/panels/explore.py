"""The trials: Pareto plot, parallel coordinates, importance, progress, table; and the sweep that makes them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import ipywidgets
import numpy as np

from hlsexplore.errors import ConfigError
from hlsexplore.estimate import device
from hlsexplore.study.trial import cost_metrics
from hlsexplore_widgets import selection as chosen
from hlsexplore_widgets.catalog import Catalog, summary
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import Choices, PlotView, SweepView, Tabs
from hlsexplore_widgets.constraints import parse_constraints
from hlsexplore_widgets.controls import line_controls, pareto_controls, where_controls
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
from hlsexplore_widgets.figures.edges import Edges
from hlsexplore_widgets.figures.parallel import AXIS_PX, ParallelInfo
from hlsexplore_widgets.figures.pareto import ParetoInfo, explain
from hlsexplore_widgets.growth import front_growth
from hlsexplore_widgets.live import Live
from hlsexplore_widgets.panels.trials import TrialsPanel, compare_trials
from hlsexplore_widgets.protocol import Item, PinData, TabData
from hlsexplore_widgets.protocol_jobs import SweepStatusData
from hlsexplore_widgets.scoring import headlines
from hlsexplore_widgets.selection import Selection
from hlsexplore_widgets.shelf import MAX_COMPARED
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.sweep_job import SweepJob, option_data
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

TABS: tuple[TabData, ...] = (
    {"id": "pareto", "label": "Pareto"},
    {"id": "parallel", "label": "Parallel"},
    {"id": "trials", "label": "Trials"},
    {"id": "linked", "label": "Linked"},
    {"id": "importance", "label": "Importance"},
    {"id": "progress", "label": "Progress"},
)
FILTERED = ("pareto", "parallel", "trials", "linked")
"""Tabs of which conditions choose the trials."""
SHOWN = {"parallel": ("lines",), "trials": ("table",), "linked": ("plot", "lines", "table")}
"""What each tab shows; the others show the plot."""
NO_TRIALS = "No trials yet. Start a sweep below, or pass a study."
HOVERED = 150
MAX_HISTORY = 5000
"""With more trials the growth of the front is that of two objectives, looked at now and then."""
DEBOUNCE_S = 0.15
"""The remark about the current design waits this long for the next change."""


class ExplorePanel:
    """What a sweep found, from all sides. A click on a trial loads its design.

    Attributes:
        sweep: The job that makes trials.
        view: The widget with tabs, plots, table and sweep controls.
    """

    def __init__(self, state: ExplorerState) -> None:
        """Show the state's study, if it has one."""
        self._state = state
        self.sweep = SweepJob(state)
        self._tab = "pareto"
        self._axes: dict[str, Any] = {"x": "lut", "y": None, "colour": "", "log_x": False, "log_y": False}
        self._line_axes: tuple[str, ...] | None = None
        self._drawn: ParallelInfo | None = None
        self._known_points: tuple[tuple[Any, ...], ParetoInfo] | None = None
        self._selection = Selection()
        self._where = ""
        self._hovered: int | None = None
        self._draw: LatestWins[str] = LatestWins(self._draw_tab, "hlsexplore-plots")
        self._remark: LatestWins[None] = LatestWins(self._refresh_caption, "hlsexplore-remark")
        self.tabs = Tabs(state, self._on_tab, tabs=list(TABS), selected=self._tab, label="Trials")
        self.choices = Choices(state, self._on_choice)
        self.plot = PlotView(state, self._on_plot, height=400, label="Trials")
        self.line_choices = Choices(state, self._on_line_choice)
        self.lines = PlotView(state, self._on_lines, height=360, label="Parallel coordinates")
        self.trials = TrialsPanel(state, self._kept, self._load, self._hover, lambda: self._draw.submit(self._tab))
        self.table = self.trials.view
        self.sweep_view = SweepView(state, self._on_sweep)
        parts = (self.tabs, self.choices, self.plot, self.line_choices, self.lines, self.table, self.sweep_view)
        self.view = ipywidgets.VBox(parts)
        for name in ("hx", "hx-card", "hx-stack"):
            self.view.add_class(name)
        self._show_parts(self._tab)
        state.subscribe(self._show, "study", "live", "plan", "baseline", "sweep", "design")
        self._show("sweep")
        self._show("study")

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until plots and remark are up to date."""
        return self._draw.wait(timeout_s) and self._remark.wait(timeout_s)

    def makers(self) -> dict[str, Callable[[], Any]]:
        """Return what makes each plot of the trials, by name."""

        def maker(draw: Callable[[Catalog], Any]) -> Callable[[], Any]:
            return lambda: empty_figure(NO_TRIALS) if self._state.catalog is None else draw(self._state.catalog)

        drawers = {name: draw for name, draw in self._drawers().items() if name != "linked"}
        return {name: maker(draw) for name, draw in {**drawers, "parallel": self._parallel}.items()}

    # ---- from the state ---------------------------------------------------------------------------------------------

    def _show(self, topic: Topic) -> None:
        if topic == "design" and self.sweep.status.condition != "idle":
            return
        if topic in ("sweep", "design"):
            status = self.sweep.status
            data: SweepStatusData = {
                "state": status.condition,
                "message": status.message or f"resources and latency as {self._state.design.target.tool} would report",
                "fraction": status.fraction,
                "remaining_s": status.remaining_s,
            }
            self.sweep_view.show(options=option_data(self.sweep.options), status=data)
        elif topic == "study":
            self._draw.submit(self._tab)
        else:
            self._place()
            if topic == "live" and self._state.live.is_complete:
                self._remark.submit(None)

    def _place(self) -> None:
        """Put the marks of the current design and the baseline on the Pareto plot."""
        state, catalog = self._state, self._state.catalog
        if self._tab not in ("pareto", "linked") or catalog is None:
            self.plot.pins = []
            return
        x, y = self._axes["x"], self._y(catalog)
        pins = [self._pin(state.live, x, y, "current")]
        if state.baseline is not None and state.baseline.design != state.live.design:
            pins.append(self._pin(state.baseline, x, y, "baseline"))
        self.plot.pins = pins

    def _pin(self, live: Live, x: str, y: str, kind: Literal["current", "baseline"]) -> PinData:
        point = self._figures(live)
        drawn = self._known_points[1] if self._known_points is not None else None
        edges = (drawn.x_edges, drawn.y_edges) if drawn is not None else (None, None)
        at_x, at_y = (_placed(point.get(name), edge) for name, edge in zip((x, y), edges, strict=True))
        return {"kind": kind, "x": at_x, "y": at_y, "seq": live.seq, "text": f"{kind} design"}

    def _figures(self, live: Live) -> dict[str, float | None]:
        """Figures of a design under the names that trials use, as the tiles show them."""
        scores = {name: found.value for name, found in live.scores.items()}
        return {**cost_metrics(live.best, live.design.target), **scores}

    def _y(self, catalog: Catalog) -> str:
        picked = self._axes["y"]
        return picked if picked in catalog.names else catalog.names[0]

    def _refresh_caption(self, _: None, is_superseded: IsSuperseded) -> None:
        """Say what beats the current design, or the one under the pointer, once it has not changed for a moment."""
        if not self._state.stays(DEBOUNCE_S) or is_superseded():
            return  # the next design asks again
        with self._state.guard("comparing the design"):
            catalog = self._state.catalog
            if catalog is None:
                return
            text = self._caption(catalog) if self._tab in ("pareto", "linked") else ""
            current = self._state.live.design.key
            found = [row["id"] for row in self.table.page["rows"] if row["key"] == current]
            with self._state.lock:
                self.plot.caption = text
                self.table.current = found[0] if found else 0

    def _caption(self, catalog: Catalog) -> str:
        """Whether a design is on the front of the plot, and if not, what beats it."""
        names, number = [self._y(catalog), self._axes["x"]], self._hovered
        columns, directions = catalog.columns, catalog.directions
        if number is None:
            return explain(self._figures(self._state.live), columns, names, directions)
        (trial,) = catalog.trials(np.array([catalog.row(number)]))
        text = explain(trial.metrics, columns, names, directions, f"Trial {number}")
        parts = [text, summary(trial) and f"{summary(trial)}.", trial.note and f"Note: {trial.note}"]
        return " ".join(filter(None, parts))

    # ---- drawing, in a thread of its own ----------------------------------------------------------------------------

    def _draw_tab(self, tab: str, is_superseded: IsSuperseded) -> None:
        with self._state.guard("drawing the plot"):
            catalog, shown = self._state.catalog, SHOWN.get(tab, ("plot",))
            figure = lines = page = None
            if "plot" in shown:
                figure = empty_figure(NO_TRIALS) if catalog is None else self._drawers()[tab](catalog)
            if "lines" in shown:
                lines = self._parallel(catalog)
            if "table" in shown and catalog is not None:
                page = self.trials.page(catalog)
            if is_superseded() and not self.sweep.is_active:
                return
            text, lines_text = (None if item is None else figure_json(item) for item in (figure, lines))
            caption = self._caption(catalog) if catalog is not None and tab in ("pareto", "linked") else ""
            words = "" if catalog is None else f"{len(catalog):,} trials. The buttons above step along the front."
            with self._state.lock:
                if page is not None:
                    self.table.page = page
                if text is not None:
                    self.plot.show(
                        figure=text,
                        label=self._label(tab, catalog),
                        summary=words,
                        height=300 if tab == "linked" else 400,
                        caption=caption,
                    )
                if lines_text is not None:
                    width = AXIS_PX * len(self._drawn.names) if self._drawn is not None else 0
                    self.lines.show(figure=lines_text, min_width=width)
                self._show_parts(tab)
                self._place()

    def _show_parts(self, tab: str) -> None:
        shown = SHOWN.get(tab, ("plot",))
        parts = {"plot": (self.plot,), "lines": (self.line_choices, self.lines), "table": (self.table,)}
        for name, widgets in parts.items():
            for widget in widgets:
                widget.layout.display = "" if name in shown else "none"
        self.choices.items = self._items()
        self.line_choices.items = self._line_items()

    def _drawers(self) -> dict[str, Callable[[Catalog], Any]]:
        return {
            "pareto": self._pareto,
            "linked": self._pareto,
            "importance": self._importance,
            "progress": self._progress,
        }

    def _points(self, catalog: Catalog) -> ParetoInfo:
        """Return trials and front of the plot, found once for each choice: a million trials take half a second."""
        axes, y = self._axes, self._y(catalog)
        part = device(self._state.design.target.part)
        floats = self._state.live.floats
        key = (catalog.version, tuple(axes.items()), y, self._selection, part, tuple(floats.items()))
        known = self._known_points
        if known is not None and known[0] == key:
            return known[1]
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
            source=f"as {' and '.join(catalog.tools)}",
            reported=catalog.reported,
            floats=floats,
        )
        self._known_points = key, info
        return info

    def _pareto(self, catalog: Catalog) -> Any:
        info = self._points(catalog)
        numbers = [int(number) for number in info.numbers[info.front][:HOVERED]]
        texts = {trial.number or 0: summary(trial) for trial in catalog.study.store.trials(numbers)}
        return pareto_figure(replace(info, hover=texts))

    def _parallel(self, catalog: Catalog | None) -> Any:
        if catalog is None:
            return empty_figure(NO_TRIALS)
        trials = catalog.details()
        if len(self._selection.excluded) or self._selection.where:
            present = set(catalog.columns["number"][chosen.present(self._selection, catalog)].tolist())
            trials = [trial for trial in trials if trial.number in present]
        figures = self._main_figures(catalog)
        floats = self._state.live.floats
        info = parallel_info(trials, figures, self._selection.ranges, self._line_axes, catalog.directions, floats)
        self._drawn = info
        return parallel_figure(info)

    def _importance(self, catalog: Catalog) -> Any:
        return importance_figure(importance_info(catalog.details(), self._main_figures(catalog)[:3]))

    def _progress(self, catalog: Catalog) -> Any:
        objectives = catalog.study.objectives
        if len(catalog) > MAX_HISTORY:
            objectives = objectives[:2]
            numbers, volumes = front_growth(catalog, objectives)
        else:
            numbers, volumes = catalog.study.hypervolume_history()
        names = tuple(label_of(name.partition(":")[0]) for name in objectives)
        return progress_figure(progress_info(numbers, volumes, len(catalog), names))

    def _main_figures(self, catalog: Catalog) -> list[str]:
        judged = (measure.name for measure in headlines(self._state.evaluator))
        wanted = dict.fromkeys((self._y(catalog), *judged, "lut", "dsp", "latency_cycles"))
        return [name for name in wanted if name in catalog.known]

    def _kept(self, catalog: Catalog) -> Any:
        return chosen.kept(self._selection, catalog)

    def _label(self, tab: str, catalog: Catalog | None) -> str:
        y = "the figure of merit" if catalog is None else label_of(self._y(catalog))
        return {
            "importance": "Share of the spread of each figure that each knob explains",
            "progress": "Volume dominated by the front over the trials",
        }.get(tab, f"{y} against {label_of(self._axes['x'])} of every trial; click a point to load its design")

    # ---- the controls above the plots -------------------------------------------------------------------------------

    def _items(self) -> list[Item]:
        catalog = self._state.catalog
        if catalog is None or not len(catalog) or self._tab not in FILTERED:
            return []
        where = where_controls(catalog, self._where, self._kept(catalog))
        if self._tab not in ("pareto", "linked"):
            return where
        return [*pareto_controls(catalog, self._axes, self._y(catalog)), *where]

    def _line_items(self) -> list[Item]:
        catalog = self._state.catalog
        if catalog is None or not len(catalog) or "lines" not in SHOWN.get(self._tab, ()):
            return []
        return line_controls(catalog, self._drawn, self._selection)

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
            case "front":
                compare_trials(self._state, self._along_front(catalog))
                return
            case "where":
                self._constrain(catalog, str(value))
            case "log_x" | "log_y":
                self._axes[str(name)] = bool(value)
            case _:
                raise ConfigError(f"the plot has no choice {name!r} = {value!r}.")
        self._draw.submit(self._tab)

    def _on_line_choice(self, message: Mapping[str, Any]) -> None:
        name, value = message.get("id"), message.get("value")
        catalog = self._state.catalog
        if catalog is None:
            return
        match name:
            case "axes" if isinstance(value, list) and len(value) >= 2:
                self._line_axes = tuple(map(str, value))
            case "axes":
                self._state.say("note", "Parallel coordinates need at least two axes.")
            case "keep":
                self._selection = chosen.keep(self._selection, catalog)
            case "exclude":
                self._selection = chosen.exclude(self._selection, catalog)
            case "restore":
                self._selection, self._where = Selection(), ""
            case _:
                raise ConfigError(f"parallel coordinates have no choice {name!r} = {value!r}.")
        self._draw.submit(self._tab)

    def _constrain(self, catalog: Catalog, text: str) -> None:
        """Show only trials that meet conditions.

        Raises:
            ConfigError: If a condition cannot be read; nothing changes then.
        """
        conditions = parse_constraints(text, catalog.names)
        part = device(self._state.design.target.part)
        self._where, self._selection = text.strip(), replace(self._selection, where=conditions, part=part)

    def _along_front(self, catalog: Catalog) -> list[int]:
        """Return designs spread over the front of the plot, as many as the comparison has room for."""
        front = self._points(catalog)
        room = MAX_COMPARED - len(self._state.shelf.compared)
        places = np.linspace(0, len(front.front) - 1, min(max(room, 1), len(front.front))).round().astype(int)
        return [int(front.numbers[front.front[place]]) for place in np.unique(places)]

    def _step(self, catalog: Catalog, by: int, seq: float) -> None:
        """Load the neighbour of the current design on the front of the plot."""
        info = self._points(catalog)
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
        picked = str(message.get("id"))
        if picked in {tab["id"] for tab in TABS}:
            self._tab = picked
            self.tabs.selected = picked
            self._draw.submit(picked)

    def _on_plot(self, message: Mapping[str, Any]) -> None:
        match message.get("ev"):
            case "click" if self._tab in ("pareto", "linked"):
                self._load(int(message["id"]), float(message.get("seq", 0.0)))
            case "click":
                self._state.touch(float(message.get("seq", 0.0)))
            case "hover" if self._tab in ("pareto", "linked"):
                self._hover(message.get("id"))

    def _on_lines(self, message: Mapping[str, Any]) -> None:
        match message.get("ev"):
            case "click":
                self._load(int(message["id"]), float(message.get("seq", 0.0)))
            case "hover":
                self._hover(message.get("id"))
            case "brush":
                self._selection = chosen.brushed(self._selection, message.get("ranges"))
                if self._tab == "linked":
                    self._draw.submit(self._tab)
                else:
                    self.line_choices.items = self._line_items()

    def _hover(self, number: Any) -> None:
        """Note the trial under the pointer, or that there is none."""
        self._hovered = None if number is None else int(number)
        self._remark.submit(None)

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


def _placed(value: float | None, edges: Edges | None) -> float | None:
    """Return where a figure is drawn: at an edge like the trials there, if the plot has any; None for nowhere."""
    if value is None or edges is None:
        return value
    at = float(edges.place(np.array(value)))
    if (at == edges.low and edges.has_low) or (at == edges.high and edges.has_high):
        return at
    return value if np.isfinite(value) else None


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ConfigError(f"a whole number is needed, not {value!r}.") from None
