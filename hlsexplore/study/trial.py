"""One evaluated design: its configuration and every figure that was found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from time import perf_counter, time
from typing import Any

import numpy as np

from hlsexplore.data import Data, Samples, check_labels, check_samples
from hlsexplore.design import Design
from hlsexplore.emulate import Emulator, float_forward
from hlsexplore.emulate.float_layers import input_values
from hlsexplore.emulate.reference import forward_node
from hlsexplore.errors import ConfigError, DataError, HlsExploreError, unknown_name
from hlsexplore.estimate import estimate_many
from hlsexplore.graph import Graph
from hlsexplore.metrics import METRICS, Metric, agreement, first_output
from hlsexplore.report import Figures, Report

Metrics = Mapping[str, float | None]

DIRECTIONS: Mapping[str, str] = {
    "accuracy": "max",
    "agreement": "max",
    "auc": "max",
    "rmse": "min",
    "lut": "min",
    "ff": "min",
    "dsp": "min",
    "bram18": "min",
    "uram": "min",
    "latency_cycles": "min",
    "latency_ns": "min",
    "ii_cycles": "min",
}
"""Figures that every trial can have, and which way each is better."""


RANGE_SAMPLES = 4096


class Status(StrEnum):
    """How the evaluation of a design ended."""

    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A design and its figures.

    Attributes:
        design_key: Key of the design.
        config: The design as plain data (`Design.to_dict`).
        metrics: Figures by name; unknown is None.
        status: `ok`, or `failed` when some figure could not be found.
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
class Evaluator:
    """Finds the figures of designs of one graph on one set of samples.

    It keeps what all designs share: the emulator with its cached prefixes and the float network's outputs.

    Attributes:
        graph: The network.
        data: Samples and labels.
        metrics: Figures against the labels.
        emulator: Emulator that holds the samples.
    """

    graph: Graph
    data: Data
    metrics: tuple[Metric, ...]
    emulator: Emulator = field(repr=False)

    @classmethod
    def make(
        cls, graph: Graph, x: Any, labels: Any = None, metrics: Sequence[str | Metric] | None = None
    ) -> "Evaluator":
        """Check samples and labels and prepare.

        Args:
            graph: The network.
            x: Samples, shape `(samples, *input_shape)`, or one array for each input.
            labels: Class numbers, one-hot rows or wanted values; without them there is only the agreement with float.
            metrics: Figures against the labels: `accuracy`, `auc`, `rmse` or a `Metric` of one's own; when None, those
                that fit the labels.

        Raises:
            DataError: If samples or labels do not fit the graph.
            ConfigError: If a metric is unknown.
        """
        data = Data(x=check_samples(graph, x), labels=None if labels is None else np.asarray(labels))
        check_labels(data)
        if metrics is None:
            chosen = _fitting(graph, data)
        else:
            chosen = tuple(_metric(item) for item in metrics)
            if chosen and data.labels is None:
                raise DataError(f"the metric {chosen[0].name!r} needs labels.")
        return cls(graph=graph, data=data, metrics=chosen, emulator=Emulator(graph, data.x))

    @cached_property
    def reference(self) -> Any:
        """Outputs of the float network, shape `(samples, *output_shape)`."""
        return first_output(float_forward(self.graph, self.data.x))

    @cached_property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of each layer's result in the float network, on up to 4,096 samples."""
        return result_ranges(self.graph, self.data.x)

    @cached_property
    def float_metrics(self) -> dict[str, float]:
        """Figures of the float network against the labels."""
        return {metric.name: metric.function(self.reference, self.data.labels) for metric in self.metrics}

    def quality(self, design: Design) -> dict[str, float]:
        """Emulate a design and return its figures against labels and, for classifiers, the float network."""
        y = first_output(self.emulator.run(design))
        figures = {metric.name: float(metric.function(y, self.data.labels)) for metric in self.metrics}
        if self.metrics != (METRICS["rmse"],):
            figures["agreement"] = agreement(y, self.reference)
        return figures


