"""The current design from inside: noise of every cast, blame, decisions that flip, latency, resources."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets
import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design
from hlsexplore.emulate import blame, propose_types
from hlsexplore.emulate.quality import judging, unit_of
from hlsexplore.errors import CancelledError, ConfigError, HlsExploreError
from hlsexplore.merit import as_outputs
from hlsexplore.report import Report
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import Choices, PlotView, Tabs
from hlsexplore_widgets.figures import (
    blame_figure,
    blame_info,
    decision_figure,
    decision_info,
    error_figure,
    error_info,
    figure_json,
    latency_figure,
    resource_figure,
    resource_info,
    value_figure,
    value_info,
)
from hlsexplore_widgets.figures.base import empty_figure, label_of
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

TABS = (
    {"id": "errors", "label": "Noise and overflow"},
    {"id": "blame", "label": "Blame"},
    {"id": "decisions", "label": "Decisions and values"},
    {"id": "latency", "label": "Latency"},
    {"id": "resources", "label": "Resources"},
)
TOPICS: Mapping[str, tuple[Topic, ...]] = {
    "errors": ("detail",),
    "latency": ("live", "plan"),
    "resources": ("live", "plan"),
}
"""What each tab follows; the others follow the figures of the design."""
RESOURCES = ("lut", "ff", "dsp", "bram18")
MAX_LISTED = 12
CALM_S = 0.15
"""An analysis waits this long for the next change: figures of a drag in motion would only slow it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What to draw: a tab of a design."""

    tab: str
    resource: str
    output: int
    design: Design
    report: Report | None
    cancel: threading.Event


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
        self._output = 0
        self._tolerance = 0.5
        self._cancel = threading.Event()
        self._proposing: LatestWins[None] = LatestWins(lambda _, is_superseded: self._propose(), "hlsexplore-proposal")
        self._draw: LatestWins[_Request] = LatestWins(self._draw_tab, "hlsexplore-analysis")
        self.tabs = Tabs(state, self._on_tab, tabs=list(TABS), selected=self._tab, label="Analysis of the design")
        self.choices = Choices(state, self._on_choice)
        self.plot = PlotView(state, self._on_plot, height=330, label="Analysis of the design")
        self.view = ipywidgets.VBox([self.tabs, self.choices, self.plot])
        for name in ("hx", "hx-card", "hx-stack"):
            self.view.add_class(name)
        state.subscribe(self._show, "live", "plan", "detail")
        self._request()

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until plot and proposal are up to date."""
        return self._proposing.wait(timeout_s) and self._draw.wait(timeout_s)

    def _show(self, topic: Topic) -> None:
        topics = TOPICS.get(self._tab, ("live",))
        if topic in topics and self._state.live.is_complete:
            self._request()

    def _request(self) -> None:
        self._cancel.set()
        self._cancel = threading.Event()
        live = self._state.live
        request = _Request(
            tab=self._tab,
            resource=self._resource,
            output=self._output,
            design=live.design,
            report=live.best,
            cancel=self._cancel,
        )
        self._draw.submit(request)

    def _draw_tab(self, request: _Request, is_superseded: IsSuperseded) -> None:
        if not self._state.stays(CALM_S) or is_superseded():
            return  # the next design asks again
        with self._state.guard("the analysis"):
            try:
                figure, items, label = self._figure(request)
            except CancelledError:
                return
            except HlsExploreError as error:
                figure, items, label = empty_figure(str(error)), [], "The analysis failed"
                self._state.say("error", str(error))
            text = figure_json(figure)
            if is_superseded():
                return
            with self._state.lock:
                self.choices.items = items
                self.plot.show(figure=text, label=label, summary=label)

    def _figure(self, request: _Request) -> tuple[Any, list[dict[str, Any]], str]:
        match request.tab:
            case "decisions":
                return self._decisions(request)
            case "blame":
                return self._blame(request)
            case "latency":
                info = resource_info(request.report, "latency_cycles_max")
                return latency_figure(info), [], "Cycles of each layer, from input to output"
            case "resources":
                values = [[name, label_of(name)] for name in RESOURCES]
                items = [
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

    def _decisions(self, request: _Request) -> tuple[Any, list[dict[str, Any]], str]:
        """What the float network decides against what the design does, or by how much their values differ."""
        evaluator = self._state.evaluator
        goal, reference = evaluator.goals[request.output], evaluator.reference[request.output]
        y = as_outputs(evaluator.emulator.run(request.design, request.cancel))[request.output]
        names = [[str(index), item.output] for index, item in enumerate(evaluator.goals)]
        items: list[dict[str, Any]] = []
        if len(names) > 1:
            chosen = str(request.output)
            items.append({"id": "output", "kind": "select", "label": "output", "values": names, "value": chosen})
        if not goal.task.decides:
            values = value_info(reference, y)
            text = f"Samples with the largest errors, the worst first: {_listed(values.worst)}"
            items.append({"id": "worst", "kind": "text", "label": text})
            return value_figure(values), items, "Error of each value of the fixed-point network"
        info = decision_info(reference, y, self._classes, goal.task)
        text = f"Samples that flip, the clearest first: {_listed(info.flipped)}"
        items.append({"id": "flipped", "kind": "text", "label": text if len(info.flipped) else "No decision flips."})
        return decision_figure(info), items, "Decisions of the float network against the fixed-point network"

    def _blame(self, request: _Request) -> tuple[Any, list[dict[str, Any]], str]:
        """Which type costs the accuracy, and the button that proposes better ones."""
        items: list[dict[str, Any]] = [
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
        trying = empty_figure("Relieving one type after the other…")
        self.choices.show(items=items)
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
            self._request()

    def _on_choice(self, message: Mapping[str, Any]) -> None:
        name, value = message.get("id"), message.get("value")
        if name == "tolerance":
            self._tolerance = _points(value)
            return
        if name == "propose":
            self._proposing.submit(None)
            return
        if name == "output" and str(value) in {str(index) for index in range(len(self._state.evaluator.goals))}:
            self._output = int(str(value))
        elif name == "resource" and value in RESOURCES:
            self._resource = str(value)
        else:
            raise ConfigError(f"the analysis has no choice {message.get('id')!r} = {value!r}.")
        self._request()

    def _on_plot(self, message: Mapping[str, Any]) -> None:
        """A click in an analysis changes nothing; the browser is told that nothing is in flight."""
        self._state.touch(float(message.get("seq", 0.0)))


def _listed(samples: NDArray[np.int64]) -> str:
    """Print the first samples, each once."""
    found = list(dict.fromkeys(samples[: 4 * MAX_LISTED].tolist()))
    return f"{', '.join(map(str, found[:MAX_LISTED]))}{' …' if len(found) > MAX_LISTED else ''}"


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
