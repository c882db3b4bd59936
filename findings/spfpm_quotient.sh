#!/bin/sh
# Guess: a library that rounds to the nearest when it makes a value and when it multiplies does so when it divides.
# Seen (spfpm 1.8.0): quotients are cut off, toward minus infinity: with four fraction bits 2/3 made of a float, and
#   as a product with 1/3 in a finer format, is 0.6875; divided it is 0.625. The mean of a few values is so biased
#   downward.
# What hlsexplore does: a mean is the exact quotient, cast by the rounding of its type (docs/ir.md, Pooling).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check spfpm==1.8.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
from FixedPoint import FXfamily, FXnum

coarse = FXfamily(4, 4)
for value in (2, 5, -1, 1):
    print(f"{value}/3:", float(FXnum(value / 3, coarse)), float(FXnum(value, coarse) / FXnum(3, coarse)))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^-?[0-9]/3:')
echo "$seen"
test "$seen" = "2/3: 0.6875 0.625
5/3: 1.6875 1.625
-1/3: -0.3125 -0.375
1/3: 0.3125 0.3125"
