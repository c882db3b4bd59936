"""Reads a live Keras or QKeras model through its own public methods, without importing a framework."""

import sys
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.importers.files import parse_json
from hlsexplore.importers.source import EMPTY, LayerPath, LayerWeights, Source, WeightRef


def read_live(model: Any) -> Source:
    """Read a live model.

    Args:
        model: A Sequential or Functional model of Keras 2 or 3.

    Raises:
        ModelError: If the model cannot describe itself (subclassed, not built).
    """
    if not all(hasattr(model, name) for name in ("to_json", "layers", "get_weights")):
        raise ModelError(f"a {type(model).__name__!r} is no whole model. Wrap it: keras.Model(inputs, outputs).")
    try:
        text = model.to_json()
    except (NotImplementedError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"the model {getattr(model, 'name', '')!r} cannot describe its structure ({error}). "
            "Rebuild it with keras.Sequential or keras.Model(x, y)."
        ) from None
    label = f"the live model {getattr(model, 'name', '')!r}"
    return Source(
        label=label,
        config=parse_json(text, label, "its configuration"),
        weights=lambda spec: lambda path: _weights(model, path),
        keras_version=_version(model),
    )


def _version(model: Any) -> str:
    root = type(model).__module__.split(".")[0]
    for name in (root, "keras"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            return version
    return "2" if root == "tf_keras" else ""


def _weights(model: Any, path: LayerPath) -> LayerWeights:
    layer = model
    for name in path:
        layer = next((item for item in layer.layers if item.name == name), None)
        if layer is None:
            return EMPTY
    variables = layer.weights
    return LayerWeights(named=tuple(_reference(variable) for variable in variables))


def _reference(variable: Any) -> WeightRef:
    path = str(getattr(variable, "path", None) or variable.name)
    return WeightRef(
        path=path, shape=tuple(int(size) for size in variable.shape), load=lambda: np.asarray(variable.numpy())
    )
