#!/bin/sh
# Guess: as with Icarus Verilog, Verilator and Yosys, `include "tb/n.vh" in tb/t.v is found from the folder in which the tool runs.
# Seen (pyslang 12.1.0): slang looks beside the including file and in the folders of -I alone, and the file is missing; with -I . it
#   is found. Yosys (pyosys 0.70) finds it from the working folder.
# What hlsexplore does: docs/rtl.md gives the command for slang with -I .
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyslang==12.1.0 pyosys==0.70 2>/dev/null
mkdir "$folder/tb"
echo 'localparam N = 3;' > "$folder/tb/n.vh"
cat > "$folder/tb/t.v" <<'V'
module t(output [3:0] y);
  `include "tb/n.vh"
  assign y = N;
endmodule
V
cat > "$folder/try.py" <<'PY'
from pyosys import libyosys
from pyslang import driver


def slang(command):
    tool = driver.Driver()
    tool.addStandardArgs()
    tool.parseCommandLine(command)
    tool.processOptions()
    tool.parseAllSources()
    tool.reportCompilation(tool.createCompilation(), True)
    return tool.reportDiagnostics(True)


print("slang:", "found" if slang("slang tb/t.v") else "missing")
print("slang -I .:", "found" if slang("slang -I . tb/t.v") else "missing")
design = libyosys.Design()
libyosys.run_pass("tee -q read_verilog tb/t.v", design)
print("Yosys: found")
PY
seen=$(cd "$folder" && venv/bin/python try.py 2>/dev/null | grep -E '^(slang|Yosys)')
echo "$seen"
test "$seen" = "slang: missing
slang -I .: found
Yosys: found"
