"""How the processes of a stream take time, alone and behind each other.

A process that loops over pixels is a pipeline: it lasts (pixels - 1) x pace + depth + 1 cycles, its first pixel leaves
after depth + 1. Vivado HLS adds up, for its static figure of a region, how much later each process starts (`head`) and
how much each adds behind a longer one (`tail`): of a pipeline depth - 2 cycles, of another call all but one, of a loop
inside a process only the depth of its pipeline, however often it turns. A process that visits pixels one after the
other, and takes as long for each as the longest process or longer, adds the difference and five. Exact for 10 of 11
regions of six repositories, 2019.1 to 2020.1. Vitis HLS counts the starts alone (13 regions, 12 of two processes).
"""

from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

HIDDEN_CYCLES = 2.0
"""Cycles of a pipeline's depth that a longer process before it hides."""
VISIT_TAIL = 5.0
"""Cycles that a convolution in the resource strategy adds where a pixel takes as long as in the longest process.

Exact for 14 convolutions of four repositories; where it is faster, its depth counts.
"""
COLLECTED_TAIL = 1.0
"""Cycles that a layer adds which collects its input in a loop of its own, whatever follows the loop (4 regions)."""

Column = NDArray[np.float64]


class ProcessTiming(TypedDict):
    """Cycles of a process: fields of `Cost`."""

    latency_min: float
    latency_max: float
    head: float
    tail: float
    visit: NotRequired[float]


def loop_timing(pixels: float, depth: float, pace: float = 1.0) -> ProcessTiming:
    """Return the timing of a pipelined loop.

    Args:
        pixels: Turns of the loop.
        depth: Cycles of one turn.
        pace: Cycles between two turns.
    """
    cycles = (pixels - 1) * pace + depth + 1
    return ProcessTiming(latency_min=cycles, latency_max=cycles, head=depth + 1, tail=max(depth - HIDDEN_CYCLES, 0.0))


def call_timing(cycles: float, *, is_pipelined: bool = False, tail: float | None = None) -> ProcessTiming:
    """Return the timing of a process that has one result.

    Args:
        cycles: How long it lasts.
        is_pipelined: Whether it is a pipeline, of which a longer process before it hides more.
        tail: Cycles that it adds behind a longer process, where that is known otherwise.
    """
    if tail is None:
        tail = max(cycles - (HIDDEN_CYCLES if is_pipelined else 1.0), 0.0)
    return ProcessTiming(latency_min=cycles, latency_max=cycles, head=cycles, tail=tail)


def last_end(starts: Column, cycles: Column, paces: Column, tails: Column, visits: Column) -> Column:
    """Return the cycle in which Vivado HLS sees the last process of a stream end, shape (designs,).

    Behind a process that adds all its cycles, such as a padding of two dimensions, its own pace is the one to keep.

    Args:
        starts: When each process starts, shape (processes, designs).
        cycles: How long each lasts.
        paces: Cycles that each takes for a pixel.
        tails: What each adds behind a longer one.
        visits: Cycles of a pixel of those that visit one after the other; NaN for others.
    """
    ends = np.zeros(starts.shape[1])
    for index in range(len(starts)):
        pace, end = paces[index], starts[index] + cycles[index]
        for other in range(index + 1, len(starts)):
            end = end + np.fmax(tails[other], visits[other] - pace + VISIT_TAIL)
            pace = np.where(tails[other] >= cycles[other], paces[other], pace)
        ends = np.maximum(ends, end)
    return ends
