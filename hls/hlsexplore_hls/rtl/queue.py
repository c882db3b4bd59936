"""Queues between the stages of a streaming design."""

from hlsexplore_hls.rtl.modules import HEAD, TAIL
from hlsexplore_hls.rtl.nets import literal, select, vector


def queue_module(name: str, depth: int, width: int) -> str:
    """Write a queue; its places are counted from the moment in which a result is promised.

    Args:
        name: Identifier of the module.
        depth: Places, a power of two.
        width: Bits of a beat.
    """
    bits = depth.bit_length()
    zero, one = literal(0, bits), literal(1, bits)
    lines = [
        f"{HEAD}// Queue of {depth} beats. A place is taken when its result is promised and free again when it leaves.",
        f"module {name} (",
        "  input  wire clk,\n  input  wire rst,\n  output wire room,\n  input  wire promise,\n  input  wire put,",
        f"  input  wire {vector(width)}put_data,\n  output wire out_valid,\n  input  wire out_ready,",
        f"  output wire {vector(width)}out_data",
        ");",
        f"  reg {vector(bits)}free;  // places that are neither filled nor promised",
        f"  reg {vector(bits)}head, tail;",
        f"  reg {vector(width)}places [0:{depth - 1}];",
        "  wire leaves = out_valid & out_ready;",
        f"  assign room = free != {zero};",
        "  assign out_valid = head != tail;",
        f"  assign out_data = places[{select('head', bits, 0, bits - 1)}];",
        "  always @(posedge clk)",
        f"    if (put) places[{select('tail', bits, 0, bits - 1)}] <= put_data;",
        "  always @(posedge clk)",
        "    if (rst) begin",
        f"      free <= {literal(depth, bits)};",
        f"      head <= {zero};",
        f"      tail <= {zero};",
        "    end else begin",
        f"      if (promise & ~leaves) free <= free - {one};",
        f"      else if (leaves & ~promise) free <= free + {one};",
        f"      if (leaves) head <= head + {one};",
        f"      if (put) tail <= tail + {one};",
        "    end",
        "endmodule",
        TAIL,
    ]
    return "\n".join(lines)
