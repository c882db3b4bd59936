"""The one mutable object behind all panels: the design, its history, its figures, the study, the jobs."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from hlsexplore.design import Design
from hlsexplore.emulate import Emulator, Trace
from hlsexplore.errors import HlsExploreError
from hlsexplore.estimate import Calibration, ToolEstimate
from hlsexplore.estimate.estimator import Level
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Graph
from hlsexplore.merit import Chosen
from hlsexplore.report import Report
from hlsexplore.study.networks import check_sibling
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Evaluator
from hlsexplore.support.recent import Recent
from hlsexplore_widgets.beginning import Beginning, first_design
from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.channel import Channel
from hlsexplore_widgets.evaluation import Evaluation, now_ms
from hlsexplore_widgets.evidence import Evidence
from hlsexplore_widgets.history import History, jump, push, redo, undo
from hlsexplore_widgets.live import Live, Verification
from hlsexplore_widgets.scoring import evaluator_of, open_study
from hlsexplore_widgets.screen import Screen
from hlsexplore_widgets.shelf import Shelf
from hlsexplore_widgets.worker import IsSuperseded, LatestWins

KEPT_NETWORKS = 2
"""Networks beside the first one whose samples are kept ready."""
Changes = Mapping[str, Mapping[str, Fixed | str | int]]
logger = logging.getLogger(__name__)


class ExplorerState(Channel):
    """What all panels of an explorer share, driven by method calls and watched by `subscribe`.

    It is mutable because it is the one thing that changes while the user works. All methods may be called from any
    thread; subscribers are called under one lock, from the thread that made the change.

    Attributes:
        id: Names the explorer inside the page.
        x: Inputs.
        metric: The figure of merit that was asked for, or None.
        evaluation: Finds the figures in the background.
        shelf: Named designs and the comparison.
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
        super().__init__()
        self.id: Final = uuid4().hex
        self.x: Final = x
        self._labels = labels
        self.metric: Final = metric
        self._task = task
        study = open_study(study, graph, x, labels, metric, task) if isinstance(study, str | Path) else study
        self._evaluator = evaluator_of(study, graph, x, labels, metric, task)
        self._evaluators: Recent[str, Evaluator] = Recent(KEPT_NETWORKS)
        self.shelf: Final = Shelf(lambda: self.notify("shelf"))
        given = None if design is None else Beginning(design=design, is_whole=True)
        begun = given or first_design(graph, self._evaluator.data.x, study)
        self._history = History(design=begun.design)
        self._first = begun.design
        self._widening: LatestWins[Design] = LatestWins(self._widen, f"hlsexplore-types-{self.id[:6]}")
        self._evidence = Evidence()
        self._screen = Screen(self._first, self, self._evidence)
        self.evaluation: Final = Evaluation(self._evaluator, self.evaluator_of, self._screen, self.id[:6])
        with self.guard("reading the calibration"):
            self._evidence.read_own()
        if study is not None:
            self._evidence.take_study(study)
        self._submit(now_ms())
        if not begun.is_whole:
            self._widening.submit(begun.design)

    # ---- what panels read ------------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The network of the current design: the first one, or one that was trained or made smaller from it."""
        return self.design.graph

    @property
    def evaluator(self) -> Evaluator:
        """What the outputs are for, their labels and figures of merit, and the float outputs of the first network."""
        return self.evaluator_of(self.graph)

    def evaluator_of(self, graph: Graph) -> Evaluator:
        """Return what finds the figures of designs of a network."""
        if graph.digest == self._evaluator.graph.digest:
            return self._evaluator
        return self._evaluators.find(graph.digest, lambda: self._evaluator.of(graph))

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
        return self._screen.revision

    @property
    def seq(self) -> float:
        """Number of the latest edit that came from a browser."""
        return self._screen.seq

    @property
    def live(self) -> Live:
        """The newest figures; they may still be of an earlier design."""
        return self._screen.live

    @property
    def newest(self) -> Live:
        """Like `live`, or what is known of a newer design while its report is on its way: a first score."""
        return self._screen.newest

    @property
    def is_pending(self) -> bool:
        """Whether better figures of the current design are on their way."""
        return self._screen.is_pending

    @property
    def baseline(self) -> Live | None:
        """What differences are shown against."""
        return self._screen.baseline

    @property
    def detail(self) -> Trace | None:
        """Counts of losses of the current design, or None when they are not there."""
        found = self._screen.detail
        return found if found is not None and found.design_key == self.design.key else None

    @property
    def study(self) -> Study | None:
        """The study whose trials are shown, or None."""
        return None if self.catalog is None else self.catalog.study

    @property
    def catalog(self) -> Catalog | None:
        """The study's trials as columns, or None without a study."""
        return self._evidence.catalog

    @property
    def calibration(self) -> Calibration:
        """The user's own reports, which sharpen estimates."""
        return self._evidence.calibration

    @property
    def level(self) -> Level:
        """What estimates predict: the HLS tool's own report, or Vivado's after logic synthesis."""
        return self._evidence.level

    def compared(self, design: Design) -> tuple[ToolEstimate, ...]:
        """Estimate a design as each tool would report it, with what the user's own reports tell."""
        return self._evidence.compared(design)

    def estimated(self, design: Design) -> Report:
        """Estimate a design, sharpened by the user's own reports."""
        return self._evidence.estimated(design)

    def reports(self, design: Design) -> tuple[Report, ...]:
        """Return what tools reported about a design, the report that counts first."""
        return self._evidence.reports(design)

    def verifications(self, design: Design | None = None) -> Mapping[str, Verification]:
        """Return the comparisons of a design's generated code with the emulator, by flow."""
        return self._evidence.verifications(design or self.design)

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
        with self.lock:
            self._move(push(self._history, self.design.with_layers(changes), gesture), seq)

    def load(self, design: Design, *, seq: float = 0.0) -> None:
        """Make another design the current one, as a step of the history.

        Its graph is that of the explorer, or one with the same inputs and outputs; all panels follow it.
        """
        check_sibling(design.graph, self._evaluator.graph)
        with self.lock:
            self._move(push(self._history, design), seq)

    def undo(self, seq: float = 0.0) -> None:
        """Go one step back, if there is one."""
        with self.lock:
            self._move(undo(self._history), seq)

    def redo(self, seq: float = 0.0) -> None:
        """Take the last undo back, if there is one."""
        with self.lock:
            self._move(redo(self._history), seq)

    def go(self, by: int, seq: float = 0.0) -> None:
        """Go some steps along the history: back where `by` is negative."""
        with self.lock:
            self._move(jump(self._history, by), seq)

    def show_level(self, level: Level, seq: float = 0.0) -> None:
        """Show another level: figures, baseline, table and trials speak of it; the tool `yosys` has one of its own."""
        with self.lock:
            if level == self.level:
                self.touch(seq)
                return
            self._evidence.show_level(level)
            self._screen.forget_baseline()
            self._screen.move(seq)
            self._submit(now_ms())
            self.notify("design")
        if self.catalog is not None:
            self.catalog.show_level(level)
            self.notify("study")

    def reset(self, seq: float = 0.0) -> None:
        """Go back to the first design, as a step of the history."""
        self.load(self._first, seq=seq)

    def pin(self, seq: float = 0.0) -> None:
        """Make the figures on the screen the baseline."""
        self._screen.pin(seq)

    def open_study(self) -> Study:
        """Return the study; without one, make one in a temporary file that goes when the state is closed."""
        with self.lock:
            if self.study is not None:
                return self.study
            study = self._evidence.open_temporary(self._opened)
            self.notify("study")
            return study

    def refresh_study(self) -> None:
        """Read what is new in the study."""
        if self.catalog is not None and self.catalog.refresh():
            self.notify("study")

    def touch(self, seq: float) -> None:
        """Answer an edit that changed nothing, so that the browser shows the state as it is."""
        self._screen.touch(seq)

    def verified(self, verification: Verification) -> None:
        """Note that generated code of a design was compared with the emulator."""
        self._evidence.add_verification(verification)
        self.notify("live")

    def learn(self, design: Design, report: Report) -> None:
        """Let a tool's report sharpen the estimates of this and later explorers.

        Raises:
            ConfigError: If the calibration cannot be read or written.
        """
        learnt = self._evidence.learn(design, report)
        with self.lock:
            self._submit(now_ms())
        if self.catalog is not None:
            self.catalog.sharpen(learnt)
            self.notify("study")

    def reported(self, design: Design, report: Report) -> None:
        """Take a tool's report: from now on it is what is shown of the design, and the study keeps it."""
        self._evidence.add_report(design, report)
        reports = self._evidence.reports(design)
        self._screen.found(design, lambda live: replace(live, reports=reports))
        with self.lock:
            if not self.live.is_complete:  # its figures may have been taken before the report came
                self._submit(now_ms())

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

    def stays(self, seconds: float) -> bool:
        """Wait; False as soon as the design changes. What is costly and not urgent waits so before it begins."""
        return self.evaluation.stays(seconds)

    def wait(self, timeout_s: float = 10.0) -> bool:
        """Wait until the current design is evaluated, counted and planned; False if one of them takes longer."""
        return self._widening.wait(timeout_s) and self.evaluation.wait(timeout_s)

    def close(self) -> None:
        """End the background threads and the planning process, and drop a temporary study."""
        self._widening.close()
        self.evaluation.close()
        self._evidence.close()

    # ---- changes ---------------------------------------------------------------------------------------------------

    def _opened(self, path: str | Path) -> Study:
        return open_study(path, self._evaluator.graph, self.x, self._labels, self.metric, self._task)

    def _move(self, history: History, seq: float) -> None:
        received = now_ms()
        is_same = history.design == self.design
        self._history = history
        if is_same:
            self.touch(seq)
            return
        self._screen.move(seq)
        self._submit(received)
        self.notify("design")

    def _widen(self, begun: Design, _: IsSuperseded) -> None:
        """Choose the types of the first design from all samples; runs in a thread of its own.

        The page begins with the new types if nothing was changed yet; otherwise Reset leads to them.
        """
        with self.guard("choosing types from all samples"):
            found = Design.default(begun.graph, begun.target, data=self._evaluator.data.x)
            with self.lock:
                if found == begun or self._first != begun:
                    return
                self._first = found
                if self.design == begun and not self._history.past:
                    self._screen.forget_baseline()
                    self._move(History(design=found, future=self._history.future), 0.0)
                else:
                    self.say(
                        "note", "Types were chosen from some of the samples first. Reset loads those that fit all."
                    )

    def _submit(self, received: float) -> None:
        self.evaluation.submit(self.design, self.revision, self.seq, received)
