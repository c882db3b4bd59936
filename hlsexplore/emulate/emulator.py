"""An emulator that keeps its data and every result worth keeping, so that a small change costs little."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event as CancelEvent
from threading import RLock
from time import thread_time
from typing import Any

import numpy as np

from hlsexplore.design import Design
from hlsexplore.emulate.carrier import Carrier, Span, as_carrier, narrow_dtype
from hlsexplore.emulate.plan import Plan, plan_design
from hlsexplore.emulate.quality import pick_samples
from hlsexplore.emulate.run import blocks, check_cancelled, raw_output, real_outputs
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph, Node, check_graph
from hlsexplore.merit import Chosen, Merit, Outputs, as_outputs, bind, find_measures, strata
from hlsexplore.reference.forward import float_forward
from hlsexplore.reference.samples import Inputs, check_inputs, unpack
from hlsexplore.support.threads import one_blas_thread
from hlsexplore.task import find_goals

SMALL_BYTES = 32e6
"""Results up to this size are kept without asking what they save."""
SECONDS_PER_BYTE = 4e-9
"""Larger results are kept if computing them takes longer than this; writing fresh memory takes about 1 ns a byte."""
MOST_SEEN = 4096
"""Keys of results that are remembered as computed before."""
FIRST_SAMPLES = 500
"""Samples of the first estimate of `Emulator.anytime`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """A score of a design, of some or all samples.

    Attributes:
        metric: What the score is: accuracy, RMSE, or how close to the float network the outputs are.
        value: The score.
        low: Lower bound of the interval, or None when it has no formula.
        high: Upper bound of the interval.
        num_samples: Samples that it was found on.
        is_complete: Whether these are all samples.
        y: The outputs on them, as `run` returns them.
    """

    metric: str
    value: float
    low: float | None
    high: float | None
    num_samples: int
    is_complete: bool
    y: Any


@dataclass(slots=True)
class _Kept:
    """A node's results on all samples in the narrowest dtype, and what computing them from the inputs cost."""

    values: Carrier
    span: Span
    seconds: float

    def block(self, rows: slice) -> Carrier:
        """Return some samples as steps read them."""
        values = self.values[rows]
        return as_carrier(values, self.span.magnitude) if values.dtype.kind == "i" else values


