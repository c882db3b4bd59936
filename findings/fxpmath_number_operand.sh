#!/bin/sh
# Guess: adding the number 1 is adding the value 1.
# Seen (fxpmath 0.4.10): a sum or product of two values gets the width that holds it. With a Python number the number
#   and the result have the format of the one value: 1.75 + 1 is 1.75 (saturated), 1.75 * 0.3 is 0.25 in place of
#   about 0.5. There is no message.
# What hlsexplore does: a constant has a type of its own that holds it; docs/ir.md, Types.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fxpmath==0.4.10 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from fxpmath import Fxp

x = Fxp(1.75, signed=True, n_word=4, n_frac=2)
for number in (1, 0.3):
    for kind, other in (("number", number), ("value", Fxp(number, signed=True, n_word=12, n_frac=8))):
        print(f"{kind} {number}:", float((x + other)()), float((x * other)()), (x + other).dtype)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(number|value)')
echo "$seen"
test "$seen" = "number 1: 1.75 1.75 fxp-s4/2
value 1: 2.75 1.75 fxp-s13/8
number 0.3: 1.75 0.25 fxp-s4/2
value 0.3: 2.046875 0.51953125 fxp-s13/8"
