"""Cancel and progress of work that lies too deep to be handed them: plans of designs, searches for shared sums."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import CancelledError
from hlsexplore.support.progress import Event, OnEvent, ignore

POLL_S = 0.05
Result = TypeVar("Result")
_current: ContextVar[threading.Event | None] = ContextVar("cancel", default=None)
_listener: ContextVar[OnEvent] = ContextVar("listener", default=ignore)


@contextmanager
def cancellable(cancel: threading.Event | None, on_event: OnEvent = ignore) -> Iterator[None]:
    """Let an event cancel the work in this block, in this thread, which tells its progress.

    Args:
        cancel: Cancels the work when set; None changes nothing.
        on_event: Gets the stages of the work; the default changes nothing.

    Examples:
        >>> with cancellable(threading.Event(), print):
        ...     check_cancelled()
        ...     tell("planning 'fc1'", 0.5)
        Event(kind='stage', text="planning 'fc1'", fraction=0.5)
    """
    cancelled = _current.set(_current.get() if cancel is None else cancel)
    heard = _listener.set(_listener.get() if on_event is ignore else on_event)
    try:
        yield
    finally:
        _listener.reset(heard)
        _current.reset(cancelled)


def tell(text: str, fraction: float | None = None) -> None:
    """Tell whoever waits for the work of this thread that a stage of it begins."""
    _listener.get()(Event(kind="stage", text=text, fraction=fraction))


def check_cancelled() -> None:
    """Go on unless the work of this thread was cancelled; costs 0.1 us.

    Raises:
        CancelledError: If it was.
    """
    cancel = _current.get()
    if cancel is not None and cancel.is_set():
        raise CancelledError("the work was cancelled.")


def run_compiled(work: Callable[[NDArray[np.int64]], Result]) -> Result:
    """Run compiled work that may take minutes in a thread of its own, so that a cancel and Ctrl-C end it.

    Args:
        work: Gets an array of one integer, and returns soon once that is not 0; what it returns then is dropped.

    Raises:
        CancelledError: If the work of this thread was cancelled.
    """
    stop = np.zeros(1, dtype=np.int64)
    found: list[Result] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            found.append(work(stop))
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, name="hlsexplore-compiled", daemon=True).start()
    try:
        while not done.wait(POLL_S):
            check_cancelled()
    except BaseException:
        stop[0] = 1
        raise
    if errors:
        raise errors[0]
    return found[0]
