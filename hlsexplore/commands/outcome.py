"""What a command returns, and what it may use of the terminal."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hlsexplore.commands.interrupt import Interrupt
from hlsexplore.report import FIGURES
from hlsexplore.support.progress import Event, OnEvent, ignore

COUNTED = {*FIGURES, "latency_cycles"} - {"clock_ns"}
"""Figures that are whole numbers in every report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of a command.

    Attributes:
        data: What `--json` prints: plain data.
        text: What is printed without it.
        code: Exit code: 0 done, 1 the tool or the design failed.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a command may use while it runs.

    Attributes:
        on_event: Shows progress.
        say: Shows a line at once, for a person who waits.
        interrupt: What Ctrl-C and SIGTERM do.
    """

    on_event: OnEvent = ignore
    say: Callable[[str], None] = lambda text: None
    interrupt: Interrupt = field(default_factory=Interrupt)

    @property
    def cancel(self) -> threading.Event:
        """Set by the first signal; who asks for it promises to watch it, and is not interrupted at once any more."""
        return self.interrupt.cancel

    def stage(self, text: str, fraction: float | None = None) -> None:
        """Tell that a stage began."""
        self.on_event(Event(kind="stage", text=text, fraction=fraction))


def whole(value: float | None, name: str) -> float | None:
    """Return a figure as it is shown: estimates of what is counted, resources and cycles, as whole numbers."""
    return value if value is None or name not in COUNTED else float(round(value))


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Lay out rows as text: numbers to the right, everything else to the left.

    Args:
        header: Names of the columns.
        rows: Cells; None is shown as `-`.

    Examples:
        >>> print(table(["name", "lut"], [["fc1", 1200], ["fc2", None]]))
        name    lut
        fc1   1,200
        fc2       -
    """
    cells = [[show(cell) for cell in row] for row in rows]
    numeric = [
        any(isinstance(row[index], int | float) for row in rows)
        and all(row[index] is None or isinstance(row[index], int | float) for row in rows)
        for index in range(len(header))
    ]
    widths = [max(len(row[index]) for row in [list(header), *cells]) for index in range(len(header))]
    lines = []
    for row in [list(header), *cells]:
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def show(value: Any) -> str:
    """Write a value for people: thousands with commas, unknown as `-`.

    Examples:
        >>> show(12345.0), show(0.98765), show(None), show((3, 4))
        ('12,345', '0.9877', '-', '3x4')
    """
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return f"{int(value):,}"
        case float():
            return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
        case tuple():
            return "x".join(map(str, value)) or "scalar"
        case _:
            return str(value)
