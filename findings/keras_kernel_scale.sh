#!/bin/sh
# Guess: kernel_scale of a quantised Keras layer means one thing: the kernel is the integers times it, as in ONNX,
#   TFLite and PyTorch; or, for both widths, divided by it.
# Seen (keras 3.15.1): after quantize("int8") the kernel is the integers divided by kernel_scale, after
#   quantize("int4") the integers, less a zero point, times it. The docstrings and the file have the same name for
#   both. (int4 has 16 steps with a zero point and packs two integers in a byte; int8 has 255 around 0.)
# What hlsexplore does: it refuses layers that are stored quantised, by name, and asks for the model from before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6 2>/dev/null
cat > "$folder/try.py" <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from keras import layers
from keras.quantizers import unpack_int4

for width in ("int8", "int4"):
    keras.utils.set_random_seed(0)
    layer = layers.Dense(32)
    model = keras.Sequential([keras.Input((16,)), layer])
    before = np.asarray(layer.kernel)
    model.quantize(width)
    variables = {v.name: np.asarray(v) for v in layer.variables}
    integers, scale = variables["kernel"].astype(float), variables["kernel_scale"]
    if width == "int4":
        integers = np.asarray(unpack_int4(variables["kernel"], 32, axis=-1)).astype(float) - variables["kernel_zero"]
    for name, made in (("times", integers * scale), ("divided by", integers / scale)):
        print(f"{width}: integers {name} kernel_scale are the kernel:", bool(np.abs(made - before).max() < 0.03))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^int[48]:')
echo "$seen"
test "$seen" = "int8: integers times kernel_scale are the kernel: False
int8: integers divided by kernel_scale are the kernel: True
int4: integers times kernel_scale are the kernel: True
int4: integers divided by kernel_scale are the kernel: False"
