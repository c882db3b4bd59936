#!/bin/sh
# Guess: a dilated convolution is refused where the C++ knows no dilation.
# Seen (hls4ml 1.3.0, keras 3.15.1): a Conv2D with dilation_rate=2 is converted and written without a message. Nothing
#   in the C++ says so: a window of 3 over 6 pixels in steps of 1 is said to have 2 places, and its taps lie beside
#   each other. (A Conv1D ends in ValueError about a split.)
# What hlsexplore does: dilation is computed, in C++, RTL and the emulator; the flow hls4ml refuses it by name.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6 2>/dev/null
cat > "$folder/try.py" <<'PY'
import re
from pathlib import Path

import hls4ml
import keras

model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(1, 3, dilation_rate=2, use_bias=False)])
options = {"default_precision": "fixed<24,12>", "granularity": "name", "backend": "Vitis"}
config = hls4ml.utils.config_from_keras_model(model, **options)
hls = hls4ml.converters.convert_from_keras_model(model, hls_config=config, backend="Vitis", output_dir="prj")
hls.write()
text = Path("prj/firmware/parameters.h").read_text()
settings = dict(re.findall(r"static const unsigned (\w+) = (\d+);", text))
print("keras:", tuple(model.output_shape[1:]))
print("written:", *(f"{key}={settings[key]}" for key in ("in_width", "filt_width", "stride_width", "pad_left", "out_width")))
print("dilation is", "named" if "dilat" in text.lower() else "not named", "- kernel of", settings["filt_height"], "x", settings["filt_width"])
PY
seen=$(cd "$folder" && KERAS_BACKEND=jax venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(keras:|written:|dilation)')
echo "$seen"
test "$seen" = "keras: (2, 2, 1)
written: in_width=6 filt_width=3 stride_width=1 pad_left=0 out_width=2
dilation is not named - kernel of 3 x 3"
