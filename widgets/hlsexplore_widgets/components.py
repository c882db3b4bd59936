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

from hlsexplore_widgets.assets import module, style
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.table import Table

Receive = Callable[[Mapping[str, Any]], None]


class Component(anywidget.AnyWidget):
    """A widget of an explorer: the kernel writes its traits, the browser only sends messages."""

    explorer = t.Unicode().tag(sync=True)
    views = t.Int(0).tag(sync=True)

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
                self.send({"kind": "table", "csv": found.to_csv(), "text": found.to_text()})
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
    rows: t.List[Any] = t.List().tag(sync=True)
    config = t.Dict().tag(sync=True)
    live = t.Dict().tag(sync=True)
    costs = t.Dict().tag(sync=True)


class Tiles(Component):
    """Title, history buttons and read-outs."""

    _esm = module("tiles.js")
    _css = style("tiles", "save")
    shown = t.Dict().tag(sync=True)
    target = t.Dict().tag(sync=True)
    tools = t.Dict().tag(sync=True)


class Toasts(Component):
    """Notes to the user."""

    _esm = module("toasts.js")
    _css = style("panels")
    messages: t.List[Any] = t.List().tag(sync=True)


class Tabs(Component):
    """A tab bar."""

    _esm = module("tabs.js")
    _css = style("panels")
    tabs: t.List[Any] = t.List().tag(sync=True)
    selected = t.Unicode().tag(sync=True)
    label = t.Unicode("Views").tag(sync=True)


class Choices(Component):
    """A line of small controls."""

    _esm = module("choices.js")
    _css = style("panels")
    title = t.Unicode("").tag(sync=True)
    items: t.List[Any] = t.List().tag(sync=True)


class BuildView(Component):
    """Export, verification and synthesis."""

    _esm = module("build.js")
    _css = style("panels", "save")
    options = t.Dict().tag(sync=True)
    status = t.Dict().tag(sync=True)
    log = t.Unicode("").tag(sync=True)
    result = t.Dict().tag(sync=True)
    outlook = t.Dict().tag(sync=True)


class SweepView(Component):
    """Controls and progress of a sweep."""

    _esm = module("sweep.js")
    _css = style("panels")
    options = t.Dict().tag(sync=True)
    status = t.Dict().tag(sync=True)


class SmallerView(Component):
    """Pruning, neurons that can go, and fine-tuning."""

    _esm = module("smaller.js")
    _css = style("panels")
    offers = t.Dict().tag(sync=True)
    options = t.Dict().tag(sync=True)
    status = t.Dict().tag(sync=True)


class TrialsTable(Component):
    """A page of a study's trials."""

    _esm = module("trials.js")
    _css = style("panels", "save")
    page = t.Dict().tag(sync=True)
    current = t.Int(0).tag(sync=True)


class NetworkGraph(Component):
    """The network as a graph."""

    _esm = module("network.js")
    _css = style("network", "save")
    graph = t.Dict().tag(sync=True)
    live = t.Dict().tag(sync=True)


class CompareTable(Component):
    """Designs side by side."""

    _esm = module("compare.js")
    _css = style("panels", "compare", "save")
    data = t.Dict().tag(sync=True)
    current = t.Unicode("").tag(sync=True)


class PlotView(Component):
    """A plotly figure. plotly.js itself goes to each page once, on request, and is never saved in a notebook."""

    _esm = module("plot.js")
    _css = style("plot", "save")
    figure = t.Unicode("").tag(sync=True)
    pins: t.List[Any] = t.List().tag(sync=True)
    label = t.Unicode("Plot").tag(sync=True)
    summary = t.Unicode("").tag(sync=True)
    caption = t.Unicode("").tag(sync=True)
    height = t.Int(380).tag(sync=True)
    min_width = t.Int(0).tag(sync=True)
    plotly_version = t.Unicode("").tag(sync=True)

    def __init__(self, state: ExplorerState, receive: Receive | None = None, **values: Any) -> None:
        """Connect the widget; arguments as for every component."""
        super().__init__(state, receive, plotly_version=version("plotly"), **values)

    def _on_message(self, sender: object, content: Any, buffers: object) -> None:
        if isinstance(content, dict) and content.get("ev") == "plotly":
            self.send({"kind": "plotly"}, buffers=[plotly_script()])
        else:
            super()._on_message(sender, content, buffers)


@cache
def plotly_script() -> bytes:
    """Return the installed plotly.js, gzipped (1.5 MB)."""
    return gzip.compress(files("plotly").joinpath("package_data/plotly.min.js").read_bytes(), 6)
