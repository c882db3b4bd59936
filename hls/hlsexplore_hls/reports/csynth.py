"""Reports of C synthesis: `TOP_csynth.xml` and `TOP_csynth.rpt`, Vivado HLS 2016.4-2020.1, Vitis HLS 2020.1-2025.x.

The XML is read as a stream: only the elements named here are kept, and a document type (which is what entity bombs
need) ends the reading. Both formats give the same `Csynth`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from hlsexplore.errors import ToolError
from hlsexplore.report import Figures
from hlsexplore_hls.reports.numbers import cells, number

MAX_DEPTH = 64
MAX_INSTANCES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Csynth:
    """What a report of C synthesis says of one module.

    Attributes:
        module: Name of the module.
        tool: `vivado_hls` or `vitis_hls`, or None when the report does not tell.
        version: Such as `2019.2`, or None.
        part: Device, or None.
        clock_target_ns: Clock period that was asked for, or None.
        uncertainty_ns: Part of it that was kept free, to two digits, or None.
        figures: Resources, latency, initiation interval, estimated clock.
        instances: Figures of the modules directly inside, by module; only the text report names them.
    """

    module: str
    tool: str | None
    version: str | None
    part: str | None
    clock_target_ns: float | None
    uncertainty_ns: float | None = None
    figures: Figures
    instances: Mapping[str, Figures] = field(default_factory=dict)


_WANTED = {
    "ReportVersion/Version": "version",
    "UserAssignments/Part": "part",
    "UserAssignments/TopModelName": "module",
    "UserAssignments/TargetClockPeriod": "clock_target_ns",
    "UserAssignments/ClockUncertainty": "uncertainty_ns",
    "UserAssignments/FlowTarget": "flow",
    "PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod": "clock_ns",
    "PerformanceEstimates/SummaryOfOverallLatency/Best-caseLatency": "latency_cycles_min",
    "PerformanceEstimates/SummaryOfOverallLatency/Worst-caseLatency": "latency_cycles_max",
    "PerformanceEstimates/SummaryOfOverallLatency/Interval-min": "ii_min",
    "PerformanceEstimates/SummaryOfOverallLatency/Interval-max": "ii_max",
    "AreaEstimates/Resources/LUT": "lut",
    "AreaEstimates/Resources/FF": "ff",
    "AreaEstimates/Resources/DSP": "dsp",
    "AreaEstimates/Resources/DSP48E": "dsp48e",
    "AreaEstimates/Resources/BRAM_18K": "bram18",
    "AreaEstimates/Resources/URAM": "uram",
}


def parse_csynth_xml(text: str) -> Csynth:
    """Read `TOP_csynth.xml`.

    Args:
        text: Content of the file.

    Raises:
        ToolError: If it is no such report, is damaged, or declares a document type.
    """
    found = _read_xml(text)
    if "module" not in found:
        raise ToolError("this XML file is no report of C synthesis: it names no top module.")
    vivado = "dsp48e" in found
    return Csynth(
        module=found["module"],
        tool="vivado_hls" if vivado else "vitis_hls" if "flow" in found else None,
        version=found.get("version"),
        part=found.get("part"),
        clock_target_ns=number(found.get("clock_target_ns")),
        uncertainty_ns=number(found.get("uncertainty_ns")),
        figures=Figures(
            lut=number(found.get("lut")),
            ff=number(found.get("ff")),
            dsp=number(found.get("dsp48e" if vivado else "dsp")),
            bram18=number(found.get("bram18")),
            uram=number(found.get("uram")),
            latency_cycles_min=number(found.get("latency_cycles_min")),
            latency_cycles_max=number(found.get("latency_cycles_max")),
            ii_cycles=number(found.get("ii_max")),
            clock_ns=number(found.get("clock_ns")),
        ),
    )


def _read_xml(text: str) -> dict[str, str]:
    path: list[str] = []
    found: dict[str, str] = {}

    def start(name: str, attributes: Mapping[str, str]) -> None:
        path.append(name)
        if len(path) > MAX_DEPTH:
            raise ToolError("the report of C synthesis is nested too deeply, so it is not read.")

    def end(name: str) -> None:
        path.pop()

    def data(piece: str) -> None:
        key = _WANTED.get("/".join(path[1:]))
        if key is not None and len(found.get(key, "")) < 1000:
            found[key] = found.get(key, "") + piece

    def refuse(*declaration: object) -> None:
        raise ToolError("the report of C synthesis declares a document type, which no tool writes, so it is not read.")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise ToolError(f"the report of C synthesis is damaged: {error}. Run the synthesis again.") from None
    return {key: value.strip() for key, value in found.items() if value.strip()}


_HEAD = re.compile(r"^== (Vivado|Vitis) HLS Report for '([^'\n]+)'", re.MULTILINE)
_VERSION = re.compile(r"^\* Version:\s+(\d{4}\.\d(?:\.\d)?)", re.MULTILINE)
_PART = re.compile(r"^\* Target device:\s+(\S+)", re.MULTILINE)
_RESOURCES = {"BRAM_18K": "bram18", "DSP48E": "dsp", "DSP": "dsp", "FF": "ff", "LUT": "lut", "URAM": "uram"}


def parse_csynth_rpt(text: str) -> Csynth:
    """Read `TOP_csynth.rpt`.

    Args:
        text: Content of the file.

    Raises:
        ToolError: If it is no such report.
    """
    head = _HEAD.search(text)
    if head is None:
        raise ToolError("this text file is no report of C synthesis: its first line is missing.")
    sections = _sections(text)
    version, part = _VERSION.search(text), _PART.search(text)
    clock = next((row for row in sections.get("Timing/Summary", []) if len(row) == 4 and row[0] != "Clock"), [])
    figures: dict[str, float | None] = {"clock_ns": number(clock[2]) if clock else None}
    for row in sections.get("Latency/Summary", []):
        figures |= _timing(row)
    figures |= next(iter(_resources(sections.get("Utilization/Summary", []), "Name", "Total").values()), {})
    return Csynth(
        module=head.group(2),
        tool="vivado_hls" if head.group(1) == "Vivado" else "vitis_hls",
        version=version.group(1) if version else None,
        part=part.group(1) if part else None,
        clock_target_ns=number(clock[1]) if clock else None,
        uncertainty_ns=number(clock[3]) if clock else None,
        figures=Figures(**figures),
        instances=_instances(sections),
    )


def _sections(text: str) -> dict[str, list[list[str]]]:
    """Collect the rows of the tables by section and subsection."""
    found: dict[str, list[list[str]]] = {}
    section = table = ""
    for line in text.splitlines():
        mark = line.strip()
        if mark.startswith(("+ Timing", "+ Latency", "== Utilization Estimates")):
            section, table = mark.strip("+= :").split()[0], ""
        elif mark.startswith("== "):
            section = ""
        elif mark.startswith("* ") and section:
            table = f"{section}/{mark.strip('* :')}"
        elif section and table:
            row = cells(line)
            if row is not None and len(found.setdefault(table, [])) < MAX_INSTANCES:
                found[table].append(row)
    return found


def _timing(row: list[str]) -> dict[str, float | None]:
    """Read a row of latency and interval; before 2019 it has no columns of absolute times."""
    if len(row) not in (5, 7) or not (row[0][:1].isdigit() or row[0] in ("?", "undef")):
        return {}
    return {
        "latency_cycles_min": number(row[0]),
        "latency_cycles_max": number(row[1]),
        "ii_cycles": number(row[-2]),
    }


def _resources(rows: list[list[str]], first: str, only: str | None = None) -> dict[str, dict[str, float | None]]:
    """Read rows of resources under their header, by the cell before the first resource."""
    columns: dict[int, str] = {}
    found: dict[str, dict[str, float | None]] = {}
    for row in rows:
        if row[0] == first:
            columns = {index: _RESOURCES[name] for index, name in enumerate(row) if name in _RESOURCES}
        elif columns and len(row) > max(columns) and (only is None or row[0] == only):
            values = {key: number(row[index]) for index, key in columns.items()}
            name = row[min(columns) - 1]
            found[name] = (
                {key: _add(value, found[name][key]) for key, value in values.items()} if name in found else values
            )
    return found


def _add(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _instances(sections: Mapping[str, list[list[str]]]) -> dict[str, Figures]:
    rows = [row for row in sections.get("Utilization/Instance", []) if row[0] != "Total"]
    found = _resources(rows, "Instance")
    for row in sections.get("Latency/Instance", []):
        if len(row) in (7, 9) and row[1] in found:
            found[row[1]] |= _timing(row[2:])
    return {module: Figures(**figures) for module, figures in found.items()}
