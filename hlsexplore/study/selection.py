"""Choosing among stored trials: conditions and Pareto fronts."""

import re
from collections.abc import Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError, unknown_name
from hlsexplore.fixed import RealArray
from hlsexplore.merit import COSTS, DIRECTIONS
from hlsexplore.pareto import as_costs, hypervolume, pareto_front
from hlsexplore.study.store import Store
from hlsexplore.study.trial import Trial, direction

_CONDITION = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)\s*(<=|>=|==|!=|<|>)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*")
_OPERATORS = {"<=": le, ">=": ge, "==": eq, "!=": ne, "<": lt, ">": gt}


def matching(store: Store, where: Sequence[str] = ()) -> NDArray[np.int64]:
    """Return the numbers of the successful trials that meet all conditions.

    Args:
        store: The study's store.
        where: Conditions such as `lut<=50000` or `accuracy>0.9`; an unknown figure meets none.

    Raises:
        ConfigError: If a condition cannot be read.
    """
    columns, mask = _columns(store, (), where)
    numbers: NDArray[np.int64] = columns["number"][mask]
    return numbers


def front(store: Store, objectives: Sequence[str], where: Sequence[str] = ()) -> list[Trial]:
    """Return the trials on the Pareto front, sorted by the last objective, the best first.

    Args:
        store: The study's store.
        objectives: Figures whose direction is known, such as `accuracy`, `lut` or one of the study's own; others as
            `name:max` or `name:min`.
        where: Conditions that the trials must meet.

    Raises:
        ConfigError: If an objective or condition cannot be read.
    """
    names, directions = split_objectives(spelled(store, objectives), store.directions)
    columns, mask = _columns(store, names, where)
    values = np.column_stack([columns[name] for name in names])
    chosen = np.flatnonzero(pareto_front(values, directions, feasible=mask))
    costs = as_costs(values[chosen], directions)
    order = np.lexsort(costs.T)
    trials = {trial.number: trial for trial in store.trials(columns["number"][chosen].tolist())}
    return [trials[int(number)] for number in columns["number"][chosen[order]]]


def hypervolume_history(
    store: Store, objectives: Sequence[str], reference: Sequence[float] | None = None
) -> tuple[NDArray[np.int64], RealArray]:
    """Return how the front grew: the volume that it dominates after each trial that changed it.

    Args:
        store: The study's store.
        objectives: As in `front`.
        reference: A point worse than all that count; the worst value of each objective of all trials when None.

    Returns:
        Trial numbers and volumes; both empty without successful trials.

    Raises:
        ConfigError: If an objective cannot be read or the reference does not fit.
    """
    names, directions = split_objectives(spelled(store, objectives), store.directions)
    columns, mask = _columns(store, names, ())
    values, numbers = np.column_stack([columns[name] for name in names])[mask], columns["number"][mask]
    known = np.isfinite(values).all(axis=1)  # an infinite figure dominates no volume that could be counted
    values, numbers = values[known], numbers[known]
    if not len(values):
        return numbers, np.zeros(0)
    if reference is None:
        costs = as_costs(values, directions).max(axis=0, keepdims=True)
        reference = list(as_costs(costs, directions)[0])
    kept, found = values[:0], list[tuple[int, float]]()
    for number, row in zip(numbers.tolist(), values, strict=True):
        grown = np.vstack([kept, row])
        mask = pareto_front(grown, directions)
        if mask[-1]:
            kept = grown[mask]
            found.append((number, hypervolume(kept, directions, reference)))
    return np.array([number for number, _ in found], dtype=np.int64), np.array([volume for _, volume in found])


def spelled(store: Store, objectives: Sequence[str]) -> Sequence[str]:
    """Return objectives under the names of their figures: outputs may be said by the layer in the model file.

    Args:
        store: The study's store.
        objectives: As in `front`; whatever is no list stays, for `split_objectives` to tell.
    """
    known = store.spellings
    if isinstance(objectives, str) or not known:
        return objectives
    parts = [name.partition(":") for name in objectives]
    return tuple(f"{known.get(name, name)}{colon}{way}" for name, colon, way in parts)


def split_objectives(objectives: Sequence[str], known: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names and directions of objectives.

    Args:
        objectives: Figures, as in `front`.
        known: Figures whose direction is known.

    Raises:
        ConfigError: If there is none, one is unknown or one occurs twice.
    """
    if isinstance(objectives, str) or not objectives:
        raise ConfigError("a front needs a list of objectives, such as ('accuracy', 'lut').")
    names = tuple(name.partition(":")[0] for name in objectives)
    if len(set(names)) != len(names):
        raise ConfigError(f"an objective occurs twice: {', '.join(map(repr, names))}.")
    return names, tuple(direction(name, known) for name in objectives)


def parse_condition(text: str) -> tuple[str, Any, float]:
    """Read a condition such as `lut<=50000`.

    Raises:
        ConfigError: If it is none.

    Examples:
        >>> parse_condition("lut <= 5e4")[0::2]
        ('lut', 50000.0)
    """
    found = _CONDITION.fullmatch(text)
    try:
        if found is not None:
            return found[1], _OPERATORS[found[2]], float(found[3])
    except ValueError:
        pass
    raise ConfigError(f"{text!r} is no condition. Write one like 'lut<=50000' with one of {', '.join(DIRECTIONS)}.")


def _columns(
    store: Store, names: Sequence[str], where: Sequence[str]
) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
    known = store.spellings
    conditions = [(known.get(name, name), compare, bound) for name, compare, bound in map(parse_condition, where)]
    columns = store.columns(list(dict.fromkeys([*names, *(name for name, _, _ in conditions)])))
    mask: NDArray[np.bool_] = columns["is_ok"].copy()
    for name, compare, bound in conditions:
        _check_known(store, name, columns[name][columns["is_ok"]])
        mask &= compare(columns[name], bound) & ~np.isnan(columns[name])
    for name in names:
        _check_known(store, name, columns[name][columns["is_ok"]])
    return columns, mask


def _check_known(store: Store, name: str, values: NDArray[np.float64]) -> None:
    """Check that a figure without a value is one that trials may leave open: a cost, or one of the study.

    Raises:
        ConfigError: If it is another; lists the figures of the newest trial.
    """
    if not len(values) or not np.isnan(values).all() or name in COSTS:
        return
    newest = store.newest()
    known = [] if newest is None else [figure for figure, value in newest.metrics.items() if value is not None]
    if known and name not in known:
        raise ConfigError(unknown_name("figure", name, known, "This study"))
