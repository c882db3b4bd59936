"""Reads report files: regular ones, not too large, not older than the run that they belong to."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ToolError
from hlsexplore.support.files import open_regular

MAX_REPORT_BYTES = 64 << 20


def read_report(path: Path, max_bytes: int = MAX_REPORT_BYTES, newer_than_ns: int | None = None) -> str:
    """Read a report as text.

    Args:
        path: The file.
        max_bytes: Larger files are refused; no real report comes near the default.
        newer_than_ns: Time of the run's start (`time.time_ns`); a file from before it is refused.

    Raises:
        ToolError: If there is no such file, or it is refused.
    """
    try:
        with open_regular(path) as file:
            changed_ns = os.fstat(file.fileno()).st_mtime_ns
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ToolError(f"the report {str(path)!r} cannot be read: {error.strerror or error}.") from None
    if len(data) > max_bytes:
        raise ToolError(f"the report {str(path)!r} is larger than {max_bytes >> 20} MB, so it is not read.")
    _check_age(path, changed_ns, newer_than_ns)
    return data.decode("utf-8", errors="replace")


def read_integers(path: Path, dtype: str, count: int) -> NDArray[Any]:
    """Read the integers that a simulation left: all of them, or `count` and one more.

    Raises:
        ToolError: If there is no such file, or it is no regular one.
    """
    width = np.dtype(dtype).itemsize
    try:
        with open_regular(path) as file:
            data = file.read((count + 1) * width)
    except OSError as error:
        raise ToolError(f"the simulation left no usable {path.name!r}: {error.strerror or error}.") from None
    return np.frombuffer(data[: len(data) // width * width], dtype=dtype)


def check_made(path: Path, newer_than_ns: int) -> None:
    """Check that a run made a file whose content is not for us.

    Raises:
        ToolError: If there is no such file, or it is older than the run's start.
    """
    try:
        with open_regular(path) as file:
            changed_ns = os.fstat(file.fileno()).st_mtime_ns
    except OSError as error:
        raise ToolError(f"the file {str(path)!r} cannot be read: {error.strerror or error}.") from None
    _check_age(path, changed_ns, newer_than_ns)


def _check_age(path: Path, changed_ns: int, newer_than_ns: int | None) -> None:
    if newer_than_ns is not None and changed_ns < newer_than_ns:
        raise ToolError(f"the report {str(path)!r} is older than this run: the tool left no report. Run it again.")
