"""Transposed convolutions of Keras and QKeras."""

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.activations import apply_activation
from hlsexplore.importers.conv import rank_of
from hlsexplore.importers.dense import quantized, scaled_product
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.phases import Phases, phases
from hlsexplore.ops import Conv, Crop, Op, Permute, Reshape


def conv_transpose(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Conv1DTranspose, Conv2DTranspose and QConv2DTranspose."""
    x, rank = only(layer, inputs), rank_of(layer)
    layer.require_channels_last()
    if len(x.shape) != rank + 1:
        raise layer.damaged("name", f"an input of {rank + 1} axes, but it reads one of shape {x.shape}")
    if layer.integer("groups", 1) != 1:
        raise layer.refuse("groups of a transposed convolution are not supported.", "Use groups=1.")
    layout = _layout(layer, x, rank)
    size, filters, channels = layer.pair("kernel_size", rank), layer.integer("filters"), x.shape[-1]
    shape = (*size[2 - rank :], filters, channels)
    weight = quantized(layer, "kernel_quantizer", layer.weight("kernel", 0, shape), is_kernel=True)
    if weight.scale is not None:
        raise layer.refuse("a weight scale that is no power of two is not supported here.", "Use alpha=1.")
    bias = None
    if layer.flag("use_bias", True):
        bias = quantized(layer, "bias_quantizer", layer.weight("bias", 1, (filters,)))

    def make(values: RealArray, offset: RealArray | None) -> Op:
        kernel = layout.kernel(values.reshape(*size, filters, channels).swapaxes(2, 3))
        each = None if offset is None else np.tile(offset, layout.number)
        return Conv(kernel=kernel, bias=each, padding=layout.padding, rank=rank)

    columns = layout.number * filters
    y = scaled_product(layer, x, (*layout.count[2 - rank :], columns), weight, bias, make)
    return apply_activation(layer, _interleaved(layer, y, layout, rank), layer.config.get("activation"))


def _layout(layer: ImportedLayer, x: ImportedTensor, rank: int) -> Phases:
    """Work out the size and the place of the result, as Keras does with TensorFlow."""
    size, stride = layer.pair("kernel_size", rank), layer.pair("strides", rank, 1)
    dilation = layer.pair("dilation_rate", rank, 1)
    mode, extra = layer.config.get("padding", "valid"), layer.config.get("output_padding")
    if mode not in ("valid", "same"):
        raise layer.refuse(f"the padding {mode!r} is not supported.", "Use 'valid' or 'same'.")
    if max(dilation) > 1 and max(stride) > 1:
        raise layer.refuse("a dilation with strides above 1 is not supported.", "Use strides or a dilation.")
    image = (x.shape[0], x.shape[1]) if rank == 2 else (1, x.shape[0])
    more = [extra] * rank if type(extra) is int else extra
    if more is not None and (not isinstance(more, list | tuple) or not all(type(item) is int for item in more)):
        raise layer.damaged("output_padding", "integers of 0 or above")
    first, out = [0, 0], [1, 1]
    for axis in (0, 1):
        reach = (size[axis] - 1) * dilation[axis] + 1
        full = (image[axis] - 1) * stride[axis] + reach
        if axis < 2 - rank:
            continue
        if more is not None:
            out[axis] = full + more[axis - 2 + rank] - (2 * (reach // 2) if mode == "same" else 0)
        elif mode == "same":
            out[axis] = image[axis] * stride[axis]
        else:
            out[axis] = image[axis] * stride[axis] + max(reach - stride[axis], 0)
        if mode == "same":
            first[axis] = max(full - out[axis], 0) // 2
        if out[axis] < 1:
            raise layer.damaged("output_padding", "one that leaves an output")
    return phases(image, size, stride, dilation, (first[0], first[1]), (out[0], out[1]))


def _interleaved(layer: ImportedLayer, y: ImportedTensor, layout: Phases, rank: int) -> ImportedTensor:
    """Append what brings the phases to their places, and cuts the result out."""
    filters = y.shape[-1] // layout.number
    (rows, columns), (down, right) = layout.count, layout.stride
    if down > 1:
        y = layer.add(Reshape(), (y,), (rows, columns, down, right * filters), "phases")
        y = layer.add(Permute(axes=(0, 2, 1, 3)), (y,), (rows, down, columns, right * filters), "rows")
    place = (rows * down, columns * right, filters)[2 - rank :]
    y = y if y.shape == place else layer.add(Reshape(), (y,), place, "places")
    if layout.cropping == ((0, 0), (0, 0)):
        return y
    return layer.add(Crop(cropping=layout.cropping, rank=rank), (y,), (*layout.out[2 - rank :], filters), "cut")


TRANSPOSED_LAYERS = dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "QConv2DTranspose"), conv_transpose)
"""Converters of transposed convolutions."""
