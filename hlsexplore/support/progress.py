"""How long work tells its progress: events to a callback, and a token that cancels it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that long work wants to tell.

    Attributes:
        kind: `stage` when a named stage starts or ends, `log` for a line of a tool's output.
        text: Name of the stage, or the line.
        fraction: Share of the whole work that is done, 0 to 1, or None when unknown.
    """

    kind: Literal["stage", "log"]
    text: str
    fraction: float | None = None


OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Drop an event; the default callback."""
