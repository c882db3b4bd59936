"""Reading files that are files, and writing them so that a full disk or a crash never leaves half of one."""

import errno
import io
import json
import os
import secrets
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def open_regular(path: Path) -> io.BufferedReader:
    """Open a regular file for reading; a pipe or a device in its place could wait or go on for ever.

    Raises:
        OSError: If it cannot be opened, or is something else.
    """
    _check_regular(path.stat(), path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    stream = os.fdopen(os.open(path, flags), "rb")
    try:
        _check_regular(os.fstat(stream.fileno()), path)
    except OSError:
        stream.close()
        raise
    return stream


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Read a regular file of a bounded size.

    Args:
        path: The file.
        max_bytes: A larger file is refused.

    Raises:
        OSError: If it cannot be read, is larger, or is no regular file.
    """
    with open_regular(path) as stream:
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {_size(max_bytes)}", str(path))
    return data


def read_text(path: Path, max_bytes: int) -> str:
    """Read a regular file of UTF-8 as `read_regular` does.

    Raises:
        OSError: As `read_regular`.
        UnicodeDecodeError: If it is no UTF-8.
    """
    return read_regular(path, max_bytes).decode("utf-8")


MAX_REASON = 200
"""Most characters of another library's message that are passed on."""


def read_json(path: Path, max_bytes: int) -> Any:
    """Read a regular file of JSON as `read_regular` does.

    Raises:
        OSError: As `read_regular`.
        ValueError: If it is no JSON, or nested without end.
    """
    text = read_text(path, max_bytes)
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def reason_of(error: BaseException) -> str:
    """Say in short what an error is about, without the number and the path of an error of the system."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if not text and isinstance(error, EOFError):
        return "it ends too early"
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 3]}..."


def _size(count: int) -> str:
    return f"{count >> 20} MB" if count >= 1 << 20 else f"{count} bytes"


def _check_regular(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def replace_text(path: Path, text: str) -> None:
    """Write a text file as `replace_bytes` does, in UTF-8."""
    replace_bytes(path, text.encode())


def replace_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays as a compressed `.npz` as `replace_bytes` does; the name of the file stays as it is."""
    replace_bytes(path, npz_bytes(arrays))


def npz_bytes(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays as the content of a compressed `.npz`; unlike numpy's function it takes any name, also `file`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.save(member, array, allow_pickle=False)
    return buffer.getvalue()


def replace_bytes(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a file through a temporary one beside it, which a failure removes again.

    A link is followed, a file keeps its permissions, and what is no file (`/dev/null`, a pipe) is written to directly.

    Args:
        path: File to write or replace, in a folder that exists.
        data: Content.
        mode: Permissions; None for those of the file that was there, or the usual ones.

    Raises:
        OSError: If the file cannot be written; what was there before is untouched.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(temporary, flags, 0o666 if mode is None else mode & 0o600), "wb") as stream:
            stream.write(data)
        if mode is not None:
            temporary.chmod(mode)
        elif path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
