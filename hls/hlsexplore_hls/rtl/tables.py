"""Lookup tables as modules with a block ROM."""

from collections.abc import Sequence

from hlsexplore.rtl_plan.netlist.cells import bits_of
from hlsexplore_hls.rtl.modules import HEAD, TAIL
from hlsexplore_hls.rtl.nets import literal, vector


def table_module(name: str, entries: Sequence[int]) -> str:
    """Write a table that answers a cycle after its address.

    Args:
        name: Identifier of the module.
        entries: Raw integers by address.
    """
    width = bits_of(min(entries), max(entries))
    address = max(1, (len(entries) - 1).bit_length())
    lines = [
        f"{HEAD}// Lookup table with {len(entries)} entries.",
        f"module {name} (",
        f"  input  wire clk,\n  input  wire {vector(address)}address,\n  output reg  {vector(width)}value",
        ");",
        f'  (* rom_style = "block" *) reg {vector(width)}memory [0:{(1 << address) - 1}];',
        "  initial begin",
        *(f"    memory[{index}] = {literal(entry, width)};" for index, entry in enumerate(entries)),
        *(f"    memory[{index}] = {literal(0, width)};" for index in range(len(entries), 1 << address)),
        "  end",
        "  always @(posedge clk) value <= memory[address];",
        "endmodule",
        TAIL,
    ]
    return "\n".join(lines)
