"""The C++ of layers around a product with a constant matrix: dense and convolutions."""

from math import ceil

import numpy as np

from hlsexplore.design import LayerConfig, Strategy
from hlsexplore.fixed import Fixed, RawArray, requantize
from hlsexplore.ops import Conv, DepthwiseConv
from hlsexplore_hls.cpp.code import LayerCode, Rom, constant, cpp_type, rom, rom_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext, unsupported
from hlsexplore_hls.cpp.window import window_of


def matrix_members(context: OpContext, matrix: RawArray, num_out: int, multiplier: int) -> tuple[str, ...]:
    """Return the members of a product with a constant matrix (nnet/matvec.h).

    Args:
        context: The layer.
        matrix: Raw weights, a row for each input and a column for each output it counts for.
        num_out: Outputs.
        multiplier: Outputs of each channel of a depthwise convolution, else 0.
    """
    config, types = context.config, context.config.types
    stored = stored_weights(config, matrix, multiplier > 0).size
    multipliers = num_steps_and_multipliers(config, matrix, multiplier > 0)[1] * config.parallel
    return (
        constant("num_in", matrix.shape[0]),
        constant("num_out", num_out),
        constant("num_weights", stored),
        constant("channel_multiplier", multiplier),
        constant("reuse", config.reuse),
        constant("num_multipliers", max(multipliers, 1)),
        constant("kind", f"nnet::strategy::{config.strategy.value}", "nnet::strategy"),
        typedef("weight_t", cpp_type(types["weight"])),
        typedef("bias_t", cpp_type(_stored_bias_type(config))),
        typedef("accum_t", cpp_type(types["accum"])),
        typedef("weight_rom", rom_type(types["weight"])),
        typedef("bias_rom", rom_type(_stored_bias_type(config))),
    )


def num_steps_and_multipliers(config: LayerConfig, matrix: RawArray, is_depthwise: bool) -> tuple[int, int]:
    """Return the cycles for one position, and the multiplications that happen at once.

    Args:
        config: Configuration of the layer.
        matrix: Raw weights, shape (rows, columns).
        is_depthwise: Whether each row only counts for its own channel.
    """
    if config.strategy is Strategy.LATENCY:
        return config.reuse, ceil(int(np.count_nonzero(matrix)) / config.reuse)
    rows, columns = matrix.shape
    steps = min(config.reuse, rows) if is_depthwise else config.reuse
    return steps, ceil(rows / min(config.reuse, rows)) * columns // max(steps // rows, 1)


def stored_weights(config: LayerConfig, matrix: RawArray, is_depthwise: bool = False) -> RawArray:
    """Return a matrix in the order of its constant array.

    Latency: row after row. Resource: the weights of one step lie `num_steps` apart (nnet/matvec.h); rows that the last
    word lacks are zeros.

    Args:
        config: Configuration of the layer.
        matrix: Raw weights, shape (rows, columns).
        is_depthwise: Whether each row only counts for its own channel.
    """
    if config.strategy is Strategy.LATENCY:
        return matrix.ravel()
    num_rows, num_columns = matrix.shape
    if config.reuse <= num_rows or is_depthwise:
        steps = min(config.reuse, num_rows)
        words = -(-num_rows // steps)
        padded = np.zeros((words * steps, num_columns), dtype=matrix.dtype)
        padded[:num_rows] = matrix
        # Row i belongs to step i mod reuse; parallel row and column make the position within the word.
        return padded.reshape(words, steps, num_columns).transpose(0, 2, 1).ravel()
    groups = config.reuse // num_rows
    return matrix.reshape(num_rows, groups, num_columns // groups).transpose(2, 1, 0).ravel()


def matrix_roms(context: OpContext, matrix: RawArray, num_out: int, is_depthwise: bool = False) -> tuple[Rom, Rom]:
    """Return the constant arrays of weights and biases; zeros if the layer has no bias."""
    config, stored = context.config, _stored_bias_type(context.config)
    bias = context.raw.get("bias", np.zeros(num_out, dtype=np.int64))
    bias = requantize(bias, config.types["bias"].fraction, stored)
    weights = stored_weights(config, matrix, is_depthwise)
    return (
        rom(context.node.name, "weight", weights, config.types["weight"]),
        rom(context.node.name, "bias", bias, stored),
    )


def _stored_bias_type(config: LayerConfig) -> Fixed:
    """Return the type in which biases are stored: already cast to the accumulator, unless that is too wide."""
    accum = config.types["accum"]
    return accum if accum.fits_int64 else config.types["bias"]


def position_members(context: OpContext, num_columns: int) -> tuple[str, ...]:
    """Return the members of the loop over positions (nnet/positions.h)."""
    if context.is_stream and context.config.parallel != 1:
        raise unsupported(context, f"parallel={context.config.parallel}")
    inputs = int(np.prod(context.shapes[0]))
    return (
        constant("num_inputs", inputs),
        constant("num_positions", context.num_positions),
        constant("num_columns", num_columns),
        constant("parallel", context.config.parallel),
    )


def dense(context: OpContext) -> LayerCode:
    """Return the C++ of a dense layer."""
    matrix, config, positions = context.raw["weight"], context.config, context.num_positions
    num_in, num_out = matrix.shape
    steps, _ = num_steps_and_multipliers(config, matrix, is_depthwise=False)
    return LayerCode(
        header=context.header("dense"),
        function="nnet::dense",
        summary=f"{num_in} -> {num_out}" + (f" at {positions} positions" if positions > 1 else ""),
        members=(*position_members(context, positions), *matrix_members(context, matrix, num_out, 0)),
        roms=matrix_roms(context, matrix, num_out),
        ii_cycles=positions // config.parallel * steps,
    )


def conv(context: OpContext) -> LayerCode:
    """Return the C++ of a convolution."""
    op = context.node.op
    if not isinstance(op, Conv):
        raise unsupported(context)
    kernel = context.raw["weight"]
    return _convolution(context, op, kernel.reshape(-1, kernel.shape[3]), kernel.shape[3], 0)


def depthwise_conv(context: OpContext) -> LayerCode:
    """Return the C++ of a depthwise convolution."""
    op = context.node.op
    if not isinstance(op, DepthwiseConv):
        raise unsupported(context)
    kernel = context.raw["weight"]
    channels, multiplier = kernel.shape[2:]
    return _convolution(context, op, kernel.reshape(-1, multiplier), channels * multiplier, multiplier)


def _convolution(
    context: OpContext, op: Conv | DepthwiseConv, matrix: RawArray, num_out: int, multiplier: int
) -> LayerCode:
    config = context.config
    size = (op.kernel.shape[0], op.kernel.shape[1])
    steps, _ = num_steps_and_multipliers(config, matrix, multiplier > 0)
    window = window_of(context, size, op.stride, op.padding, op.dilation)
    pixels = window.num_pixels if context.is_stream else context.num_positions // config.parallel
    return LayerCode(
        header=context.header("conv"),
        function="nnet::conv",
        summary=f"{_size(context.shapes[0])} -> {_size(context.node.shape)}, window {size[0]} x {size[1]}",
        members=(
            *window.members(context.is_stream),
            *position_members(context, context.node.shape[-2]),
            *matrix_members(context, matrix, num_out, multiplier),
        ),
        roms=matrix_roms(context, matrix, num_out, multiplier > 0),
        ii_cycles=pixels * steps,
    )


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
