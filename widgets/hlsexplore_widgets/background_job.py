"""Work behind a panel: what the next start does, how far it is, and the thread that does it."""

import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from hlsexplore_widgets.worker import Throttle


class _Status(Protocol):
    @property
    def condition(self) -> str:
        """What the job does."""
        ...


Options = TypeVar("Options")
Status = TypeVar("Status", bound=_Status)


class BackgroundJob(Generic[Options, Status]):
    """What sweeps, builds and trainings have in common; mutable, for a job starts and ends."""

    def __init__(self, options: Options, status: Status, tell: Callable[[], None], per_second: float = 4.0) -> None:
        """Wait for a start.

        Args:
            options: What the first start does, unless they change.
            status: That nothing runs yet.
            tell: Called when the status changed, maybe in another thread.
            per_second: Most calls of it in a second.
        """
        self._options = options
        self._status = status
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._shown = Throttle(tell, per_second)

    @property
    def options(self) -> Options:
        """What the next start does."""
        return self._options

    @property
    def status(self) -> Status:
        """How far it is."""
        return self._status

    @property
    def is_active(self) -> bool:
        """Whether it runs or is paused."""
        return self._status.condition in ("running", "paused")

    def wait(self, timeout_s: float = 60.0) -> bool:
        """Wait for the end; False if that takes longer."""
        if self._thread is not None:
            self._thread.join(timeout_s)
            return not self._thread.is_alive()
        return True

    def _set(self, status: Status) -> None:
        """Change the status, and tell at once."""
        self._status = status
        self._shown.flush()

    def _launch(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        """Do the work in a thread."""
        self._thread = threading.Thread(target=work, args=arguments, name=f"hlsexplore-{name}", daemon=True)
        self._thread.start()
