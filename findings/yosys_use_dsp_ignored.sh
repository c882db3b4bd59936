#!/bin/sh
# Guess: the attribute use_dsp="no", which keeps a product out of the blocks in Vivado, does so in synth_xilinx.
# Seen (pyosys 0.70): it is passed over on the module, on the wire and on the register behind; each takes a DSP48E1,
#   without a message. Only the option -nodsp keeps all products of the design out.
# What hlsexplore does: it never writes the attribute: a multiplier that its plan puts into LUTs is written as choices
#   and adders (docs/rtl.md, Multipliers).
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


no = '(* use_dsp = "no" *)'
ports = "input clk, input signed [11:0] a, b, output reg signed [23:0] y"
designs = {
    "plain": f"module m({ports}); always @(posedge clk) y <= a * b; endmodule",
    "module": f"{no} module m({ports}); always @(posedge clk) y <= a * b; endmodule",
    "wire": f"module m({ports}); {no} wire signed [23:0] p = a * b; always @(posedge clk) y <= p; endmodule",
    "register": f"module m({ports}); {no} reg signed [23:0] r; always @(posedge clk) begin r <= a * b; y <= r; end endmodule",
}
command = "synth_xilinx -noiopad -noclkbuf -family xc7"
for name, text in designs.items():
    print(f"{name}:", count(text, command)[0].get("DSP48E1", 0))
print("option:", count(designs["plain"], f"{command} -nodsp")[0].get("DSP48E1", 0))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(plain|module|wire|register|option)')
echo "$seen"
test "$seen" = "plain: 1
module: 1
wire: 1
register: 1
option: 0"
