"""Processes that tests start and stop."""

import os
from pathlib import Path

from hlsexplore.support.cache import cache_directory


def own_cache(folder: Path) -> Path:
    """Make a cache for a process that a test starts; only compiled kernels are shared, which take seconds to make."""
    kernels = cache_directory().absolute() / "numba"
    kernels.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    (folder / "numba").symlink_to(kernels)
    return folder


def is_alive(pid: int) -> bool:
    """Whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
