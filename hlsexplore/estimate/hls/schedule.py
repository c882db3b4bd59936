"""Where the register stages of an unrolled product fall.

The vendors' schedulers chain combinational operators in a cycle until its budget is full. Delays are those that the
tools report for single operators (`clock_estimated_ns` of one-operator designs, docs/estimates.md, section Timing).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log

from hlsexplore.estimate.constants import MatrixProfile
from hlsexplore.estimate.technology import Speed, Technology
from hlsexplore.fixed import Fixed, Overflow

LEVEL_NS = 0.9
"""Mean delay of a binary level of a tree on UltraScale+, for the number of values alive at a register stage."""
LEAN_LEVEL_NS = 0.78
"""The same of the lean library."""
INNER_STAGE_SHARE = 0.7
"""A multiplication that takes more than this share of a cycle gets an inner register stage."""
UNEVEN_NS = 0.4
"""How much later than the first products of Vitis HLS the mean one is added (4 products of 16 bits, 158 to 1,834
weights: registers within 4 %)."""
SOFT_SHARE = 0.72
"""Delay of a multiplier of LUTs, over one in a DSP (1.44 ns in a report whose longest path it is)."""
SHARED_STAGE_NS = 1.5
"""Extra delay of a multiplication in the resource strategy."""


@dataclass(frozen=True, slots=True)
class TreeSchedule:
    """Register stages of a tree.

    Attributes:
        stages: Register stages from input to output.
        alive: Values of one output alive at each stage.
        delay_ns: Combinational delay behind the last stage.
    """

    stages: int
    alive: tuple[float, ...]
    delay_ns: float


def schedule(
    found: MatrixProfile,
    multiplied: float,
    width: int,
    is_resource: bool,
    tech: Technology,
    budget: float,
    dsp: int,
    lead_ns: float = 0.0,
    is_cut: bool = False,
) -> TreeSchedule:
    """Place multiplications, shift-adds and the adder tree.

    Args:
        found: Profile of the matrix.
        multiplied: Share of the nonzero weights whose product comes from a multiplier.
        width: Accumulator bits.
        is_resource: Whether the layer has the resource strategy.
        tech: Tool and family.
        budget: Time of a cycle in ns.
        dsp: Products in DSP blocks; without any, the others are small multipliers of LUTs.
        lead_ns: Delay of what stands before the product in its first cycle.
        is_cut: Whether products lose fraction bits before they are added.
    """
    if found.adders == 0 and not multiplied and not found.shift_adds:
        return TreeSchedule(0, (), 0.0)
    multiply = tech.multiply_ns + (SHARED_STAGE_NS if is_resource and tech.speed is Speed.FAST else 0.0)
    if is_resource:
        multiplied = 1 - (1 - multiplied) ** 2
    shift = 0.95 * tech.level_ns if found.shift_adds > 2 * found.live_inputs else 0.0
    start = tech.multiply_ns * (1.0 if dsp else SOFT_SHARE) if multiplied else shift
    if is_resource and tech.is_lean and dsp:  # products of 5 and 6 summands are cut (5 of two networks)
        start = multiply
    if multiplied and tech.speed is Speed.SLOW and start > INNER_STAGE_SHARE * budget:
        start = multiply = budget
    if tech.sizes_sums and found.adders:
        width = round(found.adder_bits / found.adders)
    level = tech.level_ns * (0.75 + 0.25 * min(width, 32) / 16) if tech.speed is not Speed.SLOW else tech.level_ns
    levels = _levels(found.max_terms, 3 if tech.has_wide_levels else 2)
    if is_resource and tech.has_wide_levels:
        level *= 0.92
    stages, now = _place(start + lead_ns, level, levels, budget)
    ready = multiply + UNEVEN_NS * tech.sizes_sums
    parts = (multiplied * found.mean_terms, ready), ((1 - multiplied) * found.mean_terms, shift)
    waiting = _waiting(found, multiplied, width) if is_cut and tech.speed is Speed.SLOW else None
    alive = tuple(_alive(parts, (index + 1) * budget, tech, waiting) for index in range(stages))
    return TreeSchedule(stages, alive, now)


def _levels(terms: int, radix: int) -> int:
    return ceil(log(terms, radix) - 1e-9) if terms > 1 else 0


def _place(start: float, level: float, levels: int, budget: float) -> tuple[int, float]:
    """Count the register stages of a chain of a start and equal levels; return them and the last cycle's delay."""
    stages = floor(start / budget)
    now = start - stages * budget
    if stages:
        now = budget
    for _ in range(levels):
        if now + level > budget:
            stages += max(1, ceil(level / budget - 1e-9))
            now = min(level, budget)
        else:
            now += level
    return stages, now


