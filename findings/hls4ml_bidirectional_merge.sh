#!/bin/sh
# Guess: a Bidirectional layer of Keras is converted with every merge_mode that its C++ names ("sum", "mul", "ave"
#   and "concat"), and around every recurrent layer that is converted alone.
# Seen (hls4ml 1.3.0, keras 3.15.1): only "concat" around an LSTM is right. The three others give wrong numbers of
#   the right shape, without a message; around a GRU every one ends in an AttributeError that names no layer.
# What hlsexplore does: it reads all four, around all of them (docs/ir.md, Recurrent).
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

x = (np.random.default_rng(0).random((8, 5, 3)) * 2 - 1).astype("float32")


def verdict(kind, mode):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5, 3)), layers.Bidirectional(kind(4), merge_mode=mode)])
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            config = hls4ml.utils.config_from_keras_model(
                model, granularity="name", default_precision="fixed<24,8>", backend="Vitis"
            )
            made = hls4ml.converters.convert_from_keras_model(
                model, hls_config=config, output_dir=f"prj_{kind.__name__}_{mode}", backend="Vitis"
            )
            made.compile()
        except AttributeError as error:
            return str(error)
        wanted = model.predict(x, verbose=0)
        found = np.asarray(made.predict(x)).reshape(wanted.shape)
    return "right" if np.abs(found - wanted).max() < 0.03 else "wrong"


for kind in (layers.LSTM, layers.GRU):
    for mode in ("concat", "sum", "mul", "ave"):
        print(f"{kind.__name__} {mode}:", verdict(kind, mode))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(LSTM|GRU) ')
echo "$seen"
test "$seen" = "LSTM concat: right
LSTM sum: wrong
LSTM mul: wrong
LSTM ave: wrong
GRU concat: 'NoneType' object has no attribute 'shape'
GRU sum: 'NoneType' object has no attribute 'shape'
GRU mul: 'NoneType' object has no attribute 'shape'
GRU ave: 'NoneType' object has no attribute 'shape'"
