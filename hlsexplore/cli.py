"""The command line: arguments, output and exit codes (docs/cli.md)."""

import contextlib
import json
import logging
import math
import os
import signal
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

# Nothing that takes long to import: Ctrl-C is handled from `main` on.
from hlsexplore.commands.interrupt import Interrupt
from hlsexplore.commands.terminal import Progress, write
from hlsexplore.errors import CancelledError, HlsExploreError

if TYPE_CHECKING:
    from hlsexplore.commands.outcome import Outcome

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_PIPE = 0, 1, 2, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Arguments without the program's name; those of the process when None.

    Returns:
        Exit code: 0 done, 1 the tool or the design failed, 2 wrong usage, 130 and 143 cancelled.
    """
    interrupt = Interrupt()
    if argv is None:
        _occupy_standard_streams()
    try:
        with interrupt.handled(_leave, is_program=argv is None):
            try:
                return _parsed(argv, interrupt)
            except BrokenPipeError:
                _drop(sys.stdout)  # the reader of our output has gone: say nothing
                return EXIT_PIPE
    except (Exception, KeyboardInterrupt) as error:
        if interrupt.number is None and not isinstance(error, KeyboardInterrupt):
            raise
        write("hlsexplore: cancelled.", sys.stderr)
        return 128 + (interrupt.number or signal.SIGINT)


def _parsed(argv: Sequence[str] | None, interrupt: Interrupt) -> int:
    from hlsexplore.commands.arguments import build_parser

    try:
        args = build_parser().parse_args(argv)
    except SystemExit as stop:
        return _code(stop)
    except BrokenPipeError:
        raise
    except OSError as error:  # help that a full disk did not take
        _drop(sys.stdout)
        write(f"hlsexplore: {_reason(error)}", sys.stderr)
        return EXIT_FAILED
    return _run(args, interrupt)


def _run(args: Namespace, interrupt: Interrupt) -> int:
    from hlsexplore.commands.outcome import Session

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    is_shown = args.progress or (not args.json and sys.stderr is not None and sys.stderr.isatty())
    progress = Progress(sys.stderr, is_shown)
    say: Callable[[str], None] = (lambda text: None) if args.json else lambda text: write(text, sys.stdout)
    session = Session(on_event=progress.show, say=say, interrupt=interrupt)
    try:
        with _logging(args.verbose):
            module, _, name = args.run.partition(":")
            command: Callable[[Namespace, Session], Outcome] = getattr(import_module(module), name)
            outcome = command(args, session)
            progress.end()
            if args.json:
                write(json.dumps(_plain(outcome.data), allow_nan=False), sys.stdout, is_text=False)
            elif outcome.text:
                write(outcome.text, sys.stdout)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        # Whatever an interrupted import or library makes of it: when a signal came, the command was cancelled.
        if not isinstance(error, HlsExploreError | KeyboardInterrupt | OSError) and interrupt.number is None:
            raise
        with contextlib.suppress(OSError):
            progress.end()
        return _failed(error, args, interrupt.number)
    return outcome.code


def _failed(error: BaseException, args: Namespace, number: int | None) -> int:
    """Tell an error in one message and choose the exit code."""
    is_cancelled = number is not None or isinstance(error, CancelledError | KeyboardInterrupt)
    text = str(error) or "cancelled."
    if is_cancelled and not isinstance(error, CancelledError):
        text = "cancelled."
    elif isinstance(error, OSError):
        text = _reason(error)
    if args.debug:
        traceback.print_exception(error)
    try:
        if args.json:
            write(json.dumps({"error": text, "kind": type(error).__name__}), sys.stdout, is_text=False)
        elif sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:  # the output that could not be written is the error
        _drop(sys.stdout)
    write(f"hlsexplore {args.command}: {text}", sys.stderr)
    return 128 + (number or signal.SIGINT) if is_cancelled else EXIT_FAILED


def _reason(error: OSError) -> str:
    reason = error.strerror or error
    if error.filename is None:
        return f"a file cannot be read or written: {reason}. Check the disk's space and this process' limits."
    return f"{error.filename}: {reason}."


def _leave(number: int) -> None:
    """End the process when nothing else ends it; programs that it started end with it."""
    with contextlib.suppress(OSError):
        os.write(2, b"hlsexplore: cancelled.\n")
    os._exit(128 + number)


def _occupy_standard_streams() -> None:
    """Let no file that is opened later take the place of a standard stream that was closed."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _drop(stream: TextIO | None) -> None:
    """Let what a stream still holds go nowhere, also at the interpreter's last flush."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextlib.contextmanager
def _logging(is_verbose: bool) -> Iterator[None]:
    """Send the log to stderr while a command runs."""
    handler = logging.StreamHandler(sys.stderr)
    loggers = [logging.getLogger(name) for name in ("hlsexplore", "hlsexplore_hls", "hlsexplore_widgets")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if is_verbose else logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.removeHandler(handler)


def _plain(value: Any) -> Any:
    """Turn NaN and infinity, which JSON lacks, into null, and everything else into plain data."""
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int() | str():
            return value
        case _ if hasattr(value, "item"):
            return _plain(value.item())
        case _:
            return str(value)


def _code(stop: SystemExit) -> int:
    return stop.code if isinstance(stop.code, int) else EXIT_DONE if stop.code is None else EXIT_USAGE
