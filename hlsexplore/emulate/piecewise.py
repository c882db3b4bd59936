"""Plans of piecewise linear functions: leaky ReLU, hard sigmoid and their kin (docs/ir.md, section Activations)."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor, isfinite, isinf

import numpy as np

from hlsexplore.emulate.accumulate import add_carriers, multiply_carriers, product_span, sum_span
from hlsexplore.emulate.carrier import Carrier, Span, as_carrier, cast, cast_span, dtype_for
from hlsexplore.emulate.step import PlanContext, Probe, Step, cast_probed, result_step
from hlsexplore.fixed import quantize
from hlsexplore.ops import Activation, Clip, Function, PRelu
from hlsexplore.weights import quantized


def build_leaky_relu(context: PlanContext, op: Activation) -> Step:
    """Plan x above 0, else slope * x, the slope in the weight type."""
    return _sloped(context, np.asarray(quantize(np.float64(op.alpha), context.config.types["weight"])))


def build_prelu(context: PlanContext, op: PRelu) -> Step:
    """Plan x above 0, else slope * x, with a slope for each element or channel."""
    raw = quantized(op.kernel, context.config.types["weight"])
    return _sloped(context, np.broadcast_to(raw, context.node.shape))


def _sloped(context: PlanContext, slope: Carrier) -> Step:
    """Plan a slope below 0: each branch is cast by itself."""
    span, result = context.spans[0], context.config.types["result"]
    weight = context.config.types["weight"]
    slopes = Span(weight.fraction, int(slope.min()), int(slope.max()))
    below = Span(span.fraction, min(span.low, 0), max(min(span.high, 0), 0))
    products = product_span(below, slopes)
    factor = as_carrier(slope, slopes.magnitude)

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        negative = np.minimum(x, x.dtype.type(0) if x.dtype != object else 0)
        low = cast_probed(multiply_carriers(negative, below, factor, slopes), products, result, "result", probe)
        high, _ = cast(x, span, result)
        chosen: Carrier = np.where(x > 0, high, low)
        return chosen

    return Step(run=run, span=cast_span(span, result).hull(cast_span(products, result)), type=result)


def build_thresholded_relu(context: PlanContext, op: Activation) -> Step:
    """Plan x above the threshold, which is in the weight type, else 0."""
    span, weight = context.spans[0], context.config.types["weight"]
    theta = Fraction(int(quantize(np.float64(op.alpha), weight))) / Fraction(2) ** weight.fraction
    limit = floor(theta * Fraction(2) ** span.fraction)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        if limit >= span.high:
            return x * 0
        if limit < span.low:
            return x.copy()
        kept: Carrier = np.where(x > limit, x, 0 if x.dtype == object else x.dtype.type(0))
        return kept

    return result_step(context, compute, span.with_zero())


def build_hard_sigmoid(context: PlanContext, op: Activation) -> Step:
    """Plan clip(slope * x + 1/2, 0, 1), the slope in the weight type, full precision inside."""
    squeeze, squeezed = _squeezed(context, op)
    return result_step(context, lambda inputs, probe: squeeze(inputs[0]), squeezed)


def build_hard_swish(context: PlanContext, op: Activation) -> Step:
    """Plan x * clip(slope * x + 1/2, 0, 1), the slope in the weight type, full precision inside."""
    span, (squeeze, squeezed) = context.spans[0], _squeezed(context, op)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        return multiply_carriers(inputs[0], span, squeeze(inputs[0]), squeezed)

    return result_step(context, compute, product_span(span, squeezed))


def _squeezed(context: PlanContext, op: Activation) -> tuple[Callable[[Carrier], Carrier], Span]:
    """Return the function clip(slope * x + 1/2, 0, 1) in full precision, and the span of its results."""
    span, weight = context.spans[0], context.config.types["weight"]
    raw = quantize(np.float64(op.alpha), weight)
    slope, half = Span(weight.fraction, int(raw), int(raw)), Span(1, 1, 1)
    products = product_span(span, slope)
    total = sum_span(products, half)
    one = 1 << total.fraction

    def squeeze(x: Carrier) -> Carrier:
        values = multiply_carriers(x, span, np.asarray(raw), slope)
        values = add_carriers(values, products, np.ones(1, dtype=np.float32), half)
        clipped: Carrier = np.clip(values, 0, min(one, total.high)) if total.high > 0 else values * 0
        return clipped

    return squeeze, Span(total.fraction, 0, one)


def build_clip(context: PlanContext, op: Clip) -> Step:
    """Plan x between two bounds: the upper one above, a constant or a line below; each branch is cast by itself."""
    span, result = context.spans[0], context.config.types["result"]
    low, high = raw_limit(op.low, span), raw_limit(op.high, span)
    ceiling = int(quantize(np.float64(op.high), result)) if high < span.high else 0
    below = _line(context, op)
    spans = [cast_span(span, result), Span(result.fraction, ceiling, ceiling), below.span]

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        above = cast_probed(x.copy(), span, result, "result", probe)
        if high < span.high:
            above = np.where(x > high, ceiling if above.dtype == object else above.dtype.type(ceiling), above)
        if low < span.low:
            return above
        chosen: Carrier = np.where(x > low, above, below.run(inputs, probe))
        return chosen

    return Step(run=run, span=spans[0].hull(spans[1]).hull(spans[2]), type=result)


def raw_limit(value: float, span: Span) -> int:
    """Return the largest integer of a span, or the one below all of them, that is not above a real value."""
    if isinf(value):
        return span.high if value > 0 else span.low - 1
    return min(max(floor(Fraction(value) * Fraction(2) ** span.fraction), span.low - 1), span.high)


def _line(context: PlanContext, op: Clip) -> Step:
    """Plan slope * x + offset with both in types of their own, or a constant where the slope is 0."""
    span, types = context.spans[0], context.config.types
    if not op.slope:
        floor_raw = int(quantize(np.float64(op.floor), types["result"])) if isfinite(op.low) else 0
        kept = Span(types["result"].fraction, floor_raw, floor_raw)
        dtype = dtype_for(kept.magnitude)
        return Step(
            run=lambda inputs, probe: np.full(inputs[0].shape, floor_raw, dtype=dtype), span=kept, type=types["result"]
        )
    slope, offset = (int(quantize(np.float64(v), types[k])) for v, k in ((op.slope, "weight"), (op.offset, "bias")))
    factor, shift = Span(types["weight"].fraction, slope, slope), Span(types["bias"].fraction, offset, offset)
    products = product_span(span, factor)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        values = multiply_carriers(inputs[0], span, np.asarray(slope), factor)
        return add_carriers(values, products, as_carrier(np.asarray([offset], dtype=object), shift.magnitude), shift)

    return result_step(context, compute, sum_span(products, shift))


def build_hard_tanh(context: PlanContext, op: Activation) -> Step:
    """Plan clip(x, -1, 1)."""
    span = context.spans[0]
    one = 2.0**span.fraction
    if span.fraction < 0:
        return _grid_below_one(context)
    low, high = max(span.low, -int(one)), min(span.high, int(one))

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        clipped: Carrier = np.clip(inputs[0], min(low, high), max(low, high))
        return clipped

    return result_step(context, compute, Span(span.fraction, min(low, high), max(low, high)))


def _grid_below_one(context: PlanContext) -> Step:
    """Plan clip(x, -1, 1) where the input counts in steps above 1: the sign."""

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        signs: Carrier = np.sign(inputs[0])
        return signs

    return result_step(context, compute, Span(0, -1, 1))


def build_binary_tanh(context: PlanContext, op: Activation) -> Step:
    """Plan 1 from 0 on, else -1."""

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        signs: Carrier = np.where(inputs[0] >= 0, np.float32(1), np.float32(-1))
        return signs

    return result_step(context, compute, Span(0, -1, 1))


def build_ternary_tanh(context: PlanContext, op: Activation) -> Step:
    """Plan the sign of x where abs(x) reaches the threshold, else 0."""
    span = context.spans[0]
    limit = ceil(Fraction(op.alpha) * Fraction(2) ** span.fraction)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        reached = np.abs(x) >= limit if limit <= span.magnitude else np.zeros(x.shape, dtype=bool)
        signs: Carrier = np.where(reached, np.sign(x), 0).astype(np.float32)
        return signs

    return result_step(context, compute, Span(0, -1, 1))


FunctionBuilder = Callable[[PlanContext, Activation], Step]

PIECEWISE: dict[Function, FunctionBuilder] = {
    Function.LEAKY_RELU: build_leaky_relu,
    Function.THRESHOLDED_RELU: build_thresholded_relu,
    Function.HARD_SIGMOID: build_hard_sigmoid,
    Function.HARD_SWISH: build_hard_swish,
    Function.HARD_TANH: build_hard_tanh,
    Function.BINARY_TANH: build_binary_tanh,
    Function.TERNARY_TANH: build_ternary_tanh,
}
