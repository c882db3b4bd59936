"""The manifest of a project, `hlsexplore.json`: read and checked for `Project.load`.

This file knows the fields of a project, not the project: that one reads itself from here.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

from hlsexplore.element_types import ElementTypes
from hlsexplore.encoding import AffineUnit, Encoding
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed
from hlsexplore.support.files import read_json, reason_of
from hlsexplore.target import Target
from hlsexplore.task import Head
from hlsexplore_hls.flows import find_flow
from hlsexplore_hls.ports import Port

MANIFEST = "hlsexplore.json"
MAX_BYTES = 256 << 20
FORMAT = 1


class Fields(TypedDict):
    """What a manifest says: the fields of a `Project`."""

    path: Path
    flow: str
    model: str
    design_key: str
    target: Target
    top: str
    interface: str
    latency_cycles: int | None
    ii_cycles: int | None
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: Mapping[str, str]
    files: Mapping[str, str]
    extra: Mapping[str, Any]


def read_manifest(folder: Path, complete: bool = True) -> Fields:
    """Read the manifest in a folder.

    Args:
        folder: The project's folder.
        complete: Also check that every file is there.

    Raises:
        ConfigError: If the folder is no project, its manifest is damaged, or a file of it is missing.
    """
    file = folder / MANIFEST
    try:
        data = read_json(file, MAX_BYTES)
    except FileNotFoundError:
        raise ConfigError(
            f"{str(folder)!r} is no hlsexplore project: it has no file {MANIFEST!r}. Export a design there."
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the manifest {str(file)!r} cannot be read ({reason_of(error)}). Export the design again."
        ) from None
    try:
        project = _from_manifest(folder, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"the manifest {str(file)!r} is damaged ({error!r}). Export the design again.") from None
    missing = [name for name in project["files"] if not (folder / name).is_file()]
    if missing and complete:
        names = ", ".join(map(repr, missing[:5]))
        raise ConfigError(f"the project {str(folder)!r} lacks {names}. Export the design again.")
    return project


def _from_manifest(folder: Path, data: Mapping[str, Any]) -> Fields:
    if data["format"] != FORMAT:
        raise ConfigError(
            f"the project {str(folder)!r} has the format {data['format']!r}, and this version reads format {FORMAT}. "
            "Export the design again."
        )
    find_flow(data["flow"])
    for name in data["files"]:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
            raise ValueError(f"unsafe path {name!r}")
    return Fields(
        path=folder,
        flow=data["flow"],
        model=str(data["model"]),
        design_key=str(data["design_key"]),
        target=Target(**data["target"]),
        top=_word(data["top"]),
        interface=_word(data["interface"]),
        latency_cycles=_cycles(data["latency_cycles"]),
        ii_cycles=_cycles(data["ii_cycles"]),
        inputs=tuple(map(_read_port, data["inputs"])),
        outputs=tuple(map(_read_port, data["outputs"])),
        layers={str(name): _word(value) for name, value in data["layers"].items()},
        files={str(name): str(value) for name, value in data["files"].items()},
        extra=dict(data["extra"]),
    )


def _read_port(data: Mapping[str, Any]) -> Port:
    shape = tuple(int(size) for size in data["shape"])
    types = ElementTypes.from_dict(data["types"]).broadcast_to(shape) if "types" in data else None
    return Port(
        name=str(data["name"]),
        identifier=_word(data["identifier"]),
        shape=shape,
        type=Fixed.parse(data["type"]),
        types=types,
        encoding=Encoding.from_dict(data["encoding"]) if "encoding" in data else None,
        unit=AffineUnit.from_dict(data["unit"]) if "unit" in data else None,
        head=Head(data["head"]),
        layer=str(data.get("layer", "")),
    )


def _word(value: object) -> str:
    """Return an identifier of a manifest; one that is none could reach a script of a tool."""
    if isinstance(value, str) and value.isascii() and value.isidentifier():
        return value
    raise ValueError(f"{value!r} is no identifier")


def _cycles(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r} is no number of cycles")
