#!/bin/sh
# Guess: where a family of devices has multiplier blocks, Yosys' script for the family uses them for 16 x 16 bits.
# Seen (pyosys 0.70): for Efinix Trion, Anlogic EG4, Microchip SmartFusion2, NanoXplore and Achronix Speedster, which
#   all have blocks of 18 x 18 bits or more, it is logic: about 600 to 850 LUTs for one product, without a message.
#   Counts of such a netlist say nothing of what the vendor's tool makes of the design.
# What hlsexplore does: it counts with Yosys for 7 series, UltraScale+ and ECP5 alone, where blocks are used.
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

Path("m.v").write_text("module m(input signed [15:0] a, b, output signed [31:0] y); assign y = a * b; endmodule")
PROGRAM = (
    "import sys; from pyosys import libyosys; d = libyosys.Design(); [libyosys.run_pass(c, d) for c in sys.argv[1:]]"
)
for command in (
    "synth_xilinx -noiopad -family xc7",
    "synth_ecp5 -noiopad",
    "synth_gowin -noiopads",
    "synth_gatemate",
    "synth_microchip -family polarfire",
    "synth_efinix",
    "synth_anlogic",
    "synth_sf2",
    "synth_nanoxplore",
    "synth_achronix",
):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, "read_verilog m.v", command, "stat"], capture_output=True, text=True
    )
    text = run.stdout[run.stdout.rfind("Printing statistics") :]
    cells = {kind: int(count) for count, kind in re.findall(r"^\s+(\d+)\s+(?:[\d.-]+\s+)?([A-Z]\w+)\s*$", text, re.M)}
    blocks = [kind for kind in cells if re.search("DSP|MULT|MACC", kind)]
    luts = sum(count for kind, count in cells.items() if re.search("LUT|CFG", kind))
    print(command.split()[0] + ":", *blocks or ["no block,", "over 500 LUTs" if luts > 500 else luts])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^synth_')
echo "$seen"
test "$seen" = "synth_xilinx: DSP48E1
synth_ecp5: MULT18X18D
synth_gowin: MULT18X18
synth_gatemate: CC_MULT
synth_microchip: MACC_PA
synth_efinix: no block, over 500 LUTs
synth_anlogic: no block, over 500 LUTs
synth_sf2: no block, over 500 LUTs
synth_nanoxplore: no block, over 500 LUTs
synth_achronix: no block, over 500 LUTs"
