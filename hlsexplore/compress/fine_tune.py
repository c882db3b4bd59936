"""Training in the loop: lost accuracy is trained back in a process of its own (docs/compression.md)."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from threading import Event as CancelEvent
from threading import Thread
from typing import Any

import numpy as np

from hlsexplore.compress.job import Epoch, Settings
from hlsexplore.compress.trainable import Masks, check_trainable, logits_of, tuned_design
from hlsexplore.design import Design
from hlsexplore.emulate import float_forward
from hlsexplore.emulate.carrier import to_float
from hlsexplore.emulate.plan import plan_design
from hlsexplore.errors import CancelledError, ConfigError, DataError, ToolError, quoted, unknown_name
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph
from hlsexplore.merit import as_outputs, strata
from hlsexplore.reference.samples import Inputs, check_inputs
from hlsexplore.support import guard
from hlsexplore.support.work_folder import work_folder
from hlsexplore.task import Goal, find_goals

FEWEST = 8
"""Samples from which on a part of them can choose the best epoch."""
POLL_S = 0.1
ERROR_BYTES = 4000
OnEpoch = Callable[[Epoch], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FineTuned:
    """What came of a training.

    Attributes:
        design: The design of the new network: the types, knobs and dropped weights of the one before.
        epochs: Every epoch, from the state before training on.
    """

    design: Design
    epochs: tuple[Epoch, ...]

    @property
    def graph(self) -> Graph:
        """The new network; its weights are on the grids of their types, and its default design has these."""
        return self.design.graph


def fine_tune(
    design: Design,
    x_train: Inputs,
    y_train: Any,
    *,
    task: Any = None,
    teacher: Graph | None = None,
    on_epoch: OnEpoch | None = None,
    cancel: CancelEvent | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> FineTuned:
    """Train the weights of a design, with its types as quantizers and its dropped weights kept at 0.

    The training runs in a process of its own, the only one that loads TensorFlow; this one's design and network stay
    as they are, whatever becomes of it.

    Args:
        design: What to train. A `density` that is below 1 is reached step by step (`gradual`).
        x_train: Training samples as for `emulate`; take others than those that designs are evaluated on.
        y_train: Their labels, as for `Study`.
        task: What the outputs are for, as for `Study`.
        teacher: The float network that the loss compares with; the design's own when None.
        on_epoch: Gets every epoch as soon as it is done.
        cancel: Set it from another thread to stop.
        settings: How to train; the default when None.
        **options: Fields of `Settings` instead, such as `epochs=50`.

    Returns:
        The design of the best epoch, as the validation part of the samples has it.

    Raises:
        DataError: If labels do not fit the network, or there are too few samples.
        UnsupportedError: If a layer cannot be trained; all of them are named.
        ConfigError: If a setting is not valid.
        ToolError: If TensorFlow is missing or the process fails.
        CancelledError: If `cancel` was set.
    """
    chosen = _settings(settings, options)
    inputs = check_inputs(design.graph, x_train)
    count = len(next(iter(inputs.values())))
    goals = find_goals(design.graph, count, y_train, task)
    missing = [goal.output for goal in goals if goal.labels is None]
    if missing:
        raise DataError(f"the output {missing[0]!r} has no labels to train with. Give y_train for every output.")
    check_trainable(design, goals)
    train, valid = _split(goals, count, chosen)
    with work_folder() as folder:
        _write(folder, design, goals, chosen, teacher or design.graph, inputs, (train, valid))
        epochs = tuple(_run(folder, on_epoch or (lambda epoch: None), cancel))
        return FineTuned(design=_read(folder, design), epochs=epochs)


def _settings(settings: Settings | None, options: Mapping[str, Any]) -> Settings:
    if settings is not None and options:
        raise ConfigError("give either settings or single options, not both.")
    names = tuple(item.name for item in fields(Settings))
    for name in options:
        if name not in names:
            raise ConfigError(unknown_name("option", name, names, "fine_tune"))
    return settings or Settings(**options)


def _split(goals: Sequence[Goal], count: int, settings: Settings) -> tuple[Any, Any]:
    """Split samples into those that train and those that choose, with equal shares of the classes."""
    rng = np.random.default_rng(settings.seed)
    wanted = max(1, round(count * settings.validation))
    if count < FEWEST or wanted >= count:
        raise DataError(
            f"{count} training samples are too few: at least {FEWEST} are needed, and some must be left to train when "
            f"{wanted} of them choose the best epoch."
        )
    order = rng.permutation(count)
    groups = strata(goals, count)
    if groups is not None:
        # Each class in turn, so that the first ones hold the same shares as all.
        place = np.empty(count)
        for group in np.unique(groups):
            own = order[groups[order] == group]
            place[own] = (np.arange(len(own)) + 0.5) / len(own)
        order = order[np.argsort(place[order], kind="stable")]
    return np.sort(order[wanted:]), np.sort(order[:wanted])


def _write(
    folder: Path,
    design: Design,
    goals: Sequence[Goal],
    settings: Settings,
    teacher: Graph,
    inputs: Mapping[str, RealArray],
    rows: tuple[Any, Any],
) -> None:
    """Write what the process reads: inputs are cast already, and the teacher's values known."""
    heads = [logits_of(design.graph, goal) for goal in goals]
    for name in heads:
        if name not in teacher or teacher[name].shape != design.graph[name].shape:
            raise ConfigError(
                f"the teacher {teacher.name!r} has no layer {quoted(name)} of shape {design.graph[name].shape}."
            )
    bare = Graph(name=teacher.name, nodes=teacher.nodes, outputs=tuple(dict.fromkeys(heads)))
    found = dict(zip(bare.outputs, as_outputs(float_forward(bare, dict(inputs))), strict=True))
    plan = plan_design(design)
    arrays: dict[str, Any] = {}
    for name, x in inputs.items():
        arrays[f"x/{name}"] = to_float(plan.inputs[name].cast(x), plan.spans[name].fraction)
    np.savez(folder / "data.npz", **arrays, train=rows[0], valid=rows[1])
    with (folder / "job.pickle").open("wb") as file:
        pickle.dump((design, tuple(goals), settings, [found[name] for name in heads]), file)


