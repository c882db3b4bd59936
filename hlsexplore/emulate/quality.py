"""How much worse than the float network a design is, for functions that relieve or narrow one type after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import DataError
from hlsexplore.fixed import RealArray
from hlsexplore.graph import Graph
from hlsexplore.merit import Chosen, Measure, Merit, Outputs, bind, find_measures, losses, strata
from hlsexplore.metrics import LossUnit, spread_word
from hlsexplore.task import Goal, find_goals

DOUBT_GROUPS = 20
"""Groups of samples that are left out one after the other to see how certain a loss is."""
STUDENT = 2.093
"""95 % of Student's t with 19 degrees of freedom lie within this (any table of the distribution)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quality:
    """Compares outputs with the float network's by the figures of merit of every output.

    Attributes:
        merits: The figures: what the network is judged by, and the closeness to float of outputs that have no labels.
        floats: The float network's figures, in their order.
    """

    merits: tuple[Merit, ...]
    floats: tuple[float, ...]

    @property
    def name(self) -> str:
        """What the score is."""
        return ", ".join(merit.name for merit in self.merits)

    @property
    def unit(self) -> str:
        """What a hundredth of a loss is."""
        by_spread = (LossUnit.SHARE, LossUnit.SPREAD)
        words = [
            spread_word(merit.truth)
            for merit in self.merits
            if merit.metric.unit in by_spread and not merit.metric.decides
        ]
        return unit_of([merit.measure for merit in self.merits], *words[:1])

    @property
    def best(self) -> float:
        """Score of the float network."""
        return self.floats[0] if len(self.merits) == 1 else 1.0

    def losses(self, outputs: Any) -> RealArray:
        """Return how much worse than the float network outputs are, in each figure's unit; negative if better."""
        return losses(self.merits, self.floats, outputs)

    def loss(self, outputs: Any) -> float:
        """Return the mean loss over the figures."""
        return float(self.losses(outputs).mean())

    def score(self, outputs: Any) -> float:
        """Return the figure where there is one, else 1 less the mean loss."""
        return self.merits[0].of(outputs) if len(self.merits) == 1 else 1.0 - self.loss(outputs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Doubt:
    """Says how far a difference of losses is from chance, by leaving out one group of the samples after the other.

    Attributes:
        rows: Samples that stay, a row of indices for each group that is left out.
        qualities: Losses on those samples.
    """

    rows: tuple[NDArray[np.intp], ...]
    qualities: tuple[Quality, ...]

    def losses(self, outputs: Any) -> RealArray:
        """Return the loss without each group, shape (groups,)."""
        return np.array(
            [quality.loss(some_rows(outputs, rows)) for rows, quality in zip(self.rows, self.qualities, strict=True)]
        )

    def margin(self, differences: RealArray) -> float:
        """Return half of the 95 % interval of a difference, from what it is without each group (jackknife)."""
        count = len(differences)
        spread = float(np.sqrt((count - 1) / count * np.square(differences - differences.mean()).sum()))
        return STUDENT * spread


def make_doubt(goals: Sequence[Goal], metric: Chosen | None, reference: Outputs) -> Doubt | None:
    """Prepare `Doubt`; None where the samples are too few, or a figure does not exist without some of them.

    Args:
        goals: What each output is for.
        metric: What counts, as for `make_quality`.
        reference: Outputs of the float network on the same samples.
    """
    count = len(reference[0])
    if count < DOUBT_GROUPS:
        return None
    everyone = np.arange(count)
    rows = tuple(everyone[everyone % DOUBT_GROUPS != group] for group in range(DOUBT_GROUPS))
    try:
        return Doubt(
            rows=rows,
            qualities=tuple(
                make_quality([goal.part(some) for goal in goals], metric, some_rows(reference, some)) for some in rows
            ),
        )
    except DataError:
        return None


def some_rows(outputs: Any, rows: NDArray[np.intp]) -> Any:
    """Return some samples of an array, or of each of a tuple of arrays."""
    return outputs[rows] if isinstance(outputs, np.ndarray) else tuple(values[rows] for values in outputs)


def unit_of(measures: Sequence[Measure], word: str = "spread") -> str:
    """Say what a hundredth of a loss is, for people.

    Args:
        measures: The figures that are judged by.
        word: What values of a regression have, as `metrics.spread_word` says it.
    """
    if len(measures) > 1:
        return f"% of loss, mean of {', '.join(measure.name for measure in measures)}"
    (measure,) = measures
    return {
        LossUnit.SHARE: f"% of the {word}" if measure.metric.decides is False else f"points of {measure.name}",
        LossUnit.SPREAD: f"% of the {word} of the wanted values",
        LossUnit.VALUE: f"% of the float network's {measure.name}",
    }[measure.metric.unit]


def judging(measures: Sequence[Measure]) -> list[Measure]:
    """Return the figures that must not suffer: what the network is judged by, and of other outputs the closeness.

    Args:
        measures: All figures of the network.
    """
    judged = {measure.output for measure in measures if measure.is_headline}
    return [
        measure
        for measure in measures
        if measure.is_headline
        or (measure.metric.is_against_float and measure.output not in judged and None not in judged)
    ]


def make_quality(goals: Sequence[Goal], metric: Chosen | None, reference: Outputs) -> Quality:
    """Choose the figures by which types are judged.

    Args:
        goals: What each output is for.
        metric: What counts, as in `merit.chosen_metric`; the figures that fit the tasks when None.
        reference: Outputs of the float network on the same samples.

    Raises:
        DataError: If the float network has no such figure on these samples.
        ConfigError: If a metric is unknown or does not fit.
    """
    measures = judging(find_measures(goals, None if metric is None else [metric]))
    merits = tuple(bind(measure, goals, reference) for measure in measures)
    return Quality(merits=merits, floats=tuple(merit.of(reference) for merit in merits))


def some_goals(
    graph: Graph, count: int, labels: Any, task: Any, most: int
) -> tuple[tuple[Goal, ...], NDArray[np.intp]]:
    """Return what each output is for on at most `most` samples, and their indices.

    Args:
        graph: The network.
        count: Samples that there are.
        labels: Labels as in `task.find_goals`.
        task: Tasks as in `task.find_goals`.
        most: Samples wanted.

    Raises:
        DataError: If the labels do not fit.
        ConfigError: If the task does not fit.
    """
    goals = find_goals(graph, count, labels, task)
    rows = pick_samples(count, strata(goals, count), most)
    return tuple(goal.part(rows) for goal in goals), rows


def pick_samples(count: int, groups: NDArray[np.int64] | None, most: int) -> NDArray[np.intp]:
    """Return indices of at most `most` samples: evenly spread, every group in proportion.

    Args:
        count: Samples that there are.
        groups: A number for each sample, as from `merit.strata`, or None.
        most: Samples wanted.
    """
    if count <= most:
        return np.arange(count)
    steps = np.linspace(0, count - 1, most).astype(np.intp)
    if groups is None:
        return np.unique(steps)
    # Stable sort by group, then even steps: each group gets its share.
    return np.sort(np.argsort(groups, kind="stable")[steps])


def draw_samples(count: int, groups: NDArray[np.int64] | None, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return indices of `most` samples drawn at random, every group in proportion.

    Args:
        count: Samples that there are, at least `most`.
        groups: A number for each sample, as from `merit.strata`, or None.
        most: Samples wanted.
        rng: Source of randomness.
    """
    order = np.lexsort((rng.permutation(count), np.zeros(count) if groups is None else groups))
    order = np.roll(order, int(rng.integers(count)))
    edges = np.arange(most + 1) * count // most
    # One of each run of neighbours in this order: groups get their shares, and each sample is as likely as another.
    return np.sort(order[edges[:-1] + (rng.random(most) * np.diff(edges)).astype(np.intp)])
