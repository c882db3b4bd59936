"""One evaluated design: its configuration and every figure that was found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from time import perf_counter, time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.data import Data, Samples, check_samples
from hlsexplore.design import Design
from hlsexplore.emulate import Emulator, float_forward
from hlsexplore.emulate.quality import draw_samples
from hlsexplore.errors import ConfigError, DataError, HlsExploreError, unknown_name
from hlsexplore.estimate import estimate_many, estimate_totals
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph
from hlsexplore.merit import (
    DIRECTIONS,
    Chosen,
    Measure,
    Merit,
    Outputs,
    as_outputs,
    bind,
    find_measures,
    strata,
    suffixes,
)
from hlsexplore.reference.forward import forward_node
from hlsexplore.reference.layers import input_values
from hlsexplore.report import Figures, Report
from hlsexplore.support.recent import Recent
from hlsexplore.target import Target
from hlsexplore.task import Goal, find_goals

Metrics = Mapping[str, float | None]

RANGE_SAMPLES = 4096
SMALLEST_PART, GROWTH = 1000, 4
"""Samples of a part, at least, and how many times more each further one and all samples have."""
PARTS_MB = 512.0
"""Memory for kept results of all parts together."""
KEPT_SCORES = 8_000_000
"""Samples whose scores are kept for designs that others are compared with, of all these together."""


class Status(StrEnum):
    """How the evaluation of a design ended: on all samples, not at all, or on a part that showed it surely worse."""

    OK = "ok"
    FAILED = "failed"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A design and its figures.

    Attributes:
        design_key: Key of the design.
        config: The design as plain data (`Design.to_dict`).
        metrics: Figures by name; unknown is None.
        status: `ok`, `failed` when some figure could not be found, or `partial` when some of the samples showed that
            it is surely worse than another design that costs no more.
        samples: Samples that the figures of the outputs are of; None where nobody said it.
        error: Why it failed, else empty.
        report: Resources and timing, layer by layer, where they were kept.
        origin: What proposed the design, such as a sampler's name.
        wall_s: Time that the evaluation took.
        created_s: When it ended, seconds since 1970.
        number: Number in its study, from 1; None outside a study.
        note: The user's remark.
    """

    design_key: str
    config: Mapping[str, Any]
    metrics: Metrics
    status: Status = Status.OK
    samples: int | None = None
    error: str = ""
    report: Report | None = None
    origin: str = ""
    wall_s: float | None = None
    created_s: float | None = None
    number: int | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain data for JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        report = None if self.report is None else self.report.to_dict()
        return {**values, "metrics": dict(self.metrics), "status": str(self.status), "report": report}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Trial":
        """Rebuild a trial from `to_dict`.

        Raises:
            ConfigError: If the data is no trial.
        """
        try:
            values = dict(data)
            report = values.get("report")
            values["report"] = None if report is None else Report.from_dict(report)
            values["status"] = Status(values.get("status", Status.OK))
            return cls(**values)
        except (TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"this is no trial: {error}.") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Some of the samples, drawn at random, from those that smaller parts do not have.

    Attributes:
        rows: Which ones.
        emulator: Emulator that holds them.
    """

    rows: NDArray[np.intp]
    emulator: Emulator


@dataclass(frozen=True, kw_only=True, eq=False)
class Heat:
    """The samples of some parts together, each class or value in proportion.

    Attributes:
        rows: Which ones, in the order of the parts.
        merits: The figures on them.
    """

    rows: NDArray[np.intp]
    merits: tuple[Merit, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluator:
    """Finds the figures of designs of one graph on one set of samples.

    It keeps what all designs share: the emulator with its cached prefixes and the float network's outputs.

    Attributes:
        graph: The network.
        origin: The network whose float outputs count: the same one, or that from which it was trained or made smaller.
        data: Samples and labels.
        goals: What each output is for.
        measures: Figures of the outputs, those that the network is judged by first.
        emulator: Emulator that holds the samples.
    """

    graph: Graph
    origin: Graph
    data: Data
    goals: tuple[Goal, ...]
    measures: tuple[Measure, ...]
    emulator: Emulator = field(repr=False)

    @classmethod
    def make(
        cls,
        graph: Graph,
        x: Any,
        labels: Any = None,
        metrics: Sequence[Chosen] | None = None,
        task: Any = None,
        emulator: Emulator | None = None,
    ) -> "Evaluator":
        """Check samples and labels and prepare.

        Args:
            graph: The network.
            x: Samples, shape `(samples, *input_shape)`, or one array for each input.
            labels: Class numbers, one-hot rows or wanted values, for several outputs as in `task.find_goals`; without
                them outputs are compared with the float network's.
            metrics: Figures that count, the one that matters most first: names, or the user's own as
                `merit.chosen_metric` takes them; when None, those that fit the tasks.
            task: What the outputs are for, as in `task.find_goals`; found from last layers and labels when None.
            emulator: An emulator that holds the samples already.

        Raises:
            DataError: If samples or labels do not fit the graph.
            ConfigError: If a metric or task is unknown or does not fit.
        """
        checked = check_samples(graph, x)
        count = len(checked[0] if isinstance(checked, tuple) else checked)
        goals = find_goals(graph, count, labels, task)
        given = {goal.output: goal.given for goal in goals if goal.given is not None}
        single = goals[0].given if len(goals) == 1 else given or None
        return cls(
            graph=graph,
            origin=graph,
            data=Data(x=checked, labels=single),
            goals=goals,
            measures=find_measures(goals, metrics),
            emulator=Emulator(graph, checked) if emulator is None else emulator,
        )

    def of(self, graph: Graph) -> "Evaluator":
        """Return what judges another network with the same inputs and outputs alike, against the same float outputs."""
        return replace(self, graph=graph, emulator=Emulator(graph, self.data.x))

    def config(self, design: Design) -> dict[str, Any]:
        """Return a design as plain data for a trial; it names its network where that is not the original one."""
        own = design.graph.digest
        return {**({} if own == self.origin.digest else {"network": own}), **design.to_dict()}

    @cached_property
    def reference(self) -> Outputs:
        """Outputs of the float network, each of shape `(samples, *shape)`."""
        return as_outputs(float_forward(self.origin, self.data.x))

    @cached_property
    def merits(self) -> tuple[Merit, ...]:
        """The measures with what they compare with."""
        return tuple(bind(measure, self.goals, self.reference) for measure in self.measures)

    @property
    def headlines(self) -> tuple[Merit, ...]:
        """The figures that the network is judged by, one or one for each output."""
        return tuple(merit for merit in self.merits if merit.measure.is_headline)

    @property
    def directions(self) -> dict[str, str]:
        """Return `max` or `min` for each figure of the outputs."""
        return {measure.name: measure.metric.direction for measure in self.measures}

    @property
    def spellings(self) -> dict[str, str]:
        """Return names that figures of outputs have besides, by the layer in the model file, with the figures' own."""
        said = {layer: name for layer, name in self.graph.output_spellings.items() if layer != name}
        outputs = [goal.output for goal in self.goals]
        found: dict[str, str] = {}
        for layer, name in said.items():
            suffix = suffixes([layer if item == name else item for item in outputs])[outputs.index(name)]
            own = [measure for measure in self.measures if measure.output == outputs.index(name)]
            found |= {f"{measure.metric.name}{suffix}": measure.name for measure in own}
        return {other: name for other, name in found.items() if other not in self.directions}

    @cached_property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of each layer's result in the float network, on up to 4,096 samples."""
        return result_ranges(self.graph, self.data.x)

    @cached_property
    def float_metrics(self) -> dict[str, float]:
        """Figures of the float network against the labels."""
        return {merit.name: merit.of(self.reference) for merit in self.merits if not merit.metric.is_against_float}

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The samples in parts, each larger than those before together; the last one has what is left."""
        count = self.data.num_samples
        groups, rng = strata(self.goals, count), np.random.default_rng(count)
        left, found = np.arange(count), list[Part]()
        for size in (*part_sizes(count), count):
            wanted = size - (count - len(left))
            chosen = np.arange(len(left))
            if size < count:
                chosen = draw_samples(len(left), None if groups is None else groups[left], wanted, rng)
            rows = left[chosen]
            inputs = {name: values[rows] for name, values in self.emulator.inputs.items()}
            found.append(Part(rows=rows, emulator=Emulator(self.graph, inputs, memory_mb=PARTS_MB * len(rows) / count)))
            left = np.delete(left, chosen)
        return tuple(found)

    @cached_property
    def heats(self) -> tuple[Heat, ...]:
        """What each part makes together with those before, but for the last one, which makes all samples."""
        rows = [np.concatenate([part.rows for part in self.parts[: index + 1]]) for index in range(len(self.parts) - 1)]
        merits = [merit for merit in self.merits if merit.metric.scores is not None]
        return tuple(Heat(rows=own, merits=tuple(merit.part(own) for merit in merits)) for own in rows)

    @cached_property
    def _scores(self) -> "Recent[str, dict[str, RealArray]]":
        return Recent(max(4, min(256, KEPT_SCORES // self.data.num_samples)))

    def scores_of(self, design: Design) -> dict[str, RealArray]:
        """Return a number of each sample, shape `(samples,)`, for each figure that follows from their mean."""

        def find() -> dict[str, RealArray]:
            outputs = self.joined([as_outputs(part.emulator.run(design)) for part in self.parts])
            found = {merit.name: merit.scores(outputs) for merit in self.merits}
            return {name: scores for name, scores in found.items() if scores is not None}

        return self._scores.find(design.key, find)

    def joined(self, results: Sequence[Outputs]) -> Outputs:
        """Return the outputs of all parts in the order of the samples."""
        order = np.argsort(np.concatenate([part.rows for part in self.parts]))
        return tuple(np.concatenate(arrays)[order] for arrays in zip(*results, strict=True))

    def figures(self, outputs: Outputs) -> dict[str, float]:
        """Return the figures of a design's outputs on all samples, against labels and the float network."""
        return {merit.name: merit.of(outputs) for merit in self.merits}

    def quality(self, design: Design) -> dict[str, float]:
        """Emulate a design and return its figures against labels and the float network."""
        return self.figures(as_outputs(self.emulator.run(design)))


