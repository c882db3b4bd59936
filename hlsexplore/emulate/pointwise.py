"""Plans of elementwise functions (docs/ir.md, section Activations)."""

from collections.abc import Sequence
from dataclasses import replace
from math import floor

import numpy as np

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.emulate.accumulate import add_carriers, sum_span
from hlsexplore.emulate.carrier import (
    Carrier,
    Span,
    as_carrier,
    cast,
    cast_span,
    convert,
    dtype_for,
    requantize_carrier,
)
from hlsexplore.emulate.piecewise import PIECEWISE, FunctionBuilder
from hlsexplore.emulate.step import PlanContext, Probe, Step, cast_probed, result_step
from hlsexplore.fixed import Fixed, Overflow, RawArray, Rounding, quantize, requantize
from hlsexplore.op_facts import PARTS, Part
from hlsexplore.ops import Activation, Function, Lookup
from hlsexplore.tables import NEGATIVE_RANGE, SELU_RAW, SELU_TYPE, activation_table, half_range


def build_activation(context: PlanContext, op: Activation) -> Step:
    """Plan an elementwise function."""
    builder = _BUILDERS.get(op.function)
    if builder is None:
        raise no_answer(Executor.EMULATOR, context.node)
    return builder(context, op)


def build_linear(context: PlanContext, op: Activation) -> Step:
    """Plan a cast."""
    return result_step(context, lambda inputs, probe: inputs[0].copy(), context.spans[0])


