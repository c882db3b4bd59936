"""The smallest network that is still good enough: bits and density together, each try trained (docs/compression.md)."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, log, log2
from threading import Event as CancelEvent
from typing import Any

import numpy as np

from hlsexplore.compress.costs import known_lut
from hlsexplore.compress.fine_tune import FineTuned, Trainer, make_job
from hlsexplore.compress.job import Settings
from hlsexplore.compress.merge import hidden_layers, narrowed
from hlsexplore.compress.prune import prunable
from hlsexplore.compress.trainable import logits_of
from hlsexplore.defaults.bounds import accum_type
from hlsexplore.design import Design, check_design
from hlsexplore.emulate import Emulator, float_forward
from hlsexplore.errors import ConfigError, DataError, quoted
from hlsexplore.fixed import Fixed, Overflow, RealArray, Rounding, quantize, to_real
from hlsexplore.graph import Graph
from hlsexplore.merit import Merit, as_outputs, bind, find_measures
from hlsexplore.op_facts import matmul_shape
from hlsexplore.ops import Conv, Dense, DepthwiseConv, weights
from hlsexplore.reference.forward import forward_node
from hlsexplore.reference.layers import input_values
from hlsexplore.reference.samples import Inputs, check_inputs
from hlsexplore.search.bound_space import BoundSpace
from hlsexplore.space import Space, applicable
from hlsexplore.task import find_goals

STEPS = 5000
"""Steps of training for each try, about half a minute on two cores."""
SMALL_DATA, MIXED, SMALL_DISTILL = 3000, 8, 0.9
"""From so few training samples on, mixed samples are made of each, and the float network teaches most."""
FINER = 0.72
"""Ratio of two densities that are tried after each other."""
FEWER = 0.8
"""Ratio of two shares of neurons that are tried after each other."""
LOGIT_WIDTH = 8
"""Least bits of the values that decide; narrower ones are often equal."""
GROWTH = 0.97
"""A try is worth training if it is estimated to need less than this share of the LUTs of the best one."""
AIMS = (0.6, 0.72, 0.82, 0.88)
"""Share of the best LUTs that the next step aims at, by the tries since the best one that were not good enough."""
RANGE_SAMPLES = 4096
NEAR = 2
"""A near miss loses at most so many times more than it may."""
REPEATS = 2
"""Further trainings of a network that missed by no more than it may lose."""
VALUES = 20_000
"""Values of a layer that its type is fitted to."""
MOST_CLIPPED = 3
"""Most integer bits that a fitted type may lack for the largest value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What one try chooses for all layers.

    Attributes:
        weight: Bits of weights.
        result: Bits of results; those that decide have `LOGIT_WIDTH` at least.
        input: Bits of inputs.
        density: Share of all weights that is kept; small layers keep more of theirs.
        neurons: Share of the hidden neurons and channels that the network still has.
        repeat: Which training of the same network, each with a seed of its own: near misses get a second one.
    """

    weight: int = 4
    result: int = 4
    input: int = 5
    density: float = 0.3
    neurons: float = 0.5
    repeat: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Try:
    """A trained try.

    Attributes:
        point: What it chose.
        tuned: What came of the training.
        merit: The figure of merit on the evaluation samples.
        lut: Estimated LUTs.
        is_good: Whether it loses no more than allowed.
    """

    point: Point
    tuned: FineTuned
    merit: float
    lut: float
    is_good: bool


def shrink(
    base: Design,
    x_train: Inputs,
    y_train: Any,
    x: Inputs,
    labels: Any,
    *,
    tolerance: float = 0.005,
    budget_s: float = 600.0,
    task: Any = None,
    seed: int = 0,
    on_try: Callable[[Try], None] | None = None,
    cancel: CancelEvent | None = None,
) -> tuple[Try, ...]:
    """Look for the fewest LUTs at which a network loses no more than a tolerance after pruning and fine-tuning.

    Each step changes the bits of weights, results or inputs or the density of the best try so far, and trains it from
    the float network, as long as the time allows.

    Args:
        base: The design whose target, knobs and network count; its types give way.
        x_train: Training samples.
        y_train: Their labels.
        x: Evaluation samples, others than those that train.
        labels: Their labels.
        tolerance: Most that the figure of merit may lose against the float network, as a share for decisions.
        budget_s: Time for all tries; the one that runs when it ends is finished.
        task: What the outputs are for, as for `Study`.
        seed: Seed of the trainings.
        on_try: Gets every try.
        cancel: Set it from another thread to stop.

    Returns:
        All tries, the best one first: good ones by their LUTs, then the others by their figure of merit.

    Raises:
        ConfigError: If the tolerance or the budget is out of range, or the LUTs of a layer have no estimate.
        DataError: If data does not fit the network.
        UnsupportedError: If a layer cannot be trained.
        CancelledError: If `cancel` was set.
    """
    check_design(base)
    for name, value in (("tolerance", tolerance), ("budget_s", budget_s)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ConfigError(f"{name} must be 0 or above, not {quoted(value)}.")
    search = _Search(base, (x_train, y_train), (x, labels), task, seed, tolerance, cancel)
    known_lut(base)
    end = time.monotonic() + budget_s
    tries: list[Try] = []
    with Trainer() as trainer:
        while not tries or time.monotonic() < end:
            point = search.next(tries)
            if point is None:
                break
            tries.append(search.run(trainer, point))
            if on_try is not None:
                on_try(tries[-1])
    worst = 1.0 if search.merit.metric.is_maximized else -1.0
    return tuple(sorted(tries, key=lambda item: (not item.is_good, item.lut if item.is_good else -worst * item.merit)))


class _Search:
    """What all tries share. Lives for one call."""

    def __init__(
        self,
        base: Design,
        train: tuple[Inputs, Any],
        check: tuple[Inputs, Any],
        task: Any,
        seed: int,
        tolerance: float,
        cancel: CancelEvent | None,
    ) -> None:
        graph = base.graph
        self.base, self.train, self.task, self.cancel = base, train, task, cancel
        self.emulator = Emulator(graph, check[0])
        self.goals = find_goals(graph, self.emulator.num_samples, check[1], task)
        if all(goal.labels is None for goal in self.goals):
            raise DataError(
                "the evaluation samples have no labels, so that nothing tells which network is good enough."
            )
        self.x = check[0]
        self.reference = as_outputs(float_forward(graph, check[0]))
        self.merit: Merit = bind(find_measures(self.goals)[0], self.goals, self.reference)
        allowed = tolerance * self.merit.unit(self.merit.of(self.reference))
        self.allowed = allowed
        self.least = self.merit.of(self.reference) - (allowed if self.merit.metric.is_maximized else -allowed)
        self.values = _values(graph, train[0])
        self.ranges = {name: (float(array[0]), float(array[-1])) for name, array in self.values.items()}
        self.narrow: dict[float, Design] = {1.0: base}
        self.heads = [logits_of(graph, goal) for goal in self.goals]
        count = len(next(iter(check_inputs(graph, train[0]).values())))
        mixed = MIXED if count < SMALL_DATA else 0
        settings = Settings(seed=seed, mixed=mixed, distill=SMALL_DISTILL if mixed else 0.7, learning_rate=5e-3)
        settings = replace(settings, batch_size=64 if mixed else 128)
        per_epoch = max(1, round(count * (1 + mixed) * (1 - settings.validation)) // settings.batch_size)
        epochs = max(4, ceil(STEPS / per_epoch))
        self.settings = replace(settings, epochs=epochs, patience=epochs)

    def design(self, point: Point) -> Design:
        """Return the design of a point, before training."""
        if point.neurons not in self.narrow:
            self.narrow[point.neurons] = narrowed(self.base, dict.fromkeys(hidden_layers(self.base), point.neurons))
        base = self.narrow[point.neurons]
        result = {"signed": "auto", "rounding": "TRN", "overflow": "SAT"}
        heads = {
            name: {"result": {"width": max(point.result, LOGIT_WIDTH), **result}}
            for name in self.heads
            if name in applicable(base.graph, "result")
        }
        uniform = {"weight": {"width": point.weight}, "result": {"width": point.result, **result}}
        uniform = {key: value for key, value in uniform.items() if applicable(base.graph, key)}
        space = Space(input={"width": point.input}, uniform=uniform, layers=heads)
        bound = BoundSpace.bind(space, base, self.ranges)
        shares = spread_density(base, point.density)
        found = bound.design((0,) * len(bound.axes)).with_layers(
            {name: {"density": share} for name, share in shares.items()}
        )
        return with_short_biases(with_fitted_results(found, self.values))

    def run(self, trainer: Trainer, point: Point) -> Try:
        """Train and judge a point."""
        settings = replace(self.settings, seed=self.settings.seed + point.repeat)
        job = make_job(self.design(point), *self.train, task=self.task, teacher=self.base.graph, settings=settings)
        tuned = trainer.train(job, lambda epoch: None, self.cancel)
        outputs = Emulator(tuned.graph, self.x).run(tuned.design, self.cancel)
        value = self.merit.of(as_outputs(outputs))
        is_good = value >= self.least if self.merit.metric.is_maximized else value <= self.least
        return Try(point=point, tuned=tuned, merit=value, lut=known_lut(tuned.design), is_good=is_good)

    def _first(self, tries: Sequence[Try]) -> Point | None:
        """Return the next point while none was good enough: a near miss is trained again, then has a little more."""
        if not tries:
            return Point()
        last = tries[-1]
        is_near = abs(last.merit - self.least) <= NEAR * self.allowed
        if is_near and last.point.repeat < 1:
            return replace(last.point, repeat=1)
        return _easier(replace(last.point, repeat=0), is_near)

    def next(self, tries: Sequence[Try]) -> Point | None:
        """Return the next point: one step from the best try that is worth it; None when there is none."""
        done = {item.point for item in tries}
        good = [item for item in tries if item.is_good]
        if not good:
            return self._first(tries)
        best = min(good, key=lambda item: item.lut)
        failed = len(tries) - 1 - tries.index(best)
        aim = AIMS[min(failed, len(AIMS) - 1)]
        now = known_lut(self.design(best.point))
        near = [item.point for item in tries if not item.is_good and abs(item.merit - self.least) <= self.allowed]
        again = [replace(point, repeat=point.repeat + 1) for point in near if point.repeat < REPEATS]
        steps = [point for point in (*again, *_harder(best.point)) if point not in done]
        ratios = {point: known_lut(self.design(point)) / now for point in steps}
        worth = [point for point in steps if ratios[point] < GROWTH]
        return min(worth, key=lambda point: abs(log(ratios[point] / aim)), default=None)


def _values(graph: Graph, x: Inputs) -> dict[str, RealArray]:
    """Return values of each layer's result in the float network, some of those of up to 4,096 samples."""
    inputs = {name: values[:RANGE_SAMPLES] for name, values in check_inputs(graph, x).items()}
    values = {node.name: input_values(node, inputs[node.name]) for node in graph.inputs}
    for node in graph.layers:
        values[node.name] = forward_node(node, [values[name] for name in node.inputs])
    return {name: np.sort(array.ravel())[:: max(1, array.size // VALUES)] for name, array in values.items()}


def with_fitted_results(design: Design, values: Mapping[str, RealArray]) -> Design:
    """Return a design whose saturating results have the integer bits with which rounding and saturation lose least.

    Few bits serve the many small values better than the few large ones.

    Args:
        design: The design.
        values: Values of each layer's result.
    """
    changes = {}
    for node in design.graph:
        types = design.layers[node.name].types
        type_ = types.get("result")
        if type_ is None or type_.overflow is not Overflow.SAT or node.name in design.graph.outputs:
            continue
        tried = [replace(type_, integer=type_.integer - less) for less in range(MOST_CLIPPED + 1)]
        found = min(tried, key=lambda item: _loss(values[node.name], item))
        if found != type_:
            changes[node.name] = {"result": found}
    return design.with_layers(changes)


def _loss(values: RealArray, type_: Fixed) -> float:
    nearest = type_.with_modes(Rounding.RND, Overflow.SAT)  # training makes up for a rounding to one side
    return float(np.mean(np.square(values - to_real(quantize(values, nearest), nearest))))


def with_short_biases(design: Design) -> Design:
    """Return a design whose biases have the step of the products that they are added to, and exact accumulators.

    Finer bits of a bias only widen the sum; training makes up for them.
    """
    for node in design.graph:
        types = design.layers[node.name].types
        if "bias" not in types or "accum" not in types or not isinstance(node.op, Dense | Conv | DepthwiseConv):
            continue
        source = design.input_types(node.name)[0]
        fraction = source.fraction + types["weight"].fraction
        top = float(np.abs(weights(node.op).get("bias", np.zeros(1))).max(initial=0.0))
        integer = max(ceil(log2(top + 2.0**-fraction)) + 2, 2 - fraction)
        bias = Fixed(integer + fraction, integer, True, Rounding.RND, Overflow.SAT)
        accum = accum_type(node, types["weight"], bias, source)
        follows = {"result": accum} if types["result"] == types["accum"] else {}
        design = design.with_layer(node.name, bias=bias, accum=accum, **follows)
    return design


def spread_density(design: Design, density: float) -> Mapping[str, float]:
    """Return a density for each layer that keeps a share of all weights, small layers more of theirs.

    A layer of n x m weights keeps a share in proportion to (n + m) / (n * m), at most all (Evci et al., 2020).

    Args:
        design: Its network counts.
        density: Share of all weights.
    """
    shapes = {name: matmul_shape(design.graph[name].op) or (1, 1) for name in prunable(design)}
    sizes = {name: rows * columns for name, (rows, columns) in shapes.items()}
    worth = {name: (rows + columns) / (rows * columns) for name, (rows, columns) in shapes.items()}
    full: set[str] = set()
    while True:
        room = density * sum(sizes.values()) - sum(sizes[name] for name in full)
        scale = room / max(sum(worth[name] * sizes[name] for name in sizes if name not in full), 1e-12)
        more = {name for name in sizes if name not in full and scale * worth[name] >= 1}
        if not more:
            break
        full |= more
    return {name: 1.0 if name in full else max(scale * worth[name], 1e-6) for name in sizes}


def _harder(point: Point) -> list[Point]:
    """Return the steps to smaller networks: less of one thing, and less of one for more of another."""
    point = replace(point, repeat=0)
    fewer = replace(point, neurons=point.neurons * FEWER)
    narrow = replace(point, weight=point.weight - 1, result=point.result - 1, input=point.input - 1)
    steps = [
        *(replace(point, density=point.density * FINER**power) for power in (0.5, 1, 2, 4)),
        *(replace(point, neurons=point.neurons * FEWER**power) for power in (0.5, 1, 2)),
        replace(point, result=point.result - 1),
        replace(point, input=point.input - 1),
        replace(point, weight=point.weight - 1),
        narrow,
        replace(narrow, density=min(1.0, point.density / FINER)),
        *(
            replace(changed, density=min(1.0, point.density / FINER))
            for changed in (
                fewer,
                replace(point, weight=point.weight - 1),
                replace(point, result=point.result - 1),
                replace(point, input=point.input - 1),
            )
        ),
        replace(point, weight=point.weight + 1, density=point.density * FINER),
        replace(point, result=point.result + 1, density=point.density * FINER),
        replace(point, result=point.result + 1, neurons=point.neurons * FEWER),
    ]
    return [step for step in steps if min(step.weight, step.result, step.input) > 1]


def _easier(point: Point, is_near: bool) -> Point | None:
    """Return a larger network after one that was not good enough: a little larger after a near miss."""
    if point.weight >= 12:
        return None
    bits, more = (0, 1.2) if is_near and point.neurons < 1 else (1, 1.5)
    return Point(
        weight=point.weight + bits,
        result=point.result + bits,
        input=point.input + bits,
        density=min(1.0, point.density * more),
        neurons=min(1.0, point.neurons * more),
    )
