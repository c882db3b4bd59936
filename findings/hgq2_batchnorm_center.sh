#!/bin/sh
# Guess: QBatchNormalization(center=False) adds nothing, as Keras' BatchNormalization(center=False) does.
# Seen (HGQ2 0.2.0, keras 3.15.1): it adds 1, since a missing beta is taken as 1.
# What hlsexplore does: it reads the offset that HGQ2 computes with, so that outputs equal HGQ2's.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from hgq.layers import QBatchNormalization


def at_zero(layer):
    source = keras.Input((2,))
    return float(keras.Model(source, layer(source)).predict(np.zeros((1, 2), "float32"), verbose=0)[0, 0])


print("Keras:", at_zero(keras.layers.BatchNormalization(center=False)))
print("HGQ2:", round(at_zero(QBatchNormalization(center=False, enable_iq=False, enable_ebops=False)), 1))
PY
seen=$(TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore "$folder/try.py" 2>/dev/null | grep -E '^(Keras|HGQ2):')
echo "$seen"
test "$seen" = "Keras: 0.0
HGQ2: 1.0"
