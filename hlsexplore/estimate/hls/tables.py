"""Functions from lookup tables: sigmoid, tanh and the like."""

from math import ceil

from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.streams import call_timing, loop_timing
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import MEMORY_BITS_IN_LUT, Speed, block_rams
from hlsexplore.fixed import Fixed

UNIT_BITS = {"sigmoid": 10, "tanh": 11}
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
    HLS), and so does a stream on devices slower than UltraScale+ (30 and 46 FF of two functions).
    """
    coefficients = p.of("table")
    at_once = layer.channels if p.is_stream else layer.elements
    entry = min((layer.table or Fixed(18, 8)).width, UNIT_BITS.get(layer.op, 64))
    copies = ceil(at_once / 2)
    in_memory = layer.table_size * entry >= MEMORY_BITS_IN_LUT
    index = coefficients["index_ns"] + STREAM_INDEX_NS * (p.is_stream and layer.op == "sigmoid")
    steps = 1.0 + p.stages(index * p.tech.lag**SPREAD) + p.is_stream
    several = p.is_stream and layer.pixels > 1
    takes_input = layer.op == "elu" or (p.is_stream and p.tech.speed is not Speed.FAST)
    beside = (layer.input or DEFAULT_TYPE).width if takes_input else 0
    share = 1.0
    if layer.op == "elu":
        share = TWICE_ELU if p.tech.is_vitis and p.tech.version >= 2024 and not p.is_stream else ELU_SHARE
    waits = coefficients["ff"] * (steps - 1 - p.is_stream) + beside
    return Cost(
        model="table",
        lut=coefficients["element"] * share * at_once,
        ff=at_once * waits + 3.0,
        dsp=0.0,
        bram18=float(copies * block_rams(layer.table_size, entry)) if in_memory else 0.0,
        **(loop_timing(layer.pixels, steps - 1) if several else call_timing(steps, is_pipelined=True)),
        ii=float(layer.pixels) if p.is_stream else 1.0,
        rules=frozenset({"dsp"}),
    )
