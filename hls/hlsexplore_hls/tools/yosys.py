"""Synthesis with Yosys: a process for each layer, side by side, each result kept by content."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hlsexplore.errors import ToolError
from hlsexplore.support import cache
from hlsexplore.support.progress import Event, OnEvent, ignore
from hlsexplore_hls.reports.files import read_report
from hlsexplore_hls.reports.yosys import Cells, parse_depth, parse_stat
from hlsexplore_hls.tools.deadline import NO_DEADLINE, Deadline, Limits
from hlsexplore_hls.tools.hierarchy import Module, closure, find_modules, memory_files
from hlsexplore_hls.tools.log import Listeners
from hlsexplore_hls.tools.parallel import default_jobs, locked, run_side_by_side
from hlsexplore_hls.tools.runner import run, tail_of
from hlsexplore_hls.tools.yosys_engine import LOG, Engine, find_engine
from hlsexplore_hls.tools.yosys_script import (
    DEPTH,
    MAPS,
    STAT,
    Memory,
    memory_of,
    script,
)

SMALL_BYTES = 20_000
"""Modules with less Verilog than this share one process: starting Yosys costs more than their synthesis."""
_SHARES = {
    "reading": 0.0,
    "optimizing": 0.05,
    "mapping memories": 0.35,
    "mapping arithmetic": 0.4,
    "mapping LUTs": 0.6,
    "packing": 0.9,
    "counting": 0.97,
    "done": 1.0,
}
"""Share of a module's time that has passed when a stage begins, from adder trees of 16x64 and 64x32."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SynthesisUnit:
    """A module that is synthesized on its own, flat with everything below it.

    Attributes:
        module: Its identifier.
        num_instances: How often the design holds it.
        files: Text by file name of its own modules.
        black_boxes: Text by file name of modules that are left out: their ports are enough.
        memories: Content by file name of what its memories are loaded from.
    """

    module: str
    num_instances: int
    files: Mapping[str, str]
    black_boxes: Mapping[str, str]
    memories: Mapping[str, bytes]

    @property
    def memory(self) -> Memory:
        """What memories it may hold."""
        return max(map(memory_of, self.files.values()), key=list(Memory).index)

    @property
    def size(self) -> int:
        """Bytes of Verilog, a measure of the work."""
        return sum(map(len, self.files.values())) + sum(map(len, self.memories.values()))


def plan(sources: Mapping[str, str], top: str, memories: Mapping[str, bytes] | None = None) -> list[SynthesisUnit]:
    """Split a design into units: each module that the top instantiates, and the top without them.

    Args:
        sources: Verilog text by file name; files that the top does not need are left out.
        top: The top module.
        memories: Content by name of the files that `$readmemh` and `$readmemb` name.

    Raises:
        ToolError: If a module is missing or defined twice.
    """
    modules = find_modules(sources)
    reached = closure(modules, top)
    children = list(dict.fromkeys(modules[top].instances))
    inner = {below for child in children for below in closure(modules, child)[1:]}
    # A module with parameters, or one that is also part of another layer, has no counts of its own: all in one then.
    if not children or modules[top].has_parameters or inner & set(children) or _shares_file(modules, top, reached):
        return [_unit(modules, top, 1, sources, reached, (), memories or {})]
    units = [
        _unit(modules, child, modules[top].instances.count(child), sources, closure(modules, child), (), memories or {})
        for child in children
    ]
    return [*units, _unit(modules, top, 1, sources, [top], children, memories or {})]


