"""The files of an hls4ml project, in a folder or an archive: read by name, bounded, never extracted."""

import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from hlsexplore.errors import ModelError
from hlsexplore.importers.content import Content

MAX_FILE_BYTES = 256 << 20
"""Largest file of a project that is read: the weights of a layer as text."""
MAX_TOTAL_BYTES = 1 << 30
MAX_MEMBERS = 20_000
GZIP_MAGIC = b"\x1f\x8b"
PARAMETERS = "firmware/parameters.h"
ARCHITECTURE = "model_arch.json"
_ONEAPI = "src/"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Members:
    """The files of a project.

    Attributes:
        label: Name of the project for messages.
        readers: Path within the project -> function that returns the bytes.
    """

    label: str
    readers: Mapping[str, Callable[[], bytes]]

    def __contains__(self, name: object) -> bool:
        """Whether the project has the file."""
        return name in self.readers

    def data(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            ModelError: If the project does not have it, or it cannot be read.
        """
        if name not in self.readers:
            raise ModelError(f"the hls4ml project {self.label!r} has no {name!r}. Write it again with model.write().")
        return self.readers[name]()

    def text(self, name: str) -> str:
        """Return a file as text; what is no UTF-8 becomes a replacement character."""
        return self.data(name).decode("utf-8", errors="replace")

    def named(self, folder: str, ending: str) -> tuple[str, ...]:
        """List the files directly in a folder by their ending, sorted."""
        paths = (PurePosixPath(name) for name in self.readers)
        return tuple(sorted(str(path) for path in paths if str(path.parent) == folder and path.suffix == ending))


def is_project(content: Content) -> bool:
    """Whether a folder is an hls4ml project, or what is left of one, or a compressed archive may hold one."""
    if content.is_folder:
        known = {"firmware", "hls4ml_config.yml", ARCHITECTURE} & content.members
        return bool(known) or (content.path / _ONEAPI / PARAMETERS).is_file()
    return content.head.startswith(GZIP_MAGIC)


def open_members(content: Content) -> Members:
    """List the files of a project folder, its .tar.gz or a .fml.

    Raises:
        ModelError: If it cannot be read or holds neither a project nor a saved model of hls4ml.
    """
    found = _of_folder(content) if content.is_folder else _of_archive(content)
    for mark in (PARAMETERS, ARCHITECTURE):
        root = _root(found, mark)
        if root is not None:
            return Members(
                label=content.label, readers={n[len(root) :]: r for n, r in found.items() if n.startswith(root)}
            )
    if content.is_folder:
        raise ModelError(
            f"{content.label!r} is half an hls4ml project: it has no {PARAMETERS}. Write it again with model.write(), "
            "or give the trained model and the configuration (hlsexplore init MODEL --hls4ml hls4ml_config.yml)."
        )
    raise ModelError(
        f"{content.label!r} is a compressed archive (.gz). It holds no hls4ml project ({PARAMETERS}) and no saved "
        f"model ({ARCHITECTURE}). Unpack it and give the model file."
    )


def _root(readers: Mapping[str, Callable[[], bytes]], mark: str) -> str | None:
    """Return the folder, with a slash, that holds a project; the shortest one."""
    roots = [name[: -len(mark)] for name in readers if name == mark or name.endswith(f"/{mark}")]
    return min(roots, key=len, default=None)


def _of_folder(content: Content) -> dict[str, Callable[[], bytes]]:
    found: dict[str, Callable[[], bytes]] = {}
    for place in ("", "firmware", "firmware/weights", f"{_ONEAPI}firmware", f"{_ONEAPI}firmware/weights"):
        folder = content.path / place
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir())[:MAX_MEMBERS]:
            if path.is_file():
                found[_usual(f"{place}/{path.name}" if place else path.name)] = partial(_read, path)
    return found


def _usual(name: str) -> str:
    """Return where a file would be in a project of another back end than oneAPI, which has its C++ in `src`."""
    return name.replace(f"{_ONEAPI}firmware/", "firmware/", 1)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MAX_FILE_BYTES + 1), path.name)
    except OSError as error:
        raise ModelError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from None


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise ModelError(f"{name!r} is larger than {MAX_FILE_BYTES >> 20} MB; hls4ml writes no such file.")
    return data


def _of_archive(content: Content) -> dict[str, Callable[[], bytes]]:
    """Read the regular files of a compressed archive into memory; names are only compared, never used as paths.

    Raises:
        ModelError: If the archive is damaged or too large.
    """
    found: dict[str, Callable[[], bytes]] = {}
    total = 0
    try:
        with tarfile.open(content.path, mode="r:gz") as archive:
            for count, member in enumerate(archive):
                total += member.size if member.isfile() else 0
                if count >= MAX_MEMBERS or total > MAX_TOTAL_BYTES or member.size > MAX_FILE_BYTES:
                    raise ModelError(f"{content.label!r} holds more than any hls4ml project does; it is not read.")
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None and _is_wanted(member.name):
                    found[_usual(member.name.lstrip("/").removeprefix("./"))] = io.BytesIO(file.read()).getvalue
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ModelError(f"{content.label!r} is a compressed archive (.gz). It cannot be read: {error}.") from None
    return found


def _is_wanted(name: str) -> bool:
    """Whether a member can matter: neither build products nor hls4ml's own headers."""
    path = PurePosixPath(name)
    return path.suffix in {".h", ".cpp", ".txt", ".tcl", ".yml", ".json", ".npy", ".keras", ".h5"} and not (
        {"nnet_utils", "ap_types", "solution1"} & set(path.parts)
    )
