"""The synthesis script for some modules, as plain Yosys commands.

It follows `synth_xilinx` and `synth_lattice` with these changes, each measured on adder trees and folded layers:

- every `$add` and `$sub` becomes an `$alu` of its own before `alumacc` could fuse trees of them into `$macc` cells
  (22,082 -> 18,368 LUT for a 16x64 layer);
- an own map from `$alu` to carry chains makes half the wires of the stock one (31 -> 24 CPU seconds for 64x32);
- passes that cannot apply, such as memory mapping without a memory, are left out, and clean-ups run once
  (24 -> 19 CPU seconds);
- plain `abc` maps the LUTs in place of `abc9`, most of whose time goes into preparing its boxes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hlsexplore.errors import ConfigError, ToolError, unknown_name

OWN_ALU = "own_alu.v"
OWN_ALU_VERILOG = r"""// Every adder and subtractor becomes an $alu of its own.
(* techmap_celltype = "$add $sub" *)
module own_alu (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  localparam SIGNED = A_SIGNED && B_SIGNED;
  localparam SUB = _TECHMAP_CELLTYPE_ == "$sub";
  wire [Y_WIDTH-1:0] x, co;
  \$alu #(.A_SIGNED(SIGNED), .B_SIGNED(SIGNED), .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) alu
    (.A(A), .B(B), .BI(SUB ? 1'b1 : 1'b0), .CI(SUB ? 1'b1 : 1'b0), .X(x), .Y(Y), .CO(co));
endmodule
"""
CARRY = "carry.v"
CARRY_VERILOG = r"""// An $alu of 3 or more bits becomes a chain of CARRY4 cells below one word-wide XOR.
(* techmap_celltype = "$alu" *)
module carry (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_BI_ = 0;
  parameter _TECHMAP_CONSTVAL_BI_ = 0;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  input CI, BI;
  output [Y_WIDTH-1:0] X, Y, CO;
  localparam SIGNED = A_SIGNED && B_SIGNED;
  localparam MORE = Y_WIDTH > A_WIDTH ? Y_WIDTH - A_WIDTH : 0;
  // Operands without bits (a constant 0 that was trimmed away) and unknown modes are left to the stock map.
  localparam FITS = Y_WIDTH > 2 && A_WIDTH > 0 && B_WIDTH > 0 && _TECHMAP_CONSTMSK_BI_ && !A_SIGNED == !B_SIGNED;
  wire _TECHMAP_FAIL_ = !FITS;
  genvar i;
  generate if (FITS) begin
    wire [A_WIDTH+MORE-1:0] a = {{MORE{SIGNED ? A[A_WIDTH-1] : 1'b0}}, A};
    if (_TECHMAP_CONSTVAL_BI_)
      \$xnor #(.A_SIGNED(SIGNED), .B_SIGNED(SIGNED), .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) half
        (.A(A), .B(B), .Y(X));
    else
      \$xor #(.A_SIGNED(SIGNED), .B_SIGNED(SIGNED), .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) half
        (.A(A), .B(B), .Y(X));
    for (i = 0; i < Y_WIDTH; i = i + 4) begin : four
      localparam N = Y_WIDTH - i < 4 ? Y_WIDTH - i : 4;
      wire [3:0] sum, carry;
      if (i == 0)
        CARRY4 cells (.CYINIT(CI), .CI(1'b0), .DI(a[i +: N]), .S(X[i +: N]), .O(sum), .CO(carry));
      else
        CARRY4 cells (.CYINIT(1'b0), .CI(CO[i-1]), .DI(a[i +: N]), .S(X[i +: N]), .O(sum), .CO(carry));
      assign Y[i +: N] = sum[N-1:0];
      assign CO[i +: N] = carry[N-1:0];
    end
  end endgenerate
endmodule
"""
MARK = "log -stdout @stage "
"""Command that marks a stage; it prints `@stage` and the name, also when Yosys is quiet."""
STAT = "stat.json"
DEPTH = ".depth.txt"
# Cells that begin and end a path: registers, shift registers, memories and multipliers.
_STORAGE = " ".join(
    f"t:{kind} %d" for kind in ("FD*", "LD*", "SRL*", "RAM*", "DSP48*", "TRELLIS_FF", "DP16KD", "MULT18X18D")
)
_TABLE = re.compile(r"\bcase[xz]?\b")
_RAM = re.compile(r"\$readmem|\b(?:rom|ram|syn_rom|syn_ram)_?style\b|\b(?:reg|logic)\b[^;]*\w\s*\[[^;\]]*\]\s*[;,=]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A device family of Yosys.

    Attributes:
        name: What the user writes.
        title: What a report calls it.
    """

    name: str
    title: str


FAMILIES = {
    "xc7": Family(name="xc7", title="Xilinx 7 series"),
    "xcup": Family(name="xcup", title="Xilinx UltraScale+"),
    "ecp5": Family(name="ecp5", title="Lattice ECP5"),
}


def find_family(name: str) -> Family:
    """Return a family by name.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in FAMILIES:
        raise ConfigError(unknown_name("family", name, FAMILIES, "The tool 'yosys'"))
    return FAMILIES[name]


class Memory(StrEnum):
    """What memories a Verilog text may hold: none, tables that become logic, or memories that may become RAM cells."""

    NONE = "none"
    TABLE = "table"
    RAM = "ram"


def memory_of(text: str) -> Memory:
    """Say what memories a Verilog text may hold; a table as a `case` becomes logic unless an attribute says otherwise.

    Examples:
        >>> memory_of("reg [7:0] a, b;"), memory_of("case (x)"), memory_of("reg [7:0] rom [0:15];")
        (<Memory.NONE: 'none'>, <Memory.TABLE: 'table'>, <Memory.RAM: 'ram'>)
    """
    return Memory.RAM if _RAM.search(text) else Memory.TABLE if _TABLE.search(text) else Memory.NONE


def script(
    family: str,
    tops: Sequence[str],
    sources: Sequence[str],
    black_boxes: Sequence[str] = (),
    memory: Memory = Memory.RAM,
) -> str:
    """Write the commands that synthesize some modules side by side, each flat with everything below it.

    The run leaves `stat.json` (cells of each module) and, for each top, `TOP.depth.txt` (its longest path).

    Args:
        family: A key of `FAMILIES`.
        tops: The modules; none of them instantiates another.
        sources: Files to read, relative to the working directory.
        black_boxes: Files whose modules are only known by their ports.
        memory: What memories the sources may hold; without RAM the mapping to RAM cells (1.4 s) is left out.

    Raises:
        ToolError: If a name could be read as anything but a name.
    """
    find_family(family)
    for name in (*tops, *(part for file in (*sources, *black_boxes) for part in re.split(r"[./]", file) if part)):
        if not _NAME.fullmatch(name):
            raise ToolError(f"{name!r} is no Verilog identifier, so Yosys cannot be asked to synthesize it.")
    read = [_stage("reading"), *(f"read_verilog -lib -sv {file}" for file in black_boxes)]
    read += [f"read_verilog -sv {file}" for file in sources]
    # A module that another one of these tops holds stays a box in it.
    read += [f"setattr -mod -set keep_hierarchy 1 {top}" for top in tops if len(tops) > 1]
    steps = _lattice(family) if family == "ecp5" else _xilinx(family, memory)
    count = [_stage("counting"), "blackbox =A:whitebox", f"tee -q -o {STAT} stat -json"]
    count += [f"tee -q -o {top}{DEPTH} ltp -noff {top} {_STORAGE}" for top in tops]
    return "\n".join([*read, *steps, *count, _stage("done")]) + "\n"


def _stage(name: str) -> str:
    return f"{MARK}{name}"


def _xilinx(family: str, memory: Memory) -> list[str]:
    synth = f"synth_xilinx -family {family} -noiopad -noclkbuf -run"
    memories = [_stage("mapping memories"), "memory -nomap", "opt_clean"] if memory != Memory.NONE else []
    memories += [f"{synth} map_memory:map_ffram"] if memory == Memory.RAM else []
    return [
        # cells_xtra.v (34,000 lines) would cost a second in each run and adds only ports of cells like DSP48E2, which
        # nothing below needs; so the netlist is not checked against the library at the end either.
        "read_verilog -lib -specify +/xilinx/cells_sim.v",
        "hierarchy -check",
        _stage("optimizing"),
        "proc",
        # Submodules of a layer are part of it: one flat netlist, counted as a whole.
        "flatten",
        "opt_expr",
        "opt_clean",
        "check",
        "opt -nodffe -nosdff",
        "fsm",
        "opt",
        "wreduce",
        "peepopt",
        "opt_clean",
        "pmux2shiftx",
        f"{synth} map_dsp:coarse",
        f"techmap -map {OWN_ALU} t:$add t:$sub",
        "opt_clean",
        "techmap -map +/cmp2lut.v -map +/cmp2lcu.v -D LUT_WIDTH=6",
        "alumacc",
        "share",
        "opt",
        *memories,
        "opt -fast -full",
        *(["memory_map"] if memories else []),
        _stage("mapping arithmetic"),
        "opt -full",
        "xilinx_srl -variable -minlen 3",
        f"techmap -map {CARRY}",
        "techmap -map +/techmap.v -D LUT_SIZE=6 -map +/xilinx/arith_map.v -map +/xilinx/cells_map.v",
        "opt -fast",
        "dfflegalize -cell $_DFFE_?P?P_ 01 -cell $_SDFFE_?P?P_ 01 -cell $_DLATCH_?P?_ 01",
        "techmap -map +/xilinx/ff_map.v",
        # dfflegalize makes a gate for each bit of a register with enable and reset: 448 equal ones become 64.
        "opt_merge",
        "opt_expr -mux_undef -noclkinv",
        _stage("mapping LUTs"),
        "abc -luts 2:2,3,6:5,10,20",
        _stage("packing"),
        "xilinx_srl -fixed -minlen 3",
        "techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6",
        "xilinx_dffopt",
        "opt_lut_ins -tech xilinx",
        "clean",
    ]


def _lattice(family: str) -> list[str]:
    synth = f"synth_lattice -family {family} -run"
    return [
        f"read_verilog -lib -specify +/lattice/cells_sim_{family}.v +/lattice/cells_bb_{family}.v",
        "hierarchy -check",
        _stage("optimizing"),
        f"{synth} coarse:map_ram",
        _stage("mapping memories"),
        f"{synth} map_ram:map_ffram",
        f"{synth} map_ffram:map_gates",
        _stage("mapping arithmetic"),
        f"{synth} map_gates:map_ffs",
        f"{synth} map_ffs:map_luts",
        _stage("mapping LUTs"),
        "abc -lut 4:7",
        "clean",
        _stage("packing"),
        f"{synth} map_cells:check",
    ]
