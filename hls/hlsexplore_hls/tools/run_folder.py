"""The folder of one run of tools: a copy of the project with a plain name, whose remains come back to the project."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hlsexplore.errors import CancelledError, ToolError
from hlsexplore.support.files import open_regular
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.project import BUILD, Project

RESULT = "result"
FAILED = "failed"


@contextmanager
def run_folder(
    folder: Path, project: Project | None = None, *, keeps_result: bool = True, base: Path | None = None
) -> Iterator[Path]:
    """Give a working folder to run programs in, and keep what they leave, however they end.

    It becomes `folder/result`, or `folder/failed` for a look at the logs; of a cancelled run nothing is kept.

    Args:
        folder: The tool's folder in the project; it exists.
        project: Its files are copied first, and nothing else, so that a run starts from them alone.
        keeps_result: Whether what is left of a good run is kept.
        base: Folder to make the working folder in; see `work_folder`.

    Raises:
        ToolError: If a tool failed, the project cannot be copied, or the result cannot be kept.
    """
    with work_folder(base) as where:
        try:
            if project is not None:
                _copy(project, where)
            yield where
        except (CancelledError, KeyboardInterrupt):
            raise
        except BaseException as error:
            with suppress(OSError):
                _keep(where, folder / FAILED)
            if isinstance(error, ToolError):  # what it names is there now
                raise ToolError(str(error).replace(str(where), str(folder / FAILED))) from None
            raise
        if keeps_result:
            try:
                _keep(where, folder / RESULT)
            except OSError as error:
                raise ToolError(f"the result cannot be kept in {str(folder / RESULT)!r}: {error}.") from None


def _copy(project: Project, where: Path) -> None:
    try:
        for name in project.files:
            target = where / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with open_regular(project.path / name) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        (where / BUILD).mkdir(exist_ok=True)
    except OSError as error:
        raise ToolError(f"the project cannot be copied to {str(where)!r}: {error}.") from None


def _keep(where: Path, target: Path) -> None:
    """Put a folder in place of an old one; the lock of the project's tool is held."""
    fresh = target.with_name(f".{target.name}.new")
    _remove(fresh)
    try:
        where.rename(fresh)
    except OSError:  # on another disk
        shutil.copytree(where, fresh, symlinks=True, ignore=_special)
    fresh.chmod(stat.S_IMODE(target.parent.stat().st_mode))
    _remove(target)
    fresh.rename(target)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _special(folder: str, names: list[str]) -> list[str]:
    """Of the names in a folder, those of pipes, sockets and devices."""
    modes = {name: stat.S_IFMT(os.lstat(Path(folder, name)).st_mode) for name in names}
    return [name for name, mode in modes.items() if mode not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)]
