"""Delays of single elements in the RTL, between registers."""

from math import ceil, log2

from hlsexplore.estimate.cost import DEFAULT_TYPE, is_rounding, is_saturating
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.fixed import Fixed
from hlsexplore.rtl_plan.netlist.timing import Fabric, wide_gate_levels

LINES = frozenset({Kind.BATCHNORM, Kind.LEAKY_RELU, Kind.PRELU, Kind.HARD_SIGMOID, Kind.HARD_TANH, Kind.HARD_SWISH})
"""Functions of a product with a constant and an offset."""
CONSTANT_ADDERS = 3.0
"""Adders of a product with a constant and an offset, one behind the other."""


def cast_ns(source: Fixed, target: Fixed, fabric: Fabric) -> float:
    """Return the delay of a cast: an adder where it rounds, a comparison and a choice where it saturates."""
    delay = 0.0
    if is_rounding(source, target):
        delay += fabric.lut_ns + fabric.carry_ns + fabric.carry_bit_ns * target.width
    if is_saturating(source, target):
        delay += fabric.lut_ns * (1 + wide_gate_levels(max(source.integer - target.integer, 1) + 1))
    return delay


def element_ns(layer: LayerRecord, source: Fixed, target: Fixed, fabric: Fabric) -> float:
    """Return the delay of an element's function and its cast."""
    chain = fabric.carry_ns + fabric.carry_bit_ns * source.width
    match layer.op:
        case Kind.MULTIPLY:
            delay = fabric.dsp_ns
        case Kind.ADD | Kind.SUBTRACT | Kind.AVERAGE:
            delay = ceil(log2(max(len(layer.sources), 2))) * fabric.carry_ns + fabric.carry_bit_ns * source.width
        case Kind.MAXIMUM | Kind.MINIMUM | Kind.CLIP:
            delay = ceil(log2(max(len(layer.sources), 2))) * (chain + fabric.lut_ns)
        case kind if kind in LINES:
            delay = CONSTANT_ADDERS * fabric.carry_ns + fabric.carry_bit_ns * source.width
        case _:
            delay = fabric.lut_ns
    return delay + cast_ns(source, target, fabric)


def softmax_cycles(layer: LayerRecord, fabric: Fabric, budget_ns: float) -> tuple[int, int]:
    """Return the cycles of a softmax up to the tables of exponentials, and those from there on."""
    bits, levels = (layer.input or DEFAULT_TYPE).width, ceil(log2(max(layer.channels, 1)))
    compare = fabric.carry_ns + fabric.lut_ns + fabric.carry_bit_ns * bits
    waits = 0
    if layer.implementation != "latency":
        fitting = max(1, int(budget_ns / compare))
        waits = max(ceil(levels / fitting) - 1, 0)
        # The difference to the largest value, and its cast.
        rest = (levels - fitting * waits) * compare + fabric.carry_ns + fabric.carry_bit_ns * bits + 2 * fabric.lut_ns
        waits += int(rest / budget_ns)
    total = fabric.rom_ns + levels * fabric.carry_ns + fabric.carry_bit_ns * (layer.table or DEFAULT_TYPE).width
    product = fabric.rom_ns + fabric.dsp_ns
    return waits, 2 + int(total / budget_ns) + int(product / budget_ns)
