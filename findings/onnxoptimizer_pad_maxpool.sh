#!/bin/sh
# Guess: onnxoptimizer, which Brevitas' export calls and which is there to keep a network's results, keeps those of a
#   Pad in front of a pooling.
# Seen (onnxoptimizer 0.4.2, onnx 1.23.2, onnxruntime 1.32.0): its default passes move the zeros of a Pad into the
#   pads of a MaxPool, where padding is minus infinity: at the border the largest negative value comes out in place
#   of 0. There is no message. (A ReLU in front hides it; an AveragePool is moved rightly.)
# What hlsexplore does: it keeps the Pad; files need no optimiser before they are read.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnxoptimizer==0.4.2 onnx==1.23.2 \
    onnxruntime==1.32.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

x = np.full((1, 1, 2, 2), -3, "float32")
for kind in ("AveragePool", "MaxPool"):
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["padded"]),
        helper.make_node(kind, ["padded"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy"]
    pads = numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 1, 1]), "pads")
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [pads])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for name, made in (("as it is", model), ("optimised", onnxoptimizer.optimize(model))):
        found = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"x": x})[0]
        print(f"{kind} {name}:", *(node.op_type for node in made.graph.node), *found.ravel().tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Average|Max)Pool')
echo "$seen"
test "$seen" = "AveragePool as it is: Pad AveragePool -0.75 -0.75 -0.75 -0.75
AveragePool optimised: AveragePool -0.75 -0.75 -0.75 -0.75
MaxPool as it is: Pad MaxPool 0.0 0.0 0.0 0.0
MaxPool optimised: MaxPool -3.0 -3.0 -3.0 -3.0"
