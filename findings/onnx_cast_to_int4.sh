#!/bin/sh
# Guess: Cast from float to a 4-bit integer is the Cast to an 8-bit one in a smaller range: it cuts off toward 0, as
#   ONNX defines and its reference evaluator does.
# Seen (onnx 1.23.2, onnxruntime 1.32.0): ONNX Runtime rounds to the nearest for INT4 and UINT4, and then wraps: 1.9
#   is 2, 7.9 is -8. To INT8 it cuts off: 1.9 is 1, 7.9 is 7. The reference evaluator cuts off for both.
# What hlsexplore does: a Cast to integers of data is refused; QuantizeLinear, which both round in one way, is read.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.array([1.9, -1.9, 6.4, 7.9], "float32")
for kind in ("INT8", "INT4"):
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
    nodes = [
        helper.make_node("Cast", ["x"], ["n"], to=getattr(TensorProto, kind)),
        helper.make_node("Cast", ["n"], ["y"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(nodes, "g", tensors[:1], tensors[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    reference = ReferenceEvaluator(model).run(None, {"x": x})[0]
    print(kind, "reference", *reference.tolist(), "runtime", *session.run(None, {"x": x})[0].tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^INT')
echo "$seen"
test "$seen" = "INT8 reference 1.0 -1.0 6.0 7.0 runtime 1.0 -1.0 6.0 7.0
INT4 reference 1.0 -1.0 6.0 7.0 runtime 2.0 -2.0 6.0 -8.0"
