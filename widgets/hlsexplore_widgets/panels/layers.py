"""The table of layers."""

from collections.abc import Callable, Mapping
from typing import Any

from hlsexplore.design import Design
from hlsexplore.errors import ConfigError, HlsExploreError
from hlsexplore.report import Figures
from hlsexplore_widgets.channel import Topic
from hlsexplore_widgets.components import LayersTable
from hlsexplore_widgets.profile import activation_spreads, weight_spreads
from hlsexplore_widgets.protocol import RowData
from hlsexplore_widgets.rows import config_data, cost_texts, live_data, reuse_choices, row_data
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.tables import layer_table
from hlsexplore_widgets.worker import IsSuperseded, LatestWins


class LayersPanel:
    """Types and knobs of every layer over the profile of its values.

    Attributes:
        view: The widget.
    """

    def __init__(self, state: ExplorerState, look_at: Callable[[str, str], None] | None = None) -> None:
        """Profile the network and show the current design.

        Args:
            state: The state.
            look_at: Shows the values of a tensor, given layer and key.
        """
        self._state = state
        self._look_at = look_at
        self._is_own = False
        self._costs: LatestWins[tuple[Design, str]] = LatestWins(self._find_costs, "hlsexplore-costs")
        self._shown = state.graph.digest
        self.view = LayersTable(
            state,
            self._receive,
            rows=self._rows(),
            config=config_data(state.design, 0.0, state.revision),
            live=live_data(None, None, 0.0),
        )
        self.view.table = lambda: layer_table(state)
        state.subscribe(self._show, "design", "live", "plan", "detail")
        self._show("live")

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the costs that were asked for are there."""
        return self._costs.wait(timeout_s)

    def _rows(self) -> list[RowData]:
        graph = self._state.graph
        return row_data(graph, weight_spreads(graph), activation_spreads(graph, self._state.x))

    def _show(self, topic: Topic) -> None:
        state = self._state
        if self._shown != state.graph.digest:
            self._shown = state.graph.digest
            self.view.show(rows=self._rows(), config=config_data(state.design, state.seq, state.revision), costs={})
        if topic == "design" and self._is_own:
            return  # the browser knows; one message takes design and figures to other views
        values: dict[str, Any] = {"live": live_data(state.live.best, state.detail, state.live.seq)}
        if self.view.config["revision"] != state.revision or topic == "design":
            values |= {"config": config_data(state.design, state.seq, state.revision), "costs": {}}
        self.view.show(**values)

    def _receive(self, message: Mapping[str, Any]) -> None:
        state = self._state
        match message.get("ev"):
            case "edit":
                changes = _checked(message.get("changes"))
                self._is_own = True
                try:
                    state.edit(changes, gesture=message.get("gesture"), seq=float(message.get("seq", 0.0)))
                finally:
                    self._is_own = False
            case "look" if self._look_at is not None:
                self._look_at(str(message.get("layer")), str(message.get("key")))
            case "costs":
                self._costs.submit((state.design, str(message.get("layer"))))

    def _find_costs(self, job: tuple[Design, str], is_superseded: IsSuperseded) -> None:
        """Estimate a layer with every legal reuse; runs in a thread of its own."""
        design, name = job
        with self._state.guard("estimating the costs of reuse factors"):
            found: dict[int, Figures | None] = {}
            for reuse in reuse_choices(design.graph[name], design.layers[name].reuse):
                if is_superseded():
                    return
                try:
                    found[reuse] = self._state.estimated(design.with_layer(name, reuse=reuse)).layers.get(name)
                except HlsExploreError:
                    found[reuse] = None
            with self._state.lock:
                if design == self._state.design:
                    self.view.costs = {**self.view.costs, name: cost_texts(found)}


def _checked(changes: Any) -> dict[str, dict[str, Any]]:
    """Check the form of changes from a browser.

    Raises:
        ConfigError: If they are not layer -> key -> text or number.
    """
    if isinstance(changes, dict) and all(isinstance(items, dict) for items in changes.values()):
        return changes
    raise ConfigError(f"a change must name layers with keys and values, not {changes!r}.")
