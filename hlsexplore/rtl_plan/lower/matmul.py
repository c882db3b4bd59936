"""Matrix products with the accumulator's casts, exactly as docs/ir.md (section Dense) orders them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, RawArray, Rounding, requantize
from hlsexplore.rtl_plan.netlist.casts import cast, folded_offset, overflow, rounded
from hlsexplore.rtl_plan.netlist.cells import Value
from hlsexplore.rtl_plan.netlist.cmvm import constant_products, multiply_matrix
from hlsexplore.rtl_plan.netlist.net import Net
from hlsexplore.rtl_plan.netlist.sums import Term, plain, scaled, sum_terms

Ranges = Sequence[tuple[int, int]]
"""Lowest and highest value of each element."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatrixProduct:
    """A constant matrix product with its types.

    Attributes:
        weight: Raw weights, shape (n_in, n_out).
        bias: Raw bias in the accumulator's type, shape (n_out,).
        product_fraction: Fraction bits of input times weight.
        accum: Type of the accumulator and of each product.
        result: Type of the output.
        order: Rows in the order in which they are accumulated.
    """

    weight: RawArray
    bias: tuple[int, ...]
    product_fraction: int
    accum: Fixed
    result: Fixed
    order: tuple[int, ...]

    @property
    def dropped(self) -> int:
        """Fraction bits that each product loses; negative when it gains zeros."""
        return self.product_fraction - self.accum.fraction


def make_product(
    weight: RawArray, bias: RawArray | None, types: tuple[Fixed, Fixed, Fixed, Fixed, Fixed], order: Sequence[int]
) -> MatrixProduct:
    """Collect a matrix product.

    Args:
        weight: Raw weights, shape (n_in, n_out).
        bias: Raw bias in its own type, shape (n_out,), or None.
        types: Types of input, weight, bias, accumulator and result.
        order: Rows in the order in which they are accumulated.
    """
    source, weight_type, bias_type, accum, result = types
    zeros = np.zeros(weight.shape[1], dtype=np.int64)
    start = zeros if bias is None else requantize(bias, bias_type.fraction, accum)
    fraction = source.fraction + weight_type.fraction
    scaled, spare = weight, trailing_zeros(weight)
    if spare and fraction > accum.fraction:
        spare = min(spare, fraction - accum.fraction)
        scaled, fraction = weight >> spare, fraction - spare
    return MatrixProduct(
        weight=scaled,
        bias=tuple(int(value) for value in start),
        product_fraction=fraction,
        accum=accum,
        result=result,
        order=tuple(order),
    )


def trailing_zeros(values: RawArray) -> int:
    """Count the low bits that are zero in all values; 0 when all values are 0."""
    merged = 0
    for value in values.ravel().tolist():
        merged |= abs(int(value))
    return (merged & -merged).bit_length() - 1 if merged else 0


def matrix_outputs(net: Net, inputs: Sequence[Value], product: MatrixProduct) -> list[Value]:
    """Add the fully parallel product and return the outputs in the result type."""
    exact = exact_columns(net, inputs, product)
    results: dict[int, Value] = {}
    if exact:
        results |= dict(zip(exact, _exact_outputs(net, inputs, product, exact), strict=True))
    chained = [column for column in range(product.weight.shape[1]) if column not in results]
    if chained:
        casted = _casted_products(net, inputs, product, chained)
        for column in chained:
            results[column] = _rounded_column(net, casted[column], product, column)
    return [results[column] for column in range(product.weight.shape[1])]


def exact_columns(net: Net, inputs: Sequence[Value], product: MatrixProduct) -> list[int]:
    """List the outputs whose accumulation loses nothing that the order could change, so that a plain sum is exact."""
    ranges = [(net.cells[value].low, net.cells[value].high) for value in inputs]
    if product.dropped > 0:
        return []
    return [column for column in range(product.weight.shape[1]) if is_order_free(ranges, product, column)]


def is_order_free(ranges: Ranges, product: MatrixProduct, column: int) -> bool:
    """Tell whether the order of accumulation cannot change an output: the sums wrap, or never leave the range."""
    if product.accum.overflow is Overflow.WRAP:
        return True
    low, high = partial_sums(ranges, product, column)
    products = [product_range(ranges[row], int(product.weight[row, column]), product) for row in product.order]
    bottom, top = min((item[0] for item in products), default=0), max((item[1] for item in products), default=0)
    return product.accum.min_raw <= min(low, bottom) and max(high, top) <= product.accum.max_raw


def partial_sums(ranges: Ranges, product: MatrixProduct, column: int) -> tuple[int, int]:
    """Return the range of all partial sums of an output, in the given order and from the bias on, if none overflows."""
    low = high = least = most = product.bias[column]
    for row in product.order:
        bottom, top = product_range(ranges[row], int(product.weight[row, column]), product)
        low, high = low + bottom, high + top
        least, most = min(least, low), max(most, high)
    return least, most


