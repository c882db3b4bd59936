"""The folder that a project is written to: what is the user's own in it, and how it is replaced all at once."""

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from hlsexplore.errors import ConfigError
from hlsexplore.support.files import reason_of
from hlsexplore.support.locks import held
from hlsexplore_hls.manifest import FORMAT, MANIFEST, read_manifest
from hlsexplore_hls.ports import Port
from hlsexplore_hls.project import BUILD, Project
from hlsexplore_hls.reports.stored import REPORT
from hlsexplore_hls.tools.run_folder import FAILED, RESULT
from hlsexplore_hls.tools.synthesize import LOCK
from hlsexplore_hls.tools.table import TOOLS
from hlsexplore_hls.tools.vitis import STEPS

WAIT_S = 60.0
"""How long an export waits for another one that writes to the same folder."""
SHOWN_NAMES = 20
MAX_NAME = 100
"""Characters of the folder's name in those of the files beside it."""
KEPT = ".orig"
"""End of the name under which the user's version of a file is kept where a generated one takes its place."""
_MADE = {REPORT, LOCK, RESULT, FAILED, f".{RESULT}.new", f".{FAILED}.new", *(f"{step}.json" for step in STEPS)}
"""What `synthesize` leaves in `build/TOOL`."""
logger = logging.getLogger(__name__)


def check_destination(folder: Path, overwrite: bool) -> None:
    """Check that an export may replace what is in a folder.

    Raises:
        ConfigError: If it holds something else than a project, or, unless `overwrite`, files of the user's own.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConfigError(f"{str(folder)!r} is no folder. Choose another name for the project.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / MANIFEST).is_file():
        raise ConfigError(
            f"the folder {str(folder)!r} holds files but no hlsexplore project. Choose another folder for the project."
        )
    if overwrite:
        return
    names = own_files(folder)
    if names:
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        raise ConfigError(
            f"exporting into {str(folder)!r} would lose {', '.join(map(repr, names[:SHOWN_NAMES]))}{more}, added or "
            "changed since its export. Choose another folder, or replace the project with overwrite=True (--force on "
            f"the command line): what was added stays then, and what was changed is kept as NAME{KEPT}."
        )


def own_files(folder: Path) -> list[str]:
    """List the files in a project's folder that are the user's own: not in its manifest, or changed since.

    What `synthesize` leaves in `build/TOOL` is not the user's, anything else in `build` is.

    Raises:
        ConfigError: If the manifest is damaged.
    """
    project = Project(**read_manifest(folder, complete=False))
    return _other_than(folder, {MANIFEST, *project.files} - set(project.modified()))


def _other_than(folder: Path, known: set[str]) -> list[str]:
    return sorted(name for name in _files(folder) if name not in known and not _is_made(name))


def _files(folder: Path) -> Iterator[str]:
    """Name all that is no folder, links to folders included."""
    for root, folders, files in os.walk(folder):
        links = [name for name in folders if Path(root, name).is_symlink()]
        for name in (*files, *links):
            yield Path(root, name).relative_to(folder).as_posix()


def _is_made(name: str) -> bool:
    parts = Path(name).parts
    return len(parts) > 2 and parts[0] == BUILD and parts[1] in TOOLS and parts[2] in _MADE


def write_project(project: Project, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Write a project, all at once; what an export that was killed left beside the folder is settled first.

    Args:
        project: The project.
        files: Content by path in its folder.
        overwrite: Whether files of the user's own may stand in the way; none is lost.

    Raises:
        ConfigError: If the folder cannot be written, or now holds files of the user's own.
    """
    folder = project.path.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder), ExitStack() as stack:
            _settle(folder)
            check_destination(project.path, overwrite)
            fresh = _beside(folder, "new", stack) / "project"
            fresh.mkdir()  # with the usual permissions, unlike the folder that it is in
            for name, content in files.items():
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                (fresh / name).write_bytes(content)
            (fresh / MANIFEST).write_text(json.dumps(_manifest(project), indent=2) + "\n", encoding="utf-8")
            if folder.exists() and any(folder.iterdir()):
                _carry(folder, fresh)
            swap(fresh, folder, stack)
    except OSError as error:
        raise ConfigError(f"cannot write the project {str(project.path)!r}: {reason_of(error)}.") from None


