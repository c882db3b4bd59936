"""The C++ of layers that move or join elements, and of poolings."""

from math import prod

from hlsexplore.ops import Concatenate, Crop, Pad, Permute, Pool, Upsample
from hlsexplore_hls.cpp.code import LayerCode, constant, cpp_type, typedef
from hlsexplore_hls.cpp.op_context import OpContext, image_members, image_shape, unsupported

MAX_AXES = 4
MAX_JOINED = 4
"""Tensors that one call of the library joins."""


def pool(context: OpContext) -> LayerCode:
    """Return the C++ of a pooling."""
    op = context.node.op
    if not isinstance(op, Pool):
        raise unsupported(context)
    has_padding = any(any(pair) for pair in op.padding)
    height, width, channels = image_shape(context.shapes[0])
    out_height, out_width, _ = (1, 1, channels) if op.is_global else image_shape(context.node.shape)
    is_whole = op.is_global and not has_padding and op.size == (height, width)
    positions = height * width if is_whole else out_height * out_width
    parallel = 1 if context.is_dataflow else positions
    name = "average" if op.average else "max"
    members = (
        *image_members(context, op.size, op.stride, op.padding, out_size=(out_height, out_width)),
        constant("has_padding", has_padding),
        constant("num_parallel", parallel),
        typedef("accum_t", cpp_type(context.config.types["accum"])),
    )
    return LayerCode(
        header="pool.h",
        function=f"nnet::global_{name}_pool" if is_whole else "nnet::pool",
        template=() if is_whole else (f"nnet::{name}_pool",),
        summary=f"{_size(context.shapes[0])} -> {_size(context.node.shape)}",
        members=members,
        ii_cycles=positions // parallel,
    )


def permute(context: OpContext) -> LayerCode:
    """Return the C++ of a transposition."""
    op, shape = context.node.op, context.shapes[0]
    if not isinstance(op, Permute) or len(shape) > MAX_AXES:
        raise unsupported(context, f"{len(shape)} axes")
    missing = MAX_AXES - len(shape)
    steps = [prod(shape[axis + 1 :]) for axis in op.axes]
    sizes = (*(1 for _ in range(missing)), *context.node.shape)
    return LayerCode(
        header="move.h",
        function="nnet::permute",
        summary=f"{_size(shape)} -> {_size(context.node.shape)}",
        members=(
            *(constant(f"size_{axis}", size) for axis, size in enumerate(sizes)),
            *(constant(f"step_{axis}", step) for axis, step in enumerate((*(0 for _ in range(missing)), *steps))),
        ),
    )


def frame(context: OpContext) -> LayerCode:
    """Return the C++ of zero padding, cropping or upsampling."""
    op = context.node.op
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
            raise unsupported(context)
    in_height, in_width, channels = image_shape(context.shapes[0])
    out_height, out_width, _ = image_shape(context.node.shape)
    return LayerCode(
        header="move.h",
        function="nnet::frame",
        summary=f"{_size(context.shapes[0])} -> {_size(context.node.shape)}",
        members=(
            constant("in_height", in_height),
            constant("in_width", in_width),
            constant("num_channels", channels),
            constant("out_height", out_height),
            constant("out_width", out_width),
            constant("top", top, "int"),
            constant("left", left, "int"),
            constant("repeat_rows", repeat[0]),
            constant("repeat_columns", repeat[1]),
        ),
    )


def concatenate(context: OpContext) -> LayerCode:
    """Return the C++ of a concatenation."""
    op, count = context.node.op, len(context.shapes)
    if not isinstance(op, Concatenate) or not 2 <= count <= MAX_JOINED:
        raise unsupported(context, f"{count} inputs")
    sizes = [prod(shape[op.axis :]) for shape in context.shapes]
    return LayerCode(
        header="move.h",
        function="nnet::concatenate",
        summary=" + ".join(_size(shape) for shape in context.shapes),
        members=(
            constant("num_blocks", prod(context.node.shape[: op.axis])),
            constant("whole_size", sum(sizes)),
            *(constant(f"size_{index}", size) for index, size in enumerate(sizes)),
        ),
    )


def dot(context: OpContext) -> LayerCode:
    """Return the C++ of an inner product."""
    if any(len(shape) != 1 for shape in context.shapes) or len(context.shapes) != 2:
        raise unsupported(context, f"inputs of shapes {', '.join(map(_size, context.shapes))}")
    return LayerCode(
        header="merge.h",
        function="nnet::dot",
        summary=f"{context.shapes[0][0]} elements",
        members=(
            constant("num_in", context.shapes[0][0]),
            typedef("accum_t", cpp_type(context.config.types["accum"])),
        ),
    )


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
