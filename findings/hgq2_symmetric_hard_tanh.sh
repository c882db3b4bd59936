#!/bin/sh
# Guess: HardTanhConfig(symmetric=True) is symmetric in a saved network, too.
# Seen (HGQ2 0.2.0, keras 3.15.1): the option is not saved: -5 becomes -0.75 in the network, and -1 in the one that is
#   loaded from its file. The same holds for the default functions of a QGRU.
# What hlsexplore does: it reads the file as HGQ2 loads it; where a file has the option it is obeyed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from hgq.config import HardTanhConfig
from hgq.quantizer import Quantizer


def least(model):
    return float(model.predict(np.full((1, 1), -5.0, "float32"), verbose=0)[0, 0])


source = keras.Input((1,))
model = keras.Model(source, Quantizer(HardTanhConfig(symmetric=True, f0=2))(source))
print("made:", least(model))
model.save("model.keras")
print("loaded:", least(keras.models.load_model("model.keras")))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(made|loaded):')
echo "$seen"
test "$seen" = "made: -0.75
loaded: -1.0"
