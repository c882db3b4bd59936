#!/bin/sh
# Guess: the second argument of quantized_sigmoid is the integer bits, as that of quantized_bits and quantized_relu
#   is.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): it is "symmetric", a flag that QKeras multiplies by: quantized_sigmoid(8,
#   3) cannot give less than 3/256, so a far negative number gives 0.0117 in place of 0. There is no message; trained
#   public networks have it.
# What hlsexplore does: it reads the argument as QKeras computes it (docs/importers.md, quantized_sigmoid).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from qkeras import quantized_sigmoid

for second in (0, 1, 3):
    print(
        f"least with {second}:",
        256 * float(np.array(quantized_sigmoid(8, second)(np.array([-20.0], "float32")))[0]),
        "/ 256",
    )
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^least')
echo "$seen"
test "$seen" = "least with 0: 0.0 / 256
least with 1: 1.0 / 256
least with 3: 3.0 / 256"
