"""The table of trials: sorted, searched, columns chosen, rows compared and deleted."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.components import TrialsTable
from hlsexplore_widgets.protocol import PageData
from hlsexplore_widgets.shelf import NamedDesign
from hlsexplore_widgets.state import ExplorerState
from hlsexplore_widgets.table import Table
from hlsexplore_widgets.tables import trial_table
from hlsexplore_widgets.trial_page import Query, asked, empty_page, page_data

Kept = Callable[[Catalog], NDArray[np.bool_] | None]


class TrialsPanel:
    """A page of the trials that the selection keeps.

    Attributes:
        view: The widget.
    """

    def __init__(
        self,
        state: ExplorerState,
        kept: Kept,
        load: Callable[[int, float], None],
        hover: Callable[[Any], None],
        draw: Callable[[], None],
    ) -> None:
        """Show nothing yet.

        Args:
            state: The state.
            kept: Says which trials the selection keeps.
            load: Loads the design of a trial, for an edit of the browser.
            hover: Notes the trial under the pointer.
            draw: Asks for the page anew.
        """
        self._state, self._kept = state, kept
        self._load, self._hover, self._draw = load, hover, draw
        self._query = Query()
        self.view = TrialsTable(state, self._receive, page=empty_page(self._query))
        self.view.table = self.as_table

    def page(self, catalog: Catalog) -> PageData:
        """Return the page that the user asked for."""
        return page_data(catalog, self._query, self._kept(catalog))

    def as_table(self) -> Table:
        """Return all trials that the table shows page by page."""
        catalog = self._state.catalog
        return trial_table(catalog, self._query, None if catalog is None else self._kept(catalog))

    def _receive(self, message: Mapping[str, Any]) -> None:
        match message.get("ev"):
            case "load":
                self._load(int(message["id"]), float(message.get("seq", 0.0)))
            case "hover":
                self._hover(message.get("id"))
            case "note":
                catalog = self._state.catalog
                if catalog is not None:
                    catalog.write_note(int(message["id"]), str(message.get("text", "")))
                    self._draw()
            case "compare":
                compare_trials(self._state, _numbers(message))
            case "delete":
                self._delete(_numbers(message))
            case _:
                self._query = asked(self._query, message)
                self._draw()

    def _delete(self, numbers: list[int]) -> None:
        catalog = self._state.catalog
        if catalog is None or not numbers:
            return
        catalog.delete(numbers)
        self._state.say("done", f"{len(numbers):,} trials were deleted from the study.")
        self._state.notify("study")


def compare_trials(state: ExplorerState, numbers: list[int]) -> None:
    """Put the designs of trials into the comparison.

    Raises:
        ConfigError: If there is no room for them.
    """
    catalog = state.catalog
    if catalog is not None:
        state.shelf.compare(
            *(NamedDesign(name=f"trial {number}", design=catalog.study.design(number)) for number in numbers)
        )


def _numbers(message: Mapping[str, Any]) -> list[int]:
    """Read the trials that a message is about.

    Raises:
        ConfigError: If it names none.
    """
    ids = message.get("ids")
    if isinstance(ids, list) and ids and all(isinstance(item, int) for item in ids):
        return ids
    raise ConfigError("no trials are selected. Tick some in the table first.")
