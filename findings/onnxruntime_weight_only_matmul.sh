#!/bin/sh
# Guess: ONNX Runtime's optimisations keep results within float32's rounding: where only weights are integers
#   (DequantizeLinear of constants) and activations are float or 16 bits, no activation is rounded further.
# Seen (onnxruntime 1.32.0, CPU): on the level "extended", which is the default's part, such a MatMul becomes
#   MatMulNBits, which quantises its activations to 8 bits in blocks. Results change by about a percent; 16-bit
#   activations are in vain.
# What hlsexplore does: it computes what the file says, as ONNX Runtime does without optimisations; docs/importers.md
#   says so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
weights = random.integers(-127, 128, (128, 8)).astype("int8")
nodes = [helper.make_node("DequantizeLinear", ["q", "s"], ["w"]), helper.make_node("MatMul", ["x", "w"], ["y"])]
ends = [
    helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, size]) for name, size in (("x", 128), ("y", 8))
]
stored = [numpy_helper.from_array(weights, "q"), numpy_helper.from_array(np.float32(0.01), "s")]
graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], stored)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), "m.onnx")
x = random.normal(size=(64, 128)).astype("float32")
exact = x.astype("float64") @ (weights * float(np.float32(0.01)))
levels = onnxruntime.GraphOptimizationLevel
for name, level in (
    ("none", levels.ORT_DISABLE_ALL),
    ("basic", levels.ORT_ENABLE_BASIC),
    ("extended", levels.ORT_ENABLE_EXTENDED),
):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = "seen.onnx"
    got = onnxruntime.InferenceSession("m.onnx", options).run(None, {"x": x})[0]
    ops = [node.op_type for node in onnx.load("seen.onnx").graph.node]
    error = np.abs(got - exact).max() / np.abs(exact).max()
    print(
        f"{name}:",
        "an error above 0.1 %" if error > 0.001 else "float32's rounding" if error < 1e-6 else error,
        *ops,
    )
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(none|basic|extended):')
echo "$seen"
test "$seen" = "none: float32's rounding DequantizeLinear MatMul
basic: float32's rounding DequantizeLinear MatMul
extended: an error above 0.1 % MatMulNBits"
