#!/bin/sh
# Guess: qonnx' QCDQToQuant keeps the bounds of a Clip between QuantizeLinear and DequantizeLinear, or leaves the
#   three nodes.
# Seen (qonnx 1.0.0, onnx 1.23.2, onnxruntime 1.32.0): bounds that are no range of whole bits are widened to the next
#   one without any message: 0 to 10 becomes 0 to 15, -8 to 6 becomes -8 to 7.
# What hlsexplore does: it keeps the bounds as they are.
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

x = np.arange(-40, 40, dtype="float32")[None]


def attempt(kind, low, high):
    nodes = [
        helper.make_node("QuantizeLinear", list("xsz"), ["q"]),
        helper.make_node("Clip", list("qlh"), ["c"]),
        helper.make_node("DequantizeLinear", list("csz"), ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(x.shape)) for name in "xy"]
    whole = {"z": 0, "l": low, "h": high}
    stored = [numpy_helper.from_array(np.array(value, kind), name) for name, value in whole.items()]
    stored.append(numpy_helper.from_array(np.float32(1), "s"))
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    before = ModelWrapper(model).transform(InferShapes())
    after = before.transform(QCDQToQuant()).transform(InferShapes())
    results = [execute_onnx(item, {"x": x})["y"] for item in (before, after)]
    return [f"{int(result.min())} to {int(result.max())}" for result in results]


for case in (("uint8", 0, 15), ("uint8", 0, 10), ("int8", -8, 6)):
    print("; then ".join(attempt(*case)))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^[-0-9]+ to')
echo "$seen"
test "$seen" = "0 to 15; then 0 to 15
0 to 10; then 0 to 15
-8 to 6; then -8 to 7"
