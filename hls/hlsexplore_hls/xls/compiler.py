"""Compiles DSLX layers to Verilog modules, side by side, each result kept by content."""

import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from hlsexplore.errors import ToolError
from hlsexplore.support import cache
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore.support.work_folder import work_folder
from hlsexplore_hls.reports.files import read_report
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.log import Listeners
from hlsexplore_hls.tools.parallel import default_jobs, locked, run_side_by_side
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.xls.layers import LayerText

DELAY_MODEL = "sky130"
"""XLS has delay models of chips only; this one is of a 130 nm process."""
PERIOD_SHARE = 0.5
"""Share of the clock period that is given to that model. With a half, the longest path of a 32x32 layer of 8 bits at
5 ns has 11 LUTs and carry cells after mapping, as many as in the flow `rtl`; with all of it, 19."""
TIMEOUT_S = 1800.0
MEMORY_MB = 8000.0
"""Most memory of one compilation; the 64x32 layer of 8 bits takes 600 MB."""
_STAGE = re.compile(r"^\s*// Registers for pipe stage \d+:$", re.MULTILINE)
_PROC_STAGE = re.compile(r"^\s*reg p(\d+)_inputs_valid;$", re.MULTILINE)
_RECEIVE_STAGE = re.compile(r"^\s*wire active_inputs_valid_(\d+);$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A layer as Verilog.

    Attributes:
        verilog: The module: `clk`, `rst`, `in_valid`, `data`, `out_valid`, `out`; with reuse above 1 `clk`, `rst` and
            the channels `<name>__data` and `<name>__result` with their `_valid` and `_ready`.
        latency_cycles: Cycles from input to output; a new input every `reuse` cycles.
    """

    verilog: str
    latency_cycles: int


def xls_version() -> str:
    """Return the version of xls-python.

    Raises:
        ToolError: If it is not installed.
    """
    try:
        if find_spec("xls") is not None:
            return version("xls-python")
    except PackageNotFoundError:
        pass
    raise ToolError(
        "'xls-python' was not found. Install it with \"pip install 'hlsexplore[xls]'\" (Linux only), or use the flow "
        "'rtl', which needs no compiler."
    )


def compile_layers(
    layers: Sequence[LayerText],
    clock_ns: float,
    on_event: OnEvent = ignore,
    cancel: threading.Event | None = None,
    jobs: int | None = None,
    use_cache: bool = True,
) -> dict[str, Compiled]:
    """Compile layers, those with a kept result excepted.

    Args:
        layers: The layers.
        clock_ns: Clock period to schedule for.
        on_event: Told stages, from several threads but one at a time.
        cancel: Stops the work when set.
        jobs: Most processes at once; one for each core when None.
        use_cache: Whether to use and keep results.

    Returns:
        The result of each layer by its name.

    Raises:
        ToolError: If xls-python is missing or fails.
        CancelledError: If `cancel` was set.
    """
    title = xls_version()
    tell = locked(on_event)
    period_ps = max(1, round(clock_ns * 1000 * PERIOD_SHARE))
    keys = {
        layer.name: cache.content_key(
            ["xls 2", title, DELAY_MODEL, str(period_ps), str(layer.reuse), layer.name, layer.text]
        )
        for layer in layers
    }
    found = {name: _load(key) for name, key in keys.items()} if use_cache else {}
    done = {name: item for name, item in found.items() if item is not None}
    waiting = sorted((layer for layer in layers if layer.name not in done), key=lambda layer: -len(layer.text))

    def work(layer: LayerText, stop: threading.Event) -> Compiled:
        compiled = _compile(layer, period_ps, tell, stop)
        if use_cache:
            data = {"verilog": compiled.verilog, "latency_cycles": compiled.latency_cycles}
            cache.store("xls", keys[layer.name], data)
        return compiled

    results = run_side_by_side(waiting, work, jobs or default_jobs(), cancel)
    done |= {layer.name: result for layer, result in zip(waiting, results, strict=True)}
    return {layer.name: done[layer.name] for layer in layers}


def _compile(layer: LayerText, period_ps: int, tell: OnEvent, stop: threading.Event) -> Compiled:
    worker = Path(__file__).with_name("worker.py")

    def line(text: str) -> None:
        if text.startswith("@stage "):
            tell(Event(kind="stage", text=f"{layer.name}: {text.removeprefix('@stage ')}"))
        elif text.strip():
            tell(Event(kind="log", text=f"{layer.name}: {text}"))

    with work_folder() as where:
        (where / f"{layer.name}.x").write_text(layer.text, encoding="utf-8")
        run(
            [sys.executable, "-P", worker, layer.name, str(layer.reuse), str(period_ps), DELAY_MODEL],
            cwd=where,
            limits=Limits.after(TIMEOUT_S, cancel=stop, memory_mb=MEMORY_MB),
            listeners=Listeners(scan=line),
            what=f"xls for {layer.name}",
        )
        verilog = read_report(where / f"{layer.name}.v")
    return Compiled(verilog=verilog, latency_cycles=_latency(verilog, layer.reuse))


def _latency(verilog: str, reuse: int) -> int:
    """Count the cycles from input to output; simulation confirms them (tests/agreement).

    A proc takes its input in one stage and gives its output `reuse - 1` steps later, in its last stage, through a
    register.
    """
    if reuse == 1:
        return len(_STAGE.findall(verilog))
    last = max((int(stage) for stage in _PROC_STAGE.findall(verilog)), default=0)
    first = max((int(stage) for stage in _RECEIVE_STAGE.findall(verilog)), default=0)
    return reuse - 1 + last - first + 1


def _load(key: str) -> Compiled | None:
    data = cache.load("xls", key)
    if data is None or not isinstance(data.get("verilog"), str) or not isinstance(data.get("latency_cycles"), int):
        return None
    return Compiled(verilog=data["verilog"], latency_cycles=data["latency_cycles"])
