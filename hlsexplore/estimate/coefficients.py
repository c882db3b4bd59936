"""The fitted numbers of the models, kept apart from the formulas in `coefficients.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from hlsexplore.errors import NoModelError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coefficients:
    """Coefficients of every model, by technology.

    Attributes:
        models: Model -> technology or `default` -> name -> value.
        provenance: Where they come from: rows, tools, date of the fit, errors.
    """

    models: Mapping[str, Mapping[str, Mapping[str, float]]]
    provenance: Mapping[str, Any] = field(default_factory=dict)
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
        return Coefficients(models=models, provenance=self.provenance)


def read_coefficients(path: Path) -> Coefficients:
    """Read a coefficient file, over the shipped models that it lacks."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Coefficients(models={**shipped().models, **data["models"]}, provenance=data.get("provenance", {}))


@lru_cache(maxsize=1)
def shipped() -> Coefficients:
    """Return the coefficients that come with the package."""
    folder = files("hlsexplore.estimate")
    hls, rtl = (
        tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in ("coefficients.toml", "rtl.toml")
    )
    return Coefficients(models=hls["models"] | rtl["models"], provenance=hls.get("provenance", {}))
