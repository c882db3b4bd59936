#!/bin/sh
# Guess: a QKeras model that is saved and loaded computes what it computed before.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): quantized_relu(is_quantized_clip=False) is not among the options that its
#   configuration holds. With relu_upper_bound=1.5 the network gives 1.5 for 3.75; loaded again it gives 3.75. There
#   is no message.
# What hlsexplore does: it reads the option from a live model; from a file it has QKeras' own default.
#   docs/importers.md says so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from qkeras import QActivation, quantized_relu
from qkeras.utils import _add_supported_quantized_objects

source = keras.Input((1,))
quantizer = quantized_relu(4, 2, relu_upper_bound=1.5, is_quantized_clip=False)
model = keras.Model(source, QActivation(quantizer)(source))
x = np.array([[3.75]], "float32")
print("before:", float(model.predict(x, verbose=0)[0, 0]))
model.save("m.keras")
objects = {}
_add_supported_quantized_objects(objects)
print("after:", float(keras.models.load_model("m.keras", custom_objects=objects).predict(x, verbose=0)[0, 0]))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(before|after):')
echo "$seen"
test "$seen" = "before: 1.5
after: 3.75"
