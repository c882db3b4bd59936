"""From a layer to its cost: the model for each kind of op."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from math import ceil, sqrt

from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, free, unknown
from hlsexplore.estimate.hls.batchnorm import batchnorm_cost
from hlsexplore.estimate.hls.elementwise import ELEMENTS, LOOP_LUT, elementwise_cost
from hlsexplore.estimate.hls.images import convolution_cost, padding_cost
from hlsexplore.estimate.hls.matrix import ALL
from hlsexplore.estimate.hls.multipliers import with_multiplier
from hlsexplore.estimate.hls.pooling import pooling_cost
from hlsexplore.estimate.hls.products import matrix_cost
from hlsexplore.estimate.hls.recurrent import recurrent_cost
from hlsexplore.estimate.hls.softmax import softmax_cost
from hlsexplore.estimate.hls.streams import COLLECTED_TAIL, call_timing, loop_timing
from hlsexplore.estimate.hls.tables import table_cost
from hlsexplore.estimate.kinds import ELEMENTWISE_OPS, MOVE_OPS, POOLING_OPS, RECURRENT_OPS, TABLE_OPS, Kind
from hlsexplore.estimate.liveness import live_elements, live_of
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.rtl.layers import rtl_cost

MAX_UNROLLED_PACKETS = 8
"""Groups of inputs from which a streamed dense layer collects them in a loop before 2020 (4 are unrolled, 16 not)."""
LOOPED_FROM = 2020.0
"""Version of Vivado HLS from which every such layer of several groups has a loop (13 layers of 4 groups)."""
REPACK_DEPTH = 6.0
"""Cycles of a turn of the loop that packs a stream into larger groups in Vivado HLS (one, from its region's total)."""
UPSAMPLE_DEPTH = 2.0
"""Cycles of a turn of the loop that repeats pixels of a stream (three upsamplings of one repository)."""

UPSAMPLE_LUT = 45.0
"""LUT of a buffered pixel of the row that an upsampling repeats (the same three)."""

Around = tuple[Constants | None, Constants | None]
"""Constants of the dense layers before and after."""


@lru_cache(maxsize=65536)
def layer_cost(layer: LayerRecord, p: Pricing, around: Around = (None, None)) -> Cost:
    """Estimate one layer; results are cached.

    Args:
        layer: The layer.
        p: Tool, family, interface and clock.
        around: Constants of the dense layers before and after.

    Returns:
        The cost; every figure None for an op without a model.
    """
    if p.tech.is_rtl:
        return rtl_cost(layer, p)
    model = MODELS.get(layer.op)
    if model is None:
        return unknown(layer.called)
    return with_multiplier(model(layer, p, around if p.is_flat else (None, None)), layer, p.tech)


def _dense(layer: LayerRecord, p: Pricing, around: Around) -> Cost:
    if layer.pixels > 1:
        return convolution_cost(layer, p)
    cost = matrix_cost(layer, p, live_of(layer, *around) if p.is_flat else ALL)
    return _collected(layer, cost, p) if p.is_stream else cost


def _elements(layer: LayerRecord, p: Pricing, around: Around) -> Cost:
    is_live = p.is_flat and layer.op in ELEMENTWISE_OPS
    return elementwise_cost(layer, p, live_elements(layer, *around) if is_live else None)


def _wires(layer: LayerRecord, p: Pricing, around: Around) -> Cost:
    return free("wiring")


def _moved(layer: LayerRecord, p: Pricing, around: Around) -> Cost:
    """Ops that only choose or order elements: wires between whole tensors, unknown processes of a stream."""
    return unknown(layer.called) if p.is_stream else free("wiring")


def _upsampled(layer: LayerRecord, p: Pricing, around: Around) -> Cost:
    """Pixels that a stream repeats: a buffer of a row and a loop over the output; wires between whole tensors."""
    if not p.is_stream:
        return free("wiring")
    bits = layer.channels * (layer.result or layer.input or DEFAULT_TYPE).width
    columns = layer.image.in_width if layer.image is not None else ceil(sqrt(layer.pixels) / 2)
    timing = loop_timing(layer.pixels, UPSAMPLE_DEPTH)
    return Cost(
        model="elementwise",
        lut=2 * LOOP_LUT + 2 * p.of("elementwise")["stream_lut"] * layer.channels + UPSAMPLE_LUT * columns,
        ff=float(bits * columns + 30),
        dsp=0.0,
        bram18=0.0,
        **timing,
        ii=timing["latency_max"],
        rules=frozenset({"dsp"}),
        notes=("upsampled stream: one measured design",),
    )


def _repacked(layer: LayerRecord, p: Pricing, around: Around) -> Cost:
    """A stream that arrives in small groups and leaves in a large one: registers that collect it."""
    timing = loop_timing(layer.packets, 2.0 if p.tech.is_vitis else REPACK_DEPTH)
    moved = replace(free("wiring"), **timing) if p.is_stream else free("wiring")
    if not p.is_stream or layer.channels == 1:
        return moved
    bits = float(layer.channels * (layer.result or layer.input or DEFAULT_TYPE).width)
    return replace(moved, lut=p.of("wrapper")["input_lut"] * bits, ff=bits, rules=moved.rules - {"lut", "ff"})


def _collected(layer: LayerRecord, cost: Cost, p: Pricing) -> Cost:
    """Add what a streamed dense layer needs to collect its input."""
    coefficients, tech = p.of("wrapper"), p.tech
    bits = layer.n_in * (layer.input or DEFAULT_TYPE).width
    is_looped = layer.packets > (MAX_UNROLLED_PACKETS if tech.version < LOOPED_FROM else 1)
    steps = 1.0 if tech.is_vitis or not cost.latency_max else coefficients["latency"]
    if tech.is_vitis or layer.packets == 1:
        added = steps + (layer.packets + 1 if layer.packets > 1 else 0)
    elif is_looped:
        added = coefficients["latency"] * (1 + (layer.strategy == "resource" and layer.reuse > 1)) + layer.packets
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


Model = Callable[[LayerRecord, Pricing, Around], Cost]


def _alone(model: Callable[[LayerRecord, Pricing], Cost]) -> Model:
    return lambda layer, p, around: model(layer, p)


MODELS: Mapping[Kind, Model] = {
    Kind.DENSE: _dense,
    **dict.fromkeys((Kind.CONV1D, Kind.CONV2D, Kind.DEPTHWISE_CONV2D), _alone(convolution_cost)),
    **dict.fromkeys(RECURRENT_OPS, _alone(recurrent_cost)),
    **dict.fromkeys(ELEMENTS, _elements),
    **dict.fromkeys(TABLE_OPS, _alone(table_cost)),
    **dict.fromkeys(POOLING_OPS, _alone(pooling_cost)),
    **dict.fromkeys((*MOVE_OPS, Kind.QUANTIZER), _wires),
    **dict.fromkeys((Kind.CONCATENATE, Kind.PERMUTE, Kind.CROP), _moved),
    Kind.BATCHNORM: _alone(batchnorm_cost),
    Kind.SOFTMAX: _alone(softmax_cost),
    Kind.ZEROPAD: _alone(padding_cost),
    Kind.REPACK: _repacked,
    Kind.UPSAMPLE: _upsampled,
}
"""The model of each kind of layer for the vendors' HLS tools; a kind that is not here is unknown."""
