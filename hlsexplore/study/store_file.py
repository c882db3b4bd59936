"""Opening a study's SQLite file, and what went wrong with it in one sentence."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hlsexplore.errors import StudyError, quoted

BUSY_TIMEOUT_S = 5.0


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing; a file that cannot be written is opened for reading."""
    if path.exists() and not path.is_file():
        raise StudyError(f"the study {str(path)!r} is no regular file. Choose another file.")
    options: dict[str, Any] = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None, "check_same_thread": False}
    try:
        connection: sqlite3.Connection = sqlite3.connect(path, **options)
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname not in ("SQLITE_READONLY_DIRECTORY", "SQLITE_CANTOPEN") or not path.exists():
            raise
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True, **options)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def sentence(path: Path, error: sqlite3.Error) -> str:
    """Say what an error of SQLite means for a study."""
    name = getattr(error, "sqlite_errorname", None) or ""
    shown = repr(str(path))
    if "closed database" in str(error):
        return f"the study {shown} was closed; open it again."
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"the study {shown} is locked by another process. Wait for it or stop it; nothing was lost."
    if name.startswith("SQLITE_FULL"):
        return (
            f"the disk is full: {shown} could not be written. Earlier trials are kept; free some space and run again."
        )
    if name.startswith("SQLITE_NOTADB"):
        return f"{shown} is no study: it is not an SQLite file. Choose another file."
    if name.startswith("SQLITE_READONLY"):
        return f"the study {shown} cannot be written: the file or its folder is read-only."
    if name.startswith("SQLITE_CANTOPEN"):
        return f"the study {shown} cannot be opened. Check that the folder exists and that you may write there."
    if name.startswith("SQLITE_IOERR"):
        return f"the study {shown} could not be read or written ({name}). Earlier trials are kept; check the disk."
    return damaged(path, str(error))


def damaged(path: Path, reason: str) -> str:
    """Say that a study is damaged, and what to do."""
    return (
        f"the study {str(path)!r} is damaged ({reason}) and was left as it is. "
        f"Move it away to start a new one; 'sqlite3 {path.name} .recover' saves what can be read."
    )


def check_values(texts: Iterable[Any], numbers: Iterable[Any]) -> None:
    """Check values of the file.

    Raises:
        TypeError: If a text is none, or a number is neither a number nor unknown.
    """
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{quoted(text)} is no text")
    for number in numbers:
        if number is not None and not isinstance(number, int | float):
            raise TypeError(f"{quoted(number)} is no number")
