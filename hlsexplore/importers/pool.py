"""Poolings of Keras and QKeras."""

from math import prod

import numpy as np

from hlsexplore.importers.activations import apply_activation
from hlsexplore.importers.conv import ConvWindow, averaging_kernel, rank_of, window
from hlsexplore.importers.dense import quantized
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.ops import DepthwiseConv, Pool, Reshape


def pool(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert MaxPooling1D/2D, AveragePooling1D/2D and QAveragePooling2D."""
    x, rank = only(layer, inputs), rank_of(layer)
    size = layer.pair("pool_size", rank)
    stride = size if layer.config.get("strides") is None else layer.pair("strides", rank)
    slide = window(layer, x, rank, "pool_size", stride)
    return _pooled(layer, x, slide, is_global=False)


def global_pool(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert GlobalMaxPooling1D/2D, GlobalAveragePooling1D/2D and QGlobalAveragePooling2D."""
    x, rank = only(layer, inputs), rank_of(layer)
    layer.require_channels_last()
    if len(x.shape) != rank + 1:
        raise layer.damaged("name", f"an input of {rank + 1} axes, but it reads one of shape {x.shape}")
    size = (x.shape[0], x.shape[1]) if rank == 2 else (1, x.shape[0])
    slide = ConvWindow(size=size, stride=size, dilation=(1, 1), padding=((0, 0), (0, 0)), out=(1, 1), rank=rank)
    y = _pooled(layer, x, slide, is_global=True)
    if not layer.flag("keepdims", False):
        return y
    return layer.add(Reshape(), (y,), (1,) * rank + (x.shape[-1],), "keepdims")


def _pooled(layer: ImportedLayer, x: ImportedTensor, slide: ConvWindow, is_global: bool) -> ImportedTensor:
    channels = x.shape[-1]
    shape = (channels,) if is_global else slide.shape(channels)
    if layer.config.get("average_quantizer") is not None:
        y = _quantized_average(layer, x, slide, is_global)
    else:
        op = Pool(
            average="Average" in layer.cls,
            size=slide.size,
            stride=slide.stride,
            padding=slide.padding,
            rank=slide.rank,
            is_global=is_global,
        )
        y = layer.add(op, (x,), shape)
    return apply_activation(layer, y, layer.config.get("activation"))


def _quantized_average(layer: ImportedLayer, x: ImportedTensor, slide: ConvWindow, is_global: bool) -> ImportedTensor:
    """Convert a QKeras average: the sum times the quantised reciprocal of the count, a depthwise convolution.

    Raises:
        UnsupportedError: If windows at the border count fewer elements, or the reciprocal quantises to a real scale.
    """
    if slide.padding != ((0, 0), (0, 0)):
        raise layer.refuse("an average_quantizer with padding 'same' is not supported.", "Use padding='valid'.")
    factor = quantized(layer, "average_quantizer", np.array([1.0 / prod(slide.size)]))
    if factor.scale is not None:
        raise layer.refuse("an average_quantizer with a scale is not supported.", "Give it alpha=1.")
    channels = x.shape[-1]
    op = DepthwiseConv(
        kernel=averaging_kernel(slide.size, channels, float(factor.values[0])), stride=slide.stride, rank=slide.rank
    )
    y = layer.add(op, (x,), slide.shape(channels), types={"weight": factor.type})
    return layer.add(Reshape(), (y,), (channels,), "flat") if is_global else y


POOL_LAYERS = {
    **dict.fromkeys(
        ("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "QAveragePooling2D"), pool
    ),
    **dict.fromkeys(
        (
            "GlobalMaxPooling1D",
            "GlobalMaxPooling2D",
            "GlobalAveragePooling1D",
            "GlobalAveragePooling2D",
            "QGlobalAveragePooling2D",
        ),
        global_pool,
    ),
}
"""Converters of poolings."""
