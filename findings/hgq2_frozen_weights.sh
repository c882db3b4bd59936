#!/bin/sh
# Guess: a network with a frozen layer predicts the same before it is saved and after it is loaded.
# Seen (HGQ2 0.2.0, keras 3.15.1): freezing a layer also freezes the quantizer of its weights, which then wraps
#   them (3 in two bits and a sign is -1); the file does not say so, and the loaded network rounds them only.
# What hlsexplore does: it reads the file as HGQ2 loads it, a live model through a file as well (docs/importers.md).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from hgq.config import QuantizerConfig
from hgq.layers import QDense


def at_one(model):
    return float(model.predict(np.ones((1, 1), "float32"), verbose=0)[0, 0])


source = keras.Input((1,))
conf = QuantizerConfig("kif", "weight", i0=1, f0=2, overflow_mode="WRAP")
layer = QDense(1, use_bias=False, kq_conf=conf, enable_iq=False, enable_ebops=False)
model = keras.Model(source, layer(source))
layer.kernel.assign([[3.0]])
print("trainable:", at_one(model))
layer.trainable = False
model = keras.Model(source, layer(source))
print("frozen:", at_one(model))
model.save("model.keras")
print("loaded:", at_one(keras.models.load_model("model.keras")))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(trainable|frozen|loaded):')
echo "$seen"
test "$seen" = "trainable: 3.0
frozen: -1.0
loaded: 3.0"
