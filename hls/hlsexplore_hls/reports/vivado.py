"""Reports of Vivado: `report_utilization` and `report_timing_summary`, 2017 to 2025."""

import re
from dataclasses import dataclass

from hlsexplore.errors import ToolError
from hlsexplore.report import Figures
from hlsexplore_hls.reports.numbers import cells, number

# Rows of the utilization report by device family: slices (7 series) and CLBs (UltraScale), `(*)` and `*` are notes.
_ROWS = {
    "slice luts": "lut",
    "clb luts": "lut",
    "slice registers": "ff",
    "clb registers": "ff",
    "registers": "ff",
    "dsps": "dsp",
    "dsp slices": "dsp",
    "block ram tile": "bram36",
    "uram": "uram",
}
_TOOL = re.compile(r"^\| Tool Version\s*:\s*Vivado v\.?(\d{4}\.\d(?:\.\d)?)", re.MULTILINE)
_DEVICE = re.compile(r"^\| Device\s*:\s*(\S+)", re.MULTILINE)
_STATE = re.compile(r"^\| Design State[ \t]*:[ \t]*([A-Za-z]+(?: [A-Za-z]+)*)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilization:
    """What `report_utilization` says.

    Attributes:
        version: Version of Vivado, or None.
        device: Device, or None.
        state: `Synthesized`, `Optimized`, `Routed`, ..., or None.
        figures: LUT, FF, DSP, block RAM (in halves of 18 kbit) and Ultra RAM.
    """

    version: str | None
    device: str | None
    state: str | None
    figures: Figures


def parse_utilization(text: str) -> Utilization:
    """Read a utilization report.

    Args:
        text: Content of the file.

    Raises:
        ToolError: If it is no such report.
    """
    found: dict[str, float | None] = {}
    for line in text.splitlines():
        row = cells(line)
        if row is None or len(row) < 5:
            continue
        key = _ROWS.get(row[0].rstrip("*( )").lower())
        if key is not None:
            found.setdefault(key, number(row[1]))
    if "lut" not in found:
        raise ToolError("this text file is no utilization report of Vivado: it has no row of LUTs.")
    tiles = found.get("bram36")
    version, device, state = _TOOL.search(text), _DEVICE.search(text), _STATE.search(text)
    return Utilization(
        version=version.group(1) if version else None,
        device=device.group(1) if device else None,
        state=state.group(1) if state else None,
        figures=Figures(
            lut=found["lut"],
            ff=found.get("ff"),
            dsp=found.get("dsp"),
            bram18=None if tiles is None else tiles * 2,
            uram=found.get("uram"),
        ),
    )


_EXPORT = re.compile(r"^(LUT|FF|DSP|BRAM|URAM):\s+(\d+)\s*$", re.MULTILINE)
_EXPORT_TOOL = re.compile(r"^Implementation tool: Xilinx Vivado v\.?(\d{4}\.\d(?:\.\d)?)", re.MULTILINE)
_ACHIEVED = re.compile(r"^CP achieved post-(?:synthesis|implementation):\s+(\d+\.\d+)\s*$", re.MULTILINE)


def parse_export_rpt(text: str) -> Utilization:
    """Read the report that Vivado HLS and Vitis HLS write of a logic synthesis (`export_design -flow syn` or `impl`).

    Args:
        text: Content of `impl/report/verilog/TOP_export.rpt`, `export_syn.rpt` or `export_impl.rpt`.

    Raises:
        ToolError: If it is no such report.
    """
    found = {name: int(value) for name, value in _EXPORT.findall(text)}
    if "LUT" not in found:
        raise ToolError("this text file is no report of an export: it has no line of LUTs.")
    version = _EXPORT_TOOL.search(text)
    periods = _ACHIEVED.findall(text)
    return Utilization(
        version=version.group(1) if version else None,
        device=None,
        state="Routed" if "Post-Implementation" in text else "Synthesized",
        figures=Figures(
            lut=found.get("LUT"),
            ff=found.get("FF"),
            dsp=found.get("DSP"),
            bram18=found.get("BRAM"),
            uram=found.get("URAM"),
            clock_ns=float(periods[-1]) if periods else None,
        ),
    )


def parse_hierarchy(text: str) -> dict[str, Figures]:
    """Read `report_utilization -hierarchical`: figures of each instance directly in the top, by its module.

    Args:
        text: Content of the file.

    Raises:
        ToolError: If it is no such report.
    """
    columns: dict[str, int] = {}
    found: dict[str, Figures] = {}
    for line in text.splitlines():
        row = cells(line)
        if row is None or len(row) < 8:
            continue
        if row[0] == "Instance":
            columns = {name.lower(): index for index, name in enumerate(row)}
            continue
        # Two spaces of indent for each level below the top, after the one behind the bar.
        depth = (len(line.split("|")[1]) - len(line.split("|")[1].lstrip()) - 1) // 2
        if not columns or len(row) != len(columns) or depth != 1 or row[0].startswith("("):
            continue
        ramb36, ramb18 = (number(row[columns[name]]) if name in columns else None for name in ("ramb36", "ramb18"))
        found[row[columns["module"]]] = Figures(
            lut=_cell(row, columns, "total luts"),
            ff=_cell(row, columns, "ffs"),
            dsp=_cell(row, columns, "dsp blocks", "dsp48 blocks"),
            bram18=None if ramb36 is None or ramb18 is None else 2 * ramb36 + ramb18,
            uram=_cell(row, columns, "uram"),
        )
    if not columns:
        raise ToolError("this text file is no hierarchical utilization report of Vivado.")
    return found


def _cell(row: list[str], columns: dict[str, int], *names: str) -> float | None:
    return next((number(row[columns[name]]) for name in names if name in columns), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingSummary:
    """What `report_timing_summary` says.

    Attributes:
        wns_ns: Worst slack of setup; negative when the clock is not met.
        whs_ns: Worst slack of hold, or None.
        failing_endpoints: Endpoints that miss the clock, or None.
        period_ns: Period of the first clock, or None.
    """

    wns_ns: float
    whs_ns: float | None
    failing_endpoints: float | None
    period_ns: float | None

    @property
    def reached_ns(self) -> float | None:
        """Shortest period that the slack allows, or None when the period is unknown."""
        return None if self.period_ns is None else round(self.period_ns - self.wns_ns, 3)


def parse_timing(text: str) -> TimingSummary:
    """Read a timing summary.

    Args:
        text: Content of the file.

    Raises:
        ToolError: If it is no such report, or no path is constrained.
    """
    lines = text.splitlines()
    values = _row_below(lines, "WNS(ns)")
    slack = number(values[0]) if values else None
    if slack is None:
        raise ToolError("this text file is no timing summary of Vivado, or it has no constrained path.")
    period: float | None = None
    for index, line in enumerate(lines):
        if line.split()[:2] == ["Clock", "Waveform(ns)"]:
            row = re.search(r"\}\s+(\d+\.\d+)\s", " ".join(lines[index + 1 : index + 4]))
            period = float(row.group(1)) if row else None
            break
    return TimingSummary(
        wns_ns=slack,
        whs_ns=number(values[4]) if len(values) > 4 else None,
        failing_endpoints=number(values[2]) if len(values) > 2 else None,
        period_ns=period,
    )


def _row_below(lines: list[str], mark: str) -> list[str]:
    """Return the first words below a header line and its rule."""
    for index, line in enumerate(lines):
        if line.split()[:1] == [mark]:
            for below in lines[index + 1 : index + 4]:
                words = below.split()
                if words and not set(below) <= set(" -"):
                    return words
    return []
