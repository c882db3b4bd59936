#!/bin/sh
# Guess: da4ml rounds as the quantizer says, or refuses the mode, as it does inside a network (AssertionError for
#   RND_CONV).
# Seen (da4ml 0.6.0): at an input every rounding but RND is taken for TRN, without a message: 0.2 with two fraction
#   bits is 0 under RND_CONV, where the nearest value is 0.25. (Saturating inputs end in an AssertionError.)
# What hlsexplore does: it computes and builds all seven roundings, at inputs, too.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check da4ml==0.6.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from da4ml.trace import FixedVariableArrayInput, HWConfig, comb_trace

x = np.array([[0.2], [0.3], [-0.2]])
one = np.array([1])


def attempt(is_input, rounding):
    source = FixedVariableArrayInput((1,), hwconf=HWConfig(1, -1, -1))
    values = source if is_input else source.quantize(one, one * 3, one * 8, "WRAP", "TRN")
    try:
        result = values.quantize(one, one, one * 2, "WRAP", rounding)
    except AssertionError:
        return ["AssertionError"]
    return np.asarray(comb_trace(source, result).predict(x)).ravel().tolist()


for rounding in ("RND", "TRN", "RND_CONV"):
    print("input", rounding, *attempt(True, rounding))
    print("inside", rounding, *attempt(False, rounding))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(input|inside|known)')
echo "$seen"
test "$seen" = "input RND 0.25 0.25 -0.25
inside RND 0.25 0.25 -0.25
input TRN 0.0 0.25 -0.25
inside TRN 0.0 0.25 -0.25
input RND_CONV 0.0 0.25 -0.25
inside RND_CONV AssertionError"
