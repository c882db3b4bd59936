"""The C++ of layers that move or join elements, and of poolings."""

from math import prod
from typing import assert_never

from hlsexplore.coverage import MANY_AXES
from hlsexplore.ops import Concatenate, Crop, Dot, Pad, Permute, Pool, Reshape, Upsample
from hlsexplore_hls.cpp.code import LayerCode, constant, cpp_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext, beats
from hlsexplore_hls.cpp.window import image_shape, window_of
from hlsexplore_hls.names import size_text

MAX_AXES = 6


def pool(context: OpContext, op: Pool) -> LayerCode:
    """Return the C++ of a pooling."""
    has_padding = any(any(pair) for pair in op.padding)
    window = window_of(context, op.size, op.stride, op.padding, is_global=op.is_global)
    is_whole = op.is_global and not has_padding and op.size == window.in_size
    num_outputs = window.out_size[0] * window.out_size[1]
    positions = window.in_size[0] * window.in_size[1] if is_whole else num_outputs
    parallel = 1 if context.is_dataflow else positions
    name = "average" if op.average else "max"
    kind = "window" if context.is_stream else "pool"
    return LayerCode(
        header=context.header("pool"),
        function=f"nnet::global_{name}_pool" if is_whole else "nnet::pool",
        template=() if is_whole else (f"nnet::{name}_{kind}",),
        summary=f"{size_text(context.shapes[0])} -> {size_text(context.node.shape)}",
        members=(
            *window.members(context.is_stream),
            constant("has_padding", has_padding),
            constant("num_parallel", parallel),
            typedef("accum_t", cpp_type(context.config.types["accum"])),
        ),
        ii_cycles=window.num_pixels if context.is_stream else positions // parallel,
    )


def permute(context: OpContext, op: Permute) -> LayerCode:
    """Return the C++ of a transposition."""
    shape = context.shapes[0]
    if len(shape) > MAX_AXES:
        raise MANY_AXES.error(context.node, io=context.design.target.io.value, count=len(shape))
    missing = MAX_AXES - len(shape)
    steps = [prod(shape[axis + 1 :]) for axis in op.axes]
    sizes = (*(1 for _ in range(missing)), *context.node.shape)
    passes = 2 if context.is_stream else 0
    return LayerCode(
        header=context.header("move"),
        function="nnet::permute",
        summary=f"{size_text(shape)} -> {size_text(context.node.shape)}",
        members=(
            *(constant(f"size_{axis}", size) for axis, size in enumerate(sizes)),
            *(constant(f"step_{axis}", step) for axis, step in enumerate((*(0 for _ in range(missing)), *steps))),
            *_beat_members(context),
        ),
        ii_cycles=max(passes * context.node.num_elements, 1),
    )


def _beat_members(context: OpContext) -> tuple[str, ...]:
    """Return the members of a layer whose streams have beats of different sizes."""
    if not context.is_stream:
        return ()
    (in_beats, in_size), (out_beats, out_size) = beats(context.shapes[0]), beats(context.node.shape)
    return (
        constant("num_in_beats", in_beats),
        constant("in_size", in_size),
        constant("num_out_beats", out_beats),
        constant("out_size", out_size),
    )


def reshape(context: OpContext, op: Reshape) -> LayerCode:
    """Return the C++ of a reshape of a stream into beats of another size."""
    (in_beats, in_size), (out_beats, out_size) = beats(context.shapes[0]), beats(context.node.shape)
    is_plain = in_size % out_size == 0 or out_size % in_size == 0
    return LayerCode(
        header="move_stream.h",
        function="nnet::repack",
        summary=f"{size_text(context.shapes[0])} -> {size_text(context.node.shape)}",
        members=_beat_members(context),
        ii_cycles=max(in_beats, out_beats) if is_plain else 2 * context.node.num_elements,
    )


def frame(context: OpContext, op: Pad | Crop | Upsample) -> LayerCode:
    """Return the C++ of zero padding, cropping or upsampling."""
    top = left = 0
    repeat = (1, 1)
    match op:
        case Pad():
            top, left = op.padding[0][0], op.padding[1][0]
        case Crop():
            top, left = -op.cropping[0][0], -op.cropping[1][0]
        case Upsample():
            repeat = op.size
        case _:
            assert_never(op)
    in_height, in_width, channels = image_shape(context.shapes[0])
    out_height, out_width, _ = image_shape(context.node.shape)
    cycles = max(in_height * repeat[0], out_height) * max(in_width * repeat[1], out_width)
    return LayerCode(
        header=context.header("move"),
        function="nnet::frame",
        summary=f"{size_text(context.shapes[0])} -> {size_text(context.node.shape)}",
        members=(
            constant("in_height", in_height),
            constant("in_width", in_width),
            constant("num_channels", channels),
            constant("out_height", out_height),
            constant("out_width", out_width),
            constant("pad_top", top, "int"),
            constant("pad_left", left, "int"),
            constant("repeat_rows", repeat[0]),
            constant("repeat_columns", repeat[1]),
        ),
        ii_cycles=cycles if context.is_stream else 1,
    )


def concatenate(context: OpContext, op: Concatenate) -> LayerCode:
    """Return the C++ of a concatenation."""
    if context.is_stream:
        return _concatenate_streams(context, op)
    sizes = [prod(shape[op.axis :]) for shape in context.shapes]
    return LayerCode(
        header="move.h",
        function="nnet::concatenate",
        summary=" + ".join(size_text(shape) for shape in context.shapes),
        members=(
            constant("num_blocks", prod(context.node.shape[: op.axis])),
            constant("whole_size", sum(sizes)),
            *(constant(f"size_{index}", size) for index, size in enumerate(sizes)),
        ),
    )


def _concatenate_streams(context: OpContext, op: Concatenate) -> LayerCode:
    shape = context.node.shape
    num_beats, size = beats(shape)
    is_last = op.axis == len(shape) - 1
    if is_last:
        members = (
            constant("num_beats", num_beats),
            *(constant(f"size_{index}", part[-1]) for index, part in enumerate(context.shapes)),
        )
    else:
        members = (
            constant("num_blocks", prod(shape[: op.axis])),
            constant("num_channels", size),
            *(constant(f"num_beats_{index}", prod(part[op.axis : -1])) for index, part in enumerate(context.shapes)),
        )
    return LayerCode(
        header="move_stream.h",
        function=f"nnet::concatenate_{'channels' if is_last else 'positions'}",
        summary=" + ".join(size_text(part) for part in context.shapes),
        members=members,
        ii_cycles=num_beats,
    )


def dot(context: OpContext, op: Dot) -> LayerCode:
    """Return the C++ of an inner product."""
    return LayerCode(
        header=context.header("merge"),
        function="nnet::dot",
        summary=f"{context.shapes[0][0]} elements",
        members=(
            constant("num_in", context.shapes[0][0]),
            typedef("accum_t", cpp_type(context.config.types["accum"])),
        ),
    )
