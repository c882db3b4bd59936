"""From a layer to its cost: the model for each kind of op."""

from dataclasses import replace
from functools import lru_cache

from hlsexplore.estimate.coefficients import Coefficients
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, free, unknown
from hlsexplore.estimate.hls.elementwise import batchnorm_cost, elementwise_cost, softmax_cost, table_cost
from hlsexplore.estimate.hls.images import convolution_cost, padding_cost, pooling_cost
from hlsexplore.estimate.hls.matrix import ALL
from hlsexplore.estimate.hls.products import matrix_cost
from hlsexplore.estimate.hls.recurrent import recurrent_cost
from hlsexplore.estimate.hls.streams import COLLECTED_TAIL, call_timing, loop_timing
from hlsexplore.estimate.liveness import live_elements, live_of
from hlsexplore.estimate.record import ELEMENTWISE_OPS, MOVE_OPS, POOLING_OPS, RECURRENT_OPS, TABLE_OPS, LayerRecord
from hlsexplore.estimate.rtl.layers import rtl_cost
from hlsexplore.estimate.technology import Technology

MAX_UNROLLED_PACKETS = 8
"""Groups of inputs from which a streamed dense layer collects them in a loop (4 are unrolled, 16 are not)."""
REPACK_DEPTH = 6.0
"""Cycles of a turn of the loop that packs a stream into larger groups in Vivado HLS (one, from its region's total)."""
MERGE_OPS = frozenset({"add", "subtract", "multiply", "average", "maximum", "minimum"})


@lru_cache(maxsize=65536)
def layer_cost(
    layer: LayerRecord,
    tech: Technology,
    io: str,
    budget_ns: float,
    table: Coefficients,
    flat: bool,
    around: tuple[Constants | None, Constants | None] = (None, None),
) -> Cost:
    """Estimate one layer; results are cached.

    Args:
        layer: The layer.
        tech: Tool and family.
        io: `parallel` or `stream`.
        budget_ns: Time of a cycle that the scheduler fills.
        table: Fitted coefficients.
        flat: Whether the design is one pipeline, in which unread and constant elements vanish.
        around: Constants of the dense layers before and after.

    Returns:
        The cost; every figure None for an op without a model.
    """
    op = layer.op
    if tech.is_rtl:
        return rtl_cost(layer, tech.family, io, budget_ns, table)
    before, after = around if flat else (None, None)
    if op == "dense":
        if layer.pixels > 1:
            return convolution_cost(layer, tech, io, budget_ns, table)
        live = live_of(layer, before, after) if flat else ALL
        cost = matrix_cost(layer, tech, budget_ns, table, live)
        return _collected(layer, cost, tech, table) if io == "stream" else cost
    if op in ("conv1d", "conv2d", "depthwise_conv2d"):
        return convolution_cost(layer, tech, io, budget_ns, table)
    if op in RECURRENT_OPS:
        return recurrent_cost(layer, tech, budget_ns, table)
    if op == "batchnorm":
        return batchnorm_cost(layer, tech, io, budget_ns, table)
    if op in ELEMENTWISE_OPS or op in MERGE_OPS:
        live_count = live_elements(layer, before, after) if flat and op in ELEMENTWISE_OPS else None
        return elementwise_cost(layer, tech, io, table, live_count)
    if op in TABLE_OPS:
        return table_cost(layer, tech, io, table)
    if op == "softmax":
        return softmax_cost(layer, tech, io, table)
    if op in POOLING_OPS:
        return pooling_cost(layer, tech, io, budget_ns, table)
    if op == "zeropad":
        return padding_cost(layer, tech, io, table)
    if op == "repack":
        return _repacked(layer, tech, io, table)
    if (
        op == "quantizer"
        or op in MOVE_OPS
        or (op in ("concatenate", "permute", "upsample", "crop") and io == "parallel")
    ):
        return free("wiring")
    return unknown(op)


def _repacked(layer: LayerRecord, tech: Technology, io: str, table: Coefficients) -> Cost:
    """A stream that arrives in small groups and leaves in a large one: registers that collect it."""
    timing = loop_timing(layer.packets, 2.0 if tech.is_vitis else REPACK_DEPTH)
    moved = replace(free("wiring"), **timing) if io == "stream" else free("wiring")
    if io != "stream" or layer.channels == 1:
        return moved
    coefficients = table.of("wrapper", "default")
    bits = float(layer.channels * (layer.result or layer.input or DEFAULT_TYPE).width)
    return replace(moved, lut=coefficients["input_lut"] * bits, ff=bits, rules=moved.rules - {"lut", "ff"})


def _collected(layer: LayerRecord, cost: Cost, tech: Technology, table: Coefficients) -> Cost:
    """Add what a streamed dense layer needs to collect its input."""
    coefficients = table.of("wrapper", tech.name)
    bits = layer.n_in * (layer.input or DEFAULT_TYPE).width
    is_looped = layer.packets > MAX_UNROLLED_PACKETS
    steps = 1.0 if tech.is_vitis or not cost.latency_max else coefficients["latency"]
    if tech.is_vitis or layer.packets == 1:
        added = steps + (layer.packets + 1 if layer.packets > 1 else 0)
    elif is_looped:
        added = steps * (1 + ((cost.latency_max or 0.0) > 1)) + layer.packets
    else:
        added = layer.packets - 1.0
    tail = COLLECTED_TAIL if is_looped else _collected_tail(layer, cost, added)
    collect = coefficients["input_lut"] * bits * (0.1 if tech.is_vitis else 1.0) if layer.packets == 1 else 0.0
    return replace(
        cost,
        lut=None if cost.lut is None else cost.lut + collect + (2 if tech.is_vitis else 18) * layer.n_out + 60,
        ff=None if cost.ff is None else cost.ff + coefficients["input_ff"] * bits,
        latency_min=None if cost.latency_min is None else cost.latency_min + added,
        latency_max=None if cost.latency_max is None else cost.latency_max + added,
        tail=tail,
    )


def _collected_tail(layer: LayerRecord, cost: Cost, added: float) -> float:
    """Cycles that a dense layer without a loop over its inputs adds behind a longer process of a stream."""
    cycles = cost.latency_min or 0.0
    if layer.strategy == "resource" and layer.reuse > 1:  # the loop over the weights counts as its depth
        return max(cycles - layer.reuse, 0.0)
    return call_timing(cycles + added, is_pipelined=layer.packets == 1)["tail"]
