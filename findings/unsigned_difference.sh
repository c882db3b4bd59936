#!/bin/sh
# Guess: 1 - 2 of two unsigned fixed-point values is -1, as in ap_fixed, whose difference is signed, or an error.
# Seen: fxpmath 0.4.10 says 0 and fpbinary 1.5.8 says 7, both unsigned and without a message; fixedpoint 1.0.1 raises;
#   apytypes 0.5.1 has no unsigned values; spfpm 1.8.0 neither. A model in one of the first two does not predict what
#   the C++ computes.
# What hlsexplore does: the difference of unsigned values has a signed type, as in ap_fixed (docs/ir.md, Merges).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fxpmath==0.4.10 fpbinary==1.5.8 fixedpoint==1.0.1 \
    numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from fixedpoint import FixedPoint
from fpbinary import FpBinary
from fxpmath import Fxp

difference = Fxp(1, signed=False, n_word=4, n_frac=2) - Fxp(2, signed=False, n_word=4, n_frac=2)
print("fxpmath:", float(difference()), difference.dtype)
difference = FpBinary(2, 2, False, 1.0) - FpBinary(2, 2, False, 2.0)
print("fpbinary:", float(difference), difference.format)
try:
    print("fixedpoint:", float(FixedPoint(1, signed=False, m=2, n=2) - FixedPoint(2, signed=False, m=2, n=2)))
except Exception as error:
    print("fixedpoint:", type(error).__name__)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(fxpmath|fpbinary|fixedpoint):')
echo "$seen"
test "$seen" = "fxpmath: 0.0 fxp-u5/2
fpbinary: 7.0 (3, 2)
fixedpoint: FixedPointOverflowError"
