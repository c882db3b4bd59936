"""Every op and function as a random layer: what tests of the executors are made of.

An op that is not here is tested by nothing; `tests/test_coverage.py` tells.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import Fixed, Overflow, Rounding
from hlsexplore.ops import (
    Activation,
    Affine,
    Cell,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    LayerNorm,
    Lookup,
    Merge,
    MergeFunction,
    Op,
    Pad,
    Permute,
    Pool,
    PRelu,
    Quantize,
    Recurrent,
    Requantize,
    Reshape,
    Softmax,
    Upsample,
)

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Drawn:
    """An op with its shapes: one input shape for each input."""

    op: Op
    shapes: tuple[Shape, ...]
    out: Shape


Draw = Callable[[np.random.Generator], Drawn]


def _size(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


def dense(rng: np.random.Generator) -> Drawn:
    n_in, n_out, rows = _size(rng, 2, 8), _size(rng, 1, 5), _size(rng, 1, 3)
    lead = () if rows == 1 else (rows,)
    op = Dense(kernel=rng.normal(0, 1, (n_in, n_out)), bias=rng.normal(0, 1, n_out))
    return Drawn(op, ((*lead, n_in),), (*lead, n_out))


def convolution(rank: int, is_depthwise: bool) -> Draw:
    def draw(rng: np.random.Generator) -> Drawn:
        size = (1 if rank == 1 else _size(rng, 1, 3), _size(rng, 1, 3))
        dilation = (1 if rank == 1 else _size(rng, 1, 2), _size(rng, 1, 2))
        stride = (1 if rank == 1 else _size(rng, 1, 2), _size(rng, 1, 2))
        pads = ((0, 0) if rank == 1 else (_size(rng, 0, 1), _size(rng, 0, 1)), (_size(rng, 0, 1), _size(rng, 0, 2)))
        extent = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
        image = [e + _size(rng, 0, 3) for e in extent] if rank == 2 else [1, extent[1] + _size(rng, 0, 5)]
        out = [(n + sum(pad) - e) // s + 1 for n, pad, e, s in zip(image, pads, extent, stride, strict=True)]
        channels, filters = _size(rng, 1, 3), _size(rng, 1, 3)
        options = {"stride": stride, "padding": pads, "dilation": dilation, "rank": rank}
        kernel = rng.normal(0, 1, (*size, channels, filters))
        if is_depthwise:
            filters *= channels
        kind = DepthwiseConv if is_depthwise else Conv
        op = kind(kernel=kernel, bias=rng.normal(0, 1, filters), **options)
        skip = 2 - rank
        return Drawn(op, ((*image[skip:], channels),), (*out[skip:], filters))

    return draw


def pool(rank: int, is_average: bool, is_global: bool) -> Draw:
    def draw(rng: np.random.Generator) -> Drawn:
        size = (1 if rank == 1 else _size(rng, 1, 3), _size(rng, 2, 3))
        image = [1 if rank == 1 else size[0] + _size(rng, 0, 3), size[1] + _size(rng, 0, 4)]
        channels, skip = _size(rng, 1, 3), 2 - rank
        if is_global:
            op = Pool(average=is_average, size=tuple(image), stride=tuple(image), rank=rank, is_global=True)
            return Drawn(op, ((*image[skip:], channels),), (channels,))
        stride = (1 if rank == 1 else _size(rng, 1, 3), _size(rng, 1, 3))
        pads = ((0, 0) if rank == 1 else (0, _size(rng, 0, size[0] - 1)), (_size(rng, 0, 1), _size(rng, 0, 1)))
        out = [(n + sum(pad) - k) // s + 1 for n, pad, k, s in zip(image, pads, size, stride, strict=True)]
        op = Pool(average=is_average, size=size, stride=stride, padding=pads, rank=rank)
        return Drawn(op, ((*image[skip:], channels),), (*out[skip:], channels))

    return draw


def elementwise(make: Callable[[np.random.Generator, Shape], Op], num_inputs: int = 1) -> Draw:
    def draw(rng: np.random.Generator) -> Drawn:
        shape = tuple(_size(rng, 1, 4) for _ in range(_size(rng, 1, 3)))
        return Drawn(make(rng, shape), (shape,) * num_inputs, shape)

    return draw


def concatenation(rng: np.random.Generator) -> Drawn:
    shape = tuple(_size(rng, 1, 4) for _ in range(_size(rng, 1, 3)))
    axis, count = _size(rng, 0, len(shape) - 1), _size(rng, 2, 4)
    shapes = [(*shape[:axis], _size(rng, 1, 3), *shape[axis + 1 :]) for _ in range(count)]
    out = (*shape[:axis], sum(item[axis] for item in shapes), *shape[axis + 1 :])
    return Drawn(Concatenate(axis=axis), tuple(shapes), out)


def dot(rng: np.random.Generator) -> Drawn:
    count = _size(rng, 1, 7)
    return Drawn(Dot(), ((count,), (count,)), (1,))


def cell(kind: Cell, **options: object) -> Draw:
    def draw(rng: np.random.Generator) -> Drawn:
        steps, n_in, units = _size(rng, 1, 4), _size(rng, 1, 3), _size(rng, 1, 3)
        gates = {Cell.SIMPLE_RNN: 1, Cell.LSTM: 4, Cell.GRU: 3}[kind]
        is_sequence = bool(rng.integers(2))
        op = Recurrent(
            cell=kind,
            kernel=rng.normal(0, 0.8, (n_in, gates * units)),
            recurrent_kernel=rng.normal(0, 0.8, (units, gates * units)),
            bias=rng.normal(0, 0.5, gates * units),
            recurrent_bias=rng.normal(0, 0.5, gates * units) * (kind is Cell.GRU),
            activation=Function(str(rng.choice(["tanh", "relu", "hard_tanh", "hard_swish"]))),
            recurrent_activation=Function(str(rng.choice(["sigmoid", "hard_sigmoid"]))),
            alpha=0.2,
            recurrent_alpha=0.2,
            return_sequences=is_sequence,
            go_backwards=bool(rng.integers(2)),
            quantizes_state=bool(rng.integers(2)),
            **options,
        )
        return Drawn(op, ((steps, n_in),), (steps, units) if is_sequence else (units,))

    return draw


def _clip(rng: np.random.Generator, slope: float) -> Clip:
    """Draw bounds around values of some bits; at times only one, or in the wrong order."""
    low, high, floor = rng.normal([-1, 2, 0], 2)
    if not slope:
        low, high = (-np.inf if rng.integers(5) == 0 else low), (np.inf if rng.integers(5) == 0 else high)
        floor = floor if rng.integers(2) or np.isinf(low) else low
    return Clip(low=float(low), high=float(high), floor=float(floor), slope=slope)


def _channels(shape: Shape) -> int:
    return shape[-1]


FUNCTIONS = {
    "linear": {},
    "relu": {},
    "relu6": {"max_value": 3.3},
    "leaky_relu": {"alpha": 0.3},
    "thresholded_relu": {"alpha": 0.7},
    "elu": {"alpha": 1.5},
    "selu": {},
    "softplus": {},
    "softsign": {},
    "silu": {},
    "gelu": {},
    "gelu_tanh": {},
    "mish": {},
    "sparse_plus": {},
    "log_sigmoid": {},
    "tanh_shrink": {},
    "exponential": {},
    "sigmoid": {},
    "hard_sigmoid": {"alpha": 0.2},
    "hard_swish": {"alpha": 1 / 6},
    "tanh": {},
    "hard_tanh": {},
    "binary_tanh": {},
    "ternary_tanh": {"alpha": 0.5},
}
MATRICES: dict[str, Draw] = {
    "dense": dense,
    "conv1d": convolution(1, False),
    "conv2d": convolution(2, False),
    "depthwise1d": convolution(1, True),
    "depthwise2d": convolution(2, True),
}
OTHERS: dict[str, Draw] = {
    **{
        name: elementwise(
            lambda rng, shape, name=name, options=options: Activation(
                function=Function(name.removesuffix("6")), **options
            )
        )
        for name, options in FUNCTIONS.items()
    },
    "clip": elementwise(lambda rng, shape: _clip(rng, 0.0)),
    "clip_with_a_slope": elementwise(lambda rng, shape: _clip(rng, float(rng.normal(0, 0.5)))),
    "affine": elementwise(
        lambda rng, shape: Affine(kernel=rng.normal(0, 2, _channels(shape)), bias=rng.normal(0, 2, _channels(shape)))
    ),
    "requantize": elementwise(
        lambda rng, shape: Requantize(
            kernel=rng.normal(0, 2, _channels(shape)), bias=rng.normal(0, 2, _channels(shape)), low=-3.0, high=2.5
        )
    ),
    "prelu": elementwise(lambda rng, shape: PRelu(kernel=rng.normal(0, 1, shape))),
    "prelu_channels": elementwise(lambda rng, shape: PRelu(kernel=rng.normal(0, 1, (_channels(shape),)))),
    "layer_norm": elementwise(
        lambda rng, shape: LayerNorm(
            kernel=rng.normal(1, 0.5, _channels(shape)), bias=rng.normal(0, 1, _channels(shape))
        )
    ),
    **{f"softmax_{mode}": elementwise(lambda rng, shape: Softmax()) for mode in ("stable", "latency", "argmax")},
    **{
        f"{'global_' if is_global else ''}{'average' if is_average else 'max'}_pool{rank}d": pool(
            rank, is_average, is_global
        )
        for rank in (1, 2)
        for is_average in (False, True)
        for is_global in (False, True)
    },
    **{
        f"{function}_{count}": elementwise(lambda rng, shape, function=function: Merge(function=function), count)
        for function in MergeFunction
        for count in (2, 3)
    },
    "concatenate": concatenation,
    "dot": dot,
    "simple_rnn": cell(Cell.SIMPLE_RNN),
    "lstm": cell(Cell.LSTM),
    "gru": cell(Cell.GRU),
    "gru_reset_first": cell(Cell.GRU, reset_after=False),
}


def reshape(rng: np.random.Generator) -> Drawn:
    rows, columns, channels = _size(rng, 1, 4), _size(rng, 1, 3), _size(rng, 1, 4)
    out = ((rows * columns * channels,), (rows * columns, channels), (rows, columns * channels))[_size(rng, 0, 2)]
    return Drawn(Reshape(), ((rows, columns, channels),), out)


def permute(rng: np.random.Generator) -> Drawn:
    shape = tuple(_size(rng, 1, 4) for _ in range(_size(rng, 2, 3)))
    axes = tuple(rng.permutation(len(shape)).tolist())
    return Drawn(Permute(axes=axes), (shape,), tuple(shape[axis] for axis in axes))


def pad(rng: np.random.Generator) -> Drawn:
    rows, columns, channels = _size(rng, 1, 4), _size(rng, 1, 4), _size(rng, 1, 3)
    padding = ((_size(rng, 0, 2), _size(rng, 0, 2)), (_size(rng, 0, 2), _size(rng, 0, 2)))
    return Drawn(
        Pad(padding=padding),
        ((rows, columns, channels),),
        (rows + sum(padding[0]), columns + sum(padding[1]), channels),
    )


def crop(rng: np.random.Generator) -> Drawn:
    cropping = ((_size(rng, 0, 1), _size(rng, 0, 2)), (_size(rng, 0, 2), _size(rng, 0, 1)))
    rows, columns, channels = _size(rng, 1, 3), _size(rng, 1, 3), _size(rng, 1, 3)
    return Drawn(
        Crop(cropping=cropping),
        ((rows + sum(cropping[0]), columns + sum(cropping[1]), channels),),
        (rows, columns, channels),
    )


def upsample(rng: np.random.Generator) -> Drawn:
    size = (_size(rng, 1, 3), _size(rng, 1, 3))
    rows, columns, channels = _size(rng, 1, 3), _size(rng, 1, 3), _size(rng, 1, 3)
    return Drawn(Upsample(size=size), ((rows, columns, channels),), (rows * size[0], columns * size[1], channels))


def quantize(rng: np.random.Generator) -> Drawn:
    """Draw types for each channel, some without bits."""
    shape = tuple(_size(rng, 1, 4) for _ in range(_size(rng, 1, 3)))
    count = shape[-1:]
    types = ElementTypes(
        signed=rng.random(count) < 0.6,
        integer=rng.integers(-1, 4, count),
        fraction=rng.integers(-2, 6, count),
        rounding=str(rng.choice(list(Rounding))),
        overflow=str(rng.choice(list(Overflow))),
    )
    return Drawn(Quantize(types=types), (shape,), shape)


def lookup(rng: np.random.Generator) -> Drawn:
    shape = tuple(_size(rng, 1, 4) for _ in range(_size(rng, 1, 3)))
    source = Fixed(_size(rng, 2, 7), _size(rng, 0, 4), signed=bool(rng.integers(2)))
    type_ = Fixed(_size(rng, 2, 8), _size(rng, 0, 3), signed=bool(rng.integers(2)))
    entries = rng.integers(type_.min_raw, type_.max_raw + 1, 1 << source.width)
    return Drawn(Lookup(source=source, entries=entries, type=type_), (shape,), shape)


FROM_MODELS: dict[str, Draw] = {"quantize": quantize, "lookup": lookup}
"""Ops whose types or tables are part of the model."""
MOVED: dict[str, Draw] = {"reshape": reshape, "permute": permute, "pad": pad, "crop": crop, "upsample": upsample}
DRAWS: dict[str, Draw] = MATRICES | OTHERS | MOVED | FROM_MODELS
