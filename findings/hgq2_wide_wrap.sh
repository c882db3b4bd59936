#!/bin/sh
# Guess: a value on the grid of a quantizer, and within its range, stays as it is.
# Seen (HGQ2 0.2.0, keras 3.15.1): a wrapping quantizer adds half its range in float32 and takes it away again, so that
#   beyond 24 bits the last ones are lost: 341 / 1024 becomes 344 / 1024 in 27 bits, 320 / 1024 in 30.
# What hlsexplore does: its cast is exact, as hardware is; such networks differ from HGQ2 (docs/importers.md).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from hgq.quantizer import Quantizer

x = np.array([[341 / 1024]], "float32")
for i0 in (8, 13, 16, 19):
    source = keras.Input((1,))
    layer = Quantizer("kif", "datalane", i0=i0, f0=10, heterogeneous_axis=(), homogeneous_axis=None)
    y = keras.Model(source, layer(source)).predict(x, verbose=0)
    print(f"{i0 + 11} bits:", float(y[0, 0]) * 1024)
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E 'bits:')
echo "$seen"
test "$seen" = "19 bits: 341.0
24 bits: 341.0
27 bits: 344.0
30 bits: 320.0"
