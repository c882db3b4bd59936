#!/bin/sh
# Guess: Yosys packs the registers before and behind a product into the block of every family whose blocks have them.
# Seen (pyosys 0.70): for 7 series all 96 of 16 x 16 bits go into the DSP48E1; for UltraScale+ and ECP5, whose blocks
#   have them as well, none does. So the same design takes more flip-flops there than a vendor's tool would report.
# What hlsexplore does: it counts what Yosys does, says so in docs/tools.md, and its plans follow the family.
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

Path("m.v").write_text("""
module m (input clk, input signed [15:0] a, b, output reg signed [31:0] y);
  reg signed [15:0] ra, rb;
  reg signed [31:0] p;
  always @(posedge clk) begin ra <= a; rb <= b; p <= ra * rb; y <= p; end
endmodule
""")
commands = {
    "xc7": "synth_xilinx -noiopad -noclkbuf -family xc7",
    "xcup": "synth_xilinx -noiopad -noclkbuf -family xcup",
    "ecp5": "synth_ecp5",
}
program = "import sys; from pyosys import libyosys; d = libyosys.Design(); [libyosys.run_pass(c, d) for c in sys.argv[1:]]"
for name, command in commands.items():
    steps = ["read_verilog m.v", command, "stat"]
    log = subprocess.run([sys.executable, "-c", program, *steps], capture_output=True, text=True).stdout
    counts = re.findall(
        r"^\s+(\d+)\s+(?:[\d.-]+\s+)?(FD\w+|TRELLIS_FF|DSP48E\d|MULT18X18D)\s*$",
        log[log.rfind("Printing statistics") :],
        re.M,
    )
    print(name, *sorted(f"{kind} {count}" for count, kind in counts))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(xc7|xcup|ecp5)')
echo "$seen"
test "$seen" = "xc7 DSP48E1 1
xcup DSP48E2 1 FDRE 96
ecp5 MULT18X18D 1 TRELLIS_FF 96"
