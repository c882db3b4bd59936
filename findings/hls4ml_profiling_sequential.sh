#!/bin/sh
# Guess: hls4ml's profiling, its means to choose types, takes the Keras models that its reader takes.
# Seen (hls4ml 1.3.0, keras 3.15.1): with a Sequential model of Keras 3, which is converted and predicts, numerical,
#   compare and get_ymodel_keras end in an AttributeError ("has never been called"), though the model was called. The
#   same layers as a functional model are profiled.
# What hlsexplore does: hx.trace takes both, and so do its panels of ranges and overflows.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 keras==3.15.1 jax==0.10.2 \
    numpy==2.4.6 matplotlib==3.10.7 pandas==3.0.0 seaborn==0.13.2 2>/dev/null
cat > "$folder/try.py" <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"

import contextlib
import io

import hls4ml
import keras
import numpy as np
from hls4ml.model import profiling
from keras import layers

x = np.random.default_rng(0).random((50, 8)).astype("float32")
end = keras.Input((8,))
for name, model in (
    ("functional", keras.Model(end, layers.Dense(3)(layers.Dense(6, activation="relu")(end)))),
    ("sequential", keras.Sequential([keras.Input((8,)), layers.Dense(6, activation="relu"), layers.Dense(3)])),
):
    model.predict(x, verbose=0)
    with contextlib.redirect_stdout(io.StringIO()):
        config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
        for layer in config["LayerName"].values():
            layer["Trace"] = True
        made = hls4ml.converters.convert_from_keras_model(model, hls_config=config, output_dir=name, backend="Vitis")
        made.compile()
    found = {"predict": made.predict(x).shape}
    for kind, call in (
        ("numerical", lambda: profiling.numerical(model, made, x)),
        ("compare", lambda: profiling.compare(model, made, x)),
        ("get_ymodel_keras", lambda: profiling.get_ymodel_keras(model, x)),
    ):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                call()
            found[kind] = "done"
        except AttributeError as error:
            found[kind] = "AttributeError" if "never been called" in str(error) else error
    print(f"{name}:", *(f"{kind} {state}," for kind, state in found.items()))
PY
seen=$(cd "$folder" && MPLBACKEND=agg venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(functional|sequential):')
echo "$seen"
test "$seen" = "functional: predict (50, 3), numerical done, compare done, get_ymodel_keras done,
sequential: predict (50, 3), numerical AttributeError, compare AttributeError, get_ymodel_keras AttributeError,"
