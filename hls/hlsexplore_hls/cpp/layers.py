"""The C++ of each op: its configuration struct, constants and call (docs/cpp.md)."""

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
from hlsexplore_hls.cpp import element_ops, element_types_op, matrix_ops, norm_op, recurrent_op, shape_ops, softmax_op
from hlsexplore_hls.cpp.code import LayerCode
from hlsexplore_hls.cpp.op_context import OpContext, OpGenerator, unsupported


def generate_layer(context: OpContext) -> LayerCode:
    """Return the C++ of a layer.

    Raises:
        NoModelError: If the flow cannot build the op.
    """
    found = _GENERATORS.get(type(context.node.op))
    if found is None:
        raise unsupported(context)
    return found(context)


_GENERATORS: dict[type[Op], OpGenerator] = {
    Activation: element_ops.activation,
    Affine: element_ops.affine,
    Requantize: element_ops.requantize,
    Clip: element_ops.clip,
    Concatenate: shape_ops.concatenate,
    Conv: matrix_ops.conv,
    Crop: shape_ops.frame,
    Dense: matrix_ops.dense,
    DepthwiseConv: matrix_ops.depthwise_conv,
    Dot: shape_ops.dot,
    LayerNorm: norm_op.layer_norm,
    Lookup: element_types_op.lookup,
    Merge: element_ops.merge,
    PRelu: element_ops.prelu,
    Pad: shape_ops.frame,
    Permute: shape_ops.permute,
    Pool: shape_ops.pool,
    Quantize: element_types_op.quantize,
    Recurrent: recurrent_op.recurrent,
    Reshape: shape_ops.reshape,
    Softmax: softmax_op.softmax,
    Upsample: shape_ops.frame,
}
