"""The fixed-point headers of a simulation, and compiled programs kept by content."""

import os
import shutil
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from hlsexplore.errors import ToolError
from hlsexplore.support.cache import cache_directory, content_key
from hlsexplore.support.files import read_regular, replace_bytes, replace_text
from hlsexplore.support.progress import Event, OnEvent
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.tools.compiler import Compiler, find_compiler
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.log import Listeners, log_to
from hlsexplore_hls.tools.runner import run

HEADERS_VARIABLE = "HLSEXPLORE_AP_TYPES"
FLAGS = (
    "-std=c++11",
    "-O1",
    "-w",
    "-fwrapv",
    # Complex numbers of these types are not used; clang's library rejects their declaration.
    "-D__AP_INT_SPECIAL_H__",
    "-D__AP_FIXED_SPECIAL_H__",
)
"""The headers make -O1 as fast to compile as -O0 and more than 10 times faster to run; -O2 gains nothing more."""
COMPILE_TIMEOUT_S = 1800.0
COMPILE_MEMORY_MB = 8000.0
MAX_SOURCE_BYTES = 256 << 20
MAX_PROGRAMS = 300
"""Compiled programs that stay in the cache; the ones that were not used for longest go first."""

COMPILATIONS_BEFORE_PREFIX = 2
"""Compilations after which the headers are compiled beforehand."""
_PREFIX = ("cstdio", "cstdlib", "ap_fixed.h", "ap_int.h")

_HEADER_PACKAGES = (
    ("da4ml", ("codegen", "hls", "source", "ap_types", "include")),
    ("alkaid", ("codegen", "hls", "source", "ap_types", "include")),
    ("hls4ml", ("templates", "vivado", "ap_types")),
)


def find_headers() -> Path:
    """Find the folder with `ap_fixed.h`: `HLSEXPLORE_AP_TYPES`, else one in the package da4ml, alkaid or hls4ml.

    Raises:
        ToolError: If there is none, or the variable names a folder without it.
    """
    chosen = os.environ.get(HEADERS_VARIABLE, "")
    if chosen:
        folder = Path(chosen).expanduser()
        if not (folder / "ap_fixed.h").is_file():
            raise ToolError(f"{HEADERS_VARIABLE} is set to {chosen!r}, a folder without 'ap_fixed.h'.")
        return folder.absolute()
    for package, parts in _HEADER_PACKAGES:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(root, *parts)
            if (folder / "ap_fixed.h").is_file():
                return folder
    raise ToolError(
        "the simulation headers of the fixed-point types ('ap_fixed.h') were not found. Install them with "
        f"'pip install da4ml', or set {HEADERS_VARIABLE} to their folder."
    )


def own_headers() -> Path:
    """Return the folder of the simulation headers that this package adds to those of the fixed-point types."""
    return Path(str(files("hlsexplore_hls.cpp") / "simulation_headers"))


