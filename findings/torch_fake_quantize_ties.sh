#!/bin/sh
# Guess: what quantisation-aware training simulates is what the integers do: fake_quantize_per_tensor_affine and
#   quantize_per_tensor of PyTorch give the same value for the same scale and zero point.
# Seen (torch 2.13.0): with an odd zero point they round ties to opposite sides: the simulation rounds x / scale to
#   the even neighbour and adds the zero point, the integers are rounded behind the sum. With zero point 1 all ties
#   differ by a step; with 0 none. ONNX' QuantizeLinear is as the simulation is, so that an exported network differs,
#   too.
# What hlsexplore does: the order of ONNX for files, and its own casts have no zero point.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.3.5 \
    2>/dev/null
cat > "$folder/try.py" <<'PY'
import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

ties = (np.arange(-20, 20) + 0.5).astype("float32")
for zero in (0, 1, 2, 3):
    integers = torch.quantize_per_tensor(torch.tensor(ties), 1.0, zero, torch.qint8).dequantize().numpy()
    simulated = torch.fake_quantize_per_tensor_affine(torch.tensor(ties), 1.0, zero, -128, 127).numpy()
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    stored = [
        numpy_helper.from_array(np.array(1, "float32"), "s"),
        numpy_helper.from_array(np.array(zero, "int8"), "z"),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ties.shape) for name in "xy"]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": ties})[0]
    print(f"zero point {zero}: integers differ from the simulation in", end=" ")
    print(f"{int((integers != simulated).sum())} of 40, from ONNX in {int((integers != onnx).sum())}")
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^zero point')
echo "$seen"
test "$seen" = "zero point 0: integers differ from the simulation in 0 of 40, from ONNX in 0
zero point 1: integers differ from the simulation in 40 of 40, from ONNX in 40
zero point 2: integers differ from the simulation in 0 of 40, from ONNX in 0
zero point 3: integers differ from the simulation in 40 of 40, from ONNX in 40"
