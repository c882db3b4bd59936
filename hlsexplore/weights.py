"""Quantised weights of a design, cast once for each (array, type)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hlsexplore.design import Design
from hlsexplore.fixed import Fixed, RawArray, RealArray, quantize
from hlsexplore.layer_config import Granularity, LayerConfig, pruning_of, trimmed_kernel
from hlsexplore.masks import AnyOp, Pruning, pruned
from hlsexplore.op_facts import weight_types
from hlsexplore.ops import WEIGHT_FIELDS, Op, weights
from hlsexplore.support.recent import Recent

_casts: Recent[tuple[int, Fixed], tuple[RealArray, RawArray]] = Recent(512)
"""Each with the array, so that no other one gets its identity meanwhile."""

_pruned: Recent[tuple[int, int, Pruning | None], tuple[Op, Op]] = Recent(256)
"""Each with the op that it was made of, for the same reason."""


def pruned_op(op: AnyOp, config: LayerConfig) -> AnyOp:
    """Return an op whose weights have lost the bits that a design trims, and are zeros where it drops them.

    It is the same object where the design keeps all of both.

    Args:
        op: An op of a graph.
        config: Its types and knobs in a design.
    """
    pruning = pruning_of(config)
    trim = 0 if weight_types(op) is None or config.granularity is Granularity.UNIFORM else config.trim
    if pruning is None and not trim:
        return op

    def make() -> tuple[Op, Op]:
        kernel = trimmed_kernel(op, config)
        changed: dict[str, Any] = {} if kernel is None else {WEIGHT_FIELDS["weight"]: kernel}
        left = replace(op, **changed)
        return op, left if pruning is None else pruned(left, pruning)

    found: tuple[AnyOp, AnyOp] = _pruned.find((id(op), trim, pruning), make)  # type: ignore[assignment]
    return found[1]


def raw_weights(design: Design, name: str) -> Mapping[str, RawArray]:
    """Return the raw integers of a layer's weights by tensor key (`weight`, `bias`, ...).

    Args:
        design: The design.
        name: Layer.

    Returns:
        Read-only arrays in the shapes of the op's fields; empty for a layer without weights.
    """
    config = design.layers[name]
    values = weights(pruned_op(design.graph[name].op, config))
    return {key: quantized(array, config.types[key]) for key, array in values.items()}


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