def _alive(parts: Sequence[tuple[float, float]], elapsed: float, tech: Technology, waiting: float | None) -> float:
    """Values of an output alive after a time: products not yet added and partial sums.

    Args:
        parts: Terms of an output from multipliers and from shifts, each with the time at which they are there.
        elapsed: Time since the start in ns.
        tech: Tool and family.
        waiting: Registers of an output that hold what is shifted and not yet added, or None: one a term.
    """
    rate = 1.4 * LEVEL_NS if tech.speed is Speed.MIDDLE else LEVEL_NS
    if tech.speed is Speed.SLOW:
        rate = tech.level_ns
    elif tech.is_lean:
        rate = LEAN_LEVEL_NS
    total = 0.0
    for (terms, start), most in zip(parts, (None, waiting), strict=True):
        levels = max(elapsed - start, 0.0) / rate
        if tech.speed is Speed.SLOW:
            levels = floor(levels)
        total += terms * 2.0**-levels if levels or most is None else min(terms, most)
    terms = sum(number for number, _ in parts)
    return min(total + (1.0 if tech.speed is not Speed.SLOW else 0.0), max(terms, 1.0))


def _waiting(found: MatrixProfile, multiplied: float, width: int) -> float:
    """Registers of an output, in accumulators, that hold products by shifts until they are added.

    A product that is cut to the accumulator's point is a value of its own: where several outputs read it, it has one
    register, and of one that is a wire the input waits (20 layers of one repository, 50 to 2,648 weights, 0.95 to 1.27
    of the registers).
    """
    shifted = max(found.products - multiplied * found.nonzeros, 0.0)
    return (shifted + found.live_inputs * found.input_bits / width) / max(found.live_outputs, 1)


def saturating_stages(
    found: MatrixProfile, multiplied: float, width: int, tech: Technology, budget: float
) -> TreeSchedule:
    """Place a chain of saturating additions, which no tool may reorder: one after the other."""
    step = {Speed.FAST: 1.6, Speed.MIDDLE: 2.2, Speed.SLOW: 3.2}[tech.speed] * (0.6 + 0.4 * min(width, 32) / 24)
    total = (tech.multiply_ns if multiplied else 0.0) + found.mean_terms * step
    stages = floor(total / budget)
    return TreeSchedule(stages, (), total - stages * budget)


CHAIN_STEP_NS = 0.75
"""Delay on UltraScale+ of an adder of a chain, over the device's lag (495 terms 192 cycles, 130 terms 48 on Zynq)."""


def is_chain(source: Fixed, weight: Fixed, accum: Fixed, tech: Technology) -> bool:
    """Whether sums are chains, not trees: Vitis HLS does not reorder them where the product needs no cast.

    8 x 8 bits into 16 of the same point in Vitis HLS 2021.1 (12 products of two networks); every other product of that
    tool, whose accumulator differs, is a tree.
    """
    product = (source.width + weight.width, source.integer + weight.integer)
    wraps = accum.overflow is Overflow.WRAP
    return tech.is_vitis and wraps and source.signed and product == (accum.width, accum.integer)


def chain(found: MatrixProfile, width: int, tech: Technology, budget: float) -> TreeSchedule:
    """Place a chain of additions: one sum of each output and all products that wait live at its registers."""
    stages = floor(found.max_terms * CHAIN_STEP_NS * tech.lag / budget)
    waiting = found.nonzeros / max(found.live_outputs, 1)
    alive = tuple(1.0 + waiting / stages for _ in range(stages))
    return TreeSchedule(stages, alive, 0.0)
