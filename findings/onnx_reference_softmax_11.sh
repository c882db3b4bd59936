#!/bin/sh
# Guess: ONNX' reference evaluator computes an operator as the file's opset defines it; Softmax, LogSoftmax and
#   Hardmax below opset 13 work on all axes from `axis` on at once.
# Seen (onnx 1.23.2, onnxruntime 1.32.0): it works on the one axis, as from opset 13 on, whatever the file says; for
#   the default axis of old files (1) that is another axis, too. Of a (2, 3, 4) tensor the sums over all of a sample
#   are 4 in place of 1. ONNX Runtime does what the opset defines.
# What hlsexplore does: it refuses such a Softmax over several axes, and reads it where only one is left.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
for opset in (11, 13):
    for kind in ("Softmax", "Hardmax"):
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy"]
        graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"], axis=1)], "g", ends[:1], ends[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6)
        runtime = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        sums = [float(run(None, {"x": x})[0][0].sum()) for run in (runtime.run, ReferenceEvaluator(model).run)]
        print(f"{kind} of opset {opset}: runtime {sums[0]:.0f}, reference {sums[1]:.0f}")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E 'opset')
echo "$seen"
test "$seen" = "Softmax of opset 11: runtime 1, reference 4
Hardmax of opset 11: runtime 1, reference 4
Softmax of opset 13: runtime 4, reference 4
Hardmax of opset 13: runtime 4, reference 4"
