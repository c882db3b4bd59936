"""Plans of softmax: stable, latency and argmax (docs/ir.md, section Softmax)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.emulate.accumulate import product_span
from hlsexplore.emulate.carrier import (
    FLOAT64_EXACT,
    Carrier,
    Passed,
    Span,
    as_carrier,
    cast,
    convert,
    dtype_for,
    hold_terms,
    plan_pass_of,
    repays_kernel,
    rounding_terms,
)
from hlsexplore.emulate.step import PlanContext, Probe, Step, cast_probed
from hlsexplore.fixed import Fixed, quantize, requantize
from hlsexplore.layer_config import SoftmaxMode
from hlsexplore.ops import Softmax
from hlsexplore.tables import SoftmaxTables, softmax_tables

INT32_BITS = 30
"""Bits of the numbers that the kernel reads: sums of two, and what a rounding adds, stay within 32."""


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
        exp: Entries in the accumulator type, int32.
        inverse: Entries of the reciprocal, float64.
        terms: int32 numbers: largest distance or mask of the first index, dropped bits of it; last place of the
            reciprocals, dropped bits of their index; bits to gain, `carrier.rounding_terms` and bits to drop of the
            cast to that index's type; `_hold32` terms of the accumulator and of that type.
        passed: Arguments of `cast_kernels.requantize_values` for the products.
        dtype: Dtype of the results.
    """

    is_stable: bool
    exp: NDArray[np.int32]
    inverse: NDArray[np.float64]
    terms: NDArray[np.int32]
    passed: Passed
    dtype: np.dtype[Any]

    def apply(self, x: Carrier) -> Carrier:
        """Compute the softmax of logits of shape (..., classes)."""
        from hlsexplore.emulate import cast_kernels

        rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
        out: Carrier = np.empty(rows.shape, self.dtype)
        cast_kernels.softmax(rows, self.is_stable, self.exp, self.inverse, self.terms, *self.passed, out)
        return out.reshape(x.shape)


def _plan_kernel(tables: SoftmaxTables, source: Span, types: Mapping[str, Fixed], is_stable: bool) -> _Kernel | None:
    """Return the arguments of the compiled kernel, or None where 32 bits, or doubles for the products, do not do."""
    accum, sum_type, result = types["accum"], types["inv_input"], types["result"]
    products, down = product_span(Span.of(accum), Span.of(types["inv_table"])), accum.fraction - sum_type.fraction
    width = max(accum.width + 1, accum.width + max(-down, 0), sum_type.width, abs(down))
    if (
        source.fraction != tables.norm.fraction
        or max(source.magnitude, tables.norm.max_raw) >= 1 << INT32_BITS
        or width > INT32_BITS
        or products.magnitude >= FLOAT64_EXACT
    ):
        return None
    passed = plan_pass_of(products, result)
    if passed is None:
        return None
    terms = (
        *(tables.norm.max_raw if is_stable else (1 << tables.exp_bits) - 1, tables.norm.width - tables.exp_bits),
        *(len(tables.inverse) - 1, sum_type.width - tables.inverse_bits),
        *(max(-down, 0), *rounding_terms(sum_type.rounding, max(down, 0)), max(down, 0)),
        *_hold32_terms(accum),
        *_hold32_terms(sum_type),
    )
    return _Kernel(
        is_stable=is_stable,
        exp=requantize(tables.exp, types["exp_table"].fraction, accum).astype(np.int32),
        inverse=tables.inverse.astype(np.float64),
        terms=np.array(terms, np.int32),
        passed=passed,
        dtype=dtype_for(Span.of(result).magnitude),
    )


def _hold32_terms(type_: Fixed) -> tuple[int, int, int, int, int]:
    """Return the terms of overflow handling in 32 bits of a type of at most `INT32_BITS`."""
    lift, mask, low, high, zeroes = hold_terms(type_)
    return max(lift - 32, 0), mask, low, high, int(zeroes)


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
