#!/bin/sh
# Guess: the rounding "trunc" of the library fxpmath, its default, cuts bits off as hardware does (ap_fixed's TRN,
#   toward minus infinity), and its default overflow wraps as ap_fixed's does.
# Seen (fxpmath 0.4.10): it cuts off toward 0, so -1.25 with a step of 1 is -1 in place of -2; its default saturates.
#   "floor" and "wrap" are ap_fixed's defaults.
# What hlsexplore does: docs/ir.md, Types, has the names of the roundings in other libraries.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fxpmath==0.4.10 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from fxpmath import Fxp

values = [-1.25, -0.25, 0.75, 9.0]
print("default", *[float(Fxp(value, True, 4, 0)) for value in values])
print("floor, wrap", *[float(Fxp(value, True, 4, 0, rounding="floor", overflow="wrap")) for value in values])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(default|floor)')
echo "$seen"
test "$seen" = "default -1.0 0.0 0.0 7.0
floor, wrap -2.0 -1.0 0.0 -7.0"
