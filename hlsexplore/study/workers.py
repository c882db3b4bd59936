"""Who evaluates a sweep's designs: this thread, several threads, or the workers of a Dask scheduler."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from typing import Any

from hlsexplore.data import data_digest
from hlsexplore.design import Design
from hlsexplore.emulate import Emulator
from hlsexplore.errors import ToolError
from hlsexplore.study.racing import Race, try_race
from hlsexplore.study.trial import Evaluator, Trial
from hlsexplore.support.values import whole

Job = tuple[Design, Race | None]
Submit = Callable[[Job], "Future[Trial]"]
Evaluate = Callable[[Sequence[Job]], Generator[Trial, None, None]]
"""Evaluates designs, with what they must beat, and yields their trials in order; closing the iterator gives up
those not begun."""
CONNECT_TIMEOUT_S = 10
MAX_WORKERS = 256


@contextmanager
def open_workers(workers: int | str | None, evaluator: Evaluator, origin: str) -> Iterator[Evaluate]:
    """Make an evaluator of many designs.

    Threads share the emulator and its kept results, and numpy computes outside Python's lock; a process of its own pays
    only on other machines, where a Dask scheduler is the way.

    Args:
        workers: Number of threads; the address of a Dask scheduler, such as `tcp://host:8786`; this thread when None.
        evaluator: Finds the figures.
        origin: What proposes the designs.

    Raises:
        ConfigError: If the number of workers is wrong.
        ToolError: If Dask is missing or its scheduler cannot be reached.
    """
    if not isinstance(workers, str):
        workers = 1 if workers is None else whole(workers, "the number of workers", 1, MAX_WORKERS)
    if workers == 1:
        yield lambda jobs: (try_race(design, evaluator, race, origin) for design, race in jobs)
        return
    if isinstance(workers, str):
        with _dask(workers, evaluator, origin) as submit:
            yield partial(_in_order, submit)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="sweep") as pool:
        yield partial(_in_order, lambda job: pool.submit(try_race, job[0], evaluator, job[1], origin))


def _in_order(submit: Submit, jobs: Sequence[Job]) -> Generator[Trial, None, None]:
    futures = [submit(job) for job in jobs]
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


@contextmanager
def _dask(address: str, evaluator: Evaluator, origin: str) -> Iterator[Submit]:
    try:
        from distributed import Client
    except ImportError:
        raise ToolError("workers on other machines need Dask. Install it: pip install 'hlsexplore[cluster]'.") from None
    with ExitStack() as stack:
        try:
            client: Any = stack.enter_context(Client(address, timeout=CONNECT_TIMEOUT_S))  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise ToolError(f"the Dask scheduler at {address!r} cannot be reached: {error}.") from None
        shared = client.scatter(_Work(evaluator), broadcast=True)
        yield lambda job: client.submit(_evaluate_there, job, shared, origin, pure=False)


class _Work:
    """What a worker elsewhere needs; equal by content, so that each worker process prepares it once."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.graph, self.origin, self.data = evaluator.graph, evaluator.origin, evaluator.data
        self.goals, self.measures = evaluator.goals, evaluator.measures
        tasks = tuple(str(goal.task) for goal in self.goals)
        self.key = (self.graph.digest, self.origin.digest, data_digest(self.data), tasks, tuple(evaluator.directions))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Work) and self.key == other.key


@lru_cache(maxsize=2)
def _prepared(work: _Work) -> Evaluator:
    return Evaluator(
        graph=work.graph,
        origin=work.origin,
        data=work.data,
        goals=work.goals,
        measures=work.measures,
        emulator=Emulator(work.graph, work.data.x),
    )


def _evaluate_there(job: Job, work: Any, origin: str) -> Trial:
    return try_race(job[0], _prepared(work), job[1], origin)
