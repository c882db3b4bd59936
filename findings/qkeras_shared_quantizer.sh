#!/bin/sh
# Guess: a quantizer object is a value: given to a layer it computes what it computes elsewhere.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): QDense(kernel_quantizer=q) rewrites q itself: without an alpha it becomes
#   alpha="auto_po2" and symmetric, for weights in the range of the data at hand. Given to an activation, too, the
#   same object no longer saturates there: 3 is 3 in place of 0.875, and depends on the rest of the batch. There is no
#   message, and the order of the lines does not matter.
# What hlsexplore does: it reads each quantizer as it is in the finished model, and refuses a scale that depends on
#   data; docs/importers.md.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from qkeras import QActivation, QDense, quantized_bits

x = np.array([[0.3, 0.9, 3.0, -3.0]], "float32")


def seen(quantizer, values=x):
    source = keras.Input((4,))
    return keras.Model(source, QActivation(quantizer)(source)).predict(values, verbose=0)[0].tolist()


quantizer = quantized_bits(4, 0)
print("alone:", seen(quantizer))
QDense(2, kernel_quantizer=quantizer)
print("shared:", seen(quantizer), quantizer.alpha)
print("beside smaller numbers:", seen(quantizer, x / 8))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(alone|shared|beside)')
echo "$seen"
test "$seen" = "alone: [0.25, 0.875, 0.875, -1.0]
shared: [0.21875, 0.875, 3.0, -3.0] auto_po2
beside smaller numbers: [0.02734375, 0.109375, 0.375, -0.375]"