class Emulator:
    """Runs many designs of one network on the same data; safe to use from several threads.

    Results of nodes are kept by content: a design that shares its first layers with an earlier one recomputes only
    what differs. The first design keeps everything. Later ones keep what was computed before and is read by something
    new, the place where the next step of the same slider starts: writing fresh memory costs more than most layers do.
    When the budget is full, the results that save the least time for their size go first.

    Attributes:
        graph: The network.
    """

    def __init__(self, graph: Graph, x: Inputs, memory_mb: float = 512.0) -> None:
        """Check and keep the data.

        Args:
            graph: The network.
            x: Real inputs as for `emulate`.
            memory_mb: Most memory for kept results, in 10**6 bytes.

        Raises:
            DataError: If the data does not fit the network.
        """
        check_graph(graph)
        self.graph = graph
        self._inputs = {name: np.array(values) for name, values in check_inputs(graph, x).items()}
        self._budget = float(memory_mb) * 1e6
        self._kept: dict[int, _Kept] = {}
        self._size = 0
        self._seen: dict[int, None] = {}
        self._lock = RLock()
        self._part: tuple[bytes, Emulator] | None = None
        self._reference: Outputs | None = None

    @property
    def num_samples(self) -> int:
        """Samples of the data."""
        return len(next(iter(self._inputs.values())))

    @property
    def inputs(self) -> Mapping[str, RealArray]:
        """The data by input name."""
        return self._inputs

    @property
    def kept_mb(self) -> float:
        """Memory of kept results, in 10**6 bytes."""
        with self._lock:
            return self._size / 1e6

    def run(self, design: Design, cancel: CancelEvent | None = None) -> Any:
        """Compute the outputs of a design, as `emulate` does.

        Args:
            design: A design of this network.
            cancel: Set it from another thread to stop.

        Returns:
            Real outputs, float64, shape (samples, *output_shape); a tuple of arrays when there are several.

        Raises:
            ConfigError: If the design belongs to another network.
            CancelledError: If `cancel` was set.
        """
        plan, outputs = self._outputs(design, cancel)
        return unpack(real_outputs(plan, outputs))

    def run_raw(self, design: Design, cancel: CancelEvent | None = None) -> Any:
        """Compute raw integers of the outputs, as `emulate_raw` does."""
        plan, outputs = self._outputs(design, cancel)
        return unpack([raw_output(plan, name, outputs[name]) for name in self.graph.outputs])

    def anytime(
        self,
        design: Design,
        labels: Any = None,
        cancel: CancelEvent | None = None,
        *,
        task: Any = None,
        metric: Chosen | None = None,
    ) -> Iterator[Estimate]:
        """Estimate the score from a subsample first, then find it on all samples.

        Args:
            design: A design of this network.
            labels: Labels as in `task.find_goals`; the subsample has every class or value in proportion. Without them
                the outputs are compared with the float network's.
            cancel: Set it from another thread to stop.
            task: What the outputs are for, as in `task.find_goals`.
            metric: What counts, as in `merit.chosen_metric`; the first figure that the network is judged by when None.

        Yields:
            An estimate from `FIRST_SAMPLES` samples with its 95 % interval, unless there are hardly more; then the
            score of all of them.
        """
        goals = find_goals(self.graph, self.num_samples, labels, task)
        rows = pick_samples(self.num_samples, strata(goals, self.num_samples), FIRST_SAMPLES)
        measure = find_measures(goals, None if metric is None else [metric])[0]
        merit = bind(measure, goals, self._float_outputs())
        if self.num_samples > 2 * FIRST_SAMPLES:
            with self._lock:
                key = rows.tobytes()
                if self._part is None or self._part[0] != key:
                    part = {name: values[rows] for name, values in self._inputs.items()}
                    self._part = key, Emulator(self.graph, part, memory_mb=self._budget / 1e7)
                emulator = self._part[1]
            yield emulator._estimate(design, merit.part(rows), cancel, is_complete=False)
        yield self._estimate(design, merit, cancel, is_complete=True)

    def _estimate(self, design: Design, merit: Merit, cancel: CancelEvent | None, is_complete: bool) -> Estimate:
        outputs = self.run(design, cancel)
        interval = merit.interval(outputs)
        return Estimate(
            metric=merit.name,
            value=merit.of(outputs),
            low=None if interval is None else interval.lower,
            high=None if interval is None else interval.upper,
            num_samples=self.num_samples,
            is_complete=is_complete,
            y=outputs,
        )

    def _float_outputs(self) -> Outputs:
        with self._lock:
            if self._reference is None:
                self._reference = as_outputs(float_forward(self.graph, self._inputs))
            return self._reference

    def forget(self) -> None:
        """Drop all kept results."""
        with self._lock:
            self._kept.clear()
            self._size = 0
            self._seen.clear()

    def _outputs(self, design: Design, cancel: CancelEvent | None) -> tuple[Plan, dict[str, Carrier]]:
        if design.graph.digest != self.graph.digest:
            raise ConfigError("the design belongs to another network than this emulator's.")
        plan = plan_design(design)
        with self._lock:
            known = {name: self._kept[key] for name, key in plan.keys.items() if key in self._kept}
        outputs = {name: known[name].values for name in self.graph.outputs if name in known}
        missing = [name for name in dict.fromkeys(self.graph.outputs) if name not in known]
        if missing:
            outputs |= self._compute(plan, known, missing, cancel)
        return plan, outputs

    @one_blas_thread()
    def _compute(
        self, plan: Plan, known: dict[str, _Kept], missing: Sequence[str], cancel: CancelEvent | None
    ) -> dict[str, Carrier]:
        """Compute the outputs that are not known, from the known results that are nearest to them."""
        wanted = plan.needed(known, missing)
        sources = {name for node in wanted for name in node.inputs} | (set(missing) & set(plan.inputs))
        start = [name for name in plan.spans if name in sources and (name in known or name in plan.inputs)]
        worth = self._worth_keeping(plan, wanted)
        whole: dict[str, Carrier] = {}
        spent = dict.fromkeys(plan.spans, 0.0)
        room = self._budget
        for block in blocks(plan, self.num_samples, wanted):
            check_cancelled(cancel)
            begun = clock = thread_time()
            values = {}
            for name in start:
                if name in known:
                    values[name] = known[name].block(block)
                else:
                    values[name] = plan.inputs[name].cast(self._inputs[name][block])
                    if name in worth:
                        room = self._store(whole, name, values[name], plan.spans[name], block, room, clock - begun)
            clock = thread_time()
            for name, value in plan.run(values, is_fused=True, outputs=missing):
                spent[name] += thread_time() - clock
                if name in worth:
                    room = self._store(whole, name, value, plan.spans[name], block, room, thread_time() - begun)
                clock = thread_time()
        self._keep(plan, known, whole, spent)
        return {name: whole[name] for name in missing}

    def _worth_keeping(self, plan: Plan, wanted: list[Node]) -> set[str]:
        """Return the nodes whose results to keep, and remember that all were computed."""
        merged = plan.mergeable()
        with self._lock:
            is_first = not self._seen
            new = {node.name for node in wanted if plan.keys[node.name] not in self._seen}
            for name in plan.spans:
                self._seen.pop(plan.keys[name], None)
                self._seen[plan.keys[name]] = None
            while len(self._seen) > max(MOST_SEEN, len(plan.spans)):
                del self._seen[next(iter(self._seen))]
        before = {name for node in wanted if node.name in new for name in node.inputs if name not in new}
        chosen = set(plan.spans) if is_first else before
        # What a merged layer yields is the result of the ReLU behind it.
        return {name for name in chosen if name not in merged} | set(self.graph.outputs)

    def _store(
        self,
        whole: dict[str, Carrier],
        name: str,
        value: Carrier,
        span: Span,
        block: slice,
        room: float,
        seconds: float,
    ) -> float:
        """Copy a block into the node's array of all samples, if that is worth its memory and the budget allows it.

        The first block decides, from the seconds that computing up to this node took on it.
        """
        if name not in whole and block.start == 0:
            dtype = narrow_dtype(span, value.dtype)
            size = dtype.itemsize * value.size // max(len(value), 1)
            is_worth = size * self.num_samples <= SMALL_BYTES or seconds >= SECONDS_PER_BYTE * size * len(value)
            if (size * self.num_samples <= room and is_worth) or name in self.graph.outputs:
                whole[name] = _empty_like(value, self.num_samples, dtype)
                room -= size * self.num_samples
        if name in whole:
            whole[name][block] = value
        return room

    def _keep(self, plan: Plan, known: dict[str, _Kept], whole: dict[str, Carrier], spent: dict[str, float]) -> None:
        total: dict[str, float] = {}
        for node in self.graph:
            start = max((total.get(name, 0.0) for name in node.inputs), default=0.0)
            total[node.name] = known[node.name].seconds if node.name in known else start + spent[node.name]
        with self._lock:
            for name, values in whole.items():
                values.flags.writeable = False
                before = self._kept.get(plan.keys[name])
                self._size += values.nbytes - (0 if before is None else before.values.nbytes)
                self._kept[plan.keys[name]] = _Kept(values, plan.spans[name], total[name])
            if self._size <= self._budget:
                return
            for key, item in sorted(self._kept.items(), key=lambda pair: pair[1].seconds / (pair[1].values.nbytes + 1)):
                if self._size <= self._budget:
                    break
                del self._kept[key]
                self._size -= item.values.nbytes


def _empty_like(value: Carrier, num_samples: int, dtype: np.dtype[Any]) -> Carrier:
    """Return an array for all samples whose axes lie in memory as a block's do: convolutions have the samples last."""
    if value.flags.c_contiguous or not np.moveaxis(value, 0, -1).flags.c_contiguous:
        return np.empty((num_samples, *value.shape[1:]), dtype=dtype)
    return np.moveaxis(np.empty((*value.shape[1:], num_samples), dtype=dtype), -1, 0)
