"""Reads `.keras` and `.h5` files as data: JSON and HDF5 arrays, nothing is executed, extracted or followed."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ModelError
from hlsexplore.importers.content import Content
from hlsexplore.importers.source import EMPTY, Json, LayerKey, LayerWeights, Source, WeightRef, WeightTree
from hlsexplore.importers.structure import MAX_DEPTH

MAX_JSON_BYTES = 1 << 26
"""Largest configuration that is parsed (64 MiB); that of a large network has some 100 KiB."""
MAX_WEIGHTS_BYTES = 1 << 30
"""Largest weights file that is read (1 GiB)."""
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
CONFIG_MEMBER, METADATA_MEMBER, WEIGHTS_MEMBER = "config.json", "metadata.json", "model.weights.h5"


def is_keras_archive(content: Content) -> bool:
    """Whether it is what `model.save("NAME.keras")` writes: a ZIP archive with a configuration."""
    return content.is_zip and CONFIG_MEMBER in content.members


def is_keras_hdf5(content: Content) -> bool:
    """Whether it is an HDF5 file, which among models only Keras writes."""
    return content.head.startswith(HDF5_MAGIC)


def parse_json(data: bytes | str, label: str, what: str) -> Json:
    """Parse a JSON object of bounded size.

    Raises:
        ModelError: If it is too large, malformed or no object.
    """
    if len(data) > MAX_JSON_BYTES:
        raise ModelError(f"{label}: {what} has {len(data)} bytes; more than {MAX_JSON_BYTES} are not read.")
    try:
        value = json.loads(data)
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
    with readable(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        config = parse_json(_member(archive, CONFIG_MEMBER, MAX_JSON_BYTES, path), repr(path.name), CONFIG_MEMBER)
        version = ""
        if METADATA_MEMBER in names:
            metadata = parse_json(
                _member(archive, METADATA_MEMBER, MAX_JSON_BYTES, path), repr(path.name), METADATA_MEMBER
            )
            version = str(metadata.get("keras_version", ""))
        if WEIGHTS_MEMBER not in names:
            raise ModelError(f"{path.name!r} holds no {WEIGHTS_MEMBER!r}. Save it unsharded: model.save('NAME.keras').")
        data = _member(archive, WEIGHTS_MEMBER, MAX_WEIGHTS_BYTES, path)
    tree = WeightTree(layer=lambda key: _store_weights(path, data, key))
    with readable(path), _hdf5(io.BytesIO(data)):
        pass
    return Source(label=path.name, config=config, weights=tree, keras_version=version)


def _member(archive: zipfile.ZipFile, name: str, limit: int, path: Path) -> bytes:
    """Read one member of an archive, at most `limit` bytes whatever its header says."""
    if archive.namelist().count(name) > 1:
        raise ModelError(f"{path.name!r} holds {name!r} twice. The file is damaged or forged.")
    with archive.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ModelError(f"{path.name!r}: {name!r} is larger than {limit} bytes and is not read.")
    return data


def _store_weights(path: Path, data: bytes, key: LayerKey) -> LayerWeights:
    """Find a layer's group in the weights of a `.keras` file: by the stored names, else by Keras' numbering."""
    with readable(path), _hdf5(io.BytesIO(data)) as file:
        group = file
        for name, numbered in zip(key.names, key.groups, strict=True):
            layers = next(
                (_child(group, item) for item in ("layers", "_layer_checkpoint_dependencies") if item in group), None
            )
            found = None if layers is None else _named_child(layers, name, numbered)
            group = None if layers is None or found is None else _child(layers, found)
            if group is None:
                break
        if group is None or not _holds_values(group):  # Keras stores a layer that is shared at its first place only
            group = _find_elsewhere(file, key.names) or group
        if group is None:
            return EMPTY
        groups: dict[str, tuple[WeightRef, ...]] = {}
        _collect(group, "", path, data, groups)
    return LayerWeights(groups=groups)


def _holds_values(group: Any) -> bool:
    """Whether a layer's group or one of its components has arrays."""
    return any(
        bool(len(_child(group, name))) if name == "vars" else name != "layers" and _holds_values(_child(group, name))
        for name in group
        if hasattr(_child(group, name), "keys")
    )


def _find_elsewhere(file: Any, names: tuple[str, ...]) -> Any:
    """Find the only group whose stored layer names end as this path does; None if there is none or several."""
    found: list[Any] = []
    stack: list[tuple[Any, tuple[str, ...]]] = [(file, ())]
    while stack:
        group, above = stack.pop()
        layers = _child(group, "layers") if "layers" in group else {}
        for item in layers:
            layer = _child(layers, item)
            path = (*above, _stored_name(layer) or "")
            if path[-len(names) :] == names and _holds_values(layer):
                found.append(layer)
            if len(path) < MAX_DEPTH:
                stack.append((layer, path))
    return found[0] if len(found) == 1 else None


def _named_child(layers: Any, name: str, numbered: str) -> str | None:
    """Return the group whose stored layer name is `name`; files without names are numbered by class."""
    stored = {item: _stored_name(_child(layers, item)) for item in layers}
    if stored.get(numbered) == name:
        return numbered
    matches = [item for item, value in stored.items() if value == name]
    if len(matches) == 1:
        return str(matches[0])
    return numbered if numbered in stored and stored[numbered] is None else None


