"""The process that trains: reads a job from its folder, tells each epoch in a line, writes the best weights."""

import json
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from hlsexplore.compress.elementwise import Tensor
from hlsexplore.compress.job import STOP, Epoch, Settings
from hlsexplore.compress.network import float_type, make_forward
from hlsexplore.compress.trainable import TRAINED, logits_of
from hlsexplore.design import Design
from hlsexplore.fixed import RealArray
from hlsexplore.layer_config import pruning_of
from hlsexplore.masks import PRUNED, pruned
from hlsexplore.metrics import accuracy, rmse
from hlsexplore.ops import WEIGHT_FIELDS, weights
from hlsexplore.support.files import replace_arrays
from hlsexplore.task import Goal, TaskKind

RAMP = 0.5
"""Share of the epochs over which weights are dropped."""
FINAL_RATE = 0.01
"""Learning rate at the end, as a share of the first one."""
Key = tuple[str, str]


def main() -> None:
    """Train the job of each folder that a line of standard input names, until its end."""
    threads = int(sys.argv[1])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for line in sys.stdin:
        folder = Path(json.loads(line))
        with (folder / "job.pickle").open("rb") as file:
            design, goals, settings, teacher = pickle.load(file)
        with np.load(folder / "data.npz") as data:
            arrays = {name: data[name] for name in data.files}
        stops = (folder / STOP).exists
        best = train(design, goals, settings, teacher, arrays, lambda epoch: _say(asdict(epoch)), stops)
        replace_arrays(folder / "best.npz", best)
        _say(None)


def _say(data: Any) -> None:
    print(json.dumps(data), flush=True)  # noqa: T201


