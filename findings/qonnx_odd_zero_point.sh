#!/bin/sh
# Guess: qonnx' QCDQToQuant turns QuantizeLinear and DequantizeLinear into one Quant that computes the same, or leaves
#   them.
# Seen (qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0): ONNX adds the zero point behind the rounding, Quant before it.
#   With an odd zero point every tie goes the other way, since ties go to even integers; with an even one all are
#   equal.
# What hlsexplore does: it reads each of both with its own order.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0 \
    numpy==2.3.5 setuptools==80.9.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant

x = (np.arange(-40, 40, dtype="float32") / 2)[None]


def attempt(zero):
    nodes = [
        helper.make_node("QuantizeLinear", list("xsz"), ["q"]),
        helper.make_node("DequantizeLinear", list("qsz"), ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(x.shape)) for name in "xy"]
    stored = [numpy_helper.from_array(np.float32(1), "s"), numpy_helper.from_array(np.array(zero, "int8"), "z")]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    before = ModelWrapper(model).transform(InferShapes())
    after = before.transform(QCDQToQuant()).transform(InferShapes())
    results = [execute_onnx(item, {"x": x})["y"] for item in (before, after)]
    return after.graph.node[-1].op_type, int((results[0] != results[1]).sum()), "of", x.size, "differ"


for zero in (0, 4, 5):
    print(f"zero point {zero}:", *attempt(zero))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^zero point')
echo "$seen"
test "$seen" = "zero point 0: Quant 0 of 80 differ
zero point 4: Quant 0 of 80 differ
zero point 5: Quant 40 of 80 differ"
