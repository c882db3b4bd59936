"""Training in the loop: lost accuracy is trained back in a process of its own (docs/compression.md)."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from threading import Event as CancelEvent
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.compress.job import STOP, Epoch, Settings
from hlsexplore.compress.trainable import Masks, check_trainable, logits_of, tuned_design
from hlsexplore.design import Design, check_design
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
LOG_LINE = re.compile(r"WARNING: All log messages before|[IWE]\d{4,} ")
"""What TensorFlow logs, whatever its level of logging, is no reason why it ended."""
Rows = NDArray[np.int64]
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
    stop: CancelEvent | None = None,
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
        cancel: Set it from another thread to give up.
        stop: Set it from another thread to end after the current epoch, with what is best so far.
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
    check_design(design)
    job = make_job(design, x_train, y_train, task=task, teacher=teacher, settings=_settings(settings, options))
    with Trainer() as trainer:
        return trainer.train(job, on_epoch or (lambda epoch: None), cancel, stop)


def fine_tune_all(
    designs: Sequence[Design],
    x_train: Inputs,
    y_train: Any,
    *,
    budget_s: float,
    task: Any = None,
    settings: Settings | None = None,
    on_epoch: OnEpoch | None = None,
    on_tuned: Callable[[FineTuned], None] | None = None,
    cancel: CancelEvent | None = None,
    stop: CancelEvent | None = None,
) -> tuple[FineTuned, ...]:
    """Train several designs in turn, such as the best of a front, in one process and within a time.

    Args:
        designs: What to train, the most wanted first.
        x_train: Training samples as for `fine_tune`.
        y_train: Their labels.
        budget_s: Time for all; no training begins after it, and the one that runs then is finished.
        task: What the outputs are for, as for `Study`.
        settings: How to train; the default when None.
        on_epoch: Gets every epoch of every training; a new one begins with epoch 0.
        on_tuned: Gets every result as soon as it is there.
        cancel: Set it from another thread to give up.
        stop: Set it from another thread to end after the current epoch; no further training begins.

    Returns:
        What came of those that were trained, in order; the first one always is.

    Raises:
        DataError, UnsupportedError, ToolError, CancelledError: As `fine_tune`.
    """
    end = time.monotonic() + budget_s
    chosen = settings or Settings()
    jobs = [make_job(item, x_train, y_train, task=task, teacher=None, settings=chosen) for item in designs]
    found: list[FineTuned] = []
    with Trainer() as trainer:
        for job in jobs:
            if found and (time.monotonic() >= end or (stop is not None and stop.is_set())):
                break
            found.append(trainer.train(job, on_epoch or (lambda epoch: None), cancel, stop))
            if on_tuned is not None:
                on_tuned(found[-1])
    return tuple(found)


def num_shared(x_train: Inputs, x: Inputs, graph: Graph) -> int:
    """Count the evaluation samples that are among the training samples: what is found on them flatters.

    Args:
        x_train: Training samples.
        x: Evaluation samples.
        graph: The network that takes both.
    """
    train, check = _rows(x_train, graph), _rows(x, graph)
    seen = set(train)
    return sum(row in seen for row in check)


def shared_note(x_train: Inputs, x: Inputs, graph: Graph) -> str:
    """Warn when evaluation samples train too; an empty text if none does. Arguments as for `num_shared`.

    Samples are compared as float32, so that a copy in another precision is still the same one.
    """
    shared = num_shared(x_train, x, graph)
    train, check = (len(next(iter(check_inputs(graph, item).values()))) for item in (x_train, x))
    if not shared:
        return ""
    of = "all" if shared == check else f"{shared:,} of the"
    return (
        f"{of} {check:,} evaluation samples are among the {train:,} training samples: their figures flatter. "
        "Keep some samples apart that train nothing."
    )


def _rows(x: Inputs, graph: Graph) -> list[bytes]:
    arrays = [values.reshape(len(values), -1) for values in check_inputs(graph, x).values()]
    whole = np.concatenate(arrays, axis=1).astype(np.float32) + np.float32(0)  # -0 is 0
    return [row.tobytes() for row in whole]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingJob:
    """A training that was checked.

    Attributes:
        design: What to train.
        goals: Tasks and labels of its outputs.
        inputs: Training samples by input.
        rows: Numbers of the samples that train, and of those that choose the best epoch.
        teacher: The network that the loss compares with.
        settings: How to train.
    """

    design: Design
    goals: tuple[Goal, ...]
    inputs: Mapping[str, RealArray]
    rows: tuple[Rows, Rows]
    teacher: Graph
    settings: Settings


def make_job(
    design: Design, x_train: Inputs, y_train: Any, *, task: Any, teacher: Graph | None, settings: Settings
) -> TrainingJob:
    """Check what `fine_tune` gets, and make a job of it."""
    inputs = check_inputs(design.graph, x_train)
    count = len(next(iter(inputs.values())))
    goals = find_goals(design.graph, count, y_train, task)
    missing = [goal.output for goal in goals if goal.labels is None]
    if missing:
        name = "y" if len(goals) == 1 else f"y_{missing[0]}"
        raise DataError(
            f"the output {missing[0]!r} has no labels to train with. Give y_train for every output; a file holds "
            f"them as {name!r}."
        )
    check_trainable(design, goals)
    for goal in goals:
        name = logits_of(design.graph, goal)
        shape = design.graph[name].shape
        if teacher is not None and (name not in teacher or teacher[name].shape != shape):
            raise ConfigError(f"the teacher {teacher.name!r} has no layer {quoted(name)} of shape {shape}.")
    rows = _split(goals, count, settings)
    return TrainingJob(
        design=design, goals=goals, inputs=inputs, rows=rows, teacher=teacher or design.graph, settings=settings
    )


def _settings(settings: Settings | None, options: Mapping[str, Any]) -> Settings:
    if settings is not None and options:
        raise ConfigError("give either settings or single options, not both.")
    names = tuple(item.name for item in fields(Settings))
    for name in options:
        if name not in names:
            raise ConfigError(unknown_name("option", name, names, "fine_tune"))
    return settings or Settings(**options)


def _split(goals: Sequence[Goal], count: int, settings: Settings) -> tuple[Rows, Rows]:
    """Split samples into those that train and those that choose, with equal shares of the classes."""
    rng = np.random.default_rng(settings.seed)
    wanted = max(1, round(count * settings.validation))
    if count < FEWEST or wanted >= count:
        few = f"{count:,} training {'sample is' if count == 1 else 'samples are'} too few"
        if count < FEWEST:
            raise DataError(f"{few}: at least {FEWEST} are needed.")
        taken = f"validation={settings.validation:g} leaves none to train"
        raise DataError(f"{few}: {taken}. A share of 0.15 takes {max(1, round(0.15 * count)):,} of them.")
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


def _write(folder: Path, job: TrainingJob) -> None:
    """Write what the process reads: inputs are cast already, and the teacher's values known."""
    design, teacher = job.design, job.teacher
    heads = [logits_of(design.graph, goal) for goal in job.goals]
    bare = Graph(name=teacher.name, nodes=teacher.nodes, outputs=tuple(dict.fromkeys(heads)))
    inputs = _with_mixed(job)
    found = dict(zip(bare.outputs, as_outputs(float_forward(bare, inputs)), strict=True))
    plan = plan_design(design)
    arrays: dict[str, Any] = {}
    for name, x in inputs.items():
        arrays[f"x/{name}"] = to_float(plan.inputs[name].cast(x), plan.spans[name].fraction)
    count, total = (len(next(iter(items.values()))) for items in (job.inputs, inputs))
    train = np.concatenate([job.rows[0], np.arange(count, total)])
    np.savez(folder / "data.npz", **arrays, train=train, valid=job.rows[1], num_labelled=np.int64(count))
    with (folder / "job.pickle").open("wb") as file:
        pickle.dump((design, job.goals, job.settings, [found[name] for name in heads]), file)


