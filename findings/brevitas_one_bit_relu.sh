#!/bin/sh
# Guess: QuantReLU(bit_width=1), whose values are 0 and one scale, is exported as an unsigned Quant of one bit.
# Seen (brevitas 0.13.4, qonnx 1.0.0, torch 2.13.0): it becomes Relu and BipolarQuant, which gives +scale for every x >= 0:
#   the exported layer is a constant, while Brevitas' own evaluation has both values. There is no message.
# What hlsexplore does: it computes what the file says, and notes that this quantizer's result is constant.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxoptimizer==0.4.2 onnxscript setuptools 2>/dev/null
cat > "$folder/try.py" <<'PY'
import brevitas.nn as qnn
import numpy as np
import onnx
import torch
from brevitas.export import export_qonnx

torch.manual_seed(0)
net = torch.nn.Sequential(
    qnn.QuantIdentity(bit_width=4), qnn.QuantLinear(8, 4, True, weight_bit_width=2), qnn.QuantReLU(bit_width=1)
)
net(torch.randn(64, 8))
net.eval()
export_qonnx(net, torch.randn(1, 8), "m.onnx")
ops = [node.op_type for node in onnx.load("m.onnx").graph.node]
values = np.unique(net(torch.randn(256, 8)).detach().numpy())
print("values in Brevitas:", len(values))
print("last ops of the file:", *ops[-2:])
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(values|last)')
echo "$seen"
test "$seen" = "values in Brevitas: 2
last ops of the file: Relu BipolarQuant"
