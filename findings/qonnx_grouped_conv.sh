#!/bin/sh
# Guess: LowerConvsToMatMul, which takes depthwise convolutions, takes those with two kernels a channel and other
#   groups, or leaves them.
# Seen (qonnx 1.0.0, onnx 1.23.2): both end in ValueError, "cannot reshape array": only group = 1 and one kernel a
#   channel are thought of.
# What hlsexplore does: groups become blocks of one kernel, several kernels a channel a depthwise convolution; no
#   conversion is needed.
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
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul


def attempt(name, channels_in, channels_out, group):
    options = {"kernel_shape": [3, 3], "strides": [1, 1], "pads": [0] * 4, "group": group, "dilations": [1, 1]}
    sizes = (("x", channels_in, 5), ("y", channels_out, 3))
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, [1, count, size, size]) for end, count, size in sizes
    ]
    weights = np.ones((channels_out, channels_in // group, 3, 3), "float32")
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], **options)]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    try:
        changed = ModelWrapper(model).transform(InferShapes()).transform(LowerConvsToMatMul())
        print(f"{name}:", *[node.op_type for node in changed.graph.node])
    except ValueError as error:
        print(f"{name}: ValueError", str(error)[:20])


attempt("plain", 2, 3, 1)
attempt("depthwise", 2, 2, 2)
attempt("two kernels a channel", 2, 4, 2)
attempt("groups", 4, 4, 2)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(plain|depthwise|two kernels|groups)')
echo "$seen"
test "$seen" = "plain: Transpose Im2Col MatMul Transpose
depthwise: Transpose Im2Col MatMul Transpose
two kernels a channel: ValueError cannot reshape array
groups: ValueError cannot reshape array"
