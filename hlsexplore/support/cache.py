"""Results kept between runs, by content: a small store of JSON files in the user's cache directory."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hlsexplore.support.files import read_json, replace_text

MAX_BYTES = 256 << 20
MAX_ENTRIES = 5000
"""Entries of one kind that stay; the ones that were not used for longest go first. An entry has a few kB."""


def cache_directory() -> Path:
    """Return the directory for results that can be made again: `HLSEXPLORE_CACHE`, else the system's usual place."""
    chosen = os.environ.get("HLSEXPLORE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "hlsexplore"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "hlsexplore" / "Cache"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else home / ".cache") / "hlsexplore"


def content_key(parts: Iterable[str | bytes]) -> str:
    """Hash pieces of content; their boundaries count.

    Examples:
        >>> content_key(["ab", "c"]) == content_key(["a", "bc"])
        False
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def load(kind: str, key: str) -> dict[str, Any] | None:
    """Return a stored result, or None when there is none or it is damaged."""
    path = _path(kind, key)
    try:
        data = read_json(path, MAX_BYTES)
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict):
        return None
    with suppress(OSError):
        os.utime(path)
    return data


def store(kind: str, key: str, data: dict[str, Any]) -> None:
    """Keep a result; a full or read-only disk only means that it is not kept."""
    path = _path(kind, key)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps(data))
        _prune(path.parent)


def _path(kind: str, key: str) -> Path:
    return cache_directory() / kind / f"{key}.json"


def _prune(folder: Path) -> None:
    entries = list(folder.glob("*.json"))
    if len(entries) <= MAX_ENTRIES:
        return
    by_age = sorted((path.stat().st_mtime, path) for path in entries)
    for _, path in by_age[: len(by_age) - MAX_ENTRIES * 9 // 10]:
        path.unlink(missing_ok=True)
