"""Calls of hls4ml's C++ -> ops, with their weights, types and knobs."""

import re
from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType

from hlsexplore.errors import ModelError
from hlsexplore.fixed import Overflow
from hlsexplore.importers.hls4ml.build import CallStep
from hlsexplore.importers.hls4ml.products import exponent_type, matrix, product_knobs, product_types
from hlsexplore.importers.hls4ml.recurrent import bidirectional, lstm_by_gates, recurrent
from hlsexplore.ops import (
    Activation,
    Affine,
    Cell,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    LayerNorm,
    Merge,
    MergeFunction,
    Pad,
    Permute,
    Pool,
    PRelu,
    Softmax,
    Upsample,
)

Convert = Callable[[CallStep], None]
Sides = tuple[tuple[int, int], tuple[int, int]]


def _dense(step: CallStep) -> None:
    n_in, n_out = step.number("n_in"), step.number("n_out")
    source = step.build.read(step.call.arguments[0], (n_in,))
    op = Dense(kernel=matrix(step, 2, n_in, n_out), bias=step.array(3, n_out, "the bias"))
    step.add(op, (n_out,), (source,), step.call.arguments[1], product_types(step), **product_knobs(step))


def _sides(step: CallStep, rank: int, word: str = "pad") -> Sides:
    """Return what is added or cut at ((top, bottom), (left, right))."""
    width = step.number(f"{word}_left", 0), step.number(f"{word}_right", 0)
    height = (step.number(f"{word}_top", 0), step.number(f"{word}_bottom", 0)) if rank == 2 else (0, 0)
    return height, width


def _image(step: CallStep, rank: int, channels: int, side: str = "in") -> tuple[int, ...]:
    width = step.number(f"{side}_width")
    return (width, channels) if rank == 1 else (step.number(f"{side}_height"), width, channels)