def train(
    design: Design,
    goals: Sequence[Goal],
    settings: Settings,
    teacher: Sequence[RealArray],
    arrays: Mapping[str, RealArray],
    tell: Callable[[Epoch], None],
    stops: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train a design.

    Args:
        design: What is trained.
        goals: Tasks and labels of the outputs.
        settings: How.
        teacher: The float network's values that the loss compares with, in the outputs' order.
        arrays: Cast inputs as `x/NAME`, and the samples that train (`train`) and choose (`valid`) by number.
        tell: Gets every epoch.
        stops: Asked after every epoch whether to end with the best one so far.

    Returns:
        Weights as `w/LAYER NUMBER/KEY` and masks as `m/LAYER NUMBER/KEY` of the best epoch.
    """
    state, epoch, outputs = _prepared(design, goals, settings, teacher, arrays)
    rows, valid = arrays["train"].astype(np.int64), arrays["valid"].astype(np.int64)
    size = min(settings.batch_size, len(rows))
    ramp = max(1, int(settings.epochs * RAMP)) if state.drops else 0
    steps = max(1, len(rows) // size)
    rng, kept, since = np.random.default_rng(settings.seed), state.snapshot(), 0

    def judge(number: int, loss: float | None) -> tuple[float, float]:
        found, missed = outputs(tf.constant(valid), state.masks)
        scores = [_score(goal, y.numpy(), valid) for goal, y in zip(goals, found, strict=True)]
        tell(Epoch(number=number, loss=loss, score=float(np.mean(scores)), density=state.density))
        return float(np.mean(scores)), -float(missed)

    if ramp:
        state.drop(0.0)
    reached = judge(0, None)
    best = (-np.inf, -np.inf) if ramp else reached
    for number in range(1, settings.epochs + 1):
        if ramp:
            state.drop(min(1.0, number / ramp))
        order = rng.permutation(rows)[: steps * size].reshape(steps, size)
        done = (steps * (number - 1) + np.arange(steps)) / (steps * settings.epochs)
        rates = settings.learning_rate * (FINAL_RATE + (1 - FINAL_RATE) * (1 + np.cos(np.pi * done)) / 2)
        loss = epoch(tf.constant(order), tf.constant(rates, state.dtype), state.masks)
        reached = judge(number, float(loss))
        is_stopped = stops()
        if number < ramp and is_stopped:
            state.drop(1.0)
            return state.snapshot()
        if number < ramp:
            continue
        since = 0 if reached > best else since + 1
        if reached >= best:
            best, kept = reached, state.snapshot()
        if since >= settings.patience or is_stopped:
            break
    return kept


def _prepared(
    design: Design,
    goals: Sequence[Goal],
    settings: Settings,
    teacher: Sequence[RealArray],
    arrays: Mapping[str, RealArray],
) -> tuple["_State", Callable[..., Tensor], Callable[..., Any]]:
    """Return the weights, the steps of an epoch, and what the network gives for some samples; arguments as `train`."""
    dtype = float_type(design, heads := [logits_of(design.graph, goal) for goal in goals])
    inputs = {name[2:]: tf.constant(values, dtype) for name, values in arrays.items() if name.startswith("x/")}
    share = np.where(np.arange(len(teacher[0])) < arrays["num_labelled"], settings.distill, 1.0)
    losses = [_loss(goal, teacher[index], share, dtype) for index, goal in enumerate(goals)]
    state = _State(design, settings, dtype)
    return state, *_compiled(make_forward(design, heads), state, inputs, losses)


def _compiled(
    forward: Callable[[Mapping[str, Tensor], Mapping[Key, Tensor]], list[Tensor]],
    state: "_State",
    inputs: Mapping[str, Tensor],
    losses: Sequence[Callable[[Tensor, Tensor], Tensor]],
) -> tuple[Callable[..., Tensor], Callable[..., Any]]:
    """Return the steps of an epoch, and what the network gives for some samples with its loss."""
    optimizer = _Adam(list(state.variables.values()))

    def run(rows: Tensor, masks: Mapping[Key, Tensor]) -> tuple[list[Tensor], Tensor]:
        values = {key: variable * masks[key] for key, variable in state.variables.items()}
        found = forward({name: tf.gather(x, rows) for name, x in inputs.items()}, values)
        return found, tf.add_n([loss(output, rows) for loss, output in zip(losses, found, strict=True)])

    def epoch(rows: Tensor, rates: Tensor, masks: Mapping[Key, Tensor]) -> Tensor:
        total = tf.zeros((), rates.dtype)
        for index in tf.range(tf.shape(rates)[0]):
            with tf.GradientTape() as tape:
                loss = run(rows[index], masks)[1]
            optimizer.apply(tape.gradient(loss, list(state.variables.values())), rates[index])
            for key, variable in state.variables.items():
                variable.assign(tf.clip_by_value(variable, *state.limits[key]))
            total += loss
        return total / tf.cast(tf.shape(rates)[0], rates.dtype)

    return tf.function(epoch), tf.function(run)


class _State:
    """The weights that are trained, and which of them are kept. Lives for one training."""

    def __init__(self, design: Design, settings: Settings, dtype: Any) -> None:
        self.design = design
        self.numbers = {node.name: index for index, node in enumerate(design.graph)}
        self.pruning = {name: pruning_of(config) for name, config in design.layers.items()}
        self.variables: dict[Key, Any] = {}
        self.limits: dict[Key, tuple[float, float]] = {}
        self.dtype = dtype
        for node in design.graph:
            if not isinstance(node.op, TRAINED):
                continue
            for key, values in weights(node.op).items():
                type_ = design.layers[node.name].types[key]
                self.limits[node.name, key] = type_.low, type_.high
                start = np.clip(values, type_.low, type_.high)
                self.variables[node.name, key] = tf.Variable(start, dtype=dtype, name=f"v{len(self.variables)}")
        ops = {name: design.graph[name].op for name, _ in self.variables}
        self.drops = settings.gradual and any(
            item is not None and item.density < 1 for name, item in self.pruning.items() if name in ops
        )
        self.masks: dict[Key, Tensor] = {}
        self.drop(1.0)

    @property
    def density(self) -> float:
        """Share of all weights, without biases, that is kept."""
        kept = [mask.numpy() != 0 for (_, key), mask in self.masks.items() if key in PRUNED]
        return float(sum(mask.sum() for mask in kept) / max(1, sum(mask.size for mask in kept)))

    def drop(self, progress: float) -> None:
        """Choose the weights to keep: all that explicit masks leave at progress 0, the wanted density at 1."""
        for node in self.design.graph:
            keys = [key for name, key in self.variables if name == node.name]
            if not keys:
                continue
            ones = {key: np.ones(weights(node.op)[key].shape) for key in keys}
            pruning = self.pruning[node.name]
            if pruning is not None:
                share = 1 - (1 - pruning.density) * (1 - (1 - progress) ** 3)
                values = {WEIGHT_FIELDS[key]: _apart(self.variables[node.name, key].numpy()) for key in keys}
                changed: Any = values
                left = pruned(replace(node.op, **changed), replace(pruning, density=share))
                ones = {key: (values != 0).astype(np.float64) for key, values in weights(left).items()}
            for key in keys:
                self.masks[node.name, key] = tf.constant(ones[key], self.dtype)

    def snapshot(self) -> dict[str, Any]:
        """Return the weights and masks as they are."""
        found: dict[str, Any] = {}
        for (name, key), variable in self.variables.items():
            mask = self.masks[name, key].numpy() != 0
            found[f"w/{self.numbers[name]}/{key}"] = np.where(mask, variable.numpy(), 0.0).astype(np.float64)
            found[f"m/{self.numbers[name]}/{key}"] = mask
        return found


def _apart(values: Any) -> RealArray:
    """Return weights of which none is 0, so that zeros are what was dropped."""
    return np.where(values == 0, np.finfo(np.float32).tiny, values).astype(np.float64)


class _Adam:
    """Adam (Kingma and Ba, 2015) with a rate for each step, so that Keras need not be loaded."""

    def __init__(self, variables: Sequence[Any]) -> None:
        self.variables = variables
        self.first = [tf.Variable(tf.zeros_like(item)) for item in variables]
        self.second = [tf.Variable(tf.zeros_like(item)) for item in variables]
        self.count = tf.Variable(0.0, dtype=variables[0].dtype)

    def apply(self, gradients: Sequence[Tensor], rate: Tensor) -> None:
        """Make a step."""
        self.count.assign_add(1.0)
        size = (
            rate
            * tf.sqrt(1 - tf.pow(tf.cast(0.999, rate.dtype), self.count))
            / (1 - tf.pow(tf.cast(0.9, rate.dtype), self.count))
        )
        for variable, gradient, first, second in zip(self.variables, gradients, self.first, self.second, strict=True):
            if gradient is None:
                continue
            first.assign(0.9 * first + 0.1 * gradient)
            second.assign(0.999 * second + 0.001 * tf.square(gradient))
            variable.assign_sub(size * first / (tf.sqrt(second) + 1e-8))


def _loss(goal: Goal, teacher: RealArray, share: RealArray, dtype: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of an output's logits, or of its values, for some samples.

    Args:
        goal: Task and labels of the output.
        teacher: The float network's values.
        share: Share of the loss that compares with them, for each sample; 1 for those behind the labels.
        dtype: Of the computation.
    """
    given = np.asarray(goal.labels)
    labels = np.resize(given, (len(teacher), *given.shape[1:]))
    distill, ones = tf.constant(share, dtype), (1,) * (teacher.ndim - 1)
    soft = tf.constant(teacher, dtype)
    match goal.task.kind:
        case TaskKind.MULTICLASS:
            hard = tf.constant(labels, tf.int32)
            aims = tf.nn.softmax(soft)

            def classes(y: Tensor, rows: Tensor) -> Tensor:
                own = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(hard, rows), y)
                other = tf.nn.softmax_cross_entropy_with_logits(tf.gather(aims, rows), y)
                part = tf.reshape(tf.gather(distill, rows), (-1, *ones[1:]))
                return tf.reduce_mean((1 - part) * own + part * other)

            return classes
        case TaskKind.BINARY | TaskKind.MULTILABEL:
            shape = (len(labels), *teacher.shape[1:])
            hard, aims = tf.constant(labels.reshape(shape), dtype), tf.sigmoid(soft)

            def bits(y: Tensor, rows: Tensor) -> Tensor:
                part = tf.reshape(tf.gather(distill, rows), (-1, *ones))
                aim = (1 - part) * tf.gather(hard, rows) + part * tf.gather(aims, rows)
                return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(aim, y))

            return bits
    hard = tf.constant(labels.reshape(teacher.shape), dtype)
    spread = float(np.var(labels)) or 1.0

    def values(y: Tensor, rows: Tensor) -> Tensor:
        part = tf.reshape(tf.gather(distill, rows), (-1, *ones))
        aim = (1 - part) * tf.gather(hard, rows) + part * tf.gather(soft, rows)
        return tf.reduce_mean(tf.square(y - aim)) / spread

    return values


def _score(goal: Goal, y: RealArray, rows: Any) -> float:
    """Score validation outputs, logits where the loss takes them."""
    labels = np.asarray(goal.part(rows).labels)
    y = np.asarray(y, dtype=np.float64)
    if goal.task.kind is TaskKind.REGRESSION:
        return -rmse(y, labels.reshape(y.shape))
    if goal.task.kind is not TaskKind.MULTICLASS and goal.task.threshold > 0:
        y = 1 / (1 + np.exp(-y))
    return accuracy(y, labels, goal.task)


if __name__ == "__main__":
    main()
