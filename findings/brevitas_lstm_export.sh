#!/bin/sh
# Guess: export_qonnx of a QuantLSTM writes the cell's operations, or refuses.
# Seen (brevitas 0.13.4, onnx 1.23.2, torch 2.13.0): a file without a single operation, whose outputs are stored
#   zeros, and no message. (With dynamo=False there is a QuantLSTMCell, an operation that qonnx 1.0.0 does not have.)
# What hlsexplore does: it refuses the file, since its outputs do not depend on the input.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxoptimizer==0.4.2 onnxscript==0.7.2 setuptools 2>/dev/null
cat > "$folder/try.py" <<'PY'
import brevitas.nn as qnn
import onnx
import torch
from brevitas.export import export_qonnx
from onnx import numpy_helper

torch.manual_seed(0)
net = qnn.QuantLSTM(4, 6, batch_first=True).eval()
x = torch.randn(1, 5, 4)
print("Brevitas: is zero", bool((net(x)[0] == 0).all()))
export_qonnx(net, x, "m.onnx")
graph = onnx.load("m.onnx").graph
stored = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
print("operations:", len(graph.node))
print("outputs: are stored zeros", all((stored[item.name] == 0).all() for item in graph.output))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Brevitas|operations|outputs):')
echo "$seen"
test "$seen" = "Brevitas: is zero False
operations: 0
outputs: are stored zeros True"
