"""Activation functions of Keras that are no op of their own, as a few that are (docs/importers.md)."""

from collections.abc import Callable, Mapping
from math import inf
from types import MappingProxyType

import numpy as np

from hlsexplore.importers.layer import ImportedLayer, ImportedTensor
from hlsexplore.ops import Activation, Affine, Clip, Function, Merge, MergeFunction

SHRINK = 0.5
"""Default threshold of Keras' soft_shrink and hard_shrink."""


def celu(layer: ImportedLayer, x: ImportedTensor, alpha: float) -> ImportedTensor:
    """Append max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)): an ELU between two scales."""
    curve = Activation(function=Function.ELU, alpha=1.0)
    if not alpha > 0:
        raise layer.refuse(f"a CELU with alpha={alpha:g} is not supported.", "Use a positive alpha.")
    if alpha == 1:
        return layer.add(curve, (x,), x.shape)
    curved = layer.add(curve, (_scaled(layer, x, 1.0 / alpha, "scaled"),), x.shape, "elu")
    return _scaled(layer, curved, alpha, "unscaled")


def soft_shrink(layer: ImportedLayer, x: ImportedTensor, threshold: float = SHRINK) -> ImportedTensor:
    """Append x - clip(x, -threshold, threshold)."""
    _check(layer, threshold)
    middle = layer.add(Clip(low=-threshold, high=threshold, floor=-threshold), (x,), x.shape, "clip")
    return layer.add(Merge(function=MergeFunction.SUBTRACT), (x, middle), x.shape)


def hard_shrink(layer: ImportedLayer, x: ImportedTensor, threshold: float = SHRINK) -> ImportedTensor:
    """Append x where abs(x) > threshold, else 0: what is above it, less what is above it in -x."""
    _check(layer, threshold)
    op = Activation(function=Function.THRESHOLDED_RELU, alpha=threshold)
    above = layer.add(op, (x,), x.shape, "above")
    below = layer.add(op, (_scaled(layer, x, -1.0, "negated"),), x.shape, "below")
    return layer.add(Merge(function=MergeFunction.SUBTRACT), (above, below), x.shape)


def threshold(layer: ImportedLayer, x: ImportedTensor, limit: float, value: float) -> ImportedTensor:
    """Append x where x > limit, else a value."""
    return layer.add(Clip(low=limit, high=inf, floor=value), (x,), x.shape)


def _check(layer: ImportedLayer, limit: float) -> None:
    if not limit > 0:
        raise layer.refuse(f"the threshold {limit:g} is not positive.", "Use a threshold above 0.")


def _scaled(layer: ImportedLayer, x: ImportedTensor, factor: float, suffix: str) -> ImportedTensor:
    channels = x.shape[-1]
    op = Affine(kernel=np.full(channels, factor), bias=np.zeros(channels))
    return layer.add(op, (x,), x.shape, suffix)


COMPOSED: Mapping[str, Callable[[ImportedLayer, ImportedTensor], ImportedTensor]] = MappingProxyType(
    {"soft_shrink": soft_shrink, "hard_shrink": hard_shrink}
)
"""Functions of keras.activations that need several ops."""
