"""Runs a vendor's program on a fresh copy of a project, here or on another host."""

import os
import shlex
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hlsexplore.errors import CancelledError, ConfigError, ToolError
from hlsexplore.support.progress import OnEvent
from hlsexplore_hls.project import BUILD, Project
from hlsexplore_hls.tools.find import Executable, require
from hlsexplore_hls.tools.log import log_to, stage_scanner
from hlsexplore_hls.tools.runner import fresh_directory, run, tail_of

REMOTE = "HLSEXPLORE_REMOTE"
RESULT = "result"
FAILED = "failed"
LOG = "run.log"
CLOCK_SLACK_NS = 2_000_000_000
"""A network file system may round times down or have another clock; no run is shorter than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program's command line in the run's folder.

    Attributes:
        words: Program and arguments.
        variables: Environment variables that it needs.
        name: Name in messages.
    """

    words: tuple[str, ...]
    variables: Mapping[str, str]
    name: str


def remote_prefix() -> tuple[str, ...]:
    """Return the words of `HLSEXPLORE_REMOTE`, such as `ssh -tt build01`; empty when tools run here.

    Raises:
        ConfigError: If its quotes do not match.
    """
    try:
        return tuple(shlex.split(os.environ.get(REMOTE, "")))
    except ValueError as error:
        raise ConfigError(f"{REMOTE} cannot be read: {error}. Write a command such as 'ssh -tt build01'.") from None


def program(tool: Executable) -> str:
    """Return how to call a tool: its file here, or its name (or what its variable says) on another host.

    Raises:
        ToolError: If tools run here and it is not there.
    """
    if remote_prefix():
        return os.environ.get(tool.variable, "") or tool.name
    return str(require(tool))


def local_or_remote(command: Command, cwd: Path) -> tuple[list[str], Mapping[str, str]]:
    """Build the command line to start here.

    On another host the prefix gets one more argument: a shell's command line that changes to the run's folder, which
    must be there under the same path, and starts the program.
    """
    prefix = remote_prefix()
    if not prefix:
        return list(command.words), command.variables
    variables = [f"{name}={value}" for name, value in sorted(command.variables.items())]
    line = f"cd {shlex.quote(str(cwd))} && exec {shlex.join(['env', *variables, *command.words])}"
    return [*prefix, line], {}


def prepare(project: Project, folder: Path) -> Path:
    """Copy a project's files to a new folder, so that a run starts from nothing but them.

    Args:
        project: The project.
        folder: Where to make it.

    Returns:
        The new folder.

    Raises:
        ToolError: If a file cannot be copied.
    """
    where = fresh_directory(folder.absolute(), "run")
    try:
        for name in project.files:
            target = where / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(project.path / name, target)
        (where / BUILD).mkdir(exist_ok=True)
    except OSError as error:
        raise ToolError(f"the project cannot be copied to {str(where)!r}: {error}.") from None
    return where


@contextmanager
def run_folder(project: Project, folder: Path) -> Iterator[Path]:
    """Give a fresh copy of a project to run programs in, and settle it afterwards, however they end."""
    where = prepare(project, folder)
    try:
        yield where
    except BaseException as error:
        settle(where, error)
        raise
    settle(where, None)


def run_command(
    command: Command,
    where: Path,
    stages: Sequence[tuple[str, str, float]],
    on_event: OnEvent,
    cancel: threading.Event | None,
    timeout_s: float | None,
    done_mark: str,
    failed_mark: str,
) -> int:
    """Run a command in a run's folder and check that it says it came to its end.

    Args:
        command: What to run.
        where: The run's folder.
        stages: Marks in the output, names of the stages that begin there, shares of the work.
        on_event: Told stages and lines.
        cancel: Stops the program when set.
        timeout_s: Stops the program after that time.
        done_mark: Line that the script prints last; empty for a program without a script.
        failed_mark: Beginning of the line that the script prints when a step fails.

    Returns:
        Time of the start in ns; reports must not be older.

    Raises:
        ToolError: If it fails, or ends without the mark.
        CancelledError: If `cancel` was set.
    """
    argv, variables = local_or_remote(command, where)
    started_ns = time.time_ns() - CLOCK_SLACK_NS
    tell_stage = stage_scanner(stages, on_event)
    found = {"done": not done_mark, "failed": ""}

    def scan(line: str) -> None:
        tell_stage(line)
        if line.strip() == done_mark:
            found["done"] = True
        elif line.startswith(failed_mark):
            found["failed"] = line.removeprefix(failed_mark).strip()

    result = run(
        argv,
        cwd=where,
        on_line=log_to(on_event),
        scan=scan,
        cancel=cancel,
        timeout_s=timeout_s,
        env=variables,
        check=False,
        log_file=where / LOG,
        what=command.name,
    )
    if result.exit_code or not found["done"] or found["failed"]:
        raise ToolError(_failure(command.name, result.exit_code, str(found["failed"]), where))
    return started_ns


def _failure(name: str, exit_code: int, failed: str, where: Path) -> str:
    lines = tail_of(where / LOG).splitlines()
    errors = [line.strip() for line in lines if line.lstrip().startswith(("ERROR", "FATAL", "CRITICAL"))]
    what = f"step {failed}" if failed else f"exit code {exit_code}" if exit_code else "it ended before its last step"
    shown = errors[-5:] or [line for line in lines if line.strip()][-5:]
    tail = "".join(f"\n    {line[:300]}" for line in shown)
    return f"{name!r} failed: {what}. Its log is {str(where.parent / FAILED / LOG)!r} and says:{tail or ' nothing'}"


def settle(where: Path, error: BaseException | None) -> Path:
    """Give a run's folder its last name: `result`, `failed` for a look at the logs, or none when it was cancelled.

    Args:
        where: The run's folder.
        error: Why the run ended, or None when all went well.

    Returns:
        The folder's new path.
    """
    if isinstance(error, CancelledError):
        shutil.rmtree(where, ignore_errors=True)
        return where
    target = where.parent / (RESULT if error is None else FAILED)
    old = fresh_directory(where.parent, "old")
    with suppress(OSError):
        target.rename(old / target.name)
    try:
        where.rename(target)
    except OSError:
        target = where
    shutil.rmtree(old, ignore_errors=True)
    return target