def product_range(source: tuple[int, int], weight: int, product: MatrixProduct) -> tuple[int, int]:
    """Return the range of an input's product with a weight, on the accumulator's grid and before its overflow."""
    ends = sorted((source[0] * weight, source[1] * weight))
    if product.dropped <= 0:
        return ends[0] << -product.dropped, ends[1] << -product.dropped
    up = 0 if product.accum.rounding is Rounding.TRN else 1
    return ends[0] >> product.dropped, (ends[1] >> product.dropped) + up


def _exact_outputs(net: Net, inputs: Sequence[Value], product: MatrixProduct, columns: list[int]) -> list[Value]:
    """Add exact sums with their bias, wrapped and cast; the constant that rounds joins the bias where it can."""
    accum, result = product.accum, product.result
    rows = [row for row, value in enumerate(inputs) if net.cells[value].low or net.cells[value].high]
    ranges = [(net.cells[value].low, net.cells[value].high) for value in inputs]
    bits = accum.fraction - result.fraction
    offset = folded_offset(bits, result.rounding) or 0
    fits = [_fits(*final_range(ranges, product, column), accum) for column in columns]
    starts = [product.bias[column] + (offset if fit else 0) for column, fit in zip(columns, fits, strict=True)]
    matrix = product.weight[np.ix_(rows, columns)]
    sums = multiply_matrix(net, [inputs[row] for row in rows], matrix, starts, -product.dropped)
    return [
        overflow(net, net.shift(value, -bits), result)
        if fit and offset
        else cast(net, overflow(net, value, accum), accum.fraction, result)
        for value, fit in zip(sums, fits, strict=True)
    ]


def _fits(low: int, high: int, type_: Fixed) -> bool:
    return type_.min_raw <= low and high <= type_.max_raw


def final_range(ranges: Ranges, product: MatrixProduct, column: int) -> tuple[int, int]:
    """Return the range of an output's exact sum with its bias, on the accumulator's grid (dropped <= 0)."""
    low = high = product.bias[column]
    for row, source in enumerate(ranges):
        bottom, top = product_range(source, int(product.weight[row, column]), product)
        low, high = low + bottom, high + top
    return low, high


def _casted_products(
    net: Net, inputs: Sequence[Value], product: MatrixProduct, columns: list[int]
) -> dict[int, dict[int, Value]]:
    """Add every product cast to the accumulator; {column: {row: value}}, zero weights left out."""
    found: dict[int, dict[int, Value]] = {column: {} for column in columns}
    for row, value in enumerate(inputs):
        weights = {column: int(product.weight[row, column]) for column in columns}
        exacts = signed_products(net, value, set(weights.values()))
        for column, weight in weights.items():
            if not weight:
                continue
            exact = exacts[weight]
            wide = rounded(net, exact, product.dropped, product.accum.rounding)
            wraps = product.accum.overflow is Overflow.WRAP
            found[column][row] = wide if wraps else overflow(net, wide, product.accum)
    return found


def signed_products(net: Net, value: Value, constants: set[int]) -> dict[int, Value]:
    """Add value * c for every constant."""
    with net.linear([value]):
        known = constant_products(net, value, {abs(constant) for constant in constants})
        return {
            constant: plain(net, scaled(known[abs(constant)], negative=constant < 0)) for constant in constants - {0}
        }


def _rounded_column(net: Net, terms: dict[int, Value], product: MatrixProduct, column: int) -> Value:
    """Add the accumulation of one output's cast products."""
    accum = product.accum
    if accum.overflow is Overflow.WRAP:
        total = sum_terms(net, [Term(value) for value in terms.values()], product.bias[column])
        return cast(net, overflow(net, total, accum), accum.fraction, product.result)
    safe, rest = _split_safe(net, terms, product, column)
    total = sum_terms(net, [Term(value) for value in safe], product.bias[column])
    for value in rest:
        total = overflow(net, net.add(total, value), accum)
    return cast(net, total, accum.fraction, product.result)


def _split_safe(
    net: Net, terms: dict[int, Value], product: MatrixProduct, column: int
) -> tuple[list[Value], list[Value]]:
    """Split the products, in order, into a first part whose partial sums cannot overflow and the rest."""
    low = high = product.bias[column]
    ordered = [terms[row] for row in product.order if row in terms]
    for position, value in enumerate(ordered):
        cell = net.cells[value]
        low, high = low + cell.low, high + cell.high
        if low < product.accum.min_raw or high > product.accum.max_raw:
            return ordered[:position], ordered[position:]
    return ordered, []
