"""The figures of the design on the screen, found in the background: the quick ones first, of the newest design only."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from hlsexplore.design import Design
from hlsexplore.emulate import Trace, trace
from hlsexplore.errors import CancelledError, HlsExploreError
from hlsexplore.graph import Graph
from hlsexplore.merit import strata
from hlsexplore.report import Report
from hlsexplore.study.trial import Evaluator
from hlsexplore_widgets.live import Live
from hlsexplore_widgets.planning import Planner
from hlsexplore_widgets.profile import sample_inputs
from hlsexplore_widgets.refine import Part, make_parts, score_part, try_score
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

SLOW_SCORE_S = 0.06
"""The estimate does not wait for a first score or a score of all samples that takes longer than this."""
SCORE_PAUSE_S = 0.025
"""The worker pauses behind the first score, a frame and a half: the threads that send it and the browser that paints it
have the interpreter and the processor for themselves. An edit ends the pause."""
DEBOUNCE_S = 0.25
"""Counts and plans wait so long: until then the processor belongs to the browser's paint and the next edit."""
TRACE_SAMPLES = 500
"""Samples on which losses are counted after each change."""
logger = logging.getLogger(__name__)


class Listener(Protocol):
    """Who wants the figures. All methods may be called from any thread."""

    def estimated(self, design: Design) -> Report:
        """Estimate a design."""
        ...

    def reports(self, design: Design) -> tuple[Report, ...]:
        """Return what tools reported about a design."""
        ...

    def show(self, live: Live) -> None:
        """Take figures."""
        ...

    def show_early(self, live: Live) -> None:
        """Take a first score, before anything else is known."""
        ...

    def counted(self, counts: Trace | None) -> None:
        """Take counts of losses."""
        ...

    def planned(self, design: Design, plan: Report) -> None:
        """Take the report of a plan."""
        ...

    def say(self, level: Literal["error", "done", "note"], text: str) -> None:
        """Show what went wrong."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationJob:
    """A design to evaluate.

    Attributes:
        revision: Number of the change that made it the current one.
        seq: Number of the latest edit of a browser in it.
        design: The design.
        received: When the kernel got it, in ms since 1970.
        cancel: Is set as soon as there is a newer one.
    """

    revision: int
    seq: float
    design: Design
    received: float
    cancel: threading.Event


class Evaluation:
    """Threads that score, estimate, count and plan the newest design; mutable, for they start and end.

    Attributes:
        parts: Parts of the samples that are scored one after the other; None until the first design decided on them.
        planner: Counts figures from the RTL's plan, for the tool `yosys`.
    """

    def __init__(
        self, evaluator: Evaluator, evaluator_of: Callable[[Graph], Evaluator], listener: Listener, name: str
    ) -> None:
        """Prepare the threads.

        Args:
            evaluator: The first network, its samples and figures of merit.
            evaluator_of: Finds the same of another network.
            listener: Who wants the figures.
            name: Enters the names of the threads.
        """
        self.parts: tuple[Part, ...] | None = None
        self._evaluator = evaluator
        self._evaluator_of = evaluator_of
        self._listener = listener
        self._last_wall_s = 0.0
        self._samples = sample_inputs(evaluator.graph, evaluator.data.x, TRACE_SAMPLES)
        self._cancel = threading.Event()
        self._worker: LatestWins[EvaluationJob] = LatestWins(self._evaluate, f"hlsexplore-{name}")
        self._counting: LatestWins[EvaluationJob] = LatestWins(self._count, f"hlsexplore-counts-{name}")
        self.planner = Planner(evaluator.graph, f"hlsexplore-plans-{name}", DEBOUNCE_S, listener.planned)

    def submit(self, design: Design, revision: int, seq: float, received: float) -> None:
        """Evaluate a design in place of the one before; never waits. Arguments as for `EvaluationJob`."""
        self._cancel.set()
        self.planner.interrupt()
        self._cancel = threading.Event()
        job = EvaluationJob(revision=revision, seq=seq, design=design, received=received, cancel=self._cancel)
        self._worker.submit(job)

    def stays(self, seconds: float) -> bool:
        """Wait; False as soon as there is a newer design."""
        return not self._cancel.wait(seconds)

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the design is evaluated, counted and planned; False if one of them takes longer."""
        return self._worker.wait(timeout_s) and self._counting.wait(timeout_s) and self.planner.wait(timeout_s)

    def close(self) -> None:
        """End the threads and the planning process."""
        self._worker.close()
        self._counting.close()
        self._cancel.set()
        self.planner.close()

    def _evaluate(self, job: EvaluationJob, is_superseded: IsSuperseded) -> None:
        """Find the figures of a design, the quick ones first; runs in the worker thread and never raises."""
        errors: dict[str, str] = {}
        listener = self._listener
        times = {"received": job.received, "begun": now_ms()}
        live = Live(revision=job.revision, seq=job.seq, design=job.design, times=times)
        try:
            *parts, whole = self._chosen_parts(job.design)
            is_slow = bool(parts) and parts[0].seconds > SLOW_SCORE_S
            if parts and not is_slow:
                live = self._score_early(live, parts.pop(0))
                job.cancel.wait(SCORE_PAUSE_S)
            report = self._attempt("report", errors, lambda: listener.estimated(job.design))
            plan, reports = self.planner.known(job.design), listener.reports(job.design)
            live = replace(live, report=report, planned=plan, reports=reports, errors=dict(errors))
            if is_slow or self._last_wall_s > SLOW_SCORE_S or job.cancel.is_set():
                listener.show(live)
            begun = time.perf_counter()
            for part in parts:
                found = try_score(part, job.design, job.cancel) or live.scores
                live = replace(live, scores=found, times={"scored": now_ms(), **live.times})
                listener.show(live)
            found = self._attempt("score", errors, lambda: score_part(whole, job.design, job.cancel)) or {}
            self._last_wall_s = time.perf_counter() - begun
            times = {"scored": now_ms(), **live.times}
            floats = self._attempt("float", {}, lambda: self._evaluator.float_metrics) or {}
            whole_live = replace(live, scores=found, floats=floats, errors=dict(errors), is_complete=True, times=times)
            listener.show(whole_live)
        except CancelledError:
            return
        if not is_superseded():
            self._counting.submit(job)
            self.planner.submit(job.design, job.cancel)

    def _count(self, job: EvaluationJob, is_superseded: IsSuperseded) -> None:
        """Count losses once the design stays; in a thread of its own, so that the next design's score never waits."""
        if job.cancel.wait(DEBOUNCE_S) or is_superseded():
            return
        try:
            counts = self._attempt("counts", {}, lambda: trace(job.design, self._samples, cancel=job.cancel))
        except CancelledError:
            return
        self._listener.counted(counts)

    def _score_early(self, live: Live, part: Part) -> Live:
        """Show a first score before anything else is computed; nothing stops it, so that a drag shows scores too."""
        found = try_score(part, live.design)
        if found is None:
            return live
        live = replace(live, scores=found, early=found, times={**live.times, "scored": now_ms()})
        self._listener.show_early(live)
        return live

    def _chosen_parts(self, design: Design) -> tuple[Part, ...]:
        """Return the parts of the data; the first design of a network decides on them."""
        if design.graph.digest != self._evaluator.graph.digest:
            self._evaluator, self.parts = self._evaluator_of(design.graph), None
        if self.parts is None:
            evaluator = self._evaluator
            groups = strata(evaluator.goals, evaluator.emulator.num_samples)
            found = self._attempt("score", {}, lambda: make_parts(evaluator.emulator, evaluator.merits, groups, design))
            self.parts = found or (Part(emulator=evaluator.emulator, merits=evaluator.merits),)
        return self.parts

    def _attempt(self, name: str, errors: dict[str, str], work: Callable[[], Any]) -> Any:
        try:
            return work()
        except CancelledError:
            raise
        except HlsExploreError as error:
            errors[name] = str(error)
        except Exception as error:
            logger.exception("%s failed", name)
            errors[name] = f"{type(error).__name__}: {error}"
        if name in errors:
            self._listener.say("error", errors[name])
        return None


def now_ms() -> float:
    """Return the time as browsers count it: ms since 1970."""
    return 1e3 * time.time()
