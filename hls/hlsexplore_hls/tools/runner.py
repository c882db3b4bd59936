"""The one place that starts a process: with limits, a live log, cancelling, and nothing left running afterwards."""

import json
import os
import selectors
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hlsexplore.errors import CancelledError, ToolError
from hlsexplore_hls.tools.log import LineLog, OnLine

POLL_S = 0.05
STOP_S = 20.0
MAX_TAIL_LINES = 200
SHOWN_TAIL_LINES = 12


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
    on_line: OnLine | None = None,
    scan: OnLine | None = None,
    cancel: threading.Event | None = None,
    timeout_s: float | None = None,
    memory_mb: float | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    log_file: Path | None = None,
    what: str | None = None,
) -> Completed:
    """Run a program to its end and leave none of its descendants behind.

    The program runs in a session of its own below a small guardian process (`supervise.py`) that ends every descendant,
    also those that changed their group or session, when the program ends, when it is cancelled, when a limit is passed,
    and when this Python process dies. Standard input is empty; standard error joins standard output.

    Args:
        argv: Program and arguments; no shell reads them.
        cwd: Working directory.
        on_line: Gets lines of output live, in this thread, at most some 200 a second; of a flood a
            sentence says how many were left out.
        scan: Gets every line (cut at 4,000 characters), to find stages and figures in it.
        cancel: Set it from any thread to stop the program.
        timeout_s: Longest wall time, or None.
        memory_mb: Most resident memory of all its processes together, or None; checked 5 times a second.
        env: Variables added to this process' environment.
        check: Whether an exit code other than 0 is an error.
        log_file: File that gets the output, at most 64 MB of it.
        what: Name of the program in messages; the file name of argv[0] when None.

    Returns:
        Exit code, times, memory and the end of the output.

    Raises:
        ToolError: If the program cannot be started, fails (with `check`), or passes a limit.
        CancelledError: If `cancel` was set.

    Examples:
        >>> run([sys.executable, "-c", "print('hello')"], cwd=".").tail
        ('hello',)
    """
    words = tuple(str(word) for word in argv)
    name = what or Path(words[0]).name
    if cancel is not None and cancel.is_set():
        raise CancelledError(f"{name!r} was cancelled before it started.")
    if not Path(cwd).is_dir():
        raise ToolError(f"{name!r} cannot run in the folder {str(cwd)!r}: there is no such folder.")
    start = time.monotonic()
    with LineLog(on_line=on_line, scan=scan, log_file=log_file, max_tail_lines=MAX_TAIL_LINES) as log:
        process, control, result = _start(words, cwd, env, memory_mb)
        deadline = None if timeout_s is None else start + timeout_s
        try:
            reason = _pump(process, control, log, cancel, deadline)
        except BaseException:
            _stop(control)
            raise
        finally:
            answer = _finish(process, control, result)
    wall_s = time.monotonic() - start
    if reason == "cancelled":
        raise CancelledError(f"{name!r} was cancelled after {wall_s:.0f} s.")
    if reason == "timeout":
        raise ToolError(
            f"{name!r} did not finish within {timeout_s:g} s and was stopped. Allow more time with timeout_s, or "
            f"choose a smaller design.{_shown(log.tail)}"
        )
    if answer.get("error"):
        raise ToolError(f"{name!r} cannot be started from {words[0]!r}: {answer['error']}.")
    if answer.get("reason") == "memory":
        raise ToolError(
            f"{name!r} used more than {memory_mb:g} MB of memory and was stopped. Allow more with memory_mb, or "
            f"choose a smaller design.{_shown(log.tail)}"
        )
    done = Completed(
        argv=words,
        exit_code=int(_number(answer.get("exit_code")) or 0) if "exit_code" in answer else -signal.SIGKILL,
        wall_s=wall_s,
        cpu_s=_number(answer.get("cpu_s")),
        peak_mb=_number(answer.get("peak_mb")),
        num_lines=log.num_lines,
        tail=tuple(log.tail),
    )
    if check and done.exit_code:
        raise ToolError(failed(name, done))
    return done


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


def fresh_directory(parent: Path, stem: str) -> Path:
    """Make a new, empty directory below `parent`: `stem`, or `stem-2`, `stem-3`, ... when it exists.

    Args:
        parent: Existing or new directory.
        stem: Name to begin with.
    """
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def tail_of(path: Path, max_bytes: int = 20_000) -> str:
    """Return the end of a file as text; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - max_bytes))
            return file.read(max_bytes).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _start(
    words: tuple[str, ...], cwd: Path | str, env: Mapping[str, str] | None, memory_mb: float | None
) -> tuple[subprocess.Popen[bytes], int, int]:
    """Start the guardian; return it with the writing end of its control pipe and the reading end of its result pipe."""
    guardian = Path(__file__).with_name("supervise.py")
    control_read, control_write = os.pipe()
    result_read, result_write = os.pipe()
    command = [
        sys.executable,
        "-I",
        "-S",
        str(guardian),
        str(control_read),
        str(result_write),
        str(memory_mb or 0),
        *words,
    ]
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(control_read, result_write),
        )
    except (OSError, ValueError) as error:
        os.close(control_write)
        os.close(result_read)
        raise ToolError(f"the command {command_text(words)!r} cannot be started: {error}.") from None
    finally:
        os.close(control_read)
        os.close(result_write)
    return process, control_write, result_read


def _pump(
    process: subprocess.Popen[bytes], control: int, log: LineLog, cancel: threading.Event | None, deadline: float | None
) -> str:
    """Pass the output on until it ends; return why the program was stopped, or an empty text."""
    output = process.stdout
    if output is None:
        return ""
    reason = ""
    give_up: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if selector.select(POLL_S):
                data = os.read(output.fileno(), 1 << 16)
                if not data:
                    return reason
                log.feed(data)
            elif process.poll() is not None:
                return reason
            else:
                log.idle()
            now = time.monotonic()
            if give_up is not None and now > give_up:
                return reason
            if not reason:
                if cancel is not None and cancel.is_set():
                    reason = "cancelled"
                elif deadline is not None and now > deadline:
                    reason = "timeout"
                if reason:
                    _stop(control)
                    give_up = now + STOP_S


def _stop(control: int) -> None:
    with suppress(OSError):
        os.write(control, b"stop")


def _finish(process: subprocess.Popen[bytes], control: int, result: int) -> dict[str, object]:
    """Wait for the guardian and read its answer; a guardian that was killed takes its session with it."""
    try:
        process.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    os.close(control)
    with os.fdopen(result, "rb") as file:
        text = file.read(1 << 16)
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _shown(tail: Sequence[str] | deque[str]) -> str:
    lines = [line for line in list(tail)[-SHOWN_TAIL_LINES:] if line.strip()]
    return "" if not lines else "\nThe end of its output:\n" + "\n".join(f"    {line}" for line in lines)
