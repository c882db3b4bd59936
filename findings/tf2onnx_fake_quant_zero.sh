#!/bin/sh
# Guess: a fake quantization of TensorFlow becomes QuantizeLinear and DequantizeLinear of the same values, or is
#   refused.
# Seen (tf2onnx 1.17.0, tensorflow-cpu 2.21.0, onnxruntime 1.32.0): for a range around 0, as of -1 to 1 in 8 bits,
#   the zero lies half way between two steps, and the two round it to different ones: about half of the values within
#   the range are a step off. For -0.3 to 1.2, or 0 to 2, none is.
# What hlsexplore does: it reads the file as it says; compare hx.predict with the model that was trained, not with
#   the file alone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow-cpu==2.21.0 tf2onnx==1.17.0 \
    onnx==1.23.2 onnxruntime==1.32.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxruntime
import tensorflow
import tf2onnx

x = np.random.default_rng(0).normal(size=(1, 4001)).astype("float32")
for low, high in ((-1.0, 1.0), (-0.3, 1.2), (0.0, 2.0)):

    @tensorflow.function(input_signature=[tensorflow.TensorSpec((1, 4001), tensorflow.float32, name="x")])
    def quantised(values):
        return tensorflow.quantization.fake_quant_with_min_max_args(values, low, high, 8)

    model, _ = tf2onnx.convert.from_function(quantised, input_signature=quantised.input_signature, opset=13)
    name = model.graph.input[0].name
    found = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {name: x})[0]
    steps = np.abs(found - quantised(x).numpy()) / (high - low) * 255
    print(
        f"{low} to {high}: a step off",
        "over a quarter" if (steps > 0.5).mean() > 0.25 else (steps > 0.5).sum(),
        "largest",
        round(float(steps.max())),
    )
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E ' to ')
echo "$seen"
test "$seen" = "-1.0 to 1.0: a step off over a quarter largest 1
-0.3 to 1.2: a step off 0 largest 0
0.0 to 2.0: a step off 0 largest 0"
