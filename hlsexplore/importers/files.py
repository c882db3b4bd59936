"""Reads the files of Keras as data: JSON and HDF5 arrays, nothing is executed, extracted or followed."""

import json
import zipfile
from pathlib import Path
from typing import Any

from hlsexplore.errors import ModelError
from hlsexplore.importers.content import ZIP_MAGIC, Content
from hlsexplore.importers.hdf5 import open_hdf5, readable, text
from hlsexplore.importers.named import named_weights
from hlsexplore.importers.source import Source, WeightTree
from hlsexplore.importers.store import CONTAINERS, stored_weights
from hlsexplore.importers.structure import Json

MAX_JSON_BYTES = 1 << 26
"""Largest configuration that is parsed (64 MiB); that of a large network has some 100 KiB."""
MAX_WEIGHTS_BYTES = 1 << 30
"""Largest weights file that is read (1 GiB)."""
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
CONFIG_MEMBER, METADATA_MEMBER, WEIGHTS_MEMBER = "config.json", "metadata.json", "model.weights.h5"
_WEIGHT_SUFFIXES = (".h5", ".hdf5")
_HLS4ML_KEYS = ("HLSConfig", "KerasJson", "KerasModel", "OnnxModel", "PytorchModel")


def is_keras_archive(content: Content) -> bool:
    """Whether it is what `model.save("NAME.keras")` writes: a ZIP archive with a configuration."""
    return content.is_zip and CONFIG_MEMBER in content.members


def is_keras_hdf5(content: Content) -> bool:
    """Whether it is an HDF5 file, which among models only Keras writes."""
    return content.head.startswith(HDF5_MAGIC)


def is_json(content: Content) -> bool:
    """Whether it is a JSON object, or the text of one written as JSON."""
    return content.text.startswith(("{", '"{'))


def parse_json(data: bytes | str, label: str, what: str) -> Json:
    """Parse a JSON object of bounded size.

    Raises:
        ModelError: If it is too large, malformed or no object.
    """
    if len(data) > MAX_JSON_BYTES:
        raise ModelError(f"{label}: {what} has {len(data)} bytes; more than {MAX_JSON_BYTES} are not read.")
    try:
        value = json.loads(data)
        value = json.loads(value) if isinstance(value, str) else value  # json.dump(model.to_json(), file)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{label}: {what} is no valid JSON ({error}). The file is damaged.") from None
    if not isinstance(value, dict):
        raise ModelError(f"{label}: {what} is no JSON object. The file is damaged.")
    return value


def read_archive(content: Content) -> Source:
    """Read a `.keras` file.

    Raises:
        ModelError: If it is damaged, too large or incomplete.
    """
    path = content.path
    with readable(path.name), zipfile.ZipFile(path) as archive:
        config = parse_json(_member(archive, CONFIG_MEMBER, MAX_JSON_BYTES, path), repr(path.name), CONFIG_MEMBER)
        version = ""
        if METADATA_MEMBER in archive.namelist():
            data = _member(archive, METADATA_MEMBER, MAX_JSON_BYTES, path)
            version = str(parse_json(data, repr(path.name), METADATA_MEMBER).get("keras_version", ""))
    return Source(label=path.name, config=config, weights=_archived_weights(path, version), keras_version=version)


def _archived_weights(path: Path, version: str) -> WeightTree:
    """Read the weights of a `.keras` file.

    Raises:
        ModelError: If they are missing, damaged or too large.
    """
    with readable(path.name), zipfile.ZipFile(path) as archive:
        if WEIGHTS_MEMBER not in archive.namelist():
            raise ModelError(f"{path.name!r} holds no {WEIGHTS_MEMBER!r}. Save it unsharded: model.save('NAME.keras').")
        data = _member(archive, WEIGHTS_MEMBER, MAX_WEIGHTS_BYTES, path)
    with readable(path.name), open_hdf5(data):
        pass
    return lambda spec: stored_weights(path.name, lambda: open_hdf5(data), spec, version)


