"""Functions compiled by numba, kept between runs where everything else is kept."""

from collections.abc import Callable
from typing import Any

from hlsexplore.support.cache import cache_directory


def compiled(function: Callable[..., Any]) -> Any:
    """Let numba compile a function at its first call, without Python's lock while it runs.

    Its code is kept in `cache_directory()`, or beside its source where that cannot be written; where neither can, it is
    compiled again in each process.

    Args:
        function: A function of a module that is imported only where numba is installed.
    """
    from numba import config, njit

    before = config.CACHE_DIR
    config.CACHE_DIR = str(cache_directory().absolute() / "numba")
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # "no locator available"
        return njit(nogil=True)(function)
    finally:
        config.CACHE_DIR = before
