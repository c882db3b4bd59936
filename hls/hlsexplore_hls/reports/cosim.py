"""Reports of C/RTL co-simulation: `sim/report/TOP_cosim.rpt` of Vivado HLS and Vitis HLS."""

from dataclasses import dataclass

from hlsexplore.errors import ToolError
from hlsexplore_hls.reports.numbers import cells, number


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosim:
    """What a report of co-simulation says.

    Attributes:
        language: `Verilog` or `VHDL`.
        has_passed: Whether the test bench accepted the outputs of the RTL.
        latency_cycles_min: Fewest cycles of a transaction, or None.
        latency_cycles_max: Most cycles of a transaction, or None.
        ii_cycles_max: Most cycles between two transactions, or None.
        total_cycles: Cycles of the whole simulation, or None (only since Vitis HLS 2021).
    """

    language: str
    has_passed: bool
    latency_cycles_min: float | None
    latency_cycles_max: float | None
    ii_cycles_max: float | None
    total_cycles: float | None


def parse_cosim_rpt(text: str) -> Cosim:
    """Read `TOP_cosim.rpt`.

    Args:
        text: Content of the file.

    Raises:
        ToolError: If it is no such report, or nothing was simulated.
    """
    for line in text.splitlines():
        row = cells(line)
        if row is None or len(row) < 2 or row[0] not in ("Verilog", "VHDL") or row[1] in ("NA", "N/A", ""):
            continue
        values = [number(cell) for cell in row[2:]] + [None] * 7
        return Cosim(
            language=row[0],
            has_passed=row[1].lower() == "pass",
            latency_cycles_min=values[0],
            latency_cycles_max=values[2],
            ii_cycles_max=values[5],
            total_cycles=values[6],
        )
    raise ToolError("this text file is no report of co-simulation, or nothing was simulated.")
