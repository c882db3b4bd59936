"""Layers in the words of hls4ml's layer list: what its own front ends hand to `ModelGraph.from_layer_list`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from hlsexplore.coverage import Executor, no_answer
from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, to_real
from hlsexplore.graph import Node
from hlsexplore.handlers import Handlers
from hlsexplore.layer_config import SoftmaxMode, knobs
from hlsexplore.ops import (
    WEIGHT_FIELDS,
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
    Op,
    Pad,
    Pair,
    Permute,
    Pool,
    PRelu,
    Recurrent,
    Reshape,
    Softmax,
    Upsample,
)
from hlsexplore.tables import softmax_distance
from hlsexplore.weights import raw_weights
from hlsexplore_hls.hls4ml.directions import Pair as Directions
from hlsexplore_hls.hls4ml.directions import bidirectional_words

Words = dict[str, Any]
"""A layer's entry: plain data and weight arrays by the names that hls4ml gives them."""


def ap_type(type_: Fixed) -> str:
    """Write a type the way hls4ml reads it."""
    sign = "" if type_.signed else "u"
    return f"ap_{sign}fixed<{type_.width},{type_.integer},AP_{type_.rounding},AP_{type_.overflow}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAt:
    """A layer where it stands.

    Attributes:
        node: The layer.
        design: Its design.
    """

    node: Node
    design: Design


def _input(at: LayerAt, op: Input) -> Words:
    return {"class_name": "InputLayer", "input_shape": list(at.node.shape)}


def _dense(at: LayerAt, op: Dense) -> Words:
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


def _affine(at: LayerAt, op: Affine) -> Words:
    return {
        "class_name": "ApplyAlpha",
        "scale_data": np.array(op.kernel),
        "bias_data": np.array(op.bias),
        "n_in": at.node.num_elements,
        "n_filt": op.kernel.size,
    }


def _activation(at: LayerAt, op: Activation) -> Words:
    layer: Words = {"class_name": "Activation", "activation": str(op.function), "n_in": at.node.num_elements}
    match op.function:
        case Function.RELU if op.max_value == 6.0:
            layer["activation"] = "relu6"
        case Function.RELU if op.max_value == 1.0:
            layer["activation"] = "relu1"
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


def _softmax(at: LayerAt, op: Softmax) -> Words:
    return {
        "class_name": "Softmax",
        "activation": "softmax",
        "n_in": at.node.num_elements,
        "n_outer": at.node.num_elements // at.node.shape[-1],
        "n_inner": 1,
        "axis": -1,
    }


def _prelu(at: LayerAt, op: PRelu) -> Words:
    data = np.broadcast_to(op.kernel, at.node.shape).copy()
    return {"class_name": "PReLU", "activation": "PReLU", "n_in": at.node.num_elements, "param_data": data}


def _image(at: LayerAt, rank: int) -> Words:
    """Sizes that convolutions and moves share."""
    source = at.design.graph.input_shapes(at.node)[0]
    sizes: Words = {"data_format": "channels_last", "n_chan": source[-1]}
    sizes |= {"in_width": source[-2], "out_width": at.node.shape[-2]}
    if rank == 2:
        sizes |= {"in_height": source[0], "out_height": at.node.shape[0]}
    return sizes


def _sides(padding: tuple[Pair, Pair], rank: int, word: str = "pad") -> Words:
    (top, bottom), (left, right) = padding
    sides = {f"{word}_left": left, f"{word}_right": right}
    return sides | ({f"{word}_top": top, f"{word}_bottom": bottom} if rank == 2 else {})


def _conv(at: LayerAt, op: Conv | DepthwiseConv) -> Words:
    kernel = np.array(op.kernel)
    is_depthwise = isinstance(op, DepthwiseConv)
    filters = at.node.shape[-1]
    bias = op.bias if op.bias is not None else np.zeros(filters)
    layer = _image(at, op.rank) | _sides(op.padding, op.rank)
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


def _pool(at: LayerAt, op: Pool) -> Words:
    source = at.design.graph.input_shapes(at.node)[0]
    word = "Average" if op.average else "Max"
    layer: Words = {"data_format": "channels_last", "n_filt": source[-1], "pool_op": word}
    if op.is_global:
        sizes = {"n_in": source[0]} if op.rank == 1 else {"in_height": source[0], "in_width": source[1]}
        return layer | sizes | {"class_name": f"Global{word}Pooling{op.rank}D"}
    layer |= _sides(op.padding, op.rank) | {"class_name": f"{word}Pooling{op.rank}D"}
    layer |= {"padding": "same" if any(map(any, op.padding)) else "valid"}
    layer |= {"pool_width": op.size[1], "stride_width": op.stride[1]}
    if op.rank == 1:
        return layer | {"n_in": source[0], "n_out": at.node.shape[0]}
    layer |= {"pool_height": op.size[0], "stride_height": op.stride[0]}
    layer |= {"in_height": source[0], "in_width": source[1]}
    return layer | {"out_height": at.node.shape[0], "out_width": at.node.shape[1]}


def _pad(at: LayerAt, op: Pad) -> Words:
    return _image(at, op.rank) | _sides(op.padding, op.rank) | {"class_name": f"ZeroPadding{op.rank}D"}


def _crop(at: LayerAt, op: Crop) -> Words:
    return _image(at, op.rank) | _sides(op.cropping, op.rank, "crop") | {"class_name": f"Cropping{op.rank}D"}