def evaluate(design: Design, source: "Evaluator | Emulator | Samples", labels: Any = None) -> Trial:
    """Emulate and estimate one design.

    Args:
        design: The design.
        source: Samples; or an `Evaluator` or `Emulator` that holds them, faster for many designs.
        labels: Class numbers, one-hot rows or wanted values; not with an `Evaluator`, which has its own.

    Returns:
        The trial, with the estimate as its report.

    Raises:
        HlsExploreError: If samples or labels do not fit, or the design cannot be emulated or estimated.
    """
    evaluator = _evaluator(design, source, labels)
    start = perf_counter()
    quality = evaluator.quality(design)
    report = estimate_many([design])[0]
    return Trial(
        design_key=design.key,
        config=design.to_dict(),
        metrics={**quality, **cost_metrics(report, design)},
        report=report,
        origin="evaluate",
        wall_s=perf_counter() - start,
        created_s=time(),
    )


def try_evaluate(design: Design, evaluator: Evaluator, origin: str = "") -> Trial:
    """Evaluate a design; what cannot be found becomes None in a trial with status `failed`, never an exception."""
    start = perf_counter()
    metrics: dict[str, float | None] = dict.fromkeys([*(metric.name for metric in evaluator.metrics), "agreement"])
    metrics |= cost_metrics(None, design)
    errors: list[str] = []
    report = None
    try:
        metrics |= evaluator.quality(design)
    except HlsExploreError as error:
        errors.append(str(error))
    try:
        report = estimate_many([design])[0]
        metrics |= cost_metrics(report, design)
    except HlsExploreError as error:
        errors.append(str(error))
    return Trial(
        design_key=design.key,
        config=design.to_dict(),
        metrics=metrics,
        status=Status.FAILED if errors else Status.OK,
        error=" ".join(errors),
        report=report,
        origin=origin,
        wall_s=perf_counter() - start,
        created_s=time(),
    )


def cost_metrics(report: Report | None, design: Design) -> dict[str, float | None]:
    """Return a report's totals under the names that trials use; all None without a report."""
    total = Figures() if report is None else report.total
    latency = total.latency_cycles_min if total.latency_cycles_max is None else total.latency_cycles_max
    figures = asdict(total)
    return {
        **{name: figures[name] for name in ("lut", "ff", "dsp", "bram18", "uram")},
        "latency_cycles": latency,
        "latency_ns": None if latency is None else latency * design.target.clock_ns,
        "ii_cycles": total.ii_cycles,
    }


def direction(name: str) -> str:
    """Return `max` or `min` for a figure; an own figure says it as `name:max` or `name:min`.

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
    if base not in DIRECTIONS:
        text = unknown_name("objective", base, DIRECTIONS, "A trial")
        raise ConfigError(f"{text} For a figure of your own write {base}:max or {base}:min.")
    return DIRECTIONS[base]


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


def _evaluator(design: Design, source: "Evaluator | Emulator | Samples", labels: Any) -> Evaluator:
    if isinstance(source, Evaluator):
        if labels is not None:
            raise DataError("an Evaluator has its own labels; do not give others.")
        return source
    if isinstance(source, Emulator):
        inputs = tuple(source.inputs.values())
        x = inputs[0] if len(inputs) == 1 else inputs
        data = Data(x=x, labels=None if labels is None else np.asarray(labels))
        check_labels(data)
        return Evaluator(graph=design.graph, data=data, metrics=_fitting(design.graph, data), emulator=source)
    return Evaluator.make(design.graph, source, labels)


def _fitting(graph: Graph, data: Data) -> tuple[Metric, ...]:
    """Accuracy for classes, RMSE for real values."""
    labels = data.labels
    if labels is None:
        return ()
    whole = labels.dtype.kind in "biu" or bool((labels == np.floor(labels)).all())
    return (METRICS["accuracy"],) if whole else (METRICS["rmse"],)


def _metric(item: str | Metric) -> Metric:
    if isinstance(item, Metric):
        return item
    if item not in METRICS:
        raise ConfigError(unknown_name("metric", item, METRICS, "hlsexplore"))
    return METRICS[item]
