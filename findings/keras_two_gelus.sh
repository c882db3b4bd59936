#!/bin/sh
# Guess: keras.ops.gelu(x) is the function that Dense(activation="gelu") applies.
# Seen (keras 3.15.1, tensorflow 2.21.0): the first is the approximation by tanh (approximate=True by default), the
#   second that of the error function (approximate=False); they differ by up to 4.7e-4.
# What hlsexplore does: two functions, gelu and gelu_tanh, by what the file says of each use.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 tensorflow-cpu==2.21.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
from math import erf, sqrt

import keras
import numpy as np

x = np.linspace(-6, 6, 1201).astype("float32")
exact = np.array([0.5 * v * (1 + erf(v / sqrt(2))) for v in x.tolist()])
for name, function in (("ops", keras.ops.gelu), ("activations", keras.activations.gelu)):
    print(f"{name}: {np.abs(np.asarray(function(x)) - exact).max():.1e}")
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(ops|activations):')
echo "$seen"
case "$seen" in
*"ops: 4.7e-04"*"activations: "*e-0[67]) ;;
*) exit 1 ;;
esac
