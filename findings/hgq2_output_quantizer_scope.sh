#!/bin/sh
# Guess: LayerConfigScope(enable_oq=True) gives every layer a quantizer for its output.
# Seen (HGQ2 0.2.0, keras 3.15.1): it does so for QDense; QSum and QMultiHeadAttention cannot be made within it.
# What hlsexplore does: nothing, since no such file can be made; output quantizers of single layers are read.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check HGQ2==0.2.0 keras==3.15.1 tensorflow-cpu==2.21.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
from hgq.config import LayerConfigScope
from hgq.layers import QDense, QMultiHeadAttention, QSum


def outcome(make):
    with LayerConfigScope(enable_oq=True):
        try:
            make(keras.Input((5, 4)))
        except AssertionError as error:
            return "its own output quantizer is not built" if "_oq is not built" in str(error) else str(error)
    return "made"


print("QDense:", outcome(lambda x: QDense(3)(x)))
print("QSum:", outcome(lambda x: QSum(axes=1)(x)))
print("QMultiHeadAttention:", outcome(lambda x: QMultiHeadAttention(1, 2)(x, x)))
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^Q')
echo "$seen"
test "$seen" = "QDense: made
QSum: its own output quantizer is not built
QMultiHeadAttention: its own output quantizer is not built"
