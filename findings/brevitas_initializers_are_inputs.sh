#!/bin/sh
# Guess: graph.input of an exported network lists what a caller gives: here one tensor. (ONNX asks for no more since
#   IR version 4.)
# Seen (brevitas 0.13.4, torch 2.13.0, IR version 10): every weight, scale, zero point and bit width is an input, too:
#   8 in all.
# What hlsexplore does: inputs that have a stored value are no inputs of the network.
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

net = torch.nn.Sequential(qnn.QuantIdentity(bit_width=8), qnn.QuantLinear(16, 4, True, weight_bit_width=4))
net(torch.randn(9, 16))
net.eval()
export_qonnx(net, torch.randn(1, 16), "m.onnx")
model = onnx.load("m.onnx")
stored = {item.name for item in model.graph.initializer}
print("IR:", model.ir_version)
print("inputs:", len(model.graph.input))
print("without a value:", len([item for item in model.graph.input if item.name not in stored]))
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(IR|inputs|without a value):')
echo "$seen"
test "$seen" = "IR: 10
inputs: 8
without a value: 1"
