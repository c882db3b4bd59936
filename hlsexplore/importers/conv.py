"""Convolutions of Keras and QKeras."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.fixed import RealArray
from hlsexplore.graph import Shape
from hlsexplore.importers.activations import apply_activation
from hlsexplore.importers.dense import folded, product, quantized, scaled_product
from hlsexplore.importers.grouped import MAX_GROUPED, ungrouped
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.ops import Conv, DepthwiseConv, Op, Pair

DEPTHWISE_KEYS = ("depthwise_quantizer", "bias_quantizer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvWindow:
    """How a convolution or pooling slides over its input.

    Attributes:
        size: Window (rows, columns); 1 row for rank 1.
        stride: Steps.
        dilation: Distance of the taps.
        padding: Elements added ((top, bottom), (left, right)).
        out: Output (rows, columns).
        rank: 1 for (width, channels), 2 for (height, width, channels).
    """

    size: Pair
    stride: Pair
    dilation: Pair
    padding: tuple[Pair, Pair]
    out: Pair
    rank: int

    def shape(self, channels: int) -> Shape:
        """Output shape for a number of channels."""
        return (*self.out, channels) if self.rank == 2 else (self.out[1], channels)


def window(
    layer: ImportedLayer, x: ImportedTensor, rank: int, size_key: str, stride: Pair, dilation: Pair = (1, 1)
) -> ConvWindow:
    """Work out how a layer slides over its input; 'same' padding is what Keras (TensorFlow) adds.

    Args:
        layer: The layer.
        x: Its input.
        rank: 1 or 2.
        size_key: Option that holds the window.
        stride: Steps (rows, columns).
        dilation: Distance of the taps.

    Raises:
        UnsupportedError: If the layout or the padding is not supported.
        ModelError: If the input does not fit.
    """
    layer.require_channels_last()
    if len(x.shape) != rank + 1:
        raise layer.damaged("name", f"an input of {rank + 1} axes, but it reads one of shape {x.shape}")
    size = layer.pair(size_key, rank)
    image = (x.shape[0], x.shape[1]) if rank == 2 else (1, x.shape[0])
    mode = layer.config.get("padding", "valid")
    if mode not in ("valid", "same", "causal") or (mode == "causal" and rank != 1):
        raise layer.refuse(f"the padding {mode!r} is not supported.", "Use 'valid' or 'same'.")
    reach = tuple((size[axis] - 1) * dilation[axis] + 1 for axis in (0, 1))
    padding = [(0, 0), (0, 0)]
    if mode == "same":
        for axis in (0, 1):
            steps = -(-image[axis] // stride[axis])
            total = max((steps - 1) * stride[axis] + reach[axis] - image[axis], 0)
            padding[axis] = (total // 2, total - total // 2)
    elif mode == "causal":
        padding[1] = (reach[1] - 1, 0)
    rows, columns = ((image[axis] + sum(padding[axis]) - reach[axis]) // stride[axis] + 1 for axis in (0, 1))
    return ConvWindow(
        size=size, stride=stride, dilation=dilation, padding=(padding[0], padding[1]), out=(rows, columns), rank=rank
    )


def _sliding(layer: ImportedLayer, x: ImportedTensor, rank: int) -> ConvWindow:
    """Work out how a convolution slides over its input."""
    return window(layer, x, rank, "kernel_size", layer.pair("strides", rank, 1), layer.pair("dilation_rate", rank, 1))


def conv(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Conv1D, Conv2D, QConv1D, QConv2D and QConv2DBatchnorm."""
    x, rank = only(layer, inputs), rank_of(layer)
    slide = _sliding(layer, x, rank)
    filters, groups, channels = layer.integer("filters"), layer.integer("groups", 1), x.shape[-1]
    if channels % groups or filters % groups:
        raise layer.damaged("groups", f"a divisor of {channels} channels and {filters} filters")
    if layer.config.get("mask") is not None:
        raise layer.refuse("a kernel mask is not supported.", "Set the masked weights to 0 and leave mask out.")
    shape = (*slide.size[2 - rank :], channels // groups, filters)
    kernel = layer.weight("kernel", 0, shape).reshape(*slide.size, channels // groups, filters)
    bias = layer.weight("bias", 1, (filters,)) if layer.flag("use_bias", True) else None
    if layer.cls.endswith("Batchnorm"):
        kernel, bias = folded(layer, kernel, filters)
    if groups == channels > 1:
        depthwise = kernel.reshape(*slide.size, groups, -1)
        return product(layer, x, slide.shape(filters), depthwise, bias, _depthwise(slide))
    check_groups(layer, kernel, groups)

    def make(values: RealArray, offset: RealArray | None) -> Op:
        full = ungrouped(values, groups)
        return Conv(
            kernel=full, bias=offset, stride=slide.stride, padding=slide.padding, dilation=slide.dilation, rank=rank
        )

    return product(layer, x, slide.shape(filters), kernel, bias, make)


def check_groups(layer: ImportedLayer, kernel: NDArray[Any], groups: int) -> None:
    """Check that the kernel of a convolution in groups does not grow too much by the zeros between them.

    Raises:
        UnsupportedError: If it does.
    """
    if groups > 1 and kernel.size * groups > MAX_GROUPED:
        raise layer.refuse(f"{groups} groups of {kernel.shape[-2]} channels are too many weights.", "Use groups=1.")


def depthwise_conv(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert DepthwiseConv1D, DepthwiseConv2D, QDepthwiseConv2D and QDepthwiseConv2DBatchnorm."""
    x, rank = only(layer, inputs), rank_of(layer)
    slide = _sliding(layer, x, rank)
    channels, multiplier = x.shape[-1], layer.integer("depth_multiplier", 1)
    kernel = _depthwise_kernel(layer, slide, channels, multiplier)
    bias = layer.weight("bias", 1, (channels * multiplier,)) if layer.flag("use_bias", True) else None
    if layer.cls.endswith("Batchnorm"):
        kernel, bias = folded(layer, kernel, channels * multiplier)
    shape = slide.shape(channels * multiplier)
    return product(layer, x, shape, kernel, bias, _depthwise(slide), DEPTHWISE_KEYS)


def _depthwise_kernel(layer: ImportedLayer, slide: ConvWindow, channels: int, multiplier: int) -> RealArray:
    """Read a depthwise kernel, which Keras 3 calls `kernel` and all others `depthwise_kernel`."""
    if layer.integer("groups", 1) != 1:
        raise layer.refuse("groups of a depthwise convolution are not supported.", "Use groups=1.")
    shape = (*slide.size[2 - slide.rank :], channels, multiplier)
    name = "depthwise_kernel" if layer.has_weight("depthwise_kernel") else "kernel"
    return layer.weight(name, 0, shape).reshape(*slide.size, channels, multiplier)


def _depthwise(slide: ConvWindow) -> Callable[[RealArray, RealArray | None], Op]:
    """Return a function that makes the op from kernel and bias."""

    def make(values: RealArray, offset: RealArray | None) -> Op:
        return DepthwiseConv(
            kernel=values,
            bias=offset,
            stride=slide.stride,
            padding=slide.padding,
            dilation=slide.dilation,
            rank=slide.rank,
        )

    return make


def separable_conv(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert SeparableConv1D/2D and QSeparableConv1D/2D: a depthwise convolution, then one over channels."""
    x, rank = only(layer, inputs), rank_of(layer)
    slide = _sliding(layer, x, rank)
    filters, multiplier, channels = layer.integer("filters"), layer.integer("depth_multiplier", 1), x.shape[-1]
    depthwise = quantized(
        layer, "depthwise_quantizer", _depthwise_kernel(layer, slide, channels, multiplier), is_kernel=True
    )
    middle = channels * multiplier
    shape = (1,) * rank + (middle, filters)
    kernel = layer.weight("pointwise_kernel", 1, shape).reshape(1, 1, middle, filters)
    pointwise = quantized(layer, "pointwise_quantizer", kernel, is_kernel=True)
    bias = None
    if layer.flag("use_bias", True):
        bias = quantized(layer, "bias_quantizer", layer.weight("bias", 2, (filters,)))
    first = layer.renamed("depthwise")
    y = scaled_product(first, x, slide.shape(middle), depthwise, None, _depthwise(slide))
    z = scaled_product(layer, y, slide.shape(filters), pointwise, bias, lambda k, b: Conv(kernel=k, bias=b, rank=rank))
    return apply_activation(layer, z, layer.config.get("activation"))


def rank_of(layer: ImportedLayer) -> int:
    """Return 1 for classes that end in 1D, else 2."""
    return 1 if "1D" in layer.cls else 2


def time_distributed_conv(layer: ImportedLayer, x: ImportedTensor) -> ImportedTensor:
    """Convert a Conv1D that is applied to each step of (steps, width, channels): a Conv2D with a height of 1."""
    sizes = {
        key: [1, layer.integers(key, 1, default)[0]]
        for key, default in (("kernel_size", None), ("strides", 1), ("dilation_rate", 1))
        if default is not None or key in layer.config
    }
    options = layer.config.changed(**sizes)
    if options.get("padding") == "causal":
        raise layer.refuse("causal padding inside TimeDistributed is not supported.", "Use 'valid' or 'same'.")
    slide = _sliding(replace(layer, config=options), x, 2)
    filters, channels = layer.integer("filters"), x.shape[-1]
    if layer.integer("groups", 1) != 1:
        raise layer.refuse("groups inside TimeDistributed are not supported.", "Use groups=1.")
    kernel = layer.weight("kernel", 0, (slide.size[1], channels, filters)).reshape(*slide.size, channels, filters)
    bias = layer.weight("bias", 1, (filters,)) if layer.flag("use_bias", True) else None

    def make(values: RealArray, offset: RealArray | None) -> Op:
        return Conv(
            kernel=values, bias=offset, stride=slide.stride, padding=slide.padding, dilation=slide.dilation, rank=2
        )

    return product(layer, x, slide.shape(filters), kernel, bias, make)


def averaging_kernel(size: Pair, channels: int, factor: float) -> RealArray:
    """Return a depthwise kernel of equal weights.

    Args:
        size: Window (rows, columns).
        channels: Channels.
        factor: Each weight.
    """
    return np.full((*size, channels, 1), factor)


CONV_LAYERS = dict.fromkeys(("Conv1D", "Conv2D", "QConv1D", "QConv2D", "QConv2DBatchnorm"), conv)
"""Converters of convolutions."""

CHANNELWISE_LAYERS = {
    **dict.fromkeys(
        ("DepthwiseConv1D", "DepthwiseConv2D", "QDepthwiseConv2D", "QDepthwiseConv2DBatchnorm"), depthwise_conv
    ),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D", "QSeparableConv1D", "QSeparableConv2D"), separable_conv),
}
"""Converters of convolutions of each channel by itself."""
