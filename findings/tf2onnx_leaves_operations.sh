#!/bin/sh
# Guess: an operation that tf2onnx cannot express is an error of the conversion.
# Seen (tf2onnx 1.17.0, tensorflow-cpu 2.21.0, onnxruntime 1.32.0): it logs a line and gives a file back, in which
#   TensorFlow's operation stands under ONNX' own domain; no runtime loads it. So for the fake quantizations of 4 and
#   16 bits, and for those of 8 bits with a narrow range, which TensorFlow's training uses for weights. Only 8 bits
#   of the whole range are converted.
# What hlsexplore does: it refuses such a file and names the operation.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tensorflow-cpu==2.21.0 tf2onnx==1.17.0 \
    onnx==1.23.2 onnxruntime==1.32.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import onnxruntime
import tensorflow
import tf2onnx

for bits, is_narrow in ((8, False), (8, True), (4, False), (16, False)):

    @tensorflow.function(input_signature=[tensorflow.TensorSpec((1, 4), tensorflow.float32, name="x")])
    def quantised(values):
        return tensorflow.quantization.fake_quant_with_min_max_args(values, 0.0, 1.0, bits, is_narrow)

    model, _ = tf2onnx.convert.from_function(quantised, input_signature=quantised.input_signature, opset=13)
    kinds = [node.op_type for node in model.graph.node if node.op_type != "Identity"]
    try:
        onnxruntime.InferenceSession(model.SerializeToString())
        state = "loads"
    except Exception as error:
        state = type(error).__name__
    print(f"{bits} bits, {'narrow' if is_narrow else 'whole'}:", *kinds, state)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^[0-9]+ bits')
echo "$seen"
test "$seen" = "8 bits, whole: QuantizeLinear DequantizeLinear loads
8 bits, narrow: FakeQuantWithMinMaxArgs InvalidGraph
4 bits, whole: FakeQuantWithMinMaxArgs InvalidGraph
16 bits, whole: FakeQuantWithMinMaxArgs InvalidGraph"
