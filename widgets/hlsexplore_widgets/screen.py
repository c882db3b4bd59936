"""The figures on the screen: those of the current design as they come, the baseline, the counts of losses."""

from collections.abc import Callable
from dataclasses import replace

from hlsexplore.design import Design
from hlsexplore.emulate import Trace
from hlsexplore.report import Report
from hlsexplore_widgets.channel import Channel, Level
from hlsexplore_widgets.evaluation import now_ms
from hlsexplore_widgets.evidence import Evidence
from hlsexplore_widgets.live import Live


class Screen:
    """Takes figures from the background (a `Listener` of `Evaluation`) and keeps the newest ones.

    It is mutable, for it is what changes while the user works. All methods may be called from any thread.
    """

    def __init__(self, design: Design, channel: Channel, evidence: Evidence) -> None:
        """Show a design of which nothing is known.

        Args:
            design: The first design.
            channel: Where to tell what changed.
            evidence: Knows the reports of tools and the user's calibration.
        """
        self._revision = 0
        self._seq = 0.0
        self._live = Live(revision=0, seq=0.0, design=design)
        self._newest = self._live
        self._baseline: Live | None = None
        self._detail: Trace | None = None
        self._channel = channel
        self._evidence = evidence

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
    def baseline(self) -> Live | None:
        """What differences are shown against."""
        return self._baseline

    @property
    def detail(self) -> Trace | None:
        """The last counts of losses; they may be of an earlier design."""
        return self._detail

    @property
    def is_pending(self) -> bool:
        """Whether better figures of the current design are on their way."""
        return self._live.revision != self._revision or not self._live.is_complete

    def move(self, seq: float) -> None:
        """Note that the current design changed."""
        self._revision += 1
        self._seq = max(self._seq, seq)

    def touch(self, seq: float) -> None:
        """Answer an edit that changed nothing, so that the browser shows the state as it is."""
        with self._channel.lock:
            self._seq = max(self._seq, seq)
            if self._live.revision == self._revision:
                self._live = self._newest = replace(self._live, seq=self._seq)
            self._channel.notify("design")
            self._channel.notify("live")

    def pin(self, seq: float) -> None:
        """Make the figures on the screen the baseline."""
        with self._channel.lock:
            self._baseline = self._live
            self.touch(seq)
            self._channel.notify("baseline")

    def forget_baseline(self) -> None:
        """Take the next complete figures as the baseline."""
        self._baseline = None

    def found(self, design: Design, tell: Callable[[Live], Live]) -> None:
        """Show something new about a design wherever it is shown.

        Args:
            design: The design.
            tell: Puts what is new into its figures.
        """

        def told(live: Live) -> Live:
            return tell(live) if live.design == design else live

        is_trial = self._evidence.tell_study(design)
        with self._channel.lock:
            self._live, self._newest = told(self._live), told(self._newest)
            self._baseline = self._baseline and told(self._baseline)
            self._channel.notify("plan")
            if is_trial:
                self._channel.notify("study")

    # ---- what the background asks and tells ------------------------------------------------------------------------

    def estimated(self, design: Design) -> Report:
        """Estimate a design, sharpened by the user's own reports."""
        return self._evidence.estimated(design)

    def reports(self, design: Design) -> tuple[Report, ...]:
        """Return what tools reported about a design, the report that counts first."""
        return self._evidence.reports(design)

    def planned(self, design: Design, plan: Report) -> None:
        """Take the report of a plan."""
        self._evidence.add_plan(design, plan)
        self.found(design, lambda live: replace(live, planned=plan))

    def counted(self, counts: Trace | None) -> None:
        """Take counts of losses of a design that stayed."""
        with self._channel.lock:
            self._detail = counts
            self._channel.notify("detail")

    def show_early(self, live: Live) -> None:
        """Take a first score of a design, unless a newer one has one."""
        with self._channel.lock:
            if live.revision >= self._newest.revision:
                self._newest = self._stamped(live)
                self._channel.notify("score")

    def show(self, live: Live) -> None:
        """Take figures of a design, unless those of a newer one are there."""
        with self._channel.lock:
            if live.revision < self._live.revision:
                return
            self._live = self._newest = self._stamped(live)
            if self._baseline is None and live.is_complete and live.revision == self._revision:
                self._baseline = self._live
            self._channel.notify("live")

    def say(self, level: Level, text: str) -> None:
        """Show what went wrong."""
        self._channel.say(level, text)

    def _stamped(self, live: Live) -> Live:
        seq = self._seq if live.revision == self._revision else live.seq
        return replace(live, seq=seq, times={**live.times, "published": now_ms()})
