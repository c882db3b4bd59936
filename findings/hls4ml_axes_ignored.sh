#!/bin/sh
# Guess: hls4ml applies a layer's weights along the axes that the layer names, or refuses other axes than the last,
#   as it does for LayerNormalization.
# Seen (hls4ml 1.3.0, keras 3.15.1): BatchNormalization(axis=1) is applied along the last axis, whatever `axis` says;
#   and PReLU(shared_axes=[1, 2]), one slope for each channel, has as many slopes in the C++ and a loop over all
#   values that reads behind them. Both compile and predict without a message.
# What hlsexplore does: it reads slopes along their axes, and refuses a normalisation over another axis than the
#   last.
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
from keras import initializers, layers

random = np.random.default_rng(0)
means = {"moving_mean_initializer": initializers.RandomUniform(-1, 1, seed=0)}
slopes = {"alpha_initializer": initializers.Constant(0.25)}
for number, (name, shape, layer) in enumerate(
    (
        ("normalisation along the last axis", (3, 3), layers.BatchNormalization(**means)),
        ("normalisation along the first axis", (3, 3), layers.BatchNormalization(axis=1, **means)),
        ("a slope for each value", (4, 4, 3), layers.PReLU(**slopes)),
        ("a slope for each channel", (4, 4, 3), layers.PReLU(shared_axes=[1, 2], **slopes)),
    )
):
    model = keras.Sequential([keras.Input(shape), layer])
    x = (random.random((8, *shape)) * 4 - 2).astype("float32")
    with contextlib.redirect_stdout(io.StringIO()):
        config = hls4ml.utils.config_from_keras_model(
            model, granularity="name", default_precision="fixed<24,8>", backend="Vitis"
        )
        made = hls4ml.converters.convert_from_keras_model(
            model, hls_config=config, output_dir=f"prj{number}", backend="Vitis"
        )
        made.compile()
        wanted = model.predict(x, verbose=0)
        found = np.asarray(made.predict(x)).reshape(wanted.shape)
    print(f"{name}:", "right" if np.abs(found - wanted).max() < 0.03 else "wrong")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E ': (right|wrong)$')
echo "$seen"
test "$seen" = "normalisation along the last axis: right
normalisation along the first axis: wrong
a slope for each value: right
a slope for each channel: wrong"
