"""Runs several tools side by side; the first failure or a cancel stops them all."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from hlsexplore.errors import CancelledError
from hlsexplore.support.progress import Event, OnEvent

MAX_JOBS = 8
"""A synthesis takes up to some GB of memory, so more cores than these are not used at once."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def default_jobs() -> int:
    """Return how many tools run at once: `HLSEXPLORE_JOBS`, else one for each core, at most 8."""
    chosen = os.environ.get("HLSEXPLORE_JOBS", "")
    if chosen.isascii() and chosen.isdigit() and int(chosen) > 0:
        return int(chosen)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_JOBS)


def run_side_by_side(
    items: Sequence[Item],
    work: Callable[[Item, threading.Event], Result],
    jobs: int,
    cancel: threading.Event | None = None,
) -> list[Result]:
    """Do some work for each item in threads; for work that mostly waits for processes.

    Args:
        items: What to work on; started in this order.
        work: Gets an item and an event that is set when the work shall stop.
        jobs: Most items at once.
        cancel: Stops all of it when set.

    Returns:
        The results in the order of the items.

    Raises:
        CancelledError: If `cancel` was set.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=max(1, min(jobs, len(items) or 1))) as pool:
        futures = [pool.submit(_unless_stopped, work, item, stop) for item in items]
        pending = set(futures)
        try:
            while pending:
                done, pending = wait(pending, timeout=0.05, return_when=FIRST_COMPLETED)
                if (cancel is not None and cancel.is_set()) or any(future.exception() for future in done):
                    stop.set()
        except BaseException:
            stop.set()
            raise
    if cancel is not None and cancel.is_set():
        raise CancelledError("the work was cancelled.")
    _raise_first(futures)
    return [future.result() for future in futures]


def locked(on_event: OnEvent) -> OnEvent:
    """Make a callback that several threads may call: one event at a time."""
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            on_event(event)

    return tell


def _unless_stopped(work: Callable[[Item, threading.Event], Result], item: Item, stop: threading.Event) -> Result:
    if stop.is_set():
        raise CancelledError("another part of the work failed first.")
    return work(item, stop)


def _raise_first(futures: Sequence[Future[Result]]) -> None:
    """Raise the failure that stopped the others, not their being stopped."""
    errors = [error for error in (future.exception() for future in futures) if error is not None]
    for error in (*(error for error in errors if not isinstance(error, CancelledError)), *errors):
        raise error
