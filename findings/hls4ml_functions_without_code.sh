#!/bin/sh
# Guess: an activation that hls4ml has no C++ for is an error of the conversion that names it, as for layers.
# Seen (hls4ml 1.3.0, keras 3.15.1): Keras 3's silu, gelu, hard_tanh, celu, mish and exponential are converted and
#   written for Vitis without a message; the C++ calls functions that do not exist, and compiling says no more than
#   "Failed to compile project". A recurrent_activation of "hard_sigmoid" in a GRU or LSTM, the default of older
#   Keras, is such, too.
# What hlsexplore does: the flow hls4ml refuses functions that hls4ml lacks, by layer, before it writes a file.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 keras==3.15.1 jax==0.10.2 \
    numpy==2.4.6 2>/dev/null
cat > "$folder/try.py" <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"

import contextlib
import io

import hls4ml
import keras
from keras import layers


def verdict(number, shape, layer):
    model = keras.Sequential([keras.Input(shape), layer])
    with contextlib.redirect_stdout(io.StringIO()):
        config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
        made = hls4ml.converters.convert_from_keras_model(
            model, hls_config=config, output_dir=f"prj{number}", backend="Vitis"
        )
        made.write()
        try:
            made.compile()
        except Exception as error:
            return str(error).split(" project")[0]
    return "compiled"


for number, name in enumerate(("softplus", "silu", "gelu", "hard_tanh", "celu", "mish", "exponential")):
    print(f"{name}:", verdict(number, (4,), layers.Dense(4, activation=name)))
for name in ("sigmoid", "hard_sigmoid"):
    print(f"gates of {name}:", verdict(name, (5, 3), layers.GRU(4, recurrent_activation=name)))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E ': (compiled|Failed to compile)$')
echo "$seen"
test "$seen" = "softplus: compiled
silu: Failed to compile
gelu: Failed to compile
hard_tanh: Failed to compile
celu: Failed to compile
mish: Failed to compile
exponential: Failed to compile
gates of sigmoid: compiled
gates of hard_sigmoid: Failed to compile"
