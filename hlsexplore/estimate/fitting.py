"""Fit of the coefficients to measured designs: a robust ridge regression around the values at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.estimator import costs_of
from hlsexplore.estimate.record import DesignRecord
from hlsexplore.estimate.totals import columns_of, figures_at, layout_of, total_columns

Key = tuple[str, str, str]
Matrix = NDArray[np.float64]

FITTED = ("lut", "ff")
"""Figures whose coefficients are fitted; DSP, BRAM and timing follow from rules."""
TIMING = frozenset({"latency", "start", "axi_latency"})
"""Coefficients in cycles, set from module reports and not fitted."""
STEP = 0.05
RIDGE = 0.35
"""Weight of staying near the values at hand: a relative change of 1 costs as much as a row that is wrong by 59 %."""
OUTLIER = 0.3
"""Relative error at which a row counts half (Cauchy's weight); far ones hardly count."""
LARGEST_CHANGE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A measured design, or one layer of it.

    Attributes:
        design: The design.
        layer: Index of the layer that was measured, or None for the whole design.
        truth: Reported figures, those of `FITTED` and perhaps more.
        repository: Where it comes from; rows of one repository share a weight of 1.
    """

    design: DesignRecord
    layer: int | None
    truth: Mapping[str, float]
    repository: str


def predict(samples: Sequence[Sample], table: Coefficients) -> Matrix:
    """Estimate samples.

    Returns:
        Shape (samples, figures of `FITTED`); NaN where there is no model.
    """
    found = np.full((len(samples), len(FITTED)), np.nan)
    cache: dict[int, tuple[list[float | None], ...]] = {}
    for index, sample in enumerate(samples):
        key = id(sample.design)
        if key not in cache:
            cache[key] = _figures(sample.design, table)
        values = cache[key][-1 if sample.layer is None else sample.layer]
        found[index] = [np.nan if value is None else value for value in values]
    return found


def _figures(design: DesignRecord, table: Coefficients) -> tuple[list[float | None], ...]:
    """Fitted figures of each layer, and of the total last."""
    costs = costs_of(design, table)
    total = figures_at(total_columns(layout_of(design), columns_of(design.layers, costs), table))
    return (*([getattr(cost, key) for key in FITTED] for cost in costs), [getattr(total, key) for key in FITTED])


def parameters(table: Coefficients) -> list[Key]:
    """List the coefficients that a fit may change."""
    return [
        (model, tech, name)
        for model, tables in table.models.items()
        for tech, values in tables.items()
        for name, value in values.items()
        if value and name not in TIMING
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linearised:
    """Estimates of samples and how they change with each coefficient.

    Attributes:
        table: Coefficients at which they were computed.
        keys: Coefficients.
        base: Estimates, shape (samples, figures).
        slopes: Change of the estimates with the relative change of a coefficient, shape (samples, figures, keys).
    """

    table: Coefficients
    keys: list[Key]
    base: Matrix
    slopes: Matrix


def linearise(samples: Sequence[Sample], table: Coefficients) -> Linearised:
    """Differentiate the estimates of samples; the models are linear in nearly every coefficient."""
    base = predict(samples, table)
    keys, slopes = [], []
    for key in parameters(table):
        model, tech, name = key
        changed = table.changed({key: table.models[model][tech][name] * (1 + STEP)})
        slope = (predict(samples, changed) - base) / STEP
        if np.nanmax(np.abs(slope), initial=0.0) > 0:
            keys.append(key)
            slopes.append(slope)
    return Linearised(table=table, keys=keys, base=base, slopes=np.stack(slopes, axis=-1))


def fit(samples: Sequence[Sample], lines: Linearised, use: NDArray[np.bool_]) -> Coefficients:
    """Fit coefficients to some of the samples.

    Args:
        samples: Measured designs and layers.
        lines: Their linearised estimates.
        use: Which samples to fit, shape (samples,).

    Returns:
        The coefficients of `lines`, changed by at most 60 % each.
    """
    truth = np.array([[sample.truth.get(key, np.nan) for key in FITTED] for sample in samples], dtype=np.float64)
    scale = np.maximum(np.abs(truth), 50.0)
    error = (truth - lines.base) / scale
    slopes = lines.slopes / scale[..., None]
    valid = np.isfinite(error) & np.isfinite(slopes).all(axis=-1) & use[:, None]
    weight = np.sqrt(_repository_weights(samples, use))[:, None] * np.ones(len(FITTED))
    target, rows, weight = error[valid], slopes[valid], weight[valid]
    change = np.zeros(len(lines.keys))
    penalty = RIDGE * np.eye(len(lines.keys))
    for _ in range(12):
        rest = np.abs(target - rows @ change)
        factor = weight / np.sqrt(1.0 + (rest / OUTLIER) ** 2)
        matrix = np.vstack([rows * factor[:, None], penalty])
        change = np.linalg.lstsq(matrix, np.concatenate([target * factor, np.zeros(len(change))]), rcond=None)[0]
    change = np.clip(change, -LARGEST_CHANGE, LARGEST_CHANGE)
    models = lines.table.models
    return lines.table.changed(
        {key: models[key[0]][key[1]][key[2]] * (1 + float(step)) for key, step in zip(lines.keys, change, strict=True)}
    )


def _repository_weights(samples: Sequence[Sample], use: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give each repository the weight of the square root of its rows."""
    counts: dict[str, int] = {}
    for sample, used in zip(samples, use, strict=True):
        counts[sample.repository] = counts.get(sample.repository, 0) + int(used)
    return np.array([1.0 / max(counts[sample.repository], 1) ** 0.5 for sample in samples])
