"""Prices of single operators as the HLS tools report them, and their delays, by tool and device family.

The prices are measured: they are what the tools print in the `Expression` and `Instance` tables of their synthesis
reports (3,802 distinct operators of public projects; docs/estimates.md, section Operators). They are a property of
the tool's library, not of a design.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import ceil, inf

SEVEN_SERIES = frozenset({"zynq", "spartan7", "artix7", "kintex7", "virtex7"})
EARLY = frozenset({"kintexu", "virtexu"})


class Speed(StrEnum):
    """Classes of device speed."""

    FAST = "fast"
    MIDDLE = "middle"
    SLOW = "slow"


_SMALL_ADD = {1: 9, 2: 9, 3: 11, 4: 12, 5: 15, 6: 15, 7: 15, 8: 15}
"""LUT of narrow adders on UltraScale+, Vivado HLS 2019.2 and 2020.1; from 9 bits on: width + 7."""
_SLOW_ADD = {
    1: 10,
    2: 10,
    3: 12,
    4: 13,
    5: 15,
    6: 15,
    7: 15,
    8: 15,
    9: 15,
    10: 14,
    11: 13,
    12: 12,
    13: 17,
    14: 19,
    15: 21,
}
"""LUT of adders on 7-series; from 16 bits on: width + 7."""
_SLOW_VITIS_ADD = _SLOW_ADD | {11: 12, 13: 14, 14: 17, 15: 20}
"""The same in Vitis HLS 2024.1 to 2025.1."""
_COMPARE = ((2, 8), (4, 9), (8, 11), (16, 13), (32, 20), (inf, 29))
"""LUT of comparisons up to a width, Vivado HLS and Vitis HLS to 2022.2 (7-series: 18 instead of 20)."""
_SOFT_MULTIPLIER = {1: 2, 2: 4, 3: 8, 4: 13, 5: 18, 6: 23, 7: 33, 8: 40, 9: 49, 10: 62}
"""LUT of a multiplier without DSP by the wider operand; wider ones are priced 5."""
_MUX = (
    *((2, 9), (3, 14), (4, 17), (5, 27), (8, 33), (10, 55), (16, 65), (20, 89)),
    *((32, 145), (64, 273), (128, 673), (256, 1362)),
)
"""LUT of a multiplexer with up to so many inputs, Vivado HLS; independent of the data width.

