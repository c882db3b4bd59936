"""TimeDistributed: one layer applied to each step of a sequence."""

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from hlsexplore.importers.activations import ACTIVATION_LAYERS
from hlsexplore.importers.conv import CHANNELWISE_LAYERS, CONV_LAYERS, time_distributed_conv
from hlsexplore.importers.dense import DENSE_LAYERS
from hlsexplore.importers.layer import Converter, ImportedLayer, ImportedTensor, only
from hlsexplore.importers.options import Options
from hlsexplore.importers.pool import POOL_LAYERS
from hlsexplore.importers.reshape import identity
from hlsexplore.importers.structure import class_of
from hlsexplore.ops import Concatenate, Crop, Reshape

MAX_STEPS = 64
"""Most steps that are unrolled into copies of a layer."""

_LAST_AXIS: Mapping[str, Converter] = {
    **{cls: converter for cls, converter in ACTIVATION_LAYERS.items() if cls != "PReLU"},
    **DENSE_LAYERS,
    "Dropout": identity,
}
"""Layers that work on the last axis anyway, so that the steps need no loop."""

_CONV1D = ("Conv1D", "QConv1D")
"""Layers that become one layer over an image of the steps."""

_UNROLLED: Mapping[str, Converter] = {
    **{cls: converter for cls, converter in CONV_LAYERS.items() if cls not in _CONV1D},
    **CHANNELWISE_LAYERS,
    **POOL_LAYERS,
}
"""Layers that are unrolled: a copy for each step."""


def time_distributed(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert TimeDistributed over Dense, activations, normalisations, convolutions, poolings and Flatten.

    Raises:
        UnsupportedError: If it wraps another layer, or would be unrolled into too many copies.
    """
    x = only(layer, inputs)
    item = layer.config.get("layer")
    if not isinstance(item, dict) or not isinstance(item.get("config"), dict):
        raise layer.damaged("layer", "a layer")
    cls, package, _ = class_of(item, layer.source)
    inner = replace(layer, cls=cls, config=Options(item["config"]), component="layer")
    if package not in ("", "qkeras"):
        raise layer.refuse(f"it wraps {cls!r}, a class of your own.", "Wrap a layer of Keras or QKeras.")
    if len(x.shape) < 2:
        raise layer.damaged("name", f"an input of at least two axes, but it reads one of shape {x.shape}")
    if cls == "Flatten":
        return x if len(x.shape) == 2 else layer.add(Reshape(), (x,), (x.shape[0], prod(x.shape[1:])))
    if cls not in (*_LAST_AXIS, *_CONV1D, *_UNROLLED):
        known = "Dense, Conv1D, Conv2D, DepthwiseConv2D, poolings, activations, normalisations or Flatten"
        raise layer.refuse(f"it wraps a layer of class {cls!r}.", f"Wrap {known}.")
    if cls in _LAST_AXIS:
        y = _LAST_AXIS[cls](inner, inputs)
    else:
        y = time_distributed_conv(inner, x) if cls in _CONV1D else _unrolled(inner, x, _UNROLLED[cls])
    if y != x:
        inner.require_all_read()
    return y


def _unrolled(layer: ImportedLayer, x: ImportedTensor, converter: Converter) -> ImportedTensor:
    """Append a copy of a layer for each step, and join their outputs."""
    steps, rest = x.shape[0], x.shape[1:]
    if steps > MAX_STEPS:
        raise layer.refuse(f"it would be unrolled into {steps} copies.", f"Use at most {MAX_STEPS} steps.")
    if len(rest) == 3:  # stack the images, so that a step is a range of rows
        x = layer.add(Reshape(), (x,), (steps * rest[0], *rest[1:]), "steps")
    rows = rest[0] if len(rest) == 3 else 1
    parts = []
    for step in range(steps):
        cropping = ((step * rows, (steps - 1 - step) * rows), (0, 0))
        piece = layer.add(Crop(cropping=cropping), (x,), (rows, *x.shape[1:]), f"step{step}")
        if len(rest) == 2:
            piece = layer.add(Reshape(), (piece,), rest, f"step{step}_flat")
        y = converter(layer.renamed(f"{step}"), (piece,))
        parts.append(layer.add(Reshape(), (y,), (1, *y.shape), f"{step}_out"))
    if len(parts) == 1:
        return parts[0]
    return layer.add(Concatenate(axis=0), tuple(parts), (steps, *parts[0].shape[1:]))
