"""Layers that treat each element alone: activations, casts and merges."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import floor

from hlsexplore.estimate.constants import bit_length, csd_digits, shift_add_count
from hlsexplore.estimate.cost import DEFAULT_TYPE, Cost, free, is_rounding, is_saturating, unknown
from hlsexplore.estimate.hls.streams import ProcessTiming, call_timing, loop_timing
from hlsexplore.estimate.kinds import Kind
from hlsexplore.estimate.pricing import Pricing
from hlsexplore.estimate.record import LayerRecord
from hlsexplore.estimate.technology import Speed, Technology
from hlsexplore.fixed import Fixed

_CHANGE_WIDTH = 8
"""Bits that the comparisons for the range of a cast look at, at most."""
LOOP_LUT, CALL_LUT = 105.0, 22.0
"""LUT that control an activation of a stream: a loop over pixels, a single pixel (60 loops and 20 calls of 6
repositories, Vivado HLS 2019.1 to 2020.1)."""
LOOP_FF, CALL_FF = 16.0, 3.0
"""FF of the same."""
VITIS_CONTROL_LUT = 60.0
"""LUT of the same in Vitis HLS."""
HANDOVER_LUT = 9.0
"""LUT to hand an element on in a dataflow region of whole tensors (the multiplexer of its FIFO, 13 activations)."""
STAGE_COPIES = 2.0
"""Registers of an element that a rounding activation holds where it does not fit a cycle: the value and its rounded
copy (8 activations of 16 bits at 3.33 ns on Zynq, 26 to 34 bits each)."""
STREAM_OP_SPREAD = 1.65
"""How the delay of comparing, choosing and writing an element of a stream (`loop_ns`, in a call `call_ns`) grows with
the device's lag: one register at 5 ns on Virtex-7, Kintex UltraScale and Zynq, in loops none on UltraScale+, one at 10
and none at 25 ns on Zynq (70 activations of 6 repositories)."""


def cast_lut(source: Fixed, target: Fixed, tech: Technology) -> float:
    """LUT to cast one element: a rounding adder, comparisons for the range and two multiplexers."""
    lut = 0.0
    if is_rounding(source, target):
        lut += tech.adder(target.width) + 4
    if is_saturating(source, target):
        lut += 2 * tech.compare(min(_CHANGE_WIDTH, source.width)) + 2 * tech.select(target.width) + 4
    return lut


def elementwise_cost(layer: LayerRecord, p: Pricing, live: int | None = None) -> Cost:
    """Estimate an op of `ELEMENTS`: per-element logic, times the elements computed at once.

    Args:
        layer: The layer.
        p: Tool, family, interface and clock.
        live: Elements that something reads and that are not constant.

    Returns:
        The cost; unknown for an op without a formula.
    """
    if layer.op not in ELEMENTS:
        return unknown(layer.called)
    source, target = layer.input or DEFAULT_TYPE, layer.result or layer.input or DEFAULT_TYPE
    at_once = layer.channels if p.is_stream else layer.elements
    used = at_once if live is None or p.is_stream else min(live, at_once)
    lut, dsp = _all_elements(layer, source, target, p.tech, used)
    delay = _delay_ns(layer, source, target, p.tech)
    stages = floor(delay / p.budget_ns) if p.is_flat else 0
    timing = call_timing(float(stages))
    ff = STAGE_COPIES * stages * source.width * used
    if p.io == "dataflow":
        lut, ff = lut + HANDOVER_LUT * at_once, float(at_once * target.width)
    if p.is_stream:
        timing, depth = _stream_timing(layer, source, target, p)
        added, ff = _stream_control(layer, source, target, depth, p)
        lut += added
    if lut == 0 and p.io == "parallel":
        return free("elementwise")
    return Cost(
        model="elementwise",
        lut=lut,
        ff=ff,
        dsp=float(dsp),
        bram18=0.0,
        **timing,
        ii=float(layer.pixels) if p.is_stream else 1.0,
        delay_ns=delay - stages * p.budget_ns,
        rules=frozenset({"bram18", "ii"} | ({"dsp"} if not dsp else set())),
    )


def _all_elements(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology, used: int) -> tuple[float, int]:
    """LUT and DSP of all elements that are computed at once; elements with types of their own each by its bits."""
    price = ELEMENTS[layer.op]
    if layer.input_bits is None:
        lut, dsp = price(layer, source, target, tech)
        return lut * used, dsp * used
    total, blocks = 0.0, 0
    for bits, count in Counter(layer.input_bits).items():
        if bits:
            drop = max(source.width - bits, 0)
            own = Fixed(bits, source.integer - drop, signed=source.signed)
            width = min(target.width, bits)
            lut, dsp = price(layer, own, replace(target, width=width, integer=width - target.fraction), tech)
            total, blocks = total + lut * count, blocks + dsp * count
    share = used / max(sum(map(bool, layer.input_bits)), used, 1)
    return total * share, round(blocks * share)


def _stream_control(layer: LayerRecord, source: Fixed, target: Fixed, stages: float, p: Pricing) -> tuple[float, float]:
    """LUT and FF of a stream's handshake for each channel, its loop, and the registers between its stages.

    In Vivado HLS a call that casts nothing holds nothing: it waits with its input (4 calls of 10 to 64 channels).
    """
    coefficients = p.of("elementwise")
    at_once, is_looped = layer.channels, layer.pixels > 1
    if p.tech.is_vitis:
        return coefficients["stream_lut"] * at_once + VITIS_CONTROL_LUT, coefficients["stream_ff"] * at_once + 10
    casts = is_rounding(source, target) or is_saturating(source, target)
    held = min(stages, 1) * target.width * (is_looped or casts) + max(stages - 1, 0) * source.width
    control = (LOOP_LUT, LOOP_FF) if is_looped else (CALL_LUT, CALL_FF)
    return coefficients["stream_lut"] * at_once + control[0], coefficients["stream_ff"] * at_once * held + control[1]


def _is_cut(p: Pricing, delay: str) -> bool:
    """Whether an operation of a stream needs a register; its delay is a coefficient."""
    return bool(p.of("elementwise")[delay] * p.tech.lag**STREAM_OP_SPREAD > p.budget_ns)


def _stream_timing(layer: LayerRecord, source: Fixed, target: Fixed, p: Pricing) -> tuple[ProcessTiming, float]:
    """Cycles of a loop over the pixels or of a call for one, and its stages: one deep in Vitis HLS, else two and more.

    A comparison that does not fit the cycle takes one more, rounding on slow 7 series another; at 25 ns neither.
    """
    if p.tech.is_vitis:
        return (call_timing(1.0, is_pipelined=True) if layer.pixels == 1 else loop_timing(layer.pixels, 1.0)), 0.0
    compares, rounds = layer.op != Kind.LINEAR, is_rounding(source, target)
    is_call = layer.pixels == 1
    stages = float(compares and _is_cut(p, "call_ns" if is_call else "loop_ns"))
    if p.tech.speed is Speed.SLOW and stages and rounds:
        stages += 1
    if is_call:
        casts = not compares and (rounds or is_saturating(source, target) or _is_cut(p, "loop_ns"))
        return call_timing(stages + casts, is_pipelined=True), stages
    return loop_timing(layer.pixels, 2.0 + stages), stages


def _delay_ns(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> float:
    """Time of one element's comparison, choice and cast (45 activations of 12 designs); a cast alone takes none."""
    casts = is_rounding(source, target) or is_saturating(source, target)
    if layer.op == Kind.LINEAR and not casts:
        return 0.0
    if tech.speed is Speed.SLOW:
        return 4.1 if casts else 2.5
    if tech.is_vitis:
        return 2.2 if casts else 1.1
    return 1.23 if casts else 0.97


