"""When beats move through a streaming design: latency, initiation interval and the depths of its queues.

The control of a streaming layer is simple enough to be known exactly: a position starts as soon as the beats that it
takes are there, its result has a place in the queues, and the arithmetic is free. Every layer waits for all of this at
once and never chooses, so the design is a determinate network of processes (Kahn, The semantics of a simple language
for parallel programming, 1974): whether it can lock up depends on the depths of its queues and not on the gaps that
senders and receivers leave. What is simulated here at full speed therefore holds for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from hlsexplore.errors import NoModelError
from hlsexplore.rtl_plan.walk import Walk

SAMPLES = 5
"""Samples that are followed: the last two leave in the steady state."""
QUEUE_CYCLES = 2
"""Cycles in which a place of a queue is busy beside the time of the arithmetic: one to write, one to give it back."""
MAX_DEPTH = 1 << 16

Edge = tuple[int, int, int]
"""A queue: writing stage, reading stage (-1 outside of the design), input of the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the flow of beats needs to know of layers between two queues.

    Attributes:
        walk: When beats are taken and computations start.
        pace: Cycles of a position that starts a computation.
        rest: Cycles of every other position.
        latency_cycles: Cycles from such a position to its result.
        sources: Stage that writes each input, or -1 for an input of the design.
        readers: Stages that read the results, with their input; -1 for an output of the design.
        waits: Whether a result waits in the stage's own registers, so that its walk stops until the result is read.
    """

    walk: Walk
    pace: int
    latency_cycles: int
    sources: tuple[int, ...]
    readers: tuple[tuple[int, int], ...]
    rest: int = 1
    waits: bool = False

    @property
    def busy_cycles(self) -> int:
        """Cycles between two samples that the walk itself needs."""
        return self.walk.num_positions * self.rest + int(self.walk.issues().sum()) * (self.pace - self.rest)

    @property
    def least_depth(self) -> int:
        """Places that let the stage start as often as it can while the reader takes every result at once."""
        if self.waits:
            return 1
        places = -(-(self.latency_cycles + QUEUE_CYCLES) // self.pace) + 1
        return 1 << max(places - 1, 1).bit_length()


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatFlow:
    """The flow of beats at full speed, from an idle design.

    Attributes:
        depths: Places of each stage's queues, in the order of its readers.
        firsts: Cycle in which each stage takes its first beat.
        lasts: Cycle in which the last result of the first sample of each stage can be read.
        latency_cycles: Cycles from the first beat of a sample to the last one of its outputs.
        ii_cycles: Cycles between the ends of two samples in the steady state.
    """

    depths: tuple[tuple[int, ...], ...]
    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    latency_cycles: int
    ii_cycles: int


def flow(stages: Sequence[Stage]) -> BeatFlow:
    """Find depths of the queues with which the design never locks up, and its cycles.

    Queues are as deep as the arithmetic before them needs. Where branches meet, those of the faster branch grow until
    the design neither locks up nor waits for them.

    Args:
        stages: Every stage, each after those that it reads.

    Raises:
        NoModelError: If a queue would be deeper than `MAX_DEPTH`.
    """
    depths = {
        (index, reader, port): stage.least_depth for index, stage in enumerate(stages) for reader, port in stage.readers
    }
    while True:
        run = _Run(stages, depths)
        stuck = run.play()
        if not stuck:
            break
        for edge in stuck:
            depths[edge] *= 2
            if depths[edge] > MAX_DEPTH:
                raise NoModelError(
                    f"a queue between two branches of this network would need more than {MAX_DEPTH} places. "
                    "Use the flow 'vitis' for it."
                )
    run = _widened(stages, depths, run)
    return _summary(stages, depths, run)


def _widened(stages: Sequence[Stage], depths: dict[Edge, int], run: "_Run") -> "_Run":
    """Double queues of forks as long as the design's interval shrinks to what its slowest stage needs."""
    ideal = max(stage.busy_cycles for stage in stages)
    forks = [edge for edge in depths if len(stages[edge[0]].readers) > 1]
    for edge in forks:
        while run.interval() > ideal:
            wider = {**depths, edge: 2 * depths[edge]}
            tried = _Run(stages, wider)
            if tried.play() or tried.interval() >= run.interval():
                break
            depths[edge], run = wider[edge], tried
    return run


