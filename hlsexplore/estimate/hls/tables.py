"""Functions from lookup tables: sigmoid, tanh and the like."""

from math import ceil

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.elementwise import cast_lut
from hlsexplore.estimate.hls.streams import call_timing, loop_timing
from hlsexplore.estimate.kinds import ADDED_PARTS, Kind
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import MEMORY_BITS_IN_LUT, Speed, block_rams
from hlsexplore.fixed import Fixed
from hlsexplore.op_facts import Part

UNIT_BITS = {Kind.SIGMOID: 10, Kind.TANH: 11}
"""Bits of an entry of a function of values up to 1, which the tools trim: 10 of sigmoid, 11 of tanh (`fixed<18,8>`, all
22 tables of 7 repositories)."""
ELU_SHARE, TWICE_ELU = 0.5, 1.1
"""LUT of an ELU over those of a sigmoid, whose index it shares (10 designs); of whole tensors twice that from Vitis HLS
2024.1 on (64 and 2 elements)."""
STREAM_INDEX_NS = 0.6
"""More of it for a sigmoid of a stream (5 calls of three repositories)."""
SPREAD = 1.3
"""How the delay of an index grows with the device's lag (9 calls of 6 repositories, 3.33 to 10 ns)."""


def table_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate an index and a table, one copy for two elements: a block RAM is read twice a cycle.

    Each cycle of the index holds it. An ELU holds its input beside its table (17 FF an element of 64 and of 2 in Vivado
    HLS), and so does a stream on devices slower than UltraScale+ (30 and 46 FF of two functions). SiLU and the like
    hold it too, round their index, and add a part of it to the entry, by the prices of adders and choices.
    """
    coefficients = p.of("table")
    at_once = layer.channels if p.is_stream else layer.elements
    entry = min((layer.table or Fixed(18, 8)).width, UNIT_BITS.get(layer.op, 64))
    copies = ceil(at_once / 2)
    in_memory = layer.table_size * entry >= MEMORY_BITS_IN_LUT
    index = coefficients["index_ns"] + STREAM_INDEX_NS * (p.is_stream and layer.op == Kind.SIGMOID)
    steps = 1.0 + p.stages(index * p.tech.lag**SPREAD) + p.is_stream
    several = p.is_stream and layer.pixels > 1
    part = ADDED_PARTS.get(layer.op)
    takes_input = layer.op == Kind.ELU or part is not None or (p.is_stream and p.tech.speed is not Speed.FAST)
    beside = (layer.input or DEFAULT_TYPE).width if takes_input else 0
    share = 1.0
    if layer.op == Kind.ELU:
        share = TWICE_ELU if p.tech.is_vitis and p.tech.version >= 2024 and not p.is_stream else ELU_SHARE
    waits = coefficients["ff"] * (steps - 1 - p.is_stream) + beside
    return Cost(
        model="table",
        lut=(coefficients["element"] * share + _part_lut(layer, part, p)) * at_once,
        ff=at_once * waits + 3.0,
        dsp=0.0,
        bram18=float(copies * block_rams(layer.table_size, entry)) if in_memory else 0.0,
        **(loop_timing(layer.pixels, steps - 1) if several else call_timing(steps, is_pipelined=True)),
        ii=float(layer.pixels) if p.is_stream else 1.0,
        rules=frozenset({"dsp"}),
    )


def _part_lut(layer: LayerRecord, part: Part | None, p: Pricing) -> float:
    """LUT of one element to round an index to the nearest entry, and to choose, add and cast a part of the input."""
    if part is None:
        return 0.0
    source, entry = layer.input or DEFAULT_TYPE, layer.table or DEFAULT_TYPE
    lut = p.tech.adder(layer.table_size.bit_length())
    if part is Part.NOTHING:
        return lut
    fraction = max(source.fraction, entry.fraction)
    total = Fixed(max(source.integer, entry.integer) + 1 + fraction, max(source.integer, entry.integer) + 1)
    choice = 0.0 if part is Part.WHOLE else p.tech.select(source.width)
    return lut + choice + p.tech.adder(total.width) + cast_lut(total, layer.result or source, p.tech)
