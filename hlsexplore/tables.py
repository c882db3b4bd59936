"""Lookup tables of activations and softmax, and how a value becomes an index (docs/ir.md, sections Tables and Softmax).

The generators write these very integers into their code, so that no mathematics library can make a difference.
Entries are functions rounded to float32, as the field's C++ computes them, then cast to the table's type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt

import numpy as np

from hlsexplore.fixed import Fixed, Overflow, RawArray, RealArray, quantize
from hlsexplore.op_facts import GELU_TANH_CUBE, GELU_TANH_SCALE, SELU_ALPHA, SELU_SCALE
from hlsexplore.ops import Function

SELU_TYPE = Fixed(16, 1, signed=False)
"""Type of SELU's lambda in hls4ml 1.3."""
SELU_RAW = int(quantize(np.float64(SELU_SCALE), SELU_TYPE))
"""SELU's lambda in that type."""

_HALF_RANGE = {
    Function.SIGMOID: 8,
    Function.TANH: 4,
    Function.SOFTPLUS: 8,
    Function.SOFTSIGN: 8,
    Function.SILU: 8,
    Function.GELU: 4,
    Function.GELU_TANH: 4,
    Function.MISH: 8,
    Function.SPARSE_PLUS: 1,
    Function.LOG_SIGMOID: 8,
    Function.TANH_SHRINK: 4,
    Function.EXPONENTIAL: 8,
}
"""Tables over both signs cover -range to +range; the first four as in hls4ml 1.3 (nnet_activation.h), the others to
where what they add is below 0.003 (GELU: 0.0002)."""
NEGATIVE_RANGE = 8
"""Tables of ELU and SELU cover -8 to 0 (hls4ml 1.3, nnet_activation.h)."""


def half_range(function: Function) -> int:
    """Return r of a table that covers -r to +r.

    Examples:
        >>> half_range(Function.TANH)
        4
    """
    return _HALF_RANGE[function]


def table_reach(function: Function) -> int:
    """Return the length of the range that a table covers: 2 r, or that of the negative side of ELU and SELU.

    Examples:
        >>> table_reach(Function.TANH), table_reach(Function.ELU)
        (8, 8)
    """
    return 2 * _HALF_RANGE[function] if function in _HALF_RANGE else NEGATIVE_RANGE


@lru_cache(maxsize=256)
def activation_table(function: Function, size: int, type_: Fixed, alpha: float = 1.0) -> RawArray:
    """Return the raw entries of an activation table.

    Args:
        function: A member of `ops.TABLE_FUNCTIONS`.
        size: Entries.
        type_: Type of the entries.
        alpha: Scale of ELU, folded into its entries.

    Returns:
        Read-only raw integers, shape (size,). Entry i stands for x = range * (2 i / size - 1), for ELU and SELU
        for x = -8 i / size. Functions of `PARTS` have the difference to that part of x.

    Examples:
        >>> activation_table(Function.SIGMOID, 4, Fixed(18, 8))
        array([  0,  18, 512, 1005])
    """
    index = np.arange(size, dtype=np.float64)
    if function in _HALF_RANGE:
        x = _float32(2.0 * _HALF_RANGE[function] * (index - size / 2) / size)
    else:
        x = _float32(-float(NEGATIVE_RANGE) * index / size)
    values = _float32(_FUNCTIONS[function](x))
    return _frozen(quantize(values * alpha, type_))


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftmaxTables:
    """Tables and index types of one softmax.

    Attributes:
        norm: Type whose top bits address the exponential table: of max - x (stable), or of x (latency).
        exp: Raw entries of the exponential table.
        exp_bits: Address bits of it.
        inverse: Raw entries of the reciprocal table.
        inverse_bits: Address bits of it.
    """

    norm: Fixed
    exp: RawArray
    exp_bits: int
    inverse: RawArray
    inverse_bits: int


def softmax_distance(source: Fixed, exp_integer: int) -> Fixed:
    """Return the type of the distance between the largest logit and another one, which saturates.

    It saturates where the field's C++ wraps by default: a distance beyond the range must not make a false winner.

    Args:
        source: Type of the logits.
        exp_integer: Most integer bits.

    Examples:
        >>> softmax_distance(Fixed(16, 6), 64), softmax_distance(Fixed(20, 10), 4)
        (Fixed.parse('ufixed<15,5,TRN,SAT>'), Fixed.parse('ufixed<14,4,TRN,SAT>'))
    """
    integer = min(source.integer - int(source.signed), exp_integer)
    return Fixed(max(integer + source.fraction, 1), integer, signed=False, overflow=Overflow.SAT)


@lru_cache(maxsize=64)
def softmax_tables(
    source: Fixed,
    exp_table: Fixed,
    inv_input: Fixed,
    inv_table: Fixed,
    table_size: int,
    is_stable: bool,
    exp_integer: int,
) -> SoftmaxTables:
    """Return the tables of a softmax.

    The size is limited so that the index is no wider than the value it is cut from: at most 2**(width of the
    input) and 2**(width of the reciprocal table's type) for both, and 2**(width of `norm`) for the exponential.

    Args:
        source: Type of the logits.
        exp_table: Type of exponential entries.
        inv_input: Type of the sum that addresses the reciprocal table.
        inv_table: Type of reciprocal entries.
        table_size: Entries asked for, a power of two.
        is_stable: Whether the largest logit is subtracted first.
        exp_integer: Most integer bits of the difference that addresses the exponential table; larger ones saturate.
    """
    bits = min(table_size.bit_length() - 1, source.width, inv_table.width)
    norm = softmax_distance(source, exp_integer) if is_stable else source
    exp_bits = min(bits, norm.width)
    inverse_bits = min(bits, inv_input.width)
    edges = _left_edges(norm, exp_bits)
    with np.errstate(over="ignore"):
        exponential = _float32(np.exp(-edges if is_stable else edges))
    sums = _left_edges(inv_input, inverse_bits)
    with np.errstate(divide="ignore"):
        reciprocal = _float32(1.0 / sums)
    return SoftmaxTables(
        norm=norm,
        exp=_frozen(_quantize_infinite(exponential, exp_table)),
        exp_bits=exp_bits,
        inverse=_frozen(_quantize_infinite(reciprocal, inv_table)),
        inverse_bits=inverse_bits,
    )


