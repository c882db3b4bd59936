"""The command line: arguments, output and exit codes (docs/cli.md)."""

import argparse
import contextlib
import io
import json
import logging
import math
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from hlsexplore.commands.interrupt import Interrupt
from hlsexplore.errors import CancelledError, ConfigError, HlsExploreError

if TYPE_CHECKING:
    from hlsexplore.commands.outcome import Outcome
    from hlsexplore.fixed import Fixed
    from hlsexplore.support.progress import Event

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_CANCELLED, EXIT_PIPE = 0, 1, 2, 130, 141
PROGRESS_AFTER_S = 1.0
PROGRESS_EVERY_S = 0.5
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SUPPRESS = argparse.SUPPRESS


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
    with interrupt.handled(_leave, is_program=argv is None):
        try:
            return _parsed(argv, interrupt)
        except BrokenPipeError:
            _drop(sys.stdout)  # the reader of our output has gone: say nothing
            return EXIT_PIPE
        except KeyboardInterrupt:
            _print("hlsexplore: cancelled.", sys.stderr)
            return 128 + (interrupt.number or signal.SIGINT)


def _parsed(argv: Sequence[str] | None, interrupt: Interrupt) -> int:
    try:
        args = build_parser().parse_args(argv)
    except SystemExit as stop:
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:  # help that a full disk did not take
            _drop(sys.stdout)
            _print(f"hlsexplore: {_reason(error)}", sys.stderr)
            return EXIT_FAILED
        return _code(stop)
    return _run(args, interrupt)


def _run(args: argparse.Namespace, interrupt: Interrupt) -> int:
    from hlsexplore.commands.outcome import Session

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    is_shown = args.progress or (not args.json and sys.stderr is not None and sys.stderr.isatty())
    progress = _Progress(sys.stderr, is_shown)
    say: Callable[[str], None] = (lambda text: None) if args.json else lambda text: _print(text, sys.stdout)
    session = Session(on_event=progress.show, say=say, interrupt=interrupt)
    try:
        with _logging(args.verbose):
            module, _, name = args.run.partition(":")
            command: Callable[[argparse.Namespace, Session], Outcome] = getattr(import_module(module), name)
            outcome = command(args, session)
            progress.end()
            if args.json:
                _print(json.dumps(_plain(outcome.data), allow_nan=False), sys.stdout, is_text=False)
            elif outcome.text:
                _print(outcome.text, sys.stdout)
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


def _failed(error: BaseException, args: argparse.Namespace, number: int | None) -> int:
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
            _print(json.dumps({"error": text, "kind": type(error).__name__}), sys.stdout, is_text=False)
        elif sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:  # the output that could not be written is the error
        _drop(sys.stdout)
    _print(f"hlsexplore {args.command}: {text}", sys.stderr)
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


class _Progress:
    """Writes stages to a terminal: nothing in the first second, then at most two lines a second."""

    def __init__(self, stream: TextIO | None, is_on: bool) -> None:
        self._stream = stream or io.StringIO()
        self._is_on = is_on
        self._is_tty = self._stream.isatty()
        self._start = self._last = monotonic()
        self._length = 0
        self._lock = threading.Lock()

    def show(self, event: "Event") -> None:
        """Show an event, unless it comes too soon after the last one."""
        if not self._is_on:
            return
        with self._lock:
            now = monotonic()
            if now - self._start < PROGRESS_AFTER_S or now - self._last < PROGRESS_EVERY_S:
                return
            self._last = now
            share = "" if event.fraction is None else f"{100 * event.fraction:3.0f} % "
            line = _printable(f"{share}{event.text.strip()} ({now - self._start:.0f} s)".replace("\n", " "))[:160]
            if self._is_tty:
                self._stream.write(f"\r{line.ljust(self._length)}")
                self._length = len(line)
            else:
                self._stream.write(f"{line}\n")
            self._stream.flush()

    def end(self) -> None:
        """Wipe the line on a terminal."""
        if self._is_tty and self._length:
            self._stream.write("\r" + " " * self._length + "\r")
            self._stream.flush()
        self._length = 0


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


