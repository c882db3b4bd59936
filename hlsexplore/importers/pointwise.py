"""Scales and offsets of single elements, whatever axes they differ along."""

from math import prod

import numpy as np

from hlsexplore.fixed import RealArray
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor
from hlsexplore.ops import Affine, Reshape


def affine(layer: ImportedLayer, x: ImportedTensor, kernel: RealArray, bias: RealArray) -> ImportedTensor:
    """Append x * kernel + bias.

    Args:
        layer: The layer.
        x: Its input.
        kernel: Scale, of a shape that broadcasts to that of `x`, with or without the batch axis.
        bias: Offset, likewise.

    Raises:
        UnsupportedError: If a shape does not fit, or would give the result another shape.
    """
    scale, offset = (_fitted(layer, x, values) for values in (kernel, bias))
    channels = x.shape[-1]
    if all((values.reshape(-1, channels) == values.reshape(-1, channels)[0]).all() for values in (scale, offset)):
        op = Affine(kernel=scale.reshape(-1, channels)[0].copy(), bias=offset.reshape(-1, channels)[0].copy())
        return layer.add(op, (x,), x.shape)
    size = prod(x.shape)
    flat = layer.add(Reshape(), (x,), (size,), "flat")
    y = layer.add(Affine(kernel=scale.reshape(size), bias=offset.reshape(size)), (flat,), (size,), "elements")
    return layer.add(Reshape(), (y,), x.shape)


def _fitted(layer: ImportedLayer, x: ImportedTensor, values: RealArray) -> RealArray:
    array = values[0] if values.ndim == len(x.shape) + 1 and values.shape[0] == 1 else values
    try:
        return np.array(np.broadcast_to(array, x.shape))
    except ValueError:
        raise layer.refuse(
            f"constants of shape {values.shape} do not fit elements of shape {x.shape}.", "Use numbers for channels."
        ) from None
