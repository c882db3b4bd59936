#!/bin/sh
# Guess: a number that meets a fixed-point value in a sum or a product counts as it is, as ap_fixed's operators take
#   constants: one times three is three.
# Seen (apytypes 0.5.1): the number is first made a value of the other operand's format, where it wraps without a
#   message. With two integer bits 3 is -1, so that 1 * 3 is -1 and 1 + 3 is 0; 0.3 counts as 0.25. The product of two
#   such values has room for the right result.
# What hlsexplore does: a constant has a type of its own that holds it; docs/ir.md, Types.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apytypes==0.5.1 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from apytypes import APyFixed

one = APyFixed.from_float(1, int_bits=2, frac_bits=2)
for number in (3, 2.5, 0.3):
    print(f"number {number}:", float(one * number), float(one + number), float(one / number))
for number in (3, 2.5, 0.3125):
    value = APyFixed.from_float(number, int_bits=4, frac_bits=4)
    print(f"value {number}:", float(one * value), float(one + value))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(number|value)')
echo "$seen"
test "$seen" = "number 3: -1.0 0.0 -1.0
number 2.5: -1.5 -0.5 -0.625
number 0.3: 0.25 1.25 4.0
value 3: 3.0 4.0
value 2.5: 2.5 3.5
value 0.3125: 0.3125 1.3125"
