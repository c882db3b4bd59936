#!/bin/sh
# Guess: fusing a batch normalisation into a convolution leaves a convolution with other stored weights.
# Seen (onnxoptimizer 0.4.2, onnx 1.23.2): the default passes leave eleven nodes: ten that compute the weight from
#   the old one, and the convolution, whose weight is stored no longer. Whoever looks weights up among the
#   initializers, as hls4ml and qonnx do, finds none. onnxslim and onnxsim leave one node; onnxoptimizer has no pass
#   that computes constants.
# What hlsexplore does: it computes what depends on stored values alone when it reads a file.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnxoptimizer==0.4.2 onnxslim==0.1.98 \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxoptimizer
import onnxslim
from onnx import TensorProto, helper, numpy_helper, shape_inference

stored = {"w": np.ones((3, 2, 3, 3)), "scale": [1, 2, 3], "bias": [0, 1, 0], "mean": [1, 0, 1], "variance": [1, 2, 1]}
nodes = [
    helper.make_node("Conv", ["x", "w"], ["a"]),
    helper.make_node("BatchNormalization", ["a", "scale", "bias", "mean", "variance"], ["y"]),
]
ends = [
    helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size, side, side])
    for name, size, side in (("x", 2, 5), ("y", 3, 3))
]
constants = [numpy_helper.from_array(np.array(value, "float32"), name) for name, value in stored.items()]
graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
model = shape_inference.infer_shapes(model)
for name, made in (("onnxoptimizer", onnxoptimizer.optimize(model)), ("onnxslim", onnxslim.slim(model))):
    conv = next(node for node in made.graph.node if node.op_type == "Conv")
    is_stored = conv.input[1] in {tensor.name for tensor in made.graph.initializer}
    print(f"{name}: {len(made.graph.node)} nodes, weight", "stored" if is_stored else "computed")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^onnx(opt|slim)')
echo "$seen"
test "$seen" = "onnxoptimizer: 11 nodes, weight computed
onnxslim: 1 nodes, weight stored"
