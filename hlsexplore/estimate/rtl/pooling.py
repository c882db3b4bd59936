"""Poolings in this project's own RTL: trees of comparisons, or of adders with a division behind."""

from math import ceil, log2, sqrt

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.rtl_plan.netlist.timing import Fabric

ADDER, ADDER_BASE = 1.7, 0.2
"""Cycles of a level of adders over the share of a cycle that an adder of an input's width takes, and besides."""
CHOICE, CHOICE_BASE = 0.85, 0.4
"""The same of a level of comparisons and choices."""
DIVISION_LUT, DIVISION_BASE = 12.5, 15.0
"""LUT of a division by a number that is no power of two: for each bit of an input, and besides."""
DIVISION_LEVELS = 4.5
"""Levels of adders of a division. All of these: 252 plans of windows of 2 to 25 values of 6, 10 and 16 bits at 3, 5 and
10 ns."""


def rtl_pooling(layer: LayerRecord, window: int, bits: float, fabric: Fabric, budget_ns: float) -> Cost:
    """Estimate a pooling of all windows at once.

    Args:
        layer: The layer.
        window: Values in a window.
        bits: Bits of a value, on average.
        fabric: Delays.
        budget_ns: Time between two registers.
    """
    source = layer.input or DEFAULT_TYPE
    bits -= source.signed and layer.is_rectified
    levels = ceil(log2(window)) if window > 1 else 0
    step = (fabric.carry_ns + fabric.carry_bit_ns * (bits + 1)) / budget_ns
    if layer.op == Kind.AVERAGE_POOLING or (layer.op == Kind.GLOBAL_POOLING and layer.is_average):
        divides = window & (window - 1) > 0
        lut = (window - 1) * (bits + 1) + divides * (DIVISION_LUT * bits + DIVISION_BASE)
        cycles = int(ADDER * (levels + DIVISION_LEVELS * divides) * step + ADDER_BASE) if levels else 0
        held = 2 * bits + 8 if divides else bits + levels
    else:
        lut, cycles = (window - 1) * (2 * bits + 1), max(int(CHOICE * levels * step + CHOICE_BASE), 0)
        held = bits * sqrt(window)
    return Cost(
        model="rtl_pooling",
        lut=layer.elements * lut,
        ff=layer.elements * cycles * held,
        dsp=0.0,
        bram18=0.0,
        latency_min=float(cycles),
        latency_max=float(cycles),
        rules=frozenset({"dsp", "bram18", "ii"}),
    )
