"""How the processes of a stream take time, alone and behind each other.

A process that loops over pixels is a pipeline: it lasts (pixels - 1) x pace + depth + 1 cycles, its first pixel leaves
after depth + 1. Vivado HLS adds up, for its static figure of a region, how much later each process starts (`head`) and
how much each adds behind a longer one (`tail`): of a loop depth - 2 cycles and the turn it may miss, of a call without
a loop all but one, of a loop inside only the depth of its pipeline, however often it turns. Exact for 8 of 11 regions
of six repositories, 2019.1 to 2020.1, when the processes are. Vitis HLS counts the starts alone (one region).
"""

from typing import TypedDict

HIDDEN_CYCLES = 2.0
"""Cycles of a loop's depth that a longer process before it hides."""
COLLECTED_TAIL = 1.0
"""Cycles that a layer adds which collects its input in a loop of its own, whatever follows the loop (4 regions)."""


class Timing(TypedDict):
    """Cycles of a process: fields of `Cost`."""

    latency_min: float
    latency_max: float
    head: float
    tail: float


def loop_timing(pixels: float, depth: float, pace: float = 1.0) -> Timing:
    """Return the timing of a pipelined loop.

    Args:
        pixels: Turns of the loop.
        depth: Cycles of one turn.
        pace: Cycles between two turns.
    """
    cycles = (pixels - 1) * pace + depth + 1
    tail = max(depth - HIDDEN_CYCLES, 0.0) + pace - 1
    return Timing(latency_min=cycles, latency_max=cycles, head=depth + 1, tail=tail)


def call_timing(cycles: float) -> Timing:
    """Return the timing of a process without a loop, which has one result."""
    return Timing(latency_min=cycles, latency_max=cycles, head=cycles, tail=max(cycles - 1, 0.0))
