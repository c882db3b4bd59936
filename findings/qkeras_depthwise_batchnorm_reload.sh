#!/bin/sh
# Guess: a QDepthwiseConv2DBatchnorm that was saved is loaded again, as a QConv2DBatchnorm is.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): loading the .keras file ends in a ValueError: it expected 3 variables and
#   found 4, though the same program, untrained or trained, wrote it.
# What hlsexplore does: it reads the file from its own content, without loading the layer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
from qkeras import QConv2DBatchnorm, QDepthwiseConv2DBatchnorm
from qkeras.utils import load_qmodel

bits = "quantized_bits(4, 0, alpha=1)"
for layer in (
    QConv2DBatchnorm(2, 3, kernel_quantizer=bits, bias_quantizer=bits),
    QDepthwiseConv2DBatchnorm(3, depthwise_quantizer=bits, bias_quantizer=bits),
):
    source = keras.Input((6, 6, 2))
    keras.Model(source, layer(source)).save("m.keras")
    try:
        load_qmodel("m.keras")
        print(type(layer).__name__, "loaded")
    except ValueError as error:
        print(type(layer).__name__, str(error)[str(error).find("expected") :])
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^Q')
echo "$seen"
test "$seen" = "QConv2DBatchnorm loaded
QDepthwiseConv2DBatchnorm expected 3 variables, but received 4 variables during loading. Expected: ['depthwise_kernel', 'bias', 'iteration']"
