#!/bin/sh
# Guess: a product with a small constant becomes shifts and adders, as in the vendors' tools: x * 3 is one adder.
# Seen (pyosys 0.70): it takes a whole multiplier block, DSP48E1 or MULT18X18D; 8 bits times 3 takes one as 16 bits
#   times 16 do. Written as (x << 1) + x it takes none. Only powers of two are free.
# What hlsexplore does: its RTL writes constants as shared shifts and adders (docs/rtl.md), so none takes a block.
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


commands = {"xc7": ("synth_xilinx -noiopad -noclkbuf -family xc7", "DSP48E1"), "ecp5": ("synth_ecp5", "MULT18X18D")}
for value in ("a * 3", "(a <<< 1) + a", "a * 100", "a * 64"):
    text = f"module m(input signed [7:0] a, output signed [15:0] y); assign y = {value}; endmodule"
    print("times:", value, *(f"{family} {count(text, command)[0].get(kind, 0)}" for family, (command, kind) in commands.items()))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^times')
echo "$seen"
test "$seen" = "times: a * 3 xc7 1 ecp5 1
times: (a <<< 1) + a xc7 0 ecp5 0
times: a * 100 xc7 1 ecp5 1
times: a * 64 xc7 0 ecp5 0"
