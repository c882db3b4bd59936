"""Runs a vendor's program on a fresh copy of a project, here or on another host."""

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hlsexplore.errors import ConfigError, ToolError
from hlsexplore.support.progress import OnEvent
from hlsexplore.support.work_folder import VARIABLE, is_plain
from hlsexplore_hls.project import Project
from hlsexplore_hls.tools.deadline import Deadline, Limits
from hlsexplore_hls.tools.find import Executable, require
from hlsexplore_hls.tools.log import Listeners, log_to, stage_scanner
from hlsexplore_hls.tools.run_folder import run_folder
from hlsexplore_hls.tools.runner import run, tail_of
from hlsexplore_hls.tools.vendor import REMOTE

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


def vendor_folder(project: Project, folder: Path) -> AbstractContextManager[Path]:
    """Give a copy of a project to run the vendor's programs in; see `run_folder`.

    On another host the folder must be there under the same path, so it is the project's own, or `HLSEXPLORE_WORK`.

    Raises:
        ConfigError: If the path of the project's folder could mean something to a shell there.
    """
    if not remote_prefix() or os.environ.get(VARIABLE):
        return run_folder(folder, project)
    base = folder.resolve()
    if not is_plain(base):
        raise ConfigError(
            f"the folder {str(folder)!r} is not handed to tools on another host: its name may mean something to a "
            f"shell there. Set {VARIABLE} to a folder that both hosts share, its path of letters, digits, '_', '-', "
            "'.' and '/' only."
        )
    return run_folder(folder, project, base=base)


def run_command(
    command: Command,
    where: Path,
    stages: Sequence[tuple[str, str, float]],
    on_event: OnEvent,
    deadline: Deadline,
    done_mark: str,
    failed_mark: str,
) -> int:
    """Run a command in a run's folder and check that it says it came to its end.

    Args:
        command: What to run.
        where: The run's folder.
        stages: Marks in the output, names of the stages that begin there, shares of the work.
        on_event: Told stages and lines.
        deadline: When the work must be done.
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
        limits=Limits(deadline=deadline),
        listeners=Listeners(on_line=log_to(on_event), scan=scan, log_file=where / LOG),
        env=variables,
        check=False,
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
    return f"{name!r} failed: {what}. Its log is {str(where / LOG)!r} and says:{tail or ' nothing'}"