def _with_mixed(job: TrainingJob) -> dict[str, RealArray]:
    """Return the samples, and behind them weighted means of two of those that train."""
    if not job.settings.mixed:
        return dict(job.inputs)
    rng = np.random.default_rng([job.settings.seed, 1])
    count = job.settings.mixed * len(job.rows[0])
    first, second = job.rows[0][rng.integers(len(job.rows[0]), size=(2, count))]
    share = rng.random(count)
    found: dict[str, RealArray] = {}
    for name, x in job.inputs.items():
        part = share.reshape(-1, *(1 for _ in x.shape[1:]))
        found[name] = np.concatenate([x, part * x[first] + (1 - part) * x[second]])
    return found


class Trainer:
    """The process that trains; starting it once for several trainings saves loading TensorFlow. Ends with its block.

    It is mutable because it is a process.
    """

    def __init__(self) -> None:
        """Make a trainer; the process starts with the block."""
        self._process: guard.Guarded | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "Trainer":
        """Start the process.

        Raises:
            ToolError: If TensorFlow is missing or the process cannot be started.
        """
        if find_spec("tensorflow") is None:
            raise ToolError("training needs TensorFlow. Install it with: pip install 'hlsexplore[train]'")
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        paths = os.pathsep.join(path for path in sys.path if path)
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": paths}
        argv = [sys.executable, "-m", "hlsexplore.compress.worker", str(threads)]
        self._folder = self._stack.enter_context(work_folder())
        errors = self._stack.enter_context((self._folder / "errors.txt").open("wb"))
        try:
            self._process = guard.start(
                argv, cwd=self._folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        except (OSError, ValueError) as error:
            self._stack.close()
            raise ToolError(f"the training process cannot be started: {error}.") from None
        return self

    def __exit__(self, *error: object) -> None:
        """End the process."""
        if self._process is not None:
            self._process.stop()
            self._process.finish()
            self._process = None
        self._stack.close()

    def train(
        self, job: TrainingJob, on_epoch: OnEpoch, cancel: CancelEvent | None, stop: CancelEvent | None = None
    ) -> FineTuned:
        """Train a job.

        Args:
            job: What to train.
            on_epoch: Gets every epoch.
            cancel: Set it from another thread to end the process.
            stop: Set it from another thread to end after the current epoch, with what is best so far.

        Raises:
            CancelledError: If `cancel` was set.
            ToolError: If the process fails.
        """
        process = self._process
        if process is None:
            raise ToolError("the trainer is not running; use it in a with block.")
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        _write(folder, job)
        epochs: list[Epoch] = []
        is_done = False
        with _stopped_by(process, cancel, stop, folder / STOP):
            stream = process.process.stdin
            if stream is not None:
                with suppress(OSError):
                    stream.write(json.dumps(str(folder)).encode() + b"\n")
                    stream.flush()
            for line in process.process.stdout or ():
                said = json.loads(line)
                if said is None:
                    is_done = True
                    break
                epochs.append(Epoch(**said))
                on_epoch(epochs[-1])
        if cancel is not None and cancel.is_set():
            raise CancelledError("the training was cancelled; the design and its network are as they were.")
        if not is_done:
            raise ToolError(self._failure(process))
        return FineTuned(design=_read(folder, job.design), epochs=tuple(epochs))

    def _failure(self, process: guard.Guarded) -> str:
        code = process.finish().get("exit_code")
        text = (self._folder / "errors.txt").read_bytes()[-ERROR_BYTES:].decode(errors="replace").strip()
        said = [line for line in text.splitlines() if line.strip() and not LOG_LINE.match(line)]
        reason = said[-1] if said else f"exit code {code}"
        if code == -signal.SIGKILL:
            reason = "it was killed; the machine may be out of memory"
        return f"the training process ended early ({reason}); the design and its network are as they were."


@contextmanager
def _stopped_by(
    process: guard.Guarded, cancel: CancelEvent | None, stop: CancelEvent | None, word: Path
) -> Iterator[None]:
    """End a process when `cancel` is set, or when the block ends with an error; write a file when `stop` is set."""
    done = CancelEvent()

    def watch() -> None:
        while not done.wait(POLL_S):
            if stop is not None and stop.is_set():
                word.touch()
            if cancel is not None and cancel.is_set():
                process.stop()
                return

    watcher = Thread(target=watch, name="hlsexplore-training", daemon=True)
    watcher.start()
    try:
        yield
    except BaseException:
        process.stop()
        raise
    finally:
        done.set()
        watcher.join()


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
