"""Device table: what the parts offer, and how much of it a report uses.

Sources are the vendors' overview data sheets named in `devices.csv` (AMD DS180, DS190, DS889, DS890, DS891, DS950,
DS962 and others; Lattice FPGA-DS-02012). Block RAM counts 18 kbit blocks; a Lattice EBR is one of them.
"""

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from hlsexplore.errors import ConfigError, quoted
from hlsexplore.report import Figures

RESOURCES = ("lut", "ff", "dsp", "bram18", "uram")

DSP_OPERANDS = {
    "zynq": (25, 18),
    "spartan7": (25, 18),
    "artix7": (25, 18),
    "kintex7": (25, 18),
    "virtex7": (25, 18),
    "versal": (27, 24),
    "ecp5": (18, 18),
}
"""Operand widths of a DSP block by family (UG479, AM004, FPGA-TN-02205); UltraScale families have 27 x 18 (UG579)."""

_FAMILIES = (
    (r"x[cqa]7z", "zynq"),
    (r"x[cqa]7s", "spartan7"),
    (r"x[cqa]7a", "artix7"),
    (r"x[cqa]7k", "kintex7"),
    (r"x[cqa]7v", "virtex7"),
    (r"x[cqa]ku\d+p", "kintexuplus"),
    (r"x[cqa]ku", "kintexu"),
    (r"xcau\d+p", "artixuplus"),
    (r"x[cqa]vu3[1357]p|x[cqa]vu4[57]p|x[cqa]vu57p|xcu50|xcu55|xcu280", "virtexuplushbm"),
    (r"x[cqa]vu\d+p|xcu2", "virtexuplus"),
    (r"x[cqa]vu", "virtexu"),
    (r"x[cqa]zu\d+dr", "zynquplusRFSOC"),
    (r"x[cqa]zu|x[cqa]k\d\d", "zynquplus"),
    (r"x[cqa]v[cmpehn]\d", "versal"),
    (r"lfe5", "ecp5"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Resources of a part.

    Attributes:
        part: Device without package and speed grade.
        family: Its family, in the vendor tool's spelling.
        lut: Lookup tables (6 inputs; 4 for ECP5).
        ff: Flip-flops.
        dsp: DSP blocks.
        bram18: Block RAMs of 18 kbit.
        uram: Ultra RAMs.
        source: Data sheet.
    """

    part: str
    family: str
    lut: int
    ff: int
    dsp: int
    bram18: int
    uram: int
    source: str

    @property
    def dsp_operands(self) -> tuple[int, int]:
        """Widths of a DSP block's multiplier."""
        return DSP_OPERANDS.get(self.family, (27, 18))


@lru_cache(maxsize=1)
def devices() -> tuple[Device, ...]:
    """Return every known device."""
    text = files("hlsexplore.estimate").joinpath("devices.csv").read_text(encoding="utf-8")
    return tuple(_device(row) for row in csv.DictReader(text.splitlines()))


def _device(row: dict[str, str]) -> Device:
    counts = {key: int(row[key]) for key in RESOURCES}
    return Device(part=row["part"], family=row["family"], source=row["source"], **counts)


@lru_cache(maxsize=256)
def family_of(part: str) -> str:
    """Return the family of a part, or an empty text for an unknown one.

    Examples:
        >>> family_of("xcvu13p-flga2577-2-e"), family_of("xc7z020clg400-1")
        ('virtexuplus', 'zynq')
    """
    return next((family for pattern, family in _FAMILIES if re.match(pattern, part.lower())), "")


@lru_cache(maxsize=256)
def device(part: str) -> Device | None:
    """Return the device of a part with or without package and speed grade, or None when the table lacks it.

    Examples:
        >>> device("xc7z020clg400-1").dsp
        220
        >>> device("xczu9eg-ffvb1156-2-e").bram18
        1824
    """
    name = part.lower()
    found = [item for item in devices() if name.startswith(item.part) and not name[len(item.part) :][:1].isdigit()]
    return max(found, key=lambda item: len(item.part), default=None)


def utilisation(figures: Figures, part: str) -> dict[str, float | None]:
    """Return the share of a part that figures use, in percent; None where the figure is unknown or the part has none.

    Args:
        figures: Total of a report.
        part: Part with or without package.

    Raises:
        ConfigError: If the device table lacks the part.

    Examples:
        >>> utilisation(Figures(lut=26600, dsp=440), "xc7z020clg400-1")["dsp"]
        200.0
    """
    found = _known(part)
    shares: dict[str, float | None] = {}
    for key in RESOURCES:
        used, available = getattr(figures, key), getattr(found, key)
        shares[key] = None if used is None or not available else 100.0 * used / available
    return shares


def misfits(figures: Figures, part: str) -> tuple[str, ...]:
    """Say what does not fit a part, one sentence for each resource; empty when everything that is known fits.

    Raises:
        ConfigError: If the device table lacks the part.

    Examples:
        >>> misfits(Figures(lut=26600, dsp=440), "xc7z020clg400-1")
        ('440 DSP do not fit xc7z020, which has 220.',)
    """
    found = _known(part)
    sentences = []
    for key in RESOURCES:
        used, available = getattr(figures, key), getattr(found, key)
        if used is not None and used > available:
            sentences.append(f"{used:,.0f} {key.upper()} do not fit {found.part}, which has {available:,}.")
    return tuple(sentences)


@lru_cache(maxsize=64)
def unknown_part(part: str) -> str:
    """Say that the device table lacks a part, and which ones of its family it has.

    Examples:
        >>> unknown_part("xc7s1")
        "part 'xc7s1' is not in the device table. Known parts of its family: xc7s25, xc7s50, xc7s75, xc7s100."
    """
    names = ", ".join(item.part for item in devices() if item.family == family_of(part)) or "none"
    return f"part {quoted(part)} is not in the device table. Known parts of its family: {names}."


def _known(part: str) -> Device:
    found = device(part)
    if found is None:
        raise ConfigError(unknown_part(part))
    return found
