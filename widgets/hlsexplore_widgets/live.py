"""What is known about the design on the screen, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hlsexplore.design import Design
from hlsexplore.report import Figures, Report
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
        scores: Figures of merit, as far as they are there, those that the network is judged by first.
        early: The scores on the first part of the data, to compare designs by them; empty if they were not asked for.
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
    scores: Scores = field(default_factory=dict)
    early: Scores = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = False
    times: Mapping[str, float] = field(default_factory=dict)

    @property
    def score(self) -> Score | None:
        """The first figure of merit, or None when it is not there."""
        return next(iter(self.scores.values()), None)

    @property
    def best(self) -> Report | None:
        """The planned figures where they are there, else the estimate."""
        return self.planned or self.report

    def with_plan(self, plan: Report) -> "Live":
        """Return it with the report of its plan, in which figures that a synthesis of this very design gave stay."""
        return replace(self, planned=plan if self.report is None else _keeping_measured(plan, self.report))


def _keeping_measured(plan: Report, estimate: Report) -> Report:
    names = [name for name, source in estimate.provenance.items() if source == "measured"]
    if not names:
        return plan

    def kept(figures: Figures, measured: Figures) -> Figures:
        return replace(figures, **{name: getattr(measured, name) for name in names})

    ends = {item.level: item for item in estimate.bounds}
    bounds = [
        replace(item, lower=kept(item.lower, ends[item.level].lower), upper=kept(item.upper, ends[item.level].upper))
        for item in plan.bounds
    ]
    return replace(
        plan,
        total=kept(plan.total, estimate.total),
        bounds=tuple(bounds),
        provenance={**plan.provenance, **dict.fromkeys(names, "measured")},
    )


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
