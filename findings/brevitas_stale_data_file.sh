#!/bin/sh
# Guess: where an export leaves NAME.onnx and NAME.onnx.data, the second holds weights that the first refers to.
# Seen (brevitas 0.13.4, torch 2.13.0): the file beside it is a leftover. NAME.onnx is complete and refers to nothing;
#   the other one may even be empty.
# What hlsexplore does: it reads a file of weights only where a tensor names it, so that both may be moved apart.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxoptimizer==0.4.2 onnxscript==0.7.2 setuptools 2>/dev/null
cat > "$folder/try.py" <<'PY'
import os

import brevitas.nn as qnn
import onnx
import torch
from brevitas.export import export_qonnx

net = torch.nn.Sequential(qnn.QuantIdentity(bit_width=8), qnn.QuantLinear(16, 4, True, weight_bit_width=4))
net(torch.randn(9, 16))
net.eval()
export_qonnx(net, torch.randn(1, 16), "m.onnx")
graph = onnx.load("m.onnx", load_external_data=False).graph
print("files:", *sorted(name for name in os.listdir() if name.startswith("m.onnx")))
print("tensors: in the other file", sum(item.data_location == 1 for item in graph.initializer))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(files|tensors):')
echo "$seen"
test "$seen" = "files: m.onnx m.onnx.data
tensors: in the other file 0"
