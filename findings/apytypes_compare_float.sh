#!/bin/sh
# Guess: a comparison with a number gives for an array what it gives for its values one by one.
# Seen (apytypes 0.5.1): for a single value the number counts as it is, for an array it is first rounded to the
#   format of the array: with two fraction bits 1.25 < 1.3 holds, and the same in an array does not. Sums and
#   differences round in both, so that x - 1.3 is 0 where x < 1.3 holds.
# What hlsexplore does: thresholds are cast to a type once; comparison and difference use the same integer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apytypes==0.5.1 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
from apytypes import APyFixed, APyFixedArray

x = APyFixed.from_float(1.25, 3, 2)
print("one value:", "below", x < 1.3, "equal", x == 1.3, "difference", float(x - 1.3))
array = APyFixedArray.from_float([1.25], 3, 2)
print(
    "array:", "below", bool((array < 1.3)[0]), "equal", bool((array == 1.3)[0]), "difference", float((array - 1.3)[0])
)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(one|array)')
echo "$seen"
test "$seen" = "one value: below True equal False difference 0.0
array: below False equal True difference 0.0"
