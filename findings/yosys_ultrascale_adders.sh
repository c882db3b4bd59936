#!/bin/sh
# Guess: a sum behind a product goes into the block of a DSP48E2 as into that of a DSP48E1, and other sums of an
#   UltraScale+ design become CARRY8, the carry chain of these devices.
# Seen (pyosys 0.70): with -family xcup a multiply-accumulate is one DSP48E2, and beside it an adder of CARRY4, 40
#   LUTs and 40 flip-flops; with -family xc7 all of it is one block. No CARRY8 occurs: the chains are those of 7
#   series, two to each of the device's. A count for UltraScale+ is so far above that of the vendor's tool.
# What hlsexplore does: docs/estimates.md; its rules for UltraScale+ are from reports of the vendor's tools.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyosys==0.70 2>/dev/null
cat > "$folder/try.py" <<'PY'
import re
import subprocess
import sys
from pathlib import Path

PROGRAM = (
    "import sys; from pyosys import libyosys; d = libyosys.Design(); [libyosys.run_pass(c, d) for c in sys.argv[1:]]"
)
DESIGNS = {
    "accumulate": "input clk, input signed [15:0] a, b, output reg signed [39:0] y); always @(posedge clk) y <= y + a * b;",
    "two products": "input signed [15:0] a, b, c, d, output signed [32:0] y); assign y = a * b + c * d;",
    "sum": "input [31:0] a, b, output [31:0] y); assign y = a + b;",
}
for name, body in DESIGNS.items():
    Path("m.v").write_text(f"module m({body} endmodule")
    for family in ("xc7", "xcup"):
        commands = ["read_verilog m.v", f"synth_xilinx -noiopad -noclkbuf -family {family}", "stat"]
        run = subprocess.run([sys.executable, "-c", PROGRAM, *commands], capture_output=True, text=True)
        text = run.stdout[run.stdout.rfind("Printing statistics") :]
        cells = re.findall(r"^\s+(\d+)\s+(?:[\d.-]+\s+)?([A-Z]\w+)\s*$", text, re.M)
        print(f"{name}, {family}:", *(f"{kind} {count}" for count, kind in sorted(cells, key=lambda cell: cell[1])))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E ', xc')
echo "$seen"
test "$seen" = "accumulate, xc7: DSP48E1 1
accumulate, xcup: CARRY4 10 DSP48E2 1 FDRE 40 LUT2 40
two products, xc7: DSP48E1 2
two products, xcup: CARRY4 9 DSP48E2 2 LUT2 32
sum, xc7: CARRY4 8 LUT2 32
sum, xcup: CARRY4 8 LUT2 32"
