"""The C++ of layers around a product with a constant matrix: dense and convolutions."""

from math import prod

from hlsexplore.coverage import CPP_PARALLEL_ON_STREAM
from hlsexplore.ops import Conv, Dense, DepthwiseConv
from hlsexplore_hls.cpp.code import LayerCode, constant
from hlsexplore_hls.cpp.matrix import Matrix, matrix_of
from hlsexplore_hls.cpp.op_context import OpContext
from hlsexplore_hls.cpp.window import window_of
from hlsexplore_hls.names import size_text


def dense(context: OpContext, op: Dense) -> LayerCode:
    """Return the C++ of a dense layer."""
    raw, positions = context.raw, context.num_positions
    num_in, num_out = raw["weight"].shape
    matrix = matrix_of(context, raw["weight"], raw.get("bias"), num_out)
    return LayerCode(
        header=context.header("dense"),
        function="nnet::dense",
        summary=f"{num_in} -> {num_out}" + (f" at {positions} positions" if positions > 1 else ""),
        members=(*_position_members(context, positions), *matrix.members()),
        roms=matrix.roms(context.node.name),
        ii_cycles=positions // context.config.parallel * matrix.num_steps,
    )


def conv(context: OpContext, op: Conv) -> LayerCode:
    """Return the C++ of a convolution."""
    raw = context.raw
    filters = raw["weight"].shape[3]
    return _convolution(context, op, matrix_of(context, raw["weight"].reshape(-1, filters), raw.get("bias"), filters))


def depthwise_conv(context: OpContext, op: DepthwiseConv) -> LayerCode:
    """Return the C++ of a depthwise convolution."""
    raw = context.raw
    channels, multiplier = raw["weight"].shape[2:]
    weight = raw["weight"].reshape(-1, multiplier)
    return _convolution(context, op, matrix_of(context, weight, raw.get("bias"), channels * multiplier, multiplier))


def _convolution(context: OpContext, op: Conv | DepthwiseConv, matrix: Matrix) -> LayerCode:
    size = (op.kernel.shape[0], op.kernel.shape[1])
    window = window_of(context, size, op.stride, op.padding, op.dilation)
    pixels = window.num_pixels if context.is_stream else context.num_positions // context.config.parallel
    return LayerCode(
        header=context.header("conv"),
        function="nnet::conv",
        summary=f"{size_text(context.shapes[0])} -> {size_text(context.node.shape)}, window {size[0]} x {size[1]}",
        members=(
            *window.members(context.is_stream),
            *_position_members(context, context.node.shape[-2]),
            *matrix.members(),
        ),
        roms=matrix.roms(context.node.name),
        ii_cycles=pixels * matrix.num_steps,
    )


def _position_members(context: OpContext, num_columns: int) -> tuple[str, ...]:
    """Return the members of the loop over positions (nnet/positions.h)."""
    if context.is_stream and context.config.parallel != 1:
        raise CPP_PARALLEL_ON_STREAM.error(context.node, parallel=context.config.parallel)
    return (
        constant("num_inputs", prod(context.shapes[0])),
        constant("num_positions", context.num_positions),
        constant("num_columns", num_columns),
        constant("parallel", context.config.parallel),
    )
