"""The fitted numbers of the models, kept apart from the formulas in `coefficients.toml`."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError, NoModelError
from hlsexplore.estimate.calibration import calibration_path
from hlsexplore.support.files import read_text, reason_of

MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coefficients:
    """Coefficients of every model, by technology.

    Attributes:
        models: Model -> technology or `default` -> name -> value.
        provenance: Where they come from: rows, tools, date of the fit, errors.
        name: Digest of a user's own file; empty for those that come with the package.
    """

    models: Mapping[str, Mapping[str, Mapping[str, float]]]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    _merged: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict, repr=False)

    def of(self, model: str, technology: str) -> Mapping[str, float]:
        """Return the coefficients of a model: those of the technology over the defaults.

        Raises:
            NoModelError: If there is no such model.
        """
        key = (model, technology)
        if key not in self._merged:
            if model not in self.models:
                raise NoModelError(f"there are no coefficients for the model {model!r}.")
            tables = self.models[model]
            self._merged[key] = {**tables.get("default", {}), **tables.get(technology, {})}
        return self._merged[key]

    @property
    def used(self) -> frozenset[str]:
        """Models that were asked for since this table was made."""
        return frozenset(model for model, _ in self._merged)

    def changed(self, values: Mapping[tuple[str, str, str], float]) -> "Coefficients":
        """Return coefficients with some values replaced; keys are (model, technology, name)."""
        models = {model: {tech: dict(items) for tech, items in tables.items()} for model, tables in self.models.items()}
        for (model, tech, name), value in values.items():
            models[model].setdefault(tech, {})[name] = value
        return Coefficients(models=models, provenance=self.provenance, name=self.name)


def read_coefficients(path: Path) -> Coefficients:
    """Read a coefficient file, over the shipped models that it lacks.

    Raises:
        ConfigError: If it cannot be read, or is none.
    """
    try:
        text = read_text(path, MAX_BYTES)
        data = tomllib.loads(text)
        own = {
            model: {tech: {name: float(value) for name, value in values.items()} for tech, values in tables.items()}
            for model, tables in data["models"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"the coefficients {str(path)!r} cannot be read ({reason_of(error)}). Write them anew with "
            "'hlsexplore calibrate FOLDER --fit', or delete the file."
        ) from None
    name = blake2b(text.encode(), digest_size=8).hexdigest()
    return Coefficients(models={**shipped().models, **own}, provenance=data.get("provenance", {}), name=name)


def coefficients_path() -> Path:
    """Return where the user's own coefficients live: `HLSEXPLORE_COEFFICIENTS`, else beside the calibration."""
    given = os.environ.get("HLSEXPLORE_COEFFICIENTS")
    return Path(given) if given else calibration_path().with_name("coefficients.toml")


def own_coefficients() -> Coefficients | None:
    """Return the user's own coefficients; None where there is no such file.

    Raises:
        ConfigError: If the file cannot be read.
    """
    path = coefficients_path()
    return read_coefficients(path) if path.exists() else None


@lru_cache(maxsize=1)
def shipped() -> Coefficients:
    """Return the coefficients that come with the package."""
    folder = files("hlsexplore.estimate")
    hls, rtl = (
        tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in ("coefficients.toml", "rtl.toml")
    )
    return Coefficients(models=hls["models"] | rtl["models"], provenance=hls.get("provenance", {}))
