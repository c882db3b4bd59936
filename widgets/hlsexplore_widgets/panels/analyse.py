"""The current design from inside: noise of every cast, blame, decisions that flip, latency, resources."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets

from hlsexplore.design import Design
from hlsexplore.emulate import blame, propose_types
from hlsexplore.emulate.quality import judging, unit_of
from hlsexplore.errors import CancelledError, ConfigError, HlsExploreError
from hlsexplore.merit import as_outputs
from hlsexplore.report import Report
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import Choices, NetworkGraph, PlotView, Tabs
from hlsexplore_widgets.figures import (
    blame_figure,
    blame_info,
    error_figure,
    error_info,
    figure_json,
    latency_figure,
    resource_figure,
    resource_info,
)
from hlsexplore_widgets.figures.base import empty_figure, label_of
from hlsexplore_widgets.figures.histogram import histogram_figure
from hlsexplore_widgets.figures.network import network_figure, network_info
from hlsexplore_widgets.network import graph_data, network_data
from hlsexplore_widgets.panels.decisions import Wish, chosen, clicked, decisions
from hlsexplore_widgets.protocol import Item, TabData
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.tensor_view import tensor_choices, tensor_histogram
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

TABS: tuple[TabData, ...] = (
    {"id": "errors", "label": "Noise and overflow"},
    {"id": "blame", "label": "Blame"},
    {"id": "decisions", "label": "Decisions and values"},
    {"id": "histogram", "label": "Histogram"},
    {"id": "network", "label": "Network"},
    {"id": "latency", "label": "Latency"},
    {"id": "resources", "label": "Resources"},
)
TOPICS: Mapping[str, tuple[Topic, ...]] = {
    "errors": ("detail",),
    "network": ("live", "plan", "detail"),
    "latency": ("live", "plan"),
    "resources": ("live", "plan"),
}
"""What each tab follows; the others follow the figures of the design."""
RESOURCES = ("lut", "ff", "dsp", "bram18")
DEBOUNCE_S = 0.15
"""An analysis waits this long for the next change: figures of a drag in motion would only slow it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What to draw: a tab of a design."""

    tab: str
    resource: str
    wish: Wish
    tensor: str
    design: Design
    report: Report | None
    cancel: threading.Event
    is_shown: bool = True


class AnalysePanel:
    """Why the current design does what it does.

    Attributes:
        view: The widget with tabs and plot.
    """

    def __init__(self, state: ExplorerState, classes: tuple[str, ...] | None = None) -> None:
        """Show the current design.

        Args:
            state: The state.
            classes: Names of the classes, or None.
        """
        self._state = state
        self._classes = classes
        self._tab = "errors"
        self._resource = "lut"
        self._wish = Wish()
        self._tensor = tensor_choices(state.design)[0][0]
        self._tolerance = 0.5
        self._cancel = threading.Event()
        self._proposing: LatestWins[None] = LatestWins(lambda _, is_superseded: self._propose(), "hlsexplore-proposal")
        self._draw: LatestWins[_Request] = LatestWins(self._draw_tab, "hlsexplore-analysis")
        self.tabs = Tabs(state, self._on_tab, tabs=list(TABS), selected=self._tab, label="Analysis of the design")
        self.choices = Choices(state, self._on_choice)
        self.plot = PlotView(state, self._on_plot, height=330, label="Analysis of the design")
        self._network: NetworkGraph | None = None
        self._drawn = state.graph.digest
        self.view = ipywidgets.VBox([self.tabs, self.choices, self.plot])
        for name in ("hx", "hx-card", "hx-stack"):
            self.view.add_class(name)
        state.subscribe(self._show, "live", "plan", "detail")
        self._request()

    @property
    def network(self) -> NetworkGraph:
        """The network as a graph; made when it is first asked for, so that the page is there sooner."""
        if self._network is None:
            self._network = NetworkGraph(self._state, graph=graph_data(self._state.graph))
            self._network.layout.display = "none"
            self.view.children = (*self.view.children, self._network)
        return self._network

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until plot and proposal are up to date."""
        return self._proposing.wait(timeout_s) and self._draw.wait(timeout_s)

    def _show(self, topic: Topic) -> None:
        topics = TOPICS.get(self._tab, ("live",))
        if topic in topics and self._state.live.is_complete:
            self._request()

    def makers(self) -> dict[str, Callable[[], Any]]:
        """Return what makes each plot of the analysis, by name."""

        def maker(tab: str) -> Callable[[], Any]:
            return lambda: self._figure(self._asked(tab, threading.Event(), is_shown=False))[0]

        return {tab["id"]: maker(tab["id"]) for tab in TABS}

    def _asked(self, tab: str, cancel: threading.Event, is_shown: bool = True) -> _Request:
        live = self._state.live
        return _Request(
            tab=tab,
            resource=self._resource,
            wish=self._wish,
            tensor=self._tensor,
            design=live.design,
            report=live.best,
            cancel=cancel,
            is_shown=is_shown,
        )

    def _request(self) -> None:
        self._cancel.set()
        self._cancel = threading.Event()
        self._draw.submit(self._asked(self._tab, self._cancel))

    def _draw_tab(self, request: _Request, is_superseded: IsSuperseded) -> None:
        if not self._state.stays(DEBOUNCE_S) or is_superseded():
            return  # the next design asks again
        with self._state.guard("the analysis"):
            if request.tab == "network":
                self._show_network(request)
                return
            try:
                figure, items, label = self._figure(request)
            except CancelledError:
                if request.tab != self._tab:  # what it said of its work must not stay behind
                    self._show_drawing()
                return
            except HlsExploreError as error:
                figure, items, label = empty_figure(str(error)), [], "The analysis failed"
                self._state.say("error", str(error))
            text = figure_json(figure)
            if is_superseded():
                return
            with self._state.lock:
                self._show_part(self.plot)
                self.choices.items = items
                self.plot.show(figure=text, label=label, summary=label)

    def _show_drawing(self) -> None:
        with self._state.lock:
            self.choices.items = []
            self.plot.show(figure=figure_json(empty_figure("Drawing…")), label="Analysis of the design")

    def _show_network(self, request: _Request) -> None:
        data = network_data(request.design, request.report, self._state.detail)
        with self._state.lock:
            graph = self.network
            if self._drawn != request.design.graph.digest:
                self._drawn = request.design.graph.digest
                graph.graph = graph_data(request.design.graph)
            self._show_part(graph)
            self.choices.items = []
            graph.live = data

    def _show_part(self, shown: ipywidgets.Widget) -> None:
        for widget in (self.plot, self._network):
            if widget is not None:
                widget.layout.display = "" if widget is shown else "none"

    def _figure(self, request: _Request) -> tuple[Any, list[Item], str]:
        match request.tab:
            case "decisions":
                return self._decisions(request)
            case "histogram":
                return self._histogram(request)
            case "blame":
                return self._blame(request)
            case "network":
                live = network_data(request.design, request.report, self._state.detail)
                drawn = network_figure(network_info(graph_data(request.design.graph), live))
                return drawn, [], "Layers with their types, costs and losses"
            case "latency":
                info = resource_info(request.report, "latency_cycles_max")
                return latency_figure(info), [], "Cycles of each layer, from input to output"
            case "resources":
                values = [[name, label_of(name)] for name in RESOURCES]
                items: list[Item] = [
                    {
                        "id": "resource",
                        "kind": "select",
                        "label": "resource",
                        "values": values,
                        "value": request.resource,
                    }
                ]
                figure = resource_figure(resource_info(request.report, request.resource))
                return figure, items, f"{label_of(request.resource)} of each layer"
            case _:
                counts = self._state.detail
                figure = error_figure(error_info(counts))
                return figure, [], "Signal to noise of every cast; ▲ marks casts with values out of range"

    def _decisions(self, request: _Request) -> tuple[Any, list[Item], str]:
        """What the design decides or answers, as the user wishes to see it."""
        evaluator = self._state.evaluator_of(request.design.graph)
        outputs = as_outputs(evaluator.emulator.run(request.design, request.cancel))
        return decisions(evaluator, outputs, request.wish, self._classes)

    def _histogram(self, request: _Request) -> tuple[Any, list[Item], str]:
        """How the values of one tensor are spread before and after its type."""
        values = tensor_choices(request.design)
        layer, _, key = request.tensor.rpartition("/")
        chooser: Item = {"id": "tensor", "kind": "select", "label": "tensor", "values": values, "value": request.tensor}
        info = tensor_histogram(request.design, self._state.evaluator.data.x, layer, key)
        return histogram_figure(info), [chooser], f"Values of {info.title} before and after {info.type}"

    def _blame(self, request: _Request) -> tuple[Any, list[Item], str]:
        """Which type costs the accuracy, and the button that proposes better ones."""
        items: list[Item] = [
            {
                "id": "tolerance",
                "kind": "input",
                "label": f"loss that is allowed, {self._unit()}",
                "value": f"{self._tolerance:g}",
                "size": 4,
            },
            {
                "id": "propose",
                "kind": "button",
                "label": "Propose types",
                "title": "Types that fit the values that occur, as narrow as the tolerance allows",
            },
        ]
        if request.is_shown:
            trying = empty_figure("Relieving one type after the other…")
            with self._state.lock:
                self._show_part(self.plot)
                self.choices.items = items
                self.plot.show(figure=figure_json(trying), label="Blame")
        found = blame(request.design, self._state.emulator.inputs, cancel=request.cancel, **self._state.purpose)
        info = blame_info(found)
        if info.reasons:
            items = [*items, {"id": "reason", "kind": "text", "label": f"{info.names[0]}: {info.reasons[0]}"}]
        return blame_figure(info), items, "What the type of each tensor costs"

    def _unit(self) -> str:
        """What the tolerance is counted in."""
        return unit_of(judging(self._state.evaluator.measures))

    def _propose(self) -> None:
        """Load the proposal for the tolerance as a step of the history; runs in a thread of its own."""
        state = self._state
        with state.guard("the proposal"):
            state.say("note", "Looking for types that fit the values…")
            note = state.messages[-1].number
            try:
                tolerance = self._tolerance / 100
                found = propose_types(state.design, state.emulator.inputs, tolerance=tolerance, **state.purpose)
                state.load(found)
            finally:
                state.dismiss(note)

    def _on_tab(self, message: Mapping[str, Any]) -> None:
        chosen = str(message.get("id"))
        if chosen in {tab["id"] for tab in TABS}:
            self._tab = chosen
            self.tabs.selected = chosen
            if chosen == "network":
                self.network.layout.display = ""
            self._request()

    def _on_choice(self, message: Mapping[str, Any]) -> None:
        name, value = message.get("id"), message.get("value")
        if name == "tolerance":
            self._tolerance = _points(value)
            return
        if name == "propose":
            self._proposing.submit(None)
            return
        if name == "tensor" and [value] in [item[:1] for item in tensor_choices(self._state.design)]:
            self._tensor = str(value)
        elif name in ("output", "view", "sample", "back"):
            self._wish = chosen(self._wish, str(name), value, len(self._state.evaluator.goals))
        elif name == "resource" and value in RESOURCES:
            self._resource = str(value)
        else:
            raise ConfigError(f"the analysis has no choice {message.get('id')!r} = {value!r}.")
        self._request()

    def _on_plot(self, message: Mapping[str, Any]) -> None:
        """A click on the matrix lists the samples of a cell; it changes no design, and the browser is told so."""
        if message.get("ev") != "click":
            return
        if self._tab == "decisions" and self._wish.sample is None:
            self._wish = clicked(self._wish, message.get("id"))
            self._request()
        self._state.touch(float(message.get("seq", 0.0)))

    def look_at(self, layer: str, key: str) -> None:
        """Show the histogram of a tensor."""
        self._tensor = f"{layer}/{key}"
        self._on_tab({"id": "histogram"})


def _points(value: Any) -> float:
    """Read a tolerance in hundredths of a loss.

    Raises:
        ConfigError: If it is no number from 0 to 50.
    """
    try:
        points = float(str(value).replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points <= 50:
        raise ConfigError(f"the tolerance must be a number of points from 0 to 50, such as 0.5, not {value!r}.")
    return points
