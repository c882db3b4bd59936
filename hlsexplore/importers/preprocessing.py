"""Layers that prepare data: scales, and augmentation, which acts in training only."""

from collections.abc import Callable
from typing import Any

import numpy as np

from hlsexplore.errors import quoted
from hlsexplore.fixed import RealArray
from hlsexplore.importers.layer import ImportedLayer, ImportedTensor, only
from hlsexplore.importers.pointwise import affine
from hlsexplore.importers.reshape import identity
from hlsexplore.importers.structure import class_of
from hlsexplore.ops import Crop

EPSILON = 1e-7
"""Least standard deviation by which Normalization divides (`keras.backend.epsilon()`)."""

IN_TRAINING_ONLY = (
    "ActivityRegularization", "AlphaDropout", "AugMix", "CutMix", "Dropout", "GaussianDropout", "GaussianNoise",
    "MixUp", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast",
    "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHeight",
    "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation",
    "RandomSharpness", "RandomShear", "RandomTranslation", "RandomWidth", "RandomZoom", "Solarization",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
)  # fmt: skip
"""Layers whose inference returns their input."""


def rescaling(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Rescaling: x * scale + offset, numbers or one for each channel."""
    scale, offset = (_numbers(layer, key, default) for key, default in (("scale", 1.0), ("offset", 0.0)))
    return affine(layer, only(layer, inputs), scale, offset)


def normalization(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Normalization: (x - mean) / max(deviation, EPSILON), or the way back with `invert`."""
    x = only(layer, inputs)
    axes = layer.config.get("axis", -1)
    axes = [] if axes is None else list(axes) if isinstance(axes, list | tuple) else [axes]
    rank = len(x.shape) + 1
    if not all(type(axis) is int and -rank < axis < rank and axis % rank for axis in axes):
        raise layer.refuse(f"a normalisation over the axes {quoted(axes)} is not supported.", "Use axis=-1.")
    kept = sorted(axis % rank - 1 for axis in axes)
    shape = tuple(x.shape[axis] for axis in kept)
    spread = tuple(size if axis in kept else 1 for axis, size in enumerate(x.shape))
    mean, variance = (
        _statistic(layer, key, position, shape).reshape(spread) for position, key in enumerate(("mean", "variance"))
    )
    if (variance < 0).any():
        raise layer.damaged("variance", "variances of 0 or above")
    deviation = np.maximum(np.sqrt(variance), EPSILON)
    if layer.flag("invert", False):
        return affine(layer, x, deviation, mean)
    return affine(layer, x, 1 / deviation, -mean / deviation)


def _statistic(layer: ImportedLayer, key: str, position: int, shape: tuple[int, ...]) -> RealArray:
    """Return a statistic that the user gave, or the one that `adapt` found."""
    if layer.config.get(key) is not None:
        values = np.asarray(_numbers(layer, key, 0.0)).reshape(-1)
        if values.size not in (1, int(np.prod(shape))):
            raise layer.damaged(key, f"numbers of shape {shape}")
        return np.broadcast_to(values if values.size == 1 else values.reshape(shape), shape).copy()
    return layer.weight(key, position, shape)


def _numbers(layer: ImportedLayer, key: str, default: float) -> RealArray:
    """Return an option that is a number, or numbers in nested lists."""
    value: Any = layer.config.get(key, default)
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        value = value["config"].get("value")
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if value is None or isinstance(value, str | bool) or not (np.abs(array) <= 1e30).all():
        raise layer.damaged(key, "finite numbers")
    return array


def center_crop(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert CenterCrop of images; Resizing and RandomCrop are supported where they keep the size.

    Raises:
        UnsupportedError: If the image would be scaled.
    """
    x = only(layer, inputs)
    layer.require_channels_last()
    if len(x.shape) != 3:
        raise layer.damaged("name", f"an image, but it reads a tensor of shape {x.shape}")
    height, width = layer.integer("height"), layer.integer("width")
    if (height, width) == x.shape[:2]:
        return x
    if layer.cls != "CenterCrop" or height > x.shape[0] or width > x.shape[1]:
        raise layer.refuse(
            f"images of {x.shape[0]}x{x.shape[1]} would be scaled to {height}x{width}.", "Scale the data before."
        )
    top, left = (x.shape[0] - height) // 2, (x.shape[1] - width) // 2
    rows, columns = (top, x.shape[0] - height - top), (left, x.shape[1] - width - left)
    return layer.add(Crop(cropping=(rows, columns)), (x,), (height, width, x.shape[2]))


def pipeline(layer: ImportedLayer, inputs: tuple[ImportedTensor, ...]) -> ImportedTensor:
    """Convert Pipeline: layers one after another, of which all but those of this module are refused."""
    x = only(layer, inputs)
    items = layer.config.get("layers")
    if not isinstance(items, list):
        raise layer.damaged("layers", "a list of layers")
    for index, item in enumerate(items):
        cls, package, _ = class_of(item, layer.source)
        if package or cls not in PREPROCESSING_LAYERS or not isinstance(item.get("config"), dict):
            raise layer.refuse(f"it holds a layer of class {cls!r}.", "Use the layers of the pipeline by themselves.")
        if cls == "Normalization" and item["config"].get("mean") is None:
            raise layer.refuse("it holds a Normalization that was adapted.", "Use it by itself.")
        x = PREPROCESSING_LAYERS[cls](layer.inside(cls, item["config"], f"{index}_{cls.lower()}"), (x,))
    return x


PREPROCESSING_LAYERS: dict[str, Callable[[ImportedLayer, tuple[ImportedTensor, ...]], ImportedTensor]] = {
    **dict.fromkeys((*IN_TRAINING_ONLY, "Identity"), identity),
    "Rescaling": rescaling,
    "Normalization": normalization,
    **dict.fromkeys(("CenterCrop", "RandomCrop", "Resizing"), center_crop),
    "Pipeline": pipeline,
}
"""Converters of layers that prepare data."""