def _member(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """Read one member of an archive, at most `limit` bytes whatever its header says."""
    if archive.namelist().count(name) > 1:
        raise ModelError(f"{path.name!r} holds {name!r} twice. The file is damaged or forged.")
    with archive.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ModelError(f"{path.name!r}: {name!r} is larger than {limit} bytes and is not read.")
    return data


def read_hdf5(content: Content) -> Source:
    """Read an `.h5` file.

    Raises:
        ModelError: If it is damaged or incomplete.
    """
    path = content.path
    with readable(path.name), open_hdf5(path) as file:
        written = file.attrs.get("model_config")
        if written is None:
            raise ModelError(_no_structure(path.name, file))
        config = parse_json(text(written), repr(path.name), "the attribute 'model_config'")
        version = text(file.attrs.get("keras_version", b""))
        if "model_weights" not in file:
            raise ModelError(f"{path.name!r} holds no weights. Save the whole model: model.save('NAME.keras').")
    return Source(
        label=path.name,
        config=config,
        weights=lambda spec: named_weights(path.name, lambda: open_hdf5(path), "model_weights", spec),
        keras_version=version,
    )


def _no_structure(name: str, file: Any) -> str:
    """Say what an HDF5 file is that holds no model, and what to do."""
    if "layer_names" in file.attrs or any(group in file for group in CONTAINERS):
        return (
            f"{name!r} holds weights only, without the model's structure. Give the architecture first, as "
            "model.to_json() writes it, then the weights: MODEL.json WEIGHTS.h5. Or save the whole model: "
            "model.save('NAME.keras')."
        )
    return f"{name!r} is an HDF5 file without a Keras model. Save the whole model: model.save('NAME.keras')."


def read_pair(content: Content) -> Source:
    """Read an architecture, as `model.to_json()` writes it, and the weights beside it.

    Raises:
        ModelError: If one of them is damaged, missing or something else.
    """
    path = content.path
    with readable(path.name), path.open("rb") as file:
        config = parse_json(file.read(MAX_JSON_BYTES + 1), repr(path.name), "its content")
    if "class_name" not in config:
        is_hls4ml = any(key in config for key in _HLS4ML_KEYS)
        what = "an hls4ml configuration" if is_hls4ml else "a JSON file, but no architecture of Keras"
        raise ModelError(
            f"{path.name!r} is {what}. Give a trained model, or what model.to_json() wrote and its weights."
        )
    if content.weights is None:
        raise ModelError(_weights_wanted(path))
    version = str(config.get("keras_version", ""))
    return Source(
        label=path.name, config=config, weights=_separate_weights(content.weights, version), keras_version=version
    )


def _weights_wanted(path: Path) -> str:
    """Ask for the weights of an architecture, and name the files beside it that may be them."""
    beside = sorted(item.name for item in path.parent.glob("*.h5") if item.name.startswith(path.stem))[:3]
    example = beside[0] if beside else "WEIGHTS.h5"
    return (
        f"{path.name!r} is an architecture without weights, which lie in a second file. Give both: "
        f"{path.name} {example} on the command line, read_model({path.name!r}, {example!r}) in Python."
        + (f" Beside it: {', '.join(beside)}." if beside else "")
    )


def _separate_weights(path: Path, version: str) -> WeightTree:
    """Read a file of weights: of Keras 2 (by name), of Keras 2.12 and later (numbered), or of a whole model.

    Raises:
        ModelError: If it is something else.
    """
    with readable(path.name), path.open("rb") as file:
        head = file.read(8)
    if head.startswith(ZIP_MAGIC):
        return _archived_weights(path, version)
    if head != HDF5_MAGIC:
        raise ModelError(
            f"{path.name!r} is no HDF5 file of weights. Save them from Keras: model.save_weights('NAME.weights.h5')."
        )
    with readable(path.name), open_hdf5(path) as file:
        if "layer_names" in file.attrs or "layer_names0" in file.attrs:
            root = ""
        elif "model_weights" in file:
            root = "model_weights"
        elif any(group in file for group in CONTAINERS):
            return lambda spec: stored_weights(path.name, lambda: open_hdf5(path), spec, version)
        else:
            raise ModelError(f"{path.name!r} is an HDF5 file, but holds no weights of Keras.")
    return lambda spec: named_weights(path.name, lambda: open_hdf5(path), root, spec)
