"""The operations of a graph: one frozen record each, holding float weights and options, no precision (docs/ir.md).

Shapes are channels-last and without the batch axis. One-dimensional convolutions and poolings are stored as
two-dimensional ones of height 1 with `rank` 1; the node's shapes stay one-dimensional.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from hlsexplore.element_types import ElementTypes
from hlsexplore.encoding import Encoding
from hlsexplore.fixed import Fixed, RawArray, RealArray

Pair = tuple[int, int]


class Function(StrEnum):
    """Elementwise activation functions.

    The piecewise ones are, exactly: relu min(max(x, 0), max_value); leaky_relu x or alpha * x below 0; thresholded_relu
    x above alpha, else 0; hard_sigmoid clip(alpha * x + 1/2, 0, 1); hard_swish x * clip(alpha * x + 1/2, 0, 1);
    hard_tanh clip(x, -1, 1); binary_tanh 1 from 0 on, else -1; ternary_tanh the sign of x where abs(x) >= alpha, else
    0. The others are computed by a lookup table (`tables`).
    """

    LINEAR = "linear"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    THRESHOLDED_RELU = "thresholded_relu"
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
    HARD_SIGMOID = "hard_sigmoid"
    HARD_SWISH = "hard_swish"
    TANH = "tanh"
    HARD_TANH = "hard_tanh"
    BINARY_TANH = "binary_tanh"
    TERNARY_TANH = "ternary_tanh"


_BY_TABLE = "elu selu softplus softsign silu gelu gelu_tanh mish sparse_plus log_sigmoid tanh_shrink exponential"
TABLE_FUNCTIONS = frozenset(map(Function, f"{_BY_TABLE} sigmoid tanh".split()))
"""Functions computed by a lookup table; the others are computed directly."""
_WITH_A_WEIGHT = frozenset({"leaky_relu", "thresholded_relu", "hard_sigmoid", "hard_swish", "hard_tanh"})


class MergeFunction(StrEnum):
    """Elementwise functions of two or more tensors of one shape."""

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    AVERAGE = "average"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"


class Cell(StrEnum):
    """Recurrent cells."""

    SIMPLE_RNN = "simple_rnn"
    LSTM = "lstm"
    GRU = "gru"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Input:
    """An input tensor of the graph.

    Attributes:
        types: Types of single elements, to which real data is cast, or None where all have the type `result`.
        encoding: How real data becomes what the hardware reads, outside of it, or None where it reads the data itself.
    """

    types: ElementTypes | None = None
    encoding: Encoding | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantize:
    """A cast of each element to a type of its own.

    Attributes:
        types: The types, broadcastable to the node's shape.
    """

    types: ElementTypes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense:
    """Matrix product over the last axis, at each position of the other axes.

    Attributes:
        kernel: Weights, shape (n_in, n_out).
        bias: Shape (n_out,), or None.
        types: Types that the model gave single weights, broadcastable to the kernel's shape, or None.
    """

    kernel: RealArray
    bias: RealArray | None = None
    types: ElementTypes | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conv:
    """Convolution (cross-correlation, as in Keras) with zero padding.

    Attributes:
        kernel: Weights, shape (height, width, channels_in, channels_out).
        bias: Shape (channels_out,), or None.
        stride: Steps (rows, columns).
        padding: Zeros added ((top, bottom), (left, right)).
        dilation: Distance of the taps (rows, columns).
        rank: 1 for tensors (width, channels), 2 for (height, width, channels).
        types: Types that the model gave single weights, broadcastable to the kernel's shape, or None.
    """

    kernel: RealArray
    bias: RealArray | None = None
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    rank: int = 2
    types: ElementTypes | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DepthwiseConv:
    """Convolution of each channel with its own kernels; output channel = channel * multiplier + index.

    Attributes:
        kernel: Weights, shape (height, width, channels, multiplier).
        bias: Shape (channels * multiplier,), or None.
        stride: Steps (rows, columns).
        padding: Zeros added ((top, bottom), (left, right)).
        dilation: Distance of the taps (rows, columns).
        rank: 1 for tensors (width, channels), 2 for (height, width, channels).
        types: Types that the model gave single weights, broadcastable to the kernel's shape, or None.
    """

    kernel: RealArray
    bias: RealArray | None = None
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    rank: int = 2
    types: ElementTypes | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine:
    """x * kernel + bias for each channel (last axis): batch normalisation at inference, scales of quantizers.

    Attributes:
        kernel: Scale, shape (channels,).
        bias: Offset, shape (channels,).
    """

    kernel: RealArray
    bias: RealArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Requantize:
    """Integers of one scale to those of another: clip(cast(x * kernel + bias), low, high) for each channel (last axis).

    Attributes:
        kernel: Factors of fixed point, shape (channels,).
        bias: Summands of fixed point, half a step of rounding included where the result's type rounds down.
        low: Least result.
        high: Largest result.
        proven: Whether every input that can reach it gives the integer that the model's real scales give.
        doubt: If that is not proven, how near to a border between two results, in steps, an input must be to give the
            other one; else 0.
    """

    kernel: RealArray
    bias: RealArray
    low: float
    high: float
    proven: bool = False
    doubt: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerNorm:
    """Normalisation over the last axis, then scale and offset.

    Attributes:
        kernel: Scale (gamma), shape (channels,).
        bias: Offset (beta), shape (channels,).
        epsilon: Added to the variance.
    """

    kernel: RealArray
    bias: RealArray
    epsilon: float = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activation:
    """An elementwise function.

    Attributes:
        function: Which one.
        alpha: Slope of leaky_relu, hard_sigmoid and hard_swish, scale of elu, threshold of thresholded_relu and
            ternary_tanh; else unused.
        max_value: Upper clip of relu (relu6), or None.
    """

    function: Function
    alpha: float = 0.0
    max_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """x where it is above `low`, at most `high`; else the line floor + slope * (x - low).

    Attributes:
        low: Up to here the line counts; -inf for no line at all.
        high: Largest result above `low`; inf for no limit.
        floor: The line's value at `low`.
        slope: The line's slope; 0 for a constant.
    """

    low: float
    high: float
    floor: float
    slope: float = 0.0

    @property
    def offset(self) -> float:
        """The line's value at 0."""
        return self.floor - self.slope * self.low


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PRelu:
    """max(x, 0) + kernel * min(x, 0) with a slope for each element or channel.

    Attributes:
        kernel: Slopes, broadcastable to the node's shape.
    """

    kernel: RealArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lookup:
    """An elementwise function whose table belongs to the model.

    Attributes:
        source: Type to which inputs are cast; the bits of the raw integer address the table.
        entries: Raw results by address, shape (2**source.width,): those of negative inputs are the upper half.
        type: Type of the entries.
    """

    source: Fixed
    entries: RawArray
    type: Fixed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Softmax:
    """Softmax over the last axis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Maximum or average over windows; padding does not count in an average.

    Attributes:
        average: Average when true, else maximum.
        size: Window (rows, columns).
        stride: Steps (rows, columns).
        padding: Elements added ((top, bottom), (left, right)).
        rank: 1 for tensors (width, channels), 2 for (height, width, channels).
        is_global: Whether it pools the whole image (the window is then the image).
    """

    average: bool
    size: Pair
    stride: Pair
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    rank: int = 2
    is_global: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Merge:
    """Elementwise function of several tensors of one shape, from left to right."""

    function: MergeFunction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Concatenate:
    """Joins tensors.

    Attributes:
        axis: Axis without the batch axis, 0 or above.
    """

    axis: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dot:
    """Inner product of two vectors."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reshape:
    """Same elements in row-major order, new shape (the node's); Flatten is one of these."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Permute:
    """Transposition.

    Attributes:
        axes: Which input axis becomes each output axis, without the batch axis, from 0.
    """

    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pad:
    """Zeros around an image: ((top, bottom), (left, right)); rank as in `Conv`."""

    padding: tuple[Pair, Pair]
    rank: int = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crop:
    """Rows and columns cut off an image: ((top, bottom), (left, right)); rank as in `Conv`."""

    cropping: tuple[Pair, Pair]
    rank: int = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upsample:
    """Each pixel repeated (rows, columns) times (nearest neighbour); rank as in `Conv`."""

    size: Pair
    rank: int = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recurrent:
    """A recurrent layer over a sequence of shape (steps, n_in).

    Gate order is Keras': LSTM i, f, c, o; GRU z, r, h.

    Attributes:
        cell: Which cell.
        kernel: Input weights, shape (n_in, gates * units).
        recurrent_kernel: State weights, shape (units, gates * units).
        bias: Shape (gates * units,).
        recurrent_bias: Shape (gates * units,), used by GRU with reset_after; else zeros.
        activation: Function of the candidate and of the output.
        recurrent_activation: Function of the gates.
        reset_after: GRU variant that resets after the product (Keras' default).
        return_sequences: Whether every step is an output, or the last one only.
        go_backwards: Whether the sequence is read from its end; returned sequences stay in the input's order.
        alpha: Slope of a hard_sigmoid `activation` (Keras 3: 1/6, Keras 2: 1/5, QKeras: 1/2); else unused.
        recurrent_alpha: The same for `recurrent_activation`.
        quantizes_state: Whether the states that a step reads have types of their own (`hidden`, `memory`), as with a
            state quantizer of QKeras; else the next step reads what the layer puts out.
    """

    cell: Cell
    kernel: RealArray
    recurrent_kernel: RealArray
    bias: RealArray
    recurrent_bias: RealArray
    activation: Function = Function.TANH
    recurrent_activation: Function = Function.SIGMOID
    reset_after: bool = True
    return_sequences: bool = False
    go_backwards: bool = False
    alpha: float = 0.0
    recurrent_alpha: float = 0.0
    quantizes_state: bool = False


Op = (
    Input
    | Quantize
    | Dense
    | Conv
    | DepthwiseConv
    | Affine
    | Requantize
    | LayerNorm
    | Activation
    | Clip
    | PRelu
    | Lookup
    | Softmax
    | Pool
    | Merge
    | Concatenate
    | Dot
    | Reshape
    | Permute
    | Pad
    | Crop
    | Upsample
    | Recurrent
)

MOVES = (Reshape, Permute, Pad, Crop, Upsample)
"""Ops that only move elements; their result has the type of their input and they have no types of their own."""


def tensor_keys(op: Op) -> tuple[str, ...]:
    """Types that a layer with this op has, in the order in which they are shown.

    Examples:
        >>> tensor_keys(Softmax())
        ('exp_table', 'accum', 'inv_input', 'inv_table', 'result')
    """
    match op:
        case Dense() | Conv() | DepthwiseConv():
            return ("weight", "bias", "accum", "result")
        case Affine() | Requantize():
            return ("weight", "bias", "result")
        case LayerNorm():
            return ("weight", "bias", "accum", "table", "result")
        case Activation():
            if op.function in TABLE_FUNCTIONS:
                return ("table", "result")
            return ("weight", "result") if op.function in _WITH_A_WEIGHT else ("result",)
        case Clip():
            return ("weight", "bias", "result") if op.slope else ("result",)
        case PRelu():
            return ("weight", "result")
        case Softmax():
            return ("exp_table", "accum", "inv_input", "inv_table", "result")
        case Pool() | Dot():
            return ("accum", "result")
        case Recurrent():
            return _recurrent_keys(op)
        case Input() | Quantize() | Lookup() | Merge() | Concatenate():
            return ("result",)
        case Reshape() | Permute() | Pad() | Crop() | Upsample():
            return ()
        case _:
            assert_never(op)


def _recurrent_keys(op: Recurrent) -> tuple[str, ...]:
    """Types of a recurrent layer: of tables, gates and states only where its cell has them."""
    has_gates, is_lstm = op.cell is not Cell.SIMPLE_RNN, op.cell is Cell.LSTM
    functions = {op.activation, op.recurrent_activation} if has_gates else {op.activation}
    present = {
        "table": not TABLE_FUNCTIONS.isdisjoint(functions),
        "activation": True,
        "gate": has_gates,
        "state": is_lstm or (op.cell is Cell.GRU and not op.reset_after),
        "hidden": op.quantizes_state,
        "memory": op.quantizes_state and is_lstm,
    }
    keys = ("weight", "bias", "recurrent_weight", "recurrent_bias", "accum")
    return (*keys, *(key for key, is_there in present.items() if is_there), "result")


WEIGHT_FIELDS = {
    "weight": "kernel",
    "bias": "bias",
    "recurrent_weight": "recurrent_kernel",
    "recurrent_bias": "recurrent_bias",
}
"""Tensor key -> field of the op that holds the float values."""


def weights(op: Op) -> dict[str, RealArray]:
    """Float weight arrays of an op by tensor key (`weight`, `bias`, ...); absent ones are left out."""
    found = {key: getattr(op, field, None) for key, field in WEIGHT_FIELDS.items() if key in tensor_keys(op)}
    return {key: values for key, values in found.items() if values is not None}
