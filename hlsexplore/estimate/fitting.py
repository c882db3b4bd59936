"""Fit of the coefficients to measured designs: a robust ridge regression, and choices among values of rules."""

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
"""Figures whose coefficients are fitted by regression."""
CHOSEN = ("latency_cycles_max", "bram18")
"""Figures by which values of rules are chosen; DSP blocks follow from the weights alone."""
PREDICTED = FITTED + CHOSEN
_COST_KEYS = {"latency_cycles_max": "latency_max"}
STEP = 0.05
RIDGE = 0.35
"""Weight of staying near the values at hand: a relative change of 1 costs as much as a row that is wrong by 59 %."""
OUTLIER = 0.3
"""Relative error at which a row counts half (Cauchy's weight); far ones hardly count."""
LARGEST_CHANGE = 0.6
FAR = 0.5
"""Logarithm of an error beyond which a sample tells a choice of a rule's value no more."""
INEXACT = 0.05
"""What a figure that is not exact counts beside its error: a cycle of a thousand tells of a rule as well as one of
ten."""
GAIN = 0.003
"""Mean gain for which a choice leaves a value that comes earlier in its list, the first of which needs no evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A measured design, or one layer of it.

    Attributes:
        design: The design.
        layer: Index of the layer that was measured, or None for the whole design.
        truth: Reported figures, those of `PREDICTED` and perhaps more.
        repository: Where it comes from; rows of one repository share a weight of 1.
    """

    design: DesignRecord
    layer: int | None
    truth: Mapping[str, float]
    repository: str


class _Predictor:
    """Estimates of samples with other coefficients, redone only where they matter; lives for one `linearise`."""

    def __init__(self, samples: Sequence[Sample], table: Coefficients) -> None:
        self.samples, self.table = samples, table
        self.figures: dict[int, tuple[list[float | None], ...]] = {}
        self.used: dict[int, frozenset[str]] = {}
        for sample in samples:
            if id(sample.design) not in self.figures:
                own = table.changed({})
                self.figures[id(sample.design)] = _figures(sample.design, own)
                self.used[id(sample.design)] = own.used
        self.base = self._matrix(self.figures)

    def changed(self, values: Mapping[Key, float]) -> Matrix:
        """Estimate with some coefficients replaced, shape (samples, figures of `PREDICTED`)."""
        table, models = self.table.changed(values), {key[0] for key in values}
        found = dict(self.figures)
        done: set[int] = set()
        for sample in self.samples:
            key = id(sample.design)
            if key not in done and self.used[key] & models:
                found[key] = _figures(sample.design, table)
            done.add(key)
        return self._matrix(found)

    def _matrix(self, figures: Mapping[int, tuple[list[float | None], ...]]) -> Matrix:
        found = np.full((len(self.samples), len(PREDICTED)), np.nan)
        for index, sample in enumerate(self.samples):
            values = figures[id(sample.design)][-1 if sample.layer is None else sample.layer]
            found[index] = [np.nan if value is None else value for value in values]
        return found


def predict(samples: Sequence[Sample], table: Coefficients) -> Matrix:
    """Estimate samples.

    Returns:
        Shape (samples, figures of `PREDICTED`); NaN where there is no model.
    """
    return _Predictor(samples, table).base


def _figures(design: DesignRecord, table: Coefficients) -> tuple[list[float | None], ...]:
    """Predicted figures of each layer, and of the total last."""
    costs = costs_of(design, table)
    total = figures_at(total_columns(layout_of(design), columns_of(design, costs), table))
    layers = ([getattr(cost, _COST_KEYS.get(key, key)) for key in PREDICTED] for cost in costs)
    return (*layers, [getattr(total, key) for key in PREDICTED])


