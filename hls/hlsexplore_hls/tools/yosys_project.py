"""A project of Verilog to a `Report` with Yosys."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hlsexplore.errors import ToolError
from hlsexplore.report import Figures, Report
from hlsexplore.rtl_plan.count.blocks import counted_family
from hlsexplore.support.files import read_regular
from hlsexplore.support.progress import OnEvent, ignore
from hlsexplore_hls.project import Project
from hlsexplore_hls.reports.yosys import Cells, figures_of
from hlsexplore_hls.tools.deadline import NO_DEADLINE, Deadline
from hlsexplore_hls.tools.run_folder import run_folder
from hlsexplore_hls.tools.yosys import SynthesisUnit, plan, synthesize_units
from hlsexplore_hls.tools.yosys_engine import find_engine
from hlsexplore_hls.tools.yosys_script import FAMILIES, find_family

VERILOG = (".v", ".sv")
MAX_SOURCE_BYTES = 256 << 20


def synthesize_with_yosys(
    project: Project,
    folder: Path,
    on_event: OnEvent = ignore,
    deadline: Deadline = NO_DEADLINE,
    variant: str | None = None,
) -> Report:
    """Synthesize a project's Verilog with Yosys.

    Args:
        project: A project of the flow `rtl` or `xls`.
        folder: The tool's folder in the project; the run's own is kept there when it fails.
        on_event: Told stages and lines.
        deadline: When the work must be done.
        variant: Device family that is counted for; None: ECP5 for parts of Lattice, else 7 series.

    Raises:
        ConfigError: If there is no such family.
        ToolError: If Yosys is missing, fails or takes too long.
        CancelledError: If `cancel` was set.
    """
    family = find_family(variant or counted_family(project.target.part))
    engine = find_engine()
    units = plan(*_sources(project))
    with run_folder(folder, keeps_result=False) as where:
        cells = synthesize_units(units, family.name, where, on_event=on_event, deadline=deadline, engine=engine)
    return make_report(project, units, cells, family.name, engine.title)


def make_report(
    project: Project, units: list[SynthesisUnit], cells: Mapping[str, Cells], family: str, version: str
) -> Report:
    """Build the report from the cells of each module.

    Args:
        project: The project; its manifest knows latency and initiation interval.
        units: What was synthesized.
        cells: Cells of each unit by its module.
        family: Device family that was counted for.
        version: Version of Yosys.
    """
    total: Counter[str] = Counter()
    for unit in units:
        for kind, count in cells[unit.module].counts.items():
            total[kind] += unit.num_instances * count
    layers: dict[str, Figures] = {}
    details: dict[str, dict[str, float]] = {}
    for layer, module in layer_modules(project, {unit.module for unit in units}).items():
        found = cells[module]
        layers[layer] = with_cycles(figures_of(found.counts), known_of(project, layer))
        details[layer] = {f"cells_{kind}": count for kind, count in sorted(found.counts.items())}
        if found.logic_depth is not None:
            details[layer]["logic_depth"] = found.logic_depth
    return Report(
        source="yosys",
        tool="yosys",
        tool_version=f"{version}, {family}",
        family=family,
        design_key=project.design_key,
        total=with_cycles(
            figures_of(total), {"latency_cycles": project.latency_cycles, "ii_cycles": project.ii_cycles}
        ),
        layers=layers,
        provenance={
            **dict.fromkeys(("lut", "ff", "dsp", "bram18", "uram"), "measured"),
            **dict.fromkeys(("latency_cycles_min", "latency_cycles_max", "ii_cycles"), "rule"),
        },
        notes=(
            f"Counted by Yosys for {FAMILIES[family].title} before placement: every LUT counts as one, none is paired.",
            "The clock was not analysed.",
        ),
        details=details,
    )


def _sources(project: Project) -> tuple[dict[str, str], str, dict[str, bytes]]:
    texts: dict[str, str] = {}
    memories: dict[str, bytes] = {}
    total = 0
    for name in project.files:
        if not name.endswith((*VERILOG, ".mem", ".hex")):
            continue
        try:
            data = read_regular(project.path / name, MAX_SOURCE_BYTES)
        except OSError as error:
            raise ToolError(f"the file {name!r} of the project cannot be read: {error.strerror or error}.") from None
        total += len(data)
        if total > MAX_SOURCE_BYTES:
            raise ToolError(f"the Verilog of this project is larger than {MAX_SOURCE_BYTES >> 20} MB. Use more reuse.")
        if name.endswith(VERILOG):
            texts[name] = data.decode("utf-8", errors="replace")
        else:
            memories[name] = memories[Path(name).name] = data
    return texts, project.top, memories


def verilog_sources(project: Project) -> tuple[str, ...]:
    """List the Verilog files of the design itself, without test benches: as the manifest says, else all."""
    named = project.extra.get("sources")
    files = tuple(name for name in project.files if name.endswith(VERILOG))
    if isinstance(named, list | tuple):
        files = tuple(name for name in files if name in named) or files
    return files


def layer_modules(project: Project, modules: set[str]) -> dict[str, str]:
    """Say which module is a layer's: as the manifest says, else the one named after it."""
    found: dict[str, str] = {}
    for layer, identifier in project.layers.items():
        for module in (known_of(project, layer).get("module"), identifier, f"{project.top}_{identifier}"):
            if module in modules and module != project.top:
                found[layer] = str(module)
                break
    return found


def known_of(project: Project, layer: str) -> Mapping[str, Any]:
    """What the generator said of a layer in the manifest: `module`, `latency_cycles`, `ii_cycles`."""
    layers = project.extra.get("layers")
    known = layers.get(layer) if isinstance(layers, Mapping) else None
    return known if isinstance(known, Mapping) else {}


def with_cycles(figures: Figures, known: Mapping[str, Any]) -> Figures:
    """Return figures with the cycles that a generator knows, where it knows them."""
    latency, ii = (
        value if isinstance(value := known.get(key), int) else None for key in ("latency_cycles", "ii_cycles")
    )
    return replace(figures, latency_cycles_min=latency, latency_cycles_max=latency, ii_cycles=ii)
