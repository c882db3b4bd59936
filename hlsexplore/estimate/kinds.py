"""Kinds of layers that estimates are made for: the words in which designs and tool reports meet."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from hlsexplore.op_facts import PARTS, Part
from hlsexplore.ops import TABLE_FUNCTIONS


class Kind(StrEnum):
    """What a layer is to the estimator.

    Several ops may be one kind (a scale and a batch normalisation), and one op several (a `Pool`). Words of
    functions, merges and recurrent cells are those of `hlsexplore.ops`.
    """

    DENSE = "dense"
    CONV1D = "conv1d"
    CONV2D = "conv2d"
    DEPTHWISE_CONV2D = "depthwise_conv2d"
    GRU = "gru"
    LSTM = "lstm"
    SIMPLE_RNN = "simple_rnn"
    LINEAR = "linear"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    PRELU = "prelu"
    THRESHOLDED_RELU = "thresholded_relu"
    HARD_SIGMOID = "hard_sigmoid"
    HARD_SWISH = "hard_swish"
    HARD_TANH = "hard_tanh"
    CLIP = "clip"
    BINARY_TANH = "binary_tanh"
    TERNARY_TANH = "ternary_tanh"
    ELU = "elu"
    SELU = "selu"
    SOFTPLUS = "softplus"
    SOFTSIGN = "softsign"
    SILU = "silu"
    GELU = "gelu"
    GELU_TANH = "gelu_tanh"
    MISH = "mish"
    SPARSE_PLUS = "sparse_plus"
    LOG_SIGMOID = "log_sigmoid"
    TANH_SHRINK = "tanh_shrink"
    EXPONENTIAL = "exponential"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    SOFTMAX = "softmax"
    BATCHNORM = "batchnorm"
    LAYER_NORM = "layer_norm"
    MAX_POOLING = "max_pooling"
    AVERAGE_POOLING = "average_pooling"
    GLOBAL_POOLING = "global_pooling"
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    AVERAGE = "average"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    DOT = "dot"
    CONCATENATE = "concatenate"
    PERMUTE = "permute"
    CROP = "crop"
    ZEROPAD = "zeropad"
    UPSAMPLE = "upsample"
    REPACK = "repack"
    FLATTEN = "flatten"
    RESHAPE = "reshape"
    QUANTIZER = "quantizer"
    OTHER = "other"
    """None of these: a layer of a report that this version does not know."""


MATRIX_OPS = frozenset({Kind.DENSE, Kind.CONV1D, Kind.CONV2D, Kind.DEPTHWISE_CONV2D})
"""Ops that multiply by a constant matrix at each position."""
RECURRENT_OPS = frozenset({Kind.GRU, Kind.LSTM, Kind.SIMPLE_RNN})
ELEMENTWISE_OPS = frozenset(
    {
        Kind.RELU,
        Kind.LEAKY_RELU,
        Kind.PRELU,
        Kind.THRESHOLDED_RELU,
        Kind.LINEAR,
        Kind.HARD_SIGMOID,
        Kind.HARD_SWISH,
        Kind.CLIP,
        Kind.HARD_TANH,
        Kind.BINARY_TANH,
        Kind.TERNARY_TANH,
    }
)
"""Functions of one element without a table."""
TABLE_OPS = frozenset(Kind(function.value) for function in TABLE_FUNCTIONS)
POOLING_OPS = frozenset({Kind.MAX_POOLING, Kind.AVERAGE_POOLING, Kind.GLOBAL_POOLING})
ADDED_PARTS: Mapping[Kind, Part] = MappingProxyType({Kind(function.value): part for function, part in PARTS.items()})
"""What of its input a function adds to the entry of its table."""
JOINS = frozenset({Kind.ADD, Kind.SUBTRACT, Kind.AVERAGE, Kind.MAXIMUM, Kind.MINIMUM, Kind.MULTIPLY})
"""Arithmetic of two and more tensors, element by element."""
MOVE_OPS = frozenset({Kind.FLATTEN, Kind.RESHAPE})
"""Ops that only rename elements and cost nothing."""


def kind_of(word: str) -> Kind:
    """Return the kind that a word stands for.

    Args:
        word: A function of `hlsexplore.ops`, or what a report calls a layer.

    Returns:
        The kind; `OTHER` for a word that is none.

    Examples:
        >>> kind_of("relu"), kind_of("einsum")
        (<Kind.RELU: 'relu'>, <Kind.OTHER: 'other'>)
    """
    return _BY_WORD.get(word, Kind.OTHER)


_BY_WORD = {str(kind): kind for kind in Kind}
