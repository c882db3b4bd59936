#!/bin/sh
# Guess: a table with a registered output is put into logic by rom_style="distributed", and into a block by "block",
#   as in Vivado.
# Seen (pyosys 0.70): "block" is obeyed; "distributed" is an error, "no valid mapping found for memory". "logic",
#   which Vivado does not know, gives LUTs. Without the attribute 1024 x 8 bits take LUTs and 1024 x 18 a block.
# What hlsexplore does: it writes "block" or no attribute at all.
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


def count(text, command):
    """Return the cells of a design after synthesis, or the error."""
    Path("m.v").write_text(text)
    program = "import sys; from pyosys import libyosys; d = libyosys.Design(); [libyosys.run_pass(c, d) for c in sys.argv[1:]]"
    run = subprocess.run(
        [sys.executable, "-c", program, "read_verilog m.v", command, "stat"], capture_output=True, text=True
    )
    cells = re.findall(
        r"^\s+(\d+)\s+(?:[\d.-]+\s+)?([A-Z]\w+)\s*$", run.stdout[run.stdout.rfind("Printing statistics") :], re.M
    )
    return {kind: int(count) for count, kind in cells}, run.stderr


command = "synth_xilinx -noiopad -noclkbuf -family xc7"
for style in ("none", "block", "distributed", "logic"):
    attribute = "" if style == "none" else f'(* rom_style = "{style}" *)'
    text = f"""
    module m(input clk, input [9:0] a, output reg [7:0] y);
      {attribute} reg [7:0] r [0:1023];
      initial begin : fill integer k; for (k = 0; k < 1024; k = k + 1) r[k] = k * k * 37 >> 5; end
      always @(posedge clk) y <= r[a];
    endmodule
    """
    cells, error = count(text, command)
    kinds = [kind for kind in ("RAMB18E1", "LUT6") if kind in cells]
    print(f"{style}:", *kinds, *re.findall("no valid mapping found", error))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(none|block|distributed|logic)')
echo "$seen"
test "$seen" = "none: LUT6
block: RAMB18E1
distributed: no valid mapping found
logic: LUT6"
