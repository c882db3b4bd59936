#!/bin/sh
# Guess: export_onnx_qcdq refuses a quantizer that cuts off, since QuantizeLinear can only round to the nearest.
# Seen (brevitas 0.13.4, onnxruntime 1.32.0, torch 2.13.0): QuantIdentity(float_to_int_impl_type="floor") is written
#   as QuantizeLinear without any message. Half of the values of the file are a step above Brevitas' own.
# What hlsexplore does: it computes what the file says. export_qonnx keeps the rounding; docs/importers.md recommends
#   it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxoptimizer==0.4.2 onnxscript==0.7.2 setuptools onnxruntime==1.32.0 2>/dev/null
cat > "$folder/try.py" <<'PY'
import brevitas.nn as qnn
import numpy as np
import onnx
import onnxruntime
import torch
from brevitas.export import export_onnx_qcdq

options = {"scaling_impl_type": "const", "scaling_init": 8.0}
net = torch.nn.Sequential(qnn.QuantIdentity(bit_width=4, float_to_int_impl_type="floor", **options)).eval()
x = torch.linspace(-6, 6, 49).reshape(1, -1) + 0.1
export_onnx_qcdq(net, x, "m.onnx")
session = onnxruntime.InferenceSession("m.onnx")
got = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
print("operations:", *[node.op_type for node in onnx.load("m.onnx").graph.node])
print("a step above:", int((got > net(x).detach().numpy()).sum()), "of", got.size)
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(operations|a step above):')
echo "$seen"
test "$seen" = "operations: QuantizeLinear Clip DequantizeLinear
a step above: 24 of 49"
