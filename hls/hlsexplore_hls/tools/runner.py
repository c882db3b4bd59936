"""The one place that starts a process: with limits, a live log, cancelling, and nothing left running afterwards."""

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hlsexplore.errors import CancelledError, ToolError
from hlsexplore.support.cache import cache_directory
from hlsexplore.support.guard import Guarded, start
from hlsexplore.support.work_folder import is_plain
from hlsexplore_hls.tools.deadline import NO_LIMITS, Deadline, Limits
from hlsexplore_hls.tools.log import NOBODY, LineLog, Listeners

POLL_S = 0.05
STOP_S = 20.0
"""A stopped program whose output stays open is given up after this time."""
MAX_TAIL_LINES = 200
SHOWN_TAIL_LINES = 12
KEPT = ".hlsexplore-cache"
"""Link to the cache in a program's folder, where the cache's own name is not plain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A process that ended by itself.

    Attributes:
        argv: Program and arguments.
        exit_code: 0 for success; minus the signal's number when a signal ended it.
        wall_s: Time from start to end.
        cpu_s: CPU time of the process and all its descendants, or None when unknown.
        peak_mb: Highest resident memory of all its processes together, sampled 5 times a second, or None when unknown.
        num_lines: Lines of output.
        tail: The last lines of output, at most 200.
    """

    argv: tuple[str, ...]
    exit_code: int
    wall_s: float
    cpu_s: float | None
    peak_mb: float | None
    num_lines: int
    tail: tuple[str, ...]

    @property
    def output(self) -> str:
        """The last lines as one text."""
        return "\n".join(self.tail)


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | str,
    limits: Limits = NO_LIMITS,
    listeners: Listeners = NOBODY,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    what: str | None = None,
) -> Completed:
    """Run a program to its end and leave none of its descendants behind.

    The program runs in a session of its own below a small guardian process (`support.guard`) that ends every
    descendant, also those that changed their group or session, when the program ends, when it is cancelled, when a
    limit is passed, and when this Python process dies. Standard input is empty; standard error joins standard output.

    Args:
        argv: Program and arguments; no shell reads them.
        cwd: Working directory.
        limits: Time and memory that it may take, and what cancels it.
        listeners: Who is told what it prints.
        env: Variables added to this process' environment and to those of `_folders`.
        check: Whether an exit code other than 0 is an error.
        what: Name of the program in messages; the file name of argv[0] when None.

    Returns:
        Exit code, times, memory and the end of the output.

    Raises:
        ToolError: If the program cannot be started, fails (with `check`), or passes a limit.
        CancelledError: If it was cancelled.

    Examples:
        >>> run([sys.executable, "-c", "print('hello')"], cwd=".").tail
        ('hello',)
    """
    words = tuple(str(word) for word in argv)
    name, deadline = what or Path(words[0]).name, limits.deadline
    if deadline.is_cancelled:
        raise CancelledError(f"{name!r} was cancelled before it started.")
    if not Path(cwd).is_dir():
        raise ToolError(f"{name!r} cannot run in the folder {str(cwd)!r}: there is no such folder.")
    began = time.monotonic()
    with LineLog(listeners, max_tail_lines=MAX_TAIL_LINES) as log:
        reason, answer = _supervised(_start(words, cwd, env, limits.memory_mb), log, deadline, Path(cwd))
    done = _completed(words, answer, time.monotonic() - began, log)
    if reason == "timeout":
        raise ToolError(f"{deadline.sentence(name)}{_shown(done.tail)}")
    _check_end(name, done, reason or str(answer.get("reason", "")), answer.get("error"), limits.memory_mb, check)
    return done


def _supervised(program: Guarded, log: LineLog, deadline: Deadline, cwd: Path) -> tuple[str, Mapping[str, object]]:
    """Follow a program to its end; return why it was stopped, or an empty text, and what its guardian says."""
    try:
        reason = _pump(program, log, deadline)
    except BaseException:
        program.stop()
        raise
    finally:
        answer = program.finish()
        (cwd / KEPT).unlink(missing_ok=True)
    return reason, answer