def synthesize_units(
    units: Sequence[SynthesisUnit],
    family: str,
    folder: Path,
    on_event: OnEvent = ignore,
    deadline: Deadline = NO_DEADLINE,
    engine: Engine | None = None,
    jobs: int | None = None,
    use_cache: bool = True,
) -> dict[str, Cells]:
    """Synthesize units, those with a kept result excepted.

    Args:
        units: What to synthesize.
        family: Device family, a key of `yosys_script.FAMILIES`.
        folder: Empty folder for the runs.
        on_event: Told stages and lines, from several threads but one at a time.
        deadline: When the work must be done.
        engine: The Yosys; found when None.
        jobs: Most processes at once; one for each core when None.
        use_cache: Whether to use and keep results.

    Returns:
        Cells of each unit by its module.

    Raises:
        ToolError: If Yosys is missing, fails or takes too long.
        CancelledError: If `cancel` was set.
    """
    engine = engine or find_engine()
    tell = locked(on_event)
    keys = {unit.module: _key(unit, family, engine) for unit in units}
    found = {unit.module: _load(keys[unit.module]) for unit in units} if use_cache else {}
    cells = {name: item for name, item in found.items() if item is not None}
    if cells:
        tell(Event(kind="log", text=f"{len(cells)} of {len(units)} modules are unchanged: their kept results are used"))
    tasks = _tasks([unit for unit in units if unit.module not in cells])
    progress = _Progress(tasks, tell)

    def work(task: tuple[SynthesisUnit, ...], stop: threading.Event) -> dict[str, Cells]:
        where = folder / f"run_{tasks.index(task)}"
        where.mkdir()
        result = _synthesize_task(task, family, where, engine, progress, replace(deadline, cancel=stop))
        for name, item in result.items():
            if use_cache:
                _store(keys[name], item)
        return result

    for result in run_side_by_side(tasks, work, jobs or default_jobs(), deadline.cancel):
        cells |= result
    return {unit.module: cells[unit.module] for unit in units}


class _Progress:
    """Mutable because it adds up what several threads report."""

    def __init__(self, tasks: Sequence[tuple[SynthesisUnit, ...]], tell: OnEvent) -> None:
        self._tell = tell
        self._sizes = {task: max(1, sum(unit.size for unit in task)) for task in tasks}
        self._done = dict.fromkeys(tasks, 0.0)
        self._lock = threading.Lock()

    def stage(self, task: tuple[SynthesisUnit, ...], name: str) -> None:
        with self._lock:
            self._done[task] = max(self._done[task], _SHARES.get(name, 0.0))
            done = sum(share * self._sizes[task] for task, share in self._done.items()) / sum(self._sizes.values())
            self._tell(Event(kind="stage", text=f"{_title(task)}: {name}", fraction=done))

    def log(self, line: str) -> None:
        self._tell(Event(kind="log", text=line))


def _title(task: tuple[SynthesisUnit, ...]) -> str:
    return task[0].module if len(task) == 1 else f"{len(task)} small modules"


def _tasks(units: Sequence[SynthesisUnit]) -> list[tuple[SynthesisUnit, ...]]:
    """Order units by size, the largest first; the small ones form one task."""
    tasks: list[tuple[SynthesisUnit, ...]] = [(unit,) for unit in units if unit.size >= SMALL_BYTES]
    for memory in Memory:
        small = tuple(unit for unit in units if unit.size < SMALL_BYTES and unit.memory == memory)
        tasks += [small] if small else []
    return sorted(tasks, key=lambda task: -sum(unit.size for unit in task))


def _synthesize_task(
    task: tuple[SynthesisUnit, ...],
    family: str,
    where: Path,
    engine: Engine,
    progress: _Progress,
    deadline: Deadline,
) -> dict[str, Cells]:
    names = _write(task, where)
    files = {name for unit in task for name in unit.files}
    boxes = {name for unit in task for name in unit.black_boxes} - files
    text = script(
        family,
        [unit.module for unit in task],
        [names[file] for file in sorted(files)],
        [names[file] for file in sorted(boxes)],
        max((unit.memory for unit in task), key=list(Memory).index),
    )
    (where / "synth.ys").write_text(text, encoding="utf-8")
    started_ns = time.time_ns()

    def line(text: str) -> None:
        if text.startswith("@stage "):
            progress.stage(task, text.removeprefix("@stage "))
        elif text.strip():
            progress.log(f"{_title(task)}: {text}")

    done = run(
        engine.argv("synth.ys"),
        cwd=where,
        limits=Limits(deadline=deadline),
        listeners=Listeners(scan=line),
        check=False,
        what="yosys",
    )
    if done.exit_code:
        raise ToolError(f"Yosys could not synthesize {_title(task)!r}: {_reason(where, done.output)}")
    seconds = f"{done.wall_s:.1f} s" + (f", {done.peak_mb:.0f} MB" if done.peak_mb is not None else "")
    progress.log(f"{_title(task)}: synthesized in {seconds}")
    stat = parse_stat(read_report(where / STAT, newer_than_ns=started_ns))
    result: dict[str, Cells] = {}
    for unit in task:
        deadline.check("yosys")
        if unit.module not in stat:
            raise ToolError(
                f"the statistics that Yosys wrote lack the module {unit.module!r}. Run the synthesis again."
            )
        depth = parse_depth(read_report(where / f"{unit.module}{DEPTH}", newer_than_ns=started_ns))
        result[unit.module] = Cells(counts=stat[unit.module], logic_depth=depth)
    return result


