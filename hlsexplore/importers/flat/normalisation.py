"""Normalisations of each sample by itself: instances and groups of channels, as layer normalisations of rows."""

from math import prod

import numpy as np

from hlsexplore.importers.flat.context import Converter, FlatContext
from hlsexplore.importers.flat.layout import affine
from hlsexplore.importers.flat.value import SAMPLES, FlatValue, reshape
from hlsexplore.ops import LayerNorm


def instance_normalization(context: FlatContext) -> FlatValue:
    """Convert InstanceNormalization: each channel of each sample by its own mean and variance."""
    value = context.value(0)
    return _grouped(context, value, value.dims[1] if len(value.dims) > 1 else 0)


def group_normalization(context: FlatContext) -> FlatValue:
    """Convert GroupNormalization: groups of channels alike."""
    return _grouped(context, context.value(0), context.integer("num_groups", 0))


def _grouped(context: FlatContext, value: FlatValue, groups: int) -> FlatValue:
    """Normalise groups of channels, then scale and shift each channel (before opset 21: each group)."""
    dims = value.dims
    if len(dims) < 3 or value.axes[0] != (SAMPLES,) or groups < 1 or dims[1] % groups:
        raise context.refuse(
            f"it normalises {groups} groups of a tensor of {len(dims)} axes.", "Use (samples, channels, pixels)."
        )
    size = dims[1] // groups * prod(dims[2:])
    rows = reshape(context.sketch, value, (dims[0], groups, size), context.source)
    tensor = context.arrange(rows, [rows.axes[1], rows.axes[2]])
    op = LayerNorm(kernel=np.ones(size), bias=np.zeros(size), epsilon=context.number("epsilon", 1e-5))
    tensor = context.add(op, (tensor,), (groups, size))
    found = reshape(context.sketch, FlatValue(tensor=tensor, axes=((SAMPLES,), (0,), (1,))), dims, context.source)
    gamma = context.real(1, "scale").reshape(-1) if context.has(1) else np.ones(1)
    beta = context.real(2, "offset").reshape(-1) if context.has(2) else np.zeros(1)
    if any(item.size not in (1, groups, dims[1]) for item in (gamma, beta)):
        raise context.damaged(f"its scale does not fit {dims[1]} channels")
    shape = (-1,) + (1,) * (len(dims) - 2)
    gamma, beta = (np.repeat(item, dims[1] // item.size) for item in (gamma, beta))
    return affine(context, found, gamma.reshape(shape), beta.reshape(shape), "scaled")


NORMALISATIONS: dict[str, Converter] = {
    "InstanceNormalization": instance_normalization,
    "GroupNormalization": group_normalization,
}
"""Converters of normalisations of single samples."""