def _conv(rank: int, is_depthwise: bool = False) -> Convert:
    def convert(step: CallStep) -> None:
        channels, filters = step.number("n_chan"), step.number("n_filt")
        height = step.number("filt_height", 1) if rank == 2 else 1
        width = step.number("filt_width", 1)
        source = step.build.read(step.call.arguments[0], _image(step, rank, channels))
        shape = _image(step, rank, filters, "out")
        if (step.number("impl_filt_height", height), step.number("impl_filt_width", width)) != (height, width):
            raise ModelError(
                "its kernel is stored as Winograd's algorithm wants it, which is not read. Give the model."
            )
        if is_depthwise:
            _check_folded(step, height * width * channels)
        kind = DepthwiseConv if is_depthwise else Conv
        n_in = height * width * (1 if is_depthwise else channels)
        outer = (channels, filters // channels) if is_depthwise else (channels, filters)
        op = kind(
            kernel=matrix(step, 2, n_in, filters).reshape(height, width, *outer),
            bias=step.array(3, filters, "the bias"),
            stride=(step.number("stride_height", 1) if rank == 2 else 1, step.number("stride_width", 1)),
            padding=_sides(step, rank),
            dilation=(step.number("dilation_height", 1) if rank == 2 else 1, step.number("dilation_width", 1)),
            rank=rank,
        )
        positions = prod(shape[:-1])
        partitions = step.number("n_partitions", positions)
        knobs = product_knobs(step)
        if step.build.network.settings["io_type"] == "io_parallel" and partitions and positions % partitions == 0:
            knobs["parallel"] = positions // partitions
        if step.word("implementation") == "encoded" and step.build.network.settings["io_type"] == "io_stream":
            step.build.notes.append(
                f"layer {step.call.layer!r}: its windows are encoded (ConvImplementation); what is estimated and built "
                "here has line buffers."
            )
        step.add(op, shape, (source,), step.call.arguments[1], product_types(step), **knobs)

    return convert


def _check_folded(step: CallStep, size: int) -> None:
    """Name what hls4ml makes of a batch normalisation behind a depthwise convolution (findings/).

    Raises:
        ModelError: If the kernel has every number once for each channel.
    """
    stored, channels = step.build.network.arrays(step.call.arguments[2]), step.number("n_chan")
    if stored is not None and channels > 1 and stored.size == size * channels:
        raise ModelError(
            f"its kernel has {stored.size} numbers for {size}: hls4ml folded a batch normalisation into it along the "
            "wrong axis, and its results are not the model's. Give the trained model instead."
        )


def _normalize(step: CallStep) -> None:
    n_in, filters = step.number("n_in"), step.number("n_filt", -1)
    channels = n_in if filters < 1 else filters
    source = step.build.read(step.call.arguments[0])
    shape = step.build.nodes[source].shape
    if shape[-1] != channels:
        source = step.build.read(step.call.arguments[0], (n_in // channels, channels) if n_in != channels else (n_in,))
        shape = step.build.nodes[source].shape
    op = Affine(kernel=step.array(2, channels, "the scale"), bias=step.array(3, channels, "the offset"))
    types = step.types(weight="scale_t", bias="bias_t") | exponent_type(step, 2, "scale_t") | step.result
    step.add(op, shape, (source,), step.call.arguments[1], types)


_FUNCTIONS = {
    "linear": Function.LINEAR,
    "relu": Function.RELU,
    "sigmoid": Function.SIGMOID,
    "tanh": Function.TANH,
    "dense_tanh": Function.TANH,
    "softplus": Function.SOFTPLUS,
    "softsign": Function.SOFTSIGN,
    "selu": Function.SELU,
    "binary_tanh": Function.BINARY_TANH,
    "hard_tanh": Function.HARD_TANH,
}


def _activation(step: CallStep) -> None:
    _elementwise(step, Activation(function=_FUNCTIONS[step.call.function]))


def _relu_up_to(limit: float) -> Convert:
    return lambda step: _elementwise(step, Activation(function=Function.RELU, max_value=limit))


def _ternary_tanh(step: CallStep) -> None:
    _elementwise(step, Activation(function=Function.TERNARY_TANH, alpha=0.5))


def _hard_sigmoid(step: CallStep) -> None:
    if float(_literal(step.call.config.get("shift", "0.5"))) != 0.5:
        raise ModelError("its hard_sigmoid has a shift other than 0.5, which is not read.")
    slope = _literal(step.call.config.get("slope", "0.2"))
    _elementwise(step, Activation(function=Function.HARD_SIGMOID, alpha=slope))


def _with_parameter(function: Function) -> Convert:
    def convert(step: CallStep) -> None:
        arguments = step.call.arguments
        alpha = _literal(arguments[1]) if len(arguments) > 2 else 1.0
        _elementwise(step, Activation(function=function, alpha=alpha), output=arguments[-1])

    return convert


def _prelu(step: CallStep) -> None:
    source = step.build.read(step.call.arguments[0])
    shape = step.build.nodes[source].shape
    slopes = step.array(1, prod(shape), "the slopes").reshape(shape)
    types = step.types(weight="param_t") | step.result
    step.add(PRelu(kernel=slopes), shape, (source,), step.call.arguments[-1], types)


def _literal(text: str) -> float:
    """Return a number of the C++: `0.3`, `.2f`, `(float)0.5`.

    Raises:
        ModelError: If it is none.
    """
    found = re.search(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text)
    if found is None:
        raise ModelError(f"its parameter {text!r} is no number.")
    return float(found[0])


def _elementwise(step: CallStep, op: Activation, output: str | None = None) -> None:
    source = step.build.read(step.call.arguments[0])
    shape = step.build.nodes[source].shape or (step.number("n_in"),)
    source = step.build.read(step.call.arguments[0], shape)
    types = step.types(table="table_t", weight="param_t") | step.result
    if op.function is Function.HARD_SIGMOID:
        types |= step.types(weight="slope_t")
    knobs = {"table_size": step.number("table_size", 1024)}
    step.add(op, shape, (source,), output or step.call.arguments[1], types, **knobs)


def _softmax(step: CallStep) -> None:
    classes = step.number("n_slice", 0) or step.number("n_in")
    source = step.build.read(step.call.arguments[0])
    shape = step.build.nodes[source].shape
    if not shape or shape[-1] != classes:
        source = step.build.read(step.call.arguments[0], (classes,))
        shape = (classes,)
    if step.number("n_inner", 1) != 1:
        raise ModelError("its softmax is not over the last axis, which is not read.")
    mode = step.word("implementation") or "latency"
    if mode not in ("stable", "latency", "argmax"):
        raise ModelError(f"its softmax has the implementation {mode!r}; read are 'stable', 'latency' and 'argmax'.")
    types = step.types(exp_table="exp_table_t", accum="accum_t", inv_input="inv_inp_t", inv_table="inv_table_t")
    sizes = [step.number(key, 0) for key in ("exp_table_size", "inv_table_size", "table_size")]
    size = max(sizes) or 1024
    if sizes[0] and sizes[1] and sizes[0] != sizes[1]:
        raise ModelError(f"its tables have {sizes[0]} and {sizes[1]} entries; read are softmaxes with two equal ones.")
    if "accum" not in types and "exp_table" in types:
        types["accum"] = types["exp_table"]  # versions before 1.0 sum in the table's type
    if "accum" in types:
        types.setdefault("inv_input", types["accum"])
    knobs: dict[str, str | int] = {"table_size": size, "softmax": mode}
    if mode == "stable":
        knobs |= _distance(step)
    step.add(Softmax(), shape, (source,), step.call.arguments[1], types | step.result, **knobs)


def _distance(step: CallStep) -> dict[str, str | int]:
    """Return the integer bits of a narrow distance from the largest logit; say where our saturating one differs."""
    type_ = step.type(step.call.config.get("inp_norm_t"))
    if type_ is None and step.build.network.is_of_amd:
        step.build.notes.append(
            f"layer {step.call.layer!r}: its softmax is of an hls4ml before 1.2; that of 1.3 is computed, whose table "
            "may give other last bits."
        )
    if type_ is None:
        return {}
    if type_.overflow is not Overflow.SAT:
        step.build.notes.append(
            f"layer {step.call.layer!r}: distances between its logits wrap at {2.0**type_.integer:g} in hls4ml's C++; "
            "here they saturate."
        )
    source = step.type(step.call.input_type)
    is_narrow = source is not None and 0 <= type_.integer < source.integer - int(source.signed)
    return {"exp_integer": type_.integer} if is_narrow else {}


def _pool(rank: int, is_global: bool = False) -> Convert:
    def convert(step: CallStep) -> None:
        channels = step.number("n_filt")
        side = "n_in" if rank == 1 else "in_width"
        size_in = (1 if rank == 1 else step.number("in_height"), step.number(side))
        source = step.build.read(step.call.arguments[0], (*(size_in[2 - rank :]), channels))
        average = step.word("pool_op") == "Average"
        types = step.types(accum="accum_t") | step.result
        if is_global:
            op = Pool(average=average, size=size_in, stride=size_in, rank=rank, is_global=True)
            step.add(op, (channels,), (source,), step.call.arguments[1], types)
            return
        size = (step.number("pool_height", 1) if rank == 2 else 1, step.number("pool_width"))
        stride = (step.number("stride_height", size[0]) if rank == 2 else 1, step.number("stride_width", size[1]))
        padding = _sides(step, rank)
        if average and step.word("count_pad") == "true" and any(map(any, padding)):
            raise ModelError("its average pooling counts the padding, which is not read.")
        shape = (step.number("n_out"), channels) if rank == 1 else _image(step, 2, channels, "out")
        op = Pool(average=average, size=size, stride=stride, padding=padding, rank=rank)
        step.add(op, shape, (source,), step.call.arguments[1], types)

    return convert


def _pad(rank: int) -> Convert:
    def convert(step: CallStep) -> None:
        channels = step.number("n_chan")
        source = step.build.read(step.call.arguments[0], _image(step, rank, channels))
        op = Pad(padding=_sides(step, rank), rank=rank)
        step.add(op, _image(step, rank, channels, "out"), (source,), step.call.arguments[1], {})

    return convert


def _crop(rank: int) -> Convert:
    def convert(step: CallStep) -> None:
        channels = step.number("n_chan")
        source = step.build.read(step.call.arguments[0], _image(step, rank, channels))
        op = Crop(cropping=_sides(step, rank, "crop"), rank=rank)
        step.add(op, _image(step, rank, channels, "out"), (source,), step.call.arguments[1], {})

    return convert


def _resize(step: CallStep) -> None:
    channels = step.number("n_chan")
    size = step.number("height", 1), step.number("width")
    new = step.number("new_height", 1), step.number("new_width")
    if new[0] % size[0] or new[1] % size[1]:
        raise ModelError(f"it resizes {size} to {new}, which are no whole factors.")
    source = step.build.read(step.call.arguments[0])
    rank = 1 if len(step.build.nodes[source].shape) == 2 else 2
    source = step.build.read(step.call.arguments[0], (*size[2 - rank :], channels))
    op = Upsample(size=(new[0] // size[0], new[1] // size[1]), rank=rank)
    step.add(op, (*new[2 - rank :], channels), (source,), step.call.arguments[1], {})


def _transpose(step: CallStep) -> None:
    config = step.call.config
    axes = tuple(int(item) for item in re.findall(r"\d+", config.get("perm", "")))
    shape = tuple(int(item) for item in re.findall(r"\d+", config.get("from_shape", "")))
    if not axes or len(axes) != len(shape):
        sizes = [step.number(key, 0) for key in ("depth", "height", "width")]
        shape = tuple(size for size in sizes if size > 1) or (1,)
        axes = axes[-len(shape) :]
        axes = tuple(axis - min(axes) for axis in axes) if axes else ()
    if sorted(axes) != list(range(len(shape))):
        raise ModelError("its permutation cannot be read.")
    source = step.build.read(step.call.arguments[0], shape)
    step.add(Permute(axes=axes), tuple(shape[a] for a in axes), (source,), step.call.arguments[1], {})


def _merge(step: CallStep) -> None:
    a, b, output = step.call.arguments[:3]
    sources = tuple(step.build.read(item) for item in (a, b))
    shapes = [step.build.nodes[item].shape for item in sources]
    if shapes[0] != shapes[1]:
        if prod(shapes[0]) != prod(shapes[1]):
            raise ModelError(f"it joins the shapes {shapes[0]} and {shapes[1]} by broadcasting, which is not read.")
        sources = sources[0], step.build.read(b, shapes[0])
    op = Merge(function=MergeFunction(step.call.function))
    step.add(op, shapes[0], sources, output, step.result)


def _concatenate(rank: int) -> Convert:
    def convert(step: CallStep) -> None:
        a, b, output = step.call.arguments[:3]
        shapes = [tuple(step.number(f"n_elem{which}_{axis}") for axis in range(rank)) for which in (1, 2)]
        axis = (step.number("axis", -1) - 1) if step.number("axis", -1) > 0 else rank - 1
        sources = tuple(step.build.read(item, shape) for item, shape in zip((a, b), shapes, strict=True))
        joined = tuple(x + y if i == axis else x for i, (x, y) in enumerate(zip(*shapes, strict=True)))
        step.add(Concatenate(axis=axis), joined, sources, output, step.result)

    return convert


def _dot(step: CallStep) -> None:
    a, b, output = step.call.arguments[:3]
    n_in = step.number("n_in")
    sources = tuple(step.build.read(item, (n_in,)) for item in (a, b))
    step.add(Dot(), (1,), sources, output, step.types(accum="accum_t") | step.result)


def _layer_norm(step: CallStep) -> None:
    n_in, steps = step.number("n_in"), step.number("seq_len", 1)
    channels = n_in // steps
    source = step.build.read(step.call.arguments[0], (steps, channels) if steps > 1 else (channels,))
    op = LayerNorm(
        kernel=step.array(2, channels, "the scale"),
        bias=step.array(3, channels, "the offset"),
        epsilon=10.0 ** -step.number("epsilon_power_of_10", 3),
    )
    types = step.types(weight="scale_t", bias="bias_t", accum="accum_t", table="table_t") | step.result
    shape = step.build.nodes[source].shape
    step.add(op, shape, (source,), step.call.arguments[1], types, table_size=step.number("table_size", 1024))


def _pass_on(step: CallStep) -> None:
    """Copies of a stream, and streams packed in another way: the same tensor by other names."""
    source = step.build.read(step.call.arguments[0])
    for output in step.call.arguments[1:]:
        step.build.tensors[output] = source


CONVERTERS: Mapping[str, Convert] = MappingProxyType(
    {
        "dense": _dense,
        "conv_1d_cl": _conv(1),
        "conv_2d_cl": _conv(2),
        "pointwise_conv_1d_cl": _conv(1),
        "pointwise_conv_2d_cl": _conv(2),
        "depthwise_conv_1d_cl": _conv(1, is_depthwise=True),
        "depthwise_conv_2d_cl": _conv(2, is_depthwise=True),
        "normalize": _normalize,
        **dict.fromkeys(_FUNCTIONS, _activation),
        "relu6": _relu_up_to(6.0),
        "relu1": _relu_up_to(1.0),
        "ternary_tanh": _ternary_tanh,
        "hard_sigmoid": _hard_sigmoid,
        "leaky_relu": _with_parameter(Function.LEAKY_RELU),
        "thresholded_relu": _with_parameter(Function.THRESHOLDED_RELU),
        "elu": _with_parameter(Function.ELU),
        "prelu": _prelu,
        "softmax": _softmax,
        "pooling1d_cl": _pool(1),
        "pooling2d_cl": _pool(2),
        "global_pooling1d_cl": _pool(1, is_global=True),
        "global_pooling2d_cl": _pool(2, is_global=True),
        "zeropad1d_cl": _pad(1),
        "zeropad2d_cl": _pad(2),
        "cropping1d_cl": _crop(1),
        "cropping2d_cl": _crop(2),
        "resize_nearest": _resize,
        "transpose": _transpose,
        "transpose_2d": _transpose,
        "transpose_3d": _transpose,
        **{str(item): _merge for item in MergeFunction},
        "concatenate1d": _concatenate(1),
        "concatenate2d": _concatenate(2),
        "concatenate3d": _concatenate(3),
        "dot1d": _dot,
        "layernormalize": _layer_norm,
        "simple_rnn_stack": recurrent(Cell.SIMPLE_RNN),
        "lstm_stack": recurrent(Cell.LSTM),
        "gru_stack": recurrent(Cell.GRU),
        "bidirectional_stack": bidirectional,
        "simple_rnn": recurrent(Cell.SIMPLE_RNN),
        "lstm": lstm_by_gates,
        "gru": recurrent(Cell.GRU),
        "clone_stream": _pass_on,
        "repack_stream": _pass_on,
    }
)
"""Functions of nnet_utils that are read, by their name."""