Of 4 inputs 21 on the slow 7 series; of 32 inputs 153 in 2020.1 on UltraScale+ (32 designs, 2019.1 to 2020.1)."""
_LAGS = {"fast": 1.0, "middle": 1.35, "quick": 1.6, "slow": 2.2}
"""Delay of logic and routing over that of UltraScale+, from the depths of 38 poolings (docs/estimates.md, Timing)."""

DSP_MIN_WIDE = 11
DSP_MIN_NARROW = 5
"""A multiplier is a DSP if the wider operand has 11 bits and the narrower 5 or more (2018.3 to 2024.1)."""

MEMORY_BITS_IN_LUT = 1024
"""ROMs and FIFOs below this many bits are built from LUTs (62 of 62 memories in the reports)."""


VITIS_LEVEL_NS = 0.72
"""Delay of a level of an adder tree of 16 bits in Vitis HLS on UltraScale+ (30 products of 8 designs, 2022.2 to 2024.1:
up to 10 terms of 14 bits in a cycle of 3.65 ns, 65 terms in two)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Technology:
    """A tool on a device family.

    Attributes:
        tool: `vitis_hls`, `vivado_hls` or `yosys`.
        version: Year and number of the tool as a float, such as 2020.1; infinite when unknown.
        speed: Class of the family.
        family: Device family.
        cells: Family whose cells are counted for our RTL, in the words of Yosys.
    """

    tool: str
    version: float
    speed: Speed
    family: str = "virtexuplus"
    cells: str = "xc7"

    @property
    def is_vitis(self) -> bool:
        """Whether the tool is Vitis HLS."""
        return self.tool == "vitis_hls"

    @property
    def is_rtl(self) -> bool:
        """Whether this project's own RTL is synthesised, without an HLS tool."""
        return self.tool == "yosys"

    @property
    def name(self) -> str:
        """Key of the coefficient tables, such as `vivado_hls.slow`."""
        return f"{self.tool}.{'slow' if self.speed is Speed.SLOW else 'fast'}"

    @property
    def is_lean(self) -> bool:
        """Whether the library prices an adder by its width: Vivado HLS 2019.2 on Virtex UltraScale+, Vitis 2021.1.

        13,000 and 117,000 adders in public reports.
        """
        if self.is_vitis:
            return 2021.05 < self.version < 2021.15
        return 2019.15 < self.version < 2019.25 and self.family == "virtexuplus"

    def adder(self, width: float) -> float:
        """LUT of a two-input adder."""
        if self.is_lean:
            return max(float(width), 3.0)
        if self.is_vitis and self.speed is not Speed.SLOW:
            return max(width + 7.0, 9.0)
        table = _SMALL_ADD if self.speed is not Speed.SLOW else _SLOW_VITIS_ADD if self.is_vitis else _SLOW_ADD
        return float(table.get(ceil(width), width + 7.0))

    def chained_adder(self, width: float) -> float:
        """LUT of an adder that the tool merged into a three-input adder.

        Half the width before Vivado HLS 2019.1 (1,350 adders); 8 in 2019 on the slow 7-series families (850), the width
        everywhere else.
        """
        if self.is_vitis or self.is_rtl:
            return width
        if self.version < 2019:
            return width / 2
        return 8.0 if self.speed is Speed.SLOW and not self.is_quick else width

    def compare(self, width: float) -> float:
        """LUT of a comparison."""
        if self.is_vitis and self.version >= 2023.1:
            return self.adder(width)
        price = next(lut for limit, lut in _COMPARE if width <= limit)
        return 18.0 if price == 20 and self.speed is Speed.SLOW else float(price)

    def select(self, width: float) -> float:
        """LUT of a two-way multiplexer."""
        return max(float(width), 2.0)

    def soft_multiplier(self, wide: int) -> float:
        """LUT of a multiplier that is not a DSP, by its wider operand."""
        return float(_SOFT_MULTIPLIER.get(wide, 5.0)) + (2.0 if self.speed is Speed.SLOW and wide <= 10 else 0.0)

    def dsp_lut(self) -> float:
        """LUT that the report adds for each multiplier in a DSP."""
        if self.speed is Speed.SLOW:
            return 6.0 if self.is_quick else 2.0
        return 5.0

    def mux(self, inputs: int) -> float:
        """LUT of a multiplexer with many inputs."""
        if inputs <= 1:
            return 0.0
        if self.is_vitis:
            return 4.8 * inputs
        if inputs == 4 and self.speed is Speed.SLOW and not self.is_quick:
            return 21.0
        found = next((lut for limit, lut in _MUX if inputs <= limit), None)
        return float(found) if found is not None else 1362.0 * inputs / 256

    def multiplier_dsp(self, wide: int, narrow: int, forced: bool = False) -> int:
        """DSP blocks of a multiplier with operands of these widths.

        Beyond one block: 28 x 5..12 takes 2, 20 x 20 takes 2, 32 x 32 takes 4.
        """
        wide, narrow = max(wide, narrow), min(wide, narrow)
        if not forced and (wide < DSP_MIN_WIDE or narrow < DSP_MIN_NARROW):
            return 0
        large = 25 if self.speed is Speed.SLOW else 27
        return max(ceil(wide / large), 1) * max(ceil(narrow / 18), 1)

    @property
    def multiply_ns(self) -> float:
        """Delay of a multiplication in a DSP."""
        if self.speed is Speed.SLOW:
            return 2.8 if self.is_quick else 3.4
        return 2.0 if self.speed is Speed.FAST else 2.7

    @property
    def level_ns(self) -> float:
        """Delay of one level of an adder tree of 16 bits; Vivado HLS merges two levels into one on fast devices.

        The lean library: 12 terms behind a multiplication take 3.965 ns, 17 terms do not fit 4.375 ns.
        """
        if self.speed is Speed.SLOW:
            return 1.9 if self.is_quick else 2.3
        if self.is_lean and self.speed is Speed.FAST:
            return 0.491
        base = 1.18 if self.has_wide_levels else VITIS_LEVEL_NS if self.is_vitis and not self.is_lean else 0.85
        return base if self.speed is Speed.FAST else 1.4 * base

    @property
    def sizes_sums(self) -> bool:
        """Whether sums of whole products have the bits they need, not the accumulator's (Vitis HLS)."""
        return self.is_vitis and not self.is_lean and self.speed is not Speed.SLOW

    @property
    def lag(self) -> float:
        """Delay of logic and routing over that of UltraScale+."""
        return _LAGS["quick" if self.is_quick else self.speed]

    @property
    def is_quick(self) -> bool:
        """Whether a 7-series family is one of the faster ones."""
        return self.family in ("virtex7", "kintex7")

    @property
    def has_wide_levels(self) -> bool:
        """Whether a level of a tree adds three terms instead of two."""
        return not (self.is_vitis or self.is_lean or self.speed is Speed.SLOW)


@lru_cache(maxsize=256)
def technology(tool: str, version: str, family: str, cells: str = "") -> Technology:
    """Return the technology of a tool, its version and a device family.

    Args:
        tool: `vitis_hls`, `vivado_hls` or `yosys`; others count as Vitis HLS.
        version: Version text, may be empty.
        family: Family; unknown ones count as UltraScale+.
        cells: Family whose cells are counted for our RTL; empty: the one that Yosys counts when none is named.
    """
    speed = Speed.SLOW if family in SEVEN_SERIES else Speed.MIDDLE if family in EARLY else Speed.FAST
    try:
        number = float(".".join(version.split(".")[:2]))
    except ValueError:
        number = inf
    return Technology(
        tool=tool if tool in ("vivado_hls", "yosys") else "vitis_hls",
        version=number,
        speed=speed,
        family=family,
        cells=cells or ("ecp5" if family == "ecp5" else "xc7"),
    )


def block_rams(words: int, bits: int) -> int:
    """Blocks of 18 kbit for a memory of so many words and bits: 512 x 36, 1024 x 18, 2048 x 9, 4096 x 4 and so on.

    Examples:
        >>> block_rams(512, 318), block_rams(1024, 318), block_rams(104, 777)
        (9, 18, 22)
    """
    if words <= 0 or bits <= 0:
        return 0
    for depth, width in ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2)):
        if words <= depth:
            return ceil(bits / width)
    return bits * ceil(words / 16384)
