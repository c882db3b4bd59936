"""Starts a program below a small guardian process that ends it and all its descendants, however this process ends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

STOP_S = 20.0
"""A guardian that does not answer for so long is killed."""
GRACE_S = 1.0
"""Time that a program has to end when it is asked to, before it is killed."""


@dataclass(slots=True, kw_only=True)
class Guarded:
    """A program below its guardian; it ends when it is stopped, and when this process dies.

    It is mutable because it remembers its end.

    Attributes:
        process: The guardian, leader of a session of its own; its pipes are those of the program, whose exit code it
            does not share.
        control: Its end of file, or a byte in it, lets the guardian end everything.
        result: The guardian's answer comes from here.
        stop_s: How long the guardian may take to end everything.
        answer: What the guardian said at the end, or None before.
    """

    process: "subprocess.Popen[bytes]"
    control: int
    result: int
    stop_s: float
    answer: dict[str, Any] | None = None

    def stop(self) -> None:
        """Let the guardian end everything; never waits."""
        if self.answer is None:
            with suppress(OSError):
                os.write(self.control, b"stop")

    def finish(self) -> dict[str, Any]:
        """Wait for the end of everything, for at most `stop_s`: the program has ended or was stopped.

        Returns:
            `exit_code`, `reason` (`stopped`, `memory` or nothing), `cpu_s`, `peak_mb`; `error` for a program that could
            not be started; nothing of it where the guardian was killed.
        """
        if self.answer is not None:
            return self.answer
        try:
            self.process.wait(timeout=self.stop_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was not written yet
                    stream.close()
        os.close(self.control)
        with os.fdopen(self.result, "rb") as file:
            text = file.read(1 << 16)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        self.answer = answer if isinstance(answer, dict) else {}
        return self.answer


def start(
    argv: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    memory_mb: float | None = None,
    grace_s: float = GRACE_S,
    is_server: bool = False,
) -> Guarded:
    """Start a program.

    Args:
        argv: Program and arguments; no shell reads them.
        cwd: Working directory; this process's when None.
        env: The whole environment; this process's when None.
        stdin: As for `subprocess.Popen`.
        stdout: As for `subprocess.Popen`.
        stderr: As for `subprocess.Popen`.
        memory_mb: Most resident memory of all its processes together, or None; checked 5 times a second.
        grace_s: Time that it has to end when it is asked to, before it is killed.
        is_server: Whether only the program itself is asked to end, since it ends its own children in order.

    Raises:
        OSError: If no process can be started, or the working directory does not exist.
        ValueError: If an argument holds a null byte.
    """
    guardian = Path(__file__).with_name("supervise.py")
    control_read, control_write = os.pipe()
    result_read, result_write = os.pipe()
    options = [str(control_read), str(result_write), str(memory_mb or 0), str(grace_s), "1" if is_server else "0"]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(guardian), *options, *argv],
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            pass_fds=(control_read, result_write),
        )
    except BaseException:
        os.close(control_write)
        os.close(result_read)
        raise
    finally:
        os.close(control_read)
        os.close(result_write)
    return Guarded(process=process, control=control_write, result=result_read, stop_s=STOP_S + grace_s)
