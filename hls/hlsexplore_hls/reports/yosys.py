"""Cells that Yosys counted, as LUTs, flip-flops, DSPs and block RAMs.

The counting rules are in docs/tools.md. A cell type that is in no table counts nothing but stays in the cell counts.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hlsexplore.errors import ToolError
from hlsexplore.report import Figures

# LUTs that a cell takes. RAM and SRL cells sit in LUTs of SLICEMs (UG474, tables 2-3 and 2-6): a single-port RAM of
# 64 bits takes one LUT, a dual-port one two, RAM32M and RAM64M four. ECP5 (TN1264): a carry cell is two LUT4s,
# a 16x4 RAM is two slices and a write port of one.
_LUTS = {
    **{f"LUT{size}": 1 for size in range(1, 7)},
    **dict.fromkeys(("INV", "SRL16E", "SRLC16E", "SRLC32E", "RAM16X1S", "RAM32X1S", "RAM64X1S"), 1),
    **dict.fromkeys(("RAM128X1S", "RAM16X1D", "RAM32X1D", "RAM64X1D"), 2),
    **dict.fromkeys(("RAM256X1S", "RAM128X1D", "RAM32M", "RAM64M"), 4),
    **dict.fromkeys(("RAM512X1S", "RAM256X1D", "RAM32M16", "RAM64M8"), 8),
    "LUT6_2": 1,
    "CCU2C": 2,
    "TRELLIS_DPR16X4": 6,
}
_FFS = ("FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1", "LDCE", "LDPE", "TRELLIS_FF")
_DSPS = ("DSP48E1", "DSP48E2", "MULT18X18D")
_BRAM18S = {"RAMB18E1": 1, "RAMB18E2": 1, "RAMB36E1": 2, "RAMB36E2": 2, "DP16KD": 1, "PDPW16KD": 1}
_URAMS = ("URAM288", "URAM288_BASE")
_BLOCK = re.compile(r'"num_cells_by_type"\s*:\s*\{([^}]*)\}')
_COUNT = re.compile(r'"([^"]+)"\s*:\s*(\d+)')
_MODULE = re.compile(r'"(\\\\[^"]+)"\s*:\s*\{')
_DEPTH = re.compile(r"length=(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What one synthesized module is made of.

    Attributes:
        counts: Number of cells by type.
        logic_depth: LUTs and carry cells on the longest path between registers, or None when unknown.
    """

    counts: Mapping[str, int]
    logic_depth: int | None = None


def parse_stat(text: str) -> dict[str, dict[str, int]]:
    """Read the output of `stat -json`: cells by type for each module.

    Yosys up to 0.23 writes invalid JSON here (a missing comma), so the text is read by its marks when JSON fails.

    Args:
        text: Content of the file.

    Raises:
        ToolError: If it holds no counts, or cells that were not mapped to the device.
    """
    try:
        data = json.loads(text)
        modules = {
            str(name).lstrip("\\"): {str(kind): int(count) for kind, count in item.get("num_cells_by_type", {}).items()}
            for name, item in data["modules"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        modules = _scan(text)
    for name, counts in modules.items():
        counts.pop("$scopeinfo", None)
        unmapped = sorted(kind for kind in counts if kind.startswith("$"))
        if unmapped:
            kinds = ", ".join(map(repr, unmapped[:5]))
            raise ToolError(f"Yosys left cells of {name!r} without a place on the device: {kinds}.")
    if not modules:
        raise ToolError("the statistics that Yosys wrote hold no module. Run the synthesis again.")
    return modules


def _scan(text: str) -> dict[str, dict[str, int]]:
    marks = [(found.start(), found.group(1).lstrip("\\")) for found in _MODULE.finditer(text)]
    modules: dict[str, dict[str, int]] = {}
    summary = text.rfind('"design"')
    ends = [*(start for start, _ in marks[1:]), summary if marks and summary > marks[-1][0] else len(text)]
    for (start, name), end in zip(marks, ends, strict=False):
        block = _BLOCK.search(text, start, end)
        modules[name] = {kind: int(count) for kind, count in _COUNT.findall(block.group(1))} if block else {}
    return modules


def parse_depth(text: str) -> int | None:
    """Read the output of `ltp`: the number of cells on the longest path; 0 when there is none."""
    lengths = [int(length) for length in _DEPTH.findall(text)]
    return max(lengths) if lengths else None


def figures_of(counts: Mapping[str, int]) -> Figures:
    """Add up cells to resources."""
    return Figures(
        lut=sum(count * _LUTS.get(kind, 0) for kind, count in counts.items()),
        ff=sum(counts.get(kind, 0) for kind in _FFS),
        dsp=sum(counts.get(kind, 0) for kind in _DSPS),
        bram18=sum(count * _BRAM18S.get(kind, 0) for kind, count in counts.items()),
        uram=sum(counts.get(kind, 0) for kind in _URAMS),
    )
