"""Files that at most one holder has at a time, in this process or another; the system frees them when it dies."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

POLL_S = 0.05


@contextmanager
def held(path: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a lock file, which is made here and removed at the end.

    Args:
        path: The file, in a folder that exists.
        wait_s: How long to wait for another holder.

    Raises:
        BlockingIOError: If another holder still has it.
        OSError: If it cannot be made.
    """
    deadline = time.monotonic() + wait_s
    while (file := try_lock(path)) is None:
        if time.monotonic() >= deadline:
            raise BlockingIOError(errno.EWOULDBLOCK, "another process holds it", str(path))
        time.sleep(POLL_S)
    try:
        yield
    finally:
        # Removed while it is held: whoever opened it meanwhile sees that it is gone, and makes a new one.
        with suppress(OSError):
            path.unlink()
        file.close()


def try_lock(path: Path, *, make: bool = True) -> IO[bytes] | None:
    """Return the lock file, held until it is closed, or None while another holder has it.

    Args:
        path: The file.
        make: Whether to make it where it is missing.

    Raises:
        OSError: If it cannot be opened or made.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if make else 0)
    descriptor = os.open(path, flags, 0o600)
    file = os.fdopen(descriptor, "r+b")
    if _lock(descriptor) and _is_at(path, descriptor):
        return file
    file.close()
    return None


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file still has its name: the last holder removes it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _lock(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