Element = Callable[[LayerRecord, Fixed, Fixed, Technology], tuple[float, int]]


def _linear(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    return cast_lut(source, target, tech), 0


def _relu(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    """A comparison with 0 and a choice; the cast sees no negative value."""
    positive = source
    if source.signed and source.width > 1:
        positive = Fixed(source.width - 1, source.integer - 1, signed=False)
    choice = tech.select(min(target.width, source.width - 1))
    return tech.compare(source.width) + choice + cast_lut(positive, target, tech), 0


def _sloped(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    """Leaky and parametric ReLU: a product with a constant slope where it is no power of two."""
    blocks, product = _slope(layer, source, tech)
    is_leaky = layer.op == Kind.LEAKY_RELU
    sign = 0.0 if is_leaky else tech.compare(source.width)
    choice = 3.0 if is_leaky and not product else tech.select(target.width)
    return sign + choice + cast_lut(source, target, tech) + product, blocks


def _clipped(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    """Hard sigmoid and tanh: two comparisons and choices behind an adder."""
    lut = 2 * tech.compare(source.width) + 2 * tech.select(target.width) + tech.adder(source.width)
    return lut + cast_lut(source, target, tech), 0


def _bounded(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    """Two comparisons and choices; a line below the bounds is a product and a sum."""
    blocks, product = _slope(layer, source, tech)
    line = product + tech.adder(source.width) if layer.constants is not None else 0.0
    choices = 2 * tech.compare(source.width) + 2 * tech.select(target.width)
    return choices + line + cast_lut(source, target, tech), blocks


def _hard_swish(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    """A hard sigmoid with its slope, and its product with the input in full precision."""
    lut, _ = _clipped(layer, source, target, tech)
    blocks, slope = _slope(layer, source, tech)
    factor = source.width + (layer.weight or source).width + 1
    product = tech.multiplier_dsp(source.width, factor)
    return lut + slope + (tech.dsp_lut() * product or tech.soft_multiplier(factor)), blocks + product


def _sign(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    return tech.compare(source.width) + 2, 0


def _extreme(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    return tech.compare(source.width) + tech.select(target.width) + cast_lut(source, target, tech), 0


def _product(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    blocks = tech.multiplier_dsp(source.width, source.width)
    return (tech.dsp_lut() if blocks else tech.soft_multiplier(source.width)) + cast_lut(source, target, tech), blocks


def _sum(layer: LayerRecord, source: Fixed, target: Fixed, tech: Technology) -> tuple[float, int]:
    return max(len(layer.sources) - 1, 1) * tech.adder(source.width + 1) + cast_lut(source, target, tech), 0


ELEMENTS: Mapping[Kind, Element] = {
    Kind.LINEAR: _linear,
    Kind.RELU: _relu,
    Kind.THRESHOLDED_RELU: _relu,
    Kind.LEAKY_RELU: _sloped,
    Kind.PRELU: _sloped,
    Kind.HARD_SIGMOID: _clipped,
    Kind.HARD_TANH: _clipped,
    Kind.HARD_SWISH: _hard_swish,
    Kind.CLIP: _bounded,
    Kind.BINARY_TANH: _sign,
    Kind.TERNARY_TANH: _sign,
    Kind.MAXIMUM: _extreme,
    Kind.MINIMUM: _extreme,
    Kind.MULTIPLY: _product,
    Kind.ADD: _sum,
    Kind.SUBTRACT: _sum,
    Kind.AVERAGE: _sum,
}
"""LUT and DSP of one element by op. An op that is not here has no model."""


def _slope(layer: LayerRecord, source: Fixed, tech: Technology) -> tuple[int, float]:
    """DSP and LUT of a product with a constant slope; an unknown slope counts as a power of two."""
    if layer.constants is None:
        return 0, 0.0
    slope = layer.constants.weight.reshape(-1)[:1]
    if csd_digits(slope)[0] >= 3:
        blocks = tech.multiplier_dsp(source.width, int(bit_length(slope)[0]) + 1)
        return blocks, tech.dsp_lut() if blocks else tech.soft_multiplier(source.width)
    return 0, float(shift_add_count(slope)[0]) * tech.adder(source.width)
