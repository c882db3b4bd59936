"""What Yosys makes of a family's cells: the blocks of a product, what joins its parts, and the LUTs of wide gates.

An operand that is wider than a block's is cut into slices (`mul2dsp`); each pair of slices takes a block, and adders
join their products. The rules hold for all of 252 pairs of widths from 8 to 52 bits in each family (Yosys 0.70): blocks
exactly, adders of Xilinx' devices within one LUT, of ECP5 exactly where no slice is one bit.
"""

from dataclasses import dataclass
from math import ceil

from numpy import interp

from hlsexplore.rtl_plan.netlist.timing import LATTICE, part_fabric

WIDE_LUT = 6
"""Inputs from which a LUT joins an adder's bit with a choice: 7 series and UltraScale (CLB user guide UG474)."""
MUX7_INPUTS = 8
"""Inputs of a multiplexer of two such LUTs and a MUXF7 (UG474)."""
NARROW_MUX_LUTS = {2: 1, 3: 2, 4: 4, 5: 5, 6: 7, 8: 9, 10: 26, 16: 25, 24: 77, 32: 130, 48: 97, 64: 151}
"""LUTs of four inputs of a multiplexer of one bit on ECP5, by its inputs (measured; it does not grow evenly)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The multiplier blocks and LUTs of a family, as Yosys uses them.

    Attributes:
        family: Yosys' name of the family.
        widths: Bits of a block's operands, both signed, the wider one first.
        step: Bits of each slice of a cut operand but its last, which has the rest.
        product_bits: Narrowest product that goes into a block.
        least_slice: Narrowest slice that does.
        holds_registers: Whether registers of operands and results move into the blocks, and adders behind products.
        has_carry_save: Whether the sum of three parts is a row of LUTs and one adder.
        lut_inputs: Inputs of a LUT.
    """

    family: str
    widths: tuple[int, int]
    step: int
    product_bits: int
    least_slice: int
    holds_registers: bool
    has_carry_save: bool
    lut_inputs: int

    def slices(self, bits: int, most: int) -> list[int]:
        """Return the widths of the slices of an operand."""
        count = 1 if bits <= most else ceil((bits - most) / self.step) + 1
        return [self.step] * (count - 1) + [bits - self.step * (count - 1)]

    def _cut(self, a_bits: int, b_bits: int) -> tuple[list[int], list[int]]:
        wide, narrow = max(a_bits, b_bits), min(a_bits, b_bits)
        return self.slices(wide, self.widths[0]), self.slices(narrow, self.widths[1])

    def count(self, a_bits: int, b_bits: int) -> int:
        """Count the blocks of a product of two signed operands."""
        first, second = (sum(bits >= self.least_slice for bits in own) for own in self._cut(a_bits, b_bits))
        return first * second

    def join_luts(self, a_bits: int, b_bits: int) -> int:
        """Count the LUTs of the adders that join the parts of a product of two signed operands.

        Adders right behind products are inside the blocks of 7 series.
        """
        first, second = self._cut(a_bits, b_bits)
        wide, narrow = max(a_bits, b_bits), min(a_bits, b_bits)
        outer = self._chain(first, narrow, wide, is_last=True)
        if self.holds_registers:
            return outer if len(second) > 1 else 0
        parts = [(bits, index + 1 == len(first)) for index, bits in enumerate(first) if bits >= self.least_slice]
        inner = sum(self._chain(second, bits, narrow, is_last) for bits, is_last in parts)
        thin = sum(max(a, b) for a in first for b in second if min(a, b) < self.least_slice)
        return inner + outer + thin

    def _chain(self, cut: list[int], other: int, bits: int, is_last: bool) -> int:
        """LUTs that add the products of the slices of an operand of so many bits with another one."""
        count, total = len(cut), bits + other
        if count == 1:
            return 0
        if self.has_carry_save:
            # A slice of one bit is a sign, which is subtracted on its own.
            if count == 2:
                return 2 * ceil((total - self.step) / 2) * (1 + (cut[-1] < self.least_slice))
            return (count - 2) * (2 * ceil(total / 2) + (2 * (total - self.step) - 1) * is_last)
        spread = other + (not is_last)
        return spread + bits - self.step * (count - 1) + (count - 2) * (spread + self.step + 1)

    @property
    def has_wide_luts(self) -> bool:
        """Whether a LUT joins an adder's bit with a choice, or four inputs of a multiplexer."""
        return self.lut_inputs >= WIDE_LUT

    def rom_luts(self, words: int) -> int:
        """Count the LUTs of a bit of a memory of constants."""
        return max(1, ceil(words / (1 << self.lut_inputs)))

    def mux_luts(self, inputs: int) -> int:
        """Count the LUTs of a multiplexer of one bit.

        A LUT of six inputs joins four, a MUXF7 two of these LUTs; above eight inputs Yosys builds a tree of LUTs and
        spends about one more (16, 32 and 64 inputs: 6, 12 and 22, measured in folded layers). Of LUTs with four inputs
        it spends far more, as measured for some numbers of inputs.
        """
        if inputs <= 1:
            return 0
        if not self.has_wide_luts:
            return round(float(interp(inputs, list(NARROW_MUX_LUTS), list(NARROW_MUX_LUTS.values()))))
        if inputs <= MUX7_INPUTS:
            return ceil(inputs / 4)
        total, left = 1, inputs
        while left > 1:
            left = ceil(left / 4)
            total += left
        return total

    def loose_bits(self, a_bits: int, b_bits: int, product_bits: int) -> int:
        """Count the flip-flops of a product's register that are not inside a block.

        Of parts that the blocks' own adders join, the lower ones end before the last block.
        """
        first, second = (len(own) for own in self._cut(a_bits, b_bits))
        if not self.holds_registers or (first > 1 and second > 1):
            return product_bits
        return min(self.step * (max(first, second) - 1), product_bits)


DSP48E1 = Blocks(
    family="xc7",
    widths=(25, 18),
    step=17,
    product_bits=9,
    least_slice=2,
    holds_registers=True,
    has_carry_save=False,
    lut_inputs=6,
)
"""7 series (user guide UG479)."""
DSP48E2 = Blocks(
    family="xcup",
    widths=(27, 18),
    step=17,
    product_bits=9,
    least_slice=2,
    holds_registers=False,
    has_carry_save=False,
    lut_inputs=6,
)
"""UltraScale (user guide UG579); Yosys moves nothing into these."""
MULT18X18D = Blocks(
    family="ecp5",
    widths=(18, 18),
    step=18,
    product_bits=1,
    least_slice=2,
    holds_registers=False,
    has_carry_save=True,
    lut_inputs=4,
)
"""ECP5 (FPGA-TN-02205); Yosys moves nothing into these, and gives every product one."""
BLOCKS = {item.family: item for item in (DSP48E1, DSP48E2, MULT18X18D)}
"""The families of Yosys that are counted for."""


def counted_family(part: str) -> str:
    """Return the family that Yosys counts a part's cells for when none is named.

    All of Xilinx are counted as 7 series: Yosys leaves the registers around the multipliers of UltraScale+ outside,
    which Vivado does not.

    Examples:
        >>> counted_family("xc7z020clg400-1"), counted_family("xcvu13p-flga2577-2-e"), counted_family("LFE5U-85F")
        ('xc7', 'xc7', 'ecp5')
    """
    return (MULT18X18D if part_fabric(part) is LATTICE else DSP48E1).family
