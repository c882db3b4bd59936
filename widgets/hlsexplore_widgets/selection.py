"""Which trials a user looks at: brushed ranges, conditions that are written down, and trials that were put aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ConfigError
from hlsexplore.estimate.devices import Device
from hlsexplore_widgets.catalog import Catalog
from hlsexplore_widgets.constraints import Constraint, met
from hlsexplore_widgets.figures.knobs import knob_table
from hlsexplore_widgets.figures.parallel import within

Ranges = Mapping[str, Sequence[Sequence[float]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """A choice of trials; everything at first.

    Attributes:
        ranges: Brushed ranges by figure or knob.
        excluded: Numbers of trials that were put aside.
        where: Conditions that trials must meet.
        part: The part that they must fit, where a condition asks for that.
    """

    ranges: Ranges = field(default_factory=dict)
    excluded: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    where: tuple[Constraint, ...] = ()
    part: Device | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no trial is left out."""
        return not self.ranges and not len(self.excluded) and not self.where


def kept(selection: Selection, catalog: Catalog) -> NDArray[np.bool_] | None:
    """Return which trials are neither outside the ranges nor put aside, in the order of the columns; None for all."""
    if selection.is_everything:
        return None
    return _present(selection, catalog) & _inside(selection.ranges, catalog)


def present(selection: Selection, catalog: Catalog) -> NDArray[np.bool_]:
    """Return which trials meet the conditions and were not put aside, whatever is brushed."""
    return _present(selection, catalog)


def keep(selection: Selection, catalog: Catalog) -> Selection:
    """Put everything aside that is outside the ranges, and take the ranges away."""
    return _aside(selection, catalog, ~_inside(selection.ranges, catalog))


def exclude(selection: Selection, catalog: Catalog) -> Selection:
    """Put everything aside that is inside the ranges, and take the ranges away."""
    if not selection.ranges:
        return selection
    return _aside(selection, catalog, _inside(selection.ranges, catalog))


def brushed(selection: Selection, ranges: Any) -> Selection:
    """Take over ranges from a browser.

    Raises:
        ConfigError: If they are not axis -> spans.
    """
    if not isinstance(ranges, dict):
        raise ConfigError(f"brushed ranges must be given by axis, not {ranges!r}.")
    found = {str(name): [[float(low), float(high)] for low, high in spans] for name, spans in ranges.items()}
    return replace(selection, ranges=found)


def _aside(selection: Selection, catalog: Catalog, mask: NDArray[np.bool_]) -> Selection:
    numbers = catalog.columns["number"][mask].astype(np.int64)
    return replace(selection, ranges={}, excluded=np.union1d(selection.excluded, numbers))


def _present(selection: Selection, catalog: Catalog) -> NDArray[np.bool_]:
    aside: NDArray[np.bool_] = np.isin(catalog.columns["number"], selection.excluded)
    return met(selection.where, catalog.columns, selection.part) & ~aside


def _inside(ranges: Ranges, catalog: Catalog) -> NDArray[np.bool_]:
    mask = np.ones(len(catalog), dtype=bool)
    for name, spans in ranges.items():
        if name in catalog.columns:
            mask &= within([name], catalog.columns[name][:, None].astype(np.float64), {name: spans})
    knobs = {name: spans for name, spans in ranges.items() if name not in catalog.columns}
    if knobs:
        trials = catalog.details()
        names, table = knob_table(trials)
        chosen = [trial.number for trial, is_in in zip(trials, within(names, table, knobs), strict=True) if is_in]
        mask &= np.isin(catalog.columns["number"], [number for number in chosen if number is not None])
    return mask
