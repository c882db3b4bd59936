"""The one mutable object behind all panels: the design, its history, its figures, the study, the jobs."""

import logging
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from hlsexplore.design import Design
from hlsexplore.emulate import Emulator, Trace
from hlsexplore.errors import HlsExploreError
from hlsexplore.estimate import Calibration, calibrate, estimate
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph
from hlsexplore.merit import Chosen
from hlsexplore.report import Report
from hlsexplore.study.study import Study
from hlsexplore.support.work_folder import work_folder
from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.evaluation import Evaluation, now_ms
from hlsexplore_widgets.history import History, push, redo, undo
from hlsexplore_widgets.known import Knowledge, learnt_reports, ranked
from hlsexplore_widgets.live import Live, Message, Verification
from hlsexplore_widgets.outlook import first_design
from hlsexplore_widgets.scoring import evaluator_of, open_study

Topic = Literal["design", "score", "live", "plan", "detail", "baseline", "study", "build", "sweep", "messages", "view"]
Changes = Mapping[str, Mapping[str, Fixed | str | int]]
MAX_MESSAGES = 5
logger = logging.getLogger(__name__)


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
        evaluation: Finds the figures in the background.
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
            design: Where to begin; when None the default design for these samples, and for the tool of the study's
                last trial, or one that is installed here.
            metric: Figure of merit: a name or one of the user's own, as in `Study`; what fits the task when None.
            task: What the outputs are for, as in `Study`; a `Study` that is given knows.

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
        study = open_study(study, graph, x, labels, metric, task) if isinstance(study, str | Path) else study
        self.evaluator = evaluator_of(study, graph, x, labels, metric, task)
        self._lock = threading.RLock()
        self._catalog: Catalog | None = None
        self._knowledge = Knowledge()
        self._temporary = ExitStack()
        weakref.finalize(self, self._temporary.close)
        self._subscribers: list[tuple[Callable[[Topic], None], frozenset[Topic]]] = []
        self._history = History(design=design or first_design(graph, self.evaluator.data.x, study))
        self._first = self._history.design
        self._revision = 0
        self._seq = 0.0
        self._live = Live(revision=0, seq=0.0, design=self._first)
        self._newest = self._live
        self._baseline: Live | None = None
        self._detail: Trace | None = None
        self._messages: tuple[Message, ...] = ()
        self._num_messages = 0
        self._verified: dict[str, dict[str, Verification]] = {}
        self._calibration = Calibration()
        self.evaluation = Evaluation(self.evaluator, self, self.id[:6])
        with self.guard("reading the calibration"):
            self._calibration = Calibration.load()
        if study is not None:
            self._catalog = Catalog(study, self._calibration)
        self._submit(now_ms())

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
                path = self._temporary.enter_context(work_folder()) / "study.db"
                study = open_study(path, self.graph, self.x, self._labels, self.metric, self._task)
                self._temporary.callback(study.close)
                self._catalog = Catalog(study, self._calibration)
                for key, known in self._knowledge:
                    self._catalog.know(key, known)
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
            self._submit(now_ms())
        if self._catalog is not None:
            self._catalog.sharpen(learnt)
            self.notify("study")

    def reported(self, design: Design, report: Report) -> None:
        """Take a tool's report: from now on it is what is shown of the design, and the study keeps it."""
        if self._catalog is not None:
            self._catalog.study.add_report(report, design.key)
        self._knowledge.add_report(design.key, report)
        reports = self.reports(design)
        self._found(design, lambda live: replace(live, reports=reports))

    def reports(self, design: Design) -> tuple[Report, ...]:
        """Return what tools reported about a design, the report that counts first."""
        if self._catalog is not None:
            return self._catalog.reports(design.key, design.target)
        learnt = learnt_reports(self._calibration).get(design.key, ())
        return ranked((*self._knowledge.of(design.key).reports, *learnt), design.target)

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
        return self.evaluation.stays(seconds)

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the current design is evaluated, counted and planned; False if one of them takes longer."""
        return self.evaluation.wait(timeout_s)

    def close(self) -> None:
        """End the background threads and the planning process, and drop a temporary study."""
        self.evaluation.close()
        self._temporary.close()

    # ---- changes ---------------------------------------------------------------------------------------------------

    def _move(self, history: History, seq: float) -> None:
        received = now_ms()
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
        self.evaluation.submit(self.design, self._revision, self._seq, received)

    def _notify(self, topic: Topic) -> None:
        for callback, topics in self._subscribers:
            if topic in topics:
                try:
                    callback(topic)
                except Exception as error:
                    logger.exception("a panel failed to show %r", topic)
                    if topic != "messages":
                        self.say("error", f"a panel failed to show the {topic} ({type(error).__name__}: {error}).")

    # ---- from the background ---------------------------------------------------------------------------------------

    def planned(self, design: Design, plan: Report) -> None:
        """Take the report of a plan."""
        self._knowledge.add_plan(design.key, plan)
        self._found(design, lambda live: replace(live, planned=plan))

    def _found(self, design: Design, tell: Callable[[Live], Live]) -> None:
        """Show something new about a design wherever it is shown."""

        def told(live: Live) -> Live:
            return tell(live) if live.design == design else live

        is_trial = self._catalog is not None and self._catalog.know(design.key, self._knowledge.of(design.key))
        with self._lock:
            self._live, self._newest = told(self._live), told(self._newest)
            self._baseline = self._baseline and told(self._baseline)
            self._notify("plan")
            if is_trial:
                self._notify("study")

    def counted(self, counts: Trace | None) -> None:
        """Take counts of losses of a design that stayed."""
        with self._lock:
            self._detail = counts
            self._notify("detail")

    def show_early(self, live: Live) -> None:
        """Take a first score of a design, unless a newer one has one."""
        with self._lock:
            if live.revision >= self._newest.revision:
                self._newest = self._stamped(live)
                self._notify("score")

    def show(self, live: Live) -> None:
        """Take figures of a design, unless those of a newer one are there."""
        with self._lock:
            if live.revision < self._live.revision:
                return
            self._live = self._newest = self._stamped(live)
            if self._baseline is None and live.is_complete:
                self._baseline = self._live
            self._notify("live")

    def _stamped(self, live: Live) -> Live:
        seq = self._seq if live.revision == self._revision else live.seq
        return replace(live, seq=seq, times={**live.times, "published": now_ms()})
