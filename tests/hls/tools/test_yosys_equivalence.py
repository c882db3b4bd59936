"""The netlists that are counted compute what the Verilog says: proved by SAT, cell models from Yosys."""

import random
import sys
from pathlib import Path

import pytest

from hlsexplore_hls.rtl.nets import TERNARY_MARK, join, literal, ternary_module
from hlsexplore_hls.tools.deadline import Limits
from hlsexplore_hls.tools.log import Listeners
from hlsexplore_hls.tools.runner import run
from hlsexplore_hls.tools.yosys_script import (
    MAPS,
    Memory,
    memory_of,
    script,
)

pytest.importorskip("pyosys")

MODULES = """
module signed_sum (input signed [6:0] a, input signed [4:0] b, output signed [7:0] y); assign y = a + b; endmodule
module narrow_sum (input signed [6:0] a, input signed [6:0] b, output signed [3:0] y); assign y = a - b; endmodule
module plain_sum (input [4:0] a, input [6:0] b, output [8:0] y); assign y = a - b + 9'd77; endmodule
module negated (input signed [5:0] a, output signed [6:0] y); assign y = -a; endmodule
module tree (input signed [4:0] a, b, c, d, output signed [7:0] y); assign y = (a - (b <<< 2)) + (c - d); endmodule
module compare (input signed [5:0] a, b, input [5:0] c, output [3:0] y);
  assign y = {a < b, a >= b, c > 6'd20, a == b};
endmodule
module choose (input s, input [4:0] a, b, c, output [5:0] y); assign y = a + (s ? b : c); endmodule
module product (input signed [3:0] a, b, output signed [7:0] y); assign y = a * b; endmodule
module constants (input signed [6:0] a, output signed [12:0] y); assign y = 13'sd0 - ((a <<< 4) - a); endmodule
module trimmed (input signed [8:0] a, output signed [3:0] y);
  wire signed [8:0] negative = 9'sd0 - {a[8:5], 5'd0};
  assign y = negative >>> 5;
endmodule
module table_of (input [3:0] a, output reg [6:0] y);
  always @* case (a) 4'd0: y = 7'd3; 4'd3: y = 7'd99; 4'd7: y = 7'd11; 4'd9: y = 7'd64; default: y = 7'd1; endcase
endmodule
"""


def ternary_sums(count: int) -> str:
    """Write modules with a sum of three operands: random widths, constant ends and inverted bits."""
    draw = random.Random(5)

    def operand(port: str, width: int) -> str:
        low = draw.choice([0, 0, 0, draw.randrange(width)])
        high = draw.choice([width, width, draw.randrange(low, width + 1)])
        parts = [f"{port}[{high - 1}:{low}]"] if high > low else []
        above = [literal(draw.choice([0, 0, -1]), width - high)] if high < width else []
        return join([*above, *parts, *([literal(draw.choice([0, 0, -1]), low)] if low else [])])

    lines = []
    for index in range(count):
        width, name = draw.randrange(3, 10), f"ternary{index}"
        masks = [draw.choice([0, 0, draw.randrange(1 << width), -1]) for _ in "abc"]
        values = ", ".join(f".INVERT_{port}({literal(mask, width)})" for port, mask in zip("ABC", masks, strict=True))
        wires = ", ".join(f".{port}({operand(port, width)})" for port in "abc")
        lines.append(
            f"module {name} (input [{width - 1}:0] a, b, c, output [{width - 1}:0] y);\n"
            f"  ({TERNARY_MARK}) {name}_add3 #(.WIDTH({width}), .CARRY({draw.randrange(2)}), {values}) sum"
            f" ({wires}, .y(y));\nendmodule"
        )
    return "\n".join(lines)


NUM_TERNARY = 16
MODULES += ternary_sums(NUM_TERNARY)
NAMES = [line.split()[1] for line in MODULES.splitlines() if line.startswith("module")]


@pytest.mark.parametrize("family", ["xc7", "ecp5"])
def test_netlist_equals_its_verilog(tmp_path: Path, family: str) -> None:
    adders = "".join(ternary_module(f"ternary{index}_add3") for index in range(NUM_TERNARY))
    (tmp_path / "source.v").write_text(f"{MODULES}\n{adders}")
    for name, text in MAPS.items():
        (tmp_path / name).write_text(text)
    steps = script(family, NAMES, ["source.v"], memory=memory_of(MODULES)).splitlines()
    end = next(index for index, step in enumerate(steps) if step.endswith("@stage counting"))
    cells = "+/xilinx/cells_sim.v" if family == "xc7" else "+/lattice/cells_sim_ecp5.v"
    prove = ["write_verilog -noattr net.v", "design -reset", "read_verilog -sv source.v", "prep", "flatten"]
    prove += [f"rename {name} {name}_gold" for name in NAMES]
    prove += [
        "design -stash gold",
        f"read_verilog -nowb -nooverwrite {cells} net.v",
        "hierarchy",
        "proc",
        "design -copy-from gold *",
    ]
    names = [name for name in NAMES if family == "xc7" or name != "product"]  # MULT18X18D has no model
    for name in names:
        prove.append(f"miter -equiv -flatten -make_assert {name}_gold {name} {name}_miter")
        prove.append(f"flatten {name}_miter")
        prove.append(f"sat -verify -prove-asserts {name}_miter")
    commands = "\n".join([step for step in steps[:end] if not step.startswith("log ")] + prove)
    code = "import sys\nfrom pyosys import libyosys as ys\nd = ys.Design()\nfor c in open('s').read().split('\\n'): ys.run_pass(c, d)"
    (tmp_path / "s").write_text(commands)
    done = run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        limits=Limits.after(120),
        listeners=Listeners(log_file=tmp_path / "log"),
        what="yosys",
    )
    assert done.exit_code == 0
    assert (tmp_path / "log").read_text().count("SUCCESS!") == len(names)


def test_memory_of_tells_tables_from_rams() -> None:
    assert memory_of("wire [7:0] a; assign a = b[3];") == Memory.NONE
    assert memory_of("reg [7:0] a; always @(posedge clk) a <= b[3:0];") == Memory.NONE
    assert memory_of("always @* case (a) 0: b = 1; endcase") == Memory.TABLE
    assert memory_of("reg [7:0] m [0:15];") == Memory.RAM
    assert memory_of('(* rom_style = "block" *) reg [7:0] q; always @* case (a) endcase') == Memory.RAM
    assert memory_of('initial $readmemh("x.mem", m);') == Memory.RAM