@lru_cache(maxsize=64)
def inverse_root_table(size: int, reach_bits: int, epsilon: float, type_: Fixed) -> RawArray:
    """Return the raw entries of 1 / sqrt(epsilon + variance).

    Args:
        size: Entries.
        reach_bits: The table covers variances from 0 to 2**reach_bits.
        epsilon: Added to the variance.
        type_: Type of the entries.

    Returns:
        Read-only raw integers, shape (size,). Entry i stands for the variance 2**reach_bits * i / size.
    """
    step = np.float32(2.0**reach_bits / size)
    value = np.float32(epsilon) + step * np.arange(size, dtype=np.float32)
    raw = quantize(1.0 / np.sqrt(value.astype(np.float32)).astype(np.float64), type_)
    return _frozen(raw)


def variance_reach(accum: Fixed) -> int:
    """Return the exponent of the variance range: every value of the accumulator type has an entry."""
    return accum.integer - int(accum.signed)


def _left_edges(type_: Fixed, bits: int) -> RealArray:
    """Values whose top `bits` bits are 0, 1, 2, ... and whose other bits are 0, rounded to float32."""
    index = np.arange(1 << bits)
    if type_.signed:
        index = np.where(index >= 1 << (bits - 1), index - (1 << bits), index)
    return _float32(np.ldexp(index.astype(np.float64), type_.integer - bits))


def _quantize_infinite(values: RealArray, type_: Fixed) -> RawArray:
    """Cast with infinity as the largest value, or 0 where the type does not saturate."""
    raw = quantize(np.where(np.isinf(values), 0.0, values), type_)
    saturates = type_.overflow in (Overflow.SAT, Overflow.SAT_SYM)
    return np.where(np.isinf(values), np.where(values > 0, type_.max_raw, type_.min_raw) if saturates else 0, raw)


def _float32(values: RealArray) -> RealArray:
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(np.float64)


def _frozen(raw: RawArray) -> RawArray:
    raw.flags.writeable = False
    return raw


def _sigmoid(x: RealArray) -> RealArray:
    return 1.0 / _float32(1.0 + _float32(np.exp(-x)))


def _softplus(x: RealArray) -> RealArray:
    return np.log(_float32(np.exp(x)) + 1.0)


def _softsign(x: RealArray) -> RealArray:
    return x / (np.abs(x) + 1.0)


def _elu(x: RealArray) -> RealArray:
    return _float32(np.exp(x)) - 1.0


def _selu(x: RealArray) -> RealArray:
    return SELU_SCALE * (SELU_ALPHA * (_float32(np.exp(x)) - 1.0))


def _silu_rest(x: RealArray) -> RealArray:
    """Return silu(x) - max(x, 0), which is even."""
    y: RealArray = -np.abs(x) / (1.0 + np.exp(np.abs(x)))
    return y


def _gelu_rest(x: RealArray) -> RealArray:
    """Return gelu(x) - max(x, 0), which is even."""
    return np.array([-0.5 * abs(value) * (1.0 - erf(abs(value) / sqrt(2.0))) for value in x.tolist()])


def _gelu_tanh_rest(x: RealArray) -> RealArray:
    """Return the same of 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    size = np.abs(x)
    y: RealArray = -0.5 * size * (1.0 - np.tanh(GELU_TANH_SCALE * (size + GELU_TANH_CUBE * size**3)))
    return y


def _mish_rest(x: RealArray) -> RealArray:
    """Return mish(x) - max(x, 0) of x tanh(softplus(x))."""
    y: RealArray = x * np.tanh(np.logaddexp(x, 0.0)) - np.maximum(x, 0.0)
    return y


def _sparse_plus_rest(x: RealArray) -> RealArray:
    """Return (1 - |x|)^2 / 4 within 1, else 0."""
    y: RealArray = np.square(np.maximum(1.0 - np.abs(x), 0.0)) / 4.0
    return y


def _log_sigmoid_rest(x: RealArray) -> RealArray:
    """Return log(sigmoid(x)) - min(x, 0), which is even."""
    y: RealArray = -np.log1p(np.exp(-np.abs(x)))
    return y


_FUNCTIONS: dict[Function, Callable[[RealArray], RealArray]] = {
    Function.SIGMOID: _sigmoid,
    Function.TANH: np.tanh,
    Function.SOFTPLUS: _softplus,
    Function.SOFTSIGN: _softsign,
    Function.ELU: _elu,
    Function.SELU: _selu,
    Function.SILU: _silu_rest,
    Function.GELU: _gelu_rest,
    Function.GELU_TANH: _gelu_tanh_rest,
    Function.MISH: _mish_rest,
    Function.SPARSE_PLUS: _sparse_plus_rest,
    Function.LOG_SIGMOID: _log_sigmoid_rest,
    Function.TANH_SHRINK: lambda x: -np.tanh(x),
    Function.EXPONENTIAL: np.exp,
}
