#!/bin/sh
# Guess: a scale that is taken from the largest weight represents the largest weight, as it does with 8 bits.
# Seen (onnxruntime 1.32.0): quantize_static with weights of 4 bits takes 2/15 of it as the step, and the integers -7
#   to 7: the largest weight, at 7.5 steps, is cut to 7. Weights of 1 and -1 become 0.933 and -0.933, 6.7 percent too
#   small; with 8 bits both stay 1.
# What hlsexplore does: it computes what the file says.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 sympy==1.14.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static


class Reader(CalibrationDataReader):
    def __init__(self):
        self.samples = iter([{"x": np.eye(2, dtype="float32")}])

    def get_next(self):
        return next(self.samples, None)


weights = numpy_helper.from_array(np.array([[1.0, 0.5], [-1.0, -0.5]], "float32"), "w")
tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 2]) for name in "xy"]
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", tensors[:1], tensors[1:], [weights])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), "m.onnx")
for kind in (QuantType.QInt8, QuantType.QInt4):
    quantize_static("m.onnx", "q.onnx", Reader(), weight_type=kind)
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load("q.onnx").graph.initializer}
    integers = found["w_quantized"].astype(float)
    print(kind, integers.astype(int).tolist(), np.round(integers * found["w_scale"], 3).tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^QInt')
echo "$seen"
test "$seen" = "QInt8 [[127, 64], [-127, -64]] [[1.0, 0.504], [-1.0, -0.504]]
QInt4 [[7, 4], [-7, -4]] [[0.933, 0.533], [-0.933, -0.533]]"
