"""Plans of layers around a matrix product: Dense and Affine (docs/ir.md, sections Dense and Affine)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.carrier import Carrier, Span, cast, convert, dtype_for
from hlsexplore.emulate.product import PlannedProduct, plan_product
from hlsexplore.emulate.step import CountingProbe, PlanContext, Probe, Step, result_step
from hlsexplore.fixed import RawArray
from hlsexplore.layer_config import LayerConfig, Strategy
from hlsexplore.op_facts import limits_raw
from hlsexplore.ops import Affine, Dense, Requantize, weights
from hlsexplore.weights import pruned_op, quantized


def raw_weights_of(context: PlanContext) -> dict[str, RawArray]:
    """Return the raw weights of a layer by tensor key."""
    values = weights(pruned_op(context.node.op, context.config))
    return {key: quantized(array, context.config.types[key]) for key, array in values.items()}


def accumulation_order(config: LayerConfig, n_in: int) -> NDArray[np.intp] | None:
    """Return the order in which a matrix product accumulates its inputs, or None for ascending.

    Args:
        config: Configuration of the layer.
        n_in: Rows of its matrix.
    """
    if config.strategy is not Strategy.RESOURCE or not 1 < config.reuse <= n_in:
        return None
    order: NDArray[np.intp] = np.concatenate([np.arange(k, n_in, config.reuse) for k in range(config.reuse)])
    return order


def plan_matrix(context: PlanContext, weight: RawArray, bias: RawArray | None) -> tuple[PlannedProduct, PlannedProduct]:
    """Plan the product of a layer in its accumulator type, and the full-precision one that `trace` compares with.

    Args:
        context: The layer; its first input is multiplied.
        weight: Raw weights, shape (n_in, n_out).
        bias: Raw bias, or None.
    """
    types = context.config.types
    order = accumulation_order(context.config, weight.shape[0])
    common = (weight, types["weight"].fraction, bias, types["bias"].fraction, context.spans[0])
    return plan_product(*common, types["accum"], order), plan_product(*common, None)


def multiply(
    product: PlannedProduct, exact: PlannedProduct, context: PlanContext, rows: Carrier, probe: Probe | None
) -> Carrier:
    """Multiply rows and show the accumulator and what happens inside it to the probe."""
    acc = product.apply(rows)
    if probe is not None:
        show_accumulator(product, exact, rows, acc, probe)
    return acc


def show_accumulator(
    product: PlannedProduct, exact: PlannedProduct, rows: Carrier, acc: Carrier, probe: Probe
) -> Carrier:
    """Show an accumulator and the casts inside it to a probe, and return it in the units of its type."""
    inner = product.inner
    if inner is None:
        return acc
    sums = cast(acc, product.span, inner.accum)[0]
    probe("accum", exact.apply(rows), exact.span, sums, inner.accum)
    if isinstance(probe, CountingProbe):
        probe.count(*inner.count(rows), inner.accum)
    return sums


def build_dense(context: PlanContext, op: Dense) -> Step:
    """Plan a Dense layer."""
    raw = raw_weights_of(context)
    product, exact = plan_matrix(context, raw["weight"], raw.get("bias"))
    n_in, n_out = raw["weight"].shape
    type_ = context.config.types["result"]

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        acc = multiply(product, exact, context, x.reshape(-1, n_in), probe)
        return acc.reshape(*x.shape[:-1], n_out)

    step = result_step(context, compute, product.span)

    def run(inputs: Sequence[Carrier], probe: Probe | None, is_rectified: bool = False) -> Carrier:
        if probe is not None:
            return step.run(inputs, probe)
        x = inputs[0]
        result = product.apply_cast(x.reshape(-1, n_in), type_, is_rectified)
        return result.reshape(*x.shape[:-1], n_out)

    return replace(step, run=run, rectified=lambda inputs, probe: run(inputs, probe, is_rectified=True))


def build_affine(context: PlanContext, op: Affine | Requantize) -> Step:
    """Plan x * kernel + bias: full precision inside, one cast."""
    raw, types, source = raw_weights_of(context), context.config.types, context.spans[0].with_zero()
    fraction = max(source.fraction + types["weight"].fraction, types["bias"].fraction)
    scale = lift(raw["weight"], fraction - source.fraction - types["weight"].fraction)
    offset = lift(raw["bias"], fraction - types["bias"].fraction)
    lows, highs = scale * source.low, scale * source.high
    span = Span(
        fraction,
        min(int((np.minimum(lows, highs) + offset).min()), 0),
        max(int((np.maximum(lows, highs) + offset).max()), 0),
    )
    products = max(abs(int(v)) for v in (lows.min(), lows.max(), highs.min(), highs.max()))
    dtype = dtype_for(max(span.magnitude, products, source.magnitude))
    scale, offset = convert(scale, dtype), convert(offset, dtype)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        values: Carrier = convert(inputs[0], dtype) * scale
        values += offset
        return values

    return result_step(context, compute, span)


def build_requantize(context: PlanContext, op: Requantize) -> Step:
    """Plan x * kernel + bias, one cast, and a clip."""
    type_ = context.config.types["result"]
    step = build_affine(context, op)
    low, high = limits_raw(op, type_)
    if low <= step.span.low and step.span.high <= high:
        return step

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        values = step.run(inputs, probe)
        ends = (low, high) if values.dtype == object else (values.dtype.type(low), values.dtype.type(high))
        clipped: Carrier = np.clip(values, *ends)
        return clipped

    span = Span(step.span.fraction, *(min(max(end, low), high) for end in (step.span.low, step.span.high)))
    return replace(step, run=run, span=span)


def lift(raw: RawArray, bits: int) -> RawArray:
    """Shift raw integers left, as Python integers so that nothing overflows."""
    return raw.astype(object) << bits
