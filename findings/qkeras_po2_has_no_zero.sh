#!/bin/sh
# Guess: a pruned weight stays 0 under quantized_po2, and quantized_relu_po2 of a negative number is 0, as those of
#   quantized_bits and quantized_relu.
# Seen (qkeras-v3 1.2.1, tensorflow 2.21.0): neither has a 0. It becomes the least power of two, for quantized_po2(4)
#   1/16: with three of four weights pruned, the pruned ones of 784 inputs add up to more than the rest. A ReLU gives
#   1/256 for every negative number.
# What hlsexplore does: it reads kernels as QKeras computes them, so nothing of them is sparse, and refuses
#   quantized_relu_po2 by name.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qkeras-v3==1.2.1 tensorflow==2.21.0 keras==3.15.1 2>/dev/null
cat > "$folder/try.py" <<'PY'
import keras
import numpy as np
from qkeras import QActivation, QDense, get_quantizer

kernel = np.where(np.arange(784) % 4 == 0, 0.125, 0.0).astype("float32").reshape(784, 1)
print("weights:", np.unique(get_quantizer("quantized_po2(4)")(kernel)).tolist())
for quantizer in ("quantized_bits(4, 0, alpha=1)", "quantized_po2(4)"):
    source = keras.Input((784,))
    layer = QDense(1, kernel_quantizer=quantizer, use_bias=False)
    model = keras.Model(source, layer(source))
    layer.set_weights([kernel])
    print("sum", quantizer, float(model.predict(np.ones((1, 784), "float32"), verbose=0)[0, 0]))
source = keras.Input((3,))
for name in ("quantized_relu(4)", "quantized_relu_po2(4)"):
    model = keras.Model(source, QActivation(name)(source))
    print("relu", name, model.predict(np.array([[-9.0, -1.0, 0.5]], "float32"), verbose=0)[0].tolist())
PY
seen=$(cd "$folder" && TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(relu|weights|sum)')
echo "$seen"
test "$seen" = "weights: [0.0625, 0.125]
sum quantized_bits(4, 0, alpha=1) 24.5
sum quantized_po2(4) 61.25
relu quantized_relu(4) [0.0, 0.0, 0.5]
relu quantized_relu_po2(4) [0.00390625, 0.00390625, 0.5]"
