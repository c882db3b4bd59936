#!/bin/sh
# Guess: hls4ml gives hard_sigmoid the slope that the network was trained with.
# Seen (hls4ml 1.3.0, keras 3.15.1): it is 1/5 for every network, as in Keras 2, and Keras 3 has 1/6 (PyTorch and its
#   Hardsigmoid, too): 2.5 becomes 1 in place of 0.917. So for activation="hard_sigmoid" of a layer. There is no
#   message.
# What hlsexplore does: the version in the file decides; its flow hls4ml writes the slope of the design
#   (docs/importers.md).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6 2>/dev/null
cat > "$folder/try.py" <<'PY'
import hls4ml
import keras
import numpy as np

model = keras.Sequential([keras.Input((4,)), keras.layers.Activation("hard_sigmoid", name="h")])
x = np.array([[-2.5, 0.0, 1.25, 2.5]], "float32")
options = {"default_precision": "fixed<24,8>", "granularity": "name", "backend": "Vitis"}
config = hls4ml.utils.config_from_keras_model(model, **options)
hls = hls4ml.converters.convert_from_keras_model(model, hls_config=config, backend="Vitis", output_dir="prj")
hls.compile()
print("keras:", *(f"{value:.3f}" for value in model.predict(x, verbose=0)[0]))
print("hls4ml:", *(f"{value:.3f}" for value in hls.predict(x)))
print("slope:", hls.graph["h"].get_attr("slope"))
PY
seen=$(cd "$folder" && KERAS_BACKEND=jax venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(keras|hls4ml|slope):')
echo "$seen"
test "$seen" = "keras: 0.083 0.500 0.708 0.917
hls4ml: 0.000 0.500 0.750 1.000
slope: 0.2"