def _summary(stages: Sequence[Stage], depths: Mapping[Edge, int], run: "_Run") -> BeatFlow:
    taken = min((run.taken[index][0] for index, stage in enumerate(stages) if -1 in stage.sources), default=0)
    per_sample = [int(stage.walk.issues().sum()) for stage in stages]
    ends = [
        run.popped[(index, reader, port)][per_sample[index] - 1]
        for index, stage in enumerate(stages)
        for reader, port in stage.readers
        if reader < 0
    ]
    return BeatFlow(
        depths=tuple(
            tuple(depths[(index, reader, port)] for reader, port in stage.readers) for index, stage in enumerate(stages)
        ),
        firsts=tuple(times[0] for times in run.taken),
        lasts=tuple(ready[number - 1] for ready, number in zip(run.ready, per_sample, strict=True)),
        latency_cycles=max(ends) - taken,
        ii_cycles=run.interval(),
    )


@dataclass(slots=True)
class _Run:
    """One run at full speed; mutable because times are appended as positions start."""

    stages: Sequence[Stage]
    depths: Mapping[Edge, int]
    taken: list[list[int]] = field(init=False)
    ready: list[list[int]] = field(init=False)
    popped: dict[Edge, list[int]] = field(init=False)
    _at: list[int] = field(init=False)
    _free: list[int] = field(init=False)
    _patterns: list[tuple[list[list[bool]], list[bool]]] = field(init=False)

    def __post_init__(self) -> None:
        """Start with nothing done."""
        self.taken, self.ready = [[] for _ in self.stages], [[] for _ in self.stages]
        self.popped = {edge: [] for edge in self.depths}
        self._at, self._free = [0] * len(self.stages), [0] * len(self.stages)
        self._patterns = [
            ([stage.walk.takes(port).tolist() for port in range(len(stage.sources))], stage.walk.issues().tolist())
            for stage in self.stages
        ]

    def play(self) -> list[Edge]:
        """Follow the samples; return the full queues that stop everything, or nothing when all went through."""
        while True:
            moved = [self._advance(index) for index in range(len(self.stages))]
            if all(at == SAMPLES * len(self._patterns[index][1]) for index, at in enumerate(self._at)):
                return []
            if not any(moved):
                full = [edge for edge in self.depths if self._is_full(edge)]
                if not full:
                    raise NoModelError("this network locks up on streams whatever its queues. Use io='parallel'.")
                return full

    def interval(self) -> int:
        """Return the cycles between the ends of the last two samples."""
        found = []
        for (index, reader, _), times in self.popped.items():
            if reader < 0:
                per_sample = len(times) // SAMPLES
                found.append(times[-1] - times[-1 - per_sample])
                del index
        return max(found)

    def _is_full(self, edge: Edge) -> bool:
        return (
            edge[1] >= 0
            and not self.stages[edge[0]].waits
            and len(self.ready[edge[0]]) - len(self.popped[edge]) >= self.depths[edge]
        )

    def _advance(self, index: int) -> bool:
        """Let a stage start as many positions as it can."""
        stage = self.stages[index]
        takes, issues = self._patterns[index]
        length = len(issues)
        first = self._at[index]
        for at in count(first):
            if at == SAMPLES * length:
                break
            place = at % length
            start = self._start(index, stage, takes, place, issues[place])
            if start is None:
                break
            self._begin(index, stage, takes, place, issues[place], start)
            self._at[index] = at + 1
        return self._at[index] > first

    def _start(self, index: int, stage: Stage, takes: list[list[bool]], place: int, issues: bool) -> int | None:
        """Return the cycle in which a position starts, or None when that is not known yet."""
        start = self._free[index]
        if stage.waits and self.ready[index]:
            ((reader, input_),) = stage.readers
            popped = self.popped[(index, reader, input_)]
            if len(popped) < len(self.ready[index]):
                return None
            start = max(start, popped[-1] + 1)
        for port, source in enumerate(stage.sources):
            if takes[port][place] and source >= 0:
                number = len(self.popped[(source, index, port)])
                if number >= len(self.ready[source]):
                    return None
                start = max(start, self.ready[source][number])
        if issues:
            number = len(self.ready[index])
            for reader, port in stage.readers:
                edge = (index, reader, port)
                if number >= self.depths[edge]:
                    if number - self.depths[edge] >= len(self.popped[edge]):
                        return None
                    start = max(start, self.popped[edge][number - self.depths[edge]] + 1)
        return start

    def _begin(self, index: int, stage: Stage, takes: list[list[bool]], place: int, issues: bool, start: int) -> None:
        took = False
        for port, source in enumerate(stage.sources):
            if takes[port][place]:
                took = True
                if source >= 0:
                    self.popped[(source, index, port)].append(start)
        if took:
            self.taken[index].append(start)
        self._free[index] = start + (stage.pace if issues else stage.rest)
        if issues:
            ready = start + stage.latency_cycles + 1
            self.ready[index].append(ready)
            for reader, port in stage.readers:
                if reader < 0:
                    self.popped[(index, reader, port)].append(ready)
