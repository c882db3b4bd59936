#!/bin/sh
# Guess: in XLS an index beyond the end of a table is an error, or reads nothing in particular, as in Verilog and C++.
# Seen (xls-python 0.1.9934): it gives the last entry, whatever the index; and a division by 0 gives the largest
#   number. Both are defined so, and become comparators and multiplexers in the Verilog.
# What hlsexplore does: its tables for XLS have an entry for each address, so that neither happens.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check xls-python==0.1.9934 2>/dev/null
cat > "$folder/try.py" <<'PY'
import xls
from xls.c_api import DSLX_STDLIB_PATH

text = """
pub fn entry(i: u8) -> u8 { const TABLE = u8[5]:[10, 20, 30, 40, 50]; TABLE[i] }
pub fn ratio(a: s8, b: s8) -> s8 { a / b }
"""
package = xls.parse_ir_package(xls.convert_dslx_to_ir(text, "m.x", "m", DSLX_STDLIB_PATH, []))


def run(name, *values):
    arguments = [xls.parse_typed_value(f"bits[8]:{value}") for value in values]
    return (
        str(package.get_function(xls.mangle_dslx_name("m", name)).interpret(arguments))
        .rpartition(":")[2]
        .strip(">")
    )


for index in (4, 5, 200):
    print(f"index {index}:", run("entry", index))
print("7 / 0:", run("ratio", 7, 0))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(index|7 / )')
echo "$seen"
test "$seen" = "index 4: 50
index 5: 50
index 200: 50
7 / 0: 127"
