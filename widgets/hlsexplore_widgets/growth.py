"""How the front of very many trials grew."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.pareto import as_costs, hypervolume, pareto_front
from hlsexplore_widgets.catalog import Catalog

LOOKS = 200
"""Times at which the front is looked at: the figure has hardly more pixels."""


def front_growth(catalog: Catalog, objectives: Sequence[str]) -> tuple[NDArray[np.int64], RealArray]:
    """Return trial numbers and the volume that the front dominates after them, like `Study.hypervolume_history`.

    Args:
        catalog: The trials.
        objectives: Two figures; volumes of more take very long for large fronts.
    """
    names = [objective.partition(":")[0] for objective in objectives]
    directions = [catalog.direction(name) for name in names]
    columns = catalog.columns
    values = np.column_stack([columns[name].astype(np.float64) for name in names])
    counts = columns["is_ok"].astype(bool) & np.isfinite(values).all(axis=1)
    values, numbers = values[counts], columns["number"][counts].astype(np.int64)
    if not len(values):
        return numbers, np.zeros(0)
    worst = as_costs(as_costs(values, directions).max(axis=0, keepdims=True), directions)[0]
    ends = np.unique(np.linspace(1, len(values), LOOKS).astype(int))
    front, volumes, start = values[:0], list[float](), 0
    for end in ends.tolist():
        front = np.vstack([front, values[start:end]])
        front = front[pareto_front(front, directions)]
        volumes.append(hypervolume(front, directions, worst))
        start = end
    return numbers[ends - 1], np.array(volumes)
