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
_STATE = re.compile(r"^\| Design State\s*:\s*([A-Za-z ]+?)\s*$", re.MULTILINE)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
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


def parse_timing(text: str) -> Timing:
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
    return Timing(
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
