"""What the kernel says to the browser outside the traits; see `protocol`."""

from typing import Literal, TypedDict


class TableSaved(TypedDict):
    """A whole table, for a file and for the clipboard."""

    kind: Literal["table"]
    csv: str
    text: str


class DesignStep(TypedDict):
    """A step of the history, `by` so many from the current design."""

    by: int
    text: str
    name: str
    key: str


class DesignName(TypedDict):
    """A design that has a name."""

    name: str
    key: str
    current: bool


class DesignsListed(TypedDict):
    """History and named designs."""

    kind: Literal["designs"]
    steps: list[DesignStep]
    named: list[DesignName]


class LinkMade(TypedDict):
    """The code of a link to a design."""

    kind: Literal["link"]
    code: str


class LogCleared(TypedDict):
    """A build begins: its log is empty."""

    kind: Literal["clear"]


class LogLines(TypedDict):
    """New lines of a log."""

    kind: Literal["log"]
    text: str


class PictureMade(TypedDict):
    """A plotly figure of the comparison as JSON."""

    kind: Literal["picture"]
    figure: str


class PlotlySent(TypedDict):
    """The script of plotly.js, gzipped, is in the message's first buffer."""

    kind: Literal["plotly"]


Answer = TableSaved | DesignsListed | LinkMade | LogCleared | LogLines | PictureMade | PlotlySent
"""What a widget sends outside its traits."""
