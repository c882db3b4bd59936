"""What every model file or live model is turned into first: a JSON configuration and lazily read weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ModelError
from hlsexplore.fixed import RealArray
from hlsexplore.importers.structure import Json, ModelSpec

MAX_WEIGHT_ELEMENTS = 1 << 27
"""Most elements of one weight array, and of all weights of a network (1 GiB as float64); an FPGA holds far fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRef:
    """A weight array that has not been read yet.

    Attributes:
        path: Its path in the model, such as `dense/kernel`.
        shape: Its shape.
        load: Reads it.
    """

    path: str
    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerWeights:
    """The weights of one layer, in one of the two ways in which Keras stores them.

    Attributes:
        groups: `.keras` files: arrays by component (`""`, `cell`, `forward_layer/cell`), in creation order.
        named: `.h5` files and live models: arrays with their names, in the layer's order.
    """

    groups: Mapping[str, tuple[WeightRef, ...]] | None = None
    named: tuple[WeightRef, ...] = ()

    def find(self, leaf: str, position: int, component: str, ordinal: int) -> WeightRef | None:
        """Return the weight called `leaf`, or None.

        Args:
            leaf: Name of the variable, such as `kernel`.
            position: Its place in its component's creation order, -1 if it is not stored there.
            component: Path of the component that owns it, `""` for the layer itself.
            ordinal: Which of several weights of this name it is, counted over the layer's components.
        """
        if self.groups is not None:
            group = self.groups.get(component, ())
            return group[position] if 0 <= position < len(group) else None
        found = [ref for ref in self.named if ref.path.split("/")[-1].split(":")[0] == leaf]
        return found[ordinal] if ordinal < len(found) else None

    def read(self, ref: WeightRef, layer: str, shape: tuple[int | None, ...]) -> RealArray:
        """Read a weight after checking its shape.

        Args:
            ref: Which one.
            layer: Name of the layer, for messages.
            shape: The expected shape; None where any size fits.

        Raises:
            ModelError: If the shape differs, the values are no numbers, or one is NaN or infinite.
        """
        fits = len(ref.shape) == len(shape) and all(
            want is None or want == have for have, want in zip(ref.shape, shape, strict=True)
        )
        if not fits:
            expected = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
            raise ModelError(
                f"layer {layer!r}: the weight {ref.path!r} has the shape {ref.shape}, but {expected} was expected from "
                "the layer's configuration. The file is damaged or its weights belong to another model."
            )
        if int(np.prod(ref.shape, dtype=object)) > MAX_WEIGHT_ELEMENTS:
            raise ModelError(
                f"layer {layer!r}: the weight {ref.path!r} of shape {ref.shape} has more than {MAX_WEIGHT_ELEMENTS} "
                "elements, which is beyond any FPGA and beyond what is read."
            )
        return checked_values(ref.load(), ref.path, layer)


EMPTY = LayerWeights()


LayerPath = tuple[str, ...]
"""Where a layer is: the names of the enclosing nested models from the outside, then its own."""
Lookup = Callable[[LayerPath], LayerWeights]
"""Finds the weights of a layer; `EMPTY` if there are none."""
WeightTree = Callable[[ModelSpec], Lookup]
"""Finds out where the weights of a model lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A model as read: nothing of it has been executed.

    Attributes:
        label: How to call it in messages, such as the file's name.
        config: The model's configuration, `{"class_name": ..., "config": ...}`.
        weights: Given its structure, finds the weights of a layer.
        keras_version: Version of Keras that wrote it, or an empty text.
    """

    label: str
    config: Json
    weights: WeightTree = field(repr=False)
    keras_version: str = ""

    @property
    def is_keras2(self) -> bool:
        """Whether Keras 2 wrote it (some defaults differ)."""
        return self.keras_version.startswith(("1.", "2."))


def checked_values(values: NDArray[Any], path: str, layer: str) -> RealArray:
    """Return weights as float64.

    Raises:
        ModelError: If they are no real numbers, or one is NaN or infinite.
    """
    if (
        values.dtype.kind == "V" and values.dtype.itemsize == 2
    ):  # bfloat16 as h5py reads it: the upper half of a float32
        values = (values.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    if values.dtype.kind not in "fiu":
        raise ModelError(f"layer {layer!r}: the weight {path!r} has the type {values.dtype}, expected real numbers.")
    real = values.astype(np.float64)
    if not np.isfinite(real).all():
        bad = int((~np.isfinite(real)).sum())
        raise ModelError(
            f"layer {layer!r}: {bad} of {real.size} values of the weight {path!r} are NaN or infinite. "
            "Train or export the model again."
        )
    return real
