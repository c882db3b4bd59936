"""Delays of cells on an FPGA fabric, to decide where registers go; planning values, not sign-off."""

from dataclasses import dataclass
from math import ceil, log2

from hlsexplore.rtl_plan.netlist.cells import WIRES, CellCode, NetCell
from hlsexplore.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """Delays of one device family.

    Attributes:
        name: Family for people.
        lut_ns: One LUT with the wire to it.
        carry_ns: Entering and leaving a carry chain, its LUT and wire included.
        carry_bit_ns: Each bit of the chain.
        dsp_ns: A multiplication in a DSP block without inner registers.
        dsp_register_ns: A multiplication in a DSP block between its own registers.
        dsp_add_ns: The adder behind a registered product in a DSP block.
        rom_ns: Reading a block ROM, from its clock.
        register_ns: Clock to output plus set-up of a flip-flop.
        has_ternary: Whether a LUT with two outputs and the chain behind it add three operands.
    """

    name: str
    lut_ns: float
    carry_ns: float
    carry_bit_ns: float
    dsp_ns: float
    dsp_register_ns: float
    dsp_add_ns: float
    rom_ns: float
    register_ns: float
    has_ternary: bool = False


SERIES7 = Fabric(
    name="7 series",
    lut_ns=0.65,
    carry_ns=1.45,
    carry_bit_ns=0.03,
    dsp_ns=3.9,
    dsp_register_ns=2.2,
    dsp_add_ns=2.1,
    rom_ns=2.5,
    register_ns=0.6,
    has_ternary=True,
)
"""Rounded from the slowest speed grade of Artix-7 (data sheet DS181: LUT 0.12, DSP 3.9 ns, DSP with all
registers 464 MHz), plus 0.5 ns of wire."""

ULTRASCALE = Fabric(
    name="UltraScale",
    lut_ns=0.4,
    carry_ns=0.8,
    carry_bit_ns=0.012,
    dsp_ns=2.3,
    dsp_register_ns=1.3,
    dsp_add_ns=1.2,
    rom_ns=1.5,
    register_ns=0.3,
    has_ternary=True,
)
"""Rounded from Virtex UltraScale+ speed grade -2 (data sheet DS923; DSP with all registers 775 MHz) plus 0.3 ns
of wire a hop."""

LATTICE = Fabric(
    name="ECP5",
    lut_ns=1.0,
    carry_ns=1.9,
    carry_bit_ns=0.035,
    dsp_ns=5.0,
    dsp_register_ns=5.0,
    dsp_add_ns=3.0,
    rom_ns=4.5,
    register_ns=0.8,
)
"""Chosen so that an adder of 12 bits takes 2.3 ns: nextpnr reached 208 MHz with two such adders between registers."""

MARGIN = 0.85
"""Share of the clock period that is planned with; the rest is left to placement."""


def fabric(target: Target) -> Fabric:
    """Return the delays of a target's part."""
    return part_fabric(target.part)


def part_fabric(name: str) -> Fabric:
    """Return the delays of a part."""
    part = name.lower()
    if part.startswith(("lfe5", "ecp5", "lfd2", "gw")):
        return LATTICE
    if part.startswith(("xc7", "xa7", "xq7")):
        return SERIES7
    return ULTRASCALE


def budget_ns(target: Target) -> float:
    """Return the time between two registers that cells may fill."""
    return MARGIN * target.clock_ns - fabric(target).register_ns


BLOCK_TABLE_ENTRIES = 64
"""Tables with more entries are read from block ROMs, a cycle after their address; smaller ones are one LUT a bit."""


def is_block_table(cell: NetCell) -> bool:
    """Whether a cell is a table in a block ROM."""
    return cell.code is CellCode.ROM and len(cell.data) > BLOCK_TABLE_ENTRIES


def delay_ns(cell: NetCell, args: list[NetCell], fabric_: Fabric) -> float:
    """Return the delay of one cell."""
    if cell.code in WIRES:
        return 0.0
    match cell.code:
        case CellCode.ADD:
            first = int(max(cell.data[0], cell.data[1]))
            return fabric_.carry_ns + fabric_.carry_bit_ns * (cell.width - first)
        case CellCode.LESS:
            return fabric_.carry_ns + fabric_.carry_bit_ns * max(arg.width for arg in args)
        case CellCode.MAX | CellCode.MIN:
            return fabric_.carry_ns + fabric_.lut_ns + fabric_.carry_bit_ns * max(arg.width for arg in args)
        case CellCode.ROUND:
            return fabric_.lut_ns * _levels(cell.data[0] + 1)
        case CellCode.CLIP | CellCode.ZERO_OUTSIDE:
            return fabric_.lut_ns * (1 + _levels(max(args[0].width - cell.width, 1) + 1))
        case CellCode.MUL:
            return fabric_.dsp_ns
        case CellCode.ROM:
            return fabric_.lut_ns * (1 + max(0, ceil((args[0].width - 6) / 2)))
        case _:
            return fabric_.lut_ns


def _levels(num_inputs: int) -> int:
    """LUT levels of a wide gate with that many inputs."""
    return max(1, ceil(log2(max(num_inputs, 2)) / log2(6)))
