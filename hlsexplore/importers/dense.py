"""Dense layers and normalisations of Keras and QKeras."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hlsexplore.errors import quoted
from hlsexplore.fixed import Fixed, RealArray
from hlsexplore.graph import Shape
from hlsexplore.importers.activations import apply_activation
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.quantizers import parse_quantizer
from hlsexplore.importers.weight_quantizers import QuantizedWeight, quantize_weight
from hlsexplore.ops import Affine, Dense, LayerNorm, Op


def dense(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Dense and QDense."""
    x = only(layer, inputs)
    units = layer.integer("units")
    kernel = layer.weight("kernel", 0, (x.shape[-1], units))
    bias = layer.weight("bias", 1, (units,)) if layer.flag("use_bias", True) else None
    return product(layer, x, (*x.shape[:-1], units), kernel, bias, lambda k, b: Dense(kernel=k, bias=b))


def dense_batchnorm(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QDenseBatchnorm: the normalisation is folded into the kernel before it is quantised."""
    x = only(layer, inputs)
    units = layer.integer("units")
    kernel = layer.weight("kernel", 0, (x.shape[-1], units))
    kernel, bias = folded(layer, kernel, units)
    return product(layer, x, (*x.shape[:-1], units), kernel, bias, lambda k, b: Dense(kernel=k, bias=b))


def folded(layer: ImportedLayer, kernel: RealArray, channels: int) -> tuple[RealArray, RealArray]:
    """Fold the inner batch normalisation of a QKeras layer into kernel and bias, in float32 as QKeras does.

    Args:
        layer: The layer, which owns gamma, beta and the moving statistics.
        kernel: Its kernel; the last axes multiply to `channels`.
        channels: Output channels.
    """
    bias = layer.weight("bias", 1, (channels,)) if layer.flag("use_bias", True) else np.zeros(channels)
    axis = layer.config.get("axis", -1)
    if (axis[0] if isinstance(axis, list) and len(axis) == 1 else axis) not in (-1, max(kernel.ndim - 1, 1)):
        raise layer.refuse(f"a normalisation over axis {quoted(axis)} is not supported.", "Use axis=-1.")
    names = [name for name, key in (("gamma", "scale"), ("beta", "center")) if layer.flag(key, True)]
    values = {
        leaf: layer.weight(leaf, position, (channels,), component="batchnorm").astype(np.float32)
        for position, leaf in enumerate((*names, "moving_mean", "moving_variance"))
    }
    ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    inverse = np.float32(1) / layer.deviation(values["moving_variance"], layer.number("epsilon", 1e-3))
    scale = inverse * values.get("gamma", ones)
    offset = scale * (bias.astype(np.float32) - values["moving_mean"]) + values.get("beta", zeros)
    tail = kernel.shape[-1:] if kernel.shape[-1] == channels else kernel.shape[-2:]
    return (kernel.astype(np.float32) * scale.reshape(tail)).astype(np.float64), offset.astype(np.float64)


def product(
    layer: ImportedLayer,
    x: ImportedTensor,
    shape: Shape,
    kernel: RealArray,
    bias: RealArray | None,
    make: Callable[[RealArray, RealArray | None], Op],
    keys: tuple[str, str] = ("kernel_quantizer", "bias_quantizer"),
) -> ImportedTensor:
    """Append a product with constant weights, quantised by the layer's quantizers, and the layer's activation.

    Args:
        layer: The layer.
        x: Its input.
        shape: Its output shape.
        kernel: Weights, not yet quantised.
        bias: Biases or None.
        make: Makes the op from kernel and bias.
        keys: Options that hold the quantizers of kernel and bias.
    """
    weight = quantized(layer, keys[0], kernel, is_kernel=True)
    offset = None if bias is None else quantized(layer, keys[1], bias)
    y = scaled_product(layer, x, shape, weight, offset, make)
    return apply_activation(layer, y, layer.config.get("activation"))


def scaled_product(
    layer: ImportedLayer,
    x: ImportedTensor,
    shape: Shape,
    weight: QuantizedWeight,
    bias: QuantizedWeight | None,
    make: Callable[[RealArray, RealArray | None], Op],
    suffix: str = "",
) -> ImportedTensor:
    """Append a product; a weight scale that is no power of two becomes an `Affine` behind it, with the bias."""
    offset = None if bias is None else bias.real
    offset_type = None if bias is None or bias.scale is not None else bias.type
    types: Mapping[str, Fixed | None]
    if weight.scale is None:
        types = {"weight": weight.type, "bias": offset_type}
        return layer.add(make(weight.values, offset), (x,), shape, suffix, types)
    y = layer.add(make(weight.values, None), (x,), shape, suffix, {"weight": weight.type})
    scale = _channel_scale(weight, shape[-1])
    op = Affine(kernel=scale, bias=np.zeros(shape[-1]) if offset is None else offset)
    return layer.add(op, (y,), shape, f"{suffix}_scale".lstrip("_"), {"bias": offset_type})


def _channel_scale(weight: QuantizedWeight, channels: int) -> RealArray:
    """Return one factor for each output channel: of the last axis, or of the last two of a depthwise kernel."""
    scale = np.asarray(weight.scale, dtype=np.float64)
    tail = weight.values.shape[-1:] if weight.values.shape[-1] == channels else weight.values.shape[-2:]
    return np.broadcast_to(scale.reshape(scale.shape[-len(tail) :]), tail).reshape(channels).copy()


def quantized(layer: ImportedLayer, key: str, values: RealArray, is_kernel: bool = False) -> QuantizedWeight:
    """Quantise a weight array by the quantizer that the layer's options hold under `key`."""
    spec: Any = layer.config.get(key)
    quantizer = parse_quantizer(spec, layer.where(key), is_kernel=is_kernel)
    return quantize_weight(quantizer, values, layer.where(key))


def batch_normalization(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert BatchNormalization and QBatchNormalization: one scale and offset for each channel."""
    x = only(layer, inputs)
    _require_last_axis(layer, x)
    channels = x.shape[-1]
    names = [name for name, key in (("gamma", "scale"), ("beta", "center")) if layer.flag(key, True)]
    values: dict[str, RealArray] = {}
    for position, name in enumerate((*names, "moving_mean", "moving_variance")):
        array = layer.weight(name, position, (channels,))
        key = f"{name.removeprefix('moving_')}_quantizer"
        values[name] = quantized(layer, key, array, is_kernel=key.startswith(("gamma", "variance"))).real
    deviation = layer.deviation(values["moving_variance"], layer.number("epsilon", 1e-3))
    inverse = values.get("gamma", np.ones(channels)) / deviation
    weight = quantized(layer, "inverse_quantizer", inverse)
    bias = values.get("beta", np.zeros(channels)) - values["moving_mean"] * weight.real
    weight_type = weight.type if weight.scale is None else None
    return layer.add(Affine(kernel=weight.real, bias=bias), (x,), x.shape, types={"weight": weight_type})


def layer_normalization(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert LayerNormalization over the last axis."""
    x = only(layer, inputs)
    _require_last_axis(layer, x)
    if layer.config.get("rms_scaling"):
        raise layer.refuse("rms_scaling is not supported.", "Use rms_scaling=False.")
    channels = x.shape[-1]
    has_gamma, has_beta = layer.flag("scale", True), layer.flag("center", True)
    gamma = layer.weight("gamma", 0, (channels,)) if has_gamma else np.ones(channels)
    beta = layer.weight("beta", int(has_gamma), (channels,)) if has_beta else np.zeros(channels)
    return layer.add(LayerNorm(kernel=gamma, bias=beta, epsilon=layer.number("epsilon", 1e-3)), (x,), x.shape)


def _require_last_axis(layer: ImportedLayer, x: ImportedTensor) -> None:
    axis = layer.config.get("axis", -1)
    axes = axis if isinstance(axis, list | tuple) else [axis]
    if list(axes) not in ([-1], [len(x.shape)]):
        raise layer.refuse(f"a normalisation over axis {axis} is not supported.", "Normalise the last axis (axis=-1).")


DENSE_LAYERS = {
    "Dense": dense,
    "QDense": dense,
    "QDenseBatchnorm": dense_batchnorm,
    "BatchNormalization": batch_normalization,
    "QBatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
}
"""Converters of dense layers and normalisations, which work on the last axis."""
