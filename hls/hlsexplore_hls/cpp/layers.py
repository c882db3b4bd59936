"""The C++ of each op: its configuration struct, constants and call (docs/cpp.md)."""

from hlsexplore.handlers import Handlers
from hlsexplore.ops import (
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    LayerNorm,
    Lookup,
    Merge,
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
from hlsexplore_hls.cpp import element_ops, element_types_op, matrix_ops, norm_op, recurrent_op, shape_ops, softmax_op
from hlsexplore_hls.cpp.code import LayerCode
from hlsexplore_hls.cpp.op_context import OpContext, unsupported

WRITERS = (
    Handlers[OpContext, LayerCode](refuse=lambda context, op: unsupported(context))
    .on(Activation, element_ops.activation)
    .on(Affine, element_ops.affine)
    .on(Requantize, element_ops.requantize)
    .on(Clip, element_ops.clip)
    .on(Concatenate, shape_ops.concatenate)
    .on(Conv, matrix_ops.conv)
    .on(Crop, shape_ops.frame)
    .on(Dense, matrix_ops.dense)
    .on(DepthwiseConv, matrix_ops.depthwise_conv)
    .on(Dot, shape_ops.dot)
    .on(LayerNorm, norm_op.layer_norm)
    .on(Lookup, element_types_op.lookup)
    .on(Merge, element_ops.merge)
    .on(PRelu, element_ops.prelu)
    .on(Pad, shape_ops.frame)
    .on(Permute, shape_ops.permute)
    .on(Pool, shape_ops.pool)
    .on(Quantize, element_types_op.quantize)
    .on(Recurrent, recurrent_op.recurrent)
    .on(Reshape, shape_ops.reshape)
    .on(Softmax, softmax_op.softmax)
    .on(Upsample, shape_ops.frame)
)
"""How each op is written as C++."""
