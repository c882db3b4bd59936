"""Two to four designs side by side."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import ipywidgets

from hlsexplore.merit import as_outputs
from hlsexplore.support.recent import Recent
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.comparison import (
    COSTS,
    Compared,
    compare,
    comparison_data,
    comparison_table,
    layer_costs,
    pictured_rows,
)
from hlsexplore_widgets.components import Choices, CompareTable, PlotView
from hlsexplore_widgets.figures import figure_json
from hlsexplore_widgets.figures.base import empty_figure
from hlsexplore_widgets.figures.compared import (
    MAX_ROWS,
    ComparedInfo,
    ComparedTable,
    compared_figure,
    compared_info,
    comparison_figure,
)
from hlsexplore_widgets.known import with_reports
from hlsexplore_widgets.protocol import Item
from hlsexplore_widgets.scoring import Scores, headlines, score
from hlsexplore_widgets.shelf import NamedDesign
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.table import Table
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

KEPT = 16
ROW_PX, HEAD_PX, MIN_ROWS = 34, 96, 4
"""Height of the bars of a layer, of everything around the bars, and the least number of rows that is made room for."""


class ComparePanel:
    """The designs that the user put side by side: figures, differences and costs, and a plot of the costs.

    Attributes:
        view: The widget; hidden while nothing is compared.
    """

    def __init__(self, state: ExplorerState) -> None:
        """Show the comparison of the state's shelf."""
        self._state = state
        self._cost = "lut"
        self._scores: Recent[str, Scores] = Recent(KEPT)
        self._items: tuple[Compared, ...] = ()
        self._draw: LatestWins[None] = LatestWins(self._compare, "hlsexplore-compare")
        self.view = ipywidgets.Box([])
        for name in ("hx", "hx-card", "hx-beside"):
            self.view.add_class(name)
        self.view.layout.display = "none"
        state.subscribe(self._show, "shelf", "plan", "design")

    @cached_property
    def table(self) -> CompareTable:
        """The designs side by side; made with the first comparison, so that the page is there sooner."""
        table = CompareTable(self._state, self._receive, current=self._state.design.key)
        table.table = self.as_table
        self.view.children = (table, ipywidgets.VBox([self.choices, self.plot]))
        return table

    @cached_property
    def choices(self) -> Choices:
        """Which cost is shown layer by layer."""
        return Choices(self._state, self._on_choice, title="Cost of each layer")

    @cached_property
    def plot(self) -> PlotView:
        """The plot of the costs."""
        return PlotView(self._state, self._receive, label="Cost of each layer in the designs that are compared")

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the comparison is up to date."""
        return self._draw.wait(timeout_s)

    def figure(self) -> Any:
        """Return the plot of the costs of each layer."""
        if not self._items:
            return empty_figure("No designs are compared.")
        return compared_figure(self._costs())

    def picture(self) -> Any:
        """Return the whole comparison as one figure: the table, and the costs of each layer."""
        if not self._items:
            return empty_figure("No designs are compared.")
        return comparison_figure(ComparedTable(rows=pictured_rows(self._rows())), self._costs())

    def _costs(self) -> ComparedInfo:
        names = [item.name for item in self._items]
        return compared_info(self._cost, layer_costs(self._items, self._cost), names)

    def as_table(self) -> Table:
        """Return the comparison as a table."""
        return comparison_table(self._items, self._rows())

    def _show(self, topic: Topic) -> None:
        if not (self.view.children or self._state.shelf.compared):
            return
        self.table.current = self._state.design.key
        if topic != "design":
            self._draw.submit(None)

    def _rows(self) -> Any:
        return compare(self._items, headlines(self._state.evaluator), self._cost, self._state.live.floats)

    def _compare(self, _: None, is_superseded: IsSuperseded) -> None:
        """Find the figures of the designs, and show them; runs in a thread of its own."""
        state = self._state
        with state.guard("the comparison"):
            items = tuple(self._found(item) for item in state.shelf.compared)
            if is_superseded():
                return
            self._items = items
            data = comparison_data(items, self._rows(), self._cost)
            num_layers = len(layer_costs(items, self._cost)) if items else 0
            text = figure_json(self.figure())
            with state.lock:
                self.table.data = data
                self.choices.items = self._choices()
                height = HEAD_PX + ROW_PX * min(max(num_layers, MIN_ROWS), MAX_ROWS)
                self.plot.show(figure=text, height=height, summary=self.plot.label)
                self.view.layout.display = "" if items else "none"

    def _found(self, item: NamedDesign) -> Compared:
        state, design = self._state, item.design
        scores = self._scores.find(design.key, lambda: self._score(design))
        reports = state.reports(design)
        base = state.evaluation.planner.known(design) or state.estimated(design)
        return Compared(
            name=item.name, design=design, scores=scores, report=with_reports(base, reports), reports=reports
        )

    def _score(self, design: Any) -> Scores:
        evaluator = self._state.evaluator_of(design.graph)
        outputs = as_outputs(evaluator.emulator.run(design))
        count = evaluator.emulator.num_samples
        return {merit.name: score(merit, outputs, count) for merit in evaluator.headlines}

    def _choices(self) -> list[Item]:
        values = [[name, label] for name, label in COSTS]
        return [{"id": "cost", "kind": "select", "label": "cost", "values": values, "value": self._cost}]

    def _on_choice(self, message: Mapping[str, Any]) -> None:
        value = message.get("value")
        if message.get("id") == "cost" and value in dict(COSTS):
            self._cost = str(value)
            self._draw.submit(None)

    def _receive(self, message: Mapping[str, Any]) -> None:
        state, key = self._state, message.get("key")
        match message.get("ev"):
            case "remove":
                state.shelf.remove(str(key))
            case "clear":
                state.shelf.clear()
            case "load":
                found = [item.design for item in state.shelf.compared if item.design.key == key]
                if found:
                    state.load(found[0], seq=float(message.get("seq", 0.0)))
            case "picture":
                self.table.tell({"kind": "picture", "figure": figure_json(self.picture())})
            case "click":
                state.touch(float(message.get("seq", 0.0)))
