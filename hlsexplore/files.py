"""Writing files so that a full disk or a crash never leaves half of one."""

import os
import tempfile
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write a text file through a temporary one beside it, which a failure removes again.

    Args:
        path: File to write or replace, in a folder that exists.
        text: Content, written as UTF-8.

    Raises:
        OSError: If the file cannot be written; what was there before is untouched.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
