"""The arguments of the command line: its commands, their options and what each option takes."""

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from hlsexplore.commands.terminal import write
from hlsexplore.errors import ConfigError
from hlsexplore.fixed import Fixed
from hlsexplore.masks import Pattern
from hlsexplore.target import Io, Target, Tool
from hlsexplore.task import read_task
from hlsexplore_hls.flows import FLOWS
from hlsexplore_hls.tools.table import tool_words

EXIT_USAGE = 2
SUPPRESS = argparse.SUPPRESS


OUTPUTS = ("--to", "--output", "--out", "-o")
"""Options that say where a command writes: a folder, a design file, outputs."""


class _Parser(argparse.ArgumentParser):
    """Parser whose errors are one message with a way out."""

    given: Sequence[str] = ()
    """What is parsed, for hints."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; a command names what it does not know itself, so that its own help and options are pointed to."""
        self.given = sys.argv[1:] if args is None else args
        found, rest = super().parse_known_args(args, namespace)
        if rest and " " in self.prog:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def _hint(self) -> str:
        """Name the option that was probably meant by one that does not exist."""
        known = self._option_string_actions
        for text in self.given:
            option = text.partition("=")[0]
            if not option.startswith("-") or option in known:
                continue
            near = get_close_matches(option, known, n=1)
            meant = next((name for name in OUTPUTS if name in known), None) if option in OUTPUTS else None
            if meant or near:
                return f" Instead of {option!r}, did you mean {meant or near[0]!r}?"
        return ""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave with exit code 2."""
        found = re.match(r"argument (\S+): invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if found:
            names = re.findall(r"[A-Za-z_0-9.]+", found[3])
            near = get_close_matches(found[2], names, n=1)
            message = f"unknown {found[1].lstrip('-').lower()} {found[2]!r}. Valid: {', '.join(names)}."
            message += f" Did you mean {near[0]!r}?" if near else ""
        else:
            message = f"{message.rstrip('.')}.{self._hint()}"
        end = "" if message.endswith("?") else "."
        write(f"{self.prog}: {message.rstrip('.')}{end} See '{self.prog} --help'.", sys.stderr)
        raise SystemExit(EXIT_USAGE)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write help at once: argparse itself swallows the error of a full disk or of a reader that has gone."""
        stream = file or sys.stderr
        if message and stream is not None:
            stream.write(message)
            stream.flush()


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
    _add_compress_commands(add)
    _add_study_commands(add)
    _add_project_commands(add)
    _add_hls4ml_command(add)
    _add_machine_commands(add)
    return parser


Add = Callable[[str, str, str], argparse.ArgumentParser]


def _add_model_commands(add: Add) -> None:
    command = add("inspect", "model:inspect", "list a model's layers, and everything in it that is not supported")
    _model(command)
    command = add("init", "model:init", "write a first design file for a model")
    _model(command)
    _data(command, required=False)
    _first(command)
    command.add_argument(
        "--hls4ml", metavar="CONFIG.yml", help="take types and knobs from a configuration of hls4ml for this model"
    )
    command = add("propose", "propose:propose", "write a design file whose types fit the values of data")
    _model(command)
    _data(command, required=True)
    _task(command)
    _design(command)
    command.add_argument(
        "--tolerance",
        type=_share,
        metavar="T",
        help="narrow types while no more than this is lost, such as 0.005",
    )
    _first(command)
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
    command.add_argument(
        "--compare-tools",
        action="store_true",
        help="Vitis HLS, Vivado's logic synthesis and our RTL in Yosys side by side",
    )


