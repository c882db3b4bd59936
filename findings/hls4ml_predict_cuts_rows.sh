#!/bin/sh
# Guess: an hls4ml model with 8 inputs refuses an array of 50 rows of 4 values, as it refuses one of 7.
# Seen (hls4ml 1.3.0, keras 3.15.1): predict takes any array whose number of values is a multiple of 8. Of 50 rows of
#   4 it gives 25 results, each of one row and the one behind it, so that rows 0 and 1, then 1 and 2 are a sample,
#   and the last 24 rows are in none. There is no message; rows of 16 end in an IndexError.
# What hlsexplore does: it compares the shape of a sample with the network's input, and names both.
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
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((8,)), layers.Dense(3)])
with contextlib.redirect_stdout(io.StringIO()):
    config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
    made = hls4ml.converters.convert_from_keras_model(model, hls_config=config, output_dir="prj", backend="Vitis")
    made.compile()
x = np.random.default_rng(0).random((50, 16)).astype("float32")
for width in (8, 4, 2, 7, 16):
    try:
        print(f"50 rows of {width}:", *made.predict(np.ascontiguousarray(x[:, :width])).shape)
    except Exception as error:
        print(f"50 rows of {width}:", type(error).__name__)
half = np.ascontiguousarray(x[:, :4])
pairs = np.hstack([half[:25], half[1:26]])
print("a row and the next:", np.array_equal(made.predict(half), made.predict(np.ascontiguousarray(pairs))))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(50 rows|a row)')
echo "$seen"
test "$seen" = "50 rows of 8: 50 3
50 rows of 4: 25 3
50 rows of 2: Exception
50 rows of 7: Exception
50 rows of 16: IndexError
a row and the next: True"
