"""What goes to the terminal: text without its control characters, and the progress of long work."""

import io
import re
from threading import Lock
from time import monotonic
from typing import TextIO

from hlsexplore.support.progress import Event

PROGRESS_AFTER_S = 1.0
PROGRESS_EVERY_S = 0.5
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def write(text: str, stream: TextIO | None, *, is_text: bool = True) -> None:
    """Write a line at once; control characters of a text for people are shown, not sent.

    Args:
        text: The line.
        stream: Where to; nowhere when None, as for a stream that was closed before this program started.
        is_text: Whether it is for people.
    """
    if stream is not None:
        stream.write(f"{printable(text) if is_text else text}\n")
        stream.flush()


def printable(text: str) -> str:
    r"""Show control characters, as a model file's names may hold them, instead of sending them to the terminal.

    Examples:
        >>> printable("fc\x1b[2J") == "fc\\x1b[2J"
        True
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class Progress:
    """Writes stages to a terminal: nothing in the first second, then at most two lines a second."""

    def __init__(self, stream: TextIO | None, is_on: bool) -> None:
        self._stream = stream or io.StringIO()
        self._is_on = is_on
        self._is_tty = self._stream.isatty()
        self._start = self._last = monotonic()
        self._length = 0
        self._lock = Lock()

    def show(self, event: Event) -> None:
        """Show an event, unless it comes too soon after the last one."""
        if not self._is_on:
            return
        with self._lock:
            now = monotonic()
            if now - self._start < PROGRESS_AFTER_S or now - self._last < PROGRESS_EVERY_S:
                return
            self._last = now
            share = "" if event.fraction is None else f"{100 * event.fraction:3.0f} % "
            line = printable(f"{share}{event.text.strip()} ({now - self._start:.0f} s)".replace("\n", " "))[:160]
            if self._is_tty:
                self._stream.write(f"\r{line.ljust(self._length)}")
                self._length = len(line)
            else:
                self._stream.write(f"{line}\n")
            self._stream.flush()

    def end(self) -> None:
        """Wipe the line on a terminal."""
        if self._is_tty and self._length:
            self._stream.write("\r" + " " * self._length + "\r")
            self._stream.flush()
        self._length = 0
