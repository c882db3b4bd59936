"""What Ctrl-C and SIGTERM do to a command: they end it at once, whatever it is doing."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

GRACE_S = 3.0
"""Time that work which watches for a cancel has to end in order, before it is interrupted; then as long again."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A command was interrupted by a signal.

    Not `KeyboardInterrupt` itself: when that passes an `exec` of a text, as in a dataclass that is being made, Python
    (3.11) remembers it, and at the end of `python -m` kills the process by SIGINT whatever its exit code.
    """


class Interrupt:
    """Ctrl-C and SIGTERM for one command; it changes when one of them comes.

    The first signal sets `cancel`, which work that was handed it ends in order; work that was not is interrupted at
    once, as it is by a second signal and when the order takes too long. A thread watches over that, since Python's own
    handler waits until compiled code in the main thread returns; where it does not, the process leaves without it.

    Attributes:
        number: The signal that came, or None.
    """

    def __init__(self) -> None:
        """Wait for a signal."""
        self.number: int | None = None
        self._cancel = threading.Event()
        self._is_taken = False
        self._is_over = threading.Event()

    @property
    def cancel(self) -> threading.Event:
        """Set by the first signal; who asks for it promises to watch it."""
        self._is_taken = True
        return self._cancel

    @contextmanager
    def handled(self, leave: Callable[[int], None], is_program: bool) -> Iterator[None]:
        """Handle the signals in this block; only in the main thread, elsewhere nothing happens.

        Args:
            leave: Called with the signal when nothing else has ended the work; must not return.
            is_program: Whether the process ends behind this block, so that later signals no longer matter.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wake, wake_end = os.pipe()
        os.set_blocking(wake_end, False)
        watcher = threading.Thread(target=self._watch, args=(wake, leave), name="hlsexplore-signals", daemon=True)
        watcher.start()
        descriptor = signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            self._is_over.set()
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if is_program and self.number is not None else handler)
            signal.set_wakeup_fd(descriptor)
            os.close(wake_end)
            watcher.join()
            os.close(wake)

    def _on_signal(self, number: int, frame: Any) -> None:
        """Handle a signal in the main thread; the event is set elsewhere, for this thread may hold its lock."""
        is_first = self.number is None
        self.number = number if is_first else self.number
        if not is_first or not self._is_taken:
            raise Interrupted

    def _watch(self, wake: int, leave: Callable[[int], None]) -> None:
        while data := os.read(wake, 1):
            if data[0] in SIGNALS:
                break
        else:
            return
        number = data[0]
        self._cancel.set()
        if self._is_over.wait(GRACE_S):
            return
        with suppress(ProcessLookupError, ValueError):
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        if not self._is_over.wait(GRACE_S):
            leave(number)
