"""Plans of softmax: stable, latency and argmax (docs/ir.md, section Softmax)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hlsexplore.emulate.accumulate import product_span
from hlsexplore.emulate.carrier import (
    INT64_SAFE,
    Carrier,
    IntegerTerms,
    Span,
    as_carrier,
    cast,
    convert,
    dtype_for,
    integer_terms,
    repays_kernel,
)
from hlsexplore.emulate.step import PlanContext, Probe, Step, cast_probed
from hlsexplore.fixed import Fixed, RawArray, quantize, requantize
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.ops import Softmax
from hlsexplore.tables import SoftmaxTables, softmax_tables


def build_softmax(context: PlanContext, op: Softmax) -> Step:
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
        context.config.exp_integer,
    )
    accum, sum_type, result = types["accum"], types["inv_input"], types["result"]
    exp = as_carrier(requantize(tables.exp, types["exp_table"].fraction, accum), Span.of(accum).magnitude)
    inverse = as_carrier(tables.inverse, Span.of(types["inv_table"]).magnitude)
    products = product_span(Span.of(accum), Span.of(types["inv_table"]))
    dtype = dtype_for(products.magnitude)
    source = context.spans[0]
    compiled = _plan_kernel(tables, source, types, is_stable)

    def run(inputs: Sequence[Carrier], probe: Probe | None) -> Carrier:
        if compiled is not None and probe is None and repays_kernel(inputs[0]):
            return compiled.apply(inputs[0])
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Kernel:
    """Arguments of `cast_kernels.softmax`.

    Attributes:
        is_stable: Whether each row's largest logit is subtracted.
        exp: Entries in the accumulator type, int64.
        inverse: Entries of the reciprocal, int64.
        drops: Largest distance or mask of the first index, and dropped bits of both indices.
        casts: Terms of the three casts.
        dtype: Dtype of the results.
    """

    is_stable: bool
    exp: RawArray
    inverse: RawArray
    drops: tuple[int, int, int]
    casts: tuple[IntegerTerms, ...]
    dtype: np.dtype[Any]

    def apply(self, x: Carrier) -> Carrier:
        """Compute the softmax of logits of shape (..., classes)."""
        from hlsexplore.emulate import cast_kernels

        logits = x.reshape(-1, x.shape[-1]).T.astype(np.int64, order="C")
        out: Carrier = np.empty((logits.shape[1], logits.shape[0]), self.dtype)
        cast_kernels.softmax(logits, self.is_stable, self.exp, self.inverse, self.drops, self.casts, out)
        return out.reshape(x.shape)


def _plan_kernel(tables: SoftmaxTables, source: Span, types: Mapping[str, Fixed], is_stable: bool) -> _Kernel | None:
    """Return the arguments of the compiled kernel, or None where 63 bits or its order of casts do not do."""
    accum, sum_type, result = types["accum"], types["inv_input"], types["result"]
    width = accum.width + types["inv_table"].width
    if source.fraction != tables.norm.fraction or source.magnitude >= INT64_SAFE or width > 61:
        return None
    casts = (
        integer_terms(accum.width + 1, accum.fraction, accum),
        integer_terms(accum.width, accum.fraction, sum_type),
        integer_terms(width, accum.fraction + types["inv_table"].fraction, result),
    )
    known = tuple(terms for terms in casts if terms is not None)
    if len(known) < len(casts):
        return None
    index_mask = tables.norm.max_raw if is_stable else (1 << tables.exp_bits) - 1
    return _Kernel(
        is_stable=is_stable,
        exp=requantize(tables.exp, types["exp_table"].fraction, accum).copy(),
        inverse=tables.inverse.copy(),
        drops=(index_mask, tables.norm.width - tables.exp_bits, sum_type.width - tables.inverse_bits),
        casts=known,
        dtype=dtype_for(Span.of(result).magnitude),
    )


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
        result: Carrier = terms[..., 0].copy()  # casts in place must not reach the terms
        return result
    left = 1 << ((count - 1).bit_length() - 1)
    parts = [_tree_sum(terms[..., :left], accum, probe), _tree_sum(terms[..., left:], accum, probe)]
    full = Span.of(accum)
    doubled = Span(full.fraction, 2 * full.low, 2 * full.high)
    dtype = dtype_for(doubled.magnitude)
    return cast_probed(convert(parts[0], dtype) + convert(parts[1], dtype), doubled, accum, "accum", probe)


def _build_argmax(context: PlanContext) -> Step:
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
