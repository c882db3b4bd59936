#!/bin/sh
# Guess: QBatchNormalization() without arguments quantises nothing, as QDense() does not; and a negative gamma turns
#   the sign of its channel.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): gamma and variance have a quantizer by default, powers of two without a
#   sign. A gamma of -1 counts as 2**-8, so that a channel whose gamma is negative is gone; the others are off by up
#   to the root of two. Loading the weights of a trained BatchNormalization says nothing. With gamma_quantizer=None
#   (and so for the other three) it is Keras' layer.
# What hlsexplore does: it reads the default quantizers as QKeras computes with them, to the bit.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from qkeras import QBatchNormalization

gamma, variance = np.array([-1.0, -0.3, 0.3, 0.7], "float32"), np.array([0.5, 1.0, 3.0, 0.7], "float32")
none = dict.fromkeys([f"{name}_quantizer" for name in ("gamma", "beta", "mean", "variance")])
layers = {
    "keras": keras.layers.BatchNormalization(),
    "none": QBatchNormalization(**none),
    "default": QBatchNormalization(),
}
for name, layer in layers.items():
    source = keras.Input((4,))
    model = keras.Model(source, layer(source))
    layer.set_weights([gamma, np.zeros(4), np.zeros(4), variance])
    print(f"{name}:", *(f"{value:.3f}" for value in model.predict(np.ones((1, 4), "float32"), verbose=0)[0]))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(keras|none|default)')
echo "$seen"
test "$seen" = "keras: -1.413 -0.300 0.173 0.836
none: -1.413 -0.300 0.173 0.836
default: 0.004 0.004 0.128 0.502"