def build_relu(context: PlanContext, op: Activation) -> Step:
    """Plan max(x, 0), with an upper clip for relu6 and the like."""
    span = context.spans[0]
    top = op.max_value
    type_, above = context.config.types["result"], positive_span(span)

    def rectified(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        if probe is not None:
            return cast_probed(positive_part(inputs[0], span), above, type_, "result", probe)
        return requantize_carrier(inputs[0], span, type_, is_raised=True)

    step = Step(run=rectified, span=cast_span(above, type_), type=type_)
    if top is None or floor(top * 2.0**span.fraction) >= span.high:
        return replace(step, is_rectifier=step.span == above)
    limit = floor(top * 2.0**span.fraction)
    ceiling = int(quantize(np.float64(top), step.type))

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        below = step.run(inputs, probe)
        result: Carrier = np.where(inputs[0] > limit, below.dtype.type(ceiling), below)
        return result

    return replace(step, run=run, span=step.span.hull(Span(step.span.fraction, ceiling, ceiling)))


def positive_part(x: Carrier, span: Span) -> Carrier:
    """Return max(x, 0) of integers of a span."""
    high = max(span.high, 0)
    # A clip is twice as fast as a maximum with a scalar (numpy 2.4).
    result: Carrier = np.clip(x, 0, high) if x.dtype == object else np.clip(x, x.dtype.type(0), x.dtype.type(high))
    return result


def positive_span(span: Span) -> Span:
    """Return the span of max(x, 0)."""
    return Span(span.fraction, max(span.low, 0), max(span.high, 0))


def build_table(context: PlanContext, op: Activation) -> Step:
    """Plan a function whose table covers both signs: sigmoid, tanh, softplus, softsign."""
    span, size = context.spans[0], context.config.table_size
    table = activation_table(op.function, size, context.config.types["table"])
    entries = Entries(table, context.config.types["table"], context.config.types["result"])
    index_type, index_span = signed_index(span, size, half_range(op.function))

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        index = cast(inputs[0], index_span, index_type)[0]
        if probe is not None:
            probe("index", inputs[0], index_span, index, index_type)
        return entries.take(index.astype(np.intp) + size // 2, probe)

    return Step(run=run, span=entries.span, type=context.config.types["result"])


def build_part_and_table(context: PlanContext, op: Activation) -> Step:
    """Plan a function that adds the nearest entry of a table over both signs to a part of x, with one cast."""
    span, size, type_ = context.spans[0], context.config.table_size, context.config.types["table"]
    table = activation_table(op.function, size, type_)
    index_type, index_span = signed_index(span, size, half_range(op.function), Rounding.RND)
    part, kept = PARTS[op.function], part_span(PARTS[op.function], span)
    added = Span(type_.fraction, int(table.min()), int(table.max()))
    entries = as_carrier(table, added.magnitude)

    def compute(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        x = inputs[0]
        index = cast(x, index_span, index_type)[0]
        if probe is not None and part is Part.NOTHING:  # beyond the table the others go on as their part of x
            probe("index", x, index_span, index, index_type)
        values: Carrier = entries[index.astype(np.intp) + size // 2]
        return values if part is Part.NOTHING else add_carriers(_part(part, x, span), kept, values, added)

    return result_step(context, compute, added if part is Part.NOTHING else sum_span(kept, added))


def part_span(part: Part, span: Span) -> Span:
    """Return the span of a part of values."""
    match part:
        case Part.POSITIVE:
            return positive_span(span)
        case Part.NEGATIVE:
            return Span(span.fraction, min(span.low, 0), min(span.high, 0))
        case Part.WHOLE | Part.NOTHING:
            return span


def _part(part: Part, x: Carrier, span: Span) -> Carrier:
    match part:
        case Part.POSITIVE:
            return positive_part(x, span)
        case Part.NEGATIVE:
            return np.minimum(x, 0 if x.dtype == object else x.dtype.type(0))
        case Part.WHOLE | Part.NOTHING:
            return x


def signed_index(span: Span, size: int, reach: int, rounding: Rounding = Rounding.TRN_ZERO) -> tuple[Fixed, Span]:
    """Return the type of a signed table index, and the span of inputs in units of one entry.

    Args:
        span: Span of the inputs.
        size: Entries, covering -reach to +reach.
        reach: Half the domain.
        rounding: Toward 0 in the tables of hls4ml, to the nearest entry in those of `PARTS`.
    """
    bits = size.bit_length() - 1
    per_entry = (2 * reach).bit_length() - 1 - bits
    index_type = Fixed(bits, bits, rounding=rounding, overflow=Overflow.SAT)
    return index_type, Span(span.fraction + per_entry, span.low, span.high)


class Entries:
    """A table whose entries are cast to the result type beforehand; stateless after construction."""

    def __init__(self, table: RawArray, type_: Fixed, result: Fixed) -> None:
        """Cast the entries.

        Args:
            table: Raw entries.
            type_: Type of them.
            result: Type of the layer's result.
        """
        self._type, self._result = type_, result
        final = requantize(table, type_.fraction, result)
        self.span = Span(result.fraction, int(final.min()), int(final.max()))
        self._entries = as_carrier(table, Span.of(type_).magnitude)
        self._final = as_carrier(final, self.span.magnitude)

    def take(self, index: np.ndarray[tuple[int, ...], np.dtype[np.intp]], probe: Probe | None) -> Carrier:
        """Return entries in the result type."""
        if probe is None:
            return self._final[index]
        return cast_probed(self._entries[index], Span.of(self._type), self._result, "result", probe)


def build_lookup(context: PlanContext, op: Lookup) -> Step:
    """Plan a table that belongs to the model."""
    span = context.spans[0]
    entries, mask = Entries(op.entries, op.type, context.config.types["result"]), (1 << op.source.width) - 1

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        index = cast(inputs[0], span, op.source)[0]
        if probe is not None:
            probe("index", inputs[0], span, index, op.source)
        return entries.take(index.astype(np.intp) & mask, probe)

    return Step(run=run, span=entries.span, type=context.config.types["result"])


def build_negative_table(context: PlanContext, op: Activation) -> Step:
    """Plan ELU or SELU: a table for negative inputs, a product or nothing for the others."""
    span, size = context.spans[0], context.config.table_size
    types = context.config.types
    table = activation_table(op.function, size, types["table"], op.alpha if op.function is Function.ELU else 1.0)
    entries = Entries(table, types["table"], types["result"])
    bits = size.bit_length() - 1
    index_type = Fixed(bits, bits, signed=False, rounding=Rounding.TRN_ZERO, overflow=Overflow.SAT)
    index_span = Span(span.fraction + NEGATIVE_RANGE.bit_length() - 1 - bits, 0, max(-span.low, 0))
    scale, fraction = (SELU_RAW, SELU_TYPE.fraction) if op.function is Function.SELU else (1, 0)
    above = positive_span(span)
    scaled = Span(span.fraction + fraction, above.low * scale, above.high * scale)
    positive = result_step(context, lambda inputs, probe: _scaled(inputs[0], span, scale, scaled), scaled)

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        depth = positive_part(-inputs[0], Span(span.fraction, -span.high, -span.low))
        index = cast(depth, index_span, index_type)[0]
        if probe is not None:
            probe("index", depth, index_span, index, index_type)
        below = entries.take(index.astype(np.intp), probe)
        result: Carrier = np.where(inputs[0] >= 0, positive.run(inputs, probe), below)
        return result

    return Step(run=run, span=entries.span.hull(positive.span), type=types["result"])


def _scaled(x: Carrier, source: Span, scale: int, span: Span) -> Carrier:
    values = positive_part(x, source)
    if scale == 1:
        return values
    values = convert(values, dtype_for(span.magnitude))
    result: Carrier = values * (scale if values.dtype == object else values.dtype.type(scale))
    return result


_BUILDERS: dict[Function, FunctionBuilder] = {
    Function.LINEAR: build_linear,
    Function.RELU: build_relu,
    Function.SIGMOID: build_table,
    Function.TANH: build_table,
    Function.SOFTPLUS: build_table,
    Function.SOFTSIGN: build_table,
    Function.ELU: build_negative_table,
    Function.SELU: build_negative_table,
    **dict.fromkeys(PARTS, build_part_and_table),
    **PIECEWISE,
}
