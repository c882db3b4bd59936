"""Bytes of a tool's output to lines: bounded in memory, in rate and on disk."""

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from hlsexplore.support.progress import Event, OnEvent

OnLine = Callable[[str], None]

MAX_LINE = 4000
MAX_LOG_BYTES = 64 << 20
LINES_PER_S = 200
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who is told what a program prints.

    Attributes:
        on_line: Gets lines of output live, in the thread that waits for the program, some 200 a second; of a flood it
            is told how many not.
        scan: Gets every line (cut at 4,000 characters), to find stages and figures in it.
        log_file: File that gets the output, at most 64 MB of it.
    """

    on_line: OnLine | None = None
    scan: OnLine | None = None
    log_file: Path | None = None


NOBODY = Listeners()
"""Nobody listens; the end of the output is kept all the same."""


class LineLog:
    """Mutable because it holds the unfinished line and the count of the current second.

    Lines are decoded as UTF-8 with replacements and freed of terminal control codes. In a flood `on_line` gets the
    first lines of each second and then one sentence that says how many were left out; `scan` gets all of them.
    """

    def __init__(
        self,
        listeners: Listeners,
        *,
        max_tail_lines: int,
        lines_per_s: int = LINES_PER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.num_lines = 0
        self.tail: deque[str] = deque(maxlen=max_tail_lines)
        self._on_line = listeners.on_line
        self._scan = listeners.scan
        self._lines_per_s = lines_per_s
        self._clock = clock
        self._rest = b""
        self._window_start = clock()
        self._window_lines = 0
        self._skipped = 0
        self._file: BinaryIO | None = None if listeners.log_file is None else listeners.log_file.open("wb")
        self._file_bytes = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Pass the last unfinished line on and close the file."""
        try:
            if kind is None:
                if self._rest:
                    self._line(self._rest)
                self._tell_skipped()
        finally:
            if self._file is not None:
                self._file.close()

    def feed(self, data: bytes) -> None:
        """Take a piece of output."""
        self._write(data)
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        # A line without an end is cut into pieces, so that it cannot fill the memory.
        while len(rest) > MAX_LINE:
            self._line(rest[:MAX_LINE])
            rest = rest[MAX_LINE:]
        self._rest = rest

    def idle(self) -> None:
        """Say what was skipped when the flood has passed."""
        if self._skipped and self._clock() - self._window_start >= 1.0:
            self._tell_skipped()

    def _line(self, data: bytes) -> None:
        # Of a progress line that rewrites itself with carriage returns the last state is kept.
        text = _CONTROL.sub("", data.rstrip(b"\r").rsplit(b"\r", 1)[-1][:MAX_LINE].decode(errors="replace"))
        self.num_lines += 1
        self.tail.append(text)
        if self._scan is not None:
            self._scan(text)
        if self._on_line is None:
            return
        now = self._clock()
        if now - self._window_start >= 1.0:
            self._tell_skipped()
            self._window_start, self._window_lines = now, 0
        self._window_lines += 1
        if self._window_lines <= self._lines_per_s:
            self._on_line(text)
        else:
            self._skipped += 1

    def _tell_skipped(self) -> None:
        if self._skipped and self._on_line is not None:
            count, self._skipped = self._skipped, 0
            self._on_line(f"... {count:,} lines are not shown here ...")

    def _write(self, data: bytes) -> None:
        if self._file is None or self._file_bytes >= MAX_LOG_BYTES:
            return
        data = data[: MAX_LOG_BYTES - self._file_bytes]
        self._file_bytes += len(data)
        self._file.write(data)
        if self._file_bytes >= MAX_LOG_BYTES:
            self._file.write(b"\n... the log was cut here ...\n")


def log_to(on_event: OnEvent) -> OnLine:
    """Make an `on_line` that sends each line as a log event."""
    return lambda line: on_event(Event(kind="log", text=line))


def stage_scanner(stages: Sequence[tuple[str, str, float]], on_event: OnEvent) -> OnLine:
    """Make a `scan` that tells stages when marks pass in a tool's output.

    Args:
        stages: Regular expression, name of the stage that begins there, and the share of the work done by then.
        on_event: Gets a stage event the first time that each mark passes.
    """
    pending = [(re.compile(mark), name, fraction) for mark, name, fraction in stages]

    def scan(line: str) -> None:
        for index, (mark, name, fraction) in enumerate(pending):
            if mark.search(line):
                del pending[: index + 1]
                on_event(Event(kind="stage", text=name, fraction=fraction))
                return

    return scan