def _stored_name(group: Any) -> str | None:
    value = _child(group, "vars").attrs.get("name") if "vars" in group else None
    return str(value) if isinstance(value, str) else None


def _collect(group: Any, component: str, path: Path, data: bytes, into: dict[str, tuple[WeightRef, ...]]) -> None:
    """Gather the arrays of a layer and of its components (cells, wrapped layers)."""
    for name in group:
        if name == "layers":
            continue
        child = _child(group, name)
        if name != "vars":
            if hasattr(child, "keys") and component.count("/") < 4:
                _collect(child, f"{component}/{name}".lstrip("/"), path, data, into)
            continue
        numbers = sorted((item for item in child if item.isdigit() and len(item) < 6), key=int)
        into[component] = tuple(_reference(_child(child, item), lambda: _hdf5(io.BytesIO(data))) for item in numbers)


def read_hdf5(content: Content) -> Source:
    """Read an `.h5` file.

    Raises:
        ModelError: If it is damaged or incomplete.
    """
    path = content.path
    with readable(path), _hdf5(path) as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise ModelError(
                f"{path.name!r} holds weights only, without the model's structure. Save the whole model: "
                "model.save('NAME.keras') or model.save('NAME.h5'), not save_weights."
            )
        config = parse_json(_text(text), repr(path.name), "the attribute 'model_config'")
        version = _text(file.attrs.get("keras_version", b""))
        if "model_weights" not in file:
            raise ModelError(f"{path.name!r} holds no weights. Save the whole model: model.save('NAME.keras').")
    return Source(
        label=path.name,
        config=config,
        weights=WeightTree(layer=lambda key: _named_weights(path, key)),
        keras_version=version,
    )


def _named_weights(path: Path, key: LayerKey) -> LayerWeights:
    """Find a layer's weights in an `.h5` file; those of nested models lie in the outermost one's group."""
    with readable(path), _hdf5(path) as file:
        top = _child(file, "model_weights")
        if key.names[0] not in top:
            return EMPTY
        group = _child(top, key.names[0])
        names = [_text(item) for item in _list_attribute(group, "weight_names")]
        refs = [_reference(_child(group, name), lambda: _hdf5(path), name) for name in names]
    if len(key.names) > 1:
        scores = [_agreement(ref.path, key.names) for ref in refs]
        best = max(scores, default=0)
        refs = [ref for ref, score in zip(refs, scores, strict=True) if score == best > 0]
    return LayerWeights(named=tuple(refs))


def _agreement(path: str, names: tuple[str, ...]) -> int:
    """Count how many names, from the layer's own outwards, a weight's path has in a row."""
    folders = path.split("/")[:-1]
    best = 0
    for end in (index for index, folder in enumerate(folders, start=1) if folder == names[-1]):
        count = 0
        while count < min(end, len(names)) and folders[end - 1 - count] == names[-1 - count]:
            count += 1
        best = max(best, count)
    return best


def _list_attribute(group: Any, name: str) -> list[Any]:
    """Read a list that Keras splits into name0, name1, ... when it is long."""
    if name in group.attrs:
        return list(group.attrs[name])
    values: list[Any] = []
    while f"{name}{len(values)}" in group.attrs and len(values) < 1000:
        values.append(group.attrs[f"{name}{len(values)}"])
    return [item for part in values for item in part]


def _reference(dataset: Any, reopen: Any, path: str = "") -> WeightRef:
    """Describe a dataset that is stored in this file itself."""
    import h5py

    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise ModelError(f"the weight {dataset.name!r} is no plain array of this file. The file is damaged or forged.")
    where = str(dataset.name)

    def load() -> NDArray[Any]:
        try:
            with reopen() as file:
                return np.asarray(file[where][()])
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError) as error:
            raise ModelError(f"the weight {where!r} cannot be read ({error}). The file is damaged.") from None

    return WeightRef(path=path or where.lstrip("/"), shape=tuple(int(size) for size in dataset.shape or ()), load=load)


def _child(group: Any, name: str) -> Any:
    """Open a member of a group that lies in the same file; links out of the file are refused.

    Raises:
        ModelError: If a part of the path is a soft or external link.
    """
    import h5py

    for part in name.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise ModelError(
                f"{name!r} is a link in the HDF5 file. Links are not followed: the file is damaged or forged."
            )
        group = group[part]
    return group


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


@contextmanager
def _hdf5(source: Path | io.BytesIO) -> Iterator[Any]:
    import h5py

    with h5py.File(source, "r") as file:
        yield file


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn whatever a broken file makes the ZIP and HDF5 readers raise into one clear error."""
    try:
        yield
    except (
        OSError,
        RuntimeError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        NotImplementedError,
        EOFError,
        MemoryError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
    ) as error:
        raise ModelError(
            f"{path.name!r} is damaged or incomplete and cannot be read ({error}). Copy or save the model again."
        ) from None
