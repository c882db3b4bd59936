"""The synthesis script for one module, as plain Yosys commands for every Yosys since 0.23.

It follows `synth_xilinx` and `synth_lattice` up to the mapping to LUTs with two changes that were measured on adder
trees: every `$add` and `$sub` becomes an `$alu` of its own before `alumacc` could fuse trees of them into `$macc` cells
(22,082 -> 18,368 LUT for a 16x64 layer), and plain `abc` maps the LUTs in place of `abc9`, most of whose time goes into
preparing its boxes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
MARK = "log -stdout @stage "
"""Command that marks a stage; it prints `@stage` and the name, also when Yosys is quiet."""
STAT = "stat.json"
DEPTH = ".depth.txt"
# Cells that begin and end a path: registers, shift registers, memories and multipliers.
_STORAGE = " ".join(
    f"t:{kind} %d" for kind in ("FD*", "LD*", "SRL*", "RAM*", "DSP48*", "TRELLIS_FF", "DP16KD", "MULT18X18D")
)
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


def script(family: str, tops: Sequence[str], sources: Sequence[str], black_boxes: Sequence[str] = ()) -> str:
    """Write the commands that synthesize some modules side by side, each flat with everything below it.

    The run leaves `stat.json` (cells of each module) and, for each top, `TOP.depth.txt` (its longest path).

    Args:
        family: A key of `FAMILIES`.
        tops: The modules; none of them instantiates another.
        sources: Files to read, relative to the working directory.
        black_boxes: Files whose modules are only known by their ports.

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
    steps = _lattice(family) if family == "ecp5" else _xilinx(family)
    count = [_stage("counting"), "blackbox =A:whitebox", f"tee -q -o {STAT} stat -json"]
    count += [f"tee -q -o {top}{DEPTH} ltp -noff {top} {_STORAGE}" for top in tops]
    return "\n".join([*read, *steps, *count, _stage("done")]) + "\n"


def _stage(name: str) -> str:
    return f"{MARK}{name}"


def _xilinx(family: str) -> list[str]:
    synth = f"synth_xilinx -family {family} -noiopad -noclkbuf -run"
    return [
        # cells_xtra.v (34,000 lines) would cost a second in each run and adds only ports of cells like DSP48E2, which
        # nothing below needs; so the netlist is not checked against the library at the end either.
        "read_verilog -lib -specify +/xilinx/cells_sim.v",
        "hierarchy -check",
        _stage("optimizing"),
        f"{synth} prepare:map_dsp",
        # Submodules of a layer are part of it: one flat netlist, counted as a whole.
        "flatten",
        "opt_clean",
        f"{synth} map_dsp:coarse",
        f"techmap -map {OWN_ALU} t:$add t:$sub",
        "opt_clean",
        f"{synth} coarse:map_memory",
        _stage("mapping memories"),
        f"{synth} map_memory:map_ffram",
        f"{synth} map_ffram:fine",
        _stage("mapping arithmetic"),
        f"{synth} fine:map_cells",
        f"{synth} map_cells:map_ffs",
        f"{synth} map_ffs:map_luts",
        _stage("mapping LUTs"),
        "opt_expr -mux_undef -noclkinv",
        "abc -luts 2:2,3,6:5,10,20",
        "clean",
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
