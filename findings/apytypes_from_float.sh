#!/bin/sh
# Guess: a number within the range of a type stays near itself when it is made a fixed-point number of that type.
# Seen (apytypes 0.5.1): from_float rounds to the nearest, ties away from 0, and then wraps: 7.5 in 4 bits from -8 to
#   7 is -8. ap_fixed's default gives 7, and so do its casts, which cut off by default.
# What hlsexplore does: its casts follow the modes of the type, TRN and WRAP by default; docs/ir.md, Types.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apytypes==0.5.1 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from apytypes import APyFixed

for value in (7.25, 7.5, -8.5):
    print("from_float", value, "is", float(APyFixed.from_float(value, int_bits=4, frac_bits=0)))
    print(
        "cast",
        value,
        "is",
        float(APyFixed.from_float(value, int_bits=6, frac_bits=2).cast(int_bits=4, frac_bits=0)),
    )
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(from_float|cast)')
echo "$seen"
test "$seen" = "from_float 7.25 is 7.0
cast 7.25 is 7.0
from_float 7.5 is -8.0
cast 7.5 is 7.0
from_float -8.5 is 7.0
cast -8.5 is 7.0"
