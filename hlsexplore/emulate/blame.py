"""Which types cost accuracy, and why: each tensor relieved of its type, one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event as CancelEvent
from typing import Any

from hlsexplore.design import Design, check_design
from hlsexplore.emulate.emulator import Emulator
from hlsexplore.emulate.quality import Doubt, Quality, make_doubt, make_quality, some_goals
from hlsexplore.emulate.ranges import FloatRun, generous, relief_keys, relieved, run_float
from hlsexplore.emulate.run import check_cancelled
from hlsexplore.emulate.trace import Trace, trace
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Node
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.merit import Chosen
from hlsexplore.ops import MOVES, Softmax
from hlsexplore.reference.samples import Inputs, check_inputs

BLAME_SAMPLES = 2000
"""Samples that `blame` looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """What one tensor's type costs.

    Attributes:
        layer: The layer.
        key: Tensor key, or `table_size`, or `all` for all types of the layer together.
        type: The type, or the table size; None for `all`.
        cost: How much the loss of the design falls when only this one is relieved of its type, 1 for all of the score.
        alone: How much the float network loses when only this one has its type.
        reason: Why, in a sentence.
        cost_margin: Half of the 95 % interval of `cost`, from leaving out samples; None where they are too few.
        alone_margin: The same of `alone`.
    """

    layer: str
    key: str
    type: Fixed | int | None
    cost: float
    alone: float
    reason: str
    cost_margin: float | None = None
    alone_margin: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlameList:
    """What every tensor's type costs.

    Losses are accuracy, agreement or area below the float network's; for regression RMSE above it, in units of the
    spread of the wanted values; for a metric of one's own its distance in units of the float network's value; for
    several outputs the mean of theirs.

    Attributes:
        score: Score of the design: the figure itself where there is one, else 1 less the mean loss.
        best: Score of the float network.
        loss: How much the design loses against the float network.
        metric: What the score is.
        unit: What a hundredth of a loss is, for people.
        num_samples: Samples that were looked at.
        tensors: The dearest first.
        layers: Layers with all their types relieved together, the dearest first.
    """

    score: float
    best: float
    loss: float
    metric: str
    unit: str
    num_samples: int
    tensors: tuple[Blame, ...]
    layers: tuple[Blame, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Loss:
    """A loss, and what it is without each group of the samples."""

    value: float
    parts: RealArray | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Inquiry:
    """A design on some samples, with what its losses are measured by."""

    design: Design
    emulator: Emulator
    counts: Trace
    run: FloatRun
    quality: Quality
    doubt: Doubt | None
    whole: _Loss
    cancel: CancelEvent | None

    def of_layer(self, node: Node) -> tuple[list[Blame], Blame]:
        """Blame the tensors of a layer, and the layer."""
        design, run = self.design, self.run
        relief = {key: generous(design, node, key, run) for key in relief_keys(node)}
        mine = []
        for key in relief:
            cost = self._saved(node, {key: relief[key]})
            alone = _loss(self.quality, self.doubt, self._outputs(relieved(design, run, spare=(node.name, key))))
            reason = explain(design, node, key, self.counts, run)
            one = _of_tensor(design, node, key, cost.value, alone.value, reason)
            mine.append(replace(one, cost_margin=self._margin(cost.parts), alone_margin=self._margin(alone.parts)))
        together = self._saved(node, relief)
        return mine, replace(_together(mine, together.value), cost_margin=self._margin(together.parts))

    def _saved(self, node: Node, relief: Mapping[str, Fixed | int]) -> _Loss:
        """What the design loses less where some types of a layer are generous."""
        rest = _loss(self.quality, self.doubt, self._outputs(self.design.with_layer(node.name, **relief)))
        parts = None if self.whole.parts is None or rest.parts is None else self.whole.parts - rest.parts
        return _Loss(value=self.whole.value - rest.value, parts=parts)

    def _outputs(self, changed: Design) -> Any:
        check_cancelled(self.cancel)
        return self.emulator.run(changed)

    def _margin(self, parts: RealArray | None) -> float | None:
        return None if self.doubt is None or parts is None else self.doubt.margin(parts)


def _loss(quality: Quality, doubt: Doubt | None, outputs: Any) -> _Loss:
    return _Loss(value=quality.loss(outputs), parts=None if doubt is None else doubt.losses(outputs))


def blame(
    design: Design,
    x: Inputs,
    labels: Any = None,
    max_samples: int = BLAME_SAMPLES,
    cancel: CancelEvent | None = None,
    *,
    task: Any = None,
    metric: Chosen | None = None,
) -> BlameList:
    """Rank tensors and layers by what their types cost.

    Args:
        design: The design.
        x: Real inputs as for `emulate`.
        labels: Labels as in `task.find_goals`; outputs without are compared with the float network's.
        max_samples: Samples to look at, picked evenly from all classes or values.
        cancel: Set it from another thread to stop.
        task: What the outputs are for, as in `task.find_goals`.
        metric: What counts, as in `merit.chosen_metric`; the figure that fits the task when None.

    Raises:
        DataError: If data or labels do not fit the network.
        ConfigError: If task or metric do not fit.
        CancelledError: If `cancel` was set.
    """
    check_design(design)
    graph, inputs = design.graph, check_inputs(design.graph, x)
    goals, rows = some_goals(graph, len(next(iter(inputs.values()))), labels, task, max_samples)
    inputs = {name: values[rows] for name, values in inputs.items()}
    emulator, run = Emulator(graph, inputs), run_float(graph, inputs)
    quality, outputs = make_quality(goals, metric, run.outputs), emulator.run(design)
    doubt = make_doubt(goals, metric, run.outputs)
    inquiry = _Inquiry(
        design=design,
        emulator=emulator,
        counts=trace(design, inputs),
        run=run,
        quality=quality,
        doubt=doubt,
        whole=_loss(quality, doubt, outputs),
        cancel=cancel,
    )
    found = [inquiry.of_layer(node) for node in graph if not isinstance(node.op, MOVES)]
    return BlameList(
        score=quality.score(outputs),
        best=quality.best,
        loss=inquiry.whole.value,
        metric=quality.name,
        unit=quality.unit,
        num_samples=len(rows),
        tensors=tuple(sorted((item for mine, _ in found for item in mine), key=_dearness)),
        layers=tuple(sorted((layer for _, layer in found), key=_dearness)),
    )


def _of_tensor(design: Design, node: Node, key: str, cost: float, alone: float, reason: str) -> Blame:
    current = design.layers[node.name].table_size if key == "table_size" else design.type(node.name, key)
    return Blame(layer=node.name, key=key, type=current, cost=cost, alone=alone, reason=reason)


def _together(tensors: Sequence[Blame], cost: float) -> Blame:
    """Sum up the tensors of a layer, of which all types together cost so much."""
    worst = max(tensors, key=lambda item: (item.cost, item.alone))
    alone, reason = max(item.alone for item in tensors), f"mostly {worst.key}: {worst.reason}"
    return Blame(layer=worst.layer, key="all", type=None, cost=cost, alone=alone, reason=reason)


def _dearness(item: Blame) -> tuple[float, float]:
    return -item.cost, -item.alone


def explain(design: Design, node: Node, key: str, counts: Trace, run: FloatRun) -> str:
    """Say in a sentence what a type does to the values.

    Args:
        design: The design.
        node: The layer.
        key: Tensor key, or `table_size`.
        counts: Trace of the design on the data.
        run: The float network on the data.
    """
    if note := _softmax_step(design, node, key, run):
        return note
    if key == "table_size":
        return "a table with more entries has finer steps."
    found = {(item.layer, item.key): item for item in counts}.get((node.name, key))
    if found is None:
        return "entries of a table are rounded."
    total = max(found.num_values, 1)
    type_ = found.type
    reach = (
        f"the values reach from {found.low:.4g} to {found.high:.4g}, the type from {type_.low:.4g} to {type_.high:.4g}"
    )
    inside = _inside(node.name, counts) if key == "accum" else ""
    if found.num_wrapped:
        return f"overflow: {found.num_wrapped / total:.2%} of the values wrap around{inside}; {reach}."
    if found.num_saturated:
        return f"saturation: {found.num_saturated / total:.2%} of the values are clipped{inside}; {reach}."
    noise = found.rms_error / found.rms if found.rms else 0.0
    if key == "accum" and noise:
        return f"accumulator: rounding products one by one leaves an error of {noise:.2%} of the sums (rms){inside}."
    if found.num_underflowed > 0.01 * total:
        return (
            f"underflow: {found.num_underflowed / total:.2%} of the values become 0; one step is {found.type.step:.4g}."
        )
    if noise:
        return f"rounding: the error is {noise:.2%} of the values (rms); one step is {found.type.step:.4g}."
    return "nothing is lost here."


def _inside(layer: str, counts: Trace) -> str:
    """Say what single products and partial sums lose, or nothing if they lose nothing."""
    found = {item.key: item for item in counts.inner if item.layer == layer}
    if not found:
        return ""
    product, total = found["product"], found["sum"]
    parts = (
        (product.num_rounded / max(product.num_values, 1), "of the products lose bits"),
        (product.num_underflowed / max(product.num_values, 1), "become 0"),
        (product.num_overflowed / max(product.num_values, 1), "of the products leave its range"),
        (total.num_overflowed / max(total.num_values, 1), "of the partial sums leave its range"),
    )
    said = [f"{share:.2%} {what}" for share, what in parts if share]
    return f" ({', '.join(said)})" if said else ""


def _softmax_step(design: Design, node: Node, key: str, run: FloatRun) -> str:
    """Say when a type makes the exponential table of a softmax too coarse."""
    readers: Mapping[str, Node] = {reader.name: reader for reader in design.graph.consumers(node.name)}
    softmax = (
        node
        if isinstance(node.op, Softmax)
        else next((reader for reader in readers.values() if isinstance(reader.op, Softmax)), None)
    )
    if softmax is None or key not in ("result", "table_size") or (softmax is node and key == "result"):
        return ""
    config = design.layers[softmax.name]
    if config.softmax is SoftmaxMode.ARGMAX:
        return ""
    step, bits = softmax_step(design, softmax)
    if step <= COARSE_STEP or step < run.spreads.get(softmax.name, 0.0) / 256:
        return ""
    type_ = design.input_types(softmax.name)[0]
    spread = run.spreads.get(softmax.name, 0.0)
    return (
        f"table index: softmax reads only the top {bits} bits of {type_}, a step of {step:.4g}, "
        f"but the logits of a sample spread over {spread:.4g} at most."
    )


COARSE_STEP = 0.25
"""Steps of the exponential table above this are worth a word: neighbouring entries differ by more than a fifth."""


def softmax_step(design: Design, node: Node) -> tuple[float, int]:
    """Return the step of a softmax's exponential table in units of its input, and the address bits."""
    config, source = design.layers[node.name], design.input_types(node.name)[0]
    is_stable = config.softmax is SoftmaxMode.STABLE
    integer = min(source.integer - int(source.signed), config.exp_integer) if is_stable else source.integer
    width = max(integer + source.fraction, 1)
    bits = min(config.table_size.bit_length() - 1, width, config.types["inv_table"].width)
    return 2.0 ** (integer - bits), bits
