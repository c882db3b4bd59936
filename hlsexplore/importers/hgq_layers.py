"""Dense layers, convolutions, normalisations, merges, poolings and lone quantizers of HGQ2."""

from dataclasses import replace
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.element_types import ElementTypes
from hlsexplore.fixed import RealArray
from hlsexplore.importers.conv import check_groups, rank_of, window
from hlsexplore.importers.grouped import ungrouped
from hlsexplore.importers.hgq_parts import (
    apply_quantizer,
    own_weight,
    product,
    quantized_input,
    quantized_inputs,
    quantized_output,
    quantized_weight,
    scaled,
)
from hlsexplore.importers.hgq_quantizers import read_types
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.merge import merge
from hlsexplore.importers.pool import global_pool, pool
from hlsexplore.importers.reshape import moved
from hlsexplore.ops import Affine, Conv, Dense, DepthwiseConv, Op


def dense(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QDense."""
    x, units = only(layer, inputs), layer.integer("units")
    kernel = own_weight(layer, "kernel", 0, (x.shape[-1], units))
    bias = own_weight(layer, "bias", 1, (units,)) if layer.flag("use_bias", True) else None
    cast = quantized_input(layer, x)
    return product(layer, cast, (*x.shape[:-1], units), kernel, bias, _dense)


def _dense(kernel: RealArray, bias: RealArray | None, types: ElementTypes | None) -> Op:
    return Dense(kernel=kernel, bias=bias, types=types)


def batchnorm_dense(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QBatchNormDense, which normalises its input: the kernel's rows are scaled, and the bias is not."""
    x, units = only(layer, inputs), layer.integer("units")
    n_in, has_scale = x.shape[-1], layer.flag("scale", True)
    kernel = own_weight(layer, "kernel", 0, (n_in, units)).astype(np.float32)
    bias = own_weight(layer, "bias", 1, (units,)).astype(np.float32)
    gamma = own_weight(layer, "gamma", 2, (n_in,)) if has_scale else np.ones(n_in)
    mean, variance = (
        own_weight(layer, leaf, position + has_scale, (n_in,)).astype(np.float32)
        for position, leaf in ((2, "moving_mean"), (3, "moving_variance"))
    )
    scale = gamma.astype(np.float32) / np.sqrt(variance + np.float32(layer.number("epsilon", 1e-3)))
    folded, offset = scale[:, None] * kernel, bias - mean @ kernel
    cast = quantized_input(layer, x)
    return product(
        layer,
        cast,
        (*x.shape[:-1], units),
        folded.astype(np.float64),
        offset.astype(np.float64),
        _dense,
    )


def conv(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QConv1D and QConv2D; groups become zeros of the kernel, or a depthwise convolution."""
    x, rank = only(layer, inputs), rank_of(layer)
    slide = window(layer, x, rank, "kernel_size", layer.pair("strides", rank, 1), layer.pair("dilation_rate", rank, 1))
    filters, groups, channels = layer.integer("filters"), layer.integer("groups", 1), x.shape[-1]
    if channels % groups or filters % groups:
        raise layer.damaged("groups", f"a divisor of {channels} channels and {filters} filters")
    shape = (*slide.size[2 - rank :], channels // groups, filters)
    kernel = own_weight(layer, "kernel", 0, shape)
    bias = own_weight(layer, "bias", 1, (filters,)) if layer.flag("use_bias", True) else None
    is_depthwise = groups == channels > 1
    if not is_depthwise:
        check_groups(layer, kernel, groups)

    def placed(array: NDArray[Any]) -> NDArray[Any]:
        array = array.reshape(*slide.size, channels // groups, filters)
        return array.reshape(*slide.size, groups, -1) if is_depthwise else ungrouped(array, groups)

    def make(values: RealArray, offset: RealArray | None, types: ElementTypes | None) -> Op:
        kind: type[Conv | DepthwiseConv] = DepthwiseConv if is_depthwise else Conv
        return kind(
            kernel=placed(values),
            types=None if types is None else types.broadcast_to(values.shape).moved(placed),
            bias=offset,
            stride=slide.stride,
            padding=slide.padding,
            dilation=slide.dilation,
            rank=rank,
        )

    return product(layer, quantized_input(layer, x), slide.shape(filters), kernel, bias, make)


def batch_normalization(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QBatchNormalization; without `center` HGQ2 adds 1."""
    x = only(layer, inputs)
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if type(axis) is not int or not -len(x.shape) <= axis <= len(x.shape) or axis == 0:
        raise layer.refuse(f"a normalisation over axis {axis} is not supported.", "Normalise one axis.")
    place = axis - 1 if axis > 0 else len(x.shape) + axis
    channels = x.shape[place]
    names = [name for name, key in (("gamma", "scale"), ("beta", "center")) if layer.flag(key, True)]
    values = {
        name: own_weight(layer, name, position, (channels,)).astype(np.float32)
        for position, name in enumerate((*names, "moving_mean", "moving_variance"))
    }
    scale = values.get("gamma", np.float32(1)) / np.sqrt(
        values["moving_variance"] + np.float32(layer.number("epsilon", 1e-3))
    )
    offset = values.get("beta", np.float32(1)) - values["moving_mean"] * scale
    kernel = quantized_weight(layer, "kq_conf", "kq", scale.astype(np.float64))
    bias = quantized_weight(layer, "bq_conf", "bq", offset.astype(np.float64))
    last = (*(item for item in range(len(x.shape)) if item != place), place)
    y = moved(layer, quantized_input(layer, x), last, "channels_last")
    types = {"weight": kernel.type, "bias": bias.type}
    y = layer.add(Affine(kernel=kernel.values, bias=bias.values), (y,), y.shape, types=types)
    back = tuple(int(item) for item in np.argsort(last))
    return quantized_output(layer, moved(layer, y, back, "back"))


def merged(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QAdd, QSubtract, QMultiply, QMaximum and QMinimum."""
    plain = replace(layer, cls=layer.cls.removeprefix("Q"))
    return quantized_output(layer, merge(plain, quantized_inputs(layer, inputs)))


def average_pow2(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QAveragePow2: the sum times the power of two next to 1/n."""
    y = merge(replace(layer, cls="Add"), quantized_inputs(layer, inputs))
    return quantized_output(layer, scaled(layer, y, 2.0 ** round(log2(1.0 / len(inputs))), 0.0, "scale"))


def pooled(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QMaxPooling1D/2D, QAveragePooling1D/2D and their global forms."""
    x = quantized_input(layer, only(layer, inputs))
    return quantized_output(layer, (global_pool if "Global" in layer.cls else pool)(layer, (x,)))


def lone_quantizer(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Quantizer, a layer of its own."""
    x = only(layer, inputs)
    _, quantizer = read_types(layer, "config", "", x.shape)
    return apply_quantizer(layer, x, quantizer, "")
