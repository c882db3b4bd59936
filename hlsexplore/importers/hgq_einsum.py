"""Einsum layers of HGQ2 as matrix products, and sums over axes likewise."""

from math import log2, prod

import numpy as np

from hlsexplore.fixed import RealArray, least_type
from hlsexplore.graph import Shape
from hlsexplore.importers.einsum import Equation, Weights, bias_shape, contract, parse_equation
from hlsexplore.importers.hgq_parts import (
    finished,
    num_weights,
    own_weight,
    quantized_input,
    quantized_output,
    quantized_weight,
    read_axes,
)
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.reshape import moved, reshaped
from hlsexplore.ops import Dense

KERAS_EPSILON = 1e-7
"""Keras' global epsilon, which QEinsumDenseBatchnorm adds to the variance whatever its option says."""
WITH_SCALE = 5
"""Arrays of a QEinsumDenseBatchnorm with a scale: kernel, bias, gamma, mean and variance."""


def einsum_dense(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QEinsumDense and QEinsumDenseBatchnorm."""
    x = only(layer, inputs)
    kernel = own_weight(layer, "kernel", 0, None)
    equation = parse_equation(layer, layer.config.get("equation"), x.shape, kernel.shape)
    bias = None
    if layer.config.get("bias_axes") is not None:
        bias = own_weight(layer, "bias", 1, bias_shape(layer, equation, "bias_axes"))
    if layer.cls == "QEinsumDenseBatchnorm":
        kernel, bias = _normalised(layer, equation, kernel, bias)
    weight = _weights(layer, "kq", kernel)
    of_bias = None if bias is None else _weights(layer, "bq", bias)
    return finished(layer, contract(layer, quantized_input(layer, x), equation, weight, of_bias))


def _weights(layer: ImportedLayer, quantizer: str, values: RealArray) -> Weights:
    """Quantise weights."""
    found = quantized_weight(layer, f"{quantizer}_conf", quantizer, values)
    return Weights(values=found.values, type=found.type, types=found.types)


def _normalised(
    layer: ImportedLayer, equation: Equation, kernel: RealArray, bias: RealArray | None
) -> tuple[RealArray, RealArray]:
    """Fold the batch normalisation of the output into kernel and bias, in float32 as HGQ2 does."""
    key = "normalize_axes" if layer.config.get("normalize_axes") else "bias_axes"
    cast_shape = bias_shape(layer, equation, key)
    axes = str(layer.config[key])
    shape = equation.shape("".join(axis for axis in equation.result[1:] if axis in axes))
    has_scale = num_weights(layer) == WITH_SCALE  # HGQ2 0.2 does not save the option
    gamma = own_weight(layer, "gamma", 2, shape) if has_scale else np.ones(shape)
    mean, variance = (
        own_weight(layer, leaf, position + has_scale, shape).astype(np.float32)
        for position, leaf in ((2, "moving_mean"), (3, "moving_variance"))
    )
    scale = gamma.astype(np.float32) / np.sqrt(variance + np.float32(KERAS_EPSILON))
    ordered = "".join(axis for axis in equation.kernel if axis in axes)
    folded = np.einsum(f"{equation.kernel},{ordered}->{equation.kernel}", kernel.astype(np.float32), scale)
    offset = (-mean * scale).reshape(cast_shape)
    start = np.float32(0) if bias is None else bias.astype(np.float32)
    return folded.astype(np.float64), (start + offset).astype(np.float64)


def summed(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert QSum and QMeanPow2: a sum over some axes, times a power of two."""
    x = only(layer, inputs)
    places = read_axes(layer, len(x.shape) + 1, "it sums over the axes {axes}.")
    count = prod(x.shape[place] for place in places)
    factor = 2.0 ** round(log2(1.0 / count)) if layer.cls == "QMeanPow2" else layer.number("scale", 1.0)
    if factor <= 0 or np.frexp(factor)[0] != 0.5:
        raise layer.refuse(f"its scale {factor:g} is no power of two.", "Use a power of two.")
    kept = [place for place in range(len(x.shape)) if place not in places]
    y = moved(layer, quantized_input(layer, x), (*kept, *places), "sums_last")
    shape = tuple(x.shape[place] for place in kept)
    y = reshaped(layer, y, (*shape, count), "rows")
    kernel = np.full((count, 1), factor)
    y = layer.add(Dense(kernel=kernel), (y,), (*shape, 1), types={"weight": least_type(kernel)})
    if layer.flag("keepdims", False):
        final: Shape = tuple(1 if place in places else size for place, size in enumerate(x.shape))
    else:
        final = shape or (1,)
    return quantized_output(layer, reshaped(layer, y, final, "sum"))
