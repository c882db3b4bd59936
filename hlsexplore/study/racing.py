"""Racing: designs that are surely worse than another one on a part of the samples are not evaluated on all of them.

The parts are drawn at random, every class or value in proportion, alike for all designs. A design is compared sample by
sample with one that was evaluated on all samples and costs no more in any figure: the difference of two designs varies
far less than each of them. The bound holds for every number of samples, whatever the differences are: with d the
differences on the part, none above 1, exp(-l * sum(d) - f(l) * sum(d**2)) with f(l) = -ln(1 - l) - l is on average at
most 1 where the mean difference of all samples is not negative (Fan, Grama and Liu, Electron. J. Probab. 20 (2015) 1,
proposition 4.1). So it is above 1 / p with a probability of at most p, and so is the mean over several l.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter, time

import numpy as np

from hlsexplore.design import Design
from hlsexplore.errors import HlsExploreError
from hlsexplore.fixed import RealArray
from hlsexplore.merit import Outputs, as_outputs
from hlsexplore.op_facts import matmul_shape
from hlsexplore.study.trial import Evaluator, Heat, Metrics, Status, Trial, part_sizes, try_evaluate

CHANCE = 1e-2
"""Probability that a sweep gives up any design that belongs on its front, at most."""
MOST_RIVALS = 3
"""Designs that one is compared with."""
FEWEST_PRODUCTS = 200_000_000
"""Products of all samples from which racing is taken to pay: the jet tagger has 85 million with 20,000 samples, where
it saves nothing, and 851 million with 200,000, where it saves two fifths (docs/adr/0011-racing.md)."""
RATES = np.array([0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.7])
"""Values of l over which the bound is averaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What a design must beat.

    Attributes:
        names: Figures of the outputs that count.
        rivals: Designs that were evaluated on all samples and cost no more.
        chance: Probability that a comparison goes wrong, at most.
        costs: The figures of the design that are estimated.
    """

    names: tuple[str, ...]
    rivals: tuple[Design, ...]
    chance: float
    costs: Metrics


def can_race(evaluator: Evaluator, names: Sequence[str]) -> bool:
    """Tell whether designs can be raced for figures: there are samples enough, and each follows from a mean over them.

    Args:
        evaluator: Finds the figures.
        names: The objectives; those that are costs do not matter.
    """
    own = [measure for measure in evaluator.measures if measure.name in names]
    has_scores = all(measure.metric.scores is not None for measure in own)
    return bool(own) and has_scores and bool(part_sizes(evaluator.data.num_samples))


def pays_off(evaluator: Evaluator) -> bool:
    """Tell whether emulating all samples takes so long that leaving out most of them saves time.

    Args:
        evaluator: Finds the figures.
    """
    products = 0
    for node in evaluator.graph.layers:
        shape = matmul_shape(node.op)
        positions = node.num_elements // node.shape[-1] if node.shape else 1
        products += 0 if shape is None else shape[0] * shape[1] * positions
    return products * evaluator.data.num_samples >= FEWEST_PRODUCTS


def is_surely_worse(differences: RealArray, largest: float, chance: float) -> bool:
    """Tell whether a mean over all samples is surely below 0, from the differences on a part of them.

    Args:
        differences: How much better a design is than its rival on each sample of the part.
        largest: No difference of any sample is above this.
        chance: Probability that the answer is yes although the mean is 0 or more, at most.

    Examples:
        >>> is_surely_worse(-np.ones(100), 1.0, 1e-6), is_surely_worse(np.zeros(100), 1.0, 1e-6)
        (True, False)
    """
    if largest <= 0:
        return bool((differences < 0).any())
    scaled = differences / largest
    powers = -RATES * scaled.sum() + (np.log1p(-RATES) + RATES) * np.square(scaled).sum()
    top = float(powers.max())
    return bool(top + np.log(np.exp(powers - top).mean()) >= -np.log(chance))


def try_race(design: Design, evaluator: Evaluator, race: Race | None, origin: str = "") -> Trial:
    """Evaluate a design on all samples, or on a part of them where a rival is surely better.

    Args:
        design: The design.
        evaluator: Finds the figures.
        race: What it must beat; None for all samples in any case.
        origin: What proposed it.

    Returns:
        The trial, `partial` and with the figures of `samples` samples where it was given up.
    """
    if race is None:
        return try_evaluate(design, evaluator, origin)
    start = perf_counter()
    try:
        results: list[Outputs] = []
        for part, heat in zip(evaluator.parts, evaluator.heats, strict=False):
            results.append(as_outputs(part.emulator.run(design)))
            outputs = tuple(np.concatenate(arrays) for arrays in zip(*results, strict=True))
            if any(_is_beaten(heat, outputs, rival, evaluator, race) for rival in race.rivals):
                metrics = {merit.name: merit.of(outputs) for merit in heat.merits}
                return _trial(design, evaluator, race, origin, metrics, len(heat.rows), start)
        results.append(as_outputs(evaluator.parts[-1].emulator.run(design)))
        metrics = evaluator.figures(evaluator.joined(results))
        return _trial(design, evaluator, race, origin, metrics, evaluator.data.num_samples, start)
    except HlsExploreError:
        return try_evaluate(design, evaluator, origin, race.costs)


def _is_beaten(heat: Heat, outputs: Outputs, rival: Design, evaluator: Evaluator, race: Race) -> bool:
    """Tell whether a design is surely worse than a rival in all figures of the outputs that count."""
    theirs = evaluator.scores_of(rival)
    for merit in heat.merits:
        if merit.name not in race.names:
            continue
        mine, whole = merit.scores(outputs), theirs[merit.name]
        if mine is None:
            return False
        better = mine - whole[heat.rows] if merit.metric.is_maximized else whole[heat.rows] - mine
        largest = 1.0 if merit.metric.is_maximized else float(whole.max())
        if not is_surely_worse(better, largest, race.chance):
            return False
    return True


def _trial(
    design: Design,
    evaluator: Evaluator,
    race: Race,
    origin: str,
    metrics: Mapping[str, float],
    num_samples: int,
    start: float,
) -> Trial:
    return Trial(
        design_key=design.key,
        config=evaluator.config(design),
        metrics={**dict.fromkeys(evaluator.directions), **metrics, **race.costs},
        status=Status.OK if num_samples == evaluator.data.num_samples else Status.PARTIAL,
        samples=num_samples,
        origin=origin,
        wall_s=perf_counter() - start,
        created_s=time(),
    )
