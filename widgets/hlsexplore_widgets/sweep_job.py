"""A sweep that runs behind the panels: start, pause, resume, stop."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from hlsexplore.errors import CancelledError, ConfigError
from hlsexplore.search import SAMPLERS
from hlsexplore.study.sweep import SweepEvent
from hlsexplore_widgets.background_job import BackgroundJob
from hlsexplore_widgets.protocol_jobs import SweepOptionData
from hlsexplore_widgets.state import ExplorerState

Condition = Literal["idle", "running", "paused", "done", "stopped", "failed"]
SCOPES = (("uniform", "all layers alike"), ("per_layer", "layer by layer"))
REUSES = (("keep", "as it is"), ("uniform", "all layers alike"), ("per_layer", "layer by layer"))
REUSE_FACTORS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """What a sweep varies.

    Attributes:
        trials: Designs wanted.
        low: Fewest bits of weights and results.
        high: Most bits.
        scope: Whether all layers have the same bits, a key of `SCOPES`.
        reuse: Whether reuse varies, a key of `REUSES`.
        sampler: `auto` or a key of `SAMPLERS`.
    """

    trials: int = 200
    low: int = 4
    high: int = 16
    scope: str = "per_layer"
    reuse: str = "uniform"
    sampler: str = "auto"

    def space(self) -> dict[str, Any]:
        """Return the search space.

        Raises:
            ConfigError: If the bits are in the wrong order.
        """
        if not 1 <= self.low <= self.high <= 64:
            raise ConfigError(
                f"the sweep needs bits from 1 to 64, the lower number first, not {self.low} to {self.high}."
            )
        widths = list(range(self.low, self.high + 1))
        space: dict[str, Any] = {self.scope: {"weight": widths, "result": widths}}
        if self.reuse != "keep":
            space.setdefault(self.reuse, {})["reuse"] = list(REUSE_FACTORS)
        return space


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepStatus:
    """How far a sweep is.

    Attributes:
        condition: What it does.
        message: In words.
        fraction: Share that is done.
        remaining_s: Estimated time to the end, or None.
    """

    condition: Condition = "idle"
    message: str = ""
    fraction: float = 0.0
    remaining_s: float | None = None


class SweepJob(BackgroundJob[SweepOptions, SweepStatus]):
    """Runs sweeps of a state's study in a thread; mutable, for it starts and ends."""

    def __init__(self, state: ExplorerState) -> None:
        """Wait for a start."""
        super().__init__(SweepOptions(), SweepStatus(), self._tell)
        self._state = state
        self._pause = threading.Event()

    def choose(self, **options: Any) -> None:
        """Change options, given as in `SweepOptions`.

        Raises:
            ConfigError: If a value is not valid.
        """
        changed = replace(self._options, **options)
        _check(changed)
        self._options = changed
        self._state.notify("sweep")

    def start(self) -> None:
        """Start a sweep around the current design.

        Raises:
            ConfigError: If the options are not valid.
        """
        if self.is_active:
            return
        space, base = self._options.space(), self._state.design
        study = self._state.open_study()
        bound = study.bind(space, base)
        self._cancel, self._pause = threading.Event(), threading.Event()
        self._set(SweepStatus(condition="running", message="starting"))
        self._launch("sweep", self._run, study, bound)

    def toggle_pause(self) -> None:
        """Pause, or go on."""
        if self._status.condition == "running":
            self._pause.set()
            self._set(replace(self._status, condition="paused", remaining_s=None))
        elif self._status.condition == "paused":
            self._pause.clear()
            self._set(replace(self._status, condition="running"))

    def stop(self) -> None:
        """Stop; what was evaluated is kept."""
        self._cancel.set()

    def _run(self, study: Any, space: Any) -> None:
        try:
            options = self._options
            result = study.sweep(
                space,
                trials=min(options.trials, space.size),
                on_event=self._on_event,
                cancel=self._cancel,
                pause=self._pause,
                sampler=options.sampler,
            )
            text = f"{result.num_done:,} designs, {result.num_new:,} of them new" + (
                f", {result.num_failed:,} failed" if result.num_failed else ""
            )
            self._set(SweepStatus(condition="done", message=text, fraction=1.0))
        except CancelledError:
            self._set(
                replace(self._status, condition="stopped", message=f"stopped, {self._status.message}", remaining_s=None)
            )
        except Exception as error:
            self._set(replace(self._status, condition="failed", message="failed", remaining_s=None))
            with self._state.guard("the sweep"):
                raise error

    def _on_event(self, event: SweepEvent) -> None:
        failed = f", {event.num_failed:,} failed" if event.num_failed else ""
        best = ", ".join(f"best {name} {value:,.5g}" for name, value in event.best.items())
        text = f"{event.num_done:,} of {event.num_total:,} designs{failed} · front {event.num_front:,} · {best}"
        self._status = SweepStatus(
            condition=self._status.condition,
            message=text,
            fraction=event.fraction or 0.0,
            remaining_s=None if self._status.condition == "paused" else event.eta_s,
        )
        self._shown.poke()

    def _tell(self) -> None:
        self._state.notify("sweep")
        self._state.refresh_study()


def option_data(options: SweepOptions) -> SweepOptionData:
    """Return options and their choices for the browser."""
    samplers = [("auto", "automatic"), *((name, name) for name in SAMPLERS)]
    return {
        "trials": options.trials,
        "low": options.low,
        "high": options.high,
        "scope": options.scope,
        "reuse": options.reuse,
        "sampler": options.sampler,
        "choices": {"scope": SCOPES, "reuse": REUSES, "sampler": samplers},
    }


def _check(options: SweepOptions) -> None:
    valid: Mapping[str, list[str]] = {
        "scope": [name for name, _ in SCOPES],
        "reuse": [name for name, _ in REUSES],
        "sampler": ["auto", *SAMPLERS],
    }
    for name, names in valid.items():
        if getattr(options, name) not in names:
            raise ConfigError(
                f"the sweep has no {name} {getattr(options, name)!r}. Valid: {', '.join(map(repr, names))}."
            )
    if not 1 <= options.trials <= 1_000_000:
        raise ConfigError(f"a sweep takes 1 to 1,000,000 trials, not {options.trials}.")