def _write(task: tuple[SynthesisUnit, ...], where: Path) -> dict[str, str]:
    """Write a task's files under names of our own; return these by the files' names in the project."""
    texts = {name: text for unit in task for name, text in {**unit.black_boxes, **unit.files}.items()}
    names = {name: f"source_{index}.v" for index, name in enumerate(sorted(texts))}
    for name, text in texts.items():
        (where / names[name]).write_text(text, encoding="utf-8")
    for unit in task:
        for name, content in unit.memories.items():
            path = where / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name, text in MAPS.items():
        (where / name).write_text(text, encoding="utf-8")
    return names


def _reason(where: Path, output: str) -> str:
    """Find the sentence that Yosys ended with."""
    lines = [*tail_of(where / LOG).splitlines(), *output.splitlines()]
    errors = [line.partition("ERROR: ")[2] for line in lines if "ERROR: " in line]
    return errors[-1] if errors else "it ended without a message.\n" + "\n".join(f"    {line}" for line in lines[-5:])


def _unit(
    modules: Mapping[str, Module],
    module: str,
    num_instances: int,
    sources: Mapping[str, str],
    own: Sequence[str],
    boxes: Sequence[str],
    memories: Mapping[str, bytes],
) -> SynthesisUnit:
    files = {modules[name].file: sources[modules[name].file] for name in own}
    outside = {f"{name} ports": modules[name].ports for name in boxes}
    used = sorted({name for text in files.values() for name in memory_files(text)})
    for name in used:
        if name not in memories:
            raise ToolError(
                f"the memory file {name!r} of the Verilog module {module!r} is missing. Export the design again."
            )
    return SynthesisUnit(
        module=module,
        num_instances=num_instances,
        files=files,
        black_boxes=outside,
        memories={name: memories[name] for name in used},
    )


def _shares_file(modules: Mapping[str, Module], top: str, reached: Sequence[str]) -> bool:
    """Whether the top's own file also defines modules below it: it cannot be read without them."""
    return any(modules[name].file == modules[top].file for name in reached if name != top)


def _key(unit: SynthesisUnit, family: str, engine: Engine) -> str:
    commands = script(family, [unit.module], ["source.v"], ["box.v"], unit.memory)
    # The names of Verilog files do not matter; those of memory files stand in the Verilog.
    parts: list[str | bytes] = ["yosys 1", engine.title, commands, *MAPS.values()]
    parts += [str(len(unit.files)), *sorted(unit.files.values())]
    parts += [str(len(unit.black_boxes)), *sorted(unit.black_boxes.values())]
    for name, content in sorted(unit.memories.items()):
        parts += [name, content]
    return cache.content_key(parts)


def _load(key: str) -> Cells | None:
    data = cache.load("yosys", key)
    if data is None:
        return None
    counts, depth = data.get("counts"), data.get("logic_depth")
    if not isinstance(counts, dict) or not all(isinstance(count, int) for count in counts.values()):
        return None
    return Cells(counts=counts, logic_depth=depth if isinstance(depth, int) else None)


def _store(key: str, cells: Cells) -> None:
    cache.store("yosys", key, {"counts": dict(cells.counts), "logic_depth": cells.logic_depth})
