"""Functions compiled by numba, kept between runs where everything else is kept."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from hlsexplore.support.cache import cache_directory, content_key

IMPORTED = re.compile(r"^from (hlsexplore[.\w]*) import", re.MULTILINE)
KEPT_S = 60 * 86400
"""Seconds after its last use for which compiled code is kept."""


def compiled(function: Callable[..., Any]) -> Any:
    """Let numba compile a function at its first call, without Python's lock while it runs.

    Its code is kept in `cache_directory()`, or beside its source where that cannot be written; where neither can, or
    the disk is full, it is compiled again in each process.

    numba names the code it keeps by the path and the time of the function's own file. Here numba's version, and the
    text of all that the file imports from this package, are part of the folder's name: code of another release of
    either, of which a function that is compiled into this one may have changed, is never found.

    Args:
        function: A function of a module that is imported only where numba is installed.
    """
    from numba import config, njit

    before = config.CACHE_DIR
    config.CACHE_DIR = str(_folder(function.__module__))
    try:
        dispatcher = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # "no locator available"
        return njit(nogil=True)(function)
    finally:
        config.CACHE_DIR = before
    save = dispatcher._cache.save_overload

    def save_where_it_fits(*arguments: Any) -> None:
        with suppress(OSError):
            save(*arguments)

    dispatcher._cache.save_overload = save_where_it_fits
    return dispatcher


@cache
def _folder(module: str) -> Path:
    """Return the folder for the code of a module, as used now; folders that were not used for long are removed."""
    from numba import __version__ as version

    root = cache_directory().absolute() / "numba"
    folder = root / content_key([version, *sources_of(module)])[:24]
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in root.iterdir():
            if other.stat().st_mtime < time.time() - KEPT_S:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def sources_of(module: str) -> Iterator[bytes]:
    """Yield the texts of a module of this package and of all that it imports from it, in the order of their names."""
    package = Path(__file__).parents[1]
    found: dict[str, bytes] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = package.joinpath(*name.split(".")[1:])
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if name not in found and file.is_file():
            found[name] = file.read_bytes()
            waiting += IMPORTED.findall(found[name].decode())
    return (found[name] for name in sorted(found))
