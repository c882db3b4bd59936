"""Plans of softmax: stable, latency and argmax (docs/ir.md, section Softmax)."""

from collections.abc import Sequence

import numpy as np

from hlsexplore.design import SoftmaxMode
from hlsexplore.emulate.carrier import Carrier, Span, as_carrier, cast, convert, dtype_for
from hlsexplore.emulate.step import Context, Probe, Step, cast_probed
from hlsexplore.emulate.tables import SoftmaxTables, softmax_tables
from hlsexplore.fixed import Fixed, quantize, requantize


def build_softmax(context: Context) -> Step:
    """Plan a softmax over the last axis."""
    if context.config.softmax is SoftmaxMode.ARGMAX:
        return _build_argmax(context)
    types, is_stable = context.config.types, context.config.softmax is SoftmaxMode.STABLE
    tables = softmax_tables(
        context.types[0],
        types["exp_table"],
        types["inv_input"],
        types["inv_table"],
        context.config.table_size,
        is_stable,
    )
    accum, sum_type, result = types["accum"], types["inv_input"], types["result"]
    exp = as_carrier(requantize(tables.exp, types["exp_table"].fraction, accum), Span.of(accum).magnitude)
    inverse = as_carrier(tables.inverse, Span.of(types["inv_table"]).magnitude)
    products = _product(Span.of(accum), Span.of(types["inv_table"]))
    dtype = dtype_for(products.magnitude)
    source = context.spans[0]

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        position = _exp_index(inputs[0], source, tables, is_stable, probe)
        terms = exp[position]
        if probe is not None:
            entries = as_carrier(tables.exp[position], Span.of(types["exp_table"]).magnitude)
            probe("exp_table", entries, Span.of(types["exp_table"]), terms, accum)
        total = _tree_sum(terms, accum, probe)
        total = cast_probed(total, Span.of(accum), sum_type, "inv_input", probe)
        factor = inverse[_top_bits(total, sum_type, tables.inverse_bits)]
        values: Carrier = convert(terms, dtype) * convert(factor, dtype)[..., None]
        return cast_probed(values, products, result, "result", probe)

    return Step(run=run, span=Span.of(result), type=result)


def _exp_index(x: Carrier, span: Span, tables: SoftmaxTables, is_stable: bool, probe: Probe | None) -> Carrier:
    if not is_stable:
        return _top_bits(x, tables.norm, tables.exp_bits)
    spread = Span(span.fraction, 0, span.high - span.low)
    x = convert(x, dtype_for(max(spread.magnitude, span.magnitude)))
    below: Carrier = x.max(axis=-1, keepdims=True) - x
    norm = cast(below, spread, tables.norm)[0]
    if probe is not None:
        probe("index", below, spread, norm, tables.norm)
    return _top_bits(norm, tables.norm, tables.exp_bits)


def _top_bits(values: Carrier, type_: Fixed, bits: int) -> Carrier:
    """Return the top bits of raw integers as a table index; negative integers count in two's complement."""
    drop = type_.width - bits
    if values.dtype.kind == "f":
        scaled = np.floor(values * values.dtype.type(2.0**-drop)).astype(np.intp)
    else:
        scaled = (values >> drop).astype(np.intp)
    index: Carrier = scaled & ((1 << bits) - 1) if type_.signed else scaled
    return index


def _tree_sum(terms: Carrier, accum: Fixed, probe: Probe | None) -> Carrier:
    """Add the last axis by a balanced tree whose every node is cast; the left side has the larger power of two."""
    count = terms.shape[-1]
    if count == 1:
        result: Carrier = terms[..., 0]
        return result
    left = 1 << ((count - 1).bit_length() - 1)
    parts = [_tree_sum(terms[..., :left], accum, probe), _tree_sum(terms[..., left:], accum, probe)]
    full = Span.of(accum)
    doubled = Span(full.fraction, 2 * full.low, 2 * full.high)
    dtype = dtype_for(doubled.magnitude)
    return cast_probed(convert(parts[0], dtype) + convert(parts[1], dtype), doubled, accum, "accum", probe)


def _product(a: Span, b: Span) -> Span:
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return Span(a.fraction + b.fraction, min(corners), max(corners))


def _build_argmax(context: Context) -> Step:
    """Plan a one-hot vector of the first largest input."""
    result = context.config.types["result"]
    one = int(quantize(np.float64(1.0), result))
    span = Span(result.fraction, min(one, 0), max(one, 0))
    dtype = dtype_for(span.magnitude)

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        winner = inputs[0].argmax(axis=-1)
        hot = np.zeros(inputs[0].shape, dtype=dtype)
        np.put_along_axis(hot, winner[..., None], one, axis=-1)
        return hot

    return Step(run=run, span=span, type=result)
