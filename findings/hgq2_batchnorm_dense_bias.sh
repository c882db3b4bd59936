#!/bin/sh
# Guess: QBatchNormDense is a batch normalisation followed by a dense layer: for an input equal to the running mean it
#   gives its bias.
# Seen (HGQ2 0.2.0, keras 3.15.1): the kernel is scaled by gamma / sqrt(variance), the mean that is taken off is not.
#   With gamma 3, mean 1, variance 1, kernel 1 and bias 0 the input 1 gives 2.
# What hlsexplore does: it reads the bias that HGQ2 computes with, so that outputs equal HGQ2's; docs/importers.md
#   says so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from hgq.layers import QBatchNormDense

source = keras.Input((1,))
plain = keras.Sequential(
    [source, keras.layers.BatchNormalization(center=False, epsilon=1e-3), keras.layers.Dense(1)]
)
layer = QBatchNormDense(1, enable_iq=False, enable_ebops=False)
joined = keras.Model(source, layer(source))
for model in (plain, joined):
    for weight in model.weights:
        name = weight.path.rpartition("/")[2]
        value = {
            "kernel": 1.0,
            "bias": 0.0,
            "gamma": 3.0,
            "bn_gamma": 3.0,
            "moving_mean": 1.0,
            "moving_variance": 1.0,
        }
        if name in value:
            weight.assign(np.full(weight.shape, value[name]))
at_mean = np.ones((1, 1), "float32")
print("Keras:", round(float(plain.predict(at_mean, verbose=0)[0, 0])))
print("HGQ2:", round(float(joined.predict(at_mean, verbose=0)[0, 0])))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Keras|HGQ2):')
echo "$seen"
test "$seen" = "Keras: 0
HGQ2: 2"
