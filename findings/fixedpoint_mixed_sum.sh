#!/bin/sh
# Guess: a library whose sums grow by a bit, so that no sum overflows, holds the sum of a signed and an unsigned
#   value, too; else it raises its FixedPointOverflowError.
# Seen (fixedpoint 1.0.1): one bit more than the wider operand is too few where that is the unsigned one: 1 + 3 is -4,
#   in silence, though overflow is to clamp and to be an error. So for a Python integer beside a signed value, which
#   is taken as an unsigned one. Products are right.
# What hlsexplore does: the exact type of a sum holds both ranges (docs/ir.md, Merges).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fixedpoint==1.0.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
from fixedpoint import FixedPoint

for a, b in ((1, 2.75), (1, 3), (1.75, 3.75)):
    signed = FixedPoint(a, signed=True, m=2, n=2, overflow_alert="error", mismatch_alert="ignore")
    unsigned = FixedPoint(b, signed=False, m=2, n=2, rounding="convergent", overflow_alert="error", mismatch_alert="ignore")
    print(f"sum of {a} and {b}:", float(signed + unsigned), (signed + unsigned).qformat, "product:", float(signed * unsigned))
print("with an integer:", float(FixedPoint(1.0, signed=True, m=2, n=2, implicit_cast_alert="ignore", mismatch_alert="ignore") + 3))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(sum|with)')
echo "$seen"
test "$seen" = "sum of 1 and 2.75: 3.75 Q3.2 product: 2.75
sum of 1 and 3: -4.0 Q3.2 product: 3.0
sum of 1.75 and 3.75: -2.5 Q3.2 product: 6.5625
with an integer: -4.0"
