#!/bin/sh
# Guess: a quantised network has the same activation functions as the one it was made of.
# Seen (onnxruntime 1.32.0): quantize_static drops the Relu behind a Conv where activations are asymmetric (its
#   default): the quantizer's lower bound is zero, so clipping is the ReLU. With symmetric activations the Relu stays.
#   Whoever looks for it finds a linear layer.
# What hlsexplore does: the quantizer clips in the same way, and predictions equal ONNX Runtime's without
#   optimisations.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 \
    sympy==1.14.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import logging

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

logging.disable(logging.CRITICAL)
random = np.random.default_rng(0)
x = random.normal(size=(8, 1, 4, 4)).astype("float32")


class Data(CalibrationDataReader):
    def __init__(self):
        self.left = [{"x": x}]

    def get_next(self):
        return self.left.pop() if self.left else None


nodes = [helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3]), helper.make_node("Relu", ["c"], ["y"])]
ends = [
    helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    for name, shape in (("x", [None, 1, 4, 4]), ("y", [None, 2, 2, 2]))
]
stored = [numpy_helper.from_array(random.normal(size=(2, 1, 3, 3)).astype("float32"), "w")]
graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], stored)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), "m.onnx")
for name, is_symmetric in (("asymmetric", False), ("symmetric", True)):
    quantize_static(
        "m.onnx",
        "q.onnx",
        Data(),
        quant_format=QuantFormat.QDQ,
        extra_options={"ActivationSymmetric": is_symmetric},
    )
    print(f"{name}:", sum(node.op_type == "Relu" for node in onnx.load("q.onnx").graph.node))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(asymmetric|symmetric):')
echo "$seen"
test "$seen" = "asymmetric: 0
symmetric: 1"
