"""Reads a live Keras or QKeras model through its own public methods, without importing a framework."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hlsexplore.errors import ModelError
from hlsexplore.importers.content import look
from hlsexplore.importers.files import parse_json, read_archive
from hlsexplore.importers.quantizers import SIGNATURES
from hlsexplore.importers.source import EMPTY, LayerPath, LayerWeights, Source, WeightRef
from hlsexplore.importers.structure import Json


def read_live(model: Any) -> Source:
    """Read a live model.

    Args:
        model: A Sequential or Functional model of Keras 2 or 3.

    Raises:
        ModelError: If the model cannot describe itself (subclassed, not built).
    """
    if not all(hasattr(model, name) for name in ("to_json", "layers", "get_weights")):
        raise ModelError(f"a {type(model).__name__!r} is no whole model. Wrap it: keras.Model(inputs, outputs).")
    if _has_hgq(model):
        return _saved(model)
    try:
        text = model.to_json()
    except (NotImplementedError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"the model {getattr(model, 'name', '')!r} cannot describe its structure ({error}). "
            "Rebuild it with keras.Sequential or keras.Model(x, y)."
        ) from None
    label = f"the live model {getattr(model, 'name', '')!r}"
    config = parse_json(text, label, "its configuration")
    _complete_model(config, model)
    return Source(
        label=label,
        config=config,
        weights=lambda spec: lambda path: _weights(model, path),
        keras_version=_version(model),
    )


def _complete_model(config: Json, model: Any) -> None:
    """Add to the configuration what QKeras' quantizers leave out of theirs."""
    layers = {layer.name: layer for layer in model.layers}
    body = config.get("config")
    items = body.get("layers") if isinstance(body, dict) else None
    for item in items if isinstance(items, list) else []:
        inner = item.get("config") if isinstance(item, dict) else None
        layer = layers.get(inner.get("name")) if isinstance(inner, dict) else None
        if layer is None:
            continue
        if hasattr(layer, "layers") and isinstance(inner, dict) and "layers" in inner:
            _complete_model(item, layer)
        else:
            _complete(item, layer)


def _complete(item: Json, owner: Any) -> None:
    """Add the missing options of the quantizers in the options of a layer, and of what it wraps."""
    config = item.get("config")
    if not isinstance(config, dict):
        return
    for key, value in config.items():
        if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
            continue
        for held in _held(owner, key):
            if type(held).__name__ == str(value.get("class_name")).rpartition(">")[2]:
                _fill(value, held) if type(held).__name__ in SIGNATURES else _complete(value, held)
                break


def _held(owner: Any, key: str) -> Iterator[Any]:
    """List the objects that an option may have become: QKeras keeps some under other names, and some in a cell."""
    for place in (owner, getattr(owner, "cell", None)):
        for name in (f"{key}_internal", key, "quantizer"):
            held = getattr(place, name, None)
            if held is not None:
                yield held


def _fill(value: Json, quantizer: Any) -> None:
    """Add the options of a quantizer that its configuration leaves out and that are not the usual ones."""
    name = type(quantizer).__name__
    for option, usual in SIGNATURES[name].items():
        found = getattr(quantizer, option, usual)
        if option in value["config"] or found is None or callable(found):
            continue
        if isinstance(found, np.ndarray | np.generic):
            found = found.tolist()
        if isinstance(found, bool | int | float | str | list) and found != usual:
            value["config"][option] = found


def _has_hgq(model: Any) -> bool:
    """Whether a layer of HGQ2 is in a model or in one that it contains: their bit widths have names only in files."""
    return any(
        type(layer).__module__.split(".")[0] == "hgq" or (hasattr(layer, "layers") and _has_hgq(layer))
        for layer in model.layers
    )


def _saved(model: Any) -> Source:
    """Read a model through a file, which it saves itself."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
        except (OSError, NotImplementedError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(
                f"the model {getattr(model, 'name', '')!r} cannot be saved ({error}). Save it yourself: "
                "model.save('NAME.keras'), and pass the path."
            ) from None
        return replace(read_archive(look(path)), label=f"the live model {getattr(model, 'name', '')!r}")


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
