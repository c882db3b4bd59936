"""What constant multiplication costs: canonical signed digits, sharing and adder widths of a matrix of integers.

A multiplication by a known integer is built from its canonical signed digits (CSD, Avizienis 1961): no digit costs
nothing, one digit is a wire, two digits are one adder. From three digits on the vendor's compilers instantiate a
multiplier. Equal products of the same input are shared.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.support.recent import Recent

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

MULTIPLIER_DIGITS = 3
"""CSD digits from which a constant is multiplied, not shifted and added (62 of 62 single layers, docs/estimates.md)."""
WHOLE_DIGITS = 2
"""The same for inputs without a binary point, whose products the tool does not take apart (44 of 45 multipliers of two
convolutions of one repository)."""
MAX_BITS = 60
"""Integers beyond this magnitude are clipped before the analysis; no tool was measured on them."""


def csd_digits(values: Integers) -> Integers:
    """Count the nonzero canonical signed digits of integers.

    Args:
        values: Integers of any shape.

    Returns:
        Digits, same shape.

    Examples:
        >>> csd_digits(np.array([0, 4, 3, -7, 11]))
        array([0, 1, 2, 2, 3])
    """
    magnitude = np.abs(values)
    digits: Integers = np.bitwise_count(magnitude ^ (3 * magnitude)).astype(np.int64)
    return digits


def shift_add_count(values: Integers) -> Integers:
    """Count the adders that build a product with each constant from its digits, negation included.

    One less than the digits, plus one where every digit of a negative constant is negative (nothing to subtract from).

    Examples:
        >>> shift_add_count(np.array([4, -4, 3, -3, 5, -5]))
        array([0, 1, 1, 1, 1, 2])
    """
    magnitude = np.abs(values)
    triple = 3 * magnitude
    has_minus = (magnitude & ~triple) != 0
    adders = np.maximum(np.bitwise_count(magnitude ^ triple).astype(np.int64) - 1, 0)
    total: Integers = adders + ((values < 0) & ~has_minus)
    return total


def bit_length(values: Integers) -> Integers:
    """Bits of the magnitude of integers (0 for 0).

    Examples:
        >>> bit_length(np.array([0, 1, -8, 7]))
        array([0, 1, 4, 3])
    """
    return np.frexp(np.abs(values).astype(np.float64))[1].astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constants:
    """A matrix of quantised weights and its bias, with an identity by content.

    Attributes:
        weight: Raw integers, shape (n_in, n_out).
        bias: Raw integers, shape (n_out,), or None.
        key: Content hash of both.
    """

    weight: Integers
    bias: Integers | None
    key: bytes

    @classmethod
    def of(cls, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> "Constants":
        """Wrap raw integers; the weight is flattened to (n_in, n_out)."""
        matrix = _narrow(weight).reshape(-1, weight.shape[-1]) if weight.ndim > 1 else _narrow(weight).reshape(1, -1)
        offset = None if bias is None else _narrow(bias).reshape(-1)
        digest = blake2b(repr(matrix.shape).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(matrix).tobytes())
        digest.update(b"-" if offset is None else offset.tobytes())
        return cls(weight=matrix, bias=offset, key=digest.digest())

    @classmethod
    def of_channels(cls, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> "Constants":
        """Wrap the weights of a product in which each output reads inputs of its own, as in a depthwise convolution.

        Args:
            weight: Raw integers, shape (n_in, n_out); column c meets the inputs of channel c only.
            bias: Raw integers, shape (n_out,), or None.
        """
        taps, channels = weight.shape
        spread = np.zeros((taps, channels, channels), dtype=np.int64)
        spread[:, np.arange(channels), np.arange(channels)] = _narrow(weight)
        return cls.of(spread.reshape(-1, channels), bias)

    @property
    def zeros(self) -> int:
        """Weights that are zero."""
        return int((self.weight == 0).sum())


def _narrow(values: NDArray[Any]) -> Integers:
    limit = 1 << MAX_BITS
    if values.dtype == object:
        flat = [max(-limit, min(limit, int(item))) for item in values.ravel().tolist()]
        return np.array(flat, dtype=np.int64).reshape(values.shape)
    return np.asarray(values, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixProfile:
    """What an unrolled product with a constant matrix is made of.

    Attributes:
        nonzeros: Weights that are not zero.
        live_inputs: Inputs with a nonzero weight.
        input_bits: Mean bits of such an input.
        live_outputs: Outputs with a nonzero weight.
        adders: Adders of the accumulation trees.
        repeated_adders: First-level adders that another output computes too.
        adder_bits: Widths of all adders, summed.
        full_adders: Adders whose operand has the accumulator's width already.
        tree_depth: Levels of the deepest tree.
        max_terms: Terms of the largest tree.
        mean_terms: Mean number of terms of a live output.
        shift_adds: Adders and negations inside constant products, shared ones counted once.
        shift_bits: Their widths, summed.
        products: Distinct products that need an operator (shift-adds or multiplier).
        multipliers: Multiplied distinct constants: operand bits, bits of the constant without a sign bit when it is
            positive, its bits with one, how many.
        output_bits: Accumulator bits of the live outputs.
    """

    nonzeros: int
    live_inputs: int
    input_bits: float
    live_outputs: int
    adders: int
    repeated_adders: int
    adder_bits: int
    full_adders: int
    tree_depth: int
    max_terms: int
    mean_terms: float
    shift_adds: int
    shift_bits: int
    products: int
    multipliers: tuple[tuple[int, int, int, int], ...]
    output_bits: int


@dataclass(frozen=True, slots=True)
class ProductWidths:
    """Bit widths around a product: input, dropped fraction bits of the product, accumulator.

    `whole` tells inputs without a binary point.
    """

    input: int
    input_signed: bool
    dropped: int
    accum: int
    whole: bool = False


Bits = tuple[int, ...]
"""Bits of each input of a matrix."""
_profiles: Recent[tuple[bytes, ProductWidths, bytes, bytes, Bits, Bits], MatrixProfile] = Recent(4096)


def profile(
    constants: Constants,
    widths: ProductWidths,
    live: Mask | None = None,
    varying: Mask | None = None,
    bits: Bits | None = None,
    ports: Bits | None = None,
) -> MatrixProfile:
    """Analyse a constant matrix; results are cached by content.

    Args:
        constants: Weights and bias.
        widths: Types around the product.
        live: Outputs that something reads, shape (n_out,); all when None.
        varying: Inputs that are not constant, shape (n_in,); all when None.
        bits: Bits of each input where they have types of their own, 0 for a constant one; None: all those of `widths`.
        ports: Bits of each that a multiplier takes; None: the same.

    Returns:
        Operators and widths of the unrolled product.
    """
    key = (
        constants.key,
        widths,
        b"" if live is None else live.tobytes(),
        b"" if varying is None else varying.tobytes(),
        bits or (),
        ports or (),
    )
    return _profiles.find(key, lambda: _profile(constants, widths, live, varying, bits, ports))


def _profile(
    constants: Constants,
    widths: ProductWidths,
    live: Mask | None,
    varying: Mask | None,
    bits: Bits | None,
    ports: Bits | None,
) -> MatrixProfile:
    weight = constants.weight if live is None else constants.weight[:, live]
    operands = np.full(weight.shape[0], widths.input, dtype=np.int64)
    if bits is not None and len(bits) == weight.shape[0]:
        operands = np.minimum(np.array(bits, dtype=np.int64), widths.input)
        weight = weight * (operands > 0)[:, None]
    taken = operands
    if ports is not None and len(ports) == weight.shape[0]:
        taken = np.minimum(np.array(ports, dtype=np.int64), widths.input)
    if varying is not None:
        weight, operands, taken = weight[varying], operands[varying], taken[varying]
    bias = constants.bias
    if bias is not None and live is not None:
        bias = bias[live]
    nonzero = weight != 0
    outputs, read = nonzero.any(axis=0), nonzero.any(axis=1)
    terms = nonzero.sum(axis=0)
    product = product_bits(weight, widths, operands)
    if bias is not None:
        constant = np.where(outputs & (bias != 0), np.minimum(bit_length(bias) + 1, widths.accum), 0)
        product = np.vstack([product, constant[None, :]])
        terms = terms + (constant > 0)
    adders, adder_bits, full, depth = _tree(product, widths.accum)
    distinct, rows = _distinct(weight)
    digits = csd_digits(distinct)
    limit = WHOLE_DIGITS if widths.whole else MULTIPLIER_DIGITS
    shifted = distinct[digits < limit]
    multiplied, wide = distinct[digits >= limit], taken[rows[digits >= limit]]
    inputs = operands[rows[digits < limit]]
    shifts = shift_add_count(shifted)
    limit = widths.accum + max(widths.dropped, 0)
    return MatrixProfile(
        nonzeros=int(nonzero.sum()),
        live_inputs=int(read.sum()),
        input_bits=float(operands[read].mean()) if read.any() else float(widths.input),
        live_outputs=int(outputs.sum()),
        adders=adders,
        repeated_adders=_repeated_pairs(weight),
        adder_bits=adder_bits,
        full_adders=full,
        tree_depth=depth,
        max_terms=int(terms.max(initial=0)),
        mean_terms=float(terms[outputs].mean()) if outputs.any() else 0.0,
        shift_adds=int(shifts.sum()),
        shift_bits=int((shifts * np.minimum(inputs + bit_length(shifted) + 1, limit)).sum()),
        products=int((shifts > 0).sum()) + multiplied.size,
        multipliers=_multipliers(multiplied, wide),
        output_bits=int(outputs.sum()) * widths.accum,
    )


def product_bits(weight: Integers, widths: ProductWidths, operands: Integers | None = None) -> Integers:
    """Width of each product after it was cut to the accumulator's point; 0 for zero weights.

    Args:
        weight: Constants, shape (n_in, n_out).
        widths: Types around the product.
        operands: Bits of each input, shape (n_in,); those of `widths` when None.
    """
    magnitude = bit_length(weight)
    single = csd_digits(weight) == 1
    bits = (widths.input if operands is None else operands[:, None]) + magnitude - (single & (weight > 0))
    if not widths.input_signed:
        bits = bits + 1
    bits = np.clip(bits - max(widths.dropped, 0), 1, widths.accum)
    return np.where(weight == 0, 0, bits)


def _tree(bits: Integers, accum: int) -> tuple[int, int, int, int]:
    """Adders, summed widths, adders of full width and depth of balanced trees over columns of term widths (0: none)."""
    level = -np.sort(-bits, axis=0)
    adders = total = full = depth = 0
    while level.shape[0] > 1:
        if level.shape[0] % 2:
            level = np.vstack([level, np.zeros((1, level.shape[1]), dtype=level.dtype)])
        wide, narrow = level[0::2], level[1::2]
        added = narrow > 0
        out = np.where(added, np.minimum(wide + 1, accum), wide)
        if not added.any():
            break
        adders += int(added.sum())
        total += int(out[added].sum())
        full += int((wide[added] >= accum).sum())
        depth += 1
        level = -np.sort(-out, axis=0)
    return adders, total, full, depth


def _repeated_pairs(weight: Integers) -> int:
    """Count the sums of two neighbouring terms that occur again in another column.

    The tools add the terms of an output in pairs, in order, and compute equal sums once; with few distinct weights and
    many outputs that saves adders (2 and 4 bit layers of 32 x 32 and 32 x 64: the price of the others agrees).
    """
    columns = np.ascontiguousarray(weight.T)
    column, row = np.nonzero(columns)
    if column.size < 2:
        return 0
    starts = np.searchsorted(column, np.arange(columns.shape[0]))
    rank = np.arange(column.size) - starts[column]
    first = np.flatnonzero((rank[:-1] % 2 == 0) & (column[1:] == column[:-1]))
    if not first.size:
        return 0
    second = first + 1
    values = columns[column, row]
    pairs = np.stack([row[first], values[first], row[second], values[second]], axis=1)
    return int(first.size - np.unique(pairs, axis=0).shape[0])


def _distinct(weight: Integers) -> tuple[Integers, Integers]:
    """Distinct nonzero integers of each row, all rows joined, and the row of each."""
    ordered = np.sort(weight, axis=1)
    first = np.ones(ordered.shape, dtype=bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    chosen = first & (ordered != 0)
    distinct: Integers = ordered[chosen]
    return distinct, np.nonzero(chosen)[0]


def _multipliers(values: Integers, operands: Integers) -> tuple[tuple[int, int, int, int], ...]:
    """Histogram of the operand widths of constants: (input, constant, constant with a sign bit, count)."""
    negative = bit_length(-values - 1) + 1
    plain, signed = (np.where(values < 0, negative, bit_length(values) + extra) for extra in (0, 1))
    found, counts = np.unique(np.stack([operands, plain, signed], axis=1), axis=0, return_counts=True)
    return tuple(
        (operand, bits, more, count)
        for (operand, bits, more), count in zip(found.tolist(), counts.tolist(), strict=True)
    )