def _run(folder: Path, on_epoch: OnEpoch, cancel: CancelEvent | None) -> Iterator[Epoch]:
    """Run the process and yield its epochs.

    Raises:
        CancelledError: If it was cancelled.
        ToolError: If it cannot be started or fails.
    """
    if find_spec("tensorflow") is None:
        raise ToolError("training needs TensorFlow. Install it with: pip install 'hlsexplore[train]'")
    threads = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    argv = [sys.executable, "-m", "hlsexplore.compress.worker", str(folder), str(threads)]
    with (folder / "errors.txt").open("wb") as errors:
        try:
            process = guard.start(argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=errors)
        except (OSError, ValueError) as error:
            raise ToolError(f"the training process cannot be started: {error}.") from None
        with _stopped_by(process, cancel):
            for line in process.process.stdout or ():
                epoch = Epoch(**json.loads(line))
                on_epoch(epoch)
                yield epoch
            answer = process.finish()
    if cancel is not None and cancel.is_set():
        raise CancelledError("the training was cancelled; the design and its network are as they were.")
    if answer.get("exit_code") != 0 or not (folder / "best.npz").is_file():
        lines = (folder / "errors.txt").read_bytes()[-ERROR_BYTES:].decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"exit code {answer.get('exit_code')}"
        raise ToolError(f"the training process ended early ({reason}); the design and its network are as they were.")


@contextmanager
def _stopped_by(process: guard.Guarded, cancel: CancelEvent | None) -> Iterator[None]:
    """End a process when an event is set, or when the block ends otherwise."""
    done = CancelEvent()

    def watch() -> None:
        while not done.wait(POLL_S):
            if cancel is not None and cancel.is_set():
                process.stop()
                return

    watcher = Thread(target=watch, name="hlsexplore-training", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        process.stop()
        process.finish()


def _read(folder: Path, design: Design) -> Design:
    """Read the trained weights."""
    names = [node.name for node in design.graph]
    values: dict[tuple[str, str], RealArray] = {}
    masks: dict[tuple[str, str], Any] = {}
    with np.load(folder / "best.npz") as found:
        for name in found.files:
            kind, number, key = name.split("/")
            (values if kind == "w" else masks)[names[int(number)], key] = found[name]
    kept: Masks = masks
    return tuned_design(design, values, kept)
