#!/bin/sh
# Guess: QuantIdentity(quant_type="ternary"), whose values are -scale, 0 and scale, is exported with these three
#   values.
# Seen (brevitas 0.13.4, qonnx 1.0.0, torch 2.13.0): it becomes a Quant of two bits with narrow=0: -2 * scale occurs,
#   and its borders are at half a scale whatever the threshold is (here 0.8). Brevitas' own evaluation is right. There
#   is no message.
# What hlsexplore does: it computes what the file says; docs/importers.md tells it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 2>/dev/null
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check brevitas==0.13.4 qonnx==1.0.0 onnx==1.23.2 \
    onnxoptimizer==0.4.2 onnxscript==0.7.2 setuptools 2>/dev/null
cat > "$folder/try.py" <<'PY'
import brevitas.nn as qnn
import torch
from brevitas.export import export_qonnx
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

options = {"scaling_impl_type": "const", "scaling_init": 1.0, "threshold": 0.8}
net = torch.nn.Sequential(qnn.QuantIdentity(quant_type="ternary", bit_width=2, **options)).eval()
x = torch.tensor([[-3.0, -1.0, -0.6, 0.0, 0.6, 1.0, 3.0]])
export_qonnx(net, x, "m.onnx")
model = ModelWrapper("m.onnx")
source, result = model.graph.input[0].name, model.graph.output[0].name
print("Brevitas:", *net(x)[0].int().tolist())
print("file:", *execute_onnx(model, {source: x.numpy()})[result][0].astype(int).tolist())
PY
seen=$(cd "$folder" && venv/bin/python -W ignore try.py 2>/dev/null | grep -E '^(Brevitas|file):')
echo "$seen"
test "$seen" = "Brevitas: -1 -1 0 0 0 1 1
file: -2 -1 -1 0 1 1 1"
