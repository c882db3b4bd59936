"""What follows from an op alone: its name for people, the matrix it multiplies with, limits, options."""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor, pi, prod, sqrt
from types import MappingProxyType

import numpy as np

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed
from hlsexplore.ops import (
    Activation,
    Cell,
    Conv,
    Dense,
    DepthwiseConv,
    Function,
    Input,
    LayerNorm,
    Merge,
    Op,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
)

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
"""lambda and alpha of SELU (Klambauer et al., Self-Normalizing Neural Networks, 2017)."""
GATES: Mapping[Cell, int] = MappingProxyType({Cell.SIMPLE_RNN: 1, Cell.LSTM: 4, Cell.GRU: 3})
"""Matrices of a recurrent cell that stand side by side in its kernels."""
GELU_TANH_SCALE, GELU_TANH_CUBE = sqrt(2.0 / pi), 0.044715
"""Constants of the approximation of GELU (Hendrycks and Gimpel, Gaussian Error Linear Units, 2016)."""


class Part(StrEnum):
    """What of its input a function adds to the entry of its table."""

    NOTHING = "nothing"
    WHOLE = "whole"
    POSITIVE = "positive"
    NEGATIVE = "negative"


PARTS: Mapping[Function, Part] = MappingProxyType(
    {
        Function.SILU: Part.POSITIVE,
        Function.GELU: Part.POSITIVE,
        Function.GELU_TANH: Part.POSITIVE,
        Function.MISH: Part.POSITIVE,
        Function.SPARSE_PLUS: Part.POSITIVE,
        Function.LOG_SIGMOID: Part.NEGATIVE,
        Function.TANH_SHRINK: Part.WHOLE,
        Function.EXPONENTIAL: Part.NOTHING,
    }
)
"""Functions whose index is the nearest entry, and the part of x that is added: exact beyond the table's range, where
the difference to that part has died away. The other functions by table are those of hls4ml, with its own indexing."""


def kind(op: Op) -> str:
    """Name of an op for people and reports: `dense`, `conv1d`, `relu`, `max_pool2d`, `lstm`, `add`, ...

    Examples:
        >>> kind(Activation(function=Function.RELU))
        'relu'
    """
    match op:
        case Conv():
            return f"conv{op.rank}d"
        case DepthwiseConv():
            return f"depthwise_conv{op.rank}d"
        case Pool():
            return f"{'global_' if op.is_global else ''}{'average' if op.average else 'max'}_pool{op.rank}d"
        case Activation() | Merge():
            return op.function.value
        case Recurrent():
            return op.cell.value
        case PRelu():
            return "prelu"
        case LayerNorm():
            return "layer_norm"
        case _:
            return type(op).__name__.lower()


def matmul_shape(op: Op) -> tuple[int, int] | None:
    """(n_in, n_out) of the constant matrix that the op multiplies with at each position, or None.

    For a depthwise convolution n_in is the kernel area and n_out the number of output channels; for a
    recurrent layer it is the input kernel.
    """
    match op:
        case Dense() | Recurrent():
            return op.kernel.shape[0], op.kernel.shape[1]
        case Conv():
            return prod(op.kernel.shape[:3]), op.kernel.shape[3]
        case DepthwiseConv():
            return prod(op.kernel.shape[:2]), prod(op.kernel.shape[2:])
        case _:
            return None


def limits_raw(op: Requantize, type_: Fixed) -> tuple[int, int]:
    """Limits of a Requantize as raw integers of its result type, within the range of that."""
    step = Fraction(2) ** type_.fraction
    low, high = ceil(Fraction(op.low) * step), floor(Fraction(op.high) * step)
    low, high = (min(max(end, type_.min_raw), type_.max_raw) for end in (low, high))
    return low, high


def element_types(op: Op) -> ElementTypes | None:
    """Types of single elements to which an op casts its result, or None."""
    return op.types if isinstance(op, Quantize | Input) else None


def weight_types(op: Op) -> ElementTypes | None:
    """Types that a model gave the single weights of an op's kernel, or None."""
    return op.types if isinstance(op, Dense | Conv | DepthwiseConv) else None


def options(op: Op) -> dict[str, object]:
    """Options of an op that hold no arrays, by field name; types of single elements and encodings are none of them."""
    values = {item.name: getattr(op, item.name) for item in fields(op) if item.name not in ("types", "encoding")}
    return {name: value for name, value in values.items() if not isinstance(value, np.ndarray)}
