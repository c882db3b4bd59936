"""From a `Design` to the estimator's record."""

from collections.abc import Hashable
from functools import lru_cache
from math import prod
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from hlsexplore.design import Design
from hlsexplore.estimate.constants import Constants
from hlsexplore.estimate.devices import family_of
from hlsexplore.estimate.element_bits import with_element_bits
from hlsexplore.estimate.elements import elements_of
from hlsexplore.estimate.kinds import Kind, kind_of
from hlsexplore.estimate.record import DesignRecord, Image, LayerRecord
from hlsexplore.fixed import Fixed, quantize
from hlsexplore.graph import Graph, Node
from hlsexplore.layer_config import LayerConfig
from hlsexplore.ops import (
    MOVES,
    Activation,
    Affine,
    Clip,
    Concatenate,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Dot,
    Function,
    Input,
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
from hlsexplore.support.recent import Recent
from hlsexplore.weights import pruned_op, quantized


def record_of(design: Design) -> DesignRecord:
    """Convert a design.

    Args:
        design: Any design.

    Returns:
        One record for each layer; ops that the estimator has no model for keep their kind as `op`.
    """
    target = design.target
    layers = tuple(_with_bits(design, node) for node in design.graph.layers)
    return DesignRecord(
        layers=layers,
        tool=str(target.tool),
        family=family_of(target.part),
        part=target.part,
        clock_ns=target.clock_ns,
        io=str(target.io),
        key=design.key,
    )


def _with_bits(design: Design, node: Node) -> LayerRecord:
    """Convert one layer with the bits of its input's elements, where they have types of their own."""
    layer = _kept_record(design.graph, node, design.layers[node.name], _input_type(design, node))
    bits = _bits_of(design, node)
    if bits is None:
        return layer
    match node.op:
        case Dense() | Conv():
            channels = _by_channel(bits, is_apart=layer.parallel >= layer.pixels)
            own, ports = elements_of(design, node.inputs[0]), channels
            if own is not None:
                ports = _by_channel(own.ports, is_apart=False)
            taps = layer.n_in // len(channels)
            return with_element_bits(layer, np.tile(channels, taps).tolist(), np.tile(ports, taps).tolist())
        case Activation() | Affine() | Quantize() | Merge() | Pool() if bits.size == layer.n_in:
            return with_element_bits(layer, bits.ravel().tolist())
        case _:
            return layer


def _bits_of(design: Design, node: Node) -> NDArray[np.int64] | None:
    """Bits of the elements that a layer works on: the widest of several inputs; of a cast, what it leaves of them."""
    if isinstance(node.op, Quantize):
        own = elements_of(design, node.name)
        return None if own is None else own.bits
    found = [elements_of(design, name) for name in node.inputs]
    if all(item is None for item in found):
        return None
    shapes = design.graph.input_shapes(node)
    widths = [design.result_type(name).width for name in node.inputs]
    each = [
        np.full(shape, width, dtype=np.int64) if item is None else item.bits
        for item, shape, width in zip(found, shapes, widths, strict=True)
    ]
    widest: NDArray[np.int64] = each[0] if len(set(shapes)) > 1 else np.max(each, axis=0)
    return widest


def _by_channel(bits: NDArray[np.int64], is_apart: bool) -> NDArray[np.int64]:
    """Return the bits of each channel: the most at some position, or the mean where each has a circuit of its own."""
    positions = bits.reshape(-1, bits.shape[-1]) if bits.ndim else bits.reshape(1, 1)
    channels: NDArray[np.int64] = positions.max(axis=0)
    if is_apart:
        channels = np.minimum(channels, np.ceil(positions.mean(axis=0)).astype(np.int64))
    return channels


def _input_type(design: Design, node: Node) -> Fixed:
    return design.result_type(node.inputs[0])


_records: Recent[Hashable, tuple[Graph, LayerConfig, LayerRecord]] = Recent(1 << 13)
"""Each with its network and configuration, so that no others get their identities meanwhile."""


def _kept_record(graph: Graph, node: Node, config: LayerConfig, source: Fixed) -> LayerRecord:
    """Return the record of a layer, the kept one where the same configuration was converted before."""
    key = (id(graph), node.name, id(config), source)
    return _records.find(key, lambda: (graph, config, layer_record(graph, node, config, source)))[2]


def layer_record(graph: Graph, node: Node, config: LayerConfig, source: Fixed) -> LayerRecord:
    """Convert one layer.

    Args:
        graph: The network.
        node: Layer of it.
        config: The layer's types and knobs.
        source: Type of its (first) input.
    """
    op, types = pruned_op(node.op, config), config.types
    values: dict[str, Any] = {
        "name": node.name,
        "op": kind_of_op(op),
        "channels": node.shape[-1] if node.shape else 1,
        "pixels": max(1, prod(node.shape[:-1])),
        "input": source,
        "result": types.get("result", source),
        "reuse": config.reuse,
        "strategy": str(config.strategy),
        "table_size": config.table_size,
        "parallel": config.parallel,
        "multiplier": str(config.multiplier),
        "dsp_budget": config.dsp_budget,
        "sources": tuple(name for name in node.inputs if not isinstance(graph[name].op, Input)),
        "n_in": prod(graph.input_shapes(node)[0]) if node.inputs else 1,
        "packets": _packets(graph, node),
        "n_out": node.num_elements,
        "is_rectified": _is_rectified(graph, node),
        "is_held": _is_held(graph, node),
        "is_average": isinstance(op, Pool) and op.average,
    }
    for key in ("weight", "bias", "accum"):
        values[key] = types.get(key)
    values["table"] = types.get("table") or types.get("exp_table")
    match op:
        case Dense() | Conv() | DepthwiseConv() | Affine() | Requantize() | Recurrent():
            values |= _matrix(op, types)
        case Clip() if op.slope:
            values["constants"] = Constants.of(quantize(op.slope, types["weight"]).reshape(1, 1))
        case Activation() if "weight" in types:
            slope = quantize(op.alpha, types["weight"]).reshape(1, 1)
            values["constants"] = Constants.of(slope)
        case PRelu():
            values["constants"] = Constants.of(quantized(op.kernel, types["weight"]).reshape(-1, 1))
        case Softmax():
            values["implementation"] = str(config.softmax)
        case Lookup():
            values |= {"table": op.type, "table_size": len(op.entries)}
    image = _image(graph, node)
    if image is not None:
        values["image"] = image
    if isinstance(op, Recurrent):
        values |= {"units": op.recurrent_kernel.shape[0], "steps": graph.input_shapes(node)[0][0]}
    if isinstance(op, Conv | DepthwiseConv):
        values["implementation"] = "linebuffer"
    return LayerRecord(**values)


RECTIFIED = frozenset({Function.RELU, Function.SIGMOID, Function.HARD_SIGMOID})


def _is_rectified(graph: Graph, node: Node) -> bool:
    """Whether a function that is never negative made the input, behind layers that only move or choose elements."""
    while node.inputs:
        node = graph[node.inputs[0]]
        if isinstance(node.op, Activation):
            return node.op.function in RECTIFIED
        if not isinstance(node.op, MOVES) and not (isinstance(node.op, Pool) and not node.op.average):
            return isinstance(node.op, Softmax)
    return False


def _is_held(graph: Graph, node: Node) -> bool:
    """Whether one layer without shared multipliers makes the input, and nothing else reads it."""
    if not node.inputs or isinstance(graph[node.inputs[0]].op, Input | Reshape | Dense | Conv | DepthwiseConv):
        return False
    return len(graph.consumers(node.inputs[0])) == 1


def _packets(graph: Graph, node: Node) -> int:
    """Pixels of the tensor that a layer reads, behind reshapes."""
    while node.inputs:
        node = graph[node.inputs[0]]
        if not isinstance(node.op, Reshape):
            break
    return max(1, prod(node.shape[:-1]))


def kind_of_op(op: Op) -> Kind:
    """Return what an op is to the estimator.

    Args:
        op: Any op.

    Examples:
        >>> kind_of_op(Reshape())
        <Kind.FLATTEN: 'flatten'>
    """
    match op:
        case Dense():
            return Kind.DENSE
        case Conv():
            return Kind.CONV1D if op.rank == 1 else Kind.CONV2D
        case DepthwiseConv():
            return Kind.DEPTHWISE_CONV2D
        case Affine() | Requantize():
            return Kind.BATCHNORM
        case LayerNorm():
            return Kind.LAYER_NORM
        case Activation() | Merge():
            return kind_of(op.function)
        case Recurrent():
            return kind_of(op.cell)
        case Clip():
            return Kind.CLIP
        case PRelu():
            return Kind.PRELU
        case Lookup():
            return Kind.TANH
        case Softmax():
            return Kind.SOFTMAX
        case Pool() if op.is_global:
            return Kind.GLOBAL_POOLING
        case Pool():
            return Kind.AVERAGE_POOLING if op.average else Kind.MAX_POOLING
        case Concatenate():
            return Kind.CONCATENATE
        case Dot():
            return Kind.DOT
        case Input() | Reshape():
            return Kind.FLATTEN
        case Quantize():
            return Kind.LINEAR
        case Permute():
            return Kind.PERMUTE
        case Pad():
            return Kind.ZEROPAD
        case Crop():
            return Kind.CROP
        case Upsample():
            return Kind.UPSAMPLE
        case _:
            assert_never(op)


def _matrix(op: Dense | Conv | DepthwiseConv | Affine | Requantize | Recurrent, types: Any) -> dict[str, Any]:
    kernel = op.kernel
    values: dict[str, Any] = {"constants": _constants(op, "kernel", "bias", types["weight"], types["bias"])}
    if isinstance(op, Affine | Requantize):
        return values
    if isinstance(op, DepthwiseConv):
        values |= {"n_in": prod(kernel.shape[:2]), "n_out": prod(kernel.shape[2:])}
        values["zeros"] = int((quantized(kernel, types["weight"]) == 0).sum())
    else:
        values |= {"n_in": prod(kernel.shape[:-1]), "n_out": kernel.shape[-1]}
    if isinstance(op, Recurrent):
        values["recurrent"] = _constants(
            op, "recurrent_kernel", "recurrent_bias", types["recurrent_weight"], types["recurrent_bias"]
        )
    return values


@lru_cache(maxsize=4096)
def _constants(op: Op, kernel: str, bias: str, weight_type: Fixed, bias_type: Fixed) -> Constants:
    raw = quantized(getattr(op, kernel), weight_type)
    offset = getattr(op, bias)
    shift = None if offset is None else quantized(np.asarray(offset), bias_type)
    if isinstance(op, DepthwiseConv):
        return Constants.of_channels(raw.reshape(prod(raw.shape[:2]), -1), shift)
    return Constants.of(raw, shift)


def _image(graph: Graph, node: Node) -> Image | None:
    op = node.op
    if not isinstance(op, Conv | DepthwiseConv | Pool | Pad | Crop | Upsample):
        return None
    source, shape = graph.input_shapes(node)[0], node.shape
    one = op.rank == 1
    geometry: dict[str, Any] = {"rank": op.rank, "in_channels": source[-1], "out_channels": shape[-1]}
    if not one:
        geometry["in_height"] = source[0]
    geometry["in_width"] = source[0] if one else source[1]
    if isinstance(op, Pool) and op.is_global:
        height, width = (1, source[0]) if one else source[:2]
        return Image(**geometry, out_width=1, kernel_height=height, kernel_width=width)
    if not one:
        geometry["out_height"] = shape[0]
    geometry["out_width"] = shape[0] if one else shape[1]
    if isinstance(op, Pool):
        geometry |= {"kernel_height": op.size[0], "kernel_width": op.size[1]}
    if isinstance(op, Conv | DepthwiseConv):
        geometry |= {"kernel_height": op.kernel.shape[0], "kernel_width": op.kernel.shape[1]}
    if isinstance(op, Conv | DepthwiseConv | Pool):
        geometry |= {"stride_height": op.stride[0], "stride_width": op.stride[1]}
    if isinstance(op, Conv | DepthwiseConv | Pool | Pad):
        (top, bottom), (left, right) = op.padding
        geometry["padding"] = (top, bottom, left, right)
    return Image(**geometry)