class _Parser(argparse.ArgumentParser):
    """Parser whose errors are one message with a way out."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave with exit code 2."""
        found = re.match(r"argument (\S+): invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if found:
            names = re.findall(r"[A-Za-z_0-9.]+", found[3])
            near = get_close_matches(found[2], names, n=1)
            message = f"unknown {found[1].lstrip('-').lower()} {found[2]!r}. Valid: {', '.join(names)}."
            message += f" Did you mean {near[0]!r}?" if near else ""
        _print(f"{self.prog}: {message.rstrip('.')}. See '{self.prog} --help'.", sys.stderr)
        raise SystemExit(EXIT_USAGE)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    from hlsexplore import __version__

    parser = _Parser(
        prog="hlsexplore", description="Explore fixed-point designs of neural networks on FPGAs.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"hlsexplore {__version__}")
    _common(parser, False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, run: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        made.set_defaults(run=f"hlsexplore.commands.{run}")
        _common(made, SUPPRESS)
        return made

    _add_model_commands(add)
    _add_study_commands(add)
    _add_project_commands(add)
    _add_hls4ml_command(add)
    _add_machine_commands(add)
    return parser


Add = Callable[[str, str, str], argparse.ArgumentParser]


def _add_model_commands(add: Add) -> None:
    from hlsexplore.fixed import Fixed
    from hlsexplore.target import Io, Target, Tool

    command = add("inspect", "model:inspect", "list a model's layers, and everything in it that is not supported")
    _model(command)
    command = add("init", "model:init", "write a first design file for a model")
    _model(command)
    target = Target()
    command.add_argument(
        "-o", "--output", default="design.yaml", metavar="FILE", help="design file to write (design.yaml)"
    )
    command.add_argument("--type", type=_fixed, default=Fixed(16, 6), help="type of inputs and results (fixed<16,6>)")
    command.add_argument("--part", type=_part, default=target.part, help=f"device ({target.part})")
    command.add_argument("--clock-ns", type=_positive, default=target.clock_ns, metavar="N", help="clock period (5)")
    command.add_argument(
        "--io", choices=[str(item) for item in Io], default=str(target.io), help="interface (parallel)"
    )
    command.add_argument(
        "--tool", choices=[str(item) for item in Tool], default=str(target.tool), help="tool that estimates imitate"
    )
    command.add_argument(
        "--hls4ml", metavar="CONFIG.yml", help="take types and knobs from a configuration of hls4ml for this model"
    )
    _force(command)
    command = add("emulate", "model:emulate", "exact accuracy of a design on data, and where values overflow")
    _model(command)
    _design(command)
    _data(command, required=True)
    _task(command)
    _out(command)
    command.add_argument("--no-trace", action="store_true", help="do not count overflows")
    command = add("estimate", "model:estimate", "resources and latency of a design, from the weights")
    _model(command)
    _design(command)
    command.add_argument(
        "--level",
        choices=["hls", "logic", "plan"],
        help="what is predicted (docs/estimates.md); plan for the tool yosys, else hls",
    )


def _add_study_commands(add: Add) -> None:
    command = add(
        "sweep", "studies:sweep", "evaluate many designs and keep them in a study; goes on after an interruption"
    )
    _model(command)
    _data(command, required=True)
    command.add_argument(
        "--space", metavar="S.yaml", help="what may be chosen (docs/search.md); common choices when left out"
    )
    command.add_argument(
        "--study", required=True, metavar="S.db", help="file that keeps the results; made when missing"
    )
    command.add_argument(
        "--trials", type=_count, metavar="N", help="designs wanted, those already there included (all)"
    )
    _design(command)
    command.add_argument("--sampler", default="auto", help="grid, random, one that learns (docs/search.md), or auto")
    command.add_argument(
        "--objectives", metavar="A,B,...", help="figures to improve (the figure of merit, lut and latency_cycles)"
    )
    _task(command)
    command.add_argument(
        "--metric",
        action="append",
        metavar="NAME",
        help="accuracy, auc, agreement, rmse or relative_error; may be repeated, the first one is the figure of merit",
    )
    command.add_argument("--seed", type=_count, default=0, help="seed of the sampler (0)")
    command.add_argument(
        "--workers", type=_workers, metavar="N|ADDRESS", help="processes, or the address of a Dask scheduler"
    )
    command = add("front", "studies:front", "show the Pareto front of a study, or take a design out of it")
    command.add_argument("study", metavar="STUDY", help="study file")
    command.add_argument("--objectives", metavar="A,B,...", help="figures that count; own ones as name:max or name:min")
    command.add_argument(
        "--where", action="append", default=[], metavar="CONDITION", help="such as 'lut<=50000'; may be repeated"
    )
    command.add_argument("--csv", metavar="FILE", help="write the front as a table, with all types and knobs")
    command.add_argument("--pick", type=_count, metavar="NUMBER", help="write the design file of one trial instead")
    command.add_argument("-o", "--output", metavar="FILE", help="design file that --pick writes (design.yaml)")
    _force(command)


def _add_project_commands(add: Add) -> None:
    from hlsexplore_hls.flows import FLOWS

    command = add("export", "projects:export", "write the HLS C++ or RTL project of a design")
    _model(command)
    _design(command)
    command.add_argument("--to", required=True, metavar="DIR", help="folder to write")
    command.add_argument("--flow", default="vitis", choices=list(FLOWS), help="what to write (vitis)")
    command.add_argument("--interface", help="what the top level looks like; the flow's first when left out")
    _data(command, required=False)
    _force(command)
    command = add("simulate", "projects:simulate", "run a project's C++ or RTL and compare it with the emulator")
    command.add_argument("project", metavar="DIR", help="folder that export wrote")
    _data(command, required=False)
    _task(command)
    _out(command)
    command = add("synth", "projects:synth", "synthesize a project and show the report")
    command.add_argument("project", metavar="DIR", help="folder that export wrote")
    command.add_argument(
        "--tool",
        default="yosys",
        help="yosys, nextpnr, vitis_hls, vivado_hls or vivado (yosys); more forms in docs/tools.md",
    )
    command.add_argument("--timeout", type=_positive, metavar="S", help="stop the tool after so many seconds")


def _add_hls4ml_command(add: Add) -> None:
    command = add(
        "hls4ml", "hls4ml:check", "look into a project of hls4ml: what it loses, what it costs, what it ignored"
    )
    command.add_argument("what", choices=["check"], help="check: one page on the project")
    command.add_argument("project", metavar="PROJECT", help="folder that hls4ml wrote, its .tar.gz, or a .fml")
    _data(command, required=False)
    _task(command)


def _add_machine_commands(add: Add) -> None:
    add("doctor", "machine:doctor", "say which tools and packages are present, and how to get the others")
    command = add("calibrate", "machine:calibrate", "learn from reports of your own syntheses")
    command.add_argument("reports", nargs="+", metavar="REPORTS", help="report files or project folders")
    command = add("lab", "machine:lab", "open JupyterLab on a bundled notebook")
    command.add_argument("--demo", metavar="NAME", help="example to show")
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command = add("app", "machine:app", "serve the explorer of a model as an application")
    _model(command)
    _data(command, required=True)
    _design(command)
    _task(command)
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.add_argument("--theme", choices=["light", "dark"], default="light", help="colours (light)")
    command = add("demo", "machine:demo", "run the whole job on a bundled example, without a notebook")
    command.add_argument("--example", default="shuttle", metavar="NAME", help="shuttle, digits or jets (shuttle)")
    command.add_argument("--variant", default="qkeras", choices=["keras", "qkeras"], help="plain or quantized (qkeras)")
    command.add_argument("--all", action="store_true", help="every example in both variants")
    command.add_argument("--to", default="demo", metavar="DIR", help="folder to write (demo)")


def _common(parser: argparse.ArgumentParser, default: Any) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", default=default, help="print one machine-readable object")
    group.add_argument("--progress", action="store_true", default=default, help="show progress also without a terminal")
    group.add_argument("--verbose", action="store_true", default=default, help="show more messages")
    group.add_argument("--debug", action="store_true", default=default, help="show a traceback with an error")


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="trained model or an hls4ml project (docs/importers.md)")
    parser.add_argument("weights", metavar="WEIGHTS", nargs="?", help="weights of an architecture (.json): .h5")


def _design(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--design", metavar="D.yaml", help="design file; a safe default design when left out")


def _data(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--data",
        required=required,
        metavar="X.npz",
        help="samples x, and optionally labels y or, for several outputs, y_NAME",
    )


def _task(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--task",
        type=_said,
        metavar="TASK",
        help="multiclass, binary, multilabel or regression, for several outputs as NAME=TASK,...; found when left out",
    )


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="Y.npz", help="write the outputs: y and the raw integers")


def _force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace what is there")


def _fixed(text: str) -> "Fixed":
    from hlsexplore.fixed import Fixed

    try:
        return Fixed.parse(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _part(text: str) -> str:
    from hlsexplore.target import Target

    try:
        return Target(part=text).part
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _said(text: str) -> str | dict[str, str]:
    from hlsexplore.task import read_task

    parts = [part.strip() for part in text.split(",")]
    pairs = [part.rpartition("=") for part in parts]
    if len(parts) > 1 and not all(name for name, _, _ in pairs):
        raise argparse.ArgumentTypeError(f"expected a task, or NAME=TASK for each output, not {text!r}")
    try:
        for _, _, task in pairs:
            read_task(task)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return {name: task for name, _, task in pairs} if pairs[0][0] else text


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, not {text!r}")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise argparse.ArgumentTypeError(f"expected a whole number, not {text!r}")
    return int(text)


def _workers(text: str) -> int | str:
    if text.isdecimal() and 0 < int(text) <= 1024:
        return int(text)
    if re.fullmatch(r"(tcp|tls|ws|wss)://\S+", text):
        return text
    raise argparse.ArgumentTypeError(
        f"expected a number of processes or an address such as tcp://host:8786, not {text!r}"
    )


def _print(text: str, stream: TextIO | None, *, is_text: bool = True) -> None:
    if stream is None:  # closed by whoever started this
        return
    print(_printable(text) if is_text else text, file=stream, flush=True)


def _printable(text: str) -> str:
    """Show control characters, as a model file's names may hold them, instead of sending them to the terminal."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


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
