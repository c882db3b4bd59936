"""Bounded access to HDF5 files: plain arrays of the file itself; nothing is followed out of it."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ModelError
from hlsexplore.importers.source import WeightRef

Opener = Callable[[], AbstractContextManager[Any]]
"""Opens a file anew, for arrays that are read later."""


@contextmanager
def open_hdf5(source: Path | bytes) -> Iterator[Any]:
    """Open a file, or the bytes of one."""
    import h5py

    with h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r") as file:
        yield _folders(file) if any(_WINDOWS in name for name in file) else file


_WINDOWS = "\\"
"""Separator of Windows, with which Keras 2.12 to 2.15 join the names of groups there (`saving_lib.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folder(Mapping[str, Any]):
    """A group of a file written under Windows, where one long name at the top stands for nested groups.

    Attributes:
        own: The group of the file, or None where only the names of others imply one.
        inner: Groups in it that long names make.
    """

    own: Any = None
    inner: dict[str, "Folder"] = field(default_factory=dict)

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Attributes of the group."""
        return {} if self.own is None else self.own.attrs

    def get(self, key: str, default: Any = None, getlink: bool = False) -> Any:
        """Return a member, or how the file links to it, as `h5py.Group.get` does."""
        import h5py

        if key in self.inner:
            return h5py.HardLink() if getlink else self.inner[key]
        return default if self.own is None else self.own.get(key, default, getlink=getlink)

    def __getitem__(self, key: str) -> Any:
        """Return a member, or what a path of the file leads to."""
        if key in self.inner or self.own is None:
            return self.inner[key]
        return self.own[key]

    def __iter__(self) -> Iterator[str]:
        """List the members."""
        yield from self.inner
        yield from (name for name in self.own or () if name not in self.inner and _WINDOWS not in name)

    def __len__(self) -> int:
        """Count the members."""
        return sum(1 for _ in self)


def _folders(file: Any) -> Folder:
    """Return a file's groups nested as their names say."""
    tree: dict[tuple[str, ...], Folder] = {(): Folder(own=file)}
    names = {tuple(name.split(_WINDOWS)): name for name in file if _WINDOWS in name}
    for path in sorted({parts[:end] for parts in names for end in range(1, len(parts) + 1)}):
        name = names.get(path, path[0] if len(path) == 1 and path[0] in file else None)
        tree[path] = Folder(own=None if name is None else child(file, name))
        tree[path[:-1]].inner[path[-1]] = tree[path]
    return tree[()]


@contextmanager
def readable(label: str) -> Iterator[None]:
    """Turn whatever a broken file makes the ZIP and HDF5 readers raise into one clear error.

    Args:
        label: The file's name.
    """
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
        reason = str(error)[:200]
        raise ModelError(
            f"{label!r} is damaged or incomplete and cannot be read ({reason}). Copy or save the model again."
        ) from None


def child(group: Any, name: str) -> Any:
    """Open a member of a group that lies in the same file; links out of the file are refused.

    Raises:
        ModelError: If a part of the path is missing, or a soft or external link.
    """
    import h5py

    for part in name.split("/"):
        if group.get(part, getlink=True) is None:
            raise ModelError(f"{name[:80]!r} is missing in the HDF5 file, which is incomplete. Save the model again.")
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise ModelError(
                f"{name[:80]!r} is a link in the HDF5 file. Links are not followed: the file is damaged or forged."
            )
        group = group[part]
    return group


def reference(dataset: Any, reopen: Opener, path: str = "") -> WeightRef:
    """Describe a dataset that is stored in this file itself.

    Args:
        dataset: The dataset.
        reopen: Opens the file again when the values are wanted.
        path: What to call it, where that is not its place in the file.

    Raises:
        ModelError: If it is no plain array, or its values lie elsewhere.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise ModelError(f"the weight {dataset.name!r} is no plain array of this file. The file is damaged or forged.")
    where = str(dataset.name)

    def load() -> NDArray[Any]:
        try:
            with reopen() as file:
                return np.asarray(file[where][()])
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError) as error:
            reason = str(error)[:200]
            raise ModelError(f"the weight {where!r} cannot be read ({reason}). The file is damaged.") from None

    return WeightRef(path=path or where.lstrip("/"), shape=tuple(int(size) for size in dataset.shape or ()), load=load)


def text(value: Any) -> str:
    """Return an attribute that is a text, whether it is stored as one or as bytes."""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def list_attribute(group: Any, name: str) -> list[str]:
    """Read a list of texts that Keras splits into name0, name1, ... when it is long."""
    if name in group.attrs:
        return [text(item) for item in group.attrs[name]]
    values: list[Any] = []
    while f"{name}{len(values)}" in group.attrs and len(values) < 1000:
        values.append(group.attrs[f"{name}{len(values)}"])
    return [text(item) for part in values for item in part]