def parameters(table: Coefficients, choices: Mapping[Key, Sequence[float]]) -> list[Key]:
    """List the coefficients that the regression may change: all that are not chosen from a list."""
    return [
        (model, tech, name)
        for model, tables in table.models.items()
        for tech, values in tables.items()
        for name, value in values.items()
        if value and (model, tech, name) not in choices and not name.endswith(("_ns", "latency"))
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linearised:
    """Estimates of samples and how they change with each coefficient.

    Attributes:
        table: Coefficients at which they were computed.
        keys: Coefficients.
        base: Estimates, shape (samples, figures of `PREDICTED`).
        slopes: Change of the `FITTED` figures with the relative change of a coefficient, shape (samples, figures,
            keys).
        choices: Estimates of the `CHOSEN` figures with each other value of a rule, by key: value -> (samples, figures).
    """

    table: Coefficients
    keys: list[Key]
    base: Matrix
    slopes: Matrix
    choices: Mapping[Key, Mapping[float, Matrix]]


def linearise(
    samples: Sequence[Sample], table: Coefficients, choices: Mapping[Key, Sequence[float]] | None = None
) -> Linearised:
    """Differentiate the estimates of samples; the models are linear in nearly every coefficient.

    Args:
        samples: Measured designs and layers.
        table: Coefficients to start from.
        choices: Values that a rule's constant may take, those that need the least evidence first.
    """
    predictor, listed = _Predictor(samples, table), dict(choices or {})
    base = predictor.base
    keys, slopes = [], []
    count = len(FITTED)
    for key in parameters(table, listed):
        model, tech, name = key
        changed = predictor.changed({key: table.models[model][tech][name] * (1 + STEP)})
        slope = (changed - base)[:, :count] / STEP
        if np.nanmax(np.abs(slope), initial=0.0) > 0:
            keys.append(key)
            slopes.append(slope)
    options = {
        key: {value: predictor.changed({key: value})[:, count:] for value in values} for key, values in listed.items()
    }
    stacked = np.stack(slopes, axis=-1) if slopes else np.zeros((len(samples), count, 0))
    return Linearised(table=table, keys=keys, base=base, slopes=stacked, choices=options)


def fit(samples: Sequence[Sample], lines: Linearised, use: NDArray[np.bool_]) -> Coefficients:
    """Fit coefficients to some of the samples.

    Args:
        samples: Measured designs and layers.
        lines: Their linearised estimates.
        use: Which samples to fit, shape (samples,).

    Returns:
        The coefficients of `lines`, changed by at most 60 % each, and the values of rules that suit the samples; a rule
        that none of them tells anything of has the first value of its list.
    """
    count = len(FITTED)
    truth = _truth(samples, FITTED)
    scale = np.maximum(np.abs(truth), 50.0)
    error = (truth - lines.base[:, :count]) / scale
    slopes = lines.slopes / scale[..., None]
    valid = np.isfinite(error) & np.isfinite(slopes).all(axis=-1) & use[:, None]
    weight = np.sqrt(_repository_weights(samples, use))[:, None] * np.ones(count)
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
    found = {
        key: models[key[0]][key[1]][key[2]] * (1 + float(step)) for key, step in zip(lines.keys, change, strict=True)
    }
    return lines.table.changed(found | choose(samples, lines, use))


def choose(samples: Sequence[Sample], lines: Linearised, use: NDArray[np.bool_]) -> dict[Key, float]:
    """Choose the value of each rule's constant, the others as they are in `lines`."""
    truth = _truth(samples, CHOSEN)
    weight = _repository_weights(samples, use)[:, None]
    found = {}
    for key, options in lines.choices.items():
        stack = np.stack(list(options.values()))
        told = np.isfinite(truth) & np.isfinite(stack).all(axis=0) & use[:, None] & (np.ptp(stack, axis=0) > 0)
        values = list(options)
        best, least = values[0], np.inf
        for value, estimate in options.items():
            miss = np.minimum(np.abs(np.log((estimate + 1) / (truth + 1))), FAR) + INEXACT * (
                np.abs(estimate - truth) > 0.5
            )
            loss = float(np.sum(np.where(told, miss, 0.0) * weight) / max(np.sum(told * weight), 1e-9))
            if loss < least - GAIN:
                best, least = value, loss
        found[key] = best
    return found


def _truth(samples: Sequence[Sample], figures: Sequence[str]) -> Matrix:
    return np.array([[sample.truth.get(key, np.nan) for key in figures] for sample in samples], dtype=np.float64)


def _repository_weights(samples: Sequence[Sample], use: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Give each repository the weight of the square root of its rows."""
    counts: dict[str, int] = {}
    for sample, used in zip(samples, use, strict=True):
        counts[sample.repository] = counts.get(sample.repository, 0) + int(used)
    return np.array([1.0 / max(counts[sample.repository], 1) ** 0.5 for sample in samples])
