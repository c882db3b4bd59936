"""Plan of layer normalisation (docs/ir.md, section LayerNorm)."""

from collections.abc import Sequence

import numpy as np

from hlsexplore.emulate.accumulate import accumulate, add_carriers, multiply_carriers, product_span, sum_span
from hlsexplore.emulate.carrier import Carrier, Span, as_carrier, cast, convert, dtype_for
from hlsexplore.emulate.dense import raw_weights_of
from hlsexplore.emulate.step import PlanContext, Probe, Step, result_step
from hlsexplore.fixed import Fixed, Overflow, RawArray, Rounding, quantize
from hlsexplore.ops import LayerNorm
from hlsexplore.tables import inverse_root_table, variance_reach


def build_layer_norm(context: PlanContext, op: LayerNorm) -> Step:
    """Plan mean, variance, a table of 1 / sqrt, scale and offset over the last axis."""
    types, size = context.config.types, context.config.table_size
    raw, accum, count = raw_weights_of(context), types["accum"], context.node.shape[-1]
    table_raw = inverse_root_table(size, variance_reach(accum), op.epsilon, types["table"])
    table = as_carrier(table_raw, Span.of(types["table"]).magnitude)
    inverse = int(quantize(np.float64(1.0 / count), accum))
    full = Span.of(accum)
    scale, offset = _constant(raw["weight"], types["weight"]), _constant(raw["bias"], types["bias"])
    entries = Span.of(types["table"])
    scaled = product_span(product_span(full, entries), scale[1])
    total = sum_span(scaled, offset[1])
    bits = size.bit_length() - 1
    index_type = Fixed(bits, bits, signed=False, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    index_span = Span(full.fraction + variance_reach(accum) - bits, full.low, full.high)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = cast(inputs[0], context.spans[0], accum)[0]
        mean = _mean(x, inverse, accum)
        unlike = Span(full.fraction, full.low - full.high, full.high - full.low)
        kind = dtype_for(unlike.magnitude)
        diff = cast(convert(x, kind) - convert(mean, kind), unlike, accum, owned=True)[0]
        squares = cast(multiply_carriers(diff, full, diff, full), product_span(full, full), accum)[0]
        variance = _mean(squares, inverse, accum)
        if probe is not None:
            probe("accum", inputs[0], context.spans[0], x, accum)
            probe("index", variance, index_span, cast(variance, index_span, index_type)[0], index_type)
        index = cast(variance, index_span, index_type)[0].astype(np.intp)
        normal = multiply_carriers(diff, full, table[index], entries)
        values = multiply_carriers(normal, product_span(full, entries), *scale)
        return add_carriers(values, scaled, offset[0], offset[1])

    return result_step(context, compute, total)


def _mean(x: Carrier, inverse: int, accum: Fixed) -> Carrier:
    """Return cast(sum of the last axis * inverse), the axis kept."""
    full = Span.of(accum)
    total = accumulate([x[..., i] for i in range(x.shape[-1])], full, accum)
    factor = Span(full.fraction, min(inverse, 0), max(inverse, 0))
    values = multiply_carriers(total, full, np.asarray(float(inverse)), factor)
    return cast(values, product_span(full, factor), accum, owned=True)[0][..., None]


def _constant(raw: RawArray, type_: Fixed) -> tuple[Carrier, Span]:
    span = Span(type_.fraction, min(int(raw.min()), 0), max(int(raw.max()), 0))
    return as_carrier(raw, span.magnitude), span
