"""The explorer: all panels on one page."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import ipywidgets

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.graph import Graph, check_graph
from hlsexplore.merit import Chosen, as_outputs
from hlsexplore.study.study import Study
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.flips import Flipped, flipped
from hlsexplore_widgets.gallery import Gallery, Theme, coloured
from hlsexplore_widgets.panels.analyse import AnalysePanel
from hlsexplore_widgets.panels.build import BuildPanel
from hlsexplore_widgets.panels.compare import ComparePanel
from hlsexplore_widgets.panels.explore import ExplorePanel
from hlsexplore_widgets.panels.layers import LayersPanel
from hlsexplore_widgets.panels.smaller import SmallerPanel
from hlsexplore_widgets.panels.tiles import TilesPanel
from hlsexplore_widgets.panels.toasts import ToastsPanel
from hlsexplore_widgets.snapshot import Snapshot, displayed
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.table import Table
from hlsexplore_widgets.tables import figure_table, layer_table
from hlsexplore_widgets.worker import Throttle

RENEW_S = 2.0
"""Least time between two renewals of the picture for pages without a kernel."""


class Explorer:
    """Shows a network's designs and lets the user change, sweep, export and synthesize them.

    The last expression of a notebook cell displays it. Everything that it does can be done without a browser through
    `state`.

    Attributes:
        state: The state behind the panels.
        view: The widget with all panels.
    """

    def __init__(
        self,
        graph: Graph,
        x: Any,
        labels: Any = None,
        study: Study | str | Path | None = None,
        design: Design | None = None,
        metric: Chosen | None = None,
        title: str | None = None,
        classes: Sequence[str] | None = None,
        note: str = "",
        model: str | Path | None = None,
        weights: str | Path | None = None,
        task: Any = None,
        train: tuple[Any, Any] | None = None,
    ) -> None:
        """Build the panels.

        Args:
            graph: The network.
            x: Real inputs, shape (samples, *graph.input_shape); a tuple of arrays if there are several inputs.
            labels: Class numbers, one-hot rows or wanted values; None when there are none. For several outputs a tuple
                in their order, with None for those that have none, or a mapping by name.
            study: A `Study` to show and extend, or the path of its file.
            design: Where to begin; `Design.default(graph, data=x)` when None.
            metric: Figure of merit: `accuracy`, `auc`, `rmse`, `agreement`, `relative_error`, a function of (outputs,
                labels) of which more is better, or (function, "min"); what fits the task when None.
            title: Heading; the graph's name when None.
            classes: Names of the classes.
            note: Shown beside the heading, such as `synthetic data`.
            model: Where the graph was read from; enters the notebook that reproduces a design.
            weights: The same for the weights, where they lie in a second file.
            task: What the outputs are for, such as `regression`, for several outputs also a tuple or mapping; found
                from last layers and labels when None.
            train: Samples and labels to fine-tune with, `(x_train, y_train)`: others than those that are evaluated.

        Raises:
            DataError: If inputs or labels do not fit.
            ConfigError: If metric or task is unknown or does not fit.
        """
        check_graph(graph)
        self.state: Final = ExplorerState(graph, x, labels, study=study, design=design, metric=metric, task=task)
        self.toasts: Final = ToastsPanel(self.state)
        self.tiles: Final = TilesPanel(self.state, title or graph.name, note)
        self.layers: Final = LayersPanel(self.state, lambda layer, key: self.analyse.look_at(layer, key))
        self.explore: Final = ExplorePanel(self.state)
        self.analyse: Final = AnalysePanel(self.state, tuple(classes) if classes else None)
        files = tuple(Path(path).resolve() for path in (model, weights) if path is not None)
        self.build: Final = BuildPanel(self.state, files)
        self.compare: Final = ComparePanel(self.state)
        self.smaller: Final = SmallerPanel(self.state, train)
        self.view: Final = _page(self)
        self._title = title or graph.name
        self._snapshot = Snapshot(self.state, self._title, note)
        self._renewed = Throttle(self._renew, per_second=1 / RENEW_S)
        self.state.subscribe(self._on_change, "live", "study", "baseline")

    @property
    def figures(self) -> Gallery[Any]:
        """The plots of the page as plotly figures, by name, such as `explorer.figures["pareto"]`."""
        return self.figures_as("light")

    def figures_as(self, theme: Theme) -> Gallery[Any]:
        """Return the plots in the colours of the `light` or `dark` page."""
        compared = {"compare": self.compare.figure, "comparison": self.compare.picture}
        makers = {**self.explore.makers(), **self.analyse.makers(), **compared, "training": self.smaller.figure}

        def plain(make: Callable[[], Any]) -> Callable[[], Any]:
            return lambda: coloured(make(), theme)

        return Gallery("figure", {name: plain(make) for name, make in makers.items()})

    @property
    def flipped(self) -> Flipped:
        """The samples of which the current design decides otherwise than the float network, the clearest first."""
        goals = self.state.evaluator.goals
        return self.flipped_of(next((goal.output for goal in goals if goal.task.decides), goals[0].output))

    def flipped_of(self, output: str) -> Flipped:
        """Return the samples whose decision flips at one of several outputs.

        Raises:
            ConfigError: If there is no such output, or it decides nothing.
        """
        evaluator = self.state.evaluator
        names = [goal.output for goal in evaluator.goals]
        if output not in names:
            raise ConfigError(unknown_name("output", output, names, "This network"))
        outputs = as_outputs(evaluator.emulator.run(self.design))
        return flipped(evaluator, outputs, names.index(output))

    @property
    def tables(self) -> Gallery[Table]:
        """The tables of the page, by name; each has `to_csv()` and `to_frame()`."""
        state = self.state
        return Gallery(
            "table",
            {
                "figures": lambda: figure_table(state),
                "layers": lambda: layer_table(state),
                "trials": self.explore.trials.as_table,
                "report": self.build.as_table,
                "comparison": self.compare.as_table,
            },
        )

    @property
    def design(self) -> Design:
        """The current design."""
        return self.state.design

    def close(self) -> None:
        """End jobs and threads; a study that was passed stays open."""
        self.explore.sweep.stop()
        self.build.job.cancel()
        self.smaller.close()
        self.explore.sweep.wait()
        self.build.job.wait()
        self.state.close()

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Display the explorer as the result of a notebook cell, and behind it a picture for pages without a kernel."""
        told = {"text/plain": f"The explorer of {self._title}: run the cell to explore"}  # where no widget is shown
        displayed(self.view._repr_mimebundle_() | told, raw=True)
        self._snapshot.display()
        self._renewed.poke()

    def _on_change(self, topic: Topic) -> None:
        if topic != "live" or self.state.live.is_complete:
            self._renewed.poke()

    def _renew(self) -> None:
        with self.state.guard("the picture of the explorer"):
            self._snapshot.renew()


def _page(explorer: Explorer) -> ipywidgets.Widget:
    """Arrange the panels: two columns where there is room, else one (the style sheet decides)."""
    layers, explore, analyse = explorer.layers.view, explorer.explore.view, explorer.analyse.view
    build, compare, smaller = explorer.build.view, explorer.compare.view, explorer.smaller.view
    left, right = ipywidgets.VBox([layers, analyse]), ipywidgets.VBox([explore, smaller, build])
    body = ipywidgets.Box([left, right])
    areas = (
        (layers, "layers"),
        (explore, "explore"),
        (analyse, "analyse"),
        (smaller, "smaller"),
        (build, "build"),
        (compare, "compare"),
    )
    names = [(widget, f"hx-area-{name}") for widget, name in areas]
    for widget, name in ((left, "hx-column"), (right, "hx-column"), (body, "hx-body"), *names):
        widget.add_class(name)
    page = ipywidgets.VBox([explorer.toasts.view, explorer.tiles.view, compare, body])
    page.add_class("hx")
    page.add_class("hx-app")
    return page
