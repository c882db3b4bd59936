"""Delays of cells on an FPGA fabric, to decide where registers go; planning values, not sign-off."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import NamedTuple

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


MAX_UNREGISTERED = 0.8
"""Activations that end after this share of a cycle are registered: a register's reset then does their masking."""
BLOCK_TABLE_ENTRIES = 64
"""Tables with more entries are read from block ROMs, a cycle after their address; smaller ones are one LUT a bit."""


def is_block_table(cell: NetCell) -> bool:
    """Whether a cell is a table in a block ROM."""
    return cell.code is CellCode.ROM and len(cell.data) > BLOCK_TABLE_ENTRIES


class Arrival(NamedTuple):
    """When the bits of a value are stable after a clock edge, in ns; the bits of a carry chain are one after the other.

    Attributes:
        first: The lowest bit.
        last: The last bit.
    """

    first: float
    last: float

    @classmethod
    def at(cls, time_ns: float) -> "Arrival":
        """Return all bits at one time."""
        return cls(time_ns, time_ns)


AT_ONCE = Arrival(0.0, 0.0)
"""Bits from registers."""


def arrival(cell: NetCell, args: Sequence[NetCell], ready: Sequence[Arrival], fabric_: Fabric) -> Arrival:
    """Return when a cell's bits are stable, from when those of its arguments are."""
    last = max(at.last for at in ready)
    match cell.code:
        case CellCode.ADD:
            parts = [(at, arg.width, int(shift)) for at, arg, shift in zip(ready, args, cell.data[:2], strict=True)]
            return chain_arrival(parts, max(parts[0][2], parts[1][2]), cell.width, fabric_)
        case CellCode.LESS | CellCode.MAX | CellCode.MIN:
            parts = [(at, arg.width, 0) for at, arg in zip(ready, args, strict=True)]
            chain = chain_arrival(parts, 0, max(arg.width for arg in args), fabric_).last
            return Arrival.at(chain if cell.code is CellCode.LESS else chain + fabric_.lut_ns)
        case CellCode.SHIFT if cell.data[0] < 0:
            return Arrival(_bit(ready[0], args[0].width, -cell.data[0], fabric_), last)
        case CellCode.SLICE:
            return Arrival(_bit(ready[0], args[0].width, cell.data[0], fabric_), last)
        case CellCode.JOIN:
            return Arrival(max(ready[0].last, ready[1].first), last)
        case code if code in WIRES:
            return Arrival(max(at.first for at in ready), last)
        case _:
            return Arrival.at(last + logic_ns(cell, args, fabric_))


def chain_arrival(parts: Sequence[tuple[Arrival, int, int]], first: int, width: int, fabric_: Fabric) -> Arrival:
    """Return when the bits of a carry chain are stable, none earlier than it is.

    A path enters the chain at any bit and leaves it at any above; the longest one enters at the chain's first bit or
    at an operand's last.

    Args:
        parts: Operands: when they are stable, their width and the place of their lowest bit.
        first: Lowest bit of the chain.
        width: Bits of the sum.
        fabric_: Delays.
    """
    start = max(_bit(at, bits, first - shift, fabric_) for at, bits, shift in parts)
    last = start + fabric_.carry_bit_ns * (width - first)
    for at, bits, shift in parts:
        last = max(last, at.last + fabric_.carry_bit_ns * max(width - max(bits - 1 + shift, first), 1))
    return Arrival(start + fabric_.carry_ns + fabric_.carry_bit_ns, last + fabric_.carry_ns)


def _bit(at: Arrival, width: int, place: int, fabric_: Fabric) -> float:
    """Return when a bit of a value is stable: the ones above it may come later, each by a bit of a carry chain."""
    return max(at.first, at.last - fabric_.carry_bit_ns * max(width - 1 - max(place, 0), 0))


def logic_ns(cell: NetCell, args: Sequence[NetCell], fabric_: Fabric) -> float:
    """Return the delay of a cell that is no carry chain."""
    match cell.code:
        case CellCode.ROUND:
            return fabric_.lut_ns * wide_gate_levels(cell.data[0] + 1)
        case CellCode.CLIP | CellCode.ZERO_OUTSIDE:
            return fabric_.lut_ns * (1 + wide_gate_levels(max(args[0].width - cell.width, 1) + 1))
        case CellCode.MUL:
            return fabric_.dsp_ns
        case CellCode.ROM:
            return fabric_.lut_ns * (1 + max(0, ceil((args[0].width - 6) / 2)))
        case _:
            return fabric_.lut_ns


def wide_gate_levels(num_inputs: int) -> int:
    """LUT levels of a wide gate with that many inputs."""
    return max(1, ceil(log2(max(num_inputs, 2)) / log2(6)))
