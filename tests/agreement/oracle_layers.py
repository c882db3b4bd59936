"""Our layers in the words of hls4ml's layer list."""

from collections.abc import Callable

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed
from hlsexplore.graph import Node
from hlsexplore.ops import (
    Activation,
    Affine,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
    LayerNorm,
    Merge,
    Pad,
    Permute,
    Pool,
    PRelu,
    Recurrent,
    Reshape,
    Softmax,
    Upsample,
)


def ap_type(type_: Fixed) -> str:
    """Write a type the way hls4ml reads it."""
    sign = "" if type_.signed else "u"
    return f"ap_{sign}fixed<{type_.width},{type_.integer},AP_{type_.rounding},AP_{type_.overflow}>"


def _input(node: Node, design: Design) -> dict[str, object]:
    return {"class_name": "InputLayer", "input_shape": list(node.shape)}


def _dense(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    n_in, n_out = op.kernel.shape
    bias = op.bias if op.bias is not None else np.zeros(n_out)
    return {
        "class_name": "Dense",
        "weight_data": np.array(op.kernel),
        "bias_data": np.array(bias),
        "n_in": n_in,
        "n_out": n_out,
        "weight_quantizer": None,
        "bias_quantizer": None,
    }


def _affine(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    return {
        "class_name": "ApplyAlpha",
        "scale_data": np.array(op.kernel),
        "bias_data": np.array(op.bias),
        "n_in": node.num_elements,
        "n_filt": op.kernel.size,
    }


def _activation(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    layer: dict[str, object] = {"class_name": "Activation", "activation": str(op.function), "n_in": node.num_elements}
    match op.function:
        case Function.RELU if op.max_value == 6.0:
            layer["activation"] = "relu6"
        case Function.ELU:
            layer |= {"class_name": "ELU", "activation": "ELU", "activ_param": op.alpha}
        case Function.LEAKY_RELU:
            layer |= {"class_name": "LeakyReLU", "activation": "LeakyReLU", "activ_param": op.alpha}
        case Function.THRESHOLDED_RELU:
            layer |= {"class_name": "ThresholdedReLU", "activation": "ThresholdedReLU", "activ_param": op.alpha}
        case Function.HARD_SIGMOID:
            layer |= {"class_name": "HardActivation", "slope": op.alpha, "shift": 0.5}
        case Function.HARD_TANH:
            layer |= {"class_name": "HardActivation", "slope": 0.5, "shift": 0.5}
    return layer


def _softmax(node: Node, design: Design) -> dict[str, object]:
    return {
        "class_name": "Softmax",
        "activation": "softmax",
        "n_in": node.num_elements,
        "n_outer": node.num_elements // node.shape[-1],
        "n_inner": 1,
        "axis": -1,
    }


def _prelu(node: Node, design: Design) -> dict[str, object]:
    data = np.broadcast_to(node.op.kernel, node.shape).copy()
    return {"class_name": "PReLU", "activation": "PReLU", "n_in": node.num_elements, "param_data": data}


def _image(node: Node, design: Design, rank: int) -> dict[str, object]:
    """Sizes that convolutions and moves share."""
    source = design.graph.input_shapes(node)[0]
    sizes: dict[str, object] = {"data_format": "channels_last", "n_chan": source[-1]}
    sizes |= {"in_width": source[-2], "out_width": node.shape[-2]}
    if rank == 2:
        sizes |= {"in_height": source[0], "out_height": node.shape[0]}
    return sizes


def _sides(padding: tuple, rank: int, word: str = "pad") -> dict[str, object]:
    (top, bottom), (left, right) = padding
    sides = {f"{word}_left": left, f"{word}_right": right}
    return sides | ({f"{word}_top": top, f"{word}_bottom": bottom} if rank == 2 else {})


def _conv(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    kernel = np.array(op.kernel)
    is_depthwise = isinstance(op, DepthwiseConv)
    filters = node.shape[-1]
    bias = op.bias if op.bias is not None else np.zeros(filters)
    layer = _image(node, design, op.rank) | _sides(op.padding, op.rank)
    layer |= {
        "class_name": f"{'Depthwise' if is_depthwise else ''}Conv{op.rank}D",
        "padding": "same" if any(map(any, op.padding)) else "valid",
        "n_filt": filters,
        "filt_width": kernel.shape[1],
        "stride_width": op.stride[1],
        "bias_data": np.array(bias),
        "weight_quantizer": None,
        "bias_quantizer": None,
    }
    if op.rank == 2:
        layer |= {"filt_height": kernel.shape[0], "stride_height": op.stride[0]}
    data = kernel[0] if op.rank == 1 else kernel
    if is_depthwise:
        return layer | {"depthwise_data": data, "depth_multiplier": kernel.shape[3], "depthwise_quantizer": None}
    return layer | {"weight_data": data}


def _pool(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    source = design.graph.input_shapes(node)[0]
    word = "Average" if op.average else "Max"
    layer: dict[str, object] = {"data_format": "channels_last", "n_filt": source[-1], "pool_op": word}
    if op.is_global:
        sizes = {"n_in": source[0]} if op.rank == 1 else {"in_height": source[0], "in_width": source[1]}
        return layer | sizes | {"class_name": f"Global{word}Pooling{op.rank}D"}
    layer |= _sides(op.padding, op.rank) | {"class_name": f"{word}Pooling{op.rank}D"}
    layer |= {"padding": "same" if any(map(any, op.padding)) else "valid"}
    layer |= {"pool_width": op.size[1], "stride_width": op.stride[1]}
    if op.rank == 1:
        return layer | {"n_in": source[0], "n_out": node.shape[0]}
    layer |= {"pool_height": op.size[0], "stride_height": op.stride[0]}
    layer |= {"in_height": source[0], "in_width": source[1]}
    return layer | {"out_height": node.shape[0], "out_width": node.shape[1]}


def _pad(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    return _image(node, design, op.rank) | _sides(op.padding, op.rank) | {"class_name": f"ZeroPadding{op.rank}D"}


def _crop(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    return _image(node, design, op.rank) | _sides(op.cropping, op.rank, "crop") | {"class_name": f"Cropping{op.rank}D"}


def _upsample(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    layer = _image(node, design, op.rank) | {"class_name": "Resize", "algorithm": "nearest"}
    factors = {"width_factor": op.size[1]} | ({"height_factor": op.size[0]} if op.rank == 2 else {})
    return layer | factors | ({"in_height": 1, "out_height": 1} if op.rank == 1 else {})


def _permute(node: Node, design: Design) -> dict[str, object]:
    return {"class_name": "Transpose", "perm": list(node.op.axes)}


def _merge(node: Node, design: Design) -> dict[str, object]:
    return {"class_name": "Merge", "op": str(node.op.function)}


def _concatenate(node: Node, design: Design) -> dict[str, object]:
    rank = len(node.shape)
    return {"class_name": "Concatenate", "op": f"concatenate{rank}d", "axis": node.op.axis + 1}


def _dot(node: Node, design: Design) -> dict[str, object]:
    return {"class_name": "Dot", "op": "dot1d"}


def _layer_norm(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    return {
        "class_name": "LayerNormalization",
        "n_in": node.num_elements,
        "seq_len": node.num_elements // node.shape[-1],
        "axis": 2,
        "epsilon_power_of_10": round(-np.log10(op.epsilon)),
        "gamma_data": np.array(op.kernel),
        "beta_data": np.array(op.bias),
    }


def _recurrent(node: Node, design: Design) -> dict[str, object]:
    op = node.op
    steps, n_in = design.graph.input_shapes(node)[0]
    units = op.recurrent_kernel.shape[0]
    layer: dict[str, object] = {
        "class_name": {"lstm": "LSTM", "gru": "GRU"}[op.cell.value],
        "n_in": n_in,
        "n_out": units,
        "n_timesteps": steps,
        "activation": str(op.activation),
        "recurrent_activation": str(op.recurrent_activation),
        "return_sequences": op.return_sequences,
        "return_state": False,
        "time_major": False,
        "weight_data": np.array(op.kernel),
        "recurrent_weight_data": np.array(op.recurrent_kernel),
        "bias_data": np.array(op.bias),
        "recurrent_bias_data": np.array(op.recurrent_bias),
    }
    return layer | ({"apply_reset_gate": "after"} if op.cell.value == "gru" else {})


def _reshape(node: Node, design: Design) -> dict[str, object]:
    return {"class_name": "Reshape", "target_shape": list(node.shape)}


LAYERS: dict[type, Callable[[Node, Design], dict[str, object]]] = {
    Input: _input,
    Dense: _dense,
    Affine: _affine,
    Activation: _activation,
    Softmax: _softmax,
    Reshape: _reshape,
    PRelu: _prelu,
    Conv: _conv,
    DepthwiseConv: _conv,
    Pool: _pool,
    Pad: _pad,
    Crop: _crop,
    Upsample: _upsample,
    Permute: _permute,
    Merge: _merge,
    Concatenate: _concatenate,
    Dot: _dot,
    LayerNorm: _layer_norm,
    Recurrent: _recurrent,
}
