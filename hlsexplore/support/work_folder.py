"""Private folders with plain names, in which tools work: some of them hand the names of files to a shell."""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from hlsexplore.errors import ToolError
from hlsexplore.support.cache import cache_directory
from hlsexplore.support.locks import try_lock

VARIABLE = "HLSEXPLORE_WORK"
PREFIX = "hlsexplore-work-"
LOCK = "lock"
UNLOCKED_S = 3600.0
"""A folder without its lock file that is older than this was left by a process that died while it made the folder."""
_PLAIN = re.compile(r"[A-Za-z0-9_./+~:\\-]+" if sys.platform == "win32" else r"[A-Za-z0-9_./+-]+")


@contextmanager
def work_folder(base: Path | None = None) -> Iterator[Path]:
    """Give an empty folder that only this user may enter and whose whole path means nothing to a shell.

    It is removed afterwards; what a process left that was killed is removed by the next one.

    Args:
        base: Folder to make it in, with a plain name; `work_base()` when None.

    Raises:
        ToolError: If there is no folder to make it in.
    """
    base = work_base() if base is None else base
    _sweep(base)
    root, lock = _make(base)
    try:
        yield root / "run"
    finally:
        _remove(root)
        lock.close()


def work_base() -> Path:
    """Return where working folders go: `HLSEXPLORE_WORK`, else a folder for temporary files or the cache.

    Its real path has a plain name, and programs may be run in it.

    Raises:
        ToolError: If the variable names no such folder, or none of the others is one.
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen:
        base = Path(chosen).expanduser().resolve()
        if _is_usable(base):
            return base
        raise ToolError(
            f"{VARIABLE} is set to {chosen!r}, where tools cannot work: it must be a folder that you may write to and "
            "run programs in, its path of letters, digits, '_', '-', '.' and '/'."
        )
    temporary = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    for name in (*filter(None, temporary), tempfile.gettempdir(), "/tmp", "/var/tmp", str(cache_directory())):
        base = Path(name).expanduser().resolve()
        if _is_usable(base):
            return base
    raise ToolError(
        "tools have no folder to work in: none of those for temporary files can be written to, lets programs run and "
        f"has a path of letters, digits, '_', '-', '.' and '/' only. Set {VARIABLE} to such a folder."
    )


def is_plain(path: Path) -> bool:
    """Whether a path means the same to every program, a shell included.

    Examples:
        >>> is_plain(Path("/tmp/run_1")), is_plain(Path("/home/me/my projects")), is_plain(Path("/tmp/-x"))
        (True, False, False)
    """
    return bool(_PLAIN.fullmatch(str(path))) and not any(part.startswith("-") for part in path.parts)


def _is_usable(base: Path) -> bool:
    if not is_plain(base) or not base.is_dir() or not os.access(base, os.W_OK | os.X_OK):
        return False
    return not hasattr(os, "statvfs") or not os.statvfs(base).f_flag & getattr(os, "ST_NOEXEC", 0)


def _make(base: Path) -> tuple[Path, IO[bytes]]:
    while True:
        try:
            root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            lock = try_lock(root / LOCK)
            if lock is not None:
                (root / "run").mkdir(mode=0o700)
                return root, lock
        except FileNotFoundError:  # another process took it for a folder that was left
            continue
        except OSError as error:
            raise ToolError(
                f"a working folder in {str(base)!r} cannot be made: {error.strerror or error}. Set {VARIABLE} to "
                "another folder."
            ) from None


def _sweep(base: Path) -> None:
    """Remove what processes left that were killed."""
    own = os.geteuid() if hasattr(os, "geteuid") else None
    with suppress(OSError):
        for entry in os.scandir(base):
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if own is None or status.st_uid == own:
                        _remove_left(Path(entry.path), status.st_mtime)


def _remove_left(root: Path, changed: float) -> None:
    if not (root / LOCK).is_file():
        if time.time() - changed > UNLOCKED_S:
            _remove(root)
        return
    lock = try_lock(root / LOCK, make=False)
    if lock is not None:
        with lock:
            _remove(root)


def _remove(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    if root.exists():  # a tool took the right to write away
        for folder, _, _ in os.walk(root):
            with suppress(OSError):
                Path(folder).chmod(0o700)
        shutil.rmtree(root, ignore_errors=True)
