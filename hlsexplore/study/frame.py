"""Trials as a pandas DataFrame."""

from collections.abc import Sequence
from typing import Any

from hlsexplore.errors import ConfigError
from hlsexplore.study.trial import Trial


def to_frame(trials: Sequence[Trial]) -> Any:
    """Return trials as a DataFrame with a row for each: figures, then every type and knob as `layer.key`.

    Args:
        trials: The trials.

    Raises:
        ConfigError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ConfigError("a DataFrame needs pandas. Install it with: pip install pandas") from None
    return pandas.DataFrame([flat_row(trial) for trial in trials])


def flat_row(trial: Trial) -> dict[str, Any]:
    """Return a trial as one flat row: number, key, figures, target, types and knobs, status and note."""
    config = {f"{name}.{key}": value for name, items in trial.config["layers"].items() for key, value in items.items()}
    return {
        "number": trial.number,
        "design_key": trial.design_key,
        **trial.metrics,
        **trial.config["target"],
        **config,
        "status": str(trial.status),
        "samples": trial.samples,
        "error": trial.error,
        "origin": trial.origin,
        "wall_s": trial.wall_s,
        "note": trial.note,
    }
