"""The explorer: all panels on one page."""

from typing import Any

import ipywidgets
from numpy.typing import ArrayLike

from hlsexplore.design import Design
from hlsexplore.graph import Graph
from hlsexplore_widgets.panels.layers import LayersPanel
from hlsexplore_widgets.panels.tiles import TilesPanel
from hlsexplore_widgets.panels.toasts import ToastsPanel
from hlsexplore_widgets.scoring import OwnMetric
from hlsexplore_widgets.state import ExplorerState


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
        labels: ArrayLike | None = None,
        study: Any = None,
        design: Design | None = None,
        metric: str | OwnMetric | None = None,
        title: str | None = None,
    ) -> None:
        """Build the panels.

        Args:
            graph: The network.
            x: Real inputs, shape (samples, *graph.input_shape); a tuple of arrays if there are several inputs.
            labels: Class numbers, one-hot rows or target values; None when there are none.
            study: A `Study` to show and extend.
            design: Where to begin; `Design.default(graph)` when None.
            metric: Figure of merit: `accuracy`, `auc`, `rmse`, `agreement`, or a function of (outputs, labels).
            title: Heading; the graph's name when None.

        Raises:
            DataError: If inputs or labels do not fit.
            ConfigError: If the metric is unknown.
        """
        self.state = ExplorerState(graph, x, labels, study=study, design=design, metric=metric)
        self.toasts = ToastsPanel(self.state)
        self.tiles = TilesPanel(self.state, title or graph.name)
        self.layers = LayersPanel(self.state)
        self.view = ipywidgets.VBox([self.toasts.view, self.tiles.view, self.layers.view])
        self.view.add_class("hx")
        self.view.add_class("hx-app")

    @property
    def design(self) -> Design:
        """The current design."""
        return self.state.design

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """Display the explorer as the result of a notebook cell."""
        return self.view._repr_mimebundle_(**kwargs)
