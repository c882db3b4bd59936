#!/bin/sh
# Guess: the average_quantizer of a pooling quantises the average.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): it quantises the factor 1 / n. With quantized_bits(4, 0), whose step is
#   1/8, means of 3 x 3 are multiplied by 1/8 in place of 1/9 and come out an eighth too large and off every grid of
#   the type; a global mean over 6 x 6 is 0 for every image.
# What hlsexplore does: it reads the factor as QKeras quantises it, so that outputs equal QKeras'.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from qkeras import QAveragePooling2D, QGlobalAveragePooling2D

image = np.arange(36, dtype="float32").reshape(1, 6, 6, 1) / 4
layers = {
    "plain": keras.layers.AveragePooling2D(3),
    "pool": QAveragePooling2D(3, average_quantizer="quantized_bits(4, 0, alpha=1)"),
    "global plain": keras.layers.GlobalAveragePooling2D(),
    "global": QGlobalAveragePooling2D(average_quantizer="quantized_bits(4, 0, alpha=1)"),
}
for name, layer in layers.items():
    source = keras.Input((6, 6, 1))
    print(f"{name}:", *keras.Model(source, layer(source)).predict(image, verbose=0).ravel().tolist())
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(plain|pool|global)')
echo "$seen"
test "$seen" = "plain: 1.75 2.5 6.25 7.0
pool: 1.96875 2.8125 7.03125 7.875
global plain: 4.375
global: 0.0"
