"""Quantised weights of a design, cast once for each (array, type)."""

from collections.abc import Mapping

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, RawArray, RealArray, quantize
from hlsexplore.ops import weights
from hlsexplore.support.recent import Recent

_casts: Recent[tuple[int, Fixed], tuple[RealArray, RawArray]] = Recent(512)
"""Each with the array, so that no other one gets its identity meanwhile."""


def raw_weights(design: Design, name: str) -> Mapping[str, RawArray]:
    """Return the raw integers of a layer's weights by tensor key (`weight`, `bias`, ...).

    Args:
        design: The design.
        name: Layer.

    Returns:
        Read-only arrays in the shapes of the op's fields; empty for a layer without weights.
    """
    config = design.layers[name]
    return {key: quantized(values, config.types[key]) for key, values in weights(design.graph[name].op).items()}


def quantized(values: RealArray, type_: Fixed) -> RawArray:
    """Cast an immutable weight array, from a cache of the latest casts.

    Args:
        values: Float weights that are never changed afterwards.
        type_: Type to cast to.
    """
    return _casts.find((id(values), type_), lambda: (values, _cast(values, type_)))[1]


def _cast(values: RealArray, type_: Fixed) -> RawArray:
    raw = quantize(values, type_)
    raw.flags.writeable = False
    return raw


def depthwise_matrix(kernel: RawArray) -> RawArray:
    """Return a depthwise kernel as the matrix of a full convolution, with zeros between channels."""
    height, width, channels, multiplier = kernel.shape
    full = np.zeros((height, width, channels, channels, multiplier), dtype=kernel.dtype)
    for channel in range(channels):
        full[:, :, channel, channel, :] = kernel[:, :, channel, :]
    return full.reshape(height * width * channels, channels * multiplier)
