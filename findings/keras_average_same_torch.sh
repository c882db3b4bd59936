#!/bin/sh
# Guess: a saved Keras network predicts the same on every backend, but for the last digit.
# Seen (keras 3.15.1, torch 2.13.0, tensorflow-cpu 2.21.0): an average pooling with padding="same" divides by the values
#   that it sees on TensorFlow; on PyTorch it repeats the border into the padding first. Of 0, 1, 2, 3, 4 the means of
#   four in steps of two are 1, 2.5, 3.5 there, and 0.75, 2.5, 3.75 here; so for QAveragePooling of HGQ2.
# What hlsexplore does: it computes as TensorFlow does, since padding is no value (docs/ir.md, Pooling).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 torch==2.13.0 tensorflow-cpu==2.21.0 numpy 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np

x = np.arange(5, dtype="float32").reshape(1, 5, 1)
y = keras.layers.AveragePooling1D(4, strides=2, padding="same")(x)
print(f"{keras.backend.backend()}:", keras.ops.convert_to_numpy(y).ravel().tolist())
PY
seen=$(for backend in tensorflow torch; do
  KERAS_BACKEND=$backend TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore "$folder/try.py" 2>/dev/null
done)
echo "$seen"
test "$seen" = "tensorflow: [1.0, 2.5, 3.5]
torch: [0.75, 2.5, 3.75]"