def compiled(
    sources: Sequence[Path],
    main: Path,
    folder: Path,
    on_event: OnEvent,
    cancel: threading.Event | None,
    include: Sequence[str] = (),
) -> tuple[Path, Compiler]:
    """Return the program of some sources, compiled unless the same content was compiled before.

    Args:
        sources: All files that it depends on; their content and names relative to `folder` decide.
        main: The file to compile, one of `sources`.
        folder: Folder that the sources are in; the compiler works on copies.
        on_event: Told the stage and the compiler's messages.
        cancel: Stops the compiler when set.
        include: Folders below `folder` in which headers are looked for.

    Raises:
        ToolError: If there is no compiler, or it fails.
        CancelledError: If `cancel` was set.
    """
    compiler, headers = find_compiler(), find_headers()
    parts: list[str | bytes] = [*compiler.argv, compiler.title, *FLAGS, *include]
    parts += [_headers_digest(headers), _headers_digest(own_headers())]
    contents = {source.relative_to(folder).as_posix(): _content(source) for source in sorted(sources)}
    for name, content in contents.items():
        parts += [name, content]
    store = cache_directory().absolute() / "cpp" / content_key(parts)
    program = store / ("simulation.exe" if sys.platform == "win32" else "simulation")
    if program.is_file():
        with suppress(OSError):
            os.utime(store)
        return program, compiler
    on_event(Event(kind="stage", text=f"compile with {compiler.title}"))
    with work_folder() as where:
        for name, content in contents.items():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_bytes(content)
        folders = [f"-I{name}" for name in (headers, own_headers(), *include)]
        words: list[str | Path] = [*compiler.argv, *FLAGS, *folders, *_prefix(compiler, headers, cancel)]
        run(
            [*words, main.relative_to(folder), "-o", program.name],
            cwd=where,
            limits=Limits.after(COMPILE_TIMEOUT_S, cancel=cancel, memory_mb=COMPILE_MEMORY_MB),
            listeners=Listeners(on_line=log_to(on_event)),
            what=compiler.title,
        )
        try:
            store.mkdir(parents=True, exist_ok=True)
            replace_bytes(program, (where / program.name).read_bytes(), mode=0o700)
        except OSError as error:
            raise ToolError(
                f"cannot write the cache of compiled programs: {error}. Set HLSEXPLORE_CACHE to a folder you can write."
            ) from None
    _prune(store.parent)
    return program, compiler


def _content(source: Path) -> bytes:
    try:
        return read_regular(source, MAX_SOURCE_BYTES)
    except OSError as error:
        raise ToolError(f"the file {str(source)!r} of the project cannot be read: {error.strerror or error}.") from None


def _prefix(compiler: Compiler, headers: Path, cancel: threading.Event | None) -> tuple[str, ...]:
    """Return arguments that begin a compilation with headers compiled beforehand, from the third compilation on.

    Parsing the headers of the fixed-point types is half of a compilation. Compiling them once costs as much as three
    compilations, so the first ones do without. Without a usable result g++ reads the headers themselves.
    """
    if not compiler.title.startswith("g++"):
        return ()
    digests = (_headers_digest(headers), _headers_digest(own_headers()))
    key = content_key([*compiler.argv, compiler.title, *FLAGS, str(headers), *digests])
    folder = cache_directory() / "cpp-headers" / key
    header = folder / "prefix.h"
    if (folder / "prefix.h.gch").is_file():
        return ("-include", str(header))
    count = folder / "count"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        seen = int(count.read_text() or "0") if count.is_file() else 0
        count.write_text(str(seen + 1))
        if seen < COMPILATIONS_BEFORE_PREFIX:
            return ()
        text = "".join(f"#include <{name}>\n" for name in _PREFIX)
        with work_folder() as where:
            (where / header.name).write_text(text)
            flags = [*FLAGS, f"-I{headers}", "-x", "c++-header"]
            words: list[str | Path] = [*compiler.argv, *flags, header.name, "-o", "prefix.h.gch"]
            run(words, cwd=where, limits=Limits.after(COMPILE_TIMEOUT_S, cancel=cancel), what=compiler.title)
            made = (where / "prefix.h.gch").read_bytes()
        replace_text(header, text)
        replace_bytes(folder / "prefix.h.gch", made)
    except (OSError, ValueError, ToolError):
        return ()
    return ("-include", str(header))


@lru_cache(maxsize=4)
def _headers_digest(headers: Path) -> str:
    found = sorted(headers.rglob("*.h"))
    return content_key([part for file in found for part in (file.name, file.read_bytes())])


def _prune(folder: Path) -> None:
    stores = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if len(stores) <= MAX_PROGRAMS:
        return
    by_age = sorted((path.stat().st_mtime, path) for path in stores)
    for _, path in by_age[: len(by_age) - MAX_PROGRAMS * 9 // 10]:
        shutil.rmtree(path, ignore_errors=True)
