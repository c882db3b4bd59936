#!/bin/sh
# Guess: products of a few bits are logic, and a block is kept for wide ones.
# Seen (pyosys 0.70): for 7 series a product whose result has 9 bits takes a DSP48E1 (4 x 5 and 2 x 7), one of 8 bits
#   none; for ECP5 3 x 3 bits, and so the smallest quantised weights, take a MULT18X18D. For iCE40 with -dsp 5 x 5 is
#   logic.
# What hlsexplore does: constants are shifts and adders, whatever the width; shared multipliers of weights of at most
#   4 bits are logic by choice, in every family (docs/rtl.md, Multipliers).
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


commands = {
    "xc7": ("synth_xilinx -noiopad -noclkbuf -family xc7", "DSP48E1"),
    "ecp5": ("synth_ecp5", "MULT18X18D"),
    "ice40": ("synth_ice40 -dsp", "SB_MAC16"),
}
for a, b in ((3, 3), (4, 4), (4, 5), (2, 7), (5, 5)):
    text = f"module m(input signed [{a - 1}:0] a, input signed [{b - 1}:0] b, output signed [{a + b - 1}:0] y);"
    found = {name: count(f"{text} assign y = a * b; endmodule", command)[0].get(kind, 0) for name, (command, kind) in commands.items()}
    print(f"{a} x {b}:", *(f"{name} {blocks}" for name, blocks in found.items()))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^[0-9]+ x')
echo "$seen"
test "$seen" = "3 x 3: xc7 0 ecp5 1 ice40 0
4 x 4: xc7 0 ecp5 1 ice40 0
4 x 5: xc7 1 ecp5 1 ice40 0
2 x 7: xc7 1 ecp5 1 ice40 0
5 x 5: xc7 1 ecp5 1 ice40 0"
