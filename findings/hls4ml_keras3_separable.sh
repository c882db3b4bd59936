#!/bin/sh
# Guess: hls4ml's reader of Keras 3 models has a handler for SeparableConv1D and SeparableConv2D, so it reads them.
# Seen (hls4ml 1.3.0, Keras 3.15.1): every such layer ends in an AttributeError, since the handler asks for a kernel that the
#   layer does not have; a DepthwiseConv2D followed by a Conv2D is converted.
# What hlsexplore does: both kernels are read, and the flow hls4ml writes two convolutions.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hls4ml==1.3.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6 2>/dev/null
cat > "$folder/try.py" <<'PY'
import hls4ml
import keras
from keras import layers

networks = {
    "separable 2d": ((6, 6, 2), [layers.SeparableConv2D(2, 3)]),
    "separable 1d": ((6, 2), [layers.SeparableConv1D(2, 3)]),
    "two layers": ((6, 6, 2), [layers.DepthwiseConv2D(3), layers.Conv2D(2, 1)]),
}
for name, (shape, steps) in networks.items():
    model = keras.Sequential([keras.Input(shape), *steps])
    try:
        hls4ml.converters.convert_from_keras_model(model, output_dir="prj", backend="Vitis")
        said = "converted"
    except AttributeError as error:
        said = str(error)
    print(f"{name}: {said}")
PY
seen=$(cd "$folder" && KERAS_BACKEND=jax venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(separable|two)')
echo "$seen"
test "$seen" = "separable 2d: 'SeparableConv2D' object has no attribute 'kernel'
separable 1d: 'SeparableConv1D' object has no attribute 'kernel'
two layers: converted"