def swap(fresh: Path, folder: Path, stack: ExitStack) -> None:
    """Put a finished folder in place of an old one; the old one comes back if that fails."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = _beside(folder, "old", stack) / folder.name
    folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        old.rename(folder)
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    lock = folder.with_name(f".{folder.name[:MAX_NAME]}.lock")
    with ExitStack() as stack:
        try:
            stack.enter_context(held(lock, WAIT_S))
        except BlockingIOError:
            raise ConfigError(
                f"another process is exporting to {str(folder)!r}. Wait for its end, or choose another folder."
            ) from None
        yield


def _beside(folder: Path, kind: str, stack: ExitStack) -> Path:
    """Make a folder beside a project's folder that is removed in the end."""
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name[:MAX_NAME]}.{kind}-", dir=folder.parent))
    stack.callback(shutil.rmtree, made, ignore_errors=True)
    return made


def _settle(folder: Path) -> None:
    """Remove what a killed export left, and put the project back that it had set aside; the lock is held."""
    pattern = re.compile(re.escape(f".{folder.name[:MAX_NAME]}.") + r"(new|old)-\w{8}")
    for left in sorted(folder.parent.iterdir(), reverse=True):
        if not pattern.fullmatch(left.name) or left.is_symlink() or not left.is_dir():
            continue
        aside = left / folder.name
        if not os.path.lexists(folder) and aside.is_dir():
            aside.rename(folder)
        shutil.rmtree(left, ignore_errors=True)


def _carry(folder: Path, fresh: Path) -> None:
    """Bring the files of the user's own into a fresh project, as links to them, so that none is lost at any moment."""
    kept = []
    try:
        own = own_files(folder)
    except ConfigError:  # a damaged manifest does not tell
        own = _other_than(folder, {MANIFEST})
    for name in sorted(own, key=lambda item: os.path.lexists(fresh / item)):  # what was added keeps its name
        target = fresh / name
        while os.path.lexists(target):
            target = target.with_name(target.name + KEPT)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(folder / name, target, follow_symlinks=False)
        except OSError:  # a file system without links
            shutil.copy2(folder / name, target, follow_symlinks=False)
        kept.append(target.relative_to(fresh).as_posix())
    if kept:
        names = ", ".join(map(repr, kept[:SHOWN_NAMES])) + (" and more" if len(kept) > SHOWN_NAMES else "")
        logger.warning("kept files of your own in %r: %s", str(folder), names)


def _manifest(project: Project) -> dict[str, Any]:
    """Return the manifest of a project as plain data."""
    target = project.target
    return {
        "format": FORMAT,
        "flow": project.flow,
        "model": project.model,
        "design_key": project.design_key,
        "target": {"part": target.part, "clock_ns": target.clock_ns, "io": str(target.io), "tool": str(target.tool)},
        "top": project.top,
        "interface": project.interface,
        "latency_cycles": project.latency_cycles,
        "ii_cycles": project.ii_cycles,
        "inputs": [_port_dict(port) for port in project.inputs],
        "outputs": [_port_dict(port) for port in project.outputs],
        "layers": dict(project.layers),
        "files": dict(project.files),
        "extra": dict(project.extra),
    }


def _port_dict(port: Port) -> dict[str, Any]:
    data = {
        "name": port.name,
        "identifier": port.identifier,
        "shape": list(port.shape),
        "type": str(port.type),
        "head": str(port.head),
    }
    data |= {"layer": port.layer} if port.layer else {}
    more = {"types": port.types, "encoding": port.encoding, "unit": port.unit}
    return data | {name: item.to_dict() for name, item in more.items() if item is not None}
