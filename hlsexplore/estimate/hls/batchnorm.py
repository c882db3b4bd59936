"""Batch normalisation: a product with a constant and a sum for each element."""

from math import ceil

import numpy as np

from hlsexplore.estimate.constants import Integers, bit_length, csd_digits, shift_add_count
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost
from hlsexplore.estimate.hls.elementwise import CALL_LUT, LOOP_LUT, cast_lut
from hlsexplore.estimate.hls.streams import ProcessTiming, call_timing, loop_timing
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Speed
from hlsexplore.fixed import Fixed

PIPELINED_FF = 59.0
"""Registers of a multiplier with an inner stage (21 multipliers of 14 x 11 to 15 bits)."""


def batchnorm_cost(layer: LayerRecord, p: Pricing) -> Cost:
    """Estimate x * scale + bias for each element: a multiplier for each constant, an adder, a cast.

    In streams with reuse R one multiplier serves R of the n elements of a pixel, which then takes n cycles (designs of
    two repositories).
    """
    source, target = layer.input or DEFAULT_TYPE, layer.result or DEFAULT_TYPE
    weight, coefficients, tech = layer.weight or DEFAULT_TYPE, p.of("batchnorm"), p.tech
    at_once = layer.channels if p.is_stream else layer.elements
    dsp, lut, multiplied = _scales(layer, source, weight, p, at_once)
    exact = Fixed(min(source.width + weight.width, 64), min(source.integer + weight.integer, 64))
    lut += coefficients["adder"] * at_once * tech.adder(min(target.width + 7, exact.width))
    lut += at_once * cast_lut(exact, target, tech)
    delay = tech.level_ns + (tech.multiply_ns if multiplied else 0.0)
    slow = multiplied and delay > p.budget_ns
    steps = 3.0 if slow and tech.speed is Speed.SLOW else 1.0 if slow else 0.0
    ff = steps * coefficients["ff"] * at_once * (source.width + target.width)
    ff += dsp * PIPELINED_FF if steps >= 3 else 0.0
    timing, pace = call_timing(steps, is_pipelined=True), 1.0
    if p.is_stream:
        is_looped = layer.pixels > 1
        lut += p.of("elementwise")["stream_lut"] * at_once + (LOOP_LUT if is_looped else CALL_LUT)
        ff += at_once * target.width
        if layer.reuse > 1 and not tech.is_vitis:
            dsp, pace = _shared(dsp, layer), float(at_once)
        timing = _stream_timing(layer, p, steps, pace)
    return Cost(
        model="batchnorm",
        lut=lut,
        ff=ff,
        dsp=float(dsp),
        bram18=0.0,
        **timing,
        ii=layer.pixels * pace if p.is_stream else 1.0,
        delay_ns=delay if not steps else 0.0,
        rules=frozenset({"bram18"} | ({"dsp"} if layer.constants is not None else set())),
    )


def _shared(dsp: int, layer: LayerRecord) -> int:
    """DSP blocks where a multiplier serves several elements."""
    return min(dsp, ceil(layer.channels / layer.reuse))


def _stream_timing(layer: LayerRecord, p: Pricing, steps: float, pace: float) -> ProcessTiming:
    if layer.pixels == 1:
        return call_timing(steps + pace - 1, is_pipelined=True)
    depth = max(steps, 1.0) if p.tech.is_vitis else max(steps + 3, 4.0)
    return loop_timing(layer.pixels, depth + pace - 1, pace)


def _scales(layer: LayerRecord, source: Fixed, weight: Fixed, p: Pricing, at_once: int) -> tuple[int, float, bool]:
    """DSP and LUT of the scales, and whether there are multipliers: from three digits on, as in a matrix product."""
    tech = p.tech
    if layer.constants is None:
        blocks = tech.multiplier_dsp(source.width, weight.width)
        return blocks * at_once, at_once * (tech.dsp_lut() if blocks else tech.soft_multiplier(source.width)), True
    scale = layer.constants.weight.reshape(-1)
    digits = csd_digits(scale)
    bits = bit_length(scale) + (scale < 0)
    dsp, lut = 0, 0.0
    for size, count in zip(*_counts(bits[digits >= 3]), strict=True):
        blocks = tech.multiplier_dsp(source.width, size)
        dsp += blocks * count
        lut += count * (tech.dsp_lut() if blocks else tech.soft_multiplier(max(source.width, size)))
    shifts = int(shift_add_count(scale[digits == 2]).sum())
    lut += shifts * tech.adder(source.width + 2)
    factor = at_once / max(scale.size, 1)
    return round(dsp * factor), lut * factor, bool((digits >= 3).any())


def _counts(values: Integers) -> tuple[list[int], list[int]]:
    found, counts = np.unique(values, return_counts=True)
    return found.tolist(), counts.tolist()
