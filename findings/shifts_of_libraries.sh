#!/bin/sh
# Guess: x << 1 and x >> 1 of a fixed-point value are what they are in ap_fixed and in hardware, where the width
#   stays: bits leave at one end.
# Seen: fxpmath 0.4.10 and apytypes 0.5.1 give 2.5 and 0.625 for 1.25 in four bits (they move the point, or grow);
#   fpbinary 1.5.8 and fixedpoint 1.0.1 give -1.5 and 0.5 as ap_fixed does; spfpm 1.8.0 raises and shifts to 0.5. So a
#   reference model with shifts depends on the library.
# What hlsexplore does: a power of two is a factor, its result is cast by the modes of its type; docs/ir.md.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fxpmath==0.4.10 fpbinary==1.5.8 fixedpoint==1.0.1 \
    apytypes==0.5.1 spfpm==1.8.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from apytypes import APyFixed
from fixedpoint import FixedPoint
from FixedPoint import FXfamily, FXnum
from fpbinary import FpBinary
from fxpmath import Fxp


def shifted(function):
    try:
        return float(function())
    except Exception as error:
        return type(error).__name__


values = {
    "fxpmath": Fxp(1.25, signed=True, n_word=4, n_frac=2),
    "apytypes": APyFixed.from_float(1.25, int_bits=2, frac_bits=2),
    "fpbinary": FpBinary(2, 2, True, 1.25),
    "fixedpoint": FixedPoint(1.25, signed=True, m=2, n=2),
    "spfpm": FXnum(1.25, FXfamily(2, 2)),
}
for name, value in values.items():
    print(f"{name}:", shifted(lambda value=value: value << 1), shifted(lambda value=value: value >> 1))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(fxpmath|apytypes|fpbinary|fixedpoint|spfpm):')
echo "$seen"
test "$seen" = "fxpmath: 2.5 0.625
apytypes: 2.5 0.625
fpbinary: -1.5 0.5
fixedpoint: -1.5 0.5
spfpm: FXoverflowError 0.5"
