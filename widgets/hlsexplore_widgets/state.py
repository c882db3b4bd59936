"""The one mutable object behind all panels: the design, its history, its figures, the study, the jobs."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from uuid import uuid4

from hlsexplore.design import Design
from hlsexplore.emulate import Emulator, Trace, trace
from hlsexplore.errors import CancelledError, HlsExploreError
from hlsexplore.estimate import Calibration, calibrate, estimate
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph
from hlsexplore.merit import Chosen, strata
from hlsexplore.report import Report
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Evaluator
from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.history import History, push, redo, undo
from hlsexplore_widgets.live import Live, Message, Verification
from hlsexplore_widgets.planning import Planner
from hlsexplore_widgets.profile import sample_inputs
from hlsexplore_widgets.refine import Part, make_parts, score_part, try_score
from hlsexplore_widgets.scoring import evaluator_of, open_study
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

Topic = Literal["design", "score", "live", "plan", "detail", "baseline", "study", "build", "sweep", "messages", "view"]
Changes = Mapping[str, Mapping[str, Fixed | str | int]]
MAX_MESSAGES = 5
PATIENCE_S = 0.06
"""The estimate does not wait for a first score or a score of all samples that takes longer than this."""
BREATH_S = 0.004
"""The worker pauses so long behind the first score: the thread that sends it needs the interpreter."""
CALM_S = 0.25
"""Counts and plans wait so long: until then the processor belongs to the browser's paint and the next edit."""
TRACE_SAMPLES = 500
"""Samples on which losses are counted after each change."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    revision: int
    seq: float
    design: Design
    received: float
    cancel: threading.Event


class ExplorerState:
    """What all panels of an explorer share, driven by method calls and watched by `subscribe`.

    It is mutable because it is the one thing that changes while the user works. All methods may be called from any
    thread; subscribers are called under one lock, from the thread that made the change.

    Attributes:
        id: Names the explorer inside the page.
        graph: The network.
        x: Inputs.
        evaluator: What the outputs are for, their labels and figures of merit, and the float network's outputs.
        metric: The figure of merit that was asked for, or None.
        planner: Counts figures from the RTL's plan, for the tool `yosys`.
    """

    def __init__(
        self,
        graph: Graph,
        x: Any,
        labels: Any = None,
        *,
        study: Study | str | Path | None = None,
        design: Design | None = None,
        metric: Chosen | None = None,
        task: Any = None,
    ) -> None:
        """Check the data and start to evaluate the first design.

        Args:
            graph: The network.
            x: Real inputs, shape (samples, *graph.input_shape); a tuple of arrays if there are several inputs.
            labels: Class numbers, one-hot rows or wanted values, for several outputs as in `Study`; None without.
            study: A `Study` to show and extend, or the path of its file.
            design: Where to begin; `Design.default(graph)` when None.
            metric: Figure of merit: a name or one of the user's own, as in `Study`; what fits the task when None.
            task: What the outputs are for, as in `Study`; not with a `Study`, which knows.

        Raises:
            DataError: If inputs or labels do not fit.
            ConfigError: If metric or task are unknown or do not fit.
        """
        self.id = uuid4().hex
        self.graph = graph
        self.x = x
        self._labels = labels
        self.metric = metric
        self._task = task
        if isinstance(study, str | Path):
            study = open_study(study, graph, x, labels, metric, task)
        if study is None:
            self.evaluator = Evaluator.make(graph, x, labels, None if metric is None else [metric], task)
        else:
            self.evaluator = evaluator_of(study, metric)
        self._lock = threading.RLock()
        self._catalog = None if study is None else Catalog(study)
        self._folder: TemporaryDirectory[str] | None = None
        self._subscribers: list[tuple[Callable[[Topic], None], frozenset[Topic]]] = []
        self._history = History(design=design or Design.default(graph))
        self._first = self._history.design
        self._revision = 0
        self._seq = 0.0
        self._live = Live(revision=0, seq=0.0, design=self._first)
        self._newest = self._live
        self._parts: tuple[Part, ...] | None = None
        self._baseline: Live | None = None
        self._detail: Trace | None = None
        self._messages: tuple[Message, ...] = ()
        self._num_messages = 0
        self._verified: dict[str, dict[str, Verification]] = {}
        self._calibration = Calibration()
        self._last_wall_s = 0.0
        self._cancel = threading.Event()
        self._samples = sample_inputs(graph, x, TRACE_SAMPLES)
        self._worker: LatestWins[_Job] = LatestWins(self._evaluate, f"hlsexplore-{self.id[:6]}")
        self._counting: LatestWins[_Job] = LatestWins(self._count, f"hlsexplore-counts-{self.id[:6]}")
        self.planner = Planner(graph, f"hlsexplore-plans-{self.id[:6]}", CALM_S, self._planned)
        with self.guard("reading the calibration"):
            self._calibration = Calibration.load()
        self._submit(_now_ms())

    # ---- what panels read ------------------------------------------------------------------------------------------

    @property
    def emulator(self) -> Emulator:
        """The emulator that holds all samples."""
        return self.evaluator.emulator

    @property
    def purpose(self) -> dict[str, Any]:
        """Labels, task and metric, as the functions of `hlsexplore.emulate` take them."""
        goals = self.evaluator.goals
        labels = {goal.output: goal.given for goal in goals if goal.given is not None}
        tasks = {goal.output: goal.task for goal in goals}
        return {"labels": labels or None, "task": tasks, "metric": self.metric}

    @property
    def lock(self) -> threading.RLock:
        """Held while subscribers run; hold it to change several things at once."""
        return self._lock

    @property
    def design(self) -> Design:
        """The current design."""
        return self._history.design

    @property
    def first(self) -> Design:
        """The design that `reset` goes back to."""
        return self._first

    @property
    def history(self) -> History:
        """Undo and redo."""
        return self._history

    @property
    def revision(self) -> int:
        """Counts changes of the current design."""
        return self._revision

    @property
    def seq(self) -> float:
        """Number of the latest edit that came from a browser."""
        return self._seq

    @property
    def live(self) -> Live:
        """The newest figures; they may still be of an earlier design."""
        return self._live

    @property
    def newest(self) -> Live:
        """Like `live`, or what is known of a newer design while its report is on its way: a first score."""
        return self._newest

    @property
    def is_pending(self) -> bool:
        """Whether better figures of the current design are on their way."""
        return self._live.revision != self._revision or not self._live.is_complete

    @property
    def baseline(self) -> Live | None:
        """What differences are shown against."""
        return self._baseline

    @property
    def detail(self) -> Trace | None:
        """Counts of losses of the current design, or None when they are not there."""
        return self._detail if self._detail is not None and self._detail.design_key == self.design.key else None

    @property
    def messages(self) -> tuple[Message, ...]:
        """Notes that are not closed yet."""
        return self._messages

    @property
    def study(self) -> Study | None:
        """The study whose trials are shown, or None."""
        return None if self._catalog is None else self._catalog.study

    @property
    def catalog(self) -> Catalog | None:
        """The study's trials as columns, or None without a study."""
        return self._catalog

    @property
    def calibration(self) -> Calibration:
        """The user's own reports, which sharpen estimates."""
        return self._calibration

    def estimated(self, design: Design) -> Report:
        """Estimate a design, sharpened by the user's own reports."""
        return estimate(design, calibration=self._calibration)

    def verifications(self, design: Design | None = None) -> Mapping[str, Verification]:
        """Return the comparisons of a design's generated code with the emulator, by flow."""
        return dict(self._verified.get((design or self.design).key, {}))

    # ---- what panels and programs do -------------------------------------------------------------------------------

    def edit(self, changes: Changes, *, gesture: str | None = None, seq: float = 0.0) -> None:
        """Change types and knobs.

        Args:
            changes: Layer -> tensor key or knob -> value, as in `Design.with_layers`.
            gesture: Changes of one gesture are one step of the history.
            seq: Number that the browser gave the edit.

        Raises:
            ConfigError: If a layer, key or value is not valid; nothing changes then.
        """
        with self._lock:
            self._move(push(self._history, self.design.with_layers(changes), gesture), seq)

    def load(self, design: Design, *, seq: float = 0.0) -> None:
        """Make another design of the same graph the current one, as a step of the history."""
        with self._lock:
            self._move(push(self._history, design), seq)

    def undo(self, seq: float = 0.0) -> None:
        """Go one step back, if there is one."""
        with self._lock:
            self._move(undo(self._history), seq)

    def redo(self, seq: float = 0.0) -> None:
        """Take the last undo back, if there is one."""
        with self._lock:
            self._move(redo(self._history), seq)

    def reset(self, seq: float = 0.0) -> None:
        """Go back to the first design, as a step of the history."""
        self.load(self._first, seq=seq)

    def pin(self, seq: float = 0.0) -> None:
        """Make the figures on the screen the baseline."""
        with self._lock:
            self._baseline = self._live
            self.touch(seq)
            self._notify("baseline")

    def open_study(self) -> Study:
        """Return the study; without one, make one in a temporary file that goes when the state is closed."""
        with self._lock:
            if self._catalog is None:
                self._folder = TemporaryDirectory(prefix="hlsexplore-study-", ignore_cleanup_errors=True)
                self._catalog = Catalog(
                    open_study(
                        Path(self._folder.name) / "study.db", self.graph, self.x, self._labels, self.metric, self._task
                    )
                )
                self._notify("study")
            return self._catalog.study

    def refresh_study(self) -> None:
        """Read what is new in the study."""
        if self._catalog is not None and self._catalog.refresh():
            self.notify("study")

    def touch(self, seq: float) -> None:
        """Answer an edit that changed nothing, so that the browser shows the state as it is."""
        with self._lock:
            self._seq = max(self._seq, seq)
            if self._live.revision == self._revision:
                self._live = replace(self._live, seq=self._seq)
                self._newest = self._live
            self._notify("design")
            self._notify("live")

    def verified(self, verification: Verification) -> None:
        """Note that generated code of a design was compared with the emulator."""
        with self._lock:
            self._verified.setdefault(verification.design_key, {})[verification.flow] = verification
            self._notify("live")

    def learn(self, design: Design, report: Report) -> None:
        """Let a tool's report sharpen the estimates of this and later explorers.

        Raises:
            ConfigError: If the calibration cannot be read or written.
        """
        learnt = calibrate([(design, report)], start=Calibration.load())
        learnt.save()
        with self._lock:
            self._calibration = learnt
            self._submit(_now_ms())

    def say(self, level: Literal["error", "done", "note"], text: str) -> None:
        """Show a note; one that is there already is not repeated."""
        with self._lock:
            if any(item.text == text for item in self._messages):
                return
            self._num_messages += 1
            message = Message(number=self._num_messages, level=level, text=text)
            self._messages = (*self._messages, message)[-MAX_MESSAGES:]
            self._notify("messages")

    def dismiss(self, number: int) -> None:
        """Close a note."""
        with self._lock:
            self._messages = tuple(item for item in self._messages if item.number != number)
            self._notify("messages")

    @contextmanager
    def guard(self, what: str, seq: float = 0.0) -> Iterator[None]:
        """Turn an exception into a visible note; the browser gets the state as it is.

        Args:
            what: What was tried, for the note about an unexpected exception.
            seq: Number of the browser's edit that is answered.
        """
        try:
            yield
        except HlsExploreError as error:
            self.say("error", str(error))
            self.touch(seq)
        except Exception as error:
            logger.exception("%s failed", what)
            self.say("error", f"{what} failed unexpectedly ({type(error).__name__}: {error}). The log has the details.")
            self.touch(seq)

    def subscribe(self, callback: Callable[[Topic], None], *topics: Topic) -> None:
        """Let a function know about changes.

        Args:
            callback: Called with the topic, under the lock; short and never waiting for another thread.
            *topics: The topics it wants.
        """
        with self._lock:
            self._subscribers.append((callback, frozenset(topics)))

    def notify(self, topic: Topic) -> None:
        """Tell subscribers that something of a topic changed; for jobs and panels."""
        with self._lock:
            self._notify(topic)

    def stays(self, seconds: float) -> bool:
        """Wait; False as soon as the design changes. What is costly and not urgent waits so before it begins."""
        return not self._cancel.wait(seconds)

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the current design is evaluated, counted and planned; False if one of them takes longer."""
        return self._worker.wait(timeout_s) and self._counting.wait(timeout_s) and self.planner.wait(timeout_s)

    def close(self) -> None:
        """End the background threads and the planning process, and drop a temporary study."""
        self._worker.close()
        self._counting.close()
        self._cancel.set()
        self.planner.close()
        if self._folder is not None and self._catalog is not None:
            self._catalog.study.close()
            self._folder.cleanup()

    # ---- the background --------------------------------------------------------------------------------------------

    def _move(self, history: History, seq: float) -> None:
        received = _now_ms()
        is_same = history.design == self.design
        self._history = history
        if is_same:
            self.touch(seq)
            return
        self._revision += 1
        self._seq = max(self._seq, seq)
        self._submit(received)
        self._notify("design")

    def _submit(self, received: float) -> None:
        self._cancel.set()
        self.planner.interrupt()
        self._cancel = threading.Event()
        job = _Job(
            revision=self._revision,
            seq=self._seq,
            design=self.design,
            received=received,
            cancel=self._cancel,
        )
        self._worker.submit(job)

    def _notify(self, topic: Topic) -> None:
        for callback, topics in self._subscribers:
            if topic in topics:
                try:
                    callback(topic)
                except Exception as error:
                    logger.exception("a panel failed to show %r", topic)
                    if topic != "messages":
                        self.say("error", f"a panel failed to show the {topic} ({type(error).__name__}: {error}).")

    def _evaluate(self, job: _Job, is_superseded: IsSuperseded) -> None:
        """Find the figures of a design, the quick ones first; runs in the worker thread and never raises."""
        errors: dict[str, str] = {}
        times = {"received": job.received, "begun": _now_ms()}
        live = Live(revision=job.revision, seq=job.seq, design=job.design, times=times)
        try:
            *parts, whole = self._chosen_parts(job.design)
            is_slow = bool(parts) and parts[0].seconds > PATIENCE_S
            if parts and not is_slow:
                live = self._score_early(live, parts.pop(0))
            report = self._attempt("report", errors, lambda: self.estimated(job.design))
            live = replace(live, report=report, errors=dict(errors))
            plan = self.planner.known(job.design)
            live = live if plan is None else live.with_plan(plan)
            if is_slow or self._last_wall_s > PATIENCE_S or job.cancel.is_set():
                self._publish(live)
            begun = time.perf_counter()
            for part in parts:
                found = try_score(part, job.design, job.cancel) or live.scores
                live = replace(live, scores=found, times={"scored": _now_ms(), **live.times})
                self._publish(live)
            found = self._attempt("score", errors, lambda: score_part(whole, job.design, job.cancel)) or {}
            self._last_wall_s = time.perf_counter() - begun
            times = {"scored": _now_ms(), **live.times}
            self._publish(replace(live, scores=found, errors=dict(errors), is_complete=True, times=times))
        except CancelledError:
            return
        if not is_superseded():
            self._counting.submit(job)
            self.planner.submit(job.design, job.cancel)

    def _count(self, job: _Job, is_superseded: IsSuperseded) -> None:
        """Count losses once the design stays; in a thread of its own, so that the next design's score never waits."""
        if job.cancel.wait(CALM_S) or is_superseded():
            return
        try:
            counts = self._attempt("counts", {}, lambda: trace(job.design, self._samples, cancel=job.cancel))
        except CancelledError:
            return
        with self._lock:
            self._detail = counts
            self._notify("detail")

    def _planned(self, design: Design, plan: Report) -> None:
        """Take the report of a plan; runs in a thread of its own."""

        def told(live: Live) -> Live:
            return live.with_plan(plan) if live.design == design else live

        with self._lock:
            self._live, self._newest = told(self._live), told(self._newest)
            self._baseline = self._baseline and told(self._baseline)
            self._notify("plan")

    def _score_early(self, live: Live, part: Part) -> Live:
        """Show a first score before anything else is computed; nothing stops it, so that a drag shows scores too."""
        found = try_score(part, live.design)
        if found is None:
            return live
        live = replace(live, scores=found, early=found, times={**live.times, "scored": _now_ms()})
        with self._lock:
            if live.revision >= self._newest.revision:
                self._newest = self._stamped(live)
                self._notify("score")
        time.sleep(BREATH_S)
        return live

    def _chosen_parts(self, design: Design) -> tuple[Part, ...]:
        """Return the parts of the data; the first design decides on them."""
        if self._parts is None:
            evaluator = self.evaluator
            groups = strata(evaluator.goals, evaluator.emulator.num_samples)
            found = self._attempt("score", {}, lambda: make_parts(evaluator.emulator, evaluator.merits, groups, design))
            self._parts = found or (Part(emulator=evaluator.emulator, merits=evaluator.merits),)
        return self._parts

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
            self.say("error", errors[name])
        return None

    def _publish(self, live: Live) -> None:
        with self._lock:
            if live.revision < self._live.revision:
                return
            self._live = self._newest = self._stamped(live)
            if self._baseline is None and live.is_complete:
                self._baseline = self._live
            self._notify("live")

    def _stamped(self, live: Live) -> Live:
        seq = self._seq if live.revision == self._revision else live.seq
        return replace(live, seq=seq, times={**live.times, "published": _now_ms()})


def _now_ms() -> float:
    return 1e3 * time.time()
