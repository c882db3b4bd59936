"""The synthesis script for some modules, as plain Yosys commands.

It follows `synth_xilinx` and `synth_lattice` with these changes, each measured on adder trees and folded layers:

- every `$add` and `$sub` becomes an `$alu` of its own before `alumacc` could fuse trees of them into `$macc` cells
  (22,082 -> 18,368 LUT for a 16x64 layer);
- an own map from `$alu` to carry chains makes half the wires of the stock one (31 -> 24 CPU seconds for 64x32);
- passes that cannot apply, such as memory mapping without a memory, are left out, and clean-ups run once
  (24 -> 19 CPU seconds);
- a sum of three operands, marked by the generator, is one row of LUTs with two outputs and one chain;
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
TERNARY = "ternary.v"
TERNARY_VERILOG = r"""// Three operands: carry-save bits come out of the LUTs' second outputs, one chain adds the rest.
(* techmap_celltype = "ternary_sum" *)
module ternary (a, b, c, y);
  parameter WIDTH = 3;
  parameter CARRY = 0;
  parameter [WIDTH-1:0] INVERT_A = 0;
  parameter [WIDTH-1:0] INVERT_B = 0;
  parameter [WIDTH-1:0] INVERT_C = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_a_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTVAL_a_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_b_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTVAL_b_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTMSK_c_ = 0;
  parameter [WIDTH-1:0] _TECHMAP_CONSTVAL_c_ = 0;
  input [WIDTH-1:0] a, b, c;
  output [WIDTH-1:0] y;
  localparam [WIDTH-1:0] FIXED_A = _TECHMAP_CONSTMSK_a_, FIXED_B = _TECHMAP_CONSTMSK_b_, FIXED_C = _TECHMAP_CONSTMSK_c_;
  localparam [WIDTH-1:0] ONE_A = FIXED_A & (_TECHMAP_CONSTVAL_a_ ^ INVERT_A);
  localparam [WIDTH-1:0] ONE_B = FIXED_B & (_TECHMAP_CONSTVAL_b_ ^ INVERT_B);
  localparam [WIDTH-1:0] ONE_C = FIXED_C & (_TECHMAP_CONSTVAL_c_ ^ INVERT_C);

  // Places into which no carry-save bit comes: with at most two bits there, the chain adds them alone.
  function [WIDTH:0] quiet;
    input start;
    integer k;
    begin
      quiet = 0;
      quiet[0] = start;
      for (k = 0; k < WIDTH; k = k + 1)
        quiet[k+1] = 3'd0 + !FIXED_A[k] + !FIXED_B[k] + !FIXED_C[k] + ONE_A[k] + ONE_B[k] + ONE_C[k]
          <= (quiet[k] ? 3'd2 : 3'd1);
    end
  endfunction
  localparam [WIDTH:0] QUIET = quiet(1'b1);

  // Both outputs of a LUT with inputs a, b, c and the carry-save bit m from below, by the inverted ones of c, b, a: the
  // majority of a, b, c, and their parity with m. As a function of the bits these took a third of a layer's synthesis.
  localparam [511:0] BOTH = {
    64'h9669966917171717,
    64'h699669962b2b2b2b,
    64'h699669964d4d4d4d,
    64'h966996698e8e8e8e,
    64'h6996699671717171,
    64'h96699669b2b2b2b2,
    64'h96699669d4d4d4d4,
    64'h69966996e8e8e8e8
  };

  wire [WIDTH-1:0] s, d;
  wire [WIDTH+3:0] carry;
  wire [WIDTH:0] m;
  assign m[0] = 1'b0;
  genvar i;
  generate
    for (i = 0; i < WIDTH; i = i + 1) begin : place
      localparam [2:0] VARYING = 3'd0 + !FIXED_A[i] + !FIXED_B[i] + !FIXED_C[i];
      localparam [2:0] ONES = 3'd0 + ONE_A[i] + ONE_B[i] + ONE_C[i];
      wire x = a[i] ^ INVERT_A[i], z = b[i] ^ INVERT_B[i], w = c[i] ^ INVERT_C[i];
      if (QUIET[i] && VARYING + ONES <= 2) begin
        assign s[i] = x ^ z ^ w;
        // Both bits are equal where the chain takes this one: an operand as it is, which is not inverted.
        if (VARYING < 2)
          assign d[i] = ONES != 0;
        else if (!FIXED_A[i] && !INVERT_A[i])
          assign d[i] = a[i];
        else if (!FIXED_B[i] && !INVERT_B[i])
          assign d[i] = b[i];
        else if (!FIXED_C[i])
          assign d[i] = w;
        else
          assign d[i] = z;
        assign m[i+1] = 1'b0;
      end else if (VARYING >= 2) begin
        LUT6_2 #(.INIT(BOTH[64 * {INVERT_C[i], INVERT_B[i], INVERT_A[i]} +: 64])) lut
          (.I0(a[i]), .I1(b[i]), .I2(c[i]), .I3(m[i]), .I4(1'b1), .I5(1'b1), .O5(m[i+1]), .O6(s[i]));
        assign d[i] = m[i];
      end else begin
        assign s[i] = x ^ z ^ w ^ m[i];
        assign d[i] = m[i];
        if (ONES == 1 && VARYING == 1)
          assign m[i+1] = FIXED_A[i] && FIXED_B[i] ? w : FIXED_A[i] && FIXED_C[i] ? z : x;
        else
          assign m[i+1] = ONES >= 2;
      end
    end
    for (i = 0; i < WIDTH; i = i + 4) begin : four
      localparam N = WIDTH - i < 4 ? WIDTH - i : 4;
      wire [3:0] sum;
      if (i == 0)
        CARRY4 cells
          (.CYINIT(CARRY ? 1'b1 : 1'b0), .CI(1'b0), .DI(d[i +: N]), .S(s[i +: N]), .O(sum), .CO(carry[i +: 4]));
      else
        CARRY4 cells (.CYINIT(1'b0), .CI(carry[i-1]), .DI(d[i +: N]), .S(s[i +: N]), .O(sum), .CO(carry[i +: 4]));
      assign y[i +: N] = sum[N-1:0];
    end
  endgenerate
endmodule
"""
SPLIT = "split.v"
SPLIT_VERILOG = r"""// The two outputs apart, so that no path is seen from the carry-save bit below to that above.
module LUT6_2 (I0, I1, I2, I3, I4, I5, O5, O6);
  parameter [63:0] INIT = 64'd0;
  input I0, I1, I2, I3, I4, I5;
  output O5, O6;
  LUT3 #(.INIT(INIT[7:0])) five (.I0(I0), .I1(I1), .I2(I2), .O(O5));
  LUT4 #(.INIT(INIT[47:32])) six (.I0(I0), .I1(I1), .I2(I2), .I3(I3), .O(O6));
endmodule
"""
MAPS = {OWN_ALU: OWN_ALU_VERILOG, CARRY: CARRY_VERILOG, TERNARY: TERNARY_VERILOG, SPLIT: SPLIT_VERILOG}
"""Text by name of the files that the script reads."""
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
    count += [f"techmap -map {SPLIT} t:LUT6_2"] if family != "ecp5" else []
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
        "chtype -set ternary_sum a:ternary",
        f"techmap -map {TERNARY} t:ternary_sum",
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
