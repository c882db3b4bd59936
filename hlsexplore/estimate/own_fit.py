"""A user's own coefficients: the shipped ones, moved to what the user's tool reported of the user's designs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.estimate.coefficients import Coefficients, shipped
from hlsexplore.estimate.fitting import FITTED, PREDICTED, Sample, fit, linearise, predict

LEAST_DESIGNS = 3
"""Designs without which a fit says more of them than of others."""


MAX_FOLDS = 10
"""Fits that leave designs out; with hundreds of designs one for each would take hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFit:
    """Coefficients, and how good they are.

    Attributes:
        coefficients: Fitted to all designs.
        errors: Median error of each fitted figure in percent: with the shipped coefficients, and with a fit to other
            designs: to all of them, of more than `MAX_FOLDS` to nine tenths.
        num_designs: Designs.
    """

    coefficients: Coefficients
    errors: Mapping[str, tuple[float, float]]
    num_designs: int


def fit_own(samples: Sequence[Sample]) -> OwnFit:
    """Fit coefficients to designs and their layers, near the shipped ones; constants of rules stay.

    Args:
        samples: Designs, and layers of them, that a tool reported; those of one `repository` are left out together.

    Raises:
        ConfigError: If there are fewer than three designs.
    """
    names = sorted({sample.repository for sample in samples if sample.layer is None})
    if len(names) < LEAST_DESIGNS:
        raise ConfigError(
            f"a fit needs the sources and reports of at least {LEAST_DESIGNS} hls4ml projects, and here are "
            f"{len(names)}. Leave out '--fit' to learn from these."
        )
    lines = linearise(samples, shipped())
    everything = np.ones(len(samples), dtype=bool)
    pairs: dict[str, list[tuple[float, float]]] = {figure: [] for figure in FITTED}
    for start in range(min(len(names), MAX_FOLDS)):
        fold = set(names[start::MAX_FOLDS])
        own: NDArray[np.bool_] = np.array([sample.repository in fold for sample in samples])
        _add_errors([sample for sample in samples if sample.repository in fold], fit(samples, lines, ~own), pairs)
    return OwnFit(
        coefficients=fit(samples, lines, everything),
        errors={
            figure: (float(np.median([one for one, _ in found])), float(np.median([two for _, two in found])))
            for figure, found in pairs.items()
            if found
        },
        num_designs=len(names),
    )


def _add_errors(samples: Sequence[Sample], table: Coefficients, pairs: dict[str, list[tuple[float, float]]]) -> None:
    """Add the errors of whole designs in percent, with the shipped and with other coefficients."""
    whole = [sample for sample in samples if sample.layer is None]
    before, after = predict(whole, shipped()), predict(whole, table)
    for index, sample in enumerate(whole):
        for figure in FITTED:
            column, truth = PREDICTED.index(figure), sample.truth.get(figure)
            if truth and np.isfinite(before[index, column]):
                one, two = (100 * abs(float(values[index, column]) / truth - 1) for values in (before, after))
                pairs[figure].append((one, two))
