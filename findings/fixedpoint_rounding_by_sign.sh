#!/bin/sh
# Guess: the default rounding of a fixed-point library is one rounding.
# Seen (fixedpoint 1.0.1): signed values round ties to the even neighbour, unsigned ones up: 0.5 without fraction bits
#   is 0 as a signed and 1 as an unsigned value. A ReLU's unsigned result so differs from the same number in a signed
#   type.
# What hlsexplore does: a type names its rounding, whatever its sign (TRN by default); docs/ir.md, Types.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fixedpoint==1.0.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
from fixedpoint import FixedPoint

for value in (0.5, 1.5, 2.5, 3.5):
    print(f"tie {value}:", float(FixedPoint(value, signed=True, m=4, n=0)), float(FixedPoint(value, signed=False, m=4, n=0)))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^tie')
echo "$seen"
test "$seen" = "tie 0.5: 0.0 1.0
tie 1.5: 2.0 2.0
tie 2.5: 2.0 3.0
tie 3.5: 4.0 4.0"