def part_sizes(num_samples: int) -> tuple[int, ...]:
    """Return how many samples the parts have: none where all samples are hardly more.

    Examples:
        >>> part_sizes(3999), part_sizes(10_000), part_sizes(20_000)
        ((), (2500,), (1250, 5000))
    """
    sizes: list[int] = []
    while (size := num_samples // GROWTH) >= SMALLEST_PART:
        sizes.insert(0, size)
        num_samples = size
    return tuple(sizes)


def evaluate(design: Design, source: "Evaluator | Emulator | Samples", labels: Any = None, task: Any = None) -> Trial:
    """Emulate and estimate one design.

    Args:
        design: The design.
        source: Samples; or an `Evaluator` or `Emulator` that holds them, faster for many designs.
        labels: Labels as for `Evaluator.make`; not with an `Evaluator`, which has its own.
        task: The task as for `Evaluator.make`; not with an `Evaluator`.

    Returns:
        The trial, with the estimate as its report.

    Raises:
        HlsExploreError: If samples or labels do not fit, or the design cannot be emulated or estimated.
    """
    evaluator = _evaluator(design, source, labels, task)
    start = perf_counter()
    quality = evaluator.quality(design)
    report = estimate_many([design])[0]
    return Trial(
        design_key=design.key,
        config=evaluator.config(design),
        metrics={**quality, **cost_metrics(report, design.target)},
        samples=evaluator.data.num_samples,
        report=report,
        origin="evaluate",
        wall_s=perf_counter() - start,
        created_s=time(),
    )


def try_evaluate(design: Design, evaluator: Evaluator, origin: str = "", costs: Metrics | None = None) -> Trial:
    """Evaluate a design; what cannot be found becomes None in a trial with status `failed`, never an exception.

    Args:
        design: The design.
        evaluator: Finds the figures of the outputs.
        origin: What proposed it.
        costs: Its estimated figures where they are known; they are found when None.

    Returns:
        The trial, without a report: the estimate can be made again from the design.
    """
    start = perf_counter()
    metrics: dict[str, float | None] = dict.fromkeys(evaluator.directions)
    metrics |= cost_metrics(None, design.target)
    errors: list[str] = []
    try:
        metrics |= evaluator.quality(design)
    except HlsExploreError as error:
        errors.append(str(error))
    try:
        metrics |= total_metrics(estimate_totals([design])[0], design.target) if costs is None else costs
    except HlsExploreError as error:
        errors.append(str(error))
    return Trial(
        design_key=design.key,
        config=evaluator.config(design),
        metrics=metrics,
        status=Status.FAILED if errors else Status.OK,
        samples=evaluator.data.num_samples,
        error=" ".join(errors),
        origin=origin,
        wall_s=perf_counter() - start,
        created_s=time(),
    )


def cost_metrics(report: Report | None, target: Target) -> dict[str, float | None]:
    """Return a report's totals under the names that trials use; all None without a report.

    Args:
        report: The report.
        target: What the design is built for.
    """
    return total_metrics(Figures() if report is None else report.total, target)


def total_metrics(total: Figures, target: Target) -> dict[str, float | None]:
    """Return totals under the names that trials use.

    Args:
        total: Resources and timing of a whole design.
        target: What the design is built for.
    """
    latency = total.latency_cycles_min if total.latency_cycles_max is None else total.latency_cycles_max
    figures = asdict(total)
    return {
        **{name: figures[name] for name in ("lut", "ff", "dsp", "bram18", "uram")},
        "latency_cycles": latency,
        "latency_ns": None if latency is None else latency * target.clock_ns,
        "ii_cycles": total.ii_cycles,
    }


def direction(name: str, known: Mapping[str, str] = DIRECTIONS) -> str:
    """Return `max` or `min` for a figure; an unknown one says it as `name:max` or `name:min`.

    Args:
        name: The figure.
        known: Figures whose direction is known.

    Raises:
        ConfigError: If the figure is unknown; lists the known ones.

    Examples:
        >>> direction("lut"), direction("f1:max")
        ('min', 'max')
    """
    base, _, suffix = name.partition(":")
    if suffix:
        if suffix not in ("max", "min"):
            raise ConfigError(f"objective {name!r}: write {base}:max or {base}:min.")
        return suffix
    if base not in known:
        text = unknown_name("objective", base, known, "A trial")
        raise ConfigError(f"{text} For a figure of your own write {base}:max or {base}:min.")
    return known[base]


def result_ranges(graph: Graph, x: Samples) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest value of each node's result in the float network.

    Args:
        graph: The network.
        x: Checked samples; the first 4,096 count.
    """
    arrays = x if isinstance(x, tuple) else (x,)
    values = {
        node.name: input_values(node, array[:RANGE_SAMPLES]) for node, array in zip(graph.inputs, arrays, strict=True)
    }
    for node in graph.layers:
        values[node.name] = forward_node(node, [values[name] for name in node.inputs])
    return {name: (float(array.min()), float(array.max())) for name, array in values.items()}


def _evaluator(design: Design, source: "Evaluator | Emulator | Samples", labels: Any, task: Any) -> Evaluator:
    if isinstance(source, Evaluator):
        if labels is not None or task is not None:
            raise DataError("an Evaluator has its own labels and task; do not give others.")
        return source
    if isinstance(source, Emulator):
        return Evaluator.make(design.graph, source.inputs, labels, task=task, emulator=source)
    return Evaluator.make(design.graph, source, labels, task=task)