def _add_compress_commands(add: Add) -> None:
    command = add("prune", "compress:prune", "write a design that keeps a share of its weights")
    _model(command)
    _design(command)
    command.add_argument("--density", type=_share, required=True, metavar="S", help="share that is kept, such as 0.4")
    command.add_argument("--layers", metavar="A,B,...", help="layers that lose weights (all that can)")
    command.add_argument(
        "--pattern",
        choices=[str(item) for item in Pattern],
        default=str(Pattern.WEIGHTS),
        help="what is dropped as a whole (docs/compression.md)",
    )
    command.add_argument(
        "--by",
        choices=["magnitude", "saliency"],
        default="magnitude",
        help="the same share of every layer, or most where the least accuracy pays for the most LUT",
    )
    _data(command, required=False)
    _task(command)
    command.add_argument("-o", "--output", default="design.yaml", metavar="FILE", help="design file to write")
    _force(command)
    command = add("fine-tune", "compress:fine_tune", "train the weights of a design, with its types and zeros kept")
    _model(command)
    _design(command)
    command.add_argument("--train", required=True, metavar="X.npz", help="training samples x and labels y")
    _data(command, required=False)
    _task(command)
    command.add_argument("--to", required=True, metavar="DIR", help="folder of the new network and its design")
    command.add_argument("--epochs", type=_count, default=30, metavar="N", help="passes over the samples, at most (30)")
    command.add_argument("--batch-size", type=_count, default=128, metavar="N", help="samples of a step (128)")
    command.add_argument("--learning-rate", type=_positive, default=2e-3, metavar="R", help="first step (0.002)")
    command.add_argument(
        "--validation", type=_share, default=0.15, metavar="S", help="share that chooses the best epoch (0.15)"
    )
    command.add_argument(
        "--distill", type=float, default=0.5, metavar="S", help="share of the loss that the float network teaches (0.5)"
    )
    command.add_argument("--mixed", type=_count, default=0, metavar="N", help="mixed samples for each sample (0)")
    command.add_argument("--seed", type=_count, default=0, help="seed of split and order (0)")
    _force(command)


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
    command.add_argument(
        "--no-race", action="store_true", help="evaluate every design on all samples, surely worse ones too"
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
    command = add("export", "projects:export", "write the HLS C++ or RTL project of a design")
    _model(command)
    _design(command)
    command.add_argument("--to", required=True, metavar="DIR", help="folder to write")
    command.add_argument("--flow", default="vitis", choices=list(FLOWS), help="what to write (vitis)")
    command.add_argument(
        "--interface",
        help="what the top level looks like, or hls4ml's back end or board; the flow's first when left out",
    )
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
        help=f"{tool_words()} (yosys); more forms in docs/tools.md",
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
    command.add_argument("reports", nargs="+", metavar="REPORTS", help="report files, projects, or folders of projects")
    fit = "also fit coefficients to hls4ml projects and write them (to your own file)"
    command.add_argument("--fit", nargs="?", const="", metavar="FILE", help=fit)
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
    trained = "plain, quantized, with learned bit widths (jets), or of Brevitas (shuttle) (qkeras)"
    command.add_argument("--variant", default="qkeras", choices=["keras", "qkeras", "hgq2", "brevitas"], help=trained)
    command.add_argument("--all", action="store_true", help="every example in all its variants")
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


def _first(parser: argparse.ArgumentParser) -> None:
    """Add what a design has before anything is tuned, and where it goes."""
    target = Target()
    parser.add_argument(
        "-o", "--output", default="design.yaml", metavar="FILE", help="design file to write (design.yaml)"
    )
    parser.add_argument(
        "--type", type=_fixed, default=Fixed(16, 6), help="type of inputs without data, and usual width (fixed<16,6>)"
    )
    parser.add_argument("--part", type=_part, default=target.part, help=f"device ({target.part})")
    parser.add_argument("--clock-ns", type=_positive, default=target.clock_ns, metavar="N", help="clock period (5)")
    parser.add_argument("--io", choices=[str(item) for item in Io], default=str(target.io), help="interface (parallel)")
    parser.add_argument(
        "--tool", choices=[str(item) for item in Tool], default=str(target.tool), help="tool that estimates imitate"
    )
    _force(parser)


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


def _fixed(text: str) -> Fixed:
    try:
        return Fixed.parse(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _part(text: str) -> str:
    try:
        return Target(part=text).part
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _said(text: str) -> str | dict[str, str]:
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


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to below 1, not {text!r}")
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
