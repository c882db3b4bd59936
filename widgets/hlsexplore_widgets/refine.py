"""Scores that come early: on growing, stratified parts of the data, then on all of it."""

import logging
from dataclasses import dataclass
from threading import Event as CancelEvent
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design
from hlsexplore.emulate import Emulator, emulate
from hlsexplore.emulate.quality import pick_samples
from hlsexplore.errors import CancelledError
from hlsexplore.fixed import RealArray
from hlsexplore.merit import Merit
from hlsexplore_widgets.scoring import Scores, score

FIRST_S = 0.01
"""The first part is chosen so that a design takes about this long on it."""
MIN_SAMPLES, MAX_SAMPLES = 100, 1000
"""Samples of the first part; the 95 % interval of an accuracy of 0.75 is then 0.08 to 0.03 to either side."""
GROWTH = 8
"""Each part has so many times the samples of the one before."""
PART_MB = 64.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of the samples, or all.

    Attributes:
        emulator: Holds them, and what designs before left to use again.
        merits: The figures of merit on them.
        seconds: About how long a design takes on them.
    """

    emulator: Emulator
    merits: tuple[Merit, ...]
    seconds: float = 0.0


def make_parts(
    emulator: Emulator, merits: tuple[Merit, ...], groups: NDArray[np.int64] | None, design: Design
) -> tuple[Part, ...]:
    """Choose parts of the data, the smallest first; the last one is all of it.

    Args:
        emulator: All samples.
        merits: The figures of merit on all samples; on parts only those that the network is judged by.
        groups: A number for each sample, such as its class; each part has them in proportion. None when there are none.
        design: Is run on a few samples to see how many take `FIRST_S`.
    """
    total = emulator.num_samples
    count, parts, each = 0, [], 0.0
    if total > 2 * MIN_SAMPLES:
        few = pick_samples(total, groups, MIN_SAMPLES)
        _seconds(design, _rows(emulator, few[:2]))  # loads compiled code
        each = _seconds(design, _rows(emulator, few)) / MIN_SAMPLES
        count = int(np.clip(FIRST_S / each, MIN_SAMPLES, MAX_SAMPLES))
    while 0 < 2 * count <= total:
        rows = pick_samples(total, groups, count)
        some = Emulator(emulator.graph, _rows(emulator, rows), memory_mb=PART_MB)
        own = tuple(merit.part(rows) for merit in merits if merit.measure.is_headline)
        parts.append(Part(emulator=some, merits=own, seconds=count * each))
        count *= GROWTH
    return (*parts, Part(emulator=emulator, merits=merits, seconds=total * each))


def score_part(part: Part, design: Design, cancel: CancelEvent | None = None) -> Scores:
    """Score a design on a part.

    Args:
        part: The samples.
        design: The design.
        cancel: Set it from another thread to stop.

    Raises:
        CancelledError: If `cancel` was set.
        DataError: If the part is too small for the figure of merit, such as one class for AUC.
    """
    outputs, count = part.emulator.run(design, cancel=cancel), part.emulator.num_samples
    return {merit.name: score(merit, outputs, count) for merit in part.merits}


def try_score(part: Part, design: Design, cancel: CancelEvent | None = None) -> Scores | None:
    """Score a design as `score_part` does; None if that fails, which all samples will explain.

    Raises:
        CancelledError: If `cancel` was set.
    """
    try:
        return score_part(part, design, cancel)
    except CancelledError:
        raise
    except Exception:
        logger.debug("no score of %d samples", part.emulator.num_samples, exc_info=True)
        return None


def _rows(emulator: Emulator, rows: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> dict[str, RealArray]:
    return {name: values[rows] for name, values in emulator.inputs.items()}


def _seconds(design: Design, inputs: dict[str, RealArray]) -> float:
    begun = perf_counter()
    emulate(design, inputs)
    return perf_counter() - begun
