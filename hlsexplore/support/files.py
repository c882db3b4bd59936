"""Writing files so that a full disk or a crash never leaves half of one."""

import io
import os
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


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


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file through a temporary one beside it, which a failure removes again.

    A link is followed, a file keeps its permissions, and what is no file (`/dev/null`, a pipe) is written to directly.

    Args:
        path: File to write or replace, in a folder that exists.
        data: Content.

    Raises:
        OSError: If the file cannot be written; what was there before is untouched.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
            stream.write(data)
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o7777)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
