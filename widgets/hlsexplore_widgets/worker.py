"""A background thread that always works on the newest request: at most one runs, at most one waits."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Job = TypeVar("Job")
IsSuperseded = Callable[[], bool]
logger = logging.getLogger(__name__)


class LatestWins(Generic[Job]):
    """Runs a function on submitted jobs in one thread; a newer job replaces one that waits.

    It holds a thread and the waiting job, and is therefore mutable. The thread starts with the first job.
    """

    def __init__(self, run: Callable[[Job, IsSuperseded], None], name: str) -> None:
        """Keep the function.

        Args:
            run: Called with a job and a function that says whether a newer one waits; must not raise.
            name: Name of the thread.
        """
        self._run = run
        self._name = name
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._is_idle = True
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Let the thread work on a job next; it replaces one that waits."""
        with self._changed:
            if self._is_closed:
                return
            self._waiting = [job]
            self._is_idle = False
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing runs or waits; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_idle, timeout_s)

    def close(self) -> None:
        """End the thread after its current job."""
        with self._changed:
            self._is_closed = True
            self._waiting = []
            self._changed.notify_all()

    def _is_superseded(self) -> bool:
        return bool(self._waiting) or self._is_closed

    def _loop(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._is_closed:
                    self._is_idle = True
                    self._changed.notify_all()
                    self._changed.wait()
                if self._is_closed:
                    self._is_idle = True
                    self._changed.notify_all()
                    return
                job = self._waiting.pop()
            self._run(job, self._is_superseded)


class Throttle:
    """Lets a stream of small notes through at most so many times a second, without losing the last one."""

    def __init__(self, emit: Callable[[], None], per_second: float = 8.0) -> None:
        """Keep the function.

        Args:
            emit: Called, maybe in a timer thread, when something changed.
            per_second: Most calls in a second.
        """
        self._emit = emit
        self._interval = 1.0 / per_second
        self._last = 0.0
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def poke(self) -> None:
        """Say that something changed."""
        with self._lock:
            if self._timer is not None:
                return
            delay = self._last + self._interval - time.monotonic()
            if delay > 0:
                self._timer = threading.Timer(delay, self.flush)
                self._timer.daemon = True
                self._timer.start()
                return
            self._last = time.monotonic()
        self._emit()

    def flush(self) -> None:
        """Emit now."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._last = time.monotonic()
        self._emit()
