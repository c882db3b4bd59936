#!/bin/sh
# Guess: the mean of a few fixed-point values, traced by da4ml and run by its own executor, is the mean within
#   rounding.
# Seen (da4ml 0.6.0): it is for 3, 6 and 7 values; for 5 and 9 nearly half of the results are off by a whole range (16
#   for values from -8 to 8). The factor 1/n has so many fraction bits that the product wraps, without a message.
# What hlsexplore does: its average has a sum, a division and a cast (docs/ir.md, Pooling); nothing in between can
#   overflow.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check da4ml==0.6.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from da4ml.trace import FixedVariableArray, FixedVariableArrayInput, HWConfig, comb_trace

for count in (3, 5, 6, 7, 9):
    source = FixedVariableArrayInput((count,), hwconf=HWConfig(1, -1, -1))
    values = source.quantize(np.full(count, 1), np.full(count, 3), np.full(count, 4), "WRAP", "TRN")
    program = comb_trace(source, FixedVariableArray(np.array([np.sum(values) / count]), None))
    x = np.random.default_rng(0).integers(-128, 128, size=(200, count)) / 16
    error = np.abs(np.asarray(program.predict(x)).ravel() - x.mean(axis=1))
    print(f"mean of {count}:", int((error > 1).sum()), "of 200 off by", round(float(error.max())))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^mean of')
echo "$seen"
test "$seen" = "mean of 3: 0 of 200 off by 0
mean of 5: 90 of 200 off by 17
mean of 6: 0 of 200 off by 0
mean of 7: 0 of 200 off by 0
mean of 9: 95 of 200 off by 16"
