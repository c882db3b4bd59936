"""A folder of an HLS project, ours or hls4ml's, to one `Report` with the layers that can be told apart."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hlsexplore.errors import ToolError
from hlsexplore.report import Figures, Report
from hlsexplore_hls.reports.cosim import Cosim, parse_cosim_rpt
from hlsexplore_hls.reports.csynth import Csynth, parse_csynth_rpt, parse_csynth_xml
from hlsexplore_hls.reports.files import read_report
from hlsexplore_hls.reports.vivado import Utilization, parse_export_rpt, parse_utilization

MAX_XML_BYTES = 64 << 20
MAX_FILES = 5000
SEARCH_DEPTH = 5
COPY_DEPTH = 9
"""Levels of folders that are searched for reports where there is no `syn/report`: Vitis keeps a kernel's eight deep."""
_SUFFIXES = ("_csynth.xml", "_csynth.rpt")
# A call in the top function that hls4ml writes, with the layer's name behind it:
#     nnet::dense<input_t, layer2_t, config2>(fc1_input, layer2_out, w2, b2); // fc1
_CALL = re.compile(r"nnet::\w{1,200}<([^;()]{0,4000})>\([^;]{0,9000}\);\s*//\s*([^\s].*?)\s*$", re.MULTILINE)
_CONFIG = re.compile(r"\b(\w*config\d+\w*)\b")
_PROJECT_NAME = re.compile(r'set\s+project_name\s+"([A-Za-z_]\w*)"')
_APP_TOP = re.compile(r'\stop="([A-Za-z_]\w*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class HlsReports:
    """All reports of an HLS project that could be read.

    Attributes:
        csynth: C synthesis of the top.
        modules: C synthesis of every module by its name, the top included.
        cosim: Co-simulation, or None.
        vsynth: Logic synthesis, or None.
    """

    csynth: Csynth
    modules: Mapping[str, Csynth]
    cosim: Cosim | None
    vsynth: Utilization | None


def read_report_folder(
    folder: str | Path,
    top: str | None = None,
    layers: Mapping[str, str] | None = None,
    newer_than_ns: int | None = None,
) -> Report:
    """Read the report of C synthesis in an HLS project's folder.

    Works for projects of hlsexplore and of hls4ml, and for any `solution` folder.

    Args:
        folder: The project's folder, or one of its `solution` or `syn/report` folders.
        top: Top function; found from the project's files when None.
        layers: For each layer a word that the names of its modules contain, such as `config2`; read from the top
            function that hls4ml wrote when None.
        newer_than_ns: Time of the run's start; older reports are refused.

    Returns:
        A report with `source="csynth"`; its `design_key` is None, because a folder does not say which design it is of.

    Raises:
        ToolError: If the folder has no readable report of C synthesis.
    """
    root = Path(folder)
    return report_of(root, read_reports(root, top, newer_than_ns), layers)


def report_of(root: Path, reports: HlsReports, layers: Mapping[str, str] | None = None) -> Report:
    """Return the report of C synthesis, as `read_report_folder`, of a folder whose reports were read."""
    words = _layer_words(root, reports.csynth.module) if layers is None else layers
    return make_report(reports.csynth, reports.modules, words)


def read_reports(
    folder: Path, top: str | None = None, newer_than_ns: int | None = None, check: Callable[[], None] | None = None
) -> HlsReports:
    """Read every report in an HLS project's folder.

    Args:
        folder: The project's folder, or one of its `solution` or `syn/report` folders.
        top: Top function; found when None.
        newer_than_ns: Time of the run's start; older reports are refused.
        check: Called between the files; raises to stop.

    Raises:
        ToolError: If there is no readable report of C synthesis.
    """
    reports = _report_directory(folder)
    modules = _read_modules(reports, newer_than_ns, check)
    if not modules:
        raise ToolError(f"the folder {str(folder)!r} has no report of C synthesis (no file '*_csynth.xml' or '.rpt').")
    name = top or _find_top(folder, reports, modules)
    if name not in modules:
        raise ToolError(f"the folder {str(reports)!r} has no report of C synthesis of the top function {name!r}.")
    cosim_file = reports.parent.parent / "sim" / "report" / f"{name}_cosim.rpt"
    return HlsReports(
        csynth=modules[name],
        modules=modules,
        cosim=parse_cosim_rpt(read_report(cosim_file, newer_than_ns=newer_than_ns)) if cosim_file.is_file() else None,
        vsynth=_read_vsynth(reports, name, newer_than_ns),
    )


def lone_utilization(folder: Path) -> Utilization | None:
    """Read the report of logic synthesis in a folder without a report of C synthesis; None where there is none.

    Raises:
        ToolError: If the report is damaged.
    """
    file = folder / "vivado_synth.rpt"
    return parse_utilization(read_report(file)) if file.is_file() else None


def _read_vsynth(reports: Path, top: str, newer_than_ns: int | None) -> Utilization | None:
    """Read the report of logic synthesis that an export left, else the one of hls4ml's own script."""
    verilog = reports.parent.parent / "impl" / "report" / "verilog"
    for name in ("export_impl.rpt", "export_syn.rpt", f"{top}_export.rpt"):
        if (verilog / name).is_file():
            return parse_export_rpt(read_report(verilog / name, newer_than_ns=newer_than_ns))
    for path in _outwards(reports, "vivado_synth.rpt"):
        if path.is_file():
            return parse_utilization(read_report(path, newer_than_ns=newer_than_ns))
    return None


def make_report(csynth: Csynth, modules: Mapping[str, Csynth], layers: Mapping[str, str]) -> Report:
    """Build the report of a top module and its layers.

    Args:
        csynth: Report of the top.
        modules: Reports of all modules by name.
        layers: Word in the names of a layer's modules, by layer.
    """
    inside = csynth.instances or {name: module.figures for name, module in modules.items() if name != csynth.module}
    found: dict[str, Figures] = {}
    owners = {name: owner for name in inside if (owner := _owner(name, layers)) is not None}
    for layer in layers:
        matching = [name for name, owner in owners.items() if owner == layer]
        if matching:
            # Without the list of instances, a wrapper and what it wraps both match: the larger one holds the other.
            best = max(matching, key=lambda name: (inside[name].lut or 0, inside[name].latency_cycles_max or 0, name))
            found[layer] = _merged(inside[best], modules.get(best))
    missing = [
        f"The report does not tell which modules belong to the layer {layer!r}."
        for layer in layers
        if layer not in found
    ]
    return Report(
        source="csynth",
        tool=csynth.tool or "vitis_hls",
        tool_version=csynth.version,
        total=csynth.figures,
        layers=found,
        provenance=dict.fromkeys(("lut", "ff", "dsp", "bram18", "uram", "latency_cycles_max", "ii_cycles"), "measured"),
        missing=tuple(missing),
    )


def _merged(instance: Figures, module: Csynth | None) -> Figures:
    """Complete the figures that the top's report gives of an instance by the module's own report."""
    if module is None:
        return instance
    own = module.figures
    return replace(
        own,
        **{
            name: value
            for name in ("lut", "ff", "dsp", "bram18", "uram", "latency_cycles_min", "latency_cycles_max", "ii_cycles")
            if (value := getattr(instance, name)) is not None
        },
    )


def _owner(module: str, layers: Mapping[str, str]) -> str | None:
    """Return the layer whose word a module's name contains; the longest word, since one may contain another."""
    matching = [layer for layer, word in layers.items() if re.search(rf"(?:^|_){re.escape(word)}(?:_|$)", module)]
    return max(matching, key=lambda layer: len(layers[layer]), default=None)


def _report_directory(folder: Path) -> Path:
    """Find the folder that holds the reports of C synthesis; the newest when there are several solutions."""
    if not folder.is_dir():
        raise ToolError(f"{str(folder)!r} is no folder.")
    holding = [path for path in (folder, *_report_folders(folder)) if _holds_reports(path)]
    holding = holding or _copies(folder) or _beside(folder)
    if not holding:
        raise ToolError(f"the folder {str(folder)!r} has no report of C synthesis (no file '*_csynth.xml' or '.rpt').")
    return max(holding, key=lambda path: max(item.lstat().st_mtime_ns for item in path.glob("*_csynth.*")))


def _holds_reports(folder: Path) -> bool:
    return any(folder.glob("*_csynth.xml")) or any(folder.glob("*_csynth.rpt"))


def _copies(folder: Path) -> list[Path]:
    """Find where, at any place in a project, reports were copied to or an accelerator's kernel has them: most of them.

    The report of a kernel's wrapper alone lies beside those that name the network.
    """
    level, found = [folder], list[Path]()
    for _ in range(COPY_DEPTH):
        level = [inner for path in level for inner in _subfolders(path)][:MAX_FILES]
        found += [path for path in level if _holds_reports(path)]
    return [max(found, key=lambda path: len(list(path.glob("*_csynth.*"))))] if found else []


def _beside(folder: Path) -> list[Path]:
    """Find the report of a project of hls4ml that is kept beside it: in or directly below the folder that holds it.

    Only where that folder holds no other project, one place has a report, and it is of a function of the project.
    """
    tops = {path.stem for path in (folder / "firmware").glob("*.cpp")}
    parent = folder.absolute().parent
    others = [path for path in _subfolders(parent) if path.name != folder.absolute().name]
    if not tops or any((path / "firmware" / "parameters.h").is_file() for path in (parent, *others)):
        return []
    found = [
        path
        for path in (parent, *others)
        if any((path / f"{top}{suffix}").is_file() for top in tops for suffix in _SUFFIXES)
    ]
    return found if len(found) == 1 else []


def _report_folders(folder: Path) -> list[Path]:
    """List the folders `syn/report` below a folder, the outermost first; links to folders are not followed further."""
    found: list[Path] = []
    level = [folder]
    for _ in range(SEARCH_DEPTH):
        found += [path / "syn/report" for path in level if (path / "syn/report").is_dir()]
        level = [inner for path in level for inner in _subfolders(path)][:MAX_FILES]
    return found


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _read_modules(reports: Path, newer_than_ns: int | None, check: Callable[[], None] | None) -> dict[str, Csynth]:
    """Read the report of each module: the text where there is one, since it also names instances, else the XML."""
    found: dict[str, Csynth] = {}
    files = sorted(path for path in reports.iterdir() if path.name.endswith(_SUFFIXES))[:MAX_FILES]
    for path in files:
        if check is not None:
            check()
        if path.suffix == ".xml":
            module = parse_csynth_xml(read_report(path, MAX_XML_BYTES, newer_than_ns))
        else:
            module = parse_csynth_rpt(read_report(path, newer_than_ns=newer_than_ns))
        known = found.get(module.module)
        if known is None:
            found[module.module] = module
        else:
            text, xml = (known, module) if known.instances else (module, known)
            found[module.module] = replace(xml, tool=text.tool or xml.tool, instances=text.instances)
    return found


def _find_top(folder: Path, reports: Path, modules: Mapping[str, Csynth]) -> str:
    for path in _outwards(reports, "project.tcl"):
        name = _first_group(_PROJECT_NAME, path)
        for candidate in (name, f"{name}_axi"):
            if candidate in modules:
                return candidate
    for name in ("vitis_hls.app", "hls.app", "vivado_hls.app"):
        for path in _outwards(reports, name):
            top = _first_group(_APP_TOP, path)
            if top in modules:
                return top
    sources = [name for name in modules if (folder / "firmware" / f"{name}.cpp").is_file()]
    if len(sources) == 1:
        return sources[0]
    inside = {name for module in modules.values() for name in module.instances}
    outermost = sorted(name for name in modules if name not in inside)
    if len(outermost) == 1:
        return outermost[0]
    names = ", ".join(map(repr, outermost[:5]))
    raise ToolError(
        f"the folder {str(folder)!r} does not tell its top function: it could be {names}. Name it with top=."
    )


def _outwards(start: Path, name: str) -> list[Path]:
    """List where a file of the project may lie, from `PROJECT/X_prj/solution1/syn/report` outwards."""
    is_whole = start.parts[-2:] == ("syn", "report")
    return [parent / name for parent in (start, *list(start.absolute().parents)[: 4 if is_whole else 0])]


def _first_group(pattern: re.Pattern[str], path: Path) -> str:
    try:
        found = pattern.search(read_report(path, 1 << 20))
    except ToolError:
        return ""
    return found.group(1) if found else ""


def _layer_words(root: Path, top: str) -> dict[str, str]:
    """Read from hls4ml's top function, around the reports or in the project, which `config` belongs to which layer."""
    reports = _report_directory(root)
    names = [f"firmware/{top}.cpp", f"firmware/{top.removesuffix('_axi')}.cpp"]
    found: dict[str, str] = {}
    for path in (path for name in names for path in (*_outwards(reports, name), root / name)):
        try:
            text = read_report(path, 8 << 20)
        except ToolError:
            continue
        for arguments, layer in _CALL.findall(text):
            config = _CONFIG.search(arguments)
            if config:
                found.setdefault(layer, config.group(1))
        if found:
            break
    return found
