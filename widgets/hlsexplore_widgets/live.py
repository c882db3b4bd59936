"""What is known about the design on the screen, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hlsexplore.design import Design
from hlsexplore.report import Report
from hlsexplore_widgets.known import with_reports
from hlsexplore_widgets.scoring import Score, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Figures of one design, as far as they are found.

    Attributes:
        revision: Number of the change that made the design the current one.
        seq: Number of the latest edit of a browser that the figures include.
        design: The design that they belong to.
        report: Estimate, or None when it is not there; comparable with the estimates that trials hold.
        planned: Figures counted from the RTL's plan, or None when they are not there.
        reports: What tools reported about this very design, the report that counts first.
        scores: Figures of merit, as far as they are there, those that the network is judged by first.
        early: The scores on the first part of the data, to compare designs by them; empty if they were not asked for.
        floats: The same figures of the float network, where they do not compare with it themselves.
        errors: Why a figure could not be found, by `report` or `score`.
        is_complete: Whether nothing more will come for this design.
        times: When it happened, in ms since 1970 as browsers count: `received` by the kernel, `begun`, `scored` on a
            part of the data, `published`.
    """

    revision: int
    seq: float
    design: Design
    report: Report | None = None
    planned: Report | None = None
    reports: tuple[Report, ...] = ()
    scores: Scores = field(default_factory=dict)
    early: Scores = field(default_factory=dict)
    floats: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = False
    times: Mapping[str, float] = field(default_factory=dict)

    @property
    def score(self) -> Score | None:
        """The first figure of merit, or None when it is not there."""
        return next(iter(self.scores.values()), None)

    @property
    def best(self) -> Report | None:
        """What tools reported, else what the plan counts, else the estimate, figure by figure; None without any."""
        base = self.planned or self.report
        return base if base is None else with_reports(base, self.reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A comparison of generated code with the emulator.

    Attributes:
        design_key: Key of the design.
        flow: What was generated, such as `rtl`.
        tool: What ran it.
        differing: Integers that differ; 0 means bit-exact.
        num_samples: Samples compared.
        at: When, seconds since 1970.
    """

    design_key: str
    flow: str
    tool: str
    differing: int
    num_samples: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A note to the user.

    Attributes:
        number: Counts up; names the note when it is closed.
        level: `error`, `done` or `note`.
        text: What happened and the way out.
    """

    number: int
    level: str
    text: str
