"""Fine-tuning behind the panels: one design, or the best of the front in turn; every result is stored at once."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hlsexplore.compress import Epoch, FineTuned, Settings, fine_tune_all
from hlsexplore.compress.fine_tune import shared_note
from hlsexplore.data import load_data
from hlsexplore.design import Design
from hlsexplore.errors import CancelledError, ConfigError
from hlsexplore.study.study import Study
from hlsexplore.study.trial import Trial
from hlsexplore_widgets.background_job import BackgroundJob
from hlsexplore_widgets.figures.edges import figure_text
from hlsexplore_widgets.figures.training import Curve
from hlsexplore_widgets.protocol_jobs import TuneOptionData
from hlsexplore_widgets.scoring import headlines
from hlsexplore_widgets.state import ExplorerState

Condition = Literal["idle", "running", "done", "stopped", "failed"]
USUAL = Settings()
"""How a training goes unless it is told otherwise."""
BEST = 10
"""Designs of a front that are trained in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """How to train.

    Attributes:
        epochs: Passes over the training samples, at most.
        learning_rate: Step at the beginning.
        distill: Share of the loss that compares with the float network's outputs.
        mixed: Samples that are made of each training sample.
        minutes: Time for the designs of a front.
    """

    epochs: int = USUAL.epochs
    learning_rate: float = USUAL.learning_rate
    distill: float = USUAL.distill
    mixed: int = USUAL.mixed
    minutes: float = 10.0

    def settings(self) -> Settings:
        """Return them as a training takes them.

        Raises:
            ConfigError: If a value is out of its range.
        """
        if not 0 < self.minutes <= 10_000:
            raise ConfigError(f"the time for a front must be above 0 and at most 10,000 minutes, not {self.minutes:g}.")
        return Settings(epochs=self.epochs, learning_rate=self.learning_rate, distill=self.distill, mixed=self.mixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneStatus:
    """How far a training is.

    Attributes:
        condition: What it does.
        message: In words.
        fraction: Share that is done.
    """

    condition: Condition = "idle"
    message: str = ""
    fraction: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What to train with."""

    train: tuple[Any, Any] | None = None
    path: str = ""
    warning: str = ""


class TuneJob(BackgroundJob[TuneOptions, TuneStatus]):
    """Trains designs of a state in a thread; mutable, for it starts and ends."""

    def __init__(self, state: ExplorerState, train: tuple[Any, Any] | None = None) -> None:
        """Wait for a start.

        Args:
            state: The state.
            train: Training samples and labels.

        Raises:
            DataError: If the samples do not fit the network.
        """
        super().__init__(TuneOptions(), TuneStatus(), lambda: state.notify("tune"))
        self._state = state
        self._given = _Given()
        self._curve = Curve()
        self._stop = threading.Event()
        if train is not None:
            self.take(*train)

    @property
    def train(self) -> tuple[Any, Any] | None:
        """Training samples and labels, or None."""
        return self._given.train

    @property
    def path(self) -> str:
        """The file that they were read from, if it was one."""
        return self._given.path

    @property
    def warning(self) -> str:
        """What is wrong with the training samples, or an empty text."""
        return self._given.warning

    @property
    def curve(self) -> Curve:
        """The training that runs, or the last one."""
        return self._curve

    def take(self, x: Any, y: Any, path: str = "") -> None:
        """Take training samples and labels.

        Raises:
            DataError: If the samples do not fit the network.
        """
        evaluator = self._state.evaluator
        self._given = _Given(train=(x, y), path=path, warning=shared_note(x, evaluator.data.x, evaluator.graph))
        self._state.notify("tune")

    def open(self, path: str) -> None:
        """Read training samples and labels from a file.

        Raises:
            DataError: If it cannot be read, has no labels or does not fit.
        """
        graph = self._state.graph
        data = load_data(str(Path(path).expanduser()), graph.inputs, graph.output_spellings)
        self.take(data.x, data.labels, path)

    def choose(self, **options: Any) -> None:
        """Change options, given as in `TuneOptions`.

        Raises:
            ConfigError: If a value is not valid.
        """
        changed = replace(self._options, **options)
        changed.settings()
        self._options = changed
        self._state.notify("tune")

    def start(self, of_front: bool = False) -> None:
        """Train the current design, or the best of the study's front in turn.

        Raises:
            ConfigError: If there is nothing to train with or nothing to train.
        """
        if self.is_active:
            return
        if self.train is None:
            raise ConfigError("fine-tuning needs training data: give the path of an .npz file with x and y.")
        settings = self._options.settings()
        designs = self._front() if of_front else (self._state.design,)
        self._cancel, self._stop = threading.Event(), threading.Event()
        self._set(TuneStatus(condition="running", message="loading TensorFlow"))
        self._launch("tune", self._run, designs, settings, of_front)

    def stop(self) -> None:
        """End after the current epoch, with what is best so far."""
        self._stop.set()

    def cancel(self) -> None:
        """Give up the training that runs; results before it are kept."""
        self._cancel.set()

    def _front(self) -> tuple[Design, ...]:
        """Return the designs to train: spread over the front of the figure of merit and LUTs.

        Raises:
            ConfigError: If the study has no front.
        """
        study = self._state.study
        name = headlines(self._state.evaluator)[0].name
        front = [] if study is None else study.front((name, "lut"))
        if study is None or not front:
            raise ConfigError("there is no front yet. Start a sweep, or fine-tune the design on the screen.")
        front.sort(key=lambda trial: trial.metrics["lut"] or 0.0)
        places = np.unique(np.linspace(0, len(front) - 1, min(BEST, len(front))).round().astype(int))
        return tuple(study.design(front[place]) for place in places)

    def _run(self, designs: Sequence[Design], settings: Settings, of_front: bool) -> None:
        state = self._state
        found: list[tuple[Trial, Trial]] = []
        try:
            study = state.open_study()
            trials = [study.evaluate(design) for design in designs]
            self._begin(study, trials[0])

            def on_epoch(epoch: Epoch) -> None:
                if epoch.number == 0 and found:
                    self._begin(study, trials[len(found)])
                self._curve = replace(self._curve, epochs=(*self.curve.epochs, epoch))
                self._tell(epoch, settings, len(found), len(designs))

            def on_tuned(tuned: FineTuned) -> None:
                trial = study.evaluate(tuned.design)
                found.append((trials[len(found)], trial))
                self._curve = replace(self._curve, after=trial.metrics.get(self._curve.metric))
                state.refresh_study()
                if not of_front and state.design == designs[0]:
                    state.load(tuned.design)

            fine_tune_all(
                designs,
                *(self.train or (None, None)),
                budget_s=60 * self._options.minutes,
                task={goal.output: goal.task for goal in state.evaluator.goals},
                settings=settings,
                on_epoch=on_epoch,
                on_tuned=on_tuned,
                cancel=self._cancel,
                stop=self._stop,
            )
            self._set(TuneStatus(condition="done", message=self._result(found, len(designs)), fraction=1.0))
        except CancelledError:
            kept = f"; {len(found)} results before it are kept" if found else ""
            self._set(TuneStatus(condition="stopped", message=f"cancelled{kept}"))
        except Exception as error:
            self._set(TuneStatus(condition="failed", message="failed"))
            with state.guard("fine-tuning"):
                raise error

    def _begin(self, study: Study, trial: Trial) -> None:
        metric = headlines(study.evaluator)[0].name
        self._curve = Curve(
            metric=metric, float_value=study.evaluator.float_metrics.get(metric), before=trial.metrics.get(metric)
        )

    def _tell(self, epoch: Epoch, settings: Settings, done: int, total: int) -> None:
        of = f"design {done + 1} of {total} · " if total > 1 else ""
        loss = "" if epoch.loss is None else f"loss {epoch.loss:.4g} · "
        kept = f" · {epoch.density:.0%} of the weights" if epoch.density < 1 else ""
        score = figure_text(self._curve.metric, epoch.score)
        text = f"{of}epoch {epoch.number} of {settings.epochs} · {loss}validation {score}{kept}"
        share = (done + epoch.number / settings.epochs) / total
        self._status = TuneStatus(condition="running", message=text, fraction=share)
        self._shown.poke()

    def _result(self, found: Sequence[tuple[Trial, Trial]], wanted: int) -> str:
        metric = self._curve.metric
        if wanted > 1:
            better = sum((after.metrics[metric] or 0) > (before.metrics[metric] or 0) for before, after in found)
            short = f" of {wanted} in the time" if len(found) < wanted else ""
            return f"{len(found)} designs{short}, {better} with more {metric}; they are trials of the study"
        before, after = found[0]
        return (
            f"{metric} {_shown(metric, before)} → {_shown(metric, after)}, "
            f"LUT {before.metrics['lut'] or 0:,.0f} → {after.metrics['lut'] or 0:,.0f}: trial {after.number}, "
            "a new network of this study; Undo goes back"
        )


def option_data(options: TuneOptions, density: float) -> TuneOptionData:
    """Return options for the browser, with the percentage of the weights that pruning leaves."""
    return {
        "epochs": options.epochs,
        "learning_rate": options.learning_rate,
        "distill": options.distill,
        "mixed": options.mixed,
        "minutes": options.minutes,
        "density": density,
    }


def option_of(key: str, value: Any) -> Mapping[str, Any]:
    """Return an option as the browser sends it.

    Raises:
        ConfigError: If there is no such option, or the value is no number.
    """
    whole = {"epochs", "mixed"}
    if key not in {item.name for item in fields(TuneOptions)}:
        raise ConfigError(f"fine-tuning has no option {key!r}.")
    try:
        return {key: int(value) if key in whole else float(value)}
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{key}: a number is needed, not {value!r}.") from None


def _shown(metric: str, trial: Trial) -> str:
    value = trial.metrics.get(metric)
    return "?" if value is None else figure_text(metric, value)