def _completed(words: tuple[str, ...], answer: Mapping[str, object], wall_s: float, log: LineLog) -> Completed:
    return Completed(
        argv=words,
        exit_code=int(_number(answer.get("exit_code")) or 0) if "exit_code" in answer else -signal.SIGKILL,
        wall_s=wall_s,
        cpu_s=_number(answer.get("cpu_s")),
        peak_mb=_number(answer.get("peak_mb")),
        num_lines=log.num_lines,
        tail=tuple(log.tail),
    )


def _check_end(name: str, done: Completed, reason: str, error: object, memory_mb: float | None, check: bool) -> None:
    """Raise what a program ended by, if it did not end well and by itself.

    Args:
        name: The program.
        done: What is known of it.
        reason: Why it was stopped: `cancelled`, `memory`, or empty.
        error: Why it could not be started, or None.
        memory_mb: Its limit.
        check: Whether an exit code other than 0 is an error.
    """
    if reason == "cancelled":
        raise CancelledError(f"{name!r} was cancelled after {done.wall_s:.0f} s.")
    if error:
        raise ToolError(f"{name!r} cannot be started from {done.argv[0]!r}: {error}.")
    if reason == "memory":
        raise ToolError(
            f"{name!r} used more than {memory_mb:g} MB of memory and was stopped. Allow more with memory_mb, or "
            f"choose a smaller design.{_shown(done.tail)}"
        )
    if check and done.exit_code:
        raise ToolError(failed(name, done))


def failed(name: str, done: Completed) -> str:
    """Build the sentence for a program that ended with an error, with the end of its output."""
    if done.exit_code < 0:
        with suppress(ValueError):
            how = f"was ended by {signal.Signals(-done.exit_code).name}"
            hint = " The machine may be out of memory." if done.exit_code == -signal.SIGKILL else ""
            return f"{name!r} {how}.{hint}{_shown(done.tail)}"
    return f"{name!r} failed with exit code {done.exit_code}.{_shown(done.tail)}"


def command_text(argv: Sequence[str]) -> str:
    """Write a command as a shell would need it, for messages and logs."""
    return shlex.join(argv)


def tail_of(path: Path, max_bytes: int = 20_000) -> str:
    """Return the end of a file as text; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - max_bytes))
            return file.read(max_bytes).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _start(words: tuple[str, ...], cwd: Path | str, env: Mapping[str, str] | None, memory_mb: float | None) -> Guarded:
    try:
        return start(
            words,
            cwd=cwd,
            env={**os.environ, **_folders(cwd), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            memory_mb=memory_mb,
        )
    except (OSError, ValueError) as error:
        raise ToolError(f"the command {command_text(words)!r} cannot be started: {error}.") from None


def _folders(cwd: Path | str) -> dict[str, str]:
    """Variables that say where programs keep files: temporary ones, and what they make once."""
    here, kept = Path(cwd).absolute(), cache_directory().absolute()
    if not is_plain(kept):  # zig 0.17 fails in a folder whose name holds a percent sign or a line break
        with suppress(OSError):
            kept.mkdir(parents=True, exist_ok=True)
            (here / KEPT).symlink_to(kept)
        kept = here / KEPT
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(kept / "zig"), "YOWASP_CACHE_DIR": str(kept / "yowasp")}
    return {**dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(here)), **caches}


def _pump(program: Guarded, log: LineLog, deadline: Deadline) -> str:
    """Pass the output on until program and output end; return why it was stopped, or an empty text."""
    output = program.process.stdout
    if output is None:
        return ""
    reason = ""
    give_up: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if selector.select(POLL_S):
                data = os.read(output.fileno(), 1 << 16)
                if data:
                    log.feed(data)
                else:  # it may close its output and work on
                    selector.unregister(output)
            elif program.process.poll() is not None:
                return reason
            else:
                log.idle()
            now = time.monotonic()
            if give_up is not None and now > give_up:
                return reason
            if not reason:
                reason = "cancelled" if deadline.is_cancelled else "timeout" if deadline.is_over else ""
                if reason:
                    program.stop()
                    give_up = now + STOP_S


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _shown(tail: Sequence[str] | deque[str]) -> str:
    lines = [line for line in list(tail)[-SHOWN_TAIL_LINES:] if line.strip()]
    return "" if not lines else "\nThe end of its output:\n" + "\n".join(f"    {line}" for line in lines)
