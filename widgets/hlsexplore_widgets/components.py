"""The widgets of the panels: synced data for a view in `static/`, and messages back; no logic."""

import gzip
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import anywidget
import ipywidgets
import traitlets as t

from hlsexplore_widgets import protocol, protocol_jobs, protocol_messages
from hlsexplore_widgets.assets import module, style
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.table import Table

Receive = Callable[[Mapping[str, Any]], None]


def _synced(trait: t.TraitType[Any, Any]) -> Any:
    """Return a trait that the browser sees; what it holds is the annotation of its attribute."""
    return trait.tag(sync=True)


class Component(anywidget.AnyWidget):
    """A widget of an explorer: the kernel writes its traits, the browser only sends messages."""

    explorer: str = _synced(t.Unicode())
    views: int = _synced(t.Int(0))

    def __init__(self, state: ExplorerState, receive: Receive | None = None, **values: Any) -> None:
        """Connect the widget.

        Args:
            state: The explorer that it belongs to.
            receive: Called with each message of the browser; what it raises becomes a visible note.
            **values: First values of its traits.
        """
        super().__init__(explorer=state.id, **values)
        self.table: Callable[[], Table] | None = None  # what the browser may save of it
        self._state = state
        self._receive = receive
        self._shipped = {"views", "_esm", "_css", "_anywidget_id", *ipywidgets.DOMWidget.class_trait_names()}
        self.on_msg(self._on_message)
        self.observe(self._on_view, "views")
        let_browser_choose_shell(self)

    def show(self, **values: Any) -> None:
        """Set several traits with one message to the browser."""
        with self._state.lock, self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)

    def tell(self, message: protocol_messages.Answer, *buffers: bytes) -> None:
        """Send a message to the browser, outside the traits."""
        self.send(message, buffers=list(buffers))

    def _handle_msg(self, msg: Any) -> None:
        """Handle a message of the browser alone: traitlets holds notifications meanwhile and would lose a thread's."""
        with self._state.lock:
            super()._handle_msg(msg)

    def _on_view(self, change: object) -> None:
        """Send everything to a new view: what changed while its page was connecting has not reached it."""
        self.send_state(sorted(set(self.keys) - self._shipped))

    def _on_message(self, _: object, content: Any, buffers: object) -> None:
        seq = content.get("seq", 0.0) if isinstance(content, dict) else 0.0
        with self._state.guard("the change", float(seq) if isinstance(seq, int | float) else 0.0):
            if not isinstance(content, dict):
                return
            if content.get("ev") == "refresh":
                self._on_view(content)
            elif content.get("ev") == "table" and self.table is not None:
                found = self.table()
                self.tell({"kind": "table", "csv": found.to_csv(), "text": found.to_text()})
            elif self._receive is not None:
                self._receive(content)


def let_browser_choose_shell(widget: ipywidgets.Widget) -> None:
    """Let messages of the browser reach the subshell to which it sends them, also while a cell runs.

    ipykernel 7.4 sends a comm's messages to the shell that last used the comm instead. A widget is made by a cell, in
    the main shell, where every message would wait until the running cells end.
    """
    comm = widget.comm
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None


class LayersTable(Component):
    """Rows of layers with boxes under bands, and their knobs."""

    _esm = module("layers.js")
    _css = style("layers", "save")
    rows: list[protocol.RowData] = _synced(t.List())
    config: protocol.ConfigData = _synced(t.Dict())
    live: protocol.LayersLive = _synced(t.Dict())
    costs: protocol.ReuseCosts = _synced(t.Dict())


class Tiles(Component):
    """Title, history buttons and read-outs."""

    _esm = module("tiles.js")
    _css = style("tiles", "save")
    shown: protocol.ShownData = _synced(t.Dict())
    target: protocol.TargetData = _synced(t.Dict())
    tools: protocol.ToolTable | protocol.Nothing = _synced(t.Dict())


class Toasts(Component):
    """Notes to the user."""

    _esm = module("toasts.js")
    _css = style("panels")
    messages: list[protocol.ToastData] = _synced(t.List())


class Tabs(Component):
    """A tab bar."""

    _esm = module("tabs.js")
    _css = style("panels")
    tabs: list[protocol.TabData] = _synced(t.List())
    selected: str = _synced(t.Unicode())
    label: str = _synced(t.Unicode("Views"))


class Choices(Component):
    """A line of small controls."""

    _esm = module("choices.js")
    _css = style("panels")
    title: str = _synced(t.Unicode())
    items: list[protocol.Item] = _synced(t.List())


class BuildView(Component):
    """Export, verification and synthesis."""

    _esm = module("build.js")
    _css = style("panels", "save")
    options: protocol_jobs.BuildOptionData = _synced(t.Dict())
    status: protocol_jobs.BuildStatusData = _synced(t.Dict())
    log: str = _synced(t.Unicode())
    result: protocol_jobs.BuildTable | protocol.Nothing = _synced(t.Dict())
    outlook: protocol_jobs.OutlookData | protocol.Nothing = _synced(t.Dict())


class SweepView(Component):
    """Controls and progress of a sweep."""

    _esm = module("sweep.js")
    _css = style("panels")
    options: protocol_jobs.SweepOptionData = _synced(t.Dict())
    status: protocol_jobs.SweepStatusData = _synced(t.Dict())


class SmallerView(Component):
    """Pruning, neurons that can go, and fine-tuning."""

    _esm = module("smaller.js")
    _css = style("panels")
    offers: protocol_jobs.Offers = _synced(t.Dict())
    options: protocol_jobs.TuneOptionData = _synced(t.Dict())
    status: protocol_jobs.TuneStatusData = _synced(t.Dict())


class TrialsTable(Component):
    """A page of a study's trials."""

    _esm = module("trials.js")
    _css = style("panels", "save")
    page: protocol.PageData = _synced(t.Dict())
    current: int = _synced(t.Int(0))


class NetworkGraph(Component):
    """The network as a graph."""

    _esm = module("network.js")
    _css = style("network", "save")
    graph: protocol.NetworkData = _synced(t.Dict())
    live: protocol.NetworkLive | protocol.Nothing = _synced(t.Dict())


class CompareTable(Component):
    """Designs side by side."""

    _esm = module("compare.js")
    _css = style("panels", "compare", "save")
    data: protocol.ComparisonData | protocol.Nothing = _synced(t.Dict())
    current: str = _synced(t.Unicode())


class PlotView(Component):
    """A plotly figure. plotly.js itself goes to each page once, on request, and is never saved in a notebook."""

    _esm = module("plot.js")
    _css = style("plot", "save")
    figure: str = _synced(t.Unicode())
    pins: list[protocol.PinData] = _synced(t.List())
    label: str = _synced(t.Unicode("Plot"))
    summary: str = _synced(t.Unicode())
    caption: str = _synced(t.Unicode())
    height: int = _synced(t.Int(380))
    min_width: int = _synced(t.Int(0))
    plotly_version: str = _synced(t.Unicode())

    def __init__(self, state: ExplorerState, receive: Receive | None = None, **values: Any) -> None:
        """Connect the widget; arguments as for every component."""
        super().__init__(state, receive, plotly_version=version("plotly"), **values)

    def _on_message(self, sender: object, content: Any, buffers: object) -> None:
        if isinstance(content, dict) and content.get("ev") == "plotly":
            self.tell({"kind": "plotly"}, plotly_script())
        else:
            super()._on_message(sender, content, buffers)


@cache
def plotly_script() -> bytes:
    """Return the installed plotly.js, gzipped (1.5 MB)."""
    return gzip.compress(files("plotly").joinpath("package_data/plotly.min.js").read_bytes(), 6)
