"""A first, bounded look at what lies under a path: enough to tell formats apart, whatever the file is called."""

import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from hlsexplore.errors import ModelError
from hlsexplore.support.files import open_regular

HEAD_BYTES = 4096
"""Bytes at the beginning of a file that are looked at."""
MAX_FILE_BYTES = 1 << 31
"""Largest model file that is opened (2 GiB)."""
MAX_MEMBERS = 100_000
"""Most members of an archive or folder that are listed; a Keras file has 3, a PyTorch program some hundreds."""
ZIP_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What lies under a path.

    Attributes:
        path: The path.
        is_folder: Whether it is a folder; else it is a regular file of bounded size.
        head: Its first bytes; empty for a folder.
        members: Names in the ZIP archive or directly in the folder; empty for other files and for broken archives.
        weights: A file of weights that the user gave beside it, or None.
    """

    path: Path
    is_folder: bool = False
    head: bytes = b""
    members: frozenset[str] = frozenset()
    weights: Path | None = None

    @property
    def label(self) -> str:
        """The file's name, for messages."""
        return self.path.name or str(self.path)

    @property
    def is_zip(self) -> bool:
        """Whether it is a ZIP archive, broken or not."""
        return self.head.startswith(ZIP_MAGIC)

    @property
    def text(self) -> str:
        """The head as text without leading blanks, for formats that are text."""
        return self.head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")

    def has_member(self, leaf: str) -> bool:
        """Whether a member is called `leaf`, in whatever folder of the archive."""
        return any(name == leaf or name.endswith(f"/{leaf}") for name in self.members)


def look(path: Path, weights: Path | None = None) -> Content:
    """Look at a model file or folder; at most its head and its list of members are read.

    Args:
        path: The model.
        weights: A file of weights beside it.

    Raises:
        ModelError: If something does not exist, is no regular file or folder, is too large or cannot be read.
    """
    if weights is not None and not stat.S_ISREG(_mode(weights, "file of weights")):
        raise ModelError(f"the file of weights {str(weights)!r} is no regular file. Give the file itself.")
    mode = _mode(path, "model file")
    try:
        if stat.S_ISDIR(mode):
            names = (item.name for _, item in zip(range(MAX_MEMBERS), path.iterdir(), strict=False))
            return Content(path=path, is_folder=True, members=frozenset(names), weights=weights)
        if not stat.S_ISREG(mode):
            raise ModelError(f"the model file {str(path)!r} is a device, pipe or socket. Give a regular file.")
        with open_regular(path) as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise ModelError(f"the model file {str(path)!r} cannot be read: {error.strerror or error}.") from None
    members = _members(path) if head.startswith(ZIP_MAGIC) else frozenset()
    return Content(path=path, head=head, members=members, weights=weights)


def _mode(path: Path, what: str) -> int:
    """Return the kind of a file.

    Raises:
        ModelError: If it does not exist or is too large.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):
        raise ModelError(f"the {what} {str(path)!r} does not exist.") from None
    if stat.S_ISREG(found.st_mode) and found.st_size > MAX_FILE_BYTES:
        raise ModelError(
            f"the {what} {str(path)!r} has {found.st_size} bytes; more than {MAX_FILE_BYTES} are not read."
        )
    return found.st_mode


def _members(path: Path) -> frozenset[str]:
    """List a ZIP archive; nothing for a broken one, whose reader says what is wrong."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist()[:MAX_MEMBERS])
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return frozenset()