def _upsample(at: LayerAt, op: Upsample) -> Words:
    layer = _image(at, op.rank) | {"class_name": "Resize", "algorithm": "nearest"}
    factors = {"width_factor": op.size[1]} | ({"height_factor": op.size[0]} if op.rank == 2 else {})
    return layer | factors | ({"in_height": 1, "out_height": 1} if op.rank == 1 else {})


def _permute(at: LayerAt, op: Permute) -> Words:
    return {"class_name": "Transpose", "perm": list(op.axes)}


def _merge(at: LayerAt, op: Merge) -> Words:
    return {"class_name": "Merge", "op": str(op.function)}


def _concatenate(at: LayerAt, op: Concatenate) -> Words:
    rank = len(at.node.shape)
    return {"class_name": "Concatenate", "op": f"concatenate{rank}d", "axis": op.axis + 1}


def _dot(at: LayerAt, op: Dot) -> Words:
    return {"class_name": "Dot", "op": "dot1d"}


def _layer_norm(at: LayerAt, op: LayerNorm) -> Words:
    return {
        "class_name": "LayerNormalization",
        "n_in": at.node.num_elements,
        "seq_len": at.node.num_elements // at.node.shape[-1],
        "axis": 2,
        "epsilon_power_of_10": round(-np.log10(op.epsilon)),
        "gamma_data": np.array(op.kernel),
        "beta_data": np.array(op.bias),
    }


def _recurrent(at: LayerAt, op: Recurrent) -> Words:
    steps, n_in = at.design.graph.input_shapes(at.node)[0]
    units = op.recurrent_kernel.shape[0]
    layer: Words = {
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


def _reshape(at: LayerAt, op: Reshape) -> Words:
    return {"class_name": "Reshape", "target_shape": list(at.node.shape)}


LAYERS = (
    Handlers[LayerAt, Words](refuse=lambda at, op: no_answer(Executor.HLS4ML, at.node))
    .on(Input, _input)
    .on(Dense, _dense)
    .on(Affine, _affine)
    .on(Activation, _activation)
    .on(Softmax, _softmax)
    .on(Reshape, _reshape)
    .on(PRelu, _prelu)
    .on(Conv, _conv)
    .on(DepthwiseConv, _conv)
    .on(Pool, _pool)
    .on(Pad, _pad)
    .on(Crop, _crop)
    .on(Upsample, _upsample)
    .on(Permute, _permute)
    .on(Merge, _merge)
    .on(Concatenate, _concatenate)
    .on(Dot, _dot)
    .on(LayerNorm, _layer_norm)
    .on(Recurrent, _recurrent)
)
"""Ops that hls4ml has."""

_KEYS: Mapping[object, tuple[str, ...]] = MappingProxyType(
    {
        (Affine, "weight"): ("scale",),
        (LayerNorm, "weight"): ("scale",),
        (Activation, "weight"): ("param",),
        (PRelu, "weight"): ("param",),
        "inv_input": ("inv_inp",),
    }
)
"""Tensor keys whose name differs in hls4ml."""


def layer_words(node: Node, design: Design, names: Mapping[str, str]) -> Words:
    """Return a layer's entry in hls4ml's layer list.

    Args:
        node: The layer; its op must be one of `LAYERS`.
        design: The design.
        names: Identifiers by the layers' names.
    """
    words = LAYERS(LayerAt(node=node, design=design), _on_grid(node, design))
    return words | {"name": names[node.name], "inputs": [names[source] for source in node.inputs]}


def pair_words(node: Node, pair: Directions, design: Design, names: Mapping[str, str]) -> Words:
    """Return the entry of both directions of a recurrent layer; arguments as for `layer_words`, `pair` its layers."""
    ops = tuple(op for op in (_on_grid(item, design) for item in pair) if isinstance(op, Recurrent))
    words = bidirectional_words(node, pair, ops, design)
    return words | {"name": names[node.name], "inputs": [names[source] for source in pair[0].inputs]}


def _on_grid(node: Node, design: Design) -> Op:
    """Return a layer's op with the weights that its types hold, which hls4ml's decimal texts keep exactly."""
    types = design.layers[node.name].types
    fields = {WEIGHT_FIELDS[key]: to_real(raw, types[key]) for key, raw in raw_weights(design, node.name).items()}
    return replace(node.op, **fields)  # type: ignore[arg-type]


def layer_settings(node: Node, design: Design) -> Words:
    """Return the entry of a layer under `HLSConfig: LayerName`: precision and knobs."""
    config = design.layers[node.name]
    precision: Words = {}
    settings: Words = {}
    for key, type_ in config.types.items():
        for name in _KEYS.get((type(node.op), key), _KEYS.get(key, (key,))):
            precision[name] = ap_type(type_)
            if key not in ("weight", "bias", "accum", "result"):
                settings[f"{name}_t"] = ap_type(type_)  # where hls4ml reads the types of tables
    settings |= {"Precision": precision, "ReuseFactor": config.reuse}
    has = knobs(node)
    if "strategy" in has:
        settings["Strategy"] = str(config.strategy).capitalize()
    if "softmax" in has:
        settings["Implementation"] = str(config.softmax)
        if config.softmax is SoftmaxMode.STABLE:
            distance = softmax_distance(design.input_types(node.name)[0], config.exp_integer)
            settings |= {"inp_norm_t": ap_type(distance), "ExpTableSize": min(config.table_size, 1 << distance.width)}
    if "table_size" in has:
        settings["TableSize"] = config.table_size
    if "parallel" in has:
        settings["ParallelizationFactor"] = config.parallel
    return settings
